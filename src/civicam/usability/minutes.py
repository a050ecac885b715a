"""A city's day in steps: what every channel was at each of them, as first states and changes. Pure.

A console that holds this shows any minute of the day without asking again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from civicam.usability.facts import State
from civicam.usability.history import Gap, Row, spans
from civicam.usability.model import Vector

MINUTE_S = 60


@dataclass(frozen=True, slots=True)
class Turn:
    """At ``step`` these channels, by their place in `Day.channels`, become these states."""

    step: int
    channels: list[int]
    states: list[State]


@dataclass(frozen=True, slots=True)
class Day:
    """Step 0 is ``start``, the last is ``steps``; ``first`` are the states at step 0. In between only what
    changes is told, by rising steps."""

    start: datetime
    step_s: int
    steps: int
    channels: list[str]
    first: list[State]
    turns: list[Turn]


def states_by_step(
    before: Vector, rows: Sequence[Row], gaps: Sequence[Gap], period: Gap, step_s: int
) -> list[tuple[int, State]]:
    """What a channel was at each moment ``period[0] + step × step_s`` up to and with ``period[1]``: the first
    and those that differ from the one before. Arguments as `civicam.usability.history.spans` has them."""
    start, end = period
    found: list[tuple[int, State]] = []
    for span in spans(before, rows, gaps, start, end + 1):
        step = -(-(span.start - start) // step_s)
        if start + step * step_s >= span.end or (found and found[-1][1] is span.usable):
            continue
        found.append((step, span.usable))
    return found


def day_of_all(
    rows: Mapping[str, tuple[Vector, Sequence[Row]]],
    gaps: Sequence[Gap],
    start: datetime,
    steps: int,
    step_s: int = MINUTE_S,
) -> Day:
    """The day of all channels, in the order of their ids."""
    begin = int(start.timestamp())
    period = begin, begin + steps * step_s
    channels = sorted(rows)
    first: list[State] = []
    turns: dict[int, Turn] = {}
    for place, channel in enumerate(channels):
        told = states_by_step(*rows[channel], gaps, period, step_s)
        first.append(told[0][1])
        for step, state in told[1:]:
            turn = turns.setdefault(step, Turn(step, [], []))
            turn.channels.append(place)
            turn.states.append(state)
    return Day(start, step_s, steps, channels, first, in_order(turns.values()))


def in_order(turns: Iterable[Turn]) -> list[Turn]:
    """By rising steps."""
    return sorted(turns, key=lambda turn: turn.step)
