"""Where cameras look: subscribed to while somebody watches, the newest kept, nothing else."""

from __future__ import annotations

import pytest
from tests.gateway.notifying import Notifying, subscribed
from tests.gateway.recorder import CAM1, CAM2, NVR
from tests.gateway.wire import GATE_HOST, PLATFORM, REALM, START, later, run, until
from tests.gateway.world import World

from civicam.fleet.orders import PtzNews, PtzPlace
from civicam.gateway import ptz_positions
from civicam.gateway.event_settings import SubscriptionSettings
from civicam.gateway.settings import GatewaySettings
from civicam.kernel.errors import CivicamError
from civicam.signalling.gb28181.ids import GbId
from civicam.signalling.gb28181.manscdp import to_xml
from civicam.signalling.gb28181.manscdp.ptz_position import PtzPosition, PtzPositionNotify


class Scene:
    """A recorder with two cameras, and somebody who watches."""

    def __init__(self, world: World, device: Notifying) -> None:
        self.world = world
        self.device = device
        self.looks = world.gateway.operations.looks

    async def watch(self, channel: str = CAM1) -> PtzNews:
        return await self.looks.watch(self.world.fleet.channel(NVR, channel))

    async def stands(self, channel: str = CAM1) -> None:
        await self.watch(channel)
        await until(lambda: "PTZPosition" in self.device.dialogs)
        await later(0.1)


async def scene(settings: GatewaySettings | None = None) -> Scene:
    world = World(settings)
    return Scene(world, await subscribed(world, NVR, CAM1, CAM2))


def look(pan: float | None, channel: str = CAM1, **more: float) -> PtzPositionNotify:
    return PtzPositionNotify(7, GbId(channel), PtzPosition(pan, **more))


def test_nobody_is_asked_before_somebody_watches() -> None:
    async def story() -> None:
        s = await scene()
        await later(120)
        assert s.device.of("PTZPosition") == []
        assert await s.watch() == PtzNews(subscription="subscribing")
        await later(1)
        (asked,) = s.device.of("PTZPosition")
        assert (asked.headers.get("Event"), CAM1 in asked.body.decode()) == ("presence", True)
        assert await s.watch() == PtzNews(subscription="active")
        assert len(s.device.of("PTZPosition")) == 1

    run(story())


@pytest.mark.parametrize("by", ["NOTIFY", "MESSAGE", "NOTIFY outside"])
def test_only_the_newest_is_kept_whichever_way_it_comes(by: str) -> None:
    async def story() -> None:
        s = await scene()
        await s.stands()
        for pan in (10.0, 20.0, 30.5):
            told = look(pan, tilt=4.0, zoom=2.0)
            match by:
                case "NOTIFY":
                    response = await s.device.notify(told)
                case "MESSAGE":
                    response = await s.device.camera.say(told)
                case _:
                    response = await s.device.notify_outside(to_xml(told))
            assert response.status == 200
        await later(0.1)
        found = await s.watch()
        assert found.place == PtzPlace(30.5, 4.0, 2.0)
        assert found.received_at is not None
        assert found.received_at > START
        assert len(s.looks) == 1
        assert (await s.watch(CAM2)).place is None
        assert not any("osition" in type(fact).__name__ for fact in s.world.fleet.facts)

    run(story())


def test_a_camera_that_speaks_in_the_name_of_the_device() -> None:
    async def story() -> None:
        s = await scene()
        await s.device.camera.say(look(12.0, NVR))
        await later(0.1)
        assert (await s.watch()).place == PtzPlace(12.0)
        await s.device.camera.say(look(99.0))
        await later(0.1)
        assert (await s.watch()).place == PtzPlace(99.0)

    run(story())


def test_a_notice_that_says_nothing_changes_nothing() -> None:
    async def story() -> None:
        s = await scene()
        await s.device.camera.say(look(5.0))
        await s.device.camera.say(look(None))
        await later(0.1)
        assert (await s.watch()).place == PtzPlace(5.0)
        assert s.world.gateway.counters()["ptz_position_empty"] == 1

    run(story())


def test_the_subscription_ends_when_nobody_watches() -> None:
    async def story() -> None:
        s = await scene()
        await s.stands()
        for _ in range(4):
            await later(20)
            await s.watch()
        assert len(s.device.of("PTZPosition")) == 1
        await later(31)
        last = s.device.of("PTZPosition")[-1]
        assert last.headers.get("Expires") == "0"
        await s.watch()
        await until(lambda: len(s.device.of("PTZPosition")) == 3)

    run(story())


def test_a_device_that_cannot_is_not_asked_again_and_again() -> None:
    async def story() -> None:
        s = await scene()
        s.device.status = 489
        for _ in range(5):
            await s.watch()
            await later(1)
        assert (await s.watch()).subscription == "unsupported"
        assert len(s.device.of("PTZPosition")) == 1

    run(story())


def test_it_can_be_switched_off() -> None:
    async def story() -> None:
        off = SubscriptionSettings(ptz=False)
        s = await scene(GatewaySettings(gb_id=PLATFORM, realm=REALM, advertise=GATE_HOST, subscription=off))
        assert await s.watch() == PtzNews()
        await later(5)
        assert s.device.of("PTZPosition") == []

    run(story())


def test_what_is_known_goes_with_the_device() -> None:
    async def story() -> None:
        s = await scene()
        await s.stands()
        await s.device.notify(look(10.0))
        await later(0.1)
        assert len(s.looks) == 1
        await s.device.camera.register(0)
        await later(1)
        assert len(s.looks) == 0
        with pytest.raises(CivicamError, match=r"gateway\.device-offline"):
            await s.watch()

    run(story())


def test_those_heard_longest_ago_are_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ptz_positions, "_MOST", 1)

    async def story() -> None:
        s = await scene()
        await s.device.camera.say(look(1.0))
        await s.device.camera.say(look(2.0, CAM2))
        await later(0.1)
        assert (len(s.looks), (await s.watch(CAM2)).place) == (1, PtzPlace(2.0))

    run(story())


def test_no_more_than_so_many_are_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ptz_positions, "_MOST_WATCHED", 1)

    async def story() -> None:
        s = await scene()
        await s.stands()
        assert (await s.watch(CAM2)).subscription == ""

    run(story())
