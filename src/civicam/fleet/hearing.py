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
from civicam.fleet.pulse import Pulse
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
        """Told in full and not written yet, the newest of each device."""
        self._pulses: dict[DeviceId, Pulse] = {}
        self._news: set[DeviceId] = set()
        self._order: Sequence[DeviceId] = ()
        self._next = 0
        self._faulty: dict[DeviceId, frozenset[str]] | None = None
        self._running: asyncio.Task[None] | None = None
        self.written = 0
        """Rows."""

    async def start(self) -> None:
        """Begin to write."""
        await self._know_faulty()
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
        self._next = 0
        before, self._pulses = self._pulses, {}
        for device_id, source in devices:
            pulse = self._pulses[device_id] = before.pop(device_id) if device_id in before else Pulse()
            pulse.stored = source
            self._calm(device_id, pulse)
        for gone in before.values():
            gone.source = ""

    def pulse(self, device_id: DeviceId) -> Pulse:
        """The device's pulse, the same as long as it is known."""
        found = self._pulses.get(device_id)
        if found is None:
            found = self._pulses[device_id] = Pulse()
        return found

    def _calm(self, device_id: DeviceId, pulse: Pulse) -> None:
        """See whether a heartbeat from where the store has the device would tell nothing."""
        faulty = self._faulty
        told = device_id in self._beats or faulty is None or device_id in faulty
        pulse.source = "" if told else pulse.stored

    def heard(self, fact: Heartbeat) -> None:
        """A heartbeat came."""
        device_id, faulty, pulse = fact.device_id, self._faulty, self.pulse(fact.device_id)
        if pulse.source and pulse.source == fact.source and not fact.faulty:
            pulse.at = fact.at
            return
        pulse.at, pulse.source = None, ""
        self._beats[device_id] = fact
        if (
            pulse.stored != fact.source
            or faulty is None
            or ((fact.faulty or device_id in faulty) and _differs(fact, faulty))
        ):
            self._news.add(device_id)

    def moved(self, device_id: DeviceId, source: str) -> None:
        """The store has got a new source by another way: a registration, which is a sign of life too."""
        pulse = self.pulse(device_id)
        pulse.at, pulse.stored = None, source
        self._calm(device_id, pulse)

    async def flush(self) -> None:
        """Write everything now; what fails stays collected unless something newer came."""
        quiet = [device_id for device_id, pulse in self._pulses.items() if pulse.at is not None]
        await self._write([*self._beats, *quiet])

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
        strangers = (self._beats.keys() | self._pulses.keys()) - set(self._order)
        return [*turn, *self._news, *strangers]

    def _take(self, device_id: DeviceId) -> Heartbeat | None:
        """What is to be written of a device."""
        beat, pulse = self._beats.pop(device_id, None), self._pulses.get(device_id)
        if pulse is None or pulse.at is None:
            return beat
        at, pulse.at = pulse.at, None
        return Heartbeat(device_id, at, pulse.stored) if beat is None else beat._replace(at=at)

    async def _write(self, due: Iterable[DeviceId]) -> None:
        taken = {device_id: self._take(device_id) for device_id in dict.fromkeys(due)}
        beats = {device_id: beat for device_id, beat in taken.items() if beat is not None}
        if not beats:
            return
        self._news.difference_update(beats)
        try:
            known = await self._know_faulty()
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
        for beat in changed:
            if beat.faulty:
                known[beat.device_id] = frozenset(beat.faulty)
            else:
                known.pop(beat.device_id, None)
        for device_id, beat in beats.items():
            pulse = self.pulse(device_id)
            pulse.stored = beat.source
            self._calm(device_id, pulse)
        self.written += len(beats)

    async def _know_faulty(self) -> dict[DeviceId, frozenset[str]]:
        """The channels the store calls faulty, read once."""
        if self._faulty is None:
            self._faulty = await self._work.read(lambda store: store.faulty())
            for device_id, pulse in self._pulses.items():
                self._calm(device_id, pulse)
        return self._faulty


def _differs(beat: Heartbeat, known: dict[DeviceId, frozenset[str]]) -> bool:
    """Whether a heartbeat names other channels as faulty than the store does."""
    return frozenset(beat.faulty) != known.get(beat.device_id, _SOUND)
