"""The use cases of alarms: the gateway hands over what devices raise, the web shows it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import structlog

from civicam.alarms.facts import (
    Alarm,
    AlarmFact,
    AlarmId,
    AlarmRaised,
    AlarmReset,
    AlarmSeen,
    ResetState,
    Taken,
)
from civicam.alarms.model import alarm_id_for, fit_to_keep
from civicam.alarms.ports import AlarmFilter, AlarmPage, AlarmStore
from civicam.alarms.settings import AlarmSettings
from civicam.fleet.gather import Gather
from civicam.kernel.clock import Clock
from civicam.kernel.errors import CivicamError, Refused
from civicam.kernel.work import Work

log = structlog.get_logger("civicam.alarms")

RAISED, RESET = "alarms.raised", "alarms.reset"
FACTS: dict[str, type[AlarmFact]] = {RAISED: AlarmRaised, RESET: AlarmReset}
"""Names of this room's facts in the outbox."""

_SWEEP_S = 3600.0
_SWEEP = 200
"""Alarms deleted in one unit of work: a large one would hold up everybody else's."""


class AlarmService:
    """One for the process. `start` begins to forget old alarms, `aclose` stops that."""

    def __init__(self, work: Work[AlarmStore], clock: Clock, settings: AlarmSettings) -> None:
        self._work = work
        self._clock = clock
        self._settings = settings
        self._incoming: Gather[_Wish] = Gather(self._write, waiting=settings.waiting)
        self._sweeper: asyncio.Task[None] | None = None
        self.taken = 0
        self.copies = 0

    async def start(self) -> None:
        """Begin to forget what is older than is kept."""
        self._sweeper = asyncio.create_task(self._sweep_for_ever(), name="alarms-sweep")

    async def aclose(self) -> None:
        """Stop."""
        if self._sweeper is not None:
            self._sweeper.cancel()
            await asyncio.gather(self._sweeper, return_exceptions=True)
            self._sweeper = None

    # -- what devices cause

    async def take(self, seen: AlarmSeen) -> Taken:
        """Keep an alarm, together with others; durable when this returns. A copy changes nothing.

        Raises `Operational` ``db.…``.
        """
        kept = fit_to_keep(seen)
        wish = _Wish(alarm_id_for(kept), kept)
        await self._incoming.put(wish)
        return Taken(wish.alarm_id, wish.new)

    async def _write(self, wishes: Sequence[_Wish]) -> list[Exception | None]:
        first: dict[AlarmId, _Wish] = {}
        for wish in wishes:
            first.setdefault(wish.alarm_id, wish)

        def work(store: AlarmStore) -> set[AlarmId]:
            new = store.add([(wish.alarm_id, wish.seen) for wish in first.values()])
            raised = [
                (RAISED, AlarmRaised(wish.alarm_id, wish.seen))
                for wish in first.values()
                if wish.alarm_id in new
            ]
            if raised:
                store.publish(raised, wishes[-1].seen.received_at)
            return new

        new = await self._work.write(work)
        for alarm_id in new:
            first[alarm_id].new = True
        self.taken += len(new)
        self.copies += len(wishes) - len(new)
        return [None] * len(wishes)

    # -- what people ask

    async def page(self, wanted: AlarmFilter, after: str = "", limit: int = 100) -> AlarmPage:
        """Newest first. `Refused` ``alarms.bad-cursor``."""
        return await self._work.read(lambda store: store.page(wanted, after, limit))

    async def alarm(self, alarm_id: str) -> Alarm:
        """One alarm. `Refused` ``alarms.unknown-alarm``."""
        found = await self._work.read(lambda store: store.alarm(alarm_id))
        if found is None:
            raise Refused("alarms.unknown-alarm", alarm_id=alarm_id)
        return found

    async def some(self, alarm_ids: Sequence[AlarmId]) -> list[Alarm]:
        """Those of some alarms that are there, newest first."""
        return await self._work.read(lambda store: store.alarms(alarm_ids))

    async def reset(self, alarm_id: AlarmId, state: ResetState, by: str) -> None:
        """Keep what came of asking the device to reset an alarm. `Refused` ``alarms.unknown-alarm``."""
        fact = AlarmReset(alarm_id, state, by, self._clock.now())

        def work(store: AlarmStore) -> bool:
            known = store.reset(fact)
            if known:
                store.publish([(RESET, fact)], fact.at)
            return known

        if not await self._work.write(work):
            raise Refused("alarms.unknown-alarm", alarm_id=alarm_id)

    # -- what time causes

    async def sweep(self) -> int:
        """Forget alarms that are older than is kept; how many there were."""
        before = self._clock.now() - timedelta(days=self._settings.keep_days)

        def sweep(store: AlarmStore) -> int:
            return store.sweep(before, _SWEEP)

        gone = found = await self._work.write(sweep)
        while found == _SWEEP:
            found = await self._work.write(sweep)
            gone += found
        return gone

    async def _sweep_for_ever(self) -> None:
        while True:
            try:
                await self.sweep()
            except CivicamError as error:  # the next one comes
                log.warning("alarms.sweep-failed", code=error.code)
            await asyncio.sleep(_SWEEP_S)


class _Wish:
    """An alarm on its way to the store; ``new`` once it is known to be no copy."""

    __slots__ = ("alarm_id", "new", "seen")

    def __init__(self, alarm_id: AlarmId, seen: AlarmSeen) -> None:
        self.alarm_id = alarm_id
        self.seen = seen
        self.new = False
