"""A house to ask over HTTP: real rooms on a real store, a gateway and an engine that only pretend."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select
from tests.schema import migrated
from tests.web.pretend import FastHasher, PretendEngine, PretendGateway, PretendOperator, PretendSights
from tests.web.pretend_alarms import PretendAlarmDesk
from tests.web.pretend_outages import PretendProber, PretendProbes, PretendRegisters

from civicam.access.service import AccessService
from civicam.access.settings import AccessSettings
from civicam.access.store import AccessStore
from civicam.access.tables import viewing
from civicam.alarms.service import FACTS as ALARM_FACTS
from civicam.alarms.service import AlarmService
from civicam.alarms.settings import AlarmSettings
from civicam.alarms.store import AlarmStore
from civicam.audit.keys import KeyFiles
from civicam.audit.service import AuditService
from civicam.audit.settings import AuditSettings
from civicam.audit.store import AuditStore
from civicam.db.engine import Database
from civicam.db.outbox import Dispatcher
from civicam.db.unit import UnitOfWork
from civicam.fleet.agent_register import AgentRegister
from civicam.fleet.agent_store import AgentStore
from civicam.fleet.directory import ChannelDirectory
from civicam.fleet.graph_service import GraphService
from civicam.fleet.graph_store import GraphStore
from civicam.fleet.queries import FleetQueries
from civicam.fleet.register import Lists
from civicam.fleet.register_service import RegisterService
from civicam.fleet.register_store import RegisterStore
from civicam.fleet.service import FACTS, FleetService
from civicam.fleet.settings import FleetSettings
from civicam.fleet.sheets.passwords import secrets_of
from civicam.fleet.sheets.service import ImportService
from civicam.fleet.sheets.settings import ImportSettings
from civicam.fleet.sheets.store import ImportStore, SheetSettings
from civicam.fleet.site_register import SiteRegister
from civicam.fleet.site_store import SiteStore
from civicam.fleet.store import FleetStore
from civicam.fleet.vault import KeyFileVault
from civicam.kernel.clock import ManualClock
from civicam.observability.metrics import Metrics
from civicam.outages.service import FACTS as OUTAGE_FACTS
from civicam.outages.service import OutageService
from civicam.outages.settings import OutageSettings
from civicam.outages.store import OutageStore
from civicam.usability.collector import FACTS as USABILITY_FACTS
from civicam.usability.service import UsabilityService
from civicam.usability.settings import UsabilitySettings
from civicam.usability.store import UsabilityStore
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
            "camera": {
                "kind": "dome",
                "place": "junction",
                "ground": "799-7-government",
                "purpose": "traffic-safety",
                "owner": "bureau",
            },
        }
        for n in (1, 2)
    ],
    "parties": [{"id": "bureau", "kind": "government", "name": "城市运行中心"}],
}


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
    outages: OutageService
    usability: UsabilityService
    probes: PretendProbes
    audit: AuditService
    logged_in: str = ""

    async def log_in(self) -> dict[str, Any]:
        """By a one-time link; the client keeps the cookie."""
        answer = await self.http.post("/api/session/link", json={"token": await self.access.make_link()})
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        self.logged_in = found["user"]["id"]
        return found

    @property
    def user_id(self) -> str:
        """Of whoever logged in last."""
        return self.logged_in

    async def viewings(self) -> list[Any]:
        """Every line of who looked at what, oldest first."""
        return await self.database.read(
            lambda c: list(c.execute(select(viewing).order_by(viewing.c.began_at)).all())
        )

    async def channel_id(self, number: int = 1) -> str:
        """The id of channel 1 or 2."""
        page = await self.http.get("/api/channels", params={"q": f"通道{number}"})
        return str(page.json()["channels"][0]["id"])


OpenHouse = Callable[[], AbstractAsyncContextManager[House]]


def make_imports(
    database: Database, clock: ManualClock, folder: Path, enrolled: Callable[[], None]
) -> ImportService:
    how = SheetSettings(Lists(), secrets_of(KeyFileVault(folder / "key")), (60, 3), "3402000000")
    return ImportService(
        UnitOfWork(database, ImportStore.on(how)),
        clock,
        ImportSettings(file_mb=1),
        Lists(),
        folder / "imports",
        enrolled,
    )


@pytest.fixture
def house(tmp_path: Path) -> OpenHouse:
    """Open a house with the sample city in it: ``async with house() as h``."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[House]:
        database = Database(migrated(tmp_path / "store.db"))
        numbers = iter(range(10**9))
        clock = ManualClock()
        fleet = FleetService(
            UnitOfWork(database, FleetStore),
            UnitOfWork(database, FleetQueries),
            KeyFileVault(tmp_path / "key"),
            clock,
            FleetSettings(),
        )
        audit = AuditService(
            UnitOfWork(database, AuditStore),
            KeyFiles(tmp_path / "audit.key"),
            clock,
            AuditSettings(),
            os.urandom,
        )
        await audit.start()
        access = AccessService(
            UnitOfWork(database, AccessStore),
            FastHasher(),
            lambda: f"token-{next(numbers):040}",
            clock,
            AccessSettings(),
            audit,
        )
        access.channel_names = fleet.channel_names
        alarms = AlarmService(UnitOfWork(database, AlarmStore), clock, AlarmSettings())
        outages = OutageService(
            UnitOfWork(database, OutageStore),
            clock,
            OutageSettings(register_s=1),
            PretendRegisters(),
            PretendProber(),
        )
        directory = ChannelDirectory(UnitOfWork(database, FleetQueries))
        usability = UsabilityService(
            UnitOfWork(database, UsabilityStore), directory, clock, UsabilitySettings()
        )
        await fleet.import_city(json.dumps(CITY))
        probes = PretendProbes()
        gateway, engine, ready = PretendGateway(), PretendEngine(), [""]
        sights = PretendSights(frozenset(r.device_id for r in await fleet.devices()))
        operator = PretendOperator(sights, PretendAlarmDesk(alarms))

        async def is_ready() -> str:
            return ready[0]

        async def components() -> list[Component]:
            return [Component("store", "ok", "sqlite")]

        services = Services(
            fleet=fleet,
            register=RegisterService(UnitOfWork(database, RegisterStore), clock, FleetSettings()),
            graph=GraphService(UnitOfWork(database, GraphStore)),
            imports=make_imports(database, clock, tmp_path, fleet.enrolled),
            access=access,
            audit=audit,
            alarms=alarms,
            outages=outages,
            usability=usability,
            directory=directory,
            agents=AgentRegister(UnitOfWork(database, AgentStore), KeyFileVault(tmp_path / "key")),
            probes=probes,
            sites=SiteRegister(UnitOfWork(database, SiteStore)),
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
        dispatcher = Dispatcher(database, clock, FACTS | ALARM_FACTS | OUTAGE_FACTS | USABILITY_FACTS)
        dispatcher.watch("consoles", app.state.hub.watch)
        dispatcher.watch("usability", usability.hear)
        await dispatcher.start()
        await usability.collector.begin()
        await usability.sync()
        transport = httpx.ASGITransport(app, client=("192.0.2.7", 4000))
        try:
            async with httpx.AsyncClient(transport=transport, base_url=BASE) as http:
                yield House(
                    *(app, http, fleet, access, database, gateway, engine, clock, ready, operator),
                    *(alarms, outages, usability, probes, audit),
                )
        finally:
            await app.state.hub.aclose()
            await dispatcher.aclose()
            await audit.aclose()
            await database.aclose()

    return opened
