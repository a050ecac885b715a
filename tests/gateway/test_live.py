"""Live sessions on an in-memory wire: one flight, every ending, nothing left behind."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from tests.gateway.recorder import CAM1, NVR, online, refused_with
from tests.gateway.wire import later, run, until
from tests.gateway.world import World

from civicam.media.engine import EngineRestarted, ReceiveSpec, Transport


def test_ten_ask_and_the_device_is_asked_once() -> None:
    async def story() -> None:
        world = World()
        camera = await online(world)
        channel = world.fleet.channel(NVR, CAM1)
        streams = await asyncio.gather(*(world.gateway.open_live(channel, "main") for _ in range(10)))
        assert len(set(streams)) == 1
        assert camera.count("INVITE") == 1
        assert camera.acked == 1
        (info,) = world.gateway.sessions()
        assert (info.state, info.stream_id) == ("streaming", streams[0])
        assert world.engine.pinned[streams[0]][1] == camera.agent.address[0]

    run(story())


def test_caller_that_goes_away_does_not_end_it_for_others() -> None:
    async def story() -> None:
        world = World()
        await online(world)
        channel = world.fleet.channel(NVR, CAM1)
        hasty = asyncio.create_task(world.gateway.open_live(channel, "main"))
        patient = asyncio.create_task(world.gateway.open_live(channel, "main"))
        await later(0.01)
        hasty.cancel()
        assert await patient in world.engine.open

    run(story())


def test_main_and_sub_are_two_sessions_and_are_told_apart() -> None:
    async def story() -> None:
        world = World()
        camera = await online(world)
        channel = world.fleet.channel(NVR, CAM1)
        one = await world.gateway.open_live(channel, "main")
        two = await world.gateway.open_live(channel, "sub")
        assert one != two
        bodies = [each.body for each in camera.heard if each.method == "INVITE"]
        assert [b"a=streamnumber:1" in each for each in bodies] == [False, True]

    run(story())


def test_nobody_watches_so_it_is_ended_and_everything_is_given_back() -> None:
    async def story() -> None:
        world = World()
        camera = await online(world)
        stream = await world.gateway.open_live(world.fleet.channel(NVR, CAM1), "main")
        world.engine.idle(stream)
        await until(lambda: not world.gateway.sessions())
        assert camera.count("BYE") == 1
        assert world.engine.open == {}
        assert world.gateway.gauges()["ssrcs"] == 0

    run(story())


def test_who_waits_for_a_slow_device_is_not_called_nobody() -> None:
    """The engine sees no viewer before the first picture: there is no ticket to watch with yet."""

    async def story() -> None:
        world = World()
        camera = await online(world)
        camera.answer_delay = 8.0
        channel = world.fleet.channel(NVR, CAM1)
        waiting = asyncio.create_task(world.gateway.open_live(channel, "main"))
        await until(lambda: bool(world.engine.open))
        world.engine.idle(next(iter(world.engine.open)))
        stream = await waiting
        world.engine.idle(stream)  # nobody came after all
        await until(lambda: world.gateway.sessions() == [])

    run(story())


def test_release_ends_only_what_nobody_watches() -> None:
    async def story() -> None:
        world = World()
        camera = await online(world)
        stream = await world.gateway.open_live(world.fleet.channel(NVR, CAM1), "main")
        world.engine.viewers[stream] = 1
        await world.gateway.release(stream)
        await later(1)
        assert camera.count("BYE") == 0
        world.engine.viewers[stream] = 0
        await world.gateway.release(stream)
        await world.gateway.release("nothing")
        await until(lambda: not world.gateway.sessions())
        assert camera.count("BYE") == 1

    run(story())


def test_device_hangs_up_and_the_next_viewer_invites_anew() -> None:
    async def story() -> None:
        world = World()
        camera = await online(world)
        channel = world.fleet.channel(NVR, CAM1)
        first = await world.gateway.open_live(channel, "main")
        assert await camera.hang_up() == 200
        await until(lambda: not world.gateway.sessions())
        assert camera.count("BYE") == 0
        assert first in world.engine.closed
        assert await world.gateway.open_live(channel, "main") != first
        assert await camera.hang_up() == 200
        assert await camera.hang_up() == 481

    run(story())


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "gateway.play-malformed"),
        (403, "gateway.play-forbidden"),
        (404, "gateway.play-no-channel"),
        (486, "gateway.play-busy"),
        (488, "gateway.play-no-codec"),
        (503, "gateway.play-device-limit"),
        (606, "gateway.play-refused"),
    ],
)
def test_refusal_reaches_the_operator_with_its_meaning(status: int, code: str) -> None:
    async def story() -> None:
        world = World()
        camera = await online(world)
        camera.invite_status = status
        assert await refused_with(world) == code
        assert world.engine.open == {}
        assert world.gateway.sessions() == []

    run(story())


def test_media_over_tcp_is_offered_passive() -> None:
    async def story() -> None:
        world = World()
        camera = await online(world)
        entry = world.gateway._roster.by_gb_id(NVR)
        assert entry is not None
        entry.profile = replace(entry.profile, media_tcp=True)
        stream = await world.gateway.open_live(world.fleet.channel(NVR, CAM1), "main")
        spec = world.engine.open[stream]
        assert isinstance(spec, ReceiveSpec)
        assert spec.transport is Transport.TCP_PASSIVE
        (body,) = [each.body for each in camera.heard if each.method == "INVITE"]
        assert b"TCP/RTP/AVP" in body
        assert b"a=setup:passive" in body

    run(story())


def test_408_is_tried_once_more() -> None:
    async def story() -> None:
        world = World()
        camera = await online(world)
        camera.invite_status = 408
        assert await refused_with(world) == "gateway.play-timeout"
        assert camera.count("INVITE") == 2

    run(story())


def test_ringing_device_that_never_answers_is_cancelled() -> None:
    async def story() -> None:
        world = World()
        camera = await online(world)
        camera.ring_first, camera.answer_delay = True, 1e6
        assert await refused_with(world) == "gateway.play-timeout"
        await until(lambda: not world.gateway.sessions(), 60)
        assert camera.cancelled == 1

    run(story())


def test_device_that_is_silent_to_the_invite() -> None:
    async def story() -> None:
        world = World()
        camera = await online(world)
        camera.answers_invite = False
        assert await refused_with(world) == "gateway.play-timeout"
        await until(lambda: not world.gateway.sessions(), 80)
        assert world.gateway.gauges()["ssrcs"] == 0

    run(story())


def test_invite_that_never_arrives() -> None:
    async def story() -> None:
        world = World()
        await online(world)
        world.network.drop = lambda data, source, target: data.startswith(b"INVITE")
        assert await refused_with(world) == "gateway.play-timeout"
        assert len(world.gateway.sessions()) == 1  # CANCEL must wait for a 1xx, so the session waits too
        await until(lambda: not world.gateway.sessions(), 40)
        assert world.network.sent("CANCEL", "10.0.0.1") == 0

    run(story())


def test_answer_without_media_ends_in_bye() -> None:
    async def story() -> None:
        world = World()
        camera = await online(world)
        camera.sends_pictures = False
        assert await refused_with(world) == "gateway.no-media"
        await until(lambda: camera.count("BYE") == 1)

    run(story())


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (b"nonsense", "gateway.bad-answer"),
        (
            b"v=0\r\nc=IN IP4 10.0.1.2\r\nm=video 15060 RTP/AVP 96\r\na=rtpmap:96 HIKVISION/90000\r\n",
            "gateway.private-format",
        ),
        (b"v=0\r\nc=IN IP4 10.0.1.2\r\nm=audio 15060 RTP/AVP 8\r\n", "gateway.bad-answer"),
    ],
)
def test_answer_that_cannot_be_used_is_acknowledged_and_ended(answer: bytes, code: str) -> None:
    async def story() -> None:
        world = World()
        camera = await online(world)
        camera.sdp_answer = answer
        assert await refused_with(world) == code
        await until(lambda: not world.gateway.sessions())
        assert (camera.acked, camera.count("BYE")) == (1, 1)

    run(story())


def test_unanswered_bye_is_dropped_in_the_end() -> None:
    async def story() -> None:
        world = World()
        camera = await online(world)
        stream = await world.gateway.open_live(world.fleet.channel(NVR, CAM1), "main")
        camera.answers_bye = False
        world.engine.idle(stream)
        await until(lambda: stream not in world.engine.open)
        assert len(world.gateway.sessions()) == 1
        await until(lambda: not world.gateway.sessions(), 40)
        assert (
            world.gateway.gauges() | {"ghosts": 1, "ssrcs": 1} == world.gateway.gauges()
        )  # it may still send
        await until(lambda: not world.gateway.gauges()["ghosts"], 4000)
        assert world.gateway.gauges()["ssrcs"] == 0

    run(story())


def test_media_service_without_ports() -> None:
    async def story() -> None:
        world = World()
        camera = await online(world)
        world.engine.full = True
        assert await refused_with(world) == "gateway.engine"
        assert camera.count("INVITE") == 0

    run(story())


def test_media_service_that_is_slow_leaves_no_port_behind() -> None:
    async def story() -> None:
        world = World()
        camera = await online(world)
        world.engine.slow_s = 20
        assert await refused_with(world) == "gateway.engine"
        await later(30)
        assert world.engine.open == {}
        assert camera.count("INVITE") == 0

    run(story())


@pytest.mark.parametrize("how", ["ended", "restarted", "vanished"])
def test_stream_that_the_engine_lost_is_ended_with_bye(how: str) -> None:
    async def story() -> None:
        world = World()
        camera = await online(world)
        stream = await world.gateway.open_live(world.fleet.channel(NVR, CAM1), "main")
        if how == "ended":
            world.engine.lost(stream)
        elif how == "restarted":
            world.engine.events.put_nowait(EngineRestarted((stream,)))
        else:
            del world.engine.open[stream]  # found by the regular check
        await until(lambda: camera.count("BYE") == 1, 70)
        assert world.gateway.counters()["live_ended_gateway.stream-lost"] == 1

    run(story())


def test_offline_device_is_refused_at_once() -> None:
    async def story() -> None:
        world = World()
        camera = await online(world)
        stream = await world.gateway.open_live(world.fleet.channel(NVR, CAM1), "main")
        camera.alive = False
        await until(lambda: bool(world.engine.closed))
        assert world.engine.closed == [stream]
        assert await refused_with(world) == "gateway.device-offline"

    run(story())


def test_never_heard_device_is_refused() -> None:
    async def story() -> None:
        world = World()
        await world.start()
        world.fleet.enter(NVR, "example-9")
        await world.gateway.devices_changed()
        assert await refused_with(world) == "gateway.device-offline"

    run(story())
