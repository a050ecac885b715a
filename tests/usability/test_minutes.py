"""A day in steps says at each step what history says of that second."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from civicam.usability.facts import Leg, State
from civicam.usability.history import Gap, Row, tidy, vector_at
from civicam.usability.minutes import day_of_all, states_by_step
from civicam.usability.model import NOTHING, USABLE, Vector, pack

UP, DOWN = pack({Leg.SIGNALLING: State.GOOD}), pack({Leg.SIGNALLING: State.BAD})
VECTORS = st.integers(0, 4 ** len(Leg) - 1).map(Vector)
ROWS = st.dictionaries(st.integers(0, 600), VECTORS, max_size=15).map(lambda rows: sorted(rows.items()))
TIMES = st.integers(0, 700)
GAPS = st.lists(st.tuples(TIMES, TIMES), max_size=4).map(tidy)


@given(VECTORS, ROWS, GAPS, st.sampled_from((7, 60)))
def test_every_step_is_what_history_says(
    before: Vector, rows: list[Row], gaps: list[Gap], step_s: int
) -> None:
    steps = 600 // step_s
    told = dict(states_by_step(before, rows, gaps, (0, steps * step_s), step_s))
    state = told[0]
    for step in range(steps + 1):
        state = told.get(step, state)
        assert state is USABLE[vector_at(before, rows, gaps, step * step_s)]


def test_a_day_tells_changes_by_step() -> None:
    start = datetime(2026, 3, 2, tzinfo=UTC)
    at = int(start.timestamp())
    rows: dict[str, tuple[Vector, list[Row]]] = {
        "c2": (UP, [(at + 61, DOWN), (at + 200, UP)]),
        "c1": (NOTHING, [(at + 110, UP)]),
    }
    day = day_of_all(rows, [], start, 5)
    assert day.channels == ["c1", "c2"]
    assert day.first == [State.NOT_CONFIGURED, State.GOOD]
    assert [(turn.step, turn.channels, turn.states) for turn in day.turns] == [
        (2, [0, 1], [State.GOOD, State.BAD]),
        (4, [1], [State.GOOD]),
    ]


def test_what_is_over_before_the_next_step_is_not_told() -> None:
    assert states_by_step(UP, [(61, DOWN), (119, UP)], [], (0, 300), 60) == [(0, State.GOOD)]
