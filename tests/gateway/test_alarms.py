"""Alarms on the wire: stored before they are acknowledged, once however they come; bounded, armed, reset."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.gateway.notifying import Notifying, subscribed
from tests.gateway.recorder import CAM1, CAM2, NVR
from tests.gateway.wire import GATE_HOST, PLATFORM, REALM, START, later, run, until
from tests.gateway.world import World

from civicam.alarms.facts import Alarm
from civicam.fleet.facts import DeviceId
from civicam.fleet.model import channel_id_for
from civicam.gateway.event_settings import AlarmHandlingSettings, DeviceHabits
from civicam.gateway.settings import GatewaySettings
from civicam.kernel.errors import CivicamError
from civicam.signalling.gb28181.manscdp.alarm import AlarmNotify

DEVICE = DeviceId(f"d-{NVR}")
ALARM_INPUT = "34020000001340000001"
CENTRE = "3402000000"
ALARM = AlarmNotify(
    sn=2051,
    device_id=CAM1,
    priority=1,
    method=2,
    time=START,
    description="箱门被打开",
    longitude=118.433,
    latitude=31.352,
    alarm_type=2,
)


def settings(**changes: Any) -> GatewaySettings:
    devices = changes.pop("devices", {})
    return GatewaySettings(
        gb_id=PLATFORM,
        realm=REALM,
        advertise=GATE_HOST,
        alarm=AlarmHandlingSettings(**changes),
        devices=devices,
    )


def number(seconds: int, **changes: Any) -> AlarmNotify:
    """An alarm of its own."""
    return replace(ALARM, time=START + timedelta(seconds=seconds), **changes)


def test_an_alarm_as_message_is_stored_and_then_acknowledged() -> None:
    async def story() -> None:
        world = World()
        device = await subscribed(world, NVR, CAM1)
        assert (await device.camera.say(ALARM)).status == 200
        await until(lambda: bool(device.acknowledged), 2)
        (seen,) = world.alarms.all
        assert (seen.device_id, seen.source_id) == (DEVICE, CAM1)
        assert seen.channel_id == channel_id_for(NVR, CAM1)
        assert (seen.priority, seen.method, seen.type, seen.at) == (1, 2, 2, START)
        assert (seen.name_zh, seen.name_en) == ("设备防拆报警", "device tampered with")
        assert (seen.lon, seen.lat, seen.how) == (118.433, 31.352, "message")
        (answer,) = device.acknowledged
        assert (answer.sn, answer.device_id, answer.ok) == (2051, CAM1, True)
        await later(1)
        assert world.gateway.counters()["alarm_answered"] == 1

    run(story())


def test_an_alarm_as_notice_needs_no_more_than_its_200() -> None:
    async def story() -> None:
        world = World()
        device = await subscribed(world, NVR, CAM1)
        assert (await device.notify(ALARM)).status == 200
        await later(5)
        assert [seen.how for seen in world.alarms.all] == ["notify"]
        assert device.acknowledged == []

    run(story())


def test_one_alarm_both_ways_is_one_alarm() -> None:
    async def story() -> None:
        world = World()
        device = await subscribed(world, NVR, CAM1)
        await device.notify(ALARM)
        await device.camera.say(replace(ALARM, sn=9))
        await until(lambda: bool(device.acknowledged), 2)
        assert (len(world.alarms.all), world.alarms.copies) == (1, 1)

    run(story())


@pytest.mark.parametrize("source", [NVR, ALARM_INPUT, CENTRE])
def test_what_is_no_channel_can_raise_an_alarm(source: str) -> None:
    async def story() -> None:
        world = World()
        device = await subscribed(world, NVR, CAM1)
        await device.camera.say(replace(ALARM, device_id=source))
        await until(lambda: bool(device.acknowledged), 2)
        (seen,) = world.alarms.all
        assert (seen.source_id, seen.channel_id) == (source, "")
        assert device.acknowledged[0].device_id == source

    run(story())


def test_an_alarm_is_not_acknowledged_before_it_is_durable() -> None:
    async def story() -> None:
        world = World()
        device = await subscribed(world, NVR, CAM1)
        world.alarms.broken = True
        assert (await device.camera.say(ALARM)).status == 200
        await later(3)
        assert (world.alarms.all, device.acknowledged) == ([], [])
        world.alarms.broken = False
        await until(lambda: bool(device.acknowledged), 20)
        assert len(world.alarms.all) == 1
        assert world.gateway.counters()["db.full"] >= 2

    run(story())


def test_a_store_that_stays_away_costs_alarms_that_are_counted() -> None:
    async def story() -> None:
        world = World()
        device = await subscribed(world, NVR, CAM1)
        world.alarms.broken = True
        await device.camera.say(ALARM)
        await later(200)
        assert world.gateway.counters()["alarm_lost"] == 1
        world.alarms.broken = False
        await device.camera.say(ALARM)  # it was never acknowledged: the device sends it again
        await until(lambda: bool(device.acknowledged), 2)

    run(story())


def test_alarms_of_one_device_keep_their_order() -> None:
    async def story() -> None:
        world = World()
        device = await subscribed(world, NVR, CAM1)
        world.alarms.broken = True
        for second in range(10):
            await device.notify(number(second))
        world.alarms.broken = False
        await until(lambda: len(world.alarms.all) == 10, 30)
        assert [seen.at for seen in world.alarms.all] == [START + timedelta(seconds=n) for n in range(10)]

    run(story())


def test_a_device_that_floods_is_cut_off_and_others_are_not() -> None:
    async def story() -> None:
        world = World(settings(burst=20, per_second=1))
        loud = await subscribed(world, NVR, CAM1)
        quiet = await subscribed(world, "34020000001180000002", CAM2)
        for second in range(200):
            await loud.notify(number(second))
        await quiet.notify(number(0, device_id=CAM2))
        await loud.camera.say(number(1000))  # one message among them: it is acknowledged, or would come again
        await later(1)
        kept = [seen for seen in world.alarms.all if seen.device_id == DEVICE]
        assert 20 <= len(kept) <= 25
        assert len(world.alarms.all) == len(kept) + 1
        assert world.gateway.counters()["alarm_dropped"] == 201 - len(kept)
        assert len(loud.acknowledged) == 1
        assert "gateway.alarm-flood" in world.gateway.operations.sights.sight(DEVICE).faults
        await later(60)
        await loud.notify(number(2000))
        await later(1)
        assert len(world.alarms.all) == len(kept) + 2

    run(story())


def test_a_city_whose_store_stands_still_holds_a_bounded_number() -> None:
    async def story() -> None:
        world = World(settings(waiting=5))
        device = await subscribed(world, NVR, CAM1)
        world.alarms.broken = True
        for second in range(9):
            await device.notify(number(second))
        assert world.gateway.counters()["alarm_dropped"] == 4
        world.alarms.broken = False
        await until(lambda: len(world.alarms.all) == 5, 30)

    run(story())


async def hikvision(world: World, **fields: Any) -> Notifying:
    """A recorder of the maker, by its User-Agent."""
    await world.start()
    device = Notifying(world.camera(NVR, "example-9", CAM1), **fields)
    await world.gateway.devices_changed()
    await device.camera.register(headers=[("User-Agent", "Hikvision NVR 4.0")])
    await until(lambda: "Alarm" in device.dialogs)
    return device


def test_a_device_that_sends_no_alarms_unarmed_is_armed_first() -> None:
    async def story() -> None:
        world = World()
        device = await hikvision(world)
        assert device.orders.index("Guard") < device.orders.index("Alarm")
        assert device.orders.count("Guard") == 1
        assert world.gateway.counters()["alarm_arming_done"] == 1
        assert "arm=true" in world.gateway.operations.sights.sight(DEVICE).habits

    run(story())


def test_a_device_that_does_not_answer_to_arming_is_subscribed_to_all_the_same() -> None:
    async def story() -> None:
        world = World()
        device = await hikvision(world, confirms=False)
        assert device.orders.count("Guard") == 1
        assert world.gateway.counters()["alarm_arming_unconfirmed"] == 1

    run(story())


@pytest.mark.parametrize(
    ("arm", "habits", "armed"),
    [
        (True, {}, True),
        (False, {}, False),
        (True, {NVR: DeviceHabits(arm=False)}, False),
        (False, {NVR: DeviceHabits(arm=True)}, True),
    ],
)
def test_an_operator_decides_who_is_armed(arm: bool, habits: dict[str, DeviceHabits], armed: bool) -> None:
    async def story() -> None:
        world = World(settings(arm=arm, devices=habits))
        device = await hikvision(world)
        assert ("Guard" in device.orders) is armed

    run(story())


def test_others_are_not_armed() -> None:
    async def story() -> None:
        world = World()
        device = await subscribed(world, NVR, CAM1)
        await later(10)
        assert "Guard" not in device.orders

    run(story())


@pytest.mark.parametrize(
    ("reset", "method", "confirms", "state"),
    [(True, 2, True, "done"), (True, 2, False, "unconfirmed"), (True, 5, True, ""), (False, 2, True, "")],
)
def test_a_device_alarm_is_reset_by_itself_when_that_is_wanted(
    reset: bool, method: int, confirms: bool, state: str
) -> None:
    async def story() -> None:
        world = World(settings(reset=reset))
        device = await subscribed(world, NVR, CAM1)
        device.confirms = confirms
        await device.notify(replace(ALARM, method=method))
        await device.notify(replace(ALARM, method=method))  # a copy is not reset again
        await later(10)
        assert device.orders.count("AlarmReset") == bool(state)
        assert [(each[1], each[2]) for each in world.alarms.resets] == ([(state, "")] if state else [])

    run(story())


def test_a_reset_by_itself_that_cannot_be_sent_is_kept_as_failed() -> None:
    async def story() -> None:
        world = World(settings(reset=True))
        device = await subscribed(world, NVR, CAM1)
        await later(1)
        world.network.drop = lambda data, _source, _target: b"AlarmCmd" in data
        await device.notify(ALARM)
        await later(60)
        assert [each[1] for each in world.alarms.resets] == ["failed"]

    run(story())


@pytest.mark.parametrize(("source", "target"), [(CAM1, CAM1), (CENTRE, NVR)])
def test_an_operator_resets_an_alarm(source: str, target: str) -> None:
    async def story() -> None:
        world = World()
        device = await subscribed(world, NVR, CAM1)
        await device.notify(replace(ALARM, device_id=source))
        await later(1)
        ((alarm_id, seen),) = world.alarms.kept.items()
        await world.gateway.operations.alarms.reset(Alarm(alarm_id, seen), "wang")
        assert world.alarms.resets == [(alarm_id, "done", "wang")]
        order = next(each for each in reversed(device.camera.heard) if b"AlarmCmd" in each.body)
        assert f"<DeviceID>{target}</DeviceID>".encode() in order.body
        assert b"<AlarmMethod>2</AlarmMethod>" in order.body

    run(story())


def test_a_reset_of_a_device_that_is_away() -> None:
    async def story() -> None:
        world = World()
        device = await subscribed(world, NVR, CAM1)
        await device.notify(ALARM)
        await later(1)
        ((alarm_id, seen),) = world.alarms.kept.items()
        desk = world.gateway.operations.alarms
        world.network.drop = lambda data, _source, _target: b"AlarmCmd" in data
        with pytest.raises(CivicamError, match=r"gateway\.no-answer"):
            await desk.reset(Alarm(alarm_id, seen), "wang")
        assert world.alarms.resets == [(alarm_id, "failed", "wang")]
        await device.camera.register(0)
        with pytest.raises(CivicamError, match=r"gateway\.device-offline"):
            await desk.reset(Alarm(alarm_id, seen), "wang")
        assert len(world.alarms.resets) == 1  # nothing was asked

    run(story())


def test_an_answer_that_is_lost_is_counted() -> None:
    async def story() -> None:
        world = World()
        device = await subscribed(world, NVR, CAM1)
        world.network.drop = lambda data, _source, _target: b"<Response>" in data
        await device.camera.say(ALARM)
        await later(60)
        assert len(world.alarms.all) == 1
        assert world.gateway.counters()["alarm_answer_lost"] == 1

    run(story())
