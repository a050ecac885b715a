"""Devices as the console reads them: pages of the list, and one device with what is stored of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.stores.test_fleet_store import ENCODER, RECORDER, House, inside

from civicam.fleet.facts import DeviceInfo, DeviceRegistered, Presence
from civicam.fleet.views import DeviceFilter
from civicam.kernel.errors import Refused


def test_devices_are_paged_by_name_and_counted(url: str, tmp_path: Path) -> None:
    async def test(h: House) -> None:
        first = await h.fleet.device_page(DeviceFilter(), "", 1)
        assert first.next is not None
        second = await h.fleet.device_page(DeviceFilter(), first.next, 1)
        assert second.next is None
        assert (first.total, second.total) == (2, 2)
        both = [*first.devices, *second.devices]
        assert {each.gb_id: (each.online, each.total) for each in both} == {RECORDER: (0, 2), ENCODER: (0, 1)}
        assert [each.name for each in both] == sorted(each.name for each in both)
        with pytest.raises(Refused, match=r"fleet\.bad-cursor"):
            await h.fleet.device_page(DeviceFilter(), "%%", 1)

    inside(url, tmp_path, test)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (DeviceFilter(q="录像"), [RECORDER]),
        (DeviceFilter(q="1180000001"), [RECORDER]),
        (DeviceFilter(q="点位"), [ENCODER, RECORDER]),
        (DeviceFilter(q="MAKER-7"), [RECORDER]),
        (DeviceFilter(protocol="rtsp"), [ENCODER]),
        (DeviceFilter(state="online"), [RECORDER]),
        (DeviceFilter(state="unknown"), [ENCODER]),
        (DeviceFilter(q="100%"), []),
    ],
)
def test_devices_are_filtered(url: str, tmp_path: Path, wanted: DeviceFilter, found: list[str]) -> None:
    async def test(h: House) -> None:
        await h.fleet.device_info(await h.recorder(), DeviceInfo("Maker-7", "M", ""))
        await h.goes(Presence.ONLINE, "fleet.registered")
        page = await h.fleet.device_page(wanted)
        assert sorted(each.gb_id for each in page.devices) == found
        assert page.total == len(found)

    inside(url, tmp_path, test)


def test_one_device_with_all_that_is_stored(url: str, tmp_path: Path) -> None:
    async def test(h: House) -> None:
        device = await h.recorder()
        fact = DeviceRegistered(device, h.clock.now(), "192.0.2.4:5060", "udp", 3600, "NVR/1", "3.0")
        await h.fleet.registered(fact)
        await h.goes(Presence.ONLINE, "fleet.registered")
        await h.goes(Presence.OFFLINE, "fleet.heartbeat-lost", Presence.ONLINE)
        found = await h.fleet.device(device)
        assert (found.source, found.transport, found.expires_s) == ("192.0.2.4:5060", "udp", 3600)
        assert (found.user_agent, found.device.version) == ("NVR/1", "3.0")
        assert (found.device.state, found.device.reason) == (Presence.OFFLINE, "fleet.heartbeat-lost")
        assert (found.heartbeat_s, found.misses) == (30, 3)
        assert [each.name for each in found.channels] == ["通道1", "通道2"]
        assert [each.after for each in found.recent] == [Presence.OFFLINE, Presence.ONLINE]
        assert "secret" not in repr(found)
        with pytest.raises(Refused, match=r"fleet\.unknown-device"):
            await h.fleet.device("nobody")

    inside(url, tmp_path, test)
