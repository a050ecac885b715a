"""Recordings: found, played, controlled, fetched; a session always ends, and a pause is no loss."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.gateway.camera import Camera
from tests.gateway.recorder import CAM1, CAM2, NVR, online
from tests.gateway.wire import later, run
from tests.gateway.world import World

from civicam.fleet.facts import ChannelId
from civicam.fleet.orders import Outcome, Result
from civicam.gateway.playback import Playbacks
from civicam.kernel.errors import CivicamError, Refused
from civicam.media.engine import ReceiveSpec, StreamKind, Transport
from civicam.signalling.gb28181 import sdp
from civicam.signalling.gb28181.ids import GbId
from civicam.signalling.gb28181.manscdp import Message
from civicam.signalling.gb28181.manscdp.media_status import MediaStatus
from civicam.signalling.gb28181.manscdp.record_info import RecordInfoQuery, RecordInfoResponse, RecordItem
from civicam.signalling.sip.message import Request

START = datetime(2026, 3, 1, 8, tzinfo=UTC)
END = START + timedelta(hours=1)


class Room:
    """A recorder that is online, and what plays from it."""

    def __init__(self, world: World, camera: Camera) -> None:
        self.world = world
        self.camera = camera
        self.playbacks: Playbacks = world.gateway.operations.playbacks
        self.channel: ChannelId = world.fleet.channel(NVR, CAM1)

    def requests(self, method: str) -> list[Request]:
        return [each for each in self.camera.heard if each.method == method]

    def info(self) -> list[str]:
        return [each.body.decode().replace("\r\n", "|") for each in self.requests("INFO")]

    def left(self) -> tuple[int, int, int]:
        return len(self.playbacks), len(self.world.engine.open), len(self.world.gateway._history_ssrcs)


async def room() -> Room:
    world = World()
    return Room(world, await online(world))


def piece(number: int, start: datetime | None = None) -> RecordItem:
    begin = start or START + timedelta(minutes=10 * number)
    return RecordItem(GbId(CAM1), f"r{number}", begin, begin + timedelta(minutes=10), file_size=number)


def test_what_a_recorder_sends_twice_and_in_any_order_is_a_list() -> None:
    async def story() -> None:
        def reply(command: Message) -> list[Message]:
            assert isinstance(command, RecordInfoQuery)
            assert (command.start, command.end) == (START, END)
            parts = [(piece(2), piece(1)), (piece(1),), (piece(0),)]
            return [
                RecordInfoResponse(command.sn, command.device_id, sum_num=3, items=each) for each in parts
            ]

        r = await room()
        r.camera.reply = reply
        found = await r.playbacks.search(r.channel, START, END)
        assert [each.name for each in found.recordings] == ["r0", "r1", "r2"]
        assert found.complete

    run(story())


def test_a_recorder_that_announces_more_than_it_sends_does_not_stall_us() -> None:
    async def story() -> None:
        r = await room()
        r.camera.reply = lambda command: [
            RecordInfoResponse(command.sn, command.device_id, sum_num=299, items=(piece(1),))
        ]
        found = await r.playbacks.search(r.channel, START, END)
        assert (len(found.recordings), found.complete, found.announced) == (1, False, 299)

    run(story())


@pytest.mark.parametrize("length", [timedelta(0), timedelta(seconds=-1), timedelta(days=2, seconds=1)])
def test_a_period_that_is_none_or_too_long_is_refused(length: timedelta) -> None:
    async def story() -> None:
        r = await room()
        for ask in (r.playbacks.search, r.playbacks.play):
            with pytest.raises(Refused, match=r"gateway\.bad-period"):
                await ask(r.channel, START, START + length)
        assert r.left() == (0, 0, 0)

    run(story())


def test_a_playback_is_asked_for_as_history_and_ended_by_bye() -> None:
    async def story() -> None:
        r = await room()
        stream = await r.playbacks.play(r.channel, START, END)
        offer = sdp.parse(r.requests("INVITE")[0].body)
        assert (offer.session, offer.start, offer.stop) == (
            "Playback",
            int(START.timestamp()),
            int(END.timestamp()),
        )
        assert f"{offer.ssrc:010d}"[0] == "1"
        assert b"u=" + CAM1.encode() + b":0" in r.requests("INVITE")[0].body
        spec = r.world.engine.open[stream]
        assert isinstance(spec, ReceiveSpec)
        assert spec.kind is StreamKind.PLAYBACK
        r.playbacks.close(stream)
        await later(1)
        assert r.camera.count("BYE") == 1
        assert r.left() == (0, 0, 0)

    run(story())


def test_two_people_have_two_playbacks() -> None:
    async def story() -> None:
        r = await room()
        streams = await asyncio.gather(*(r.playbacks.play(r.channel, START, END) for _ in range(2)))
        assert len(set(streams)) == 2
        assert r.camera.count("INVITE") == 2
        ssrcs = {sdp.parse(each.body).ssrc for each in r.requests("INVITE")}
        assert len(ssrcs) == 2

    run(story())


def test_control_is_told_to_the_engine_and_the_device() -> None:
    async def story() -> None:
        r = await room()
        stream = await r.playbacks.play(r.channel, START, END)
        assert await r.playbacks.pause(stream) == Outcome(Result.DONE)
        assert await r.playbacks.resume(stream) == Outcome(Result.DONE)
        assert await r.playbacks.seek(stream, START + timedelta(seconds=100)) == Outcome(Result.DONE)
        assert await r.playbacks.speed(stream, 2.0) == Outcome(Result.DONE)
        first, second, third, fourth = r.info()
        assert first.startswith("PAUSE RTSP/1.0|CSeq: 1|")
        assert second.startswith("PLAY RTSP/1.0|CSeq: 2|Range: npt=now-|")
        assert "Range: npt=100-" in third
        assert "Scale" not in third
        assert "Scale: 2" in fourth
        assert "Range" not in fourth
        said = [(what, value) for _, what, value in r.world.engine.controls]
        assert said == [("pause", 1.0), ("pause", 0.0), ("seek", 0.0), ("scale", 2.0)]

    run(story())


def test_a_pause_is_no_loss() -> None:
    """W#740: the engine is told before the device, so nothing ends for silence or for want of viewers."""

    async def story() -> None:
        r = await room()
        stream = await r.playbacks.play(r.channel, START, END)
        await r.playbacks.pause(stream)
        assert r.world.engine.controls[0] == (stream, "pause", 1.0)
        for _ in range(5):
            await later(50)
            await r.camera.beat()
        assert r.camera.count("BYE") == 0
        assert r.left()[0] == 1

    run(story())


def test_a_pause_the_device_refuses_is_taken_back() -> None:
    async def story() -> None:
        r = await room()
        r.camera.info_status = 405
        stream = await r.playbacks.play(r.channel, START, END)
        assert (await r.playbacks.pause(stream)).result is Result.UNSUPPORTED
        assert [value for _, _, value in r.world.engine.controls] == [1.0, 0.0]

    run(story())


@pytest.mark.parametrize(
    ("control", "code"),
    [
        (lambda p, s: p.seek(s, START - timedelta(seconds=1)), "gateway.bad-period"),
        (lambda p, s: p.seek(s, END + timedelta(seconds=1)), "gateway.bad-period"),
        (lambda p, s: p.speed(s, 3.0), "gateway.bad-scale"),
        (lambda p, s: p.pause("another"), "gateway.no-session"),
    ],
)
def test_what_cannot_be_done_is_refused_before_it_is_sent(
    control: Callable[[Playbacks, str], object], code: str
) -> None:
    async def story() -> None:
        r = await room()
        stream = await r.playbacks.play(r.channel, START, END)
        with pytest.raises(CivicamError) as caught:
            await control(r.playbacks, stream)  # type: ignore[misc]
        assert caught.value.code == code
        assert r.info() == []

    run(story())


@pytest.mark.parametrize("named", [CAM1, NVR])
def test_the_end_of_file_outside_its_dialog(named: str) -> None:
    """M#111: MediaStatus with a Call-ID of its own and the channel's or the device's id."""

    async def story() -> None:
        r = await room()
        await r.playbacks.play(r.channel, START, END)
        assert (await r.camera.say(MediaStatus(9, GbId(named)))).status == 200
        await later(1)
        assert r.camera.count("BYE") == 1
        assert r.left() == (0, 0, 0)

    run(story())


def test_an_end_of_file_that_could_mean_two_ends_neither() -> None:
    async def story() -> None:
        r = await room()
        other = r.world.fleet.channel(NVR, CAM2)
        await asyncio.gather(r.playbacks.play(r.channel, START, END), r.playbacks.play(other, START, END))
        await r.camera.say(MediaStatus(9, GbId(NVR)))
        await later(1)
        assert r.left()[0] == 2
        await r.camera.say(MediaStatus(10, GbId(CAM2)))
        await later(1)
        assert r.left()[0] == 1

    run(story())


@pytest.mark.parametrize("status", [486, 503])
def test_a_recorder_that_takes_one_playback(status: int) -> None:
    """M#115: the second is refused with a reason a person understands, and leaves nothing behind."""

    async def story() -> None:
        r = await room()
        await r.playbacks.play(r.channel, START, END)
        before = r.left()
        r.camera.invite_status = status
        with pytest.raises(CivicamError) as caught:
            await r.playbacks.play(r.channel, START, END)
        assert caught.value.code in {"gateway.play-busy", "gateway.play-device-limit"}
        await later(1)
        assert r.left() == before

    run(story())


def test_a_device_that_goes_away_ends_its_playbacks() -> None:
    async def story() -> None:
        r = await room()
        await r.playbacks.play(r.channel, START, END)
        await r.camera.register(0)
        await later(40)
        assert r.left() == (0, 0, 0)

    run(story())


def test_media_over_tcp_from_us_to_the_device() -> None:
    async def story() -> None:
        r = await room()
        device_id = r.world.fleet.secrets[NVR].device_id
        entry = r.world.gateway.operations.addresses.device(device_id)
        entry.profile = replace(entry.profile, media_tcp=True, media_active=True)
        stream = await r.playbacks.play(r.channel, START, END)
        offer = sdp.parse(r.requests("INVITE")[0].body)
        assert (offer.tcp, offer.setup) == (True, "active")
        spec = r.world.engine.open[stream]
        assert isinstance(spec, ReceiveSpec)
        assert spec.transport is Transport.TCP_ACTIVE
        assert r.world.engine.connected[stream] == ("10.0.1.2", 15060)

    run(story())
