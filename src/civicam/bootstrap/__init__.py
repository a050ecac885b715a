"""The composition root: the only place that names concrete stores, sockets and clocks.

Here are the rooms on their store, enough for commands that do one thing; `civicam.bootstrap.platform` adds
the wire, the workers and the web, and is not paid for by who only wants a log-in link.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from civicam.access.passwords import Argon2Hasher
from civicam.access.service import AccessService
from civicam.access.store import AccessStore
from civicam.alarms.service import AlarmService
from civicam.alarms.store import AlarmStore
from civicam.audit.keys import KeyFiles
from civicam.audit.ports import Witness
from civicam.audit.service import AuditService
from civicam.audit.store import AuditStore
from civicam.audit.witnesses import FileWitness, HttpWitness
from civicam.bootstrap.outages import FleetRegisters, StoredHeartbeats
from civicam.bootstrap.probing import AskedNodes
from civicam.config import Settings
from civicam.db.engine import Database
from civicam.db.migrate import demand_current, migrate
from civicam.db.unit import UnitOfWork
from civicam.fleet.agent_register import AgentRegister
from civicam.fleet.agent_store import AgentStore
from civicam.fleet.directory import ChannelDirectory
from civicam.fleet.graph_service import GraphService
from civicam.fleet.graph_store import GraphStore
from civicam.fleet.queries import FleetQueries
from civicam.fleet.register_service import RegisterService
from civicam.fleet.register_store import RegisterStore
from civicam.fleet.service import FleetService
from civicam.fleet.sheets.passwords import secrets_of
from civicam.fleet.sheets.service import ImportService
from civicam.fleet.sheets.store import ImportStore, SheetSettings
from civicam.fleet.site_register import SiteRegister
from civicam.fleet.site_store import SiteStore
from civicam.fleet.store import FleetStore
from civicam.fleet.vault import KeyFileVault
from civicam.outages.service import OutageService
from civicam.outages.store import OutageStore
from civicam.usability.service import UsabilityService
from civicam.usability.store import UsabilityStore


class SystemClock:
    """The machine's clocks."""

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()

    def now(self) -> datetime:
        """Aware, UTC."""
        return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Rooms:
    """The rooms on their store."""

    database: Database
    fleet: FleetService
    register: RegisterService
    graph: GraphService
    imports: ImportService
    access: AccessService
    audit: AuditService
    usability: UsabilityService
    directory: ChannelDirectory
    agents: AgentRegister
    sites: SiteRegister
    asked: AskedNodes
    alarms: AlarmService
    outages: OutageService
    clock: SystemClock


def _token() -> str:
    return secrets.token_urlsafe(32)


def prepare(settings: Settings) -> None:
    """Make the data directory and bring the schema up to date (or refuse, when that is not wanted)."""
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    url = settings.database_url()
    if settings.db.migrate_at_start:
        migrate(url)
    else:
        demand_current(url)


def rooms(settings: Settings) -> Rooms:
    """Put the rooms on their store; inside a running loop."""
    clock = SystemClock()
    database = Database(settings.database_url(), settings.db)
    fleet = FleetService(
        UnitOfWork(database, FleetStore),
        UnitOfWork(database, FleetQueries),
        KeyFileVault(settings.key_file()),
        clock,
        settings.fleet,
    )
    keys = KeyFiles(settings.data / "audit.key")
    audit = AuditService(UnitOfWork(database, AuditStore), keys, clock, settings.audit, os.urandom)
    access = AccessService(
        UnitOfWork(database, AccessStore), Argon2Hasher(), _token, clock, settings.access, audit
    )
    access.channel_names = fleet.channel_names
    alarms = AlarmService(UnitOfWork(database, AlarmStore, urgent=True), clock, settings.alarms)
    asked = AskedNodes(StoredHeartbeats(database, clock, settings.fleet.heartbeat_flush_s), clock)
    outages = OutageService(
        UnitOfWork(database, OutageStore),
        clock,
        settings.outages,
        FleetRegisters(database),
        asked,
    )
    directory = ChannelDirectory(UnitOfWork(database, FleetQueries))
    usability = UsabilityService(UnitOfWork(database, UsabilityStore), directory, clock, settings.usability)
    agents = AgentRegister(UnitOfWork(database, AgentStore), KeyFileVault(settings.key_file()))
    register = RegisterService(UnitOfWork(database, RegisterStore), clock, settings.fleet)
    graph = GraphService(UnitOfWork(database, GraphStore))
    imports = _imports(settings, database, fleet, clock)
    return Rooms(
        database=database,
        fleet=fleet,
        register=register,
        graph=graph,
        imports=imports,
        access=access,
        audit=audit,
        usability=usability,
        directory=directory,
        agents=agents,
        sites=SiteRegister(UnitOfWork(database, SiteStore)),
        asked=asked,
        alarms=alarms,
        outages=outages,
        clock=clock,
    )


def _imports(
    settings: Settings, database: Database, fleet: FleetService, clock: SystemClock
) -> ImportService:
    lists = settings.fleet.lists()
    how = SheetSettings(
        lists,
        secrets_of(KeyFileVault(settings.key_file())),
        (settings.fleet.heartbeat_s, settings.fleet.misses),
        settings.gateway.realm,
    )
    return ImportService(
        UnitOfWork(database, ImportStore.on(how)),
        clock,
        settings.fleet.imports,
        lists,
        settings.data / "imports",
        fleet.enrolled,
    )


def witnesses(settings: Settings) -> list[Witness]:
    """Who keeps the checkpoints of the audit log."""
    said = settings.audit
    file = said.witness_file or settings.data / "audit-witness.jsonl"
    urls = [HttpWitness(url, said.witness_timeout_s, said.witness_token) for url in said.witness_urls]
    return [FileWitness(file), *urls]


@asynccontextmanager
async def open_rooms(settings: Settings) -> AsyncIterator[Rooms]:
    """Rooms for a command that does one thing; works beside a running server."""
    await asyncio.to_thread(prepare, settings)
    opened = rooms(settings)
    try:
        yield opened
    finally:
        await opened.database.aclose()
