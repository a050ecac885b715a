"""The fleet on its store: what devices cause, what catalogues change, what a city file brings."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from civicam.db.engine import Database
from civicam.db.unit import UnitOfWork
from civicam.fleet.facts import (
    CatalogueItem,
    ChannelChange,
    ChannelId,
    DeviceId,
    DeviceInfo,
    DeviceRegistered,
    DeviceUnregistered,
    Heartbeat,
    Presence,
    PresenceChanged,
)
from civicam.fleet.model import ha1
from civicam.fleet.queries import FleetQueries
from civicam.fleet.service import FleetService
from civicam.fleet.settings import FleetSettings
from civicam.fleet.store import FleetStore
from civicam.fleet.vault import KeyFileVault
from civicam.fleet.views import ChannelFilter
from civicam.kernel.clock import ManualClock
from civicam.kernel.errors import Refused

RECORDER = "34020000001180000001"
ENCODER = "34020000001130000001"
CAMERA = {"place": "junction", "ground": "799-7-government", "purpose": "public-order", "owner": "bureau"}


def city(secret: str = "first secret", name: str = "录像机", username: str = "") -> str:
    """One recorder with two channels, one RTSP encoder with one."""
    return json.dumps(
        {
            "format": "civicam-city/1",
            "name": {"zh": "样例市", "en": "Sample City"},
            "realm": "3402000000",
            "platform": "34020000002000000001",
            "center": [118.4, 31.3],
            "districts": [{"code": "340202", "name": {"zh": "东区", "en": "East"}, "streets": []}],
            "sites": [
                {
                    "id": "S1",
                    "name": "点位",
                    "district": "340202",
                    "lon": 118.4,
                    "lat": 31.3,
                    "kind": "camera",
                }
            ],
            "devices": [
                {
                    "gb_id": RECORDER,
                    "kind": "recorder",
                    "site": "S1",
                    "name": name,
                    "username": username,
                    "secret": secret,
                    "heartbeat_s": 30,
                },
                {
                    "gb_id": ENCODER,
                    "kind": "encoder",
                    "protocol": "rtsp",
                    "site": "S1",
                    "name": "编码器",
                    "url": "rtsp://192.0.2.9:554/live",
                    "username": "u",
                    "secret": "rtsp secret",
                },
            ],
            "parties": [{"id": "bureau", "kind": "government", "name": "城市运行中心"}],
            "channels": [
                {
                    "gb_id": f"3402000000131000000{n}",
                    "device": RECORDER,
                    "site": "S1",
                    "name": f"通道{n}",
                    "camera": CAMERA,
                }
                for n in (1, 2)
            ]
            + [{"gb_id": ENCODER, "device": ENCODER, "site": "S1", "name": "球机", "camera": CAMERA}],
        }
    )


class House:
    """A fleet on a store."""

    def __init__(self, database: Database, key: Path) -> None:
        self.database = database
        self.clock = ManualClock()
        self.fleet = FleetService(
            UnitOfWork(database, FleetStore),
            UnitOfWork(database, FleetQueries),
            KeyFileVault(key),
            self.clock,
            FleetSettings(),
        )

    async def recorder(self) -> DeviceId:
        found = await self.fleet.credentials(RECORDER)
        assert found is not None
        return found.device_id

    async def goes(self, after: Presence, reason: str, before: Presence = Presence.UNKNOWN) -> None:
        await self.fleet.presence(
            PresenceChanged(await self.recorder(), before, after, reason, self.clock.now())
        )

    async def states(self) -> dict[str, tuple[str, str | None]]:
        page = await self.fleet.channels(ChannelFilter())
        return {c.name: (c.state.value, c.reason) for c in page.channels if c.device_gb_id == RECORDER}


def inside(url: str, tmp_path: Path, test: Callable[[House], Awaitable[None]]) -> None:
    async def main() -> None:
        async with asyncio.timeout(60):
            house = House(Database(url), tmp_path / "key")
            try:
                imported, problems = await house.fleet.import_city(city())
                assert problems == []
                assert imported is not None
                await test(house)
            finally:
                await house.database.aclose()

    asyncio.run(main())


def items(*numbers: int, status: str = "ON") -> list[CatalogueItem]:
    return [
        CatalogueItem(f"3402000000131000000{n}", f"IPC {n}", status, ptz_type=1, raw=(("Extra", "x"),))
        for n in numbers
    ]


def test_a_file_taken_over_twice_is_the_same_fleet(url: str, tmp_path: Path) -> None:
    async def test(h: House) -> None:
        await h.goes(Presence.ONLINE, "fleet.registered")
        again, _ = await h.fleet.import_city(city(name="新名称"))
        assert again is not None
        assert again.added == 0
        records = {record.gb_id: record for record in await h.fleet.devices()}
        assert records[RECORDER].name == "新名称"
        assert records[RECORDER].last_presence is Presence.ONLINE  # what was observed stays
        assert records[RECORDER].heartbeat_s == 30
        assert records[ENCODER].password == "rtsp secret"

    inside(url, tmp_path, test)


def test_secrets_are_kept_as_what_they_are_needed_for(url: str, tmp_path: Path) -> None:
    async def test(h: House) -> None:
        found = await h.fleet.credentials(RECORDER)
        assert found is not None
        assert (found.ha1_md5, found.ha1_sha256) == ha1(RECORDER, "3402000000", "first secret")
        assert found.username == ""
        assert await h.fleet.credentials(ENCODER) is None
        assert await h.fleet.credentials("34020000001189999999") is None
        raw = await h.database.read(lambda c: str(c.execute(text("SELECT * FROM fleet_device")).all()))
        assert "first secret" not in raw
        assert "rtsp secret" not in raw
        await h.fleet.import_city(city(secret="second secret", username="admin"))
        found = await h.fleet.credentials(RECORDER)
        assert found is not None
        assert (found.ha1_md5, found.ha1_sha256) == ha1("admin", "3402000000", "second secret")
        assert found.username == "admin"

    inside(url, tmp_path, test)


def test_a_registration_is_remembered_over_a_restart(url: str, tmp_path: Path) -> None:
    async def test(h: House) -> None:
        device, at = await h.recorder(), h.clock.now()
        await h.fleet.registered(
            DeviceRegistered(device, at, "192.0.2.1:5060", "tcp", 3600, "Recorder/1", "3.0")
        )
        record = next(
            r for r in await House(h.database, tmp_path / "key").fleet.devices() if r.gb_id == RECORDER
        )
        assert (record.source, record.transport, record.registered_at, record.expires_s) == (
            "192.0.2.1:5060",
            "tcp",
            at,
            3600,
        )
        await h.fleet.unregistered(DeviceUnregistered(device, at, "192.0.2.1:5060"))
        record = next(r for r in await h.fleet.devices() if r.gb_id == RECORDER)
        assert record.registered_at is None

    inside(url, tmp_path, test)


def test_a_device_nobody_enrolled_changes_nothing(url: str, tmp_path: Path) -> None:
    async def test(h: House) -> None:
        nobody, at = DeviceId("nobody"), h.clock.now()
        for attempt in (
            h.fleet.registered(DeviceRegistered(nobody, at, "x", "udp", 1)),
            h.fleet.unregistered(DeviceUnregistered(nobody, at, "x")),
            h.fleet.presence(PresenceChanged(nobody, Presence.UNKNOWN, Presence.ONLINE, "x", at)),
            h.fleet.catalogue(nobody, [], True, at),
        ):
            with pytest.raises(Refused, match=r"fleet\.unknown-device"):
                await attempt
        assert (
            await h.database.read(lambda c: c.execute(text("SELECT count(*) FROM db_outbox")).scalar()) == 0
        )

    inside(url, tmp_path, test)


def test_channels_follow_their_device(url: str, tmp_path: Path) -> None:
    async def test(h: House) -> None:
        assert set((await h.states()).values()) == {("unknown", "fleet.not-seen-yet")}
        await h.goes(Presence.ONLINE, "fleet.registered")
        assert set((await h.states()).values()) == {("online", None)}
        h.clock.advance(60)
        await h.goes(Presence.OFFLINE, "fleet.heartbeat-lost", Presence.ONLINE)
        assert set((await h.states()).values()) == {("offline", "fleet.heartbeat-lost")}
        page = await h.fleet.channels(ChannelFilter(state="offline"))
        assert {channel.since for channel in page.channels} == {h.clock.now()}
        situation = await h.fleet.situation()
        assert [t.after for t in situation.recent] == [Presence.OFFLINE, Presence.ONLINE]

    inside(url, tmp_path, test)


def test_a_complete_catalogue_marks_and_an_incomplete_one_only_adds(url: str, tmp_path: Path) -> None:
    async def test(h: House) -> None:
        device, at = await h.recorder(), h.clock.now()
        await h.goes(Presence.ONLINE, "fleet.registered")
        applied = await h.fleet.catalogue(device, items(1, 3), False, at)
        assert (applied.added, applied.updated, applied.missing) == (1, 1, 0)
        assert (await h.states())["通道2"] == ("online", None)
        applied = await h.fleet.catalogue(device, items(1, 3), True, at)
        assert (applied.added, applied.updated, applied.missing) == (0, 0, 1)
        assert (await h.states())["通道2"] == ("unknown", "fleet.missing-from-catalogue")
        assert (await h.states())["IPC 3"] == ("online", None)  # a new one, by the name the device gives
        applied = await h.fleet.catalogue(device, items(1, 2, 3, status="OFF"), True, at)
        assert (applied.added, applied.updated, applied.missing) == (0, 3, 0)
        assert set((await h.states()).values()) == {("offline", "fleet.reported-off")}
        # The same again is no change, and tells nothing.
        facts = text("SELECT count(*) FROM db_outbox")
        before = await h.database.read(lambda c: c.execute(facts).scalar_one())
        await h.fleet.catalogue(device, items(1, 2, 3, status="OFF"), True, at)
        assert await h.database.read(lambda c: c.execute(facts).scalar_one()) == before

    inside(url, tmp_path, test)


def test_news_of_channels_is_kept_and_told_once(url: str, tmp_path: Path) -> None:
    async def test(h: House) -> None:
        device, at = await h.recorder(), h.clock.now()
        await h.goes(Presence.ONLINE, "fleet.registered")
        await h.fleet.catalogue(device, items(1, 2), True, at)
        codes = [item.gb_id for item in items(1, 2, 9)]
        news = [
            ChannelChange("lost", codes[0]),
            ChannelChange("delete", codes[1]),
            ChannelChange("add", items(3)[0].gb_id, items(3)[0]),
            ChannelChange("on", codes[2]),
        ]
        done = await h.fleet.catalogue_changes(device, news, at)
        assert (done.applied.added, done.applied.updated, done.applied.missing) == (1, 1, 1)
        assert done.unknown == (codes[2],)
        states = await h.states()
        assert states["通道1"] == ("offline", "fleet.video-lost")
        assert states["通道2"] == ("unknown", "fleet.missing-from-catalogue")
        assert states["IPC 3"] == ("online", None)
        facts = text("SELECT count(*) FROM db_outbox")
        before = await h.database.read(lambda c: c.execute(facts).scalar_one())
        again = await h.fleet.catalogue_changes(device, news, at)
        assert (again.applied.added, again.applied.updated, again.applied.missing) == (0, 0, 0)
        assert await h.database.read(lambda c: c.execute(facts).scalar_one()) == before
        with pytest.raises(Refused, match=r"fleet\.unknown-device"):
            await h.fleet.catalogue_changes(DeviceId("nobody"), news, at)

    inside(url, tmp_path, test)


def test_heartbeats_are_collected_and_written_together(url: str, tmp_path: Path) -> None:
    async def test(h: House) -> None:
        device = await h.recorder()
        await h.goes(Presence.ONLINE, "fleet.registered")
        before = h.database.counters.units
        for _ in range(100):
            h.clock.advance(1)
            h.fleet.heard(Heartbeat(device, h.clock.now(), "192.0.2.1:5061"))
        assert h.database.counters.units == before
        await h.fleet.flush()
        assert h.database.counters.units == before + 1
        record = next(r for r in await h.fleet.devices() if r.gb_id == RECORDER)
        assert record.last_seen == h.clock.now()
        assert record.source == "192.0.2.1:5061"

    inside(url, tmp_path, test)


def test_a_channel_called_faulty_is_not_usable_until_it_is_not(url: str, tmp_path: Path) -> None:
    async def test(h: House) -> None:
        device = await h.recorder()
        await h.goes(Presence.ONLINE, "fleet.registered")
        beat = Heartbeat(device, h.clock.now(), "x", ("34020000001310000001",))
        h.fleet.heard(beat)
        await h.fleet.flush()
        assert await h.states() == {"通道1": ("offline", "fleet.reported-faulty"), "通道2": ("online", None)}
        # Also a service that starts anew and hears a sound heartbeat clears it.
        fresh = House(h.database, tmp_path / "key").fleet
        fresh.heard(Heartbeat(device, h.clock.now() + timedelta(seconds=60), "x"))
        await fresh.flush()
        assert set((await h.states()).values()) == {("online", None)}

    inside(url, tmp_path, test)


def test_heartbeats_that_cannot_be_written_wait(url: str, tmp_path: Path) -> None:
    async def test(h: House) -> None:
        device = await h.recorder()
        h.fleet.heard(Heartbeat(device, h.clock.now(), "192.0.2.1:1"))
        whole = h.database.write

        async def broken(_: Any, *, urgent: bool = False) -> Any:
            raise Refused("fleet.disabled", name="the disk")

        h.database.write = broken  # type: ignore[method-assign, assignment]
        with pytest.raises(Refused):
            await h.fleet.flush()
        h.database.write = whole  # type: ignore[method-assign]
        await h.fleet.aclose()  # the last ones are written when the server stops
        record = next(r for r in await h.fleet.devices() if r.gb_id == RECORDER)
        assert record.source == "192.0.2.1:1"

    inside(url, tmp_path, test)


def test_routes_say_where_pictures_come_from(url: str, tmp_path: Path) -> None:
    async def test(h: House) -> None:
        page = await h.fleet.channels(ChannelFilter())
        routes = {c.name: await h.fleet.route(ChannelId(c.id)) for c in page.channels}
        assert routes["通道1"].device_gb_id == RECORDER
        assert routes["通道1"].channel_gb_id == "34020000001310000001"
        assert routes["球机"].rtsp_url == "rtsp://192.0.2.9:554/live"
        assert routes["球机"].password == "rtsp secret"
        assert "rtsp secret" not in repr(routes["球机"])
        with pytest.raises(Refused, match=r"fleet\.unknown-channel"):
            await h.fleet.route(ChannelId("nothing"))

    inside(url, tmp_path, test)


def test_what_a_device_says_of_itself_is_kept(url: str, tmp_path: Path) -> None:
    async def test(h: House) -> None:
        device = await h.recorder()
        await h.fleet.device_info(device, DeviceInfo("Maker", "M-1", "1.0"))
        await h.fleet.device_info(device, DeviceInfo("", "", "1.1"))
        row = await h.database.read(
            lambda c: c.execute(
                text("SELECT manufacturer, model, firmware FROM fleet_device WHERE device_id = :d"),
                {"d": device},
            ).one()
        )
        assert tuple(row) == ("Maker", "M-1", "1.1")

    inside(url, tmp_path, test)
