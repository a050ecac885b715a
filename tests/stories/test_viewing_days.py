"""Days on which somebody wants to see something."""

from __future__ import annotations

import asyncio
import random

import pytest
from tests.gateway.camera import Camera
from tests.gateway.wire import later, run, until
from tests.gateway.world import World

from civicam.kernel.errors import CivicamError

NVR = "34020000001180000001"
CHANNELS = [f"340200000013100000{number:02}" for number in range(1, 8)]


async def recorder(world: World) -> Camera:
    """[NVR]──[PLATFORM], registered, seven channels, lists sent two items at a time."""
    await world.start()
    camera = world.camera(NVR, "example-9", *CHANNELS)
    await world.gateway.devices_changed()
    await camera.register(86_400)
    await until(lambda: bool(world.fleet.catalogues))
    return camera


def test_catalogue_that_stops_half_way() -> None:
    """The recorder reboots while it lists its channels.

        [7 × CAM]──[NVR ✝ after 3 parts]──[PLATFORM]

    Five channels of seven arrived. They are shown; the two others are not taken away, for the list is not
    complete; and the list is asked for again a while later, to the end this time.
    """

    async def story() -> None:
        world = World()
        await world.start()
        camera = world.camera(NVR, "example-9", *CHANNELS)
        camera.parts_sent = 3
        await world.gateway.devices_changed()
        await camera.register()
        await until(lambda: len(world.fleet.catalogues) == 1, 30)
        _, items, complete = world.fleet.catalogues[0]
        assert (len(items), complete) == (6, False)
        camera.parts_sent = None
        await until(lambda: len(world.fleet.catalogues) == 2, 90)
        _, items, complete = world.fleet.catalogues[1]
        assert (len(items), complete) == (7, True)

    run(story())


def test_recorder_that_announces_more_than_it_has() -> None:
    """[NVR says SumNum 9, sends 7]──[PLATFORM]: the list ends by the gap, and is never called complete."""

    async def story() -> None:
        world = World()
        await world.start()
        camera = world.camera(NVR, "example-9", *CHANNELS)
        camera.sum_extra = 2
        await world.gateway.devices_changed()
        await camera.register()
        await until(lambda: len(world.fleet.catalogues) == 1, 30)
        assert world.fleet.catalogues[0][2] is False
        assert len(world.fleet.catalogues[0][1]) == 7

    run(story())


def test_two_hundred_that_comes_too_late() -> None:
    """A recorder with a full disk takes twenty seconds to answer; the operator has given up after ten.

        [NVR, 20 s to answer]──[PLATFORM, waits 10 s]──[DUTY DESK]

    Its 200 arrives after our CANCEL crossed it. It is acknowledged and ended with BYE: no camera is left
    streaming to a port that belongs to somebody else by then.
    """

    async def story() -> None:
        world = World()
        camera = await recorder(world)
        camera.answer_delay = 20.0
        world.network.drop = lambda data, source, target: data.startswith(b"CANCEL")
        channel = world.fleet.channel(NVR, CHANNELS[0])
        with pytest.raises(CivicamError) as caught:
            await world.gateway.open_live(channel, "main")
        assert caught.value.code == "gateway.play-timeout"
        await until(lambda: camera.count("BYE") == 1, 60)
        await until(lambda: not world.gateway.sessions())
        assert camera.acked == 1
        assert world.engine.open == {}
        assert world.gateway.gauges()["ssrcs"] == 0

        world.network.drop = lambda *_: False
        camera.answer_delay = 0.05
        assert await world.gateway.open_live(channel, "main")

    run(story())


def test_camera_that_stops_in_the_middle() -> None:
    """The power of a site fails while three desks watch it.

        [FEED ✝]──[CAM]──[PLATFORM]──[3 × DESK]

    The stream ends when the engine has missed it long enough; BYE goes out and finds nobody, and is given up
    after timer F. Nothing is left over, and once the camera is back it plays as on the first day.
    """

    async def story() -> None:
        world = World()
        camera = await recorder(world)
        channel = world.fleet.channel(NVR, CHANNELS[0])
        stream = await world.gateway.open_live(channel, "main")
        camera.alive = False
        camera.agent.unplug()
        world.engine.lost(stream)
        await until(lambda: stream in world.engine.closed, 1)
        await until(lambda: not world.gateway.sessions(), 40)
        assert world.gateway.gauges()["ghosts"] == 1  # it may still send: when it is back, it is told
        assert world.gateway.counters()["bye_unanswered"] == 1

        camera.alive = True
        camera.agent.plug()
        assert (await camera.register()).status == 200
        assert await world.gateway.open_live(channel, "main") != stream
        assert (camera.count("BYE"), world.gateway.gauges()["ghosts"]) == (1, 0)

    run(story())


@pytest.mark.parametrize("seed", range(5))
def test_bad_line_where_one_packet_in_three_is_lost(seed: int) -> None:
    """[NVR]──[radio link, loses one datagram in three]──[PLATFORM]: it takes longer, and it works."""

    async def story() -> None:
        world = World()
        dice = random.Random(seed)
        world.network.drop = lambda *_: dice.random() < 1 / 3
        camera = await recorder(world)
        stream = await world.gateway.open_live(world.fleet.channel(NVR, CHANNELS[0]), "main")
        world.engine.idle(stream)
        await until(lambda: not world.gateway.sessions(), 60)
        assert (camera.count("INVITE"), camera.count("BYE")) == (1, 1)
        assert world.gateway.gauges()["ssrcs"] == 0

    run(story())


def test_a_busy_hour_leaves_nothing_behind() -> None:
    """Four desks flick through seven channels for an hour, while the recorder hangs up now and then.

    [7 × CAM]──[NVR]──[PLATFORM]──[4 × DESK]
    """

    async def story() -> None:
        world = World()
        camera = await recorder(world)
        asyncio.get_running_loop().create_task(camera.beat_for_ever())
        channels = [world.fleet.channel(NVR, each) for each in CHANNELS]

        async def desk(number: int) -> None:
            for step in range(60):
                stream = await world.gateway.open_live(channels[(number + step) % 7], "main")
                await later(30 + number)
                if step % 5 == 4 and camera.dialogs:
                    await camera.hang_up()
                world.engine.idle(stream)
                await later(30)

        await asyncio.gather(*(desk(number) for number in range(4)))
        await until(lambda: not world.gateway.sessions(), 60)
        gauges = world.gateway.gauges()
        assert (gauges["ssrcs"], gauges["sessions"]) == (0, 0)
        assert world.engine.open == {}
        assert world.gateway.counters()["live_asked"] == 240

    run(story())
