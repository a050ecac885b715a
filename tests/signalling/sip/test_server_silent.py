"""What is not answered, or only within bounds: blanks, garbage, broken ACKs, floods of strangers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from civicam.signalling.sip.build import new_response
from civicam.signalling.sip.limits import Limits
from civicam.signalling.sip.peer import Peer

if TYPE_CHECKING:
    from tests.signalling.sip.conftest import Wire

DeviceSays = Callable[..., bytes]
NATTED = Peer("udp", "203.0.113.9", 61234)


@pytest.mark.parametrize("data", [b"", b"\r\n\r\n", b"\0\0\0\0", b"\r\n"])
def test_keep_alive_blanks_are_counted_and_not_answered(wire: Wire, data: bytes) -> None:
    """gb28181.md §2.1: they should not be there, and mean nothing."""
    wire.receive(data)
    assert wire.raw() == []
    assert wire.events() == []
    assert wire.endpoint.counters["blank"] == 1


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"\x80\x60" + bytes(40),
        b"INVITE",
        b"REGISTER sip:a SIP/2.0\r\n\r\n",
    ],
)
def test_what_is_no_sip_gets_no_answer(wire: Wire, data: bytes) -> None:
    """Nothing to echo means nobody who waits: HTTP, RTP, half a line."""
    wire.receive(data)
    assert wire.raw() == []
    assert [type(event).__name__ for event in wire.events()] == ["MessageRejected"]


def test_a_broken_ack_is_never_answered(wire: Wire, device_says: DeviceSays) -> None:
    """RFC 3261 §17: there is no response to ACK."""
    wire.receive(device_says("ACK", cseq="no"))
    wire.receive(device_says("ACK"))
    assert wire.raw() == []
    assert wire.endpoint.counters["drop-ack-unmatched"] == 1


def test_a_broken_request_whose_via_is_broken_gets_no_answer(wire: Wire, device_says: DeviceSays) -> None:
    """Whom should it reach?"""
    wire.receive(device_says("MESSAGE").replace(b"SIP/2.0/UDP", b"SIP|2.0|UDP"))
    wire.receive(device_says("MESSAGE").replace(b"Via: SIP/2.0/UDP 192.0.2.64:5060", b"Via: "))
    assert wire.raw() == []


def test_a_datagram_above_the_limit_is_refused(
    make_wire: Callable[..., Wire], device_says: DeviceSays
) -> None:
    """513, small itself."""
    wire = make_wire(limits=Limits(message_bytes=500))
    wire.receive(device_says("MESSAGE", body="x" * 400))
    assert wire.statuses() == [513]


def test_even_an_answer_without_a_transaction_is_bounded(wire: Wire) -> None:
    """A request of a few bytes with compact names would be answered with more than twice as many."""
    wire.receive(b"FLY sip:a SIP/2.0\r\nv:SIP/2.0/UDP b\r\nf:sip:a\r\nt:sip:a\r\ni:1\r\nCSeq:1 FLY\r\n\r\n")
    assert wire.raw() == []
    assert wire.endpoint.counters["held-amplification"] == 1


def test_a_repeated_request_of_a_stranger_earns_its_answer(wire: Wire, device_says: DeviceSays) -> None:
    """A long refusal is held back until so much has come that it is no amplification."""
    data = device_says("MESSAGE")
    wire.receive(data)
    event = wire.request()
    long = new_response(event.request, 404, headers=[("Warning", "x" * 4 * len(data))])
    assert wire.endpoint.respond(event.key, long, wire.now)
    held = wire.endpoint.counters["held-amplification"]
    assert held == 1
    wire.receive(data)
    assert wire.endpoint.counters["held-amplification"] == held + 1
    assert wire.endpoint.counters["sent"] == 0
    wire.receive(data)
    wire.receive(data)
    assert wire.endpoint.counters["sent"] == 1
