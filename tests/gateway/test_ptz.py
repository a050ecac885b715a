"""Every motion that is begun is ended: by its person, the watchdog, a broken connection, our own stop."""

from __future__ import annotations

import asyncio

import pytest
from tests.gateway.camera import Camera
from tests.gateway.recorder import CAM1, NVR, online
from tests.gateway.wire import later, run
from tests.gateway.world import World

from civicam.fleet.facts import ChannelId
from civicam.fleet.orders import Drive, Outcome, Result
from civicam.gateway.ptz import PtzDesk
from civicam.kernel.errors import Refused
from civicam.signalling.gb28181.manscdp.control_actions import Ptz
from civicam.signalling.gb28181.ptz import Lens, LensStop, Move, Stop


class Scene:
    """A dome that is online, its channel, and the desk that moves it."""

    def __init__(self, world: World, camera: Camera) -> None:
        self.world = world
        self.camera = camera
        self.ptz: PtzDesk = world.gateway.operations.ptz
        self.channel: ChannelId = world.fleet.channel(NVR, CAM1)

    def heard(self) -> list[object]:
        actions = (each.action for each in self.camera.controls())
        return [each.decoded.command for each in actions if isinstance(each, Ptz)]


async def scene() -> Scene:
    world = World()
    return Scene(world, await online(world))


def test_a_move_and_its_stop() -> None:
    async def story() -> None:
        s = await scene()
        assert await s.ptz.drive(s.channel, "ann", Drive(pan=1, speed=50)) == Outcome(Result.TAKEN)
        assert len(s.ptz) == 1
        assert await s.ptz.stop(s.channel) == Outcome(Result.TAKEN)
        assert s.heard() == [Move(pan=1, pan_speed=127, tilt_speed=127), Stop()]
        assert len(s.ptz) == 0
        await later(60)
        assert len(s.heard()) == 2

    run(story())


def test_a_motion_nobody_renews_is_stopped() -> None:
    async def story() -> None:
        s = await scene()
        await s.ptz.drive(s.channel, "ann", Drive(tilt=-1))
        for _ in range(5):
            await later(4)
            await s.ptz.drive(s.channel, "ann", Drive(tilt=-1))
        assert Stop() not in s.heard()
        await later(11)
        assert s.heard()[-1] == Stop()
        assert s.heard().count(Stop()) == 1
        assert s.world.gateway.counters()["ptz_stopped_watchdog"] == 1

    run(story())


def test_a_broken_connection_stops_what_that_person_moves() -> None:
    async def story() -> None:
        s = await scene()
        await s.ptz.drive(s.channel, "ann", Drive(zoom=1))
        s.ptz.gone("bob")
        await later(1)
        assert Stop() not in s.heard()
        s.ptz.gone("ann")
        await later(1)
        assert s.heard()[-1] == Stop()

    run(story())


def test_head_and_lens_stop_apart_and_together() -> None:
    async def story() -> None:
        s = await scene()
        await s.ptz.drive(s.channel, "ann", Drive(focus=1))
        await s.ptz.drive(s.channel, "ann", Drive(pan=-1))
        assert len(s.ptz) == 2
        await s.ptz.stop(s.channel)
        assert set(map(type, s.heard())) == {Lens, Move, Stop, LensStop}

    run(story())


def test_a_move_repeated_after_the_stop_is_stopped_again() -> None:
    """Lost and repeated by SIP, a move may arrive after its stop: the camera would turn for ever."""

    async def story() -> None:
        s = await scene()
        s.camera.message_status = 0  # nothing is answered: every request is repeated
        move = asyncio.create_task(s.ptz.drive(s.channel, "ann", Drive(pan=1)))
        await later(0.2)
        stop = asyncio.create_task(s.ptz.stop(s.channel))
        await later(0.2)
        s.camera.message_status = 200
        await asyncio.gather(move, stop, return_exceptions=True)
        await later(2)
        assert s.heard()[-1] == Stop()
        assert s.world.gateway.counters()["ptz_stopped_again"] == 1

    run(story())


def test_our_own_stop_leaves_no_camera_turning() -> None:
    async def story() -> None:
        s = await scene()
        await s.ptz.drive(s.channel, "ann", Drive(pan=1))
        await s.world.gateway.stop()
        assert s.heard()[-1] == Stop()

    run(story())


@pytest.mark.parametrize("wish", [Drive(), Drive(pan=1, focus=1), Drive(speed=100)])
def test_a_wish_without_one_direction_is_refused(wish: Drive) -> None:
    async def story() -> None:
        s = await scene()
        with pytest.raises(Refused, match=r"gateway\.no-direction"):
            await s.ptz.drive(s.channel, "ann", wish)
        assert s.heard() == []

    run(story())
