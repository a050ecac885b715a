"""Loudspeakers of a simulated device: asked, they call; every call ends; what devices do wrong, they can."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import pytest

from civicam.signalling.gb28181 import manscdp, sdp
from civicam.signalling.gb28181.ids import GbId
from civicam.signalling.gb28181.manscdp.broadcast import Broadcast, BroadcastResponse
from civicam.signalling.sip.build import IdSource, Origin, new_request, new_response
from civicam.signalling.sip.dialog import Dialog
from civicam.signalling.sip.events import RequestReceived
from civicam.signalling.sip.message import Request, Response
from civicam.signalling.sip.peer import Peer
from civicam.simulator.device import GbDevice
from civicam.simulator.manners import switch
from civicam.simulator.outputs import Acknowledge, Ask, Dial, Hear, Hush, Listen, Output, Reply, VoiceCall

PLATFORM = "34020000002000000001"
SOURCE = Peer("udp", "192.0.2.10", 5060)
SSRC = 12_345_678

T = TypeVar("T")


class Platform:
    """Asks the device under test to let somebody speak, and answers its call."""

    def __init__(self, device: GbDevice, ids: IdSource) -> None:
        self.device = device
        self.origin = Origin("192.0.2.10", 5060, "udp", ids)
        self.channel = device.identity.channels[0].gb_id
        self.dialog: Dialog | None = None
        self._number = 0

    def take(self, request: Request) -> list[Output]:
        self._number += 1
        self.device.take(RequestReceived(("s", str(self._number)), request, SOURCE), 0.0)
        return self.outputs()

    def outputs(self) -> list[Output]:
        found: list[Output] = []
        while (output := self.device.next_output()) is not None:
            found.append(output)
        return found

    def wish(self, target: str) -> list[Output]:
        request = new_request(
            "MESSAGE", f"sip:{target}@192.0.2.64:5060", self.origin,
            from_uri=f"sip:{PLATFORM}@3402000000", to_uri=f"sip:{target}@3402000000",
        )  # fmt: skip
        request.set_body(manscdp.CONTENT_TYPE, Broadcast(17, GbId.parse(target), PLATFORM).to_xml())
        return self.take(request)

    def called(self, target: str = "") -> tuple[VoiceCall, Request]:
        """Up to the INVITE."""
        call = one(self.wish(target or self.channel), Listen).call
        self.device.speakers.call(call, 15_060, SSRC)
        assert one(self.outputs(), Dial).call is call
        assert call.invite is not None
        return call, call.invite

    def answer(self, call: VoiceCall, **changes: object) -> list[Output]:
        assert call.invite is not None
        given: dict[str, object] = {"owner": PLATFORM, "host": "192.0.2.10", "port": 30_000, "ssrc": SSRC}
        body = sdp.build_voice(sdp.Voice(**{**given, "direction": "sendonly", **changes}))  # type: ignore[arg-type]
        response = new_response(call.invite, 200, to_tag="t1")
        response.headers.add("Contact", self.origin.contact(PLATFORM))
        response.set_body(sdp.CONTENT_TYPE, body)
        self.dialog = Dialog.from_uas(call.invite, response, self.origin)
        self.device.speakers.answered(call, response)
        return self.outputs()

    def bye(self) -> list[Output]:
        assert self.dialog is not None
        return self.take(self.dialog.request("BYE"))


def one(outputs: list[Output], kind: type[T]) -> T:
    (found,) = [each for each in outputs if isinstance(each, kind)]
    return found


def said(outputs: list[Output]) -> BroadcastResponse:
    answer = manscdp.parse_message(one(outputs, Ask).request.body)
    assert isinstance(answer, BroadcastResponse)
    return answer


@pytest.fixture
def platform(make_device: Callable[..., GbDevice], ids: IdSource) -> Platform:
    return Platform(make_device(), ids)


@pytest.mark.parametrize("spoken_to", ["channel", "device"])
def test_asked_it_says_yes_and_calls(platform: Platform, spoken_to: str) -> None:
    gb_id = platform.device.identity.device.gb_id
    target = platform.channel if spoken_to == "channel" else gb_id
    outputs = platform.wish(target)
    assert one(outputs, Reply).response.status == 200
    yes = said(outputs)
    assert (yes.sn, yes.device_id, yes.ok) == (17, target, True)
    call = one(outputs, Listen).call
    assert (call.target, call.device, call.source, call.tcp) == (target, gb_id, PLATFORM, False)
    platform.device.speakers.call(call, 15_060, SSRC)
    invite = call.invite
    assert invite is not None
    assert (invite.method, invite.uri) == ("INVITE", f"sip:{PLATFORM}@{platform.device.identity.realm}")
    assert (invite.from_user, invite.to.uri.user) == (gb_id, PLATFORM)
    subject = invite.headers.get("Subject") or ""
    assert [each.partition(":")[0] for each in subject.split(",")] == [PLATFORM, target]
    offer = sdp.parse(invite.body)
    assert (offer.media, offer.direction, offer.port, offer.ssrc) == ("audio", "recvonly", 15_060, SSRC)
    assert (offer.tcp, offer.takes_pcma(), offer.host) == (False, True, "192.0.2.64")


def test_the_answer_is_acknowledged_and_says_where_sound_comes_from(platform: Platform) -> None:
    call, invite = platform.called()
    outputs = platform.answer(call)
    ack = one(outputs, Acknowledge).request
    assert (ack.call_id, ack.cseq.number) == (invite.call_id, invite.cseq.number)
    assert one(outputs, Hear) == Hear(call, "192.0.2.10", 30_000)


def test_the_platform_hangs_up(platform: Platform) -> None:
    call, _ = platform.called()
    platform.answer(call)
    outputs = platform.bye()
    assert one(outputs, Reply).response.status == 200
    assert one(outputs, Hush) == Hush(call, "the platform hung up")
    assert len(platform.device.speakers) == 0
    assert one(platform.bye(), Reply).response.status == 481


def test_the_line_breaks_and_the_device_hangs_up(platform: Platform) -> None:
    call, invite = platform.called()
    platform.answer(call)
    platform.device.speakers.ended(call, "the line broke", tell=True)
    platform.device.speakers.ended(call, "silence", tell=True)
    outputs = platform.outputs()
    bye = one(outputs, Ask).request
    assert (bye.method, bye.call_id, bye.to.tag) == ("BYE", invite.call_id, "t1")
    assert one(outputs, Hush).why == "the line broke"


@pytest.mark.parametrize("status", [None, 488, 503])
def test_a_call_that_is_not_taken_is_forgotten(platform: Platform, status: int | None) -> None:
    call, invite = platform.called()
    platform.device.speakers.answered(call, None if status is None else new_response(invite, status))
    assert one(platform.outputs(), Hush).call is call
    assert len(platform.device.speakers) == 0


@pytest.mark.parametrize("changes", [{"direction": "recvonly"}, {"direction": "inactive"}])
def test_an_answer_that_sends_nothing_ends_the_call(platform: Platform, changes: dict[str, object]) -> None:
    call, _ = platform.called()
    outputs = platform.answer(call, **changes)
    assert one(outputs, Acknowledge).request.method == "ACK"
    assert one(outputs, Ask).request.method == "BYE"
    assert one(outputs, Hush).why == "no G.711A"


def test_a_200_that_crosses_the_end_is_acknowledged_and_ended(platform: Platform) -> None:
    call, _ = platform.called()
    platform.device.speakers.ended(call, "silence")
    platform.outputs()
    outputs = platform.answer(call)
    assert one(outputs, Acknowledge).request.method == "ACK"
    assert one(outputs, Ask).request.method == "BYE"


def test_another_wish_for_the_same_place_ends_the_first_call(platform: Platform) -> None:
    call, _ = platform.called()
    platform.answer(call)
    outputs = platform.wish(platform.channel)
    assert one(outputs, Hush).call is call
    assert [each.request.method for each in outputs if isinstance(each, Ask)] == ["MESSAGE", "BYE"]
    assert one(outputs, Listen).call is not call
    other = platform.device.identity.channels[1].gb_id
    assert not any(isinstance(each, Hush) for each in platform.wish(other)), "another place is another call"
    assert len(platform.device.speakers) == 2


def test_who_it_does_not_know_and_channels_that_are_off_are_refused(platform: Platform) -> None:
    platform.device.speakers.darken(frozenset({platform.channel}))
    for target in (platform.channel, "34020000001310999999"):
        outputs = platform.wish(target)
        assert not said(outputs).ok
        assert not any(isinstance(each, Listen) for each in outputs)


def test_a_device_without_media_refuses(make_device: Callable[..., GbDevice], ids: IdSource) -> None:
    platform = Platform(make_device(signalling_only=True), ids)
    assert not said(platform.wish(platform.channel)).ok


def test_one_device_takes_so_many_calls(platform: Platform) -> None:
    platform.device.speakers._calls = [VoiceCall("34", str(n), PLATFORM, False) for n in range(16)]
    assert not said(platform.wish(platform.channel)).ok


def test_a_channel_that_goes_dark_hangs_up(platform: Platform) -> None:
    call, _ = platform.called()
    platform.answer(call)
    platform.device.darken(frozenset({platform.channel}), 0.0)
    outputs = platform.outputs()
    assert one(outputs, Hush).call is call
    assert "BYE" in [each.request.method for each in outputs if isinstance(each, Ask)]


def test_without_power_nobody_is_told(platform: Platform) -> None:
    call, _ = platform.called()
    platform.answer(call)
    platform.device.crash()
    (hush,) = platform.outputs()
    assert hush == Hush(call, "no power")


def test_no_port_no_call(platform: Platform) -> None:
    call = one(platform.wish(platform.channel), Listen).call
    platform.device.speakers.no_port(call)
    assert one(platform.outputs(), Hush).why == "no port"


# -- habits


def offered(invite: Request) -> sdp.Sdp:
    return sdp.parse(invite.body)


def test_it_may_refuse(platform: Platform) -> None:
    switch(platform.device.conduct.manners, "broadcast-refused", 0)
    assert not said(platform.wish(platform.channel)).ok


def test_it_may_say_yes_and_never_call(platform: Platform) -> None:
    switch(platform.device.conduct.manners, "broadcast-uncalled", 0)
    outputs = platform.wish(platform.channel)
    assert said(outputs).ok
    assert not any(isinstance(each, Listen) for each in outputs)


def test_it_may_offer_a_private_address(platform: Platform) -> None:
    switch(platform.device.conduct.manners, "broadcast-nat", 0)
    assert offered(platform.called()[1]).host == "192.168.1.64"


def test_it_may_call_in_the_name_of_its_channel(platform: Platform) -> None:
    switch(platform.device.conduct.manners, "broadcast-from-channel", 0)
    assert platform.called()[1].from_user == platform.channel


def test_it_may_write_channels_and_a_second_payload(platform: Platform) -> None:
    switch(platform.device.conduct.manners, "loudspeaker-codecs", 0)
    body = platform.called()[1].body
    assert b"RTP/AVP 8 96\r\n" in body
    assert b"a=rtpmap:8 PCMA/8000/1\r\n" in body
    assert sdp.parse(body).takes_pcma()


def test_it_may_acknowledge_under_another_call_id(platform: Platform) -> None:
    switch(platform.device.conduct.manners, "broadcast-ack-other", 0)
    call, invite = platform.called()
    assert one(platform.answer(call), Acknowledge).request.call_id != invite.call_id


@pytest.mark.parametrize(("passive", "late"), [(False, 20.0), (True, 0.0)])
def test_over_tcp_it_may_connect_late_or_wait(platform: Platform, passive: bool, late: float) -> None:
    manners = platform.device.conduct.manners
    switch(manners, "loudspeaker-late", 20)
    call, _ = platform.called()
    call.tcp, call.passive = True, passive
    outputs = platform.answer(call, tcp=True, setup="active" if passive else "passive")
    assert one(outputs, Hear).late_s == late


def test_a_habit_of_waiting_is_in_the_offer(platform: Platform) -> None:
    switch(platform.device.conduct.manners, "broadcast-passive", 0)
    call = one(platform.wish(platform.channel), Listen).call
    assert call.passive
    call.tcp = True
    platform.device.speakers.call(call, 15_060, SSRC)
    assert call.invite is not None
    assert (offered(call.invite).tcp, offered(call.invite).setup) == (True, "passive")


def test_a_response_is_not_needed_to_be_whole(platform: Platform) -> None:
    call, invite = platform.called()
    bare: Response = new_response(invite, 200)
    platform.device.speakers.answered(call, bare)
    outputs = platform.outputs()
    assert one(outputs, Acknowledge).request.method == "ACK"
    assert one(outputs, Ask).request.method == "BYE"
