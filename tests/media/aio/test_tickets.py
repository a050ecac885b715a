"""Tickets: one connection, one address, in time."""

from __future__ import annotations

import pytest

from civicam.media.aio.tickets import TicketBook
from civicam.media.engine import WireFormat


def book(client: str = "192.0.2.7") -> TicketBook:
    tickets = TicketBook()
    tickets.add("secret", "S1", WireFormat.FMP4, client, expires=60.0)
    return tickets


def test_a_ticket_opens_once() -> None:
    tickets = book()
    admission = tickets.take("secret", "192.0.2.7", 1.0)
    assert admission is not None
    assert (admission.stream_id, admission.fmt) == ("S1", WireFormat.FMP4)
    assert tickets.take("secret", "192.0.2.7", 1.0) is None


@pytest.mark.parametrize(
    ("client", "shown_from", "opens"),
    [
        ("192.0.2.7", "192.0.2.7", True),
        ("192.0.2.7", "::ffff:192.0.2.7", True),
        ("fe80::1", "fe80::1%eth0", True),
        ("2001:db8::1", "2001:0db8:0::1", True),
        ("192.0.2.7", "192.0.2.8", False),
        ("192.0.2.7", "", False),
        ("a-name", "a-name", True),
        ("a-name", "192.0.2.7", False),
        ("*", "203.0.113.9", True),
    ],
)
def test_a_ticket_belongs_to_an_address(client: str, shown_from: str, opens: bool) -> None:
    tickets = book(client)
    assert (tickets.take("secret", shown_from, 1.0) is not None) is opens
    assert len(tickets) == (0 if opens else 1), "a thief must not use the owner's ticket up"


def test_a_ticket_expires_unused() -> None:
    tickets = book()
    assert tickets.take("secret", "192.0.2.7", 60.001) is None
    assert tickets.waits_for("S1")
    tickets.expire(60.001)
    assert not tickets.waits_for("S1")


def test_a_ticket_can_be_dropped_alone_or_with_its_stream() -> None:
    tickets = book()
    tickets.add("other", "S2", WireFormat.ANNEXB, "*", expires=60.0)
    tickets.drop("other")
    tickets.drop("other")
    assert not tickets.waits_for("S2")
    tickets.drop_stream("S1")
    assert len(tickets) == 0


def test_no_ticket_is_kept_in_clear() -> None:
    tickets = book()
    assert "secret" not in repr(vars(tickets))


def test_a_ticket_that_is_not_text_is_only_wrong() -> None:
    assert book().take("\udcff", "192.0.2.7", 1.0) is None
