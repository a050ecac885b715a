"""Heartbeats on their way to the store: the newest of each device, written a slice of the city at a time.

A device says the same every minute, so what a crash may lose is little: its last-seen time of less than one
period. What is news is written with the next slice: a new address (a NAT's new port is where we send), a
channel that is called faulty or sound, a device that was never written. The rest is written once a period,
slice after slice in the store's own order: rows that lie side by side share pages, and a page is what a write
costs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

import structlog

from civicam.fleet.facts import DeviceId, Heartbeat
from civicam.fleet.ports import FleetStore
from civicam.kernel.errors import CivicamError
from civicam.kernel.work import Work

log = structlog.get_logger("civicam.fleet")

SLICE_S = 1.0
"""How often a slice is written."""
_SOUND = frozenset[str]()


class Hearing:
    """One for the process. ``period_s``: every device's newest heartbeat is in the store so soon."""

    def __init__(self, work: Work[FleetStore], period_s: float) -> None:
        self._work = work
        self._pause = min(SLICE_S, period_s)
        self._slices = max(1, round(period_s / self._pause))
        self._beats: dict[DeviceId, Heartbeat] = {}
        """Not written yet, the newest of each device."""
        self._sources: dict[DeviceId, str] = {}
        """Where the store has each device."""
        self._news: set[DeviceId] = set()
        self._order: Sequence[DeviceId] = ()
        self._next = 0
        self._faulty: dict[DeviceId, frozenset[str]] | None = None
        self._running: asyncio.Task[None] | None = None
        self.written = 0
        """Rows."""

    def start(self) -> None:
        """Begin to write."""
        self._running = asyncio.create_task(self._write_forever(), name="fleet-heartbeats")

    async def aclose(self) -> None:
        """Write what was collected and stop."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
            self._running = None
        try:
            await self.flush()
        except CivicamError as error:
            log.warning("fleet.heartbeats-lost", code=error.code, devices=len(self._beats))

    def know(self, devices: Sequence[tuple[DeviceId, str]]) -> None:
        """The devices in the store's order, each with the source it has there."""
        self._order = [device_id for device_id, _ in devices]
        self._sources = dict(devices)
        self._next = 0

    def heard(self, fact: Heartbeat) -> None:
        """A heartbeat came."""
        device_id, faulty = fact.device_id, self._faulty
        self._beats[device_id] = fact
        if (
            self._sources.get(device_id) != fact.source
            or faulty is None
            or ((fact.faulty or device_id in faulty) and _differs(fact, faulty))
        ):
            self._news.add(device_id)

    def moved(self, device_id: DeviceId, source: str) -> None:
        """The store has got a new source by another way: a registration."""
        self._sources[device_id] = source

    async def flush(self) -> None:
        """Write everything now; what fails stays collected unless something newer came."""
        await self._write(list(self._beats))

    async def _write_forever(self) -> None:
        while True:
            await asyncio.sleep(self._pause)
            try:
                await self._write(self._due())
            except CivicamError as error:
                log.warning("fleet.heartbeats-wait", code=error.code, devices=len(self._beats))

    def _due(self) -> Iterable[DeviceId]:
        """What is news, and the slice whose turn it is; the last slice takes strangers to the order along."""
        length = -(-len(self._order) // self._slices) or 1
        turn = self._order[self._next : self._next + length]
        self._next += length
        if self._next < len(self._order):
            return [*turn, *self._news]
        self._next = 0
        return [*turn, *self._news, *(self._beats.keys() - set(self._order))]

    async def _write(self, due: Iterable[DeviceId]) -> None:
        beats: dict[DeviceId, Heartbeat] = {}
        for device_id in due:
            beat = self._beats.pop(device_id, None)
            if beat is not None:
                beats[device_id] = beat
        if not beats:
            return
        self._news.difference_update(beats)
        try:
            if self._faulty is None:
                self._faulty = await self._work.read(lambda store: store.faulty())
            known = self._faulty
            changed = [beat for beat in beats.values() if _differs(beat, known)]

            def work(store: FleetStore) -> None:
                store.heartbeats(list(beats.values()))
                for beat in changed:
                    store.set_faulty(beat.device_id, frozenset(beat.faulty), beat.at)

            await self._work.write(work)
        except BaseException:
            self._beats = beats | self._beats
            self._news.update(beats)
            raise
        self._sources.update((beat.device_id, beat.source) for beat in beats.values())
        for beat in changed:
            if beat.faulty:
                known[beat.device_id] = frozenset(beat.faulty)
            else:
                known.pop(beat.device_id, None)
        self.written += len(beats)


def _differs(beat: Heartbeat, known: dict[DeviceId, frozenset[str]]) -> bool:
    """Whether a heartbeat names other channels as faulty than the store does."""
    return frozenset(beat.faulty) != known.get(beat.device_id, _SOUND)
