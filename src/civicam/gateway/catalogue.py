"""Catalog: ask a device for its channels and hand the list to the fleet.

One query at a time to each device; its parts are counted by the pure collector
(`civicam.signalling.gb28181.catalogue`), so parts that nobody asked for change nothing, and a list
that stops half way takes nothing away.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Literal

from civicam.fleet.facts import CatalogueItem
from civicam.gateway.desk import Desk
from civicam.gateway.roster import Entry
from civicam.kernel.errors import Operational
from civicam.signalling.gb28181.catalogue import CatalogueCollector, CollectState, CollectTimes
from civicam.signalling.gb28181.ids import Kind, node_kind
from civicam.signalling.gb28181.manscdp import CatalogItem, CatalogQuery, CatalogResponse, ItemStatus
from civicam.signalling.sip.peer import Peer

ReadState = Literal["asked", "collecting", "complete", "incomplete", "refused", "silent"]
_STATES: dict[CollectState, ReadState] = {
    CollectState.WAITING: "asked",
    CollectState.COLLECTING: "collecting",
    CollectState.COMPLETE: "complete",
    CollectState.INCOMPLETE: "incomplete",
    CollectState.REFUSED: "refused",
    CollectState.SILENT: "silent",
}


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the reading of a list came; ``at`` monotonic seconds of the last change."""

    state: ReadState
    received: int
    announced: int | None
    at: float


class CatalogueReader:
    """The use case."""

    def __init__(self, desk: Desk) -> None:
        times = desk.settings.resync
        self._desk = desk
        self._times = CollectTimes(times.first_part_s, times.part_gap_s, times.total_s)
        self._running: dict[str, tuple[CatalogueCollector, asyncio.Event]] = {}
        self._progress: dict[str, Progress] = {}
        """By device; at most one each."""
        self._turns: dict[str, tuple[asyncio.Lock, int]] = {}

    @asynccontextmanager
    async def turn(self, gb_id: str) -> AsyncIterator[None]:
        """What changes a device's channels waits here for the rest: a list that is being read would undo news
        of a channel that came meanwhile.
        """
        lock, users = self._turns.get(gb_id, (asyncio.Lock(), 0))
        self._turns[gb_id] = (lock, users + 1)
        try:
            async with lock:
                yield
        finally:
            lock, users = self._turns.pop(gb_id)
            if users > 1:
                self._turns[gb_id] = (lock, users - 1)

    def progress(self, gb_id: str) -> Progress | None:
        """How far the newest reading came; None before the first since our start."""
        return self._progress.get(gb_id)

    def forget(self, gb_id: str) -> None:
        """The device was removed."""
        self._progress.pop(gb_id, None)

    def _note(self, gb_id: str, collector: CatalogueCollector) -> None:
        now = self._desk.clock.monotonic()
        state = _STATES[collector.state]
        self._progress[gb_id] = Progress(state, len(collector.items), collector.announced, now)

    async def read(self, entry: Entry, sn: int) -> CollectState:
        """Ask, collect, store. Returns how the collection ended; SILENT also when the device refused.

        Raises `Operational` when the store cannot take it.
        """
        if entry.peer is None or entry.gb_id in self._running:
            return CollectState.SILENT
        async with self.turn(entry.gb_id):
            return await self._read(entry, entry.peer, sn)

    async def _read(self, entry: Entry, peer: Peer, sn: int) -> CollectState:
        collector = CatalogueCollector(sn, self._desk.clock.monotonic(), self._times)
        news = asyncio.Event()
        self._running[entry.gb_id] = (collector, news)
        self._note(entry.gb_id, collector)
        try:
            # parts may overtake the 200 to our query: collect from the start
            async with asyncio.timeout(self._desk.settings.command.taken_s):  # or the dead hold up the city
                response = await self._desk.send(entry, peer, CatalogQuery(sn, entry.gb_id))
            if not response.ok and not collector.items:
                self._desk.counters["catalogue_refused"] += 1
                self._ended(entry.gb_id, "refused")
                return CollectState.SILENT
            await self._collect(collector, news)
        except (Operational, TimeoutError):
            if not collector.items:
                self._desk.counters["catalogue_unreachable"] += 1
                self._ended(entry.gb_id, "silent")
                return CollectState.SILENT
            await self._collect(collector, news)
        finally:
            del self._running[entry.gb_id]
        self._note(entry.gb_id, collector)
        self._desk.counters[f"catalogue_{collector.state}"] += 1
        if collector.state is not CollectState.SILENT:
            await self._desk.fleet.catalogue(
                entry.device_id,
                channels(collector.items, self._desk.settings.gb_id),
                collector.complete,
                self._desk.clock.now(),
            )
        return collector.state

    async def _collect(self, collector: CatalogueCollector, news: asyncio.Event) -> None:
        """Wait for parts until the collector says it is over."""
        clock = self._desk.clock
        while (at := collector.get_timer()) is not None:
            news.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, at - clock.monotonic())):
                    await news.wait()
            collector.handle_timer(clock.monotonic())

    def offer(self, entry: Entry, part: CatalogResponse) -> bool:
        """A part came in; False when no query of ours awaits it."""
        running = self._running.get(entry.gb_id)
        if running is None or not running[0].offer(part, self._desk.clock.monotonic()):
            return False
        self._note(entry.gb_id, running[0])
        running[1].set()
        return True

    def _ended(self, gb_id: str, state: ReadState) -> None:
        self._progress[gb_id] = Progress(state, 0, None, self._desk.clock.monotonic())


def channels(items: tuple[CatalogItem, ...], own_id: str) -> list[CatalogueItem]:
    """The video channels of a catalogue, as the fleet takes them. A list that says nothing of an item's state
    does not call it off. Where no id is a camera's, what has nothing below it is one: programs list
    themselves, by the recorder's id they registered with.
    """
    found = [item for item in items if is_channel(item.device_id, own_id)] or _leaves(items)
    return [channel(item, unsaid="ON") for item in found]


def _leaves(items: tuple[CatalogItem, ...]) -> list[CatalogItem]:
    parents = {item.parent_id for item in items}
    devices = [item for item in items if node_kind(item.device_id) in {Kind.RECORDER, Kind.OTHER}]
    return [item for item in devices if item.device_id not in parents]


def is_channel(gb_id: str, own_id: str) -> bool:
    """Tree nodes, alarm inputs, audio and our own id (some recorders list the platform) are no channels."""
    return node_kind(gb_id) is Kind.CAMERA and gb_id != own_id


def channel(item: CatalogItem, unsaid: str) -> CatalogueItem:
    """One channel; ``unsaid`` is its status when the device gives none."""
    states = {ItemStatus.OFF: "OFF", ItemStatus.ON: "ON"}
    return CatalogueItem(
        gb_id=item.device_id,
        name=item.name,
        status=states.get(item.status, unsaid),
        parent=item.parent_id,
        civil_code=item.civil_code,
        manufacturer=item.manufacturer,
        model=item.model,
        ptz_type=item.ptz_type or 0,
        lon=item.longitude,
        lat=item.latitude,
        raw=(*_streams(item), *item.extra),
    )


def _streams(item: CatalogItem) -> tuple[tuple[str, str], ...]:
    return (("StreamNumberList", "/".join(map(str, item.streams))),) if item.streams else ()
