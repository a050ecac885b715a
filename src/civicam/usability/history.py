"""What rows of history say: states over time, seconds in each. Pure; seconds since 1970, whole.

A row is ``(at, vector)``: the channel's legs from then on. Before its first row a channel is not there, and
nothing is configured. Over the rows lie the gaps of our own collector, in which whatever is configured is
unknown.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from civicam.kernel.clock import BEIJING
from civicam.usability.facts import Leg, State
from civicam.usability.model import DARKENED, NOTHING, STATES, USABLE, Vector, leg_state

DAY_S = 86_400
_ZONE_S = int(BEIJING.utcoffset(None).total_seconds())

Row = tuple[int, Vector]
Gap = tuple[int, int]
"""``start`` included, ``end`` not."""
Seconds = tuple[int, int, int, int]
"""In each of `civicam.usability.model.STATES`: unknown, good, bad, not configured."""


@dataclass(frozen=True, slots=True)
class Span:
    """A channel's legs from ``start`` to before ``end``; ``dark`` while nobody collected."""

    start: int
    end: int
    vector: Vector
    dark: bool = False

    @property
    def usable(self) -> State:
        """The state of the channel."""
        return USABLE[self.vector]


def second(moment: datetime) -> int:
    """A moment as whole seconds since 1970."""
    return int(moment.timestamp())


def moment(seconds: int) -> datetime:
    """Back again, aware, UTC."""
    return datetime.fromtimestamp(seconds, UTC)


def day_of(at: int) -> int:
    """The day, counted from 1970, of a second in China."""
    return (at + _ZONE_S) // DAY_S


def day_start(day: int) -> int:
    """The first second of a day in China."""
    return day * DAY_S - _ZONE_S


def tidy(gaps: Iterable[Gap]) -> list[Gap]:
    """Gaps in order, those that touch made one."""
    found: list[Gap] = []
    for start, end in sorted(gap for gap in gaps if gap[0] < gap[1]):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def spans(before: Vector, rows: Sequence[Row], gaps: Sequence[Gap], start: int, end: int) -> list[Span]:
    """Everything from ``start`` to ``end``, without holes. ``before``: the vector at ``start`` but for the
    rows, which are in order and lie within; ``gaps`` are `tidy`."""
    found: list[Span] = []
    vector, at = before, start
    for next_at, next_vector in (*rows, (end, before)):
        if next_at > at:
            _cover(found, Span(at, next_at, vector), gaps)
            at = next_at
        vector = next_vector
    return found


def _cover(found: list[Span], span: Span, gaps: Sequence[Gap]) -> None:
    """Add a span, cut where nobody collected; what equals its neighbour is joined to it."""
    at = span.start
    first = max(0, bisect.bisect_right(gaps, (span.start, 1 << 62)) - 1)
    for gap_start, gap_end in gaps[first:]:
        if gap_start >= span.end:
            break
        left, right = max(gap_start, at), min(gap_end, span.end)
        if left >= right:
            continue
        _join(found, Span(at, left, span.vector))
        _join(found, Span(left, right, DARKENED[span.vector], dark=True))
        at = right
    _join(found, Span(at, span.end, span.vector))


def _join(found: list[Span], span: Span) -> None:
    if span.start >= span.end:
        return
    last = found[-1] if found else None
    if last is not None and (last.end, last.vector, last.dark) == (span.start, span.vector, span.dark):
        found[-1] = Span(last.start, span.end, span.vector, span.dark)
    else:
        found.append(span)


def vector_at(before: Vector, rows: Sequence[Row], gaps: Sequence[Gap], at: int) -> Vector:
    """The legs at one second."""
    (span,) = spans(_latest(before, rows, at), (), gaps, at, at + 1)
    return span.vector


def _latest(before: Vector, rows: Sequence[Row], at: int) -> Vector:
    vector = before
    for row_at, row_vector in rows:
        if row_at > at:
            break
        vector = row_vector
    return vector


def seconds_in(found: Iterable[Span], leg: Leg | None) -> Seconds:
    """Seconds in each state: of one leg, or of the channel."""
    sums = dict.fromkeys(STATES, 0)
    for span in found:
        sums[span.usable if leg is None else leg_state(span.vector, leg)] += span.end - span.start
    return tuple_of(sums)


def tuple_of(sums: dict[State, int]) -> Seconds:
    """In the order of STATES."""
    unknown, good, bad, not_configured = (sums[state] for state in STATES)
    return unknown, good, bad, not_configured


def vectors_in(before: Vector, rows: Sequence[Row], gaps: Sequence[Gap], period: Gap) -> dict[Vector, int]:
    """Seconds in each vector over a period; they add up to it. For many channels with few rows each."""
    start, end = period
    sums: dict[Vector, int] = {}
    dark_all = sum(min(right, end) - max(left, start) for left, right in gaps if left < end and right > start)
    if not rows:
        if before == NOTHING:
            return {NOTHING: end - start}
        sums[before] = end - start - dark_all
        if dark_all:
            dark = DARKENED[before]
            sums[dark] = sums.get(dark, 0) + dark_all
        return sums
    if dark_all:
        for span in spans(before, rows, gaps, start, end):
            sums[span.vector] = sums.get(span.vector, 0) + span.end - span.start
        return sums
    vector, at = before, start
    for next_at, next_vector in rows:
        sums[vector] = sums.get(vector, 0) + next_at - at
        vector, at = next_vector, next_at
    sums[vector] = sums.get(vector, 0) + end - at
    return sums
