"""Requests that come in: once each, answered to the packet source, replayed when they come again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

import pytest

from civicam.signalling.sip.build import new_response
from civicam.signalling.sip.events import (
    AckReceived,
    RequestCancelled,
    RequestReceived,
    RequestTimedOut,
)
from civicam.signalling.sip.limits import Limits
from civicam.signalling.sip.message import Response
from civicam.signalling.sip.peer import Peer
from civicam.signalling.sip.policy import Policy

if TYPE_CHECKING:
    from tests.signalling.sip.conftest import Wire

DeviceSays = Callable[..., bytes]
NATTED = Peer("udp", "203.0.113.9", 61234)


def test_a_request_is_answered_to_where_its_packet_came_from(wire: Wire, device_says: DeviceSays) -> None:
    """Behind NAT Via tells a private address; received and rport tell the true one (RFC 3581)."""
    wire.receive(device_says("MESSAGE"), NATTED)
    event = wire.request()
    assert wire.endpoint.respond(event.key, new_response(event.request, 200), wire.now)
    ((data, peer),) = wire.raw()
    assert peer == NATTED
    assert b"Via: SIP/2.0/UDP 192.0.2.64:5060;rport=61234;branch=z9hG4bKa1;received=203.0.113.9\r\n" in data


def test_without_rport_the_answer_still_goes_to_the_packet_source(
    wire: Wire, device_says: DeviceSays
) -> None:
    """gb28181.md §2.10: devices forget to ask for rport."""
    wire.receive(device_says("MESSAGE").replace(b";rport", b""), NATTED)
    event = wire.request()
    wire.endpoint.respond(event.key, new_response(event.request, 200), wire.now)
    ((data, peer),) = wire.raw()
    assert peer == NATTED
    assert b"rport" not in data
    assert b"received=203.0.113.9" in data


@pytest.mark.parametrize("branch", ["z9hG4bKa1", "z3hG9bKa1", ""], ids=["cookie", "other cookie", "none"])
def test_a_retransmission_gets_the_same_answer_and_is_not_told_twice(
    wire: Wire, device_says: DeviceSays, branch: str
) -> None:
    """By branch, or without the cookie by Call-ID, CSeq, From tag and URI (gb28181.md §2.11)."""
    data = (
        device_says("MESSAGE", branch=branch)
        if branch
        else device_says("MESSAGE").replace(b";branch=z9hG4bKa1", b"")
    )
    wire.receive(data)
    event = wire.request()
    wire.receive(data)
    assert wire.events() == []
    assert wire.raw() == []
    wire.endpoint.respond(event.key, new_response(event.request, 200), wire.now)
    first = wire.raw()
    wire.receive(data)
    assert wire.raw() == first
    assert wire.events() == []
    assert wire.endpoint.counters["replayed"] == 2


def test_a_constant_cseq_is_no_retransmission(wire: Wire, device_says: DeviceSays) -> None:
    """Every MESSAGE of one make says ``CSeq: 20``; another branch or Call-ID is another request."""
    wire.receive(device_says("MESSAGE", branch="z9hG4bKa1"))
    wire.receive(device_says("MESSAGE", branch="z9hG4bKa2"))
    wire.receive(device_says("MESSAGE", branch="z9hG4bKa2", call_id="c2@192.0.2.64"))
    assert len(wire.events()) == 3


def test_two_devices_with_the_same_private_address_are_two(wire: Wire, device_says: DeviceSays) -> None:
    """Behind two NATs with the same Via, branch and Call-ID: told apart by the packet source."""
    wire.receive(device_says("MESSAGE"), NATTED)
    wire.receive(device_says("MESSAGE"), Peer("udp", "203.0.113.10", 61234))
    assert len(wire.events()) == 2


def test_a_second_final_answer_is_refused(wire: Wire, device_says: DeviceSays) -> None:
    """`respond` says False, and nothing goes out."""
    wire.receive(device_says("MESSAGE"))
    event = wire.request()
    assert wire.endpoint.respond(event.key, new_response(event.request, 200), wire.now)
    wire.raw()
    assert not wire.endpoint.respond(event.key, new_response(event.request, 500), wire.now)
    assert not wire.endpoint.respond(("s", "nobody"), new_response(event.request, 500), wire.now)
    assert wire.raw() == []


def test_answers_carry_one_to_tag(wire: Wire, device_says: DeviceSays) -> None:
    """100 has none (RFC 3261 §8.2.6.2); the provisional and the final answer have the same."""
    wire.receive(device_says("INVITE", extra="Subject: " + "0" * 300 + "\r\n"))
    event = wire.request()
    for status in (100, 180, 200):
        wire.endpoint.respond(event.key, new_response(event.request, status), wire.now)
    trying, ringing, accepted = wire.sent()
    assert trying.to.tag is None
    assert ringing.to.tag
    assert ringing.to.tag == accepted.to.tag


def test_a_transaction_is_forgotten_after_timer_j(wire: Wire, device_says: DeviceSays) -> None:
    """32 s on UDP, at once on TCP."""
    wire.receive(device_says("MESSAGE"))
    event = wire.request()
    wire.endpoint.respond(event.key, new_response(event.request, 200), wire.now)
    assert wire.endpoint.transactions == 1
    assert 32.0 <= wire.jump() <= 32.5  # answers are forgotten half a second at a time
    assert wire.endpoint.transactions == 0
    peer = wire.connect()
    wire.receive(device_says("MESSAGE", transport="TCP"), peer)
    event = wire.request()
    wire.endpoint.respond(event.key, new_response(event.request, 200), wire.now)
    assert wire.endpoint.transactions == 0


def test_a_request_nobody_answers_is_forgotten(wire: Wire, device_says: DeviceSays) -> None:
    """The layer above broke its promise; the memory comes back all the same."""
    wire.receive(device_says("MESSAGE"))
    wire.request()
    assert wire.jump() == 32.0
    assert wire.endpoint.transactions == 0


def test_100_trying_goes_out_by_itself(wire: Wire, device_says: DeviceSays) -> None:
    """After 200 ms, or at the first retransmission (RFC 3261 §17.2.1)."""
    wire.receive(device_says("INVITE"))
    assert wire.jump() == 0.2
    assert wire.statuses() == [100]
    wire.receive(device_says("INVITE"))
    assert wire.statuses() == [100]
    wire.receive(device_says("INVITE", branch="z9hG4bKb", call_id="c9"))
    wire.receive(device_says("INVITE", branch="z9hG4bKb", call_id="c9"))
    assert wire.statuses() == [100]


def test_a_2xx_is_repeated_until_the_ack(wire: Wire, device_says: DeviceSays) -> None:
    """At 0.5, 1, 2, 4, 4 … s (RFC 3261 §13.3.1.4); the ACK ends it and is told once."""
    wire.receive(device_says("INVITE"))
    event = wire.request()
    wire.endpoint.respond(event.key, new_response(event.request, 200), wire.now)
    (accepted,) = wire.sent()
    assert wire.send_times(12) == [0.5, 1.5, 3.5, 7.5, 11.5]
    ack = device_says("ACK", branch="z9hG4bKack", to=accepted.headers.get("To"))
    wire.receive(ack)
    wire.receive(ack)
    (told,) = wire.events()
    assert isinstance(told, AckReceived)
    assert wire.send_times(40) == []
    assert wire.endpoint.transactions == 0


def test_a_2xx_without_ack_is_told(wire: Wire, device_says: DeviceSays) -> None:
    """After 64·T1 the session is no session: whoever accepted it should send BYE."""
    wire.receive(device_says("INVITE"))
    event = wire.request()
    wire.endpoint.respond(event.key, new_response(event.request, 200), wire.now)
    assert wire.send_times(40)[-1] == 31.5
    assert wire.events() == [RequestTimedOut(event.key, event.request)]


def test_a_refused_invite_is_repeated_until_its_ack(wire: Wire, device_says: DeviceSays) -> None:
    """Timer G, bounded by what the sender spent: twice its bytes; the ACK leads to silence (timer I)."""
    wire.receive(device_says("INVITE", extra="Subject: " + "0" * 900 + "\r\n"))
    event = wire.request()
    wire.endpoint.respond(event.key, new_response(event.request, 486), wire.now)
    wire.raw()
    assert wire.send_times(4) == [0.5, 1.5, 3.5]
    wire.receive(device_says("ACK"))
    assert wire.events() == []
    assert wire.jump() == 8.5
    assert wire.endpoint.transactions == 0


def test_an_unknown_sender_never_gets_more_than_twice_what_he_sent(
    wire: Wire, device_says: DeviceSays
) -> None:
    """A forged source address makes no amplifier of us, not even by retransmissions."""
    data = device_says("INVITE")
    wire.receive(data)
    event = wire.request()
    wire.endpoint.respond(event.key, new_response(event.request, 403), wire.now)
    spent = sum(len(answer) for answer, _ in wire.raw())
    while wire.endpoint.get_timer() is not None:
        wire.jump()
        spent += sum(len(answer) for answer, _ in wire.raw())
    assert spent <= 2 * len(data)
    assert wire.endpoint.counters["held-amplification"] > 0


def test_cancel_ends_an_invite_that_is_not_answered(wire: Wire, device_says: DeviceSays) -> None:
    """200 to the CANCEL, 487 to the INVITE, one event (RFC 3261 §9.2)."""
    wire.receive(device_says("INVITE"))
    event = wire.request()
    wire.receive(device_says("CANCEL"))
    cancelled, terminated = wire.sent()
    assert isinstance(cancelled, Response)
    assert isinstance(terminated, Response)
    assert (cancelled.status, cancelled.cseq.method) == (200, "CANCEL")
    assert (terminated.status, terminated.cseq.method) == (487, "INVITE")
    assert wire.events() == [RequestCancelled(event.key, event.request)]
    assert not wire.endpoint.respond(event.key, new_response(event.request, 200), wire.now)


def test_cancel_that_comes_too_late_changes_nothing(wire: Wire, device_says: DeviceSays) -> None:
    """After our final answer; and one that matches no INVITE gets 481."""
    wire.receive(device_says("INVITE"))
    event = wire.request()
    wire.endpoint.respond(event.key, new_response(event.request, 200), wire.now)
    wire.raw()
    wire.receive(device_says("CANCEL"))
    assert wire.statuses() == [200]
    assert wire.events() == []
    wire.receive(device_says("CANCEL", call_id="nobody"))
    assert wire.statuses() == [481]


@pytest.mark.parametrize(
    ("method", "extra", "body", "status", "says"),
    [
        ("OPTIONS", "", "", 200, b"Allow: INVITE, ACK"),
        ("FLY", "", "", 501, b"Allow: INVITE"),
        ("PUBLISH", "", "", 405, b"Allow: INVITE"),
        ("MESSAGE", "Require: path, gruu\r\n", "", 420, b"Unsupported: path, gruu"),
        ("MESSAGE", "Content-Type: text/plain\r\n", "hello", 415, b"Accept: application/manscdp+xml"),
        ("INVITE", "Content-Type: text/plain\r\n", "hello", 415, b"Accept: application/sdp"),
        ("INVITE", "Accept: text/html\r\n", "", 406, b"Not Acceptable"),
        (
            "MESSAGE",
            "Content-Type: Application/MANSCDP+xml\r\nContent-Encoding: gzip\r\n",
            "x",
            415,
            b"identity",
        ),
        ("MESSAGE", "Max-Forwards: 256\r\n", "", 400, b"Bad Request"),
        ("MESSAGE", "Max-Forwards: many\r\n", "", 400, b"Bad Request"),
    ],
)
def test_what_needs_no_layer_above_is_answered_at_once(
    wire: Wire, device_says: DeviceSays, method: str, extra: str, body: str, status: int, says: bytes
) -> None:
    """Without a transaction, and again the same when it comes again."""
    data = device_says(method, extra=extra, body=body)
    wire.receive(data)
    first = wire.raw()
    assert [answer for answer, _ in first] == [
        answer for answer, _ in first if answer.startswith(f"SIP/2.0 {status} ".encode()) and says in answer
    ]
    assert len(first) == 1
    assert not [event for event in wire.events() if isinstance(event, RequestReceived)]
    assert wire.endpoint.transactions == 0
    wire.receive(data)
    assert wire.raw() == first


@pytest.mark.parametrize(
    ("method", "extra", "body"),
    [
        ("MESSAGE", "Content-Type: Application/MANSCDP+XML\r\n", "<a/>"),
        ("MESSAGE", "", "<a/>"),
        ("INVITE", "Content-Type: APPLICATION/SDP; charset=gb2312\r\nAccept: application/*\r\n", "v=0"),
        ("INFO", "Content-Type: Application/MANSRTSP\r\n", "PLAY RTSP/1.0"),
        ("REGISTER", "Content-Type: text/plain\r\n", "who knows"),
        ("MESSAGE", "Require: path\r\nContent-Encoding: identity\r\nContent-Type: text/xml\r\n", "<a/>"),
    ],
)
def test_what_devices_send_is_let_through(
    make_wire: Callable[..., Wire], device_says: DeviceSays, method: str, extra: str, body: str
) -> None:
    """Any letter case, no Content-Type, parameters (gb28181.md §2.2)."""
    wire = make_wire(policy=Policy(extensions=frozenset({"path"})))
    wire.receive(device_says(method, extra=extra, body=body))
    assert wire.request().request.body == body.encode()


def test_a_foreign_uri_scheme_is_refused(wire: Wire, device_says: DeviceSays) -> None:
    """416 (RFC 3261 §8.2.2.1)."""
    wire.receive(
        device_says("MESSAGE").replace(b"MESSAGE sip:34020000002000000001@3402000000", b"MESSAGE tel:110", 1)
    )
    assert wire.statuses() == [416]


def test_options_may_be_left_to_the_layer_above(
    make_wire: Callable[..., Wire], device_says: DeviceSays
) -> None:
    """For a platform that tells its state by it."""
    wire = make_wire(policy=Policy(answer_options=False))
    wire.receive(device_says("OPTIONS"))
    assert wire.request().request.method == "OPTIONS"


def test_when_too_many_wait_new_ones_are_asked_to_come_back(
    make_wire: Callable[..., Wire], device_says: DeviceSays
) -> None:
    """503 and Retry-After; a retransmission of one we know is still answered."""
    wire = make_wire(limits=Limits(transactions=1))
    wire.receive(device_says("REGISTER"))
    event = wire.request()
    wire.receive(device_says("REGISTER", branch="z9hG4bKa2"))
    ((data, _),) = wire.raw()
    assert data.startswith(b"SIP/2.0 503 ")
    assert b"Retry-After: 60\r\n" in data
    wire.endpoint.respond(event.key, new_response(event.request, 200), wire.now)
    wire.raw()
    wire.receive(device_says("REGISTER"))
    assert wire.statuses() == [200]


def test_a_source_that_floods_is_dropped_and_counted(
    make_wire: Callable[..., Wire], device_says: DeviceSays
) -> None:
    """By its host, whatever port it sends from; others are heard."""
    wire = make_wire(limits=Limits(source_rate=1.0, source_burst=3.0))
    for port in range(5):
        wire.receive(
            device_says("MESSAGE", branch=f"z9hG4bK{port}"), Peer("udp", "198.51.100.1", 5060 + port)
        )
    assert len(wire.events()) == 3
    assert wire.endpoint.counters["drop-rate"] == 2
    wire.receive(device_says("MESSAGE"))
    wire.now += 1.0
    wire.receive(device_says("MESSAGE", branch="z9hG4bK9"), Peer("udp", "198.51.100.1", 5060))
    assert len(wire.events()) == 2


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_who_floods_behind_a_nat_does_not_silence_the_devices_there(
    make_wire: Callable[..., Wire], device_says: DeviceSays, transport: Literal["udp", "tcp"]
) -> None:
    """A known device has tokens of its own once those of its host are gone, and a limit of its own."""
    wire = make_wire(limits=Limits(source_rate=1.0, source_burst=2.0, device_rate=1.0, device_burst=3.0))
    device = Peer(transport, "198.51.100.1", 5060, int(transport == "tcp"))
    other = Peer("udp", "198.51.100.1", 6000)
    if device.reliable:
        wire.connect(device)
    wire.endpoint.spared.known = lambda peer: peer == device
    for number in range(5):
        wire.receive(device_says("MESSAGE", branch=f"z9hG4bKa{number}"), other)
    assert len(wire.events()) == 2
    for number in range(5):
        wire.receive(device_says("MESSAGE", branch=f"z9hG4bKb{number}"), device)
    assert len(wire.events()) == 3
    counters = wire.endpoint.counters
    assert (counters["spared"], counters["drop-rate"]) == (3, 3 + 2)
    wire.now += 1.0
    wire.receive(device_says("MESSAGE", branch="z9hG4bKc"), other)  # takes the host's newest token
    wire.receive(device_says("MESSAGE", branch="z9hG4bKd"), device)
    assert len(wire.events()) == 2


def test_a_final_answer_without_a_body_is_said_in_short(wire: Wire, device_says: DeviceSays) -> None:
    """`reply`: to a request in the usual spelling, to any other, and to one that has its answer."""
    usual = device_says("MESSAGE")
    for data in (usual, usual.replace(b"z9hG4bKa1", b"z9hG4bKa2").replace(b"From: <", b'From: "x" <')):
        wire.receive(data)
        event = wire.request()
        assert wire.endpoint.reply(event, 200, [("Date", "2026-03-02T09:15:31.482")], wire.now)
        (answer,) = wire.sent()
        assert isinstance(answer, Response)
        assert (answer.status, answer.headers.get("Date")) == (200, "2026-03-02T09:15:31.482")
        assert answer.to.tag
        assert not wire.endpoint.reply(event, 500, [], wire.now)
        assert wire.raw() == []
