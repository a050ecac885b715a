"""What the situation page says: how much is usable, why the rest is not, what is known of why. Read once for
all consoles within a few seconds; the rate of the last day, which costs most, once a minute."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from civicam.fleet.views import Text
from civicam.kernel.clock import Clock
from civicam.kernel.messages import message
from civicam.outages.facts import Attribution, CauseKind, WorkPlanned
from civicam.outages.ports import OutageFilter, OutageRow
from civicam.outages.service import OutageService
from civicam.usability.board import Standing
from civicam.usability.facts import Leg, State
from civicam.usability.model import LEGS, STATES
from civicam.usability.rates import Rate, Wanted
from civicam.usability.service import UsabilityService

TOP = 12
"""Causes named one by one; the counts beside them are of all."""
_PAGE, _MOST = 500, 5_000
_DAY_EVERY_S = 60.0
_NO_NEWS = ""


@dataclass(frozen=True, slots=True)
class StateCounts:
    """Channels by state; together they are all."""

    good: int
    bad: int
    unknown: int
    not_configured: int


@dataclass(frozen=True, slots=True)
class LegCounts:
    """Channels by the state of one leg."""

    leg: Leg
    counts: StateCounts


@dataclass(frozen=True, slots=True)
class UnknownWhy:
    """Channels of which it is not known whether they are usable, by the reason of the first leg that is
    unknown; an empty ``code``: nothing was ever heard of it."""

    leg: Leg
    code: str
    why: Text | None
    channels: int


@dataclass(frozen=True, slots=True)
class CauseCounts:
    """Open causes of one kind or one party, and what they take away. A channel that two causes take away
    counts in both."""

    causes: int
    sites: int
    channels: int


@dataclass(frozen=True, slots=True)
class ByKind:
    """Open causes of one kind."""

    kind: CauseKind
    counts: CauseCounts


@dataclass(frozen=True, slots=True)
class ByParty:
    """Open causes that are attributed to one party."""

    attribution: Attribution
    counts: CauseCounts


@dataclass(frozen=True, slots=True)
class Overview:
    """All of it at ``at``. ``day`` is the rate of the 24 hours up to ``day_at``. ``top``: the causes that
    take away most channels. ``works``: planned work that runs now."""

    at: datetime
    channels: StateCounts
    legs: list[LegCounts]
    unknown: list[UnknownWhy]
    day: Rate
    day_at: datetime
    open: CauseCounts
    kinds: list[ByKind]
    parties: list[ByParty]
    top: list[OutageRow]
    works: list[WorkPlanned]


class OverviewDesk:
    """One for the process."""

    def __init__(self, usability: UsabilityService, outages: OutageService, clock: Clock) -> None:
        self._usability = usability
        self._outages = outages
        self._clock = clock
        self._day: tuple[float, datetime, Rate] | None = None

    async def now(self) -> Overview:
        """The figures of this moment."""
        at = self._clock.now()
        standings = self._usability.standings()
        rows = await self._open()
        day_at, day = await self._rate()
        works = [each for each in await self._outages.works() if each.begin <= at < each.end]
        return Overview(
            at,
            count(each.usable for each in standings),
            [LegCounts(leg, count(each.state_of(leg) for each in standings)) for leg in LEGS],
            unknown_why(standings),
            day,
            day_at,
            _sum(rows),
            by_kind(rows),
            by_party(rows),
            sorted(rows, key=_weight)[:TOP],
            works,
        )

    async def _open(self) -> list[OutageRow]:
        found: list[OutageRow] = []
        after: str | None = ""
        while after is not None and len(found) < _MOST:
            page = await self._outages.page(OutageFilter(state="open"), after, _PAGE)
            found += page.rows
            after = page.next
        return found

    async def _rate(self) -> tuple[datetime, Rate]:
        """Of all channels over 24 hours."""
        now, ran = self._clock.now(), self._clock.monotonic()
        if self._day is None or ran - self._day[0] >= _DAY_EVERY_S:
            found = await self._usability.rates(Wanted(), "", now - timedelta(days=1), now)
            self._day = (ran, found.end, found.groups[0].rate)
        return self._day[1], self._day[2]


def count(states: Iterable[State]) -> StateCounts:
    """How many are in which state."""
    found = Counter(states)
    unknown, good, bad, none = (found[state] for state in STATES)
    return StateCounts(good, bad, unknown, none)


def unknown_why(standings: Iterable[Standing]) -> list[UnknownWhy]:
    """Why channels are unknown, the commonest first."""
    found: Counter[tuple[Leg, str]] = Counter()
    for each in standings:
        if each.usable is State.UNKNOWN:
            leg = next((leg for leg in LEGS if each.state_of(leg) is State.UNKNOWN), None)
            if leg is not None:
                found[leg, each.legs[leg].proof.code] += 1
    return [
        UnknownWhy(leg, code, _text(code), channels)
        for (leg, code), channels in sorted(found.items(), key=lambda item: (-item[1], item[0]))
    ]


def by_kind(rows: Sequence[OutageRow]) -> list[ByKind]:
    """Only kinds that there are, the weightiest first."""
    kinds = {row.kind for row in rows}
    found = [ByKind(kind, _sum([row for row in rows if row.kind is kind])) for kind in kinds]
    return sorted(found, key=lambda each: (-each.counts.channels, each.kind))


def by_party(rows: Sequence[OutageRow]) -> list[ByParty]:
    """Only parties that have some, the weightiest first."""
    parties = {row.attribution for row in rows}
    found = [ByParty(party, _sum([row for row in rows if row.attribution is party])) for party in parties]
    return sorted(found, key=lambda each: (-each.counts.channels, each.attribution))


def _sum(rows: Sequence[OutageRow]) -> CauseCounts:
    return CauseCounts(
        len(rows), sum(row.outage.sites for row in rows), sum(row.outage.channels for row in rows)
    )


def _weight(row: OutageRow) -> tuple[int, datetime]:
    return -row.outage.channels, row.outage.started_at


def _text(code: str) -> Text | None:
    if code == _NO_NEWS:
        return None
    data = {"measured": None, "limit": None, "device": "", "channel": "", "status": ""}
    return Text(message(code, "zh-CN", data), message(code, "en", data))
