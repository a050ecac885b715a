"""Catalogue notices: applied in order, beside the reading of lists, and never believed too much."""

from __future__ import annotations

from typing import Any

import pytest
from tests.gateway.notifying import Notifying, subscribed
from tests.gateway.recorder import CAM1, CAM2, CAM3, NVR
from tests.gateway.wire import GATE_HOST, PLATFORM, REALM, later, run, until
from tests.gateway.world import World

from civicam.fleet.facts import DeviceId
from civicam.gateway import catalogue_notify
from civicam.gateway.event_settings import DeviceHabits
from civicam.gateway.settings import GatewaySettings
from civicam.signalling.gb28181.manscdp import CatalogItem, ItemStatus
from civicam.signalling.gb28181.manscdp.catalog_notify import CatalogChange, CatalogEvent, CatalogNotify

DEVICE = DeviceId(f"d-{NVR}")
ALARM_INPUT = "34020000001340000001"


def news(*changes: tuple[CatalogEvent, str], **fields: Any) -> CatalogNotify:
    made = tuple(CatalogChange(event, CatalogItem(gb_id, **fields)) for event, gb_id in changes)
    return CatalogNotify(1, NVR, made)


def status(world: World) -> dict[str, str]:
    """The channels that are not missing, with their states."""
    known = world.fleet.channels[DEVICE]
    return {gb_id: each.item.status for gb_id, each in known.items() if not each.missing}


async def recorder(world: World) -> Notifying:
    """A recorder that lists two channels."""
    return await subscribed(world, NVR, CAM1, CAM2)


@pytest.mark.parametrize(
    ("event", "after"),
    [
        (CatalogEvent.OFF, {CAM1: "OFF", CAM2: "ON"}),
        (CatalogEvent.VLOST, {CAM1: "VLOST", CAM2: "ON"}),
        (CatalogEvent.DEFECT, {CAM1: "DEFECT", CAM2: "ON"}),
        (CatalogEvent.ON, {CAM1: "ON", CAM2: "ON"}),
        (CatalogEvent.DEL, {CAM2: "ON"}),
        (CatalogEvent.ADD, {CAM1: "ON", CAM2: "ON"}),
        (CatalogEvent.UPDATE, {CAM1: "ON", CAM2: "ON"}),
    ],
)
@pytest.mark.parametrize("by", ["NOTIFY", "MESSAGE"])
def test_what_happened_to_a_channel(event: CatalogEvent, after: dict[str, str], by: str) -> None:
    async def story() -> None:
        world = World()
        device = await recorder(world)
        notice = news((event, CAM1), name="东门")
        answer = await (device.notify(notice) if by == "NOTIFY" else device.camera.say(notice))
        assert answer.status == 200
        await later(1)
        assert status(world) == after
        assert world.gateway.counters()["catalogue_changes"] == 1
        assert len(world.fleet.catalogues) == 1

    run(story())


def test_a_channel_that_is_added_needs_no_new_list() -> None:
    async def story() -> None:
        world = World()
        device = await recorder(world)
        await device.notify(news((CatalogEvent.ADD, CAM3), name="新", status=ItemStatus.OFF))
        await later(1)
        assert status(world)[CAM3] == "OFF"
        await later(300)
        assert len(world.fleet.catalogues) == 1

    run(story())


def test_what_is_no_channel_changes_nothing() -> None:
    async def story() -> None:
        world = World()
        device = await recorder(world)
        await device.notify(news((CatalogEvent.ADD, ALARM_INPUT), (CatalogEvent.ADD, PLATFORM)))
        await device.notify(news())
        await later(1)
        assert status(world) == {CAM1: "ON", CAM2: "ON"}
        assert "catalogue_changes" not in world.gateway.counters()

    run(story())


def test_a_state_of_an_unknown_channel_has_the_list_read_again_once() -> None:
    async def story() -> None:
        world = World()
        device = await recorder(world)
        device.camera.channels = (CAM1, CAM2, CAM3)
        for _ in range(3):
            await device.notify(news((CatalogEvent.ON, CAM3), (CatalogEvent.OFF, CAM1)))
        await later(30)
        assert len(world.fleet.catalogues) == 1  # within the cool-down
        assert status(world) == {CAM1: "OFF", CAM2: "ON"}
        await until(lambda: len(world.fleet.catalogues) == 2, 60)
        assert set(status(world)) == {CAM1, CAM2, CAM3}

    run(story())


def test_a_channel_that_is_told_of_and_never_listed_is_asked_for_once() -> None:
    async def story() -> None:
        world = World()
        device = await recorder(world)
        device.camera.expires = 86_400
        await device.camera.register()
        device.camera._later(device.camera.beat_for_ever())
        for _ in range(10):
            await device.notify(news((CatalogEvent.ON, CAM3)))
            await later(120)
        assert len(world.fleet.catalogues) == 2
        assert world.gateway.counters()["catalogue_change_unknown"] == 1

    run(story())


def test_news_that_comes_while_the_list_is_read_is_not_undone_by_it() -> None:
    async def story() -> None:
        world = World()
        device = await recorder(world)
        await later(61)
        device.camera.parts_sent = 0
        assert world.gateway.read_catalogue(DEVICE)
        await later(1)  # asked, and the device takes its time over an old list
        await device.notify(news((CatalogEvent.DEL, CAM1)))
        await device.notify(news((CatalogEvent.OFF, CAM2)))
        await later(1)
        assert status(world) == {CAM1: "ON", CAM2: "ON"}
        sn = world.gateway._running.resync._sn  # type: ignore[union-attr]
        await device.camera.say(world.part(sn, NVR, CAM1, CAM2))
        await later(1)
        assert len(world.fleet.catalogues) == 2
        assert status(world) == {CAM2: "OFF"}

    run(story())


def test_states_of_a_device_that_tells_wrong_ones_are_not_believed() -> None:
    async def story() -> None:
        habits = {NVR: DeviceHabits(trust_status=False)}
        world = World(GatewaySettings(gb_id=PLATFORM, realm=REALM, advertise=GATE_HOST, devices=habits))
        device = await recorder(world)
        await device.notify(news((CatalogEvent.OFF, CAM1), (CatalogEvent.VLOST, CAM2)))
        await device.notify(news((CatalogEvent.ADD, CAM3), status=ItemStatus.ON))
        await later(1)
        assert status(world) == {CAM1: "ON", CAM2: "ON", CAM3: "ON"}
        assert world.gateway.counters()["catalogue_state_not_believed"] == 2

    run(story())


def test_when_the_store_cannot_take_news_the_list_is_read_again() -> None:
    async def story() -> None:
        world = World()
        device = await recorder(world)
        world.fleet.broken = True
        assert (await device.notify(news((CatalogEvent.OFF, CAM1)))).status == 200
        await later(1)
        world.fleet.broken = False
        await until(lambda: len(world.fleet.catalogues) == 2, 120)
        assert world.gateway.counters()["db.busy"] >= 1

    run(story())


def test_a_flood_of_news_ends_in_a_list(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        world = World()
        device = await recorder(world)
        await later(61)
        device.camera.parts_sent = 0
        world.gateway.read_catalogue(DEVICE)
        await later(1)
        for _ in range(3):
            await device.notify(news((CatalogEvent.OFF, CAM1), (CatalogEvent.ON, CAM1)))
        assert world.gateway.counters()["catalogue_change_dropped"] == 2

    monkeypatch.setattr(catalogue_notify, "_WAITING", 4)
    run(story())


def test_news_of_a_removed_device_is_forgotten() -> None:
    async def story() -> None:
        world = World()
        device = await recorder(world)
        world.fleet.gone.add(DEVICE)
        await device.notify(news((CatalogEvent.OFF, CAM1)))
        await later(1)
        assert "task_failed" not in world.gateway.counters()

    run(story())
