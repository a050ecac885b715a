"""Lets a day go through the rooms, on a clock moved by hand."""

from __future__ import annotations

import asyncio
import json
import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select

from civicam.bootstrap import Rooms, prepare, rooms
from civicam.bootstrap.outages import FleetRegisters, take_symptoms
from civicam.config import Settings
from civicam.db.outbox import Dispatcher
from civicam.db.schema import outbox, outbox_cursor
from civicam.db.unit import UnitOfWork
from civicam.fleet import graph_rows
from civicam.fleet.facts import DeviceId, DeviceRegistered, Heartbeat, Presence, PresenceChanged
from civicam.fleet.graph import NodeId, NodeKind
from civicam.fleet.presence import REGISTERED
from civicam.fleet.service import FACTS
from civicam.fleet.topology import Topology
from civicam.fleet.views import ChannelCard
from civicam.outages.facts import (
    Attribution,
    CollectorGap,
    Evidence,
    Fact,
    LastHeard,
    Wish,
    WorkId,
    WorkPlanned,
)
from civicam.outages.service import FACTS as OUTAGE_FACTS
from civicam.outages.service import OutageService
from civicam.outages.store import OutageStore
from civicam.simulator.city import Plan, Scale, fixed_secrets, generate
from civicam.simulator.description import dump
from civicam.usability.collector import FACTS as USABILITY_FACTS
from civicam.usability.service import UsabilityService
from civicam.usability.store import UsabilityStore
from tools.cityday.day import HEARTBEAT_S, Event, events, never_seen

HOURS = 25.0
"""How long before the end the city came in."""
STEP = timedelta(seconds=5)
SETTLES = timedelta(seconds=240)
"""Until holds and windows have closed after the last event of a burst."""
GAP_AGO, GAP_LASTS = timedelta(hours=11.2), timedelta(minutes=9)
"""When the platform itself stood still."""


@dataclass(slots=True)
class DayClock:
    """Both clocks stand until they are moved. The monotonic one never moves: no part thinks it stood still,
    nor looks for another graph."""

    at: datetime

    def now(self) -> datetime:
        """The moment of the story."""
        return self.at

    def monotonic(self) -> float:
        """Stands."""
        return 0.0


class _Known:
    """Answers what the ledger wishes to know: who is not down was heard within the last minute."""

    def __init__(self, clock: DayClock) -> None:
        self._clock = clock
        self.down: set[str] = set()
        self.devices: set[str] = set()

    async def ask(self, wishes: list[Wish]) -> list[Fact]:
        now = self._clock.now()
        return [
            LastHeard(wish.node, now - timedelta(seconds=5), now, HEARTBEAT_S)
            for wish in wishes
            if wish.node in self.devices and wish.node not in self.down
        ]


def description(scale: Scale, seed: int) -> str:
    """The sample city as a file, with what registers suffer from: sites without a place, places shifted as
    GCJ-02 are, two swapped and some on one spot."""
    plan = Plan(seed=seed, scale=scale, rtsp=False)
    document = json.loads(dump(generate(plan, fixed_secrets(seed))))
    chance = random.Random(f"places:{seed}")
    odd = chance.sample(document["sites"], max(4, len(document["sites"]) // 60))
    for number, site in enumerate(odd):
        match number % 4:
            case 0 | 1:
                del site["lon"], site["lat"]
            case 2:
                site["lon"], site["lat"] = round(site["lon"] + 0.0048, 6), round(site["lat"] - 0.0021, 6)
            case _:
                site["lon"], site["lat"] = (odd[2]["lon"], odd[2]["lat"]) if number % 8 == 3 else (0, 0)
    return json.dumps(document, ensure_ascii=False)


async def stage(settings: Settings, scale: Scale, seed: int, end: datetime) -> None:
    """Write a day that ends at ``end``. The data directory must be empty."""
    await asyncio.to_thread(prepare, settings)
    opened = rooms(settings)
    try:
        day = _Day(settings, opened, end)
        imported, problems = await opened.fleet.import_city(description(scale, seed))
        if imported is None:
            raise SystemExit(f"the city is refused: {problems[:5]}")
        await day.run(seed)
    finally:
        await opened.database.aclose()


class _Day:
    """One run: the rooms as bootstrap builds them, on the story's clock."""

    def __init__(self, settings: Settings, opened: Rooms, end: datetime) -> None:
        database = opened.database
        self.settings, self.database, self.end = settings, database, end
        self.clock = DayClock(end - timedelta(hours=HOURS))
        self.fleet, self.directory = opened.fleet, opened.directory  # what they do has its time in the facts
        self.known = _Known(self.clock)
        self.outages = OutageService(
            UnitOfWork(database, OutageStore),
            self.clock,
            settings.outages,
            FleetRegisters(database),
            self.known,  # type: ignore[arg-type]  # it takes lists only
        )
        self.usability = self._usability()
        kinds = FACTS | OUTAGE_FACTS | USABILITY_FACTS
        self.dispatcher = Dispatcher(database, self.clock, kinds)
        self.dispatcher.handle_many("outages", take_symptoms)

    def _usability(self) -> UsabilityService:
        work = UnitOfWork(self.database, UsabilityStore)
        return UsabilityService(work, self.directory, self.clock, self.settings.usability)

    async def run(self, seed: int) -> None:
        """From the first registration to the end."""
        topology = (await self.database.read(graph_rows.load)).topology
        await self.dispatcher.start()
        await self.usability.collector.begin()
        try:
            absent = never_seen(topology, seed)
            await self._come_in(topology, absent)
            await self._clocks(seed)
            await self._plan(topology)
            await self._play(events(topology, self.end, seed))
            await self._end(topology, absent)
        finally:
            await self.dispatcher.aclose()

    async def _come_in(self, topology: Topology, absent: frozenset[NodeId]) -> None:
        """All who will ever come in register within the first minutes."""
        there = sorted(
            node.node_id
            for node in topology.nodes.values()
            if node.kind is NodeKind.DEVICE and node.node_id not in absent
        )
        self.known.devices = set(there)
        now = self.clock.now()
        await asyncio.gather(
            *(
                self.fleet.registered(
                    DeviceRegistered(DeviceId(each), now, f"10.0.{n // 250}.{n % 250}:5060", "udp", 86_400)
                )
                for n, each in enumerate(there)
            )
        )
        await self.fleet.presences(
            [
                PresenceChanged(DeviceId(each), Presence.UNKNOWN, Presence.ONLINE, REGISTERED, now)
                for each in there
            ]
        )
        await self.usability.sync()
        await self._steps(now, now + SETTLES)

    async def _clocks(self, seed: int) -> None:
        """Every device tells its time; a few are wrong."""
        chance = random.Random(f"clocks:{seed}")
        cards: list[ChannelCard] = await self.directory.cards()
        devices = sorted({card.device_id for card in cards if card.state is Presence.ONLINE})
        wrong = set(chance.sample(devices, max(1, len(devices) // 250)))
        for device in devices:
            off = (
                chance.choice((-1, 1)) * chance.uniform(20, 600) if device in wrong else chance.gauss(0, 0.2)
            )
            self.usability.clock_told(device, off, 1.0)
        await self._steps(self.clock.now(), self.clock.now() + SETTLES)

    async def _plan(self, topology: Topology) -> None:
        """One piece of work runs at the end, one is to come."""
        fibres = sorted(n.node_id for n in topology.nodes.values() if n.kind is NodeKind.FIBRE)
        feeds = sorted(n.node_id for n in topology.nodes.values() if n.kind is NodeKind.FEED)
        for node, begin, lasts, whose, why in (
            (fibres[len(fibres) // 2], -1.5, 4.0, Attribution.CARRIER, "光缆迁改割接"),
            (feeds[len(feeds) // 3], 8.0, 3.0, Attribution.POWER_COMPANY, "配电线路检修"),
        ):
            starts = self.end + timedelta(hours=begin)
            await self.outages.plan(
                WorkPlanned(
                    WorkId(""),
                    node,
                    starts,
                    starts + timedelta(hours=lasts),
                    why,
                    "admin",
                    self.clock.now(),
                    whose,
                )
            )

    async def _play(self, story: list[Event]) -> None:
        """Every burst of events, step by step until nothing more comes of it."""
        stood = self.end - GAP_AGO
        stood_still = False
        place = 0
        while place < len(story):
            if not stood_still and story[place].at > stood:
                await self._stand_still(stood)
                stood_still = True
            self.clock.at = max(self.clock.at, story[place].at)
            quiet = self.clock.at + SETTLES
            while self.clock.at < quiet:
                until = self.clock.at = self.clock.at + STEP
                batch: list[Event] = []
                while place < len(story) and story[place].at <= until:
                    batch.append(story[place])
                    place += 1
                if batch:
                    await self._tell(batch)
                    quiet = until + SETTLES
                await self._step()

    async def _tell(self, batch: list[Event]) -> None:
        moved = [each.what for each in batch if isinstance(each.what, PresenceChanged)]
        seen = [each.what for each in batch if isinstance(each.what, Evidence)]
        beats = [
            Heartbeat(each.what.device_id, each.heard, "10.0.0.1:5060")
            for each in batch
            if each.heard is not None and isinstance(each.what, PresenceChanged)
        ]
        for beat in beats:
            self.fleet.heard(beat)
        await self.fleet.flush()
        for each in moved:
            (self.known.down.add if each.after is Presence.OFFLINE else self.known.down.discard)(
                each.device_id
            )
        if moved:
            await self.fleet.presences(moved)
            await self.usability.sync([each.device_id for each in moved])
        if seen:
            await self.outages.take(seen)

    async def _steps(self, since: datetime, until: datetime) -> None:
        self.clock.at = since
        while self.clock.at < until:
            self.clock.at += STEP
            await self._step()

    async def _step(self) -> None:
        collector = self.usability.collector
        collector.tick()
        if collector.waiting:
            await collector.flush()
        await self._delivered()
        await self.outages.step()

    async def _delivered(self) -> None:
        """Until the ledger has heard everything that the outbox holds."""
        newest = await self.database.read(lambda c: c.execute(select(func.max(outbox.c.id))).scalar())
        while True:
            at = await self.database.read(lambda c: c.execute(select(outbox_cursor.c.last_id)).scalar())
            if (at or 0) >= (newest or 0):
                return
            await asyncio.sleep(0.002)

    async def _stand_still(self, at: datetime) -> None:
        """The platform is stopped for a while: nobody collected."""
        self.clock.at = max(self.clock.at, at)
        await self._alive()
        await self.usability.aclose()
        began = self.clock.at
        self.clock.at += GAP_LASTS
        self.usability = self._usability()
        await self.usability.collector.begin()
        await self.usability.sync()
        gap = CollectorGap(f"d-{int(began.timestamp())}", began, self.clock.at, "restart")
        await self.outages.take([gap])
        await self._steps(self.clock.at, self.clock.at + SETTLES)

    async def _alive(self) -> None:
        at = self.clock.at
        await self.database.write(lambda c: OutageStore(c).keep_alive(at))

    async def _end(self, topology: Topology, absent: frozenset[NodeId]) -> None:
        """Everything up to now; who is up was heard within the last minute."""
        self.clock.at = max(self.clock.at, self.end)
        await self._step()
        chance, now = random.Random("beats"), self.clock.at
        for node in topology.nodes.values():
            up = node.node_id not in absent and node.node_id not in self.known.down
            if node.kind is NodeKind.DEVICE and up:
                heard = now - timedelta(seconds=chance.uniform(0, HEARTBEAT_S))
                self.fleet.heard(Heartbeat(DeviceId(node.node_id), heard, "10.0.0.1:5060"))
        await self.fleet.flush()
        await self._alive()
        await self.usability.aclose()
        await self._delivered()


def settings_for(data: Path, port: int) -> Settings:
    """A server of its own on free ports, whose devices nobody misses."""
    return Settings.model_validate(
        {
            "data": data,
            "web": {"port": port},
            "gateway": {"port": 0, "host": "127.0.0.1"},
            "media": {"viewer_port": 0},
        }
    )
