"""Requests we send: repeated until somebody answers, acknowledged, cancelled, given up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from civicam.signalling.sip.build import new_request, new_response
from civicam.signalling.sip.dialog import Dialog
from civicam.signalling.sip.errors import BadMessage
from civicam.signalling.sip.events import (
    RequestTimedOut,
    ResponseReceived,
    TransactionKey,
    TransportFailed,
)
from civicam.signalling.sip.message import Request, Response
from civicam.signalling.sip.parse import parse_message
from civicam.signalling.sip.peer import Peer

if TYPE_CHECKING:
    from tests.signalling.sip.conftest import Wire

DEVICE = Peer("udp", "192.0.2.64", 5060)
CALLED = Peer("tcp", "192.0.2.64", 40001, 1)
PLATFORM_URI = "sip:34020000002000000001@3402000000"
CAMERA_URI = "sip:34020000001310000001@3402000000"


def ask(wire: Wire, method: str, peer: Peer = DEVICE) -> tuple[Request, TransactionKey]:
    """Send a request of ours."""
    target = "sip:34020000001310000001@192.0.2.64:5060"
    request = new_request(method, target, wire.origin(peer), from_uri=PLATFORM_URI, to_uri=CAMERA_URI)
    return request, wire.endpoint.send(request, peer, wire.now)


def reply(request: Request, status: int, tag: str = "dv55") -> Response:
    """The device's answer."""
    return new_response(
        request, status, to_tag=tag, headers=[("Contact", "<sip:34020000001180000001@192.0.2.64:5060>")]
    )


def told(wire: Wire) -> list[int]:
    """Status codes told to the layer above since the last look."""
    return [event.response.status for event in wire.events() if isinstance(event, ResponseReceived)]


def test_a_message_is_repeated_after_timer_e_and_given_up_after_timer_f(wire: Wire) -> None:
    """0.5, 1, 2, 4, 4 … s until 32 s (gb28181.md §2.11)."""
    request, key = ask(wire, "MESSAGE")
    assert wire.methods() == ["MESSAGE"]
    assert wire.send_times(32) == [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert wire.events() == [RequestTimedOut(key, request)]
    assert wire.endpoint.get_timer() is None
    assert wire.endpoint.transactions == 0


def test_an_invite_is_repeated_after_timer_a_and_given_up_after_timer_b(wire: Wire) -> None:
    """Doubling without a cap: 0.5, 1, 2 … s until 32 s."""
    request, key = ask(wire, "INVITE")
    wire.raw()
    assert wire.send_times(32) == [0.5, 1.5, 3.5, 7.5, 15.5, 31.5]
    assert wire.events() == [RequestTimedOut(key, request)]


def test_on_tcp_nothing_is_repeated(wire: Wire) -> None:
    """The transport does that; the time-out stays."""
    peer = wire.connect()
    request, key = ask(wire, "MESSAGE", peer)
    wire.raw()
    wire.receive(reply(request, 100), peer)
    assert told(wire) == [100]
    assert wire.send_times(32) == []
    assert RequestTimedOut(key, request) in wire.events()


def test_a_provisional_answer_slows_a_message_down(wire: Wire) -> None:
    """Timer E goes to T2 at once; the end stays where it was (RFC 3261 §17.1.2.2)."""
    request, _ = ask(wire, "MESSAGE")
    wire.raw()
    wire.receive(reply(request, 100))
    wire.receive(reply(request, 180))
    assert wire.send_times(32) == [4.0, 8.0, 12.0, 16.0, 20.0, 24.0, 28.0]


@pytest.mark.parametrize("status", [200, 302, 404, 503, 603])
def test_an_answer_is_told_once(wire: Wire, status: int) -> None:
    """Retransmitted answers are absorbed for T4, then they match nothing."""
    request, key = ask(wire, "MESSAGE")
    wire.raw()
    wire.receive(reply(request, status))
    wire.receive(reply(request, status))
    (event,) = wire.events()
    assert isinstance(event, ResponseReceived)
    assert (event.key, event.request, event.response.status) == (key, request, status)
    assert wire.jump() == 5.0
    assert wire.endpoint.transactions == 0
    wire.receive(reply(request, status))
    assert wire.events() == []
    assert wire.endpoint.counters["drop-response-unmatched"] == 1


def test_an_answer_with_another_method_or_branch_is_not_ours(wire: Wire) -> None:
    """Branch and CSeq method make the match (RFC 3261 §17.1.3)."""
    request, _ = ask(wire, "MESSAGE")
    other = reply(request, 200)
    other.headers.set("CSeq", "1 INFO")
    wire.receive(other)
    stray = reply(request, 200)
    stray.headers.set("Via", "SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bKother")
    wire.receive(stray)
    assert wire.events() == []


def test_a_refused_invite_is_acknowledged_each_time(wire: Wire) -> None:
    """By the endpoint, on the INVITE's own branch (RFC 3261 §17.1.1.3); told once; silent after timer D."""
    request, _ = ask(wire, "INVITE")
    request_sent = wire.sent()[0]
    wire.receive(reply(request, 486))
    (ack,) = wire.sent()
    assert isinstance(ack, Request)
    assert ack.method == "ACK"
    assert ack.vias == request_sent.vias
    assert ack.to.tag == "dv55"
    assert str(ack.cseq) == "1 ACK"
    wire.receive(reply(request, 486))
    assert wire.methods() == ["ACK"]
    assert told(wire) == [486]
    assert wire.jump() == 32.0
    assert wire.endpoint.transactions == 0


def test_a_2xx_that_comes_again_gets_its_ack_again(wire: Wire) -> None:
    """Once the ACK was given; before that the layer above is asked again."""
    request, _ = ask(wire, "INVITE")
    wire.raw()
    accepted = reply(request, 200)
    wire.receive(accepted)
    wire.receive(accepted)
    assert told(wire) == [200, 200]
    dialog = Dialog.from_uac(request, accepted, wire.origin())
    wire.endpoint.send_ack(dialog.ack(), DEVICE, wire.now)
    first = wire.raw()
    wire.receive(accepted)
    assert wire.raw() == first
    assert told(wire) == []
    assert wire.endpoint.counters["reacked"] == 1
    assert wire.jump() == 32.0
    assert wire.endpoint.transactions == 0


def test_a_2xx_of_another_branch_of_the_call_is_told(wire: Wire) -> None:
    """Another To tag is another dialog: its ACK is not ours to guess."""
    request, _ = ask(wire, "INVITE")
    first = reply(request, 200)
    wire.receive(first)
    wire.endpoint.send_ack(Dialog.from_uac(request, first, wire.origin()).ack(), DEVICE, wire.now)
    wire.receive(reply(request, 200, tag="other"))
    assert told(wire) == [200, 200]


def test_an_ack_without_its_invite_is_sent_all_the_same(wire: Wire) -> None:
    """The transaction may be over; the peer still waits."""
    request, _ = ask(wire, "INVITE")
    accepted = reply(request, 200)
    wire.receive(accepted)
    while wire.endpoint.get_timer() is not None:
        wire.jump()
    wire.raw()
    wire.endpoint.send_ack(Dialog.from_uac(request, accepted, wire.origin()).ack(), DEVICE, wire.now)
    assert wire.methods() == ["ACK"]


def test_cancel_waits_for_the_first_answer(wire: Wire) -> None:
    """RFC 3261 §9.1: before 1xx the peer may not know the INVITE yet."""
    request, key = ask(wire, "INVITE")
    wire.raw()
    assert wire.endpoint.cancel(key, wire.now)
    assert not wire.endpoint.cancel(key, wire.now)
    assert wire.raw() == []
    wire.receive(reply(request, 100))
    (cancel,) = wire.sent()
    assert isinstance(cancel, Request)
    assert (cancel.method, str(cancel.cseq)) == ("CANCEL", "1 CANCEL")
    assert cancel.vias == request.vias
    assert cancel.to.tag is None
    wire.receive(reply(request, 180))
    assert wire.raw() == []
    wire.receive(reply(cancel, 200))
    wire.receive(reply(request, 487))
    assert wire.methods() == ["ACK"]
    assert told(wire) == [100, 180, 200, 487]


def test_cancel_goes_out_at_once_after_a_provisional_answer(wire: Wire) -> None:
    """And when no final answer follows it, the INVITE ends after 64·T1."""
    request, key = ask(wire, "INVITE")
    wire.receive(reply(request, 180))
    wire.raw()
    assert wire.endpoint.cancel(key, wire.now)
    assert wire.methods() == ["CANCEL"]
    while wire.endpoint.get_timer() is not None:
        wire.jump()
    assert RequestTimedOut(key, request) in wire.events()
    assert wire.now == 1032.0


def test_cancel_needs_an_invite_that_waits(wire: Wire) -> None:
    """Not a MESSAGE, not an answered INVITE, not a stranger's key."""
    _, message = ask(wire, "MESSAGE")
    request, invite = ask(wire, "INVITE")
    wire.receive(reply(request, 200))
    for key in (message, invite, ("c", "nobody", "INVITE")):
        assert not wire.endpoint.cancel(key, wire.now)


def test_an_invite_that_only_rings_ends_after_the_guard_time(wire: Wire) -> None:
    """Five minutes; the RFC would wait for ever."""
    request, key = ask(wire, "INVITE")
    wire.receive(reply(request, 180))
    wire.receive(reply(request, 183))
    assert wire.jump() == 300.0
    assert RequestTimedOut(key, request) in wire.events()


def test_a_broken_connection_fails_what_waits_on_it(wire: Wire) -> None:
    """Requests fail; answered ones are forgotten in silence."""
    peer = wire.connect()
    waiting, key = ask(wire, "MESSAGE", peer)
    invite, invite_key = ask(wire, "INVITE", peer)
    answered, _ = ask(wire, "INVITE", peer)
    wire.receive(reply(answered, 200), peer)
    wire.events()
    wire.endpoint.connection_lost(peer, wire.now, "reset")
    failed = {event.key: event for event in wire.events() if isinstance(event, TransportFailed)}
    assert failed == {
        key: TransportFailed(key, waiting, "reset"),
        invite_key: TransportFailed(invite_key, invite, "reset"),
    }
    assert wire.endpoint.transactions == 0


def test_a_request_for_a_connection_that_is_gone_fails_at_once(wire: Wire) -> None:
    """Nothing is kept, nothing is sent."""
    request, key = ask(wire, "MESSAGE", CALLED)
    assert wire.events() == [TransportFailed(key, request, "closed")]
    assert wire.raw() == []


def test_a_socket_that_refuses_fails_our_requests_to_that_peer(wire: Wire) -> None:
    """No route: waiting 32 s would help nobody. Others wait on."""
    request, key = ask(wire, "MESSAGE")
    ask(wire, "MESSAGE", Peer("udp", "192.0.2.65", 5060))
    wire.endpoint.send_failed(DEVICE, "no route", wire.now)
    assert wire.events() == [TransportFailed(key, request, "no route")]
    assert wire.endpoint.transactions == 1


def test_a_request_without_a_sound_via_is_our_mistake(wire: Wire) -> None:
    """It is refused before anything is sent."""
    request, _ = ask(wire, "MESSAGE")
    request.headers.set("Via", "nonsense")
    with pytest.raises(BadMessage):
        wire.endpoint.send(request, DEVICE, wire.now)
    with pytest.raises(BadMessage):
        request.headers.set("Subject", "a\r\nInjected: b")


def test_a_late_shell_does_not_lose_a_timeout(wire: Wire) -> None:
    """The process slept past timer F; an answer that comes first changes nothing about the end."""
    request, key = ask(wire, "MESSAGE")
    wire.now += 33.0
    wire.receive(reply(request, 100))
    assert told(wire) == [100]
    assert wire.jump() == 32.0
    assert wire.events() == [RequestTimedOut(key, request)]


@pytest.mark.parametrize(
    ("size", "known", "stands", "transport"),
    [
        (2000, True, True, "tcp"),
        (100, True, True, "udp"),
        (2000, False, True, "udp"),
        (2000, True, False, "udp"),
    ],
)
def test_a_large_request_goes_over_a_connection_that_stands(
    wire: Wire, size: int, known: bool, stands: bool, transport: str
) -> None:
    """RFC 3261 §18.1.1: above 1300 bytes by TCP, the Via changed; else in fragments, as the field does."""
    if stands:
        wire.connect(CALLED)
    wire.endpoint.stream_to = lambda peer: CALLED if known and peer == DEVICE else None
    request = new_request("MESSAGE", CAMERA_URI, wire.origin(), from_uri=PLATFORM_URI, to_uri=CAMERA_URI)
    request.set_body("Application/MANSCDP+xml", b"x" * size)
    key = wire.endpoint.send(request, DEVICE, wire.now)
    ((data, peer),) = wire.raw()
    assert peer.transport == transport
    sent = parse_message(data)
    assert sent.vias[0].transport == transport.upper()
    assert sent.vias[0].param("rport") == ""
    wire.receive(new_response(request, 200, to_tag="d"), peer)
    (event,) = [each for each in wire.events() if isinstance(each, ResponseReceived)]
    assert event.key == key


def invited_before(wire: Wire) -> tuple[Request, TransactionKey]:
    """An INVITE that a former process sent."""
    request = new_request("INVITE", CAMERA_URI, wire.origin(DEVICE), from_uri=PLATFORM_URI, to_uri=CAMERA_URI)
    return request, wire.endpoint.send(request, DEVICE, wire.now, sent_before=True)


def test_of_an_invite_sent_before_us_only_the_answers_are_awaited(wire: Wire) -> None:
    request, _ = invited_before(wire)
    assert wire.send_times(20) == []
    wire.receive(reply(request, 200))
    assert told(wire) == [200]


def test_an_invite_sent_before_us_can_be_cancelled_at_once(wire: Wire) -> None:
    request, key = invited_before(wire)
    assert wire.endpoint.cancel(key, wire.now)
    assert wire.methods() == ["CANCEL"]
    wire.receive(reply(request, 487))
    assert told(wire) == [487]
    assert wire.methods() == ["ACK"]
