"""A town in one process on virtual time: the real gateway, the real rooms on a store, simulated devices.

The store is SQLite on a file, used by the loop itself: a thread would run on real time, and no two days would
be the same.
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, select
from tests.gateway.rooms import MemoryProber
from tests.gateway.wire import START, LoopClock, later
from tests.stories.post import GATE, Alarm, Post
from tests.stories.studio import Studio
from tests.stories.wires import TownAgent, Wires

from civicam.alarms.service import AlarmService
from civicam.alarms.settings import AlarmSettings
from civicam.alarms.store import AlarmStore
from civicam.alarms.tables import alarm_event
from civicam.db.engine import PUBLISHED, Database, open_engine
from civicam.db.migrate import migrate
from civicam.db.unit import UnitOfWork
from civicam.fleet.facts import DeviceId, Presence, PresenceChanged
from civicam.fleet.queries import FleetQueries
from civicam.fleet.service import FleetService
from civicam.fleet.settings import FleetSettings
from civicam.fleet.store import FleetStore
from civicam.fleet.tables import device as device_table
from civicam.fleet.vault import KeyFileVault
from civicam.gateway.ports import GatewayPorts
from civicam.gateway.service import Gateway
from civicam.gateway.settings import GatewaySettings
from civicam.signalling.sip.build import IdSource
from civicam.simulator.city import Plan, Scale, fixed_secrets, generate
from civicam.simulator.description import City, dump
from civicam.simulator.identity import Identity
from civicam.simulator.papers import Graph

T = TypeVar("T")
_COMMIT_S = 0.003
_SLOW_BEAT_S = 240
_TCP_ONE_IN = 9
LOSS = 0.01
PLATFORM = ("civicam.gateway", "civicam.fleet", "civicam.alarms")


class LoopStore:
    """``Database`` without threads: each unit is one transaction, done when it is asked for."""

    dialect = "sqlite"

    def __init__(self, url: str) -> None:
        self.committed: list[Callable[[], None]] = []
        engine = open_engine(url, writer=True)
        self.connection = engine.connect()
        raw: Any = self.connection.connection.driver_connection
        raw.execute("PRAGMA synchronous=OFF")  # the machine does not fail in this story

    async def write(self, work: Callable[[Connection], T], *, urgent: bool = False) -> T:
        """See `Database.write`; there is nothing here that an urgent unit could wait for."""
        await later(_COMMIT_S)
        with self.connection.begin():
            result = work(self.connection)
        if self.connection.info.pop(PUBLISHED, False):
            for callback in self.committed:
                callback()
        return result

    async def read(self, work: Callable[[Connection], T]) -> T:
        """See `Database.read`."""
        with self.connection.begin():
            return work(self.connection)


@dataclass(frozen=True, slots=True)
class CalledOffline:
    """A device the platform called offline without a reason in the world."""

    at: datetime
    gb_id: str
    reason: str
    unheard_s: float | None


class TownFleet(FleetService):
    """The fleet room; ``witness`` sees every transition before it is stored."""

    witness: Callable[[PresenceChanged], None]

    async def presence(self, fact: PresenceChanged) -> None:
        self.witness(fact)
        await super().presence(fact)


def plan(devices: int) -> City:
    """The first devices of a generated city: one in nine on TCP, one in three beats every minute."""
    scale: Scale = "district" if devices <= 50 else "city"
    whole = generate(Plan(seed=1, scale=scale, rtsp=False, grouping="site"), fixed_secrets(1))
    kept = tuple(
        replace(
            each,
            transport="tcp" if number % _TCP_ONE_IN == 4 else "udp",
            heartbeat_s=60 if number % 3 == 0 else _SLOW_BEAT_S,
        )
        for number, each in enumerate(whole.devices[:devices])
    )
    owners = {each.gb_id for each in kept}
    channels = tuple(each for each in whole.channels if each.device in owners)
    return replace(whole, devices=kept, channels=channels, graph=Graph())


class Town:
    """Platform and devices: `open` imports the city and starts; `crash`, then `start`, is a restart."""

    def __init__(self, folder: Path, devices: int, seed: int) -> None:
        random.seed(seed)  # the pauses between attempts to subscribe are drawn from it
        self.rng = random.Random(seed)
        self.city = plan(devices)
        self.wires = Wires(random.Random(seed + 1), LOSS)
        self.studio = Studio()
        self.false: list[CalledOffline] = []
        self.transitions = 0
        self.digest = hashlib.sha256()
        """Of every transition: two days of one seed are the same."""
        self._folder = folder
        self._numbers = itertools.count(1)
        self._clock = LoopClock()
        url = f"sqlite:///{folder}/town.db"
        migrate(url)
        self.store = LoopStore(url)
        places = {site.id: (site.lon, site.lat) for site in self.city.sites}
        self.posts = [
            Post(self, self._identity(device.gb_id, places), f"10.0.{1 + number // 200}.{1 + number % 200}")
            for number, device in enumerate(self.city.devices)
        ]
        self._by_device: dict[DeviceId, Post] = {}

    def _identity(self, gb_id: str, places: dict[str, tuple[float, float]]) -> Identity:
        device = next(each for each in self.city.devices if each.gb_id == gb_id)
        return Identity(device, self.city.by_device[gb_id], self.city.realm, self.city.platform, places)

    # -- what posts need

    def ids(self, name: str) -> IdSource:
        """Different bytes for each, the same in every run."""
        prefix, count = f"{name}/{next(self._numbers)}", itertools.count()
        return IdSource(lambda size: hashlib.sha256(f"{prefix}/{next(count)}".encode()).digest()[:size])

    def wall(self) -> datetime:
        """The time of day."""
        return self._clock.now()

    # -- the platform

    async def open(self) -> None:
        """Import the city and start the platform."""
        fleet = self._fleet()
        _, problems = await fleet.import_city(dump(self.city))
        assert problems == []
        for record in await fleet.devices():
            self._by_device[record.device_id] = self._post(record.gb_id)
        await self.start()

    async def start(self) -> None:
        """A new process on the store that is there."""
        self.fleet = self._fleet()
        await self.fleet.start()
        work = UnitOfWork(self._database, AlarmStore)
        self.alarms = AlarmService(work, self._clock, AlarmSettings())
        await self.alarms.start()
        ports = GatewayPorts(
            self.fleet,
            self.alarms,
            self.studio,
            MemoryProber(),
            self._clock,
            self.ids("gate"),
            lambda _host: GATE[0],
            downloads=self._folder / "downloads",
        )
        settings = GatewaySettings(gb_id=self.city.platform, realm=self.city.realm, advertise=GATE[0])
        self.gateway = Gateway(settings, ports, f"secret {next(self._numbers):020}".encode())
        self.agent = TownAgent(
            self.wires, GATE, self.ids("agent"), self.gateway.on_request, self.gateway.on_other
        )
        self.agent.endpoint.stream_to = self.gateway.stream_to
        self.agent.endpoint.on_wire = self.gateway.trace.record
        await self.gateway.start(self.agent, GATE[1])

    async def crash(self) -> None:
        """kill -9: nothing is said to anybody; the kernel resets what was connected."""
        self.agent.unplug()
        for post in self.posts:
            post.break_line()
        await self.gateway._tasks.cancel_all()
        loop: Any = asyncio.get_running_loop()
        for handle in loop._scheduled:  # a process takes its timers along
            if str(getattr(handle._callback, "__module__", "")).startswith(PLATFORM):
                handle.cancel()
        for service in (self.fleet._hearing._running, self.alarms._sweeper):
            assert service is not None
            service.cancel()
        await self.agent.aclose()
        for stream_id in list(self.studio.takes):  # the media workers end with their supervisor
            await self.studio.close(stream_id)
        while not self.studio.events.empty():
            self.studio.events.get_nowait()

    @property
    def _database(self) -> Database:
        return cast("Database", self.store)

    def _fleet(self) -> TownFleet:
        work = UnitOfWork(self._database, FleetStore)
        queries = UnitOfWork(self._database, FleetQueries)
        vault = KeyFileVault(self._folder / "key")
        fleet = TownFleet(work, queries, vault, self._clock, FleetSettings())
        fleet.witness = self._witness
        return fleet

    def _post(self, gb_id: str) -> Post:
        return next(post for post in self.posts if post.gb_id == gb_id)

    def _witness(self, fact: PresenceChanged) -> None:
        post = self._by_device[fact.device_id]
        self.transitions += 1
        self.digest.update(f"{fact.at.isoformat()} {post.gb_id} {fact.after} {fact.reason_code}\n".encode())
        if fact.after is Presence.OFFLINE and not post.excuses(fact.reason_code):
            now = asyncio.get_running_loop().time()
            unheard = None if post.unheard_since is None else now - post.unheard_since
            self.false.append(CalledOffline(fact.at, post.gb_id, fact.reason_code, unheard))

    # -- what was kept

    def kept_registrations(self) -> dict[str, datetime]:
        """By device: the newest registration in the store."""
        query = select(device_table.c.gb_id, device_table.c.registered_at)
        with self.store.connection.begin():
            rows = self.store.connection.execute(query).all()
        return {gb_id: at for gb_id, at in rows if at is not None}

    def kept_alarms(self) -> set[Alarm]:
        """Every alarm in the store."""
        query = select(alarm_event.c.source_id, alarm_event.c.at, alarm_event.c.method)
        with self.store.connection.begin():
            return {(source, at, method) for source, at, method in self.store.connection.execute(query)}


def at_hour(hour: float) -> float:
    """Virtual seconds since the story began; START is its midnight."""
    return hour * 3600.0


__all__ = ["GATE", "LOSS", "START", "LoopStore", "Post", "Town", "at_hour", "plan"]
