"""States over time: no minute is lost, none counted twice, gaps are unknown."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from civicam.usability.facts import Leg, State
from civicam.usability.history import (
    DAY_S,
    day_of,
    day_start,
    moment,
    second,
    seconds_in,
    spans,
    tidy,
    vector_at,
    vectors_in,
)
from civicam.usability.model import (
    DARKENED,
    NOTHING,
    STATES,
    USABLE,
    Vector,
    hindering,
    pack,
    unpack,
    with_leg,
)

UP = pack({Leg.SIGNALLING: State.GOOD})
DOWN = pack({Leg.SIGNALLING: State.BAD})
VECTORS = st.integers(0, 4 ** len(Leg) - 1).map(Vector)
TIMES = st.integers(0, 1000)
ROWS = st.dictionaries(st.integers(0, 999), VECTORS, max_size=20).map(lambda rows: sorted(rows.items()))
GAPS = st.lists(st.tuples(TIMES, TIMES), max_size=6).map(tidy)


def plainly(before: Vector, rows: list[tuple[int, Vector]], gaps: list[tuple[int, int]], at: int) -> Vector:
    """The slow way: one second at a time."""
    vector = before
    for row_at, row_vector in rows:
        if row_at <= at:
            vector = row_vector
    return DARKENED[vector] if any(start <= at < end for start, end in gaps) else vector


@given(VECTORS, ROWS, GAPS)
def test_every_second_is_in_one_span_and_is_what_the_slow_way_says(
    before: Vector, rows: list[tuple[int, Vector]], gaps: list[tuple[int, int]]
) -> None:
    found = spans(before, rows, gaps, 0, 1000)
    assert [each.start for each in found[1:]] == [each.end for each in found[:-1]]
    assert (found[0].start, found[-1].end) == (0, 1000)
    for each in found:
        for at in {each.start, each.end - 1, (each.start + each.end) // 2}:
            assert each.vector == plainly(before, rows, gaps, at)
            assert each.dark == any(start <= at < end for start, end in gaps)
            assert vector_at(before, rows, gaps, at) == each.vector


@given(VECTORS, ROWS, GAPS, st.sampled_from([None, *Leg]))
def test_the_minutes_of_the_states_add_up_to_the_period(
    before: Vector, rows: list[tuple[int, Vector]], gaps: list[tuple[int, int]], leg: Leg | None
) -> None:
    found = spans(before, rows, gaps, 0, 1000)
    assert sum(seconds_in(found, leg)) == 1000
    by_vector = vectors_in(before, rows, gaps, (0, 1000))
    assert sum(by_vector.values()) == 1000
    by_hand = {each.vector: 0 for each in found}
    for each in found:
        by_hand[each.vector] += each.end - each.start
    assert {vector: seconds for vector, seconds in by_vector.items() if seconds} == by_hand


@given(VECTORS, ROWS, GAPS, st.integers(1, 999))
def test_a_period_cut_in_two_says_the_same(
    before: Vector, rows: list[tuple[int, Vector]], gaps: list[tuple[int, int]], cut: int
) -> None:
    left = vectors_in(before, [row for row in rows if row[0] < cut], gaps, (0, cut))
    at_cut = plainly(before, rows, [], cut - 1)
    right = vectors_in(at_cut, [row for row in rows if row[0] >= cut], gaps, (cut, 1000))
    whole = vectors_in(before, rows, gaps, (0, 1000))
    for vector in whole.keys() | left.keys() | right.keys():
        assert whole.get(vector, 0) == left.get(vector, 0) + right.get(vector, 0)


def test_a_gap_makes_what_is_configured_unknown_and_nothing_else() -> None:
    found = spans(UP, [(50, DOWN)], [(20, 60)], 0, 100)
    assert [(each.start, each.end, each.usable, each.dark) for each in found] == [
        (0, 20, State.GOOD, False),
        (20, 60, State.UNKNOWN, True),
        (60, 100, State.BAD, False),
    ]
    assert spans(NOTHING, [], [(0, 100)], 0, 100)[0].usable is State.NOT_CONFIGURED


def test_days_are_those_of_china() -> None:
    midnight = second(datetime(2026, 3, 1, 16, tzinfo=UTC))
    assert day_start(day_of(midnight)) == midnight
    assert day_of(midnight - 1) == day_of(midnight) - 1
    assert day_start(day_of(midnight) + 1) - midnight == DAY_S
    assert moment(midnight) == datetime(2026, 3, 1, 16, tzinfo=UTC)


@given(VECTORS, st.sampled_from(list(Leg)), st.sampled_from(STATES))
def test_a_vector_keeps_five_legs_apart(vector: Vector, leg: Leg, state: State) -> None:
    assert pack(unpack(vector)) == vector
    assert unpack(with_leg(vector, leg, state)) == {**unpack(vector), leg: state}


@given(VECTORS)
def test_only_bad_legs_hinder_a_bad_channel_and_only_unknown_ones_an_unknown(vector: Vector) -> None:
    states = unpack(vector)
    for leg in hindering(vector):
        assert states[leg] is USABLE[vector]
    assert bool(hindering(vector)) == (USABLE[vector] in {State.BAD, State.UNKNOWN})
