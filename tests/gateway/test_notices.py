"""What a NOTIFY is answered: outside of dialogs, from strangers, for devices that are gone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.gateway.notifying import Notifying, subscribed
from tests.gateway.recorder import CAM1, CAM2, NVR
from tests.gateway.wire import later, run
from tests.gateway.world import World

from civicam.fleet.facts import DeviceId, Presence
from civicam.gateway.subscriptions import seconds
from civicam.signalling.gb28181.ids import GbId
from civicam.signalling.gb28181.manscdp import CatalogQuery, Keepalive, to_xml
from civicam.signalling.gb28181.manscdp.alarm import AlarmNotify

DEVICE = DeviceId(f"d-{NVR}")
MOBILE = "34020000001380000001"

ALARM = AlarmNotify(7, CAM1, priority=1, method=2, alarm_type=2)


@pytest.mark.parametrize(
    ("body", "event", "content_type", "status"),
    [
        (to_xml(ALARM), "presence", "application/manscdp+xml", 200),
        (to_xml(ALARM), "", "Application/MANSCDP+xml", 200),
        (to_xml(ALARM), "Alarm", "text/xml", 200),
        (to_xml(ALARM), "dialog", "application/manscdp+xml", 489),
        (to_xml(Keepalive(1, GbId(NVR))), "presence", "application/manscdp+xml", 489),
        (to_xml(CatalogQuery(1, GbId(NVR))), "presence", "application/manscdp+xml", 489),
        (
            b"<Notify><CmdType>Weather</CmdType><SN>1</SN><DeviceID>x</DeviceID></Notify>",
            "presence",
            "application/manscdp+xml",
            489,
        ),
        (b"<Notify><CmdType>Alarm", "presence", "application/manscdp+xml", 400),
        (to_xml(ALARM), "presence", "image/jpeg", 415),
        (b"", "presence", "", 481),
    ],
)
def test_notices_outside_a_dialog(body: bytes, event: str, content_type: str, status: int) -> None:
    async def story() -> None:
        world = World()
        device = await subscribed(world, NVR, CAM1)
        answer = await device.notify_outside(body, event=event, content_type=content_type)
        assert answer.status == status
        await later(1)
        assert len(world.alarms.all) == (status == 200)
        assert world.gateway.counters().get("notice_outside", 0) == (status == 200)
        assert (answer.headers.get("Allow-Events") is not None) is (status == 489)

    run(story())


def test_only_who_registered_may_notify() -> None:
    async def story() -> None:
        world = World()
        await subscribed(world, NVR, CAM1)
        stranger = Notifying(world.camera(CAM2))
        assert (await stranger.notify_outside(to_xml(ALARM), who=NVR)).status == 403
        unknown = replace(ALARM, device_id="34020000001310000077")
        assert (await stranger.notify_outside(to_xml(unknown), who="34020000001310000077")).status == 481
        await later(1)
        assert world.alarms.all == []

    run(story())


def test_what_is_removed_is_asked_nothing_more() -> None:
    async def story() -> None:
        world = World()
        device = await subscribed(world, NVR, CAM1)
        await later(1)
        del world.fleet.records[DEVICE]
        await world.gateway.devices_changed()
        await later(2 * 3600)
        assert len(device.subscribes) == 2
        assert world.gateway.presence(DEVICE) is Presence.UNKNOWN

    run(story())


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3600", 3600),
        (" 60 ;x", 60),
        ("18000 (busy)", 18000),
        ("", None),
        (None, None),
        ("-1", None),
        ("9" * 12, None),
    ],
)
def test_seconds_of_a_header(text: str | None, value: int | None) -> None:
    assert seconds(text) == value
