"""Rows of the ladder: answers, repeats, times."""

from __future__ import annotations

from collections.abc import Callable

from civicam.signalling.sip.build import new_response
from civicam.signalling.sip.ladder import Rung, ladder
from civicam.signalling.sip.message import Request
from civicam.signalling.sip.parse import parse_message
from civicam.signalling.sip.peer import Peer
from civicam.signalling.sip.trace import Trace

DeviceSays = Callable[..., bytes]

SOURCE = Peer("udp", "192.0.2.64", 5060)


def rungs(*messages: tuple[float, bool, bytes]) -> list[Rung]:
    """The ladder of these messages."""
    trace = Trace(lambda _user, _peer: "d1")
    for at, incoming, data in messages:
        trace.record(incoming, data, SOURCE, at)
    return ladder(trace.read("d1"))


def test_a_registration_with_a_lost_answer(device_says: DeviceSays) -> None:
    """The challenge is repeated; what answers what, and how long it took."""
    first = device_says("REGISTER")
    request = parse_message(first)
    assert isinstance(request, Request)
    refusal = new_response(request, 401, to_tag="t").to_bytes()
    again = device_says("REGISTER", branch="z9hG4bKa2", cseq="21")
    rows = rungs(
        (1.0, True, first),
        (1.004, False, refusal),
        (1.5, True, first),
        (1.5005, False, refusal),
        (2.0, True, again),
    )
    assert [(row.label, row.copies_of, row.answers, row.took_ms, row.gap_ms) for row in rows] == [
        ("REGISTER", None, None, None, None),
        ("401 Unauthorized (REGISTER)", None, 1, 4.0, 4.0),
        ("REGISTER", 1, None, None, 496.0),
        ("401 Unauthorized (REGISTER)", 2, 1, 500.5, 0.5),
        ("REGISTER", None, None, None, 499.5),
    ]


def test_the_same_numbers_from_both_sides_are_two_exchanges(device_says: DeviceSays) -> None:
    """Branch, Call-ID and CSeq of a device that copies ours: its request is no repeat of ours."""
    data = device_says("MESSAGE", body="<Query><CmdType>Catalog</CmdType></Query>")
    request = parse_message(data)
    assert isinstance(request, Request)
    answer = new_response(request, 200, to_tag="t").to_bytes()
    rows = rungs((1.0, False, data), (1.1, True, data), (1.2, True, answer), (1.3, False, answer))
    assert [(row.label, row.incoming, row.copies_of, row.answers) for row in rows] == [
        ("MESSAGE Catalog", False, None, None),
        ("MESSAGE Catalog", True, None, None),
        ("200 OK (MESSAGE)", True, None, 1),
        ("200 OK (MESSAGE)", False, None, 2),
    ]


def test_an_answer_to_nothing_and_no_sip(device_says: DeviceSays) -> None:
    """What began before the trace did, and bytes that mean nothing."""
    request = parse_message(device_says("MESSAGE"))
    assert isinstance(request, Request)
    rows = rungs((1.0, True, new_response(request, 200).to_bytes()), (2.0, True, b"\x80\x60hello"))
    assert [(row.label, row.answers) for row in rows] == [("200 OK (MESSAGE)", None), ("?", None)]
