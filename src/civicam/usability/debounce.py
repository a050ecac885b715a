"""When a finding is believed: one leg of one channel. Pure; the caller brings the time and owns the timer.

Findings are put in order by the time they tell of. Up to `Holds.late` they may come in any order: nothing
younger than that is looked at. A state that differs from the believed one has to last for its hold without a
finding that says otherwise; then it is believed, from its own beginning. What ends sooner never happened:

    believed good ──bad at 10:00:00── … 15 s of nothing else … ──▶ believed bad, since 10:00:00
                          └──good at 10:00:09──▶ a blip, still good

Two findings of one moment: the worse one wins, bad before unknown before good.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from civicam.usability.facts import NO_PROOF, Proof, Reading, State

_SEVERITY = {State.NOT_CONFIGURED: 0, State.GOOD: 1, State.UNKNOWN: 2, State.BAD: 3}
GREW_OLD = "usability.grew-old"
BY_TIME = Proof(GREW_OLD, "usability")
"""The proof of what a finding turns into when nothing follows it."""


@dataclass(frozen=True, slots=True)
class Holds:
    """How long each state has to last, and how late a finding may come."""

    good: timedelta
    bad: timedelta
    unknown: timedelta
    not_configured: timedelta
    late: timedelta

    def of(self, state: State) -> timedelta:
        """The hold of one state."""
        match state:
            case State.GOOD:
                return self.good
            case State.BAD:
                return self.bad
            case State.UNKNOWN:
                return self.unknown
            case State.NOT_CONFIGURED:
                return self.not_configured


@dataclass(frozen=True, slots=True)
class Believed:
    """A state that holds. ``since`` is its beginning, ``seen`` the newest finding that says so."""

    state: State
    since: datetime
    seen: datetime
    proof: Proof = NO_PROOF
    until: datetime | None = None
    then: State = State.UNKNOWN


@dataclass(slots=True)
class LegTrack:
    """What is believed of a leg, what may follow, and what waits for its turn."""

    believed: Believed
    candidate: Believed | None = None
    waiting: list[Reading] = field(default_factory=list)
    """In the order of their time."""
    newest: datetime | None = None
    """Of the findings that were looked at."""
    kept_until: datetime | None = None
    """The ``until`` of what is believed, as the store knows it, or nearly."""

    def take(self, reading: Reading, watermark: datetime) -> bool:
        """Put a finding among those that wait; False when it comes too late to tell anything.

        ``watermark``: everything up to it was looked at. What is late but still the newest news counts from
        the watermark on: history that was given out is not rewritten.
        """
        if reading.at <= watermark:
            if self.newest is not None and reading.at < self.newest:
                return False
            reading = replace(reading, at=max(watermark, reading.at))
        bisect.insort(self.waiting, reading, key=_order)
        return True

    def advance(self, watermark: datetime, holds: Holds) -> Iterator[tuple[Believed, Believed]]:
        """Look at everything up to ``watermark``; yields (before, after) of each change, oldest first."""
        while True:
            reading = self.waiting[0] if self.waiting and self.waiting[0].at <= watermark else None
            horizon = watermark if reading is None else reading.at
            yield from self._pass(horizon, holds)
            if reading is None:
                return
            while self.waiting and self.waiting[0].at == reading.at:
                reading = self.waiting.pop(0)  # of one moment the last, the worst, stands
            self._look(reading)

    def renewed(self) -> bool:
        """Whether what is believed holds much longer than it did when this was last asked: by a quarter of
        the time for which a finding holds."""
        until = self.believed.until
        if until is None:
            self.kept_until = None
            return False
        if self.kept_until is not None and until - self.kept_until < (until - self.believed.seen) / 4:
            return False
        self.kept_until = until
        return True

    def due(self, holds: Holds) -> datetime | None:
        """The watermark at which `advance` has something to do; None when nothing is awaited."""
        found = [self.waiting[0].at] if self.waiting else []
        if self.candidate is not None:
            found.append(self.candidate.since + holds.of(self.candidate.state))
        newest = self.candidate or self.believed
        if newest.until is not None:
            found.append(newest.until)
        return min(found, default=None)

    def _pass(self, horizon: datetime, holds: Holds) -> Iterator[tuple[Believed, Believed]]:
        """What time alone does until ``horizon``: candidates are believed, findings grow old."""
        while True:
            candidate = self.candidate
            if candidate is not None and _lasts(candidate, holds, horizon):
                before, self.believed, self.candidate = self.believed, candidate, None
                yield before, candidate
                continue
            current = candidate or self.believed
            if current.until is None or current.until > horizon:
                return
            self._enter(Believed(current.then, current.until, current.until, BY_TIME))

    def _look(self, reading: Reading) -> None:
        self.newest = reading.at
        self._enter(
            Believed(reading.state, reading.at, reading.at, reading.proof, reading.until, reading.then)
        )

    def _enter(self, new: Believed) -> None:
        """A finding: it confirms what is believed, or the candidate, or is a new candidate."""
        if new.state is self.believed.state:
            self.believed = replace(new, since=self.believed.since)
            self.candidate = None
        elif self.candidate is not None and new.state is self.candidate.state:
            self.candidate = replace(new, since=self.candidate.since)
        else:
            self.candidate = new


def _lasts(candidate: Believed, holds: Holds, horizon: datetime) -> bool:
    """Whether it has been held long enough by ``horizon``, before it grew old."""
    held = candidate.since + holds.of(candidate.state)
    return held <= horizon and (candidate.until is None or held <= candidate.until)


def _order(reading: Reading) -> tuple[datetime, int, str, str, float]:
    """By time; at one moment the worse later, so that it stands. The rest only makes the order whole."""
    measured = reading.proof.measured
    return (
        reading.at,
        _SEVERITY[reading.state],
        reading.proof.code,
        reading.proof.source,
        0.0 if measured is None else measured,
    )
