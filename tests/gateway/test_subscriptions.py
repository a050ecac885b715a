"""Subscriptions at devices: begun after the list was read, kept up, ended; and what a NOTIFY is answered."""

from __future__ import annotations

from typing import Any

import pytest
from tests.gateway.notifying import Notifying, subscribed
from tests.gateway.recorder import CAM1, CAM2, NVR
from tests.gateway.wire import GATE_HOST, PLATFORM, REALM, later, run, until
from tests.gateway.world import World

from civicam.fleet.facts import DeviceId
from civicam.gateway.event_settings import DeviceHabits, SubscriptionSettings
from civicam.gateway.settings import GatewaySettings
from civicam.signalling.gb28181.events import SubscriptionKind
from civicam.signalling.gb28181.manscdp import CatalogQuery, parse_message
from civicam.signalling.gb28181.manscdp.alarm import AlarmQuery
from civicam.signalling.gb28181.manscdp.mobile_position import MobilePositionQuery
from civicam.signalling.gb28181.manscdp.ptz_position import PtzPositionQuery

DEVICE = DeviceId(f"d-{NVR}")
MOBILE = "34020000001380000001"


def settings(**changes: Any) -> GatewaySettings:
    return GatewaySettings(
        gb_id=PLATFORM,
        realm=REALM,
        advertise=GATE_HOST,
        subscription=SubscriptionSettings(**changes),
    )


def states(world: World) -> dict[str, str]:
    found = world.gateway.operations.sights.sight(DEVICE).subscriptions
    return {each.kind: each.state for each in found}


def test_a_recorder_is_asked_for_its_changes_and_alarms_once_it_is_read() -> None:
    async def story() -> None:
        world = World()
        device = await subscribed(world, NVR, CAM1, CAM2)
        assert len(world.fleet.catalogues) == 1  # read before
        (catalogue,), (alarms,) = device.of("Catalog"), device.of("Alarm")
        assert (catalogue.headers.get("Event") or "").startswith("Catalog;id=")
        assert alarms.headers.get("Event") == "presence"
        assert {each.headers.get("Expires") for each in device.subscribes} == {"3600"}
        assert isinstance(parse_message(catalogue.body), CatalogQuery)
        question = parse_message(alarms.body)
        assert isinstance(question, AlarmQuery)
        assert (question.start_priority, question.end_priority, question.methods) == (0, 0, ())
        await later(1)
        assert states(world) == {"Catalog": "active", "Alarm": "active"}
        sight = world.gateway.operations.sights.sight(DEVICE).subscriptions[0]
        assert sight.until is not None
        gauges = world.gateway.gauges()
        assert (gauges["subscriptions"], gauges["subscriptions_standing"]) == (2, 2)

    run(story())


def test_a_subscription_is_refreshed_in_its_dialog() -> None:
    async def story() -> None:
        world = World()
        device = await subscribed(world, NVR)
        camera = device.camera
        camera._later(camera.beat_for_ever())
        await later(0.9 * 3600 + 1)
        first, again = device.of("Catalog")
        assert 0.8 * 3600 < max(device.times) - device.times[0] <= 0.9 * 3600 + 1
        assert (again.call_id, again.cseq.number) == (first.call_id, first.cseq.number + 1)
        assert (again.from_.tag, again.to.tag) == (first.from_.tag, "sub")
        assert again.headers.get("Event") == first.headers.get("Event")
        assert again.headers.get("Contact") is not None
        await later(10)
        assert states(world)["Catalog"] == "active"

    run(story())


def test_a_device_that_forgot_is_asked_anew_in_a_new_dialog() -> None:
    async def story() -> None:
        world = World()
        device = await subscribed(world, NVR)
        camera = device.camera
        camera._later(camera.beat_for_ever())
        device.forgot = True
        await later(0.9 * 3600 + 10)
        assert len(device.of("Alarm")) == 3
        assert device.of("Alarm")[2].call_id != device.of("Alarm")[0].call_id
        await later(10)
        assert states(world)["Alarm"] == "active"

    run(story())


@pytest.mark.parametrize("status", [405, 489, 501])
def test_a_device_that_cannot_is_not_asked_again_before_it_comes_anew(status: int) -> None:
    async def story() -> None:
        world = World()
        await world.start()
        device = Notifying(world.camera(NVR, "example-9", CAM1), status=status)
        device.camera.expires = 86_400
        await world.gateway.devices_changed()
        await device.camera.register()
        device.camera._later(device.camera.beat_for_ever())
        await later(3 * 3600)
        assert len(device.subscribes) == 2
        assert set(states(world).values()) == {"unsupported"}
        assert world.gateway.counters()["subscription_unsupported"] == 2
        assert world.gateway.read_catalogue(DEVICE)  # reading it again is no new beginning
        await later(60)
        assert len(device.subscribes) == 2
        await device.camera.register(0)
        await device.camera.register()
        await until(lambda: len(device.subscribes) == 4)

    run(story())


def test_a_device_that_is_silent_is_asked_ever_more_rarely() -> None:
    async def story() -> None:
        world = World(settings(retry_s=30, retry_most_s=600, alarms=False))
        await world.start()
        device = Notifying(world.camera(NVR, "example-9", CAM1), status=0)
        device.camera.expires = 86_400
        await world.gateway.devices_changed()
        await device.camera.register()
        device.camera._later(device.camera.beat_for_ever())
        await later(2 * 3600)
        calls = {each.call_id for each in device.subscribes}
        assert 6 <= len(calls) <= 18
        assert world.gateway.counters()["subscribe_unanswered"] == len(calls)
        assert states(world) == {"Catalog": "waiting"}
        device.status = 200
        await until(lambda: states(world) == {"Catalog": "active"}, 1200)

    run(story())


def test_what_is_offline_is_forgotten_and_asked_again_when_it_is_back() -> None:
    async def story() -> None:
        world = World()
        device = await subscribed(world, NVR, CAM1)
        await device.camera.register(0)
        assert states(world) == {}
        assert world.gateway.gauges()["subscriptions"] == 0
        before = len(device.subscribes)
        await device.camera.register()
        # within the cool-down its list is not read again, but it has forgotten its subscriptions
        await until(lambda: len(device.subscribes) == before + 2, 5)
        assert len(world.fleet.catalogues) == 1
        assert len({each.call_id for each in device.subscribes}) == 4

    run(story())


def test_a_device_that_restarts_unnoticed_is_asked_anew() -> None:
    async def story() -> None:
        world = World()
        device = await subscribed(world, NVR, CAM1)
        await later(150)
        device.forgot = True
        await device.camera.register()  # no heartbeat was missed: it was online all the time
        await later(10)
        assert [each.to.tag for each in device.of("Alarm")] == [None, "sub", None]
        assert states(world) == {"Catalog": "active", "Alarm": "active"}
        device.forgot = False
        await device.camera.register()  # it only renews its registration
        await later(10)
        assert device.of("Alarm")[-1].call_id == device.of("Alarm")[-2].call_id
        assert states(world) == {"Catalog": "active", "Alarm": "active"}

    run(story())


def test_a_device_that_goes_away_while_it_is_asked() -> None:
    async def story() -> None:
        world = World()
        await world.start()
        device = Notifying(world.camera(NVR, "example-9", CAM1), status=0)
        await world.gateway.devices_changed()
        before = world.gateway.gauges()["tasks"]
        await device.camera.register()
        await until(lambda: len(device.subscribes) == 2)
        await device.camera.register(0)
        await later(60)
        assert states(world) == {}
        assert world.gateway.gauges()["tasks"] == before

    run(story())


def test_at_our_stop_the_devices_are_told() -> None:
    async def story() -> None:
        world = World()
        device = await subscribed(world, NVR, CAM1)
        await later(1)
        calls = {each.call_id for each in device.subscribes}
        await world.gateway.stop()
        last = device.subscribes[2:]
        assert [each.headers.get("Expires") for each in last] == ["0", "0"]
        assert {each.call_id for each in last} == calls

    run(story())


def test_our_stop_does_not_wait_for_dead_devices() -> None:
    async def story() -> None:
        world = World()
        device = await subscribed(world, NVR, CAM1)
        await later(1)
        device.camera.agent.unplug()
        began = device.camera.agent._loop.time()
        await world.gateway.stop()
        assert device.camera.agent._loop.time() - began < 10

    run(story())


def test_a_city_that_comes_at_once_is_asked_within_the_budget() -> None:
    async def story() -> None:
        world = World(settings(per_second=10))
        await world.start()
        devices = [Notifying(world.camera(f"340200000011800{n:05}", "example-9")) for n in range(40)]
        await world.gateway.devices_changed()
        for device in devices:
            device.camera._later(_register(device))
        await until(lambda: all(len(device.dialogs) == 2 for device in devices), 60)
        times = sorted(time for device in devices for time in device.times)
        assert len(times) == 80
        for number, time in enumerate(times[:-20]):
            assert times[number + 20] - time >= 0.9  # at most twice the rate within a second: one burst

    run(story())


async def _register(device: Notifying) -> None:
    await device.camera.register()


def test_what_is_not_wanted_is_not_asked_for() -> None:
    async def story() -> None:
        world = World(settings(catalogue=False, alarms=False))
        await world.start()
        device = Notifying(world.camera(NVR, "example-9", CAM1))
        await world.gateway.devices_changed()
        await device.camera.register()
        await later(300)
        assert device.subscribes == []

    run(story())


@pytest.mark.parametrize(
    ("gb_id", "habits", "asked"),
    [
        (MOBILE, {}, True),
        (MOBILE, {MOBILE: DeviceHabits(positions=False)}, False),
        (NVR, {}, False),
        (NVR, {NVR: DeviceHabits(positions=True)}, True),
    ],
)
def test_mobile_devices_are_asked_where_they_are(
    gb_id: str, habits: dict[str, DeviceHabits], asked: bool
) -> None:
    async def story() -> None:
        own = settings(position_every_s=15, catalogue=False, alarms=False).model_copy(
            update={"devices": habits}
        )
        world = World(own)
        await world.start()
        device = Notifying(world.camera(gb_id, "example-9"))
        await world.gateway.devices_changed()
        await device.camera.register()
        await later(300)
        assert bool(device.subscribes) is asked
        if asked:
            question = parse_message(device.subscribes[0].body)
            assert isinstance(question, MobilePositionQuery)
            assert question.interval == 15

    run(story())


def test_a_camera_can_be_asked_where_it_looks() -> None:
    async def story() -> None:
        world = World()
        device = await subscribed(world, NVR, CAM1)
        running = world.gateway._running
        entry = world.gateway._roster.by_gb_id(NVR)
        assert running is not None
        assert entry is not None
        for _ in range(2):
            running.subscriptions.want(entry, SubscriptionKind.PTZ_POSITION, CAM1)
        await until(lambda: "PTZPosition" in device.dialogs)
        (asked,) = device.of("PTZPosition")
        question = parse_message(asked.body)
        assert isinstance(question, PtzPositionQuery)
        assert question.device_id == CAM1
        await later(1)
        running.subscriptions.drop(DEVICE, SubscriptionKind.PTZ_POSITION, CAM1)
        await until(lambda: len(device.of("PTZPosition")) == 2)
        assert device.of("PTZPosition")[1].headers.get("Expires") == "0"
        await later(1)
        assert "PTZPosition" not in states(world)
        running.subscriptions.drop(DEVICE, SubscriptionKind.PTZ_POSITION, CAM1)  # twice is once

    run(story())


def test_a_subscription_the_device_ends_is_asked_for_again() -> None:
    async def story() -> None:
        world = World()
        device = await subscribed(world, NVR, CAM1)
        camera = device.camera
        camera._later(camera.beat_for_ever())
        await later(300)
        assert (await device.notify(None, "terminated;reason=timeout", kind="Catalog")).status == 200
        await until(lambda: len(device.of("Catalog")) == 2, 60)
        assert world.gateway.counters()["subscription_fell"] == 1

    run(story())
