"""A house to ask over HTTP: real rooms on a real store, a gateway and an engine that only pretend."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import httpx
import pytest
from fastapi import FastAPI
from tests.web.pretend_alarms import PretendAlarmDesk, PretendPositions

from civicam.access.service import AccessService
from civicam.access.settings import AccessSettings
from civicam.access.store import AccessStore
from civicam.alarms.service import FACTS as ALARM_FACTS
from civicam.alarms.service import AlarmService
from civicam.alarms.settings import AlarmSettings
from civicam.alarms.store import AlarmStore
from civicam.db.engine import Database
from civicam.db.migrate import migrate
from civicam.db.outbox import Dispatcher
from civicam.db.unit import UnitOfWork
from civicam.fleet.facts import ChannelId, DeviceId, Presence
from civicam.fleet.queries import FleetQueries
from civicam.fleet.service import FACTS, FleetService
from civicam.fleet.settings import FleetSettings
from civicam.fleet.sight import CatalogueProgress, DeviceSight, TraceRow
from civicam.fleet.store import FleetStore
from civicam.fleet.vault import KeyFileVault
from civicam.kernel.clock import ManualClock
from civicam.kernel.errors import Operational, Refused
from civicam.media.core.unit import Codec
from civicam.media.engine import (
    Door,
    EngineEvent,
    Port,
    PullSpec,
    ReceiveSpec,
    RecordingStats,
    SendSpec,
    SoundFormat,
    SpeechStats,
    StreamStats,
    WireFormat,
)
from civicam.observability.metrics import Metrics
from civicam.web.app import create_app
from civicam.web.ports import Component, Health, Services, WorkerRow
from civicam.web.settings import WebSettings

BASE = "http://console.example"
LINK = "the-token-of-the-first-link"
CITY = {
    "format": "civicam-city/1",
    "name": {"zh": "样例市", "en": "Sample City"},
    "realm": "3402000000",
    "platform": "34020000002000000001",
    "center": [118.43, 31.35],
    "districts": [
        {
            "code": "340202",
            "name": {"zh": "东区", "en": "East"},
            "streets": [{"code": "340202001", "name": {"zh": "一街", "en": "First Street"}}],
        }
    ],
    "sites": [
        {
            "id": f"S000{n}",
            "name": {"zh": f"点位{n}", "en": f"Site {n}"},
            "district": "340202",
            "street": "340202001",
            "lon": 118.4 + n / 100,
            "lat": 31.3,
            "kind": "camera",
        }
        for n in (1, 2)
    ],
    "devices": [
        {
            "gb_id": f"3402000000132000000{n}",
            "kind": "camera",
            "site": f"S000{n}",
            "name": f"相机{n}",
            "secret": f"secret-{n}",
            "heartbeat_s": 60,
            "protocol": "gb28181",
            "transport": "udp",
        }
        for n in (1, 2)
    ],
    "channels": [
        {
            "gb_id": f"3402000000131000000{n}",
            "device": f"3402000000132000000{n}",
            "site": f"S000{n}",
            "name": f"通道{n}",
            "ptz_type": n,
        }
        for n in (1, 2)
    ],
}


class FastHasher:
    """Not slow: the real one has its own test."""

    def hash(self, password: str) -> str:
        return f"hashed:{password}"

    def verify(self, stored: str | None, password: str) -> bool:
        return stored == f"hashed:{password}"


@dataclass
class PretendGateway:
    """Opens what it is asked; ``fault`` is raised instead when it is set."""

    opened: list[str] = field(default_factory=list)
    released: list[str] = field(default_factory=list)
    fault: Exception | None = None

    async def open_live(self, channel_id: ChannelId, stream: Literal["main", "sub"]) -> str:
        if self.fault is not None:
            raise self.fault
        self.opened.append(channel_id)
        return f"{channel_id}-{stream}"

    async def release(self, stream_id: str) -> None:
        self.released.append(stream_id)

    def listen_viewers(self, on_left: Callable[[str], None]) -> None:
        self.on_left = on_left


@dataclass
class PretendSights:
    """Knows the two devices of the sample city and one message of each."""

    known: frozenset[str] = frozenset()
    asked: list[str] = field(default_factory=list)

    def _check(self, device_id: str) -> None:
        if device_id not in self.known:
            raise Refused("fleet.unknown-device", device_id=device_id)

    def sight(self, device_id: DeviceId) -> DeviceSight:
        self._check(device_id)
        read = CatalogueProgress("collecting", 2, 5)
        return DeviceSight(Presence.ONLINE, 1, None, None, "192.0.2.4:5060", "udp", "192.0.2.4", read)

    def ladder(self, device_id: DeviceId, after: int = 0) -> list[TraceRow]:
        self._check(device_id)
        return [self.row] if after < self.row.number else []

    def strangers(self, after: int = 0) -> list[TraceRow]:
        return [self.row] if after < self.row.number else []

    def trace_text(self, device_id: DeviceId) -> str:
        self._check(device_id)
        return "# 22 REGISTER"

    @property
    def row(self) -> TraceRow:
        at = datetime(2026, 3, 2, 1, tzinfo=UTC)
        label, peer = "REGISTER", "192.0.2.4:5060"
        return TraceRow(22, at, True, label, peer, "udp", 400, "REGISTER sip:", None, None, None, None, False)


@dataclass
class PretendOperator:
    """Everything that is asked of devices."""

    sights: PretendSights
    alarms: PretendAlarmDesk
    positions: PretendPositions = field(default_factory=PretendPositions)

    @property
    def operations(self) -> PretendOperator:
        return self

    def read_catalogue(self, device_id: DeviceId) -> bool:
        self.sights.asked.append(device_id)
        return len(self.sights.asked) == 1


@dataclass
class PretendEngine:
    """Keeps tickets and says what streams there are."""

    tickets: dict[str, tuple[str, str]] = field(default_factory=dict)
    revoked: list[str] = field(default_factory=list)
    open: list[StreamStats] = field(default_factory=list)
    fault: Exception | None = None

    async def admit(self, stream_id: str, ticket: str, fmt: WireFormat, client: str, ttl: float) -> Door:
        if self.fault is not None:
            raise self.fault
        self.tickets[ticket] = (stream_id, client)
        return Door(8081, "/media")

    async def revoke(self, ticket: str) -> None:
        self.revoked.append(ticket)

    async def snapshot(self, stream_id: str) -> bytes:
        if self.fault is not None:
            raise self.fault
        return b"\xff\xd8jpeg"

    async def stats(self) -> list[StreamStats]:
        return self.open

    async def open_receiver(self, spec: ReceiveSpec) -> Port:
        raise Operational("media.no-ports")

    async def pin(
        self, stream_id: str, *, ssrc: int | None, source_host: str | None, encoding: str = "PS"
    ) -> None:
        raise Refused("media.no-stream")

    async def connect(self, stream_id: str, host: str, port: int) -> None:
        raise Refused("media.no-stream")

    async def pause(self, stream_id: str, paused: bool) -> None:
        raise Refused("media.no-stream")

    async def scale(self, stream_id: str, scale: float) -> None:
        raise Refused("media.no-stream")

    async def seek(self, stream_id: str) -> None:
        raise Refused("media.no-stream")

    async def record(self, stream_id: str, path: Path) -> None:
        raise Refused("media.no-stream")

    async def stop_record(self, stream_id: str) -> None:
        return None

    async def recordings(self) -> list[RecordingStats]:
        return []

    async def open_sender(self, spec: SendSpec) -> Port:
        raise Operational("media.no-ports")

    async def admit_speaker(
        self, stream_id: str, ticket: str, fmt: SoundFormat, client: str, ttl: float
    ) -> Door:
        raise Refused("media.no-stream")

    async def speeches(self) -> list[SpeechStats]:
        return []

    async def pull(self, spec: PullSpec) -> None:
        raise Refused("media.no-stream")

    async def close(self, stream_id: str) -> None:
        self.open = [each for each in self.open if each.stream_id != stream_id]

    async def next_event(self) -> EngineEvent:
        await asyncio.Event().wait()
        raise AssertionError

    async def aclose(self) -> None:
        self.open = []

    def stream(self, stream_id: str, viewers: int = 1) -> StreamStats:
        """Let a stream be open."""
        made = StreamStats(
            stream_id,
            Codec.H264,
            1280,
            720,
            1500.0,
            25.0,
            100,
            0,
            0.0,
            1.5,
            25,
            0.2,
            viewers,
            0,
            "192.0.2.1:3",
        )
        self.open.append(made)
        return made


@dataclass
class House:
    """Everything a test may reach into."""

    app: FastAPI
    http: httpx.AsyncClient
    fleet: FleetService
    access: AccessService
    database: Database
    gateway: PretendGateway
    engine: PretendEngine
    clock: ManualClock
    ready: list[str]
    operator: PretendOperator
    alarms: AlarmService

    async def log_in(self) -> dict[str, Any]:
        """By a one-time link; the client keeps the cookie."""
        answer = await self.http.post("/api/session/link", json={"token": await self.access.make_link()})
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def channel_id(self, number: int = 1) -> str:
        """The id of channel 1 or 2."""
        page = await self.http.get("/api/channels", params={"q": f"通道{number}"})
        return str(page.json()["channels"][0]["id"])


OpenHouse = Callable[[], AbstractAsyncContextManager[House]]


@pytest.fixture
def house(tmp_path: Path) -> OpenHouse:
    """Open a house with the sample city in it: ``async with house() as h``."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[House]:
        url = f"sqlite:///{tmp_path}/store.db"
        migrate(url)
        database = Database(url)
        numbers = iter(range(10**9))
        clock = ManualClock()
        fleet = FleetService(
            UnitOfWork(database, FleetStore),
            UnitOfWork(database, FleetQueries),
            KeyFileVault(tmp_path / "key"),
            clock,
            FleetSettings(),
        )
        access = AccessService(
            UnitOfWork(database, AccessStore),
            FastHasher(),
            lambda: f"token-{next(numbers):040}",
            clock,
            AccessSettings(),
        )
        alarms = AlarmService(UnitOfWork(database, AlarmStore), clock, AlarmSettings())
        await fleet.import_city(json.dumps(CITY))
        gateway, engine, ready = PretendGateway(), PretendEngine(), [""]
        sights = PretendSights(frozenset(r.device_id for r in await fleet.devices()))
        operator = PretendOperator(sights, PretendAlarmDesk(alarms))

        async def is_ready() -> str:
            return ready[0]

        async def components() -> list[Component]:
            return [Component("store", "ok", "sqlite")]

        services = Services(
            fleet=fleet,
            access=access,
            alarms=alarms,
            streams=gateway,
            operator=operator,
            engine=engine,
            health=Health(is_ready, components, lambda: [WorkerRow(0, 1, "ready", 0, 0, 8081)]),
            metrics=Metrics(),
            clock=clock,
            settings=WebSettings(events_hz=50, situation_s=0.05, events_queue=10),
            ticket_ttl_s=30.0,
            demo=True,
        )
        static = tmp_path / "static"
        (static / "assets").mkdir(parents=True)
        (static / "map").mkdir()
        (static / "index.html").write_text("<!doctype html><title>console</title>")
        (static / "assets" / "app-1234.js").write_text("export {}")
        (static / "map" / "city.pmtiles").write_bytes(bytes(range(256)))
        app = create_app(services, static)
        dispatcher = Dispatcher(database, clock, FACTS | ALARM_FACTS)
        dispatcher.watch("consoles", app.state.hub.watch)
        await dispatcher.start()
        transport = httpx.ASGITransport(app, client=("192.0.2.7", 4000))
        try:
            async with httpx.AsyncClient(transport=transport, base_url=BASE) as http:
                yield House(
                    app, http, fleet, access, database, gateway, engine, clock, ready, operator, alarms
                )
        finally:
            await app.state.hub.aclose()
            await dispatcher.aclose()
            await database.aclose()

    return opened
