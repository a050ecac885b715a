"""The use cases of usability: the gateway and other rooms tell what they found, the web asks."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from civicam.fleet.facts import CatalogueApplied, ChannelId, ChannelsChanged, DeviceId, Presence
from civicam.kernel.clock import Clock
from civicam.kernel.errors import CivicamError, Refused
from civicam.kernel.work import Work
from civicam.usability import history, judging
from civicam.usability.board import Standing
from civicam.usability.collector import Collector
from civicam.usability.debounce import Believed
from civicam.usability.facts import CollectorGap, Leg, Reading, State
from civicam.usability.history import Seconds, Span, day_of, day_start, second, tidy
from civicam.usability.minutes import MINUTE_S, Day, day_of_all
from civicam.usability.model import LEGS, STATES, USABLE, Vector, leg_state
from civicam.usability.ports import Directory, LegAt, UsabilityStore
from civicam.usability.rates import GroupKey, Rates, Wanted, chosen, grouped, refuse_bad_period
from civicam.usability.settings import UsabilitySettings

log = structlog.get_logger("civicam.usability")

_ROLL_S = 600.0
_LONGEST_STRIP = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class ChannelNow:
    """A channel's legs as they are believed now; ``changing``: what may follow if it lasts."""

    channel_id: str
    state: State
    since: datetime | None
    legs: dict[Leg, Believed]
    changing: dict[Leg, Believed]


@dataclass(frozen=True, slots=True)
class ChannelAt:
    """A channel at a moment. ``gap``: nobody collected then, and what was configured is unknown."""

    channel_id: str
    at: datetime
    vector: Vector
    legs: list[LegAt]
    gap: CollectorGap | None


@dataclass(frozen=True, slots=True)
class Strip:
    """A channel over a period, without holes; ``seconds`` are those of the channel's own state."""

    channel_id: str
    start: datetime
    end: datetime
    spans: list[Span]
    seconds: Seconds


class UsabilityService:
    """One for the process. `start` before anybody reports, `sync` once facts are delivered, `aclose` last."""

    def __init__(
        self,
        work: Work[UsabilityStore],
        directory: Directory,
        clock: Clock,
        settings: UsabilitySettings,
    ) -> None:
        self._work = work
        self._directory = directory
        self._clock = clock
        self.settings = settings
        self.collector = Collector(work, clock, settings)
        self._devices: dict[DeviceId, list[ChannelId]] = {}
        self._wanted = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Take up what was believed, tell of our own gap, begin to write."""
        await self.collector.begin()
        self.collector.start()
        self._tasks = [
            asyncio.create_task(self._follow(self._wanted), name="usability-directory"),
            asyncio.create_task(self._follow(self.collector.set_back), name="usability-clock"),
            asyncio.create_task(self._roll_for_ever(), name="usability-days"),
        ]

    async def aclose(self) -> None:
        """Stop; what is believed by now is written."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        await self.collector.aclose()

    # -- what is found

    def take(self, reading: Reading) -> None:
        """A finding of a room that judges a leg: `civicam.usability.ports.Findings`."""
        self.collector.take(reading)

    @property
    def stream_every_s(self) -> float:
        """How often streams that flow are measured."""
        return self.settings.media.every_s

    @property
    def clock_every_s(self) -> float:
        """How often a device is asked for its time."""
        return self.settings.clock.every_h * 3600

    def stream(self, channel_id: ChannelId, found: judging.StreamMeasured) -> None:
        """A stream that flows anyway was measured."""
        self.take(judging.media(channel_id, found, self.settings.media, self._clock.now()))

    def open_failed(self, channel_id: ChannelId, code: str) -> None:
        """A stream was asked for and did not come."""
        self.take(judging.failed_open(channel_id, code, self.settings.media, self._clock.now()))

    def clock_told(self, device_id: DeviceId, off_s: float | None, resolution_s: float) -> None:
        """A device told its time, ``off_s`` ahead of ours; None: it answered, but without a time."""
        now = self._clock.now()
        for channel_id in self._devices.get(device_id, ()):
            if off_s is None:
                self.take(judging.no_clock(channel_id, now))
            else:
                self.take(judging.clock(channel_id, off_s, resolution_s, self.settings.clock, now))

    async def hear(self, _fact_id: str, fact: object) -> None:
        """A fact of the outbox: what the fleet says of channels."""
        if isinstance(fact, ChannelsChanged):
            for each in fact.channels:
                self.take(judging.signalling(each.channel_id, each.state, each.reason, fact.at))
        elif isinstance(fact, CatalogueApplied) and fact.added:
            await self.sync([fact.device_id])

    def directory_changed(self) -> None:
        """Devices were entered or removed: look at all of them again, soon."""
        self._wanted.set()

    async def sync(self, device_ids: Sequence[DeviceId] | None = None) -> None:
        """Read the channels' states from the fleet: at the start, and for what is new. What is no longer
        there is not configured any more."""
        now = self._clock.now()
        cards = await self._directory.cards(device_ids)
        found: dict[DeviceId, list[ChannelId]] = {}
        for card in cards:
            found.setdefault(card.device_id, []).append(card.channel_id)
        self._devices.update(found)
        for card in cards:
            self.take(
                judging.signalling(card.channel_id, card.state, card.reason, min(card.since or now, now))
            )
        if device_ids is None:
            self._devices = found
            self._drop_others({card.channel_id for card in cards}, now)

    def _drop_others(self, there: set[ChannelId], now: datetime) -> None:
        for channel_id in [each for each in self.collector.board.channels() if each not in there]:
            standing = self.collector.board.standing(channel_id)
            for leg in standing.legs if standing is not None else ():
                gone = judging.signalling(channel_id, Presence.UNKNOWN, judging.REMOVED, now)
                self.take(Reading(channel_id, leg, gone.state, now, gone.proof))

    # -- what people ask

    async def now(self, channel_id: str) -> ChannelNow:
        """A channel's legs now; `Refused` ``fleet.unknown-channel``."""
        key = ChannelId(channel_id)
        standing = self.collector.board.standing(key)
        if standing is None:
            raise Refused("fleet.unknown-channel", channel_id=channel_id)
        changing = self.collector.board.changing(key)
        return ChannelNow(channel_id, standing.usable, standing.since, dict(standing.legs), changing)

    def states(self) -> dict[str, State]:
        """Every channel's state now."""
        board = self.collector.board
        return {key: found.usable for key in board.channels() if (found := board.standing(key)) is not None}

    async def at(self, channel_id: str, at: datetime) -> ChannelAt:
        """A channel at a moment that has passed.

        `Refused` ``fleet.unknown-channel``, ``usability.bad-period``.
        """
        if at > self._clock.now():
            raise Refused("usability.bad-period")
        when = second(at)

        def read(store: UsabilityStore) -> ChannelAt | None:
            found = store.rows(channel_id, when + 1, when + 1)
            if found is None:
                return None
            gaps = store.gaps(when, when + 1)
            vector = history.vector_at(found[0], (), _plain(gaps), when)
            legs = store.legs_at(channel_id, when)
            return ChannelAt(channel_id, at, vector, legs, gaps[0] if gaps else None)

        answer = await self._work.read(read)
        if answer is None:
            raise Refused("fleet.unknown-channel", channel_id=channel_id)
        return answer

    async def all_at(self, at: datetime) -> dict[str, State]:
        """Every channel at a moment that has passed. `Refused` ``usability.bad-period``."""
        if at > self._clock.now():
            raise Refused("usability.bad-period")
        when = second(at)

        def read(store: UsabilityStore) -> dict[str, State]:
            gaps = _plain(store.gaps(when, when + 1))
            vectors = store.vectors(when)
            return {key: USABLE[history.vector_at(each, (), gaps, when)] for key, each in vectors.items()}

        return await self._work.read(read)

    def standings(self) -> list[Standing]:
        """What is believed of every channel now."""
        board = self.collector.board
        return [found for key in board.channels() if (found := board.standing(key)) is not None]

    def channels_in(self, state: State, leg: Leg | None = None) -> tuple[str, ...]:
        """Channels that are in a state now, or whose leg is."""
        return tuple(each.channel_id for each in self.standings() if each.state_of(leg) is state)

    async def day(self, steps: int, step_s: int = MINUTE_S) -> Day:
        """Every channel at each of the last ``steps`` × ``step_s`` seconds' steps, the last a whole step ago
        at most."""
        last = second(self._clock.now()) // step_s * step_s
        period = last - steps * step_s, last

        def read(store: UsabilityStore) -> Day:
            rows, gaps = store.all_rows(period[0], last + 1), _plain(store.gaps(period[0], last + 1))
            return day_of_all(rows, gaps, history.moment(period[0]), steps, step_s)

        return await self._work.read(read)

    async def strip(self, channel_id: str, start: datetime, end: datetime) -> Strip:
        """A channel over a period. `Refused` ``fleet.unknown-channel``, ``usability.bad-period``."""
        start, end = refuse_bad_period(start, end, self._clock.now())
        start = max(start, end - _LONGEST_STRIP)
        period = second(start), second(end)

        def read(store: UsabilityStore) -> list[Span] | None:
            found = store.rows(channel_id, *period)
            if found is None:
                return None
            return history.spans(*found, _plain(store.gaps(*period)), *period)

        spans = await self._work.read(read)
        if spans is None:
            raise Refused("fleet.unknown-channel", channel_id=channel_id)
        return Strip(channel_id, start, end, spans, history.seconds_in(spans, None))

    async def rates(
        self, wanted: Wanted, by: GroupKey, start: datetime, end: datetime, leg: Leg | None = None
    ) -> Rates:
        """The rates of groups over a period. `Refused` ``usability.bad-period``."""
        start, end = refuse_bad_period(start, end, self._clock.now())
        period = second(start), second(end)
        cards = chosen(await self._directory.cards(), wanted)
        seconds = await self._work.read(lambda store: seconds_of(store, period, leg))
        return Rates(start, end, leg, grouped(cards, by, seconds, leg, period[1] - period[0]))

    # -- what time causes

    async def roll(self) -> int:
        """Sum up the days that are over, oldest first; how many there were."""
        hold = self.settings.hold
        settled = self._clock.now() - timedelta(seconds=3600 + hold.late_s + max(hold.good_s, hold.bad_s))
        last = day_of(second(settled))

        def missing(store: UsabilityStore) -> list[int]:
            first = store.first_row()
            if first is None:
                return []
            known = store.rolled()
            return [each for each in range(day_of(first), last) if each not in known]

        days = await self._work.read(missing)
        for each in days:
            await self._roll_day(each)
        if days:
            oldest = second(self._clock.now() - timedelta(days=self.settings.keep_days))
            await self._work.write(lambda store: store.sweep(oldest))
        return len(days)

    async def _roll_day(self, day: int) -> None:
        period = day_start(day), day_start(day + 1)
        sums = await self._work.read(lambda store: _vectors(store, period))
        await self._work.write(lambda store: store.roll(day, sums))

    async def _roll_for_ever(self) -> None:
        while True:
            try:
                await self.roll()
            except CivicamError as error:
                log.warning("usability.days-wait", code=error.code)
            await asyncio.sleep(_ROLL_S)

    async def _follow(self, wanted: asyncio.Event) -> None:
        while True:
            await wanted.wait()
            wanted.clear()
            try:
                await self.sync()
            except CivicamError as error:
                log.warning("usability.directory-unread", code=error.code)
                await asyncio.sleep(1)
                wanted.set()


def _plain(gaps: Iterable[CollectorGap]) -> list[history.Gap]:
    return tidy((second(each.start), second(each.end)) for each in gaps)


def _vectors(store: UsabilityStore, period: history.Gap) -> dict[str, dict[Vector, int]]:
    """Seconds in each vector, of every channel."""
    gaps = _plain(store.gaps(*period))
    return {
        key: history.vectors_in(before, rows, gaps, period)
        for key, (before, rows) in store.all_rows(*period).items()
    }


def seconds_of(store: UsabilityStore, period: history.Gap, leg: Leg | None) -> dict[str, Seconds]:
    """Seconds in each state, of every channel: whole days from their sums, the rest from the rows."""
    length = period[1] - period[0]
    found: dict[str, Seconds] = {}
    none = (0, 0, 0, 0)
    for start, end, whole in pieces(period, store.rolled()):
        part = (
            store.sums((day_of(start), day_of(end)), leg)
            if whole
            else {key: _states(each, leg) for key, each in _vectors(store, (start, end)).items()}
        )
        for key, (unknown, good, bad, _) in part.items():
            before = found.get(key, none)
            unknown, good, bad = before[0] + unknown, before[1] + good, before[2] + bad
            found[key] = (unknown, good, bad, length - unknown - good - bad)
    return found


_PLACES = {
    leg: tuple(
        STATES.index(USABLE[vector] if leg is None else leg_state(Vector(vector), leg))
        for vector in range(len(USABLE))
    )
    for leg in (None, *LEGS)
}
"""The place in `Seconds` of each vector, by what is asked for."""


def _states(vectors: dict[Vector, int], leg: Leg | None) -> Seconds:
    sums, places = [0, 0, 0, 0], _PLACES[leg]
    for vector, seconds in vectors.items():
        sums[places[vector]] += seconds
    return sums[0], sums[1], sums[2], sums[3]


def pieces(period: history.Gap, rolled: set[int]) -> list[tuple[int, int, bool]]:
    """A period as (start, end, whole): runs of whole days that are summed up, and what lies between."""
    start, end = period
    found: list[tuple[int, int, bool]] = []
    at = start
    while at < end:
        day = day_of(at)
        upto = min(day_start(day + 1), end)
        whole = at == day_start(day) and upto == day_start(day + 1) and day in rolled
        if found and found[-1][2] == whole:
            found[-1] = (found[-1][0], upto, whole)
        else:
            found.append((at, upto, whole))
        at = upto
    return found
