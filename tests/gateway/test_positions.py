"""Positions of mobile devices: the newest of each, in memory, nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.gateway.notifying import Notifying, subscribed
from tests.gateway.wire import START, later, run
from tests.gateway.world import World

from civicam.gateway import positions
from civicam.signalling.gb28181.ids import GbId
from civicam.signalling.gb28181.manscdp.mobile_position import Fix, MobilePosition
from civicam.signalling.sip.message import Response

PLATFORM_BELOW = "34020000002000000009"
ONE, TWO = "34020000001380000001", "34020000001380000002"


def fix(gb_id: str, lon: float, seconds: float | None = 0) -> Fix:
    at = None if seconds is None else START + timedelta(seconds=seconds)
    return Fix(gb_id, lon, 31.3, at, speed=12.5, direction=90.0)


def report(*fixes: Fix, flat: bool = False) -> MobilePosition:
    return MobilePosition(1, GbId(fixes[0].device_id if flat else PLATFORM_BELOW), fixes, START, flat=flat)


def places(world: World) -> list[tuple[str, float]]:
    return [(each.gb_id, each.lon) for each in world.gateway.operations.positions.newest()]


async def vehicle(world: World) -> Notifying:
    return await subscribed(world, PLATFORM_BELOW)


@pytest.mark.parametrize("by", ["NOTIFY", "MESSAGE"])
def test_only_the_newest_is_kept(by: str) -> None:
    async def story() -> None:
        world = World()
        device = await vehicle(world)
        for number in range(5):
            told = report(fix(ONE, 118.0 + number, number), flat=True)
            body_sent = device.camera.say(told) if by == "MESSAGE" else _notify(device, told)
            assert (await body_sent).status == 200
        await later(1)
        (found,) = world.gateway.operations.positions.newest()
        assert (found.gb_id, found.lon, found.lat, found.speed) == (ONE, 122.0, 31.3, 12.5)
        assert (found.device_id, found.at) == (f"d-{PLATFORM_BELOW}", START + timedelta(seconds=4))
        assert world.gateway.gauges()["positions"] == 1
        # nothing of it goes to the store
        assert not any("osition" in type(fact).__name__ for fact in world.fleet.facts)

    run(story())


async def _notify(device: Notifying, told: MobilePosition) -> Response:
    device.dialogs["MobilePosition"] = device.dialogs["Alarm"]
    return await device.notify(told)


def test_a_report_that_was_overtaken_changes_nothing() -> None:
    async def story() -> None:
        world = World()
        device = await vehicle(world)
        await device.camera.say(report(fix(ONE, 118.5, 60), fix(TWO, 119.0, None)))
        await device.camera.say(report(fix(ONE, 118.1, 30), fix(TWO, 119.5, None)))
        await later(1)
        assert sorted(places(world)) == [(ONE, 118.5), (TWO, 119.5)]

    run(story())


def test_what_is_no_position_is_counted() -> None:
    async def story() -> None:
        world = World()
        device = await vehicle(world)
        nowhere = replace(fix(ONE, 0.0), latitude=0.0)
        await device.camera.say(report(nowhere, fix(TWO, 118.0)))
        await later(1)
        assert places(world) == [(TWO, 118.0)]
        assert world.gateway.counters()["position_unusable"] == 1

    run(story())


def test_where_a_device_is_that_went_away_is_not_known() -> None:
    async def story() -> None:
        world = World()
        device = await vehicle(world)
        await device.camera.say(report(fix(ONE, 118.0)))
        await later(1)
        await device.camera.register(0)
        assert places(world) == []

    run(story())


def test_there_is_a_most(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        world = World()
        device = await vehicle(world)
        await device.camera.say(report(fix(ONE, 118.0)))
        await device.camera.say(report(fix(TWO, 118.0)))
        await later(1)
        assert places(world) == [(TWO, 118.0)]

    monkeypatch.setattr(positions, "_MOST", 1)
    run(story())
