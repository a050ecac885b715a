"""The running collector: the board's clock, its writes in groups, and its own signs of life.

What is believed is written with everything else that came to be believed within a second; the sign of life
goes with it. After a crash the time since the last durable sign is a gap: whatever was believed then is
unknown until now. The same holds for time in which the process stood still, and for changes that were given
up because the store could not take them for too long.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import structlog

from civicam.kernel.clock import Clock
from civicam.kernel.errors import CivicamError
from civicam.kernel.work import Work
from civicam.usability.board import Board, Change, Standing
from civicam.usability.debounce import Holds
from civicam.usability.facts import (
    CollectorGap,
    GapKind,
    LegChanged,
    Reading,
    UsabilityFact,
    UsableChanged,
)
from civicam.usability.ports import Entry, Life, UsabilityStore
from civicam.usability.settings import HoldSettings, UsabilitySettings

log = structlog.get_logger("civicam.usability")

LEG_CHANGED, USABLE_CHANGED, GAP = (
    "usability.leg-changed",
    "usability.usable-changed",
    "usability.collector-gap",
)
FACTS: dict[str, type[UsabilityFact]] = {
    LEG_CHANGED: LegChanged,
    USABLE_CHANGED: UsableChanged,
    GAP: CollectorGap,
}
"""Names of this room's facts in the outbox."""

GROUP = 250
"""Changes in one unit of work: more would hold up everybody else's."""
_STOOD_STILL = 3
_LEAST_STILL_S = 30.0


def holds_of(settings: HoldSettings) -> Holds:
    """The settings as the board wants them."""
    return Holds(
        timedelta(seconds=settings.good_s),
        timedelta(seconds=settings.bad_s),
        timedelta(seconds=settings.unknown_s),
        timedelta(seconds=settings.not_configured_s),
        timedelta(seconds=settings.late_s),
    )


class Collector:
    """One for the process. `begin`, then `start`; `aclose` writes what is believed and the orderly end."""

    def __init__(self, work: Work[UsabilityStore], clock: Clock, settings: UsabilitySettings) -> None:
        self._work = work
        self._clock = clock
        self._settings = settings
        self.board = Board(holds_of(settings.hold))
        self.counters: Counter[str] = Counter()
        self._waiting: deque[Change] = deque()
        self._gaps: list[CollectorGap] = []
        self._lost_since: datetime | None = None
        self._life = 0
        self._signed: datetime | None = None
        self._tick_at: tuple[datetime, float] | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self.set_back = asyncio.Event()
        """Set when the wall clock was set back: what stands must be told anew."""

    @property
    def waiting(self) -> int:
        """Changes that wait for the store."""
        return len(self._waiting)

    async def begin(self) -> None:
        """Take up what was believed; date the gap since the last sign of life."""
        now = self._clock.now()

        def work(store: UsabilityStore) -> tuple[int, CollectorGap | None, list[Standing]]:
            gap = gap_before(store.life(), now)
            if gap is not None:
                store.add_gap(gap)
                store.publish([(GAP, gap)], now)
            return store.begin(now), gap, store.standings()

        self._life, gap, standings = await self._work.write(work)
        for standing in standings:
            self.board.restore(standing, now)
        if gap is not None:
            log.info(
                "usability.gap",
                kind=gap.kind,
                seconds=round((gap.end - gap.start).total_seconds(), 1),
            )

    def start(self) -> None:
        """Begin to believe, and to write."""
        self._tick_at = None
        self._tasks = [
            asyncio.create_task(self._for_ever(self._tick_once), name="usability-tick"),
            asyncio.create_task(self._for_ever(self._flush_due), name="usability-write"),
        ]

    async def aclose(self) -> None:
        """Write what is believed by now, and that this was an orderly end."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        if not self._life:
            return
        self.tick()
        try:
            await self.flush()
            now = self._clock.now()
            await self._work.write(lambda store: store.sign(self._life, now, stopped=True))
        except CivicamError as error:
            log.warning("usability.end-not-written", code=error.code, waiting=len(self._waiting))

    def take(self, reading: Reading) -> None:
        """A finding. Cheap: what comes of it is written with others."""
        self.counters[f"readings_{reading.leg}"] += 1
        self.board.take(reading, self._clock.now())

    def tick(self) -> None:
        """Look at the clock: what is believed by now waits for the store from here on."""
        now, monotonic = self._clock.now(), self._clock.monotonic()
        if self._tick_at is not None:
            self._watch_clocks(now, monotonic, *self._tick_at)
        self._tick_at = (now, monotonic)
        self._waiting.extend(self.board.handle_timer(now))
        if len(self._waiting) > self._settings.waiting:
            self._give_up()

    def _watch_clocks(self, now: datetime, monotonic: float, was: datetime, ran: float) -> None:
        if now < was - timedelta(seconds=self._settings.hold.late_s):
            self.counters["clock_set_back"] += 1
            log.warning("usability.clock-set-back", seconds=round((was - now).total_seconds(), 1))
            self.board.set_back()
            self.set_back.set()
        elif monotonic - ran > max(_STOOD_STILL * self._settings.life_s, _LEAST_STILL_S):
            self.counters["stood_still"] += 1
            self._gaps.append(CollectorGap(was, now, "stalled"))

    def _give_up(self) -> None:
        """The store has not taken anything for too long: better a gap than a memory without end."""
        if self._lost_since is None:
            self._lost_since = self._waiting[0].leg.at
            log.error("usability.changes-lost", waiting=len(self._waiting))
        self.counters["changes_lost"] += len(self._waiting)
        self._waiting.clear()

    async def flush(self) -> None:
        """Write what waits, and a sign of life; what fails stays."""
        while self._anything():
            await self._write_group()
        now = self._clock.now()
        await self._work.write(lambda store: store.sign(self._life, now))
        self._signed = now

    async def _write_group(self) -> None:
        group = [self._waiting.popleft() for _ in range(min(GROUP, len(self._waiting)))]
        gaps, lost_since, now = list(self._gaps), self._lost_since, self._clock.now()
        entries = [entry_of(change) for change in group]
        renewed = self.board.take_renewed()
        channels = renewed | {each.leg.channel_id for each in group}
        if lost_since is not None:
            gaps.append(CollectorGap(min(lost_since, now), now, "stalled"))
            entries += [
                Entry(key, now, standing.vector, None)
                for key in self.board.channels()
                if (standing := self.board.standing(key)) is not None
            ]
            channels.update(self.board.channels())
        standings = [each for key in channels if (each := self.board.standing(key)) is not None]

        def work(store: UsabilityStore) -> None:
            store.save(entries, standings)
            for gap in gaps:
                store.add_gap(gap)
            store.publish([*((GAP, gap) for gap in gaps), *facts_of(group)], now)

        try:
            await self._work.write(work)
        except BaseException:
            self.board.renew_later(renewed)
            self._waiting.extendleft(reversed(group))
            raise
        del self._gaps[: len(gaps) - (lost_since is not None)]
        if lost_since is not None:
            self._lost_since = None
        self.counters["changes_written"] += len(group)

    async def _tick_once(self) -> None:
        self.tick()

    async def _flush_due(self) -> None:
        signed, life = self._signed, timedelta(seconds=self._settings.life_s)
        due = signed is None or abs(self._clock.now() - signed) >= life * 0.8
        if due or self._anything():
            await self.flush()

    def _anything(self) -> bool:
        lost = self._lost_since is not None
        return lost or bool(self._waiting or self._gaps or self.board.renewing)

    async def _for_ever(self, work: object) -> None:
        assert callable(work)
        while True:
            try:
                await work()
            except CivicamError as error:
                self.counters["store_failed"] += 1
                log.warning("usability.write-waits", code=error.code, waiting=len(self._waiting))
            await asyncio.sleep(min(self._settings.flush_s, self._settings.life_s))


def gap_before(life: Life | None, now: datetime) -> CollectorGap | None:
    """The gap between the newest run and one that begins now; None for the first one ever."""
    if life is None:
        return None
    start = life.stopped_at or life.last_at
    kind: GapKind = "crashed" if life.stopped_at is None else "stopped"
    return CollectorGap(start, now, kind) if start < now else None


def entry_of(change: Change) -> Entry:
    """A change as it is kept."""
    return Entry(change.leg.channel_id, change.leg.at, change.vector, change.leg)


def facts_of(changes: Iterable[Change]) -> Sequence[tuple[str, UsabilityFact]]:
    """What others hear of changes, in their order."""
    found: list[tuple[str, UsabilityFact]] = []
    for change in changes:
        found.append((LEG_CHANGED, change.leg))
        if change.usable is not None:
            found.append((USABLE_CHANGED, change.usable))
    return found
