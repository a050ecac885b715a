"""A simulated device against a platform that is this test: messages, numbers and a clock moved by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from civicam.signalling.gb28181 import manscdp, mansrtsp
from civicam.signalling.gb28181.ids import GbId
from civicam.signalling.gb28181.sdp import Offer, SessionName, build_offer, parse
from civicam.signalling.sip.build import IdSource, Origin, new_request, new_response
from civicam.signalling.sip.digest import challenge, ha1, parse_authorization, verify
from civicam.signalling.sip.events import RequestReceived
from civicam.signalling.sip.message import Request, Response
from civicam.signalling.sip.peer import Peer
from civicam.simulator.device import GbDevice
from civicam.simulator.outputs import Ask, Output, Play, Prepare, Reply, Session, SetClock, Stop

PLATFORM = "34020000002000000001"
SOURCE = Peer("udp", "192.0.2.10", 5060)


@dataclass
class Bench:
    """The device under test and what it put out."""

    device: GbDevice
    ids: IdSource
    now: float = 0.0
    number: int = 0
    seen: list[Output] = field(default_factory=list)

    @property
    def gb_id(self) -> str:
        return self.device.identity.device.gb_id

    def outputs(self) -> list[Output]:
        found = []
        while (output := self.device.next_output()) is not None:
            found.append(output)
        return found

    def asked(self) -> Ask:
        asks = [output for output in self.outputs() if isinstance(output, Ask)]
        assert len(asks) == 1, asks
        return asks[0]

    def answer(self, ask: Ask, status: int, *headers: tuple[str, str]) -> None:
        self.device.answered(ask.purpose, new_response(ask.request, status, headers=headers), self.now)

    def register(self) -> None:
        self.device.boot(self.now)
        first = self.asked()
        self.answer(first, 401, ("WWW-Authenticate", challenge("3402000000", "abcdef")))
        self.answer(self.asked(), 200, ("Expires", "3600"))
        self.outputs()

    def receive(self, method: str, user: str, body: bytes = b"", kind: str = "") -> Request:
        self.number += 1
        origin = Origin("192.0.2.10", 5060, "udp", self.ids)
        request = new_request(
            method, f"sip:{user}@192.0.2.64:5060", origin,
            from_uri=f"sip:{PLATFORM}@3402000000", to_uri=f"sip:{user}@3402000000",
        )  # fmt: skip
        if kind:
            request.set_body(kind, body)
        self.device.take(RequestReceived(("s", str(self.number)), request, SOURCE), 0.0)
        return request

    def invite(self, *, tcp: bool = False, channel: str = "") -> Request:
        offer = Offer(PLATFORM, "192.0.2.10", 30000, 200000017, tcp=tcp, stream=1)
        target = channel or self.device.identity.channels[0].gb_id
        return self.receive("INVITE", target, build_offer(offer), "application/sdp")

    def accepted(self) -> tuple[Session, Response]:
        session = next(output.session for output in self.outputs() if isinstance(output, Prepare))
        self.device.calls.accept(session, 15060, 200000017)
        reply = next(output for output in self.outputs() if isinstance(output, Reply))
        return session, reply.response


@pytest.fixture
def bench(make_device: Callable[..., GbDevice], ids: IdSource) -> Bench:
    return Bench(make_device(), ids)


@pytest.mark.parametrize("qop", ["auth", ""])
def test_it_registers_with_either_digest(bench: Bench, qop: str) -> None:
    bench.device.boot(0.0)
    first = bench.asked().request
    assert first.headers.get("Authorization") is None
    assert first.headers.get("X-GB-Ver") == "3.0"
    question = challenge("3402000000", "5f1c9d3e", qop=qop)
    bench.device.answered("register", new_response(first, 401, headers=[("WWW-Authenticate", question)]), 0.1)
    second = bench.asked().request
    proof = parse_authorization(second.headers.get("Authorization"))
    assert proof is not None
    assert proof.qop == qop
    assert verify(ha1(bench.gb_id, "3402000000", bench.device.identity.device.secret), "REGISTER", proof)
    assert second.call_id == first.call_id
    assert second.cseq.number == first.cseq.number + 1


def test_a_200_sets_its_clock(bench: Bench) -> None:
    bench.device.boot(0.0)
    bench.answer(bench.asked(), 200, ("Date", "2026-03-02T09:15:31.482"), ("Expires", "3600"))
    moments = [output.moment for output in bench.outputs() if isinstance(output, SetClock)]
    assert [moment.isoformat() for moment in moments] == ["2026-03-02T01:15:31.482000+00:00"]


def test_it_waits_a_minute_after_a_refusal(bench: Bench) -> None:
    bench.device.boot(0.0)
    bench.answer(bench.asked(), 403)
    due = bench.device.get_timer()
    assert due is not None
    assert due >= 60.0
    bench.device.handle_timer(due)
    assert bench.asked().purpose == "register"


def test_three_missed_heartbeats_make_it_register_again(bench: Bench) -> None:
    bench.register()
    for missed in range(3):
        due = bench.device.get_timer()
        assert due is not None
        bench.now = due
        bench.device.handle_timer(due)
        ask = bench.asked()
        assert ask.purpose == "keepalive", missed
        bench.device.answered("keepalive", None, bench.now)
    assert not bench.device.registration.online
    bench.outputs()
    due = bench.device.get_timer()
    assert due is not None
    assert due >= bench.now + 60
    bench.device.handle_timer(due)
    assert bench.asked().purpose == "register"


def test_an_answered_heartbeat_clears_the_misses(bench: Bench) -> None:
    bench.register()
    for status in (None, None, 200, None, None):
        due = bench.device.get_timer()
        assert due is not None
        bench.device.handle_timer(due)
        ask = bench.asked()
        response = None if status is None else new_response(ask.request, status)
        bench.device.answered("keepalive", response, due)
    assert bench.device.registration.online


def test_the_catalogue_comes_in_parts_each_after_the_200_to_the_last(bench: Bench) -> None:
    bench.register()
    query = manscdp.CatalogQuery(7, bench.gb_id)
    bench.receive("MESSAGE", bench.gb_id, query.to_xml(), manscdp.CONTENT_TYPE)
    reply, *asks = bench.outputs()
    assert isinstance(reply, Reply)
    assert (reply.response.status, reply.response.body) == (200, b"")
    items: list[manscdp.CatalogItem] = []
    while asks:
        (ask,) = asks
        assert isinstance(ask, Ask)
        part = manscdp.parse_message(ask.request.body)
        assert isinstance(part, manscdp.CatalogResponse)
        assert part.sn == 7
        assert part.sum_num == len(bench.device.identity.channels)
        items += part.items
        bench.answer(ask, 200)
        asks = bench.outputs()
    assert [item.device_id for item in items] == [c.gb_id for c in bench.device.identity.channels]
    assert items[0].name == bench.device.identity.channels[0].name


def test_a_lost_part_ends_the_answer(bench: Bench, make_device: Callable[..., GbDevice]) -> None:
    bench.register()
    query = manscdp.CatalogQuery(7, bench.gb_id).to_xml()
    bench.receive("MESSAGE", bench.gb_id, query, manscdp.CONTENT_TYPE)
    bench.outputs()
    bench.device.answered("part", None, 40.0)
    assert bench.outputs() == []


def test_it_says_what_it_is(bench: Bench) -> None:
    query = manscdp.DeviceInfoQuery(3, GbId(bench.gb_id)).to_xml()
    bench.receive("MESSAGE", bench.gb_id, query, manscdp.CONTENT_TYPE)
    _, ask = bench.outputs()
    assert isinstance(ask, Ask)
    info = manscdp.parse_message(ask.request.body)
    assert isinstance(info, manscdp.DeviceInfoResponse)
    assert info.sn == 3
    assert info.channels == len(bench.device.identity.channels)


@pytest.mark.parametrize(
    ("method", "body", "status"),
    [("MESSAGE", b"<Query", 400), ("SUBSCRIBE", b"", 400), ("INFO", b"", 481), ("BYE", b"", 481)],
)
def test_what_it_does_not_know_it_refuses(bench: Bench, method: str, body: bytes, status: int) -> None:
    bench.receive(method, bench.gb_id, body, manscdp.CONTENT_TYPE if body else "")
    (reply,) = bench.outputs()
    assert isinstance(reply, Reply)
    assert reply.response.status == status


@pytest.mark.parametrize("tcp", [False, True])
def test_a_session_from_invite_to_bye(bench: Bench, tcp: bool) -> None:
    request = bench.invite(tcp=tcp)
    session, response = bench.accepted()
    answer = parse(response.body)
    assert (answer.port, answer.ssrc, answer.tcp, answer.direction) == (15060, 200000017, tcp, "sendonly")
    assert answer.setup == ("active" if tcp else None)
    assert response.to.tag
    assert not session.main
    bench.device.calls.acknowledged(request.call_id)
    bench.device.calls.acknowledged(request.call_id)  # an ACK that comes twice starts nothing twice
    assert [type(output) for output in bench.outputs()] == [Play]
    assert session.dialog is not None
    bye = session.dialog.request("BYE")
    bench.device.take(RequestReceived(("s", "bye"), bye, SOURCE), 0.0)
    stop, reply = bench.outputs()
    assert isinstance(stop, Stop)
    assert isinstance(reply, Reply)
    assert reply.response.status == 200
    assert bench.device.calls.sessions == {}


def test_a_bye_may_stay_unanswered(bench: Bench) -> None:
    request = bench.invite()
    bench.accepted()
    bench.device.calls.no_bye_answer = True
    request.method = "BYE"
    bench.device.take(RequestReceived(("s", "bye"), request, SOURCE), 0.0)
    assert [type(output) for output in bench.outputs()] == [Stop]


def test_media_that_breaks_ends_with_a_bye_of_its_own(bench: Bench) -> None:
    request = bench.invite()
    bench.accepted()
    bench.device.calls.acknowledged(request.call_id)
    bench.outputs()
    bench.device.calls.ended(request.call_id, tell=True)
    stop, ask = bench.outputs()
    assert isinstance(stop, Stop)
    assert isinstance(ask, Ask)
    assert ask.request.method == "BYE"
    bench.device.calls.ended(request.call_id, tell=True)
    assert bench.outputs() == []


def test_invites_it_cannot_serve(bench: Bench, make_device: Callable[..., GbDevice]) -> None:
    def status() -> int:
        (reply,) = bench.outputs()
        assert isinstance(reply, Reply)
        return reply.response.status

    bench.invite(channel="34020000001310999999")
    assert status() == 404
    channel = bench.device.identity.channels[0].gb_id
    bench.receive("INVITE", channel, b"nonsense", "application/sdp")
    assert status() == 400
    ps = build_offer(Offer(PLATFORM, "192.0.2.10", 30000, 1, tcp=True))
    bench.receive("INVITE", channel, ps.replace(b"PS/", b"AAC/"), "application/sdp")
    assert status() == 488
    bench.receive("INVITE", channel, ps.replace(b"30000", b"0"), "application/sdp")
    assert status() == 400
    bench.device = make_device(signalling_only=True)
    bench.invite()
    assert status() == 488


HOUR = 1_772_409_600
"""2026-03-02T00:00:00Z."""


def history(session: SessionName = "Playback", speed: int = 0, stop: int = HOUR + 60) -> bytes:
    return build_offer(
        Offer(PLATFORM, "192.0.2.10", 30000, 1, session=session, start=HOUR, stop=stop, speed=speed)
    )


def test_a_recording_is_played_controlled_and_told_to_be_over(bench: Bench) -> None:
    channel = bench.device.identity.channels[0].gb_id
    request = bench.receive("INVITE", channel, history(), "application/sdp")
    session, _ = bench.accepted()
    assert session.tape is not None
    bench.device.calls.acknowledged(request.call_id)
    bench.outputs()
    request.method = "INFO"
    request.set_body("Application/MANSRTSP", mansrtsp.seek(1, 30).to_bytes())
    bench.device.take(RequestReceived(("s", "info"), request, SOURCE), 0.0)
    (reply,) = bench.outputs()
    assert isinstance(reply, Reply)
    assert reply.response.body.startswith(b"RTSP/1.0 200 OK")
    assert session.tape.place == HOUR + 30
    bench.device.calls.played(request.call_id)
    (ask,) = bench.outputs()
    assert isinstance(ask, Ask)
    assert ask.request.call_id == request.call_id  # in the dialog
    assert b"<NotifyType>121</NotifyType>" in ask.request.body


def test_what_is_not_on_the_tape_or_too_much_at_once_is_refused(bench: Bench) -> None:
    channel = bench.device.identity.channels[0].gb_id

    def invite(body: bytes) -> int:
        bench.receive("INVITE", channel, body, "application/sdp")
        (output,) = bench.outputs()
        return output.response.status if isinstance(output, Reply) else 0

    assert invite(history(stop=HOUR)) == 404
    assert [invite(history("Download", speed=4)) for _ in range(5)] == [0, 0, 0, 0, 486]


def test_control_of_what_is_no_playback_is_refused(bench: Bench) -> None:
    request = bench.invite()
    bench.accepted()
    request.method = "INFO"
    bench.device.take(RequestReceived(("s", "info"), request, SOURCE), 0.0)
    (reply,) = bench.outputs()
    assert isinstance(reply, Reply)
    assert reply.response.status == 481


def test_a_port_that_cannot_be_had_is_an_error_of_the_device(bench: Bench) -> None:
    bench.invite()
    (prepare,) = bench.outputs()
    assert isinstance(prepare, Prepare)
    bench.device.calls.refuse(prepare.session, 500)
    (reply,) = bench.outputs()
    assert isinstance(reply, Reply)
    assert reply.response.status == 500
    assert bench.device.calls.sessions == {}


def test_power_that_fails_forgets_everything(bench: Bench) -> None:
    bench.register()
    bench.invite()
    bench.accepted()
    bench.device.crash()
    assert [type(output) for output in bench.outputs()] == [Stop]
    assert bench.device.get_timer() is None
    bench.device.boot(100.0)
    assert bench.asked().request.headers.get("Authorization") is None


def test_it_leaves_with_expires_zero(bench: Bench) -> None:
    bench.register()
    bench.device.leave(5.0)
    ask = bench.asked()
    assert ask.request.headers.get("Expires") == "0"


def test_a_broken_connection_is_an_abnormal_offline(bench: Bench) -> None:
    bench.register()
    bench.device.connection_lost(30.0)
    due = bench.device.get_timer()
    assert due is not None
    assert due >= 90.0


def test_it_follows_a_redirect_and_comes_back(bench: Bench) -> None:
    """302 after the challenge: registered at the Contact; that one refuses, so the first is asked again."""
    bench.device.boot(0)
    bench.answer(bench.asked(), 401, ("WWW-Authenticate", challenge("3402000000", "abcdef")))
    elsewhere = "sip:34020000002000000002@192.0.2.20:5060"
    bench.answer(bench.asked(), 302, ("Contact", f"<{elsewhere}>"), ("Expires", "3600"))
    moved = bench.asked()
    assert (moved.request.uri, moved.request.cseq.number) == (elsewhere, 1)
    assert bench.device.registration.server == elsewhere
    bench.answer(moved, 500)
    due = bench.device.get_timer()
    assert due is not None
    assert due >= 60
    bench.device.handle_timer(due)
    assert bench.asked().request.uri == f"sip:{PLATFORM}@3402000000"


@pytest.mark.parametrize("contact", ["<", "*"])
def test_a_redirect_to_nowhere_is_a_refusal(bench: Bench, contact: str) -> None:
    bench.device.boot(0)
    bench.answer(bench.asked(), 302, ("Contact", contact))
    assert bench.outputs() == []
    assert bench.device.registration.server == ""


def test_it_takes_the_first_challenge_it_understands(bench: Bench) -> None:
    """SHA-256 on top, then MD5 (RFC 8760); a broken one is no challenge."""
    bench.device.boot(0)
    first = bench.asked()
    values = ['Digest realm="r", nonce="1", algorithm=SM3', 'Digest realm="r", nonce="2", algorithm=SHA-256']
    bench.answer(first, 401, *(("WWW-Authenticate", value) for value in values))
    proof = parse_authorization(bench.asked().request.headers.get("Authorization"))
    assert proof is not None
    assert (proof.algorithm, proof.nonce) == ("SHA-256", "2")
    bench.device.boot(0)
    bench.answer(bench.asked(), 401, ("WWW-Authenticate", "Digest realm"))
    assert bench.outputs() == []
