"""The lane of the common message: the same bytes as the whole way, and nothing it should not touch."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.signalling.sip.test_plain import LINES, _message

from civicam.signalling.sip.build import IdSource
from civicam.signalling.sip.endpoint import SipEndpoint
from civicam.signalling.sip.events import RequestReceived
from civicam.signalling.sip.lane import Decide, Decision
from civicam.signalling.sip.limits import Limits
from civicam.signalling.sip.peer import Peer
from civicam.signalling.sip.shapes import MOST_BYTES, Shapes

HOST, PORT = "192.0.2.64", 15060
SOURCE = Peer("udp", HOST, PORT)
OK: Decision = ("SIP/2.0 200 OK", "", SOURCE, True)
Make = Callable[..., SipEndpoint]


def message(branch: int = 1, lines: tuple[str, ...] = LINES, body: str = "<a/>") -> bytes:
    """The usual message, each a transaction of its own."""
    return _message([line.replace("776a", str(branch)) for line in lines], body)


def endpoint(decide: Decide | None, limits: Limits | None = None, known: bool = True) -> SipEndpoint:
    """One with an open lane for MESSAGE, or none."""
    made = SipEndpoint(IdSource(bytes), limits=limits, secret=b"secret of a test")
    made.spared.known = lambda _peer: known
    if decide is not None:
        made.lane.open(b"M", Shapes("MESSAGE", "<a/>"), decide)
    return made


def yes(_who: str, _to: str, _address: tuple[str, int], _now: float) -> Decision | None:
    return OK


def whole_way(made: SipEndpoint, data: bytes, now: float, status: int = 200) -> list[bytes]:
    """As `SipAgent` does, with a layer above that answers everything."""
    made.receive_datagram(data, SOURCE, now)
    while (event := made.next_event()) is not None:
        assert isinstance(event, RequestReceived)
        made.reply(event, status, (), now)
    return [answer for answer, _ in made.datagrams_to_send(now)]


def test_its_answer_is_that_of_the_whole_way() -> None:
    heard: list[tuple[str, str, tuple[str, int], float]] = []

    def decide(who: str, to: str, address: tuple[str, int], now: float) -> Decision:
        heard.append((who, to, address, now))
        return OK

    lane, whole = endpoint(decide), endpoint(None)
    for number in range(3):
        data = message(number)
        assert whole_way(lane, data, number) == whole_way(whole, data, number)
    assert heard == [
        ("34020000001320000001", "34020000002000000001", (HOST, PORT), number) for number in (1, 2)
    ]
    assert lane.counters["sent"] == whole.counters["sent"] == 3
    assert (lane.transactions, whole.transactions) == (1, 3)
    assert whole_way(lane, message(2), 3) == whole_way(whole, message(2), 3)  # again: the same, to the byte


def test_what_the_layer_above_does_not_decide_goes_the_whole_way() -> None:
    made = endpoint(lambda _who, _to, _address, _now: None)
    for number in range(3):
        assert len(whole_way(made, message(number), number)) == 1
    assert made.transactions == 3


def taught(decide: Decide = yes, limits: Limits | None = None) -> SipEndpoint:
    """An endpoint that knows the usual order."""
    made = endpoint(decide, limits)
    whole_way(made, message(0), 0.0)
    assert made.at_once(message(1), (HOST, PORT), 1.0)
    return made


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"X",
        message(2, body="<a>"),
        message(2, body="中"),
        message(2, tuple(reversed(LINES[1:]))),
        message(2, (*LINES[:2], "From: <sip:a@b>;tag=1", *LINES[2:])),
        message(2, ("REGISTER" + LINES[0][7:], *LINES[1:])),
        message(2, (*LINES[:8], "User-Agent: " + "x" * MOST_BYTES, LINES[9])),
    ],
)
def test_what_is_of_no_known_shape_is_left_alone(data: bytes) -> None:
    made = taught()
    assert made.at_once(data, (HOST, PORT), 1.5) is None


def test_a_source_by_ipv6_is_left_alone() -> None:
    assert taught().at_once(message(2), ("2001:db8::1", PORT), 2.0) is None


def test_a_closed_lane_lets_everything_pass() -> None:
    made = taught()
    made.lane.close()
    assert made.at_once(message(2), (HOST, PORT), 2.0) is None


@pytest.mark.parametrize(
    "limits", [Limits(message_bytes=300), Limits(line_bytes=300), Limits(header_fields=5)]
)
def test_narrow_limits_leave_no_lane(limits: Limits) -> None:
    made = endpoint(yes, limits)
    for number in range(3):
        made.at_length(message(number), SOURCE, number)
        assert made.at_once(message(number), (HOST, PORT), number) is None


def test_strangers_teach_nothing_and_known_ones_one_order_a_second() -> None:
    made = endpoint(yes, known=False)
    for number in range(3):
        assert made.at_once(message(number), (HOST, PORT), number) is None
    made.spared.known = lambda peer: peer == SOURCE
    other = (LINES[0], *LINES[4:], *LINES[1:4])
    assert made.at_once(message(4), (HOST, PORT), 4.0) is None  # learnt
    assert made.at_once(message(5, other), (HOST, PORT), 4.1) is None  # too soon
    assert made.at_once(message(6, other), (HOST, PORT), 4.2) is None
    assert made.at_once(message(7), (HOST, PORT), 4.3)
    assert made.at_once(message(8, other), (HOST, PORT), 5.1) is None  # learnt
    assert made.at_once(message(9, other), (HOST, PORT), 5.2)
    odd = (*LINES[:5], "CSeq: 020 MESSAGE  ", *LINES[6:])
    assert made.at_once(message(10, odd), (HOST, PORT), 9.0) is None


def test_who_has_no_token_is_not_heard() -> None:
    made = taught(limits=Limits(source_rate=0.001, source_burst=3.0, device_rate=0.001, device_burst=1.0))
    answers = [made.at_once(message(number), (HOST, PORT), 2.0) for number in range(2, 6)]
    assert [bool(answer) for answer in answers] == [True, True, False, False]  # its host's last, its own one
    assert answers[2:] == [b"", b""]
    assert (made.counters["drop-rate"], made.counters["spared"]) == (2, 1)
    made.receive_datagram(message(9), SOURCE, 2.0)
    assert made.datagrams_to_send(2.0) == []


def test_who_is_not_proven_gets_at_most_twice_what_he_sent() -> None:
    def verbose(_who: str, _to: str, _address: tuple[str, int], _now: float) -> Decision:
        return "SIP/2.0 401 Unauthorized", "X: " + "x" * 2 * len(message()) + "\r\n", SOURCE, trusted

    trusted = True
    made = taught(verbose)
    assert made.at_once(message(2), (HOST, PORT), 2.0)
    trusted = False
    assert made.at_once(message(3), (HOST, PORT), 2.0) == b""
    assert made.counters["held-amplification"] == 1


def test_what_it_answered_is_told_to_the_trace_once() -> None:
    made = taught()
    told: list[tuple[str, bytes, bytes, Peer, float]] = []
    wire: list[bytes] = []
    made.lane.tap = lambda *what: told.append(what)
    made.on_wire = lambda _in, data, _peer, _now, _who: wire.append(data)
    made.receive_datagram(message(2), SOURCE, 2.0)
    sent = made.datagrams_to_send(2.0)
    assert told == [("34020000001320000001", message(2), sent[0][0], SOURCE, 2.0)]
    assert wire == []
