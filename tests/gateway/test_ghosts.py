"""What a crash leaves at the devices is ended by the next process: kill -9 in every phase of a session.

[CAMERA]──SIP──[gateway]──kill -9──[gateway again, on the same store]
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from tests.gateway.camera import Camera
from tests.gateway.loudspeaker import room as speaking_room
from tests.gateway.recorder import CAM1, CAM2, NVR, online
from tests.gateway.wire import GATE_HOST, PLATFORM, REALM, later, run, until
from tests.gateway.world import World

from civicam.gateway.settings import GatewaySettings, GhostSettings
from civicam.signalling.sip.build import new_response
from civicam.signalling.sip.events import RequestReceived
from civicam.signalling.sip.message import Request

START = datetime(2026, 3, 1, 8, tzinfo=UTC)


def byes(camera: Camera) -> list[Request]:
    return [each for each in camera.heard if each.method == "BYE"]


async def streaming(world: World) -> Camera:
    camera = await online(world)
    await world.gateway.open_live(world.fleet.channel(NVR, CAM1), "main")
    return camera


async def killed_while_inviting(world: World, camera: Camera, after_s: float) -> None:
    """Ask for a stream and die so many seconds later."""
    asking = asyncio.create_task(world.gateway.open_live(world.fleet.channel(NVR, CAM1), "main"))
    await later(after_s)
    assert camera.count("INVITE") == 1
    await world.crash()
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)


def test_a_stream_that_stood_is_ended_by_the_next_process() -> None:
    async def story() -> None:
        world = World()
        camera = await streaming(world)
        (kept,) = world.dialogs.rows.values()
        await world.crash()
        assert byes(camera) == []
        await world.start()
        assert world.engine.avoided == {kept.media_port}
        assert world.gateway.gauges() | {"ssrcs": 1, "ghosts": 1} == world.gateway.gauges()
        await until(lambda: not world.dialogs.rows)
        (bye,) = byes(camera)
        assert camera.dialogs[0].matches(bye)
        assert (bye.cseq.number, bye.from_.tag) == (2, camera.dialogs[0].remote_tag)
        assert bye.to.tag == camera.dialogs[0].local_tag
        assert world.engine.avoided == set()
        assert world.gateway.gauges() | {"ssrcs": 0, "ghosts": 0} == world.gateway.gauges()
        assert world.gateway.counters()["ghost_bye_200"] == 1

    run(story())


def test_the_value_of_a_ghost_rests_after_it() -> None:
    async def story() -> None:
        world = World()
        await streaming(world)
        (kept,) = world.dialogs.rows.values()
        await world.crash()
        await world.start()
        pool = world.gateway._ssrcs
        pool._next = kept.ssrc % 10_000  # as chance might have it
        assert pool.allocate(world.gateway._ports.clock.monotonic()) != kept.ssrc
        await until(lambda: not world.dialogs.rows)
        pool._next = kept.ssrc % 10_000
        assert pool.allocate(world.gateway._ports.clock.monotonic()) != kept.ssrc

    run(story())


def test_killed_before_the_device_answered_it_is_cancelled() -> None:
    async def story() -> None:
        world = World()
        camera = await online(world)
        camera.answer_delay = 20.0
        await killed_while_inviting(world, camera, 1.0)
        await world.start()
        await until(lambda: not world.dialogs.rows)
        assert (camera.cancelled, byes(camera)) == (1, [])

    run(story())


def test_killed_between_the_200_and_its_ack() -> None:
    """The device repeats its 200 until somebody acknowledges it: the next process does, and ends it."""

    async def story() -> None:
        world = World()
        camera = await online(world)
        camera.answer_delay = 0.5
        await killed_while_inviting(world, camera, 0.3)  # its 200 finds nobody
        await later(2.0)
        await world.start()
        await until(lambda: not world.dialogs.rows)
        (bye,) = byes(camera)
        assert camera.acked == 1
        assert camera.dialogs[0].matches(bye)
        assert bye.to.tag == camera.dialogs[0].local_tag

    run(story())


def test_a_device_that_repeats_nothing_is_told_without_its_tag() -> None:
    """Its transaction is over, its stream is not."""

    async def story() -> None:
        world = World()
        camera = await online(world)
        camera.answer_delay = 0.5
        await killed_while_inviting(world, camera, 0.3)
        await later(40.0)
        await world.start()
        await until(lambda: not world.dialogs.rows)
        (bye,) = byes(camera)
        assert (bye.to.tag, bye.cseq.number) == (None, 2)
        assert camera.dialogs[0].matches(bye)

    run(story())


def test_a_device_that_knows_nothing_of_it_is_fine() -> None:
    async def story() -> None:
        world = World()
        camera = await streaming(world)
        await world.crash()

        def rebooted(event: RequestReceived) -> None:
            camera.agent.respond(event.key, new_response(event.request, 481))

        camera.agent.on_request = rebooted
        await world.start()
        await until(lambda: not world.dialogs.rows)
        assert world.gateway.counters()["ghost_bye_481"] == 1

    run(story())


def test_who_cannot_be_reached_is_told_when_it_comes_back() -> None:
    async def story() -> None:
        world = World()
        camera = await streaming(world)
        await world.crash()
        world.network.drop = lambda *_: True
        await world.start()
        await later(300)
        assert len(world.dialogs.rows) == 1
        world.network.drop = lambda *_: False
        await camera.register()
        await until(lambda: not world.dialogs.rows, 5)
        assert len(byes(camera)) == 1

    run(story())


def test_who_never_comes_back_is_given_up_after_the_declared_time() -> None:
    async def story() -> None:
        world = World()
        await streaming(world)
        await world.crash()
        world.network.drop = lambda *_: True
        await world.start()
        await later(1800)
        await world.crash()  # another start does not begin the time anew
        await world.start()
        await later(1790)
        assert len(world.dialogs.rows) == 1
        await later(20)
        assert (world.dialogs.rows, world.engine.avoided) == ({}, set())
        assert world.gateway.counters()["ghosts_given_up"] == 1
        assert world.gateway.gauges()["ssrcs"] == 0

    run(story())


def test_a_bye_that_was_lost_is_said_again_when_the_device_is_back() -> None:
    async def story() -> None:
        world = World()
        camera = await streaming(world)
        (stream,) = world.engine.open
        world.network.drop = lambda *_: True
        world.engine.idle(stream)
        await later(400)  # the BYE was given up, the device called offline
        assert (len(world.dialogs.rows), world.gateway.sessions()) == (1, [])
        assert world.gateway.gauges()["ssrcs"] == 1  # it may still send
        world.network.drop = lambda *_: False
        await camera.register()
        await until(lambda: not world.dialogs.rows, 5)
        assert len(byes(camera)) == 1
        assert world.gateway.gauges()["ssrcs"] == 0

    run(story())


def test_a_device_that_is_there_and_answers_no_bye_is_left_in_the_end() -> None:
    async def story() -> None:
        world = World()
        camera = await streaming(world)
        (stream,) = world.engine.open
        camera.answers_bye = False
        beating = asyncio.create_task(camera.beat_for_ever())
        world.engine.idle(stream)
        await until(lambda: world.gateway.counters().get("ghosts_given_up") == 1, 600)
        assert 1 < len(byes(camera)) <= 1 + GhostSettings().attempts
        assert (world.dialogs.rows, world.gateway.gauges()["ghosts"]) == ({}, 0)
        beating.cancel()

    run(story())


def test_the_device_may_end_it_first() -> None:
    async def story() -> None:
        world = World()
        camera = await streaming(world)
        await world.crash()
        camera.answers_bye = False
        await world.start()
        assert await camera.hang_up() == 200
        await until(lambda: not world.dialogs.rows, 1)

    run(story())


def test_numbers_that_a_persons_wishes_used_are_not_used_again() -> None:
    async def story() -> None:
        world = World()
        camera = await online(world)
        playbacks = world.gateway.operations.playbacks
        channel = world.fleet.channel(NVR, CAM1)
        stream = await playbacks.play(channel, START, START + timedelta(hours=1))
        for minute in range(1, 100):
            await playbacks.seek(stream, START + timedelta(seconds=minute))
        highest = max(each.cseq.number for each in camera.heard if each.method == "INFO")
        await world.crash()
        await world.start()
        await until(lambda: not world.dialogs.rows)
        (bye,) = byes(camera)
        assert bye.cseq.number > highest == 100

    run(story())


def test_a_way_to_a_loudspeaker_is_ended_too() -> None:
    async def story() -> None:
        r = await speaking_room()
        await r.open()
        (kept,) = r.world.dialogs.rows.values()
        assert (kept.purpose, kept.standing) == ("talk", True)
        await r.world.crash()
        await r.world.start()
        await until(lambda: not r.world.dialogs.rows)
        (bye,) = byes(r.box.camera)
        assert r.box.dialog is not None
        assert r.box.dialog.matches(bye)

    run(story())


def test_pictures_do_not_wait_for_a_store_that_cannot() -> None:
    async def story() -> None:
        world = World()
        camera = await online(world)
        world.dialogs.broken = True
        await world.gateway.open_live(world.fleet.channel(NVR, CAM1), "main")
        world.dialogs.broken, world.dialogs.slow_s = False, 30.0
        await world.gateway.open_live(world.fleet.channel(NVR, CAM2), "main")
        assert camera.acked == 2
        assert world.gateway.counters()["dialog_not_kept"] >= 2

    run(story())


def test_a_start_without_the_store_is_a_start() -> None:
    async def story() -> None:
        world = World()
        await streaming(world)
        await world.crash()
        world.dialogs.broken = True
        await world.start()
        assert world.gateway.gauges()["ghosts"] == 0
        assert world.gateway.counters()["db.full"] == 1

    run(story())


def test_an_ordinary_end_leaves_nothing_in_the_store() -> None:
    async def story() -> None:
        world = World()
        camera = await streaming(world)
        (stream,) = world.engine.open
        world.engine.idle(stream)
        await until(lambda: not world.gateway.sessions())
        await later(0.1)
        assert world.dialogs.rows == {}
        camera.invite_status = 486
        with_refusal = await asyncio.gather(
            world.gateway.open_live(world.fleet.channel(NVR, CAM1), "main"), return_exceptions=True
        )
        assert isinstance(with_refusal[0], Exception)
        await later(0.1)
        assert world.dialogs.rows == {}
        camera.invite_status = 200
        await world.gateway.open_live(world.fleet.channel(NVR, CAM1), "main")
        await world.gateway.stop()
        assert world.dialogs.rows == {}

    run(story())


def test_a_new_stream_waits_for_the_end_of_the_old_one() -> None:
    """A device with one stream to give refuses a second."""

    async def story() -> None:
        world = World()
        camera = await streaming(world)
        await world.crash()
        await world.start()
        await world.gateway.open_live(world.fleet.channel(NVR, CAM1), "main")
        methods = [each.method for each in camera.heard if each.method in {"INVITE", "BYE"}]
        assert methods == ["INVITE", "BYE", "INVITE"]

    run(story())


def test_a_whole_city_of_ghosts_is_told_within_the_budget() -> None:
    async def story() -> None:
        settings = GatewaySettings(
            gb_id=PLATFORM,
            realm=REALM,
            advertise=GATE_HOST,
            ghost=GhostSettings(concurrent=2, per_second=4.0),
        )
        world = World(settings)
        await world.start()
        cameras = []
        for number in range(12):
            gb_id = f"3402000000118000{number:04d}"
            cameras.append(world.camera(gb_id, "example-9", CAM1))
            await world.gateway.devices_changed()
            await cameras[-1].register()
            await world.gateway.open_live(world.fleet.channel(gb_id, CAM1), "main")
        await world.crash()
        begun = asyncio.get_running_loop().time()
        await world.start()
        most = 0
        while world.dialogs.rows:
            under_way = world.gateway._running
            assert under_way is not None
            most = max(most, under_way.ghosts._plan.running)
            await later(0.01)
        assert most <= 2
        assert (
            asyncio.get_running_loop().time() - begun >= (12 - 5) / 4 - 0.1
        )  # a second of it may come at once
        assert [len(byes(each)) for each in cameras] == [1] * 12

    run(story())
