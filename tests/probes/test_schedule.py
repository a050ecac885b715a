"""Who is asked when: spread over the interval, less often who is silent, nobody forgotten."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from civicam.probes.schedule import Schedule


def asked(plan: Schedule, until: float) -> list[tuple[float, str]]:
    """Every turn up to a moment, by the plan's own timer."""
    found = []
    while (at := plan.get_timer()) is not None and at <= until:
        found += [(at, name) for name in plan.due(at)]
    return found


def test_a_city_is_spread_over_its_interval() -> None:
    plan = Schedule(30, 2, 300)
    plan.change([f"n{n}" for n in range(2_343)], 0)
    turns = asked(plan, 59.99)
    assert len(turns) == 2 * 2_343
    for second in range(60):
        assert 76 <= sum(second <= at < second + 1 for at, _ in turns) <= 80


def test_who_is_silent_is_asked_less_and_less_and_one_answer_ends_that() -> None:
    plan = Schedule(30, 2, 300)
    plan.change(["a"], 0)
    times: list[float] = []
    while (at := plan.get_timer()) is not None and at < 2000:
        for _ in plan.due(at):
            times.append(at)
            plan.missed("a")
    gaps = [right - left for left, right in pairwise(times)]
    assert gaps[:3] == [30, 30, 30]
    assert gaps == sorted(gaps)
    assert gaps[-1] == 300
    assert plan.answered("a", 2000)
    assert [at for at, _ in asked(plan, 2100)][:2] == [2030, 2060]


def test_out_of_reach_and_back_are_news_once() -> None:
    plan = Schedule(30, 2, 300)
    plan.change(["a"], 0)
    assert plan.reachable("a") is None
    assert [plan.missed("a") for _ in range(4)] == [False, True, False, False]
    assert (plan.reachable("a"), plan.out_of_reach()) == (False, 1)
    assert [plan.answered("a", 1) for _ in range(2)] == [True, False]
    assert plan.reachable("a") is True
    assert (plan.missed("nobody"), plan.answered("nobody", 1), plan.reachable("nobody")) == (
        False,
        False,
        None,
    )


def test_a_late_round_does_not_push_the_city_together() -> None:
    """The loop slept ten seconds: each keeps its own place in the interval."""
    plan = Schedule(30, 2, 300)
    plan.change([f"n{n}" for n in range(300)], 0)
    assert len(plan.due(10)) == 101
    turns = [at for at, _ in asked(plan, 70)]
    assert max(sum(second <= at < second + 1 for at in turns) for second in range(11, 70)) <= 11


def test_who_is_gone_is_not_asked() -> None:
    plan = Schedule(30, 2, 300)
    plan.change(["a", "b"], 0)
    plan.change(["b", "c"], 5)
    assert {name for _, name in asked(plan, 100)} == {"b", "c"}
    assert len(plan) == 2


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=200))
def test_nobody_is_ever_forgotten(answers: list[tuple[str, bool]]) -> None:
    """Whatever is answered: everybody's next turn comes within the longest pause."""
    plan = Schedule(30, 2, 300)
    plan.change("abc", 0)
    now = 0.0
    for name, good in answers:
        at = plan.get_timer()
        assert at is not None
        now = max(now, at)
        plan.due(now)
        (plan.answered(name, now) if good else plan.missed(name))
    assert {name for _, name in asked(plan, now + 330)} == set("abc")
