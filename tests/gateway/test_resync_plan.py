"""Who is asked when: once a transition, within the budget."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from civicam.fleet.facts import DeviceId
from civicam.gateway.resync_plan import ResyncLimits, ResyncPlan

A, B, C = (DeviceId(name) for name in "abc")


def plan(**limits: float) -> ResyncPlan:
    return ResyncPlan(ResyncLimits(**limits))  # type: ignore[arg-type]


def test_asked_once_and_not_again_within_the_cool_down() -> None:
    made = plan()
    assert made.want(A, 0)
    assert not made.want(A, 0)
    assert made.start_due(0) == [A]
    assert not made.want(A, 1)
    made.done(A, ok=True, now=5)
    assert not made.want(A, 64.9)
    assert made.want(A, 65)


def test_a_person_may_ask_within_the_cool_down() -> None:
    made = plan()
    made.want(A, 0)
    made.start_due(0)
    made.done(A, ok=True, now=0)
    assert made.want(A, 1, force=True)


def test_so_many_at_once() -> None:
    made = plan(concurrent=2, per_second=1000)
    for each in (A, B, C):
        made.want(each, 0)
    assert made.start_due(0.0) == [A, B]
    assert made.start_due(0.2) == []
    assert made.get_timer() is None
    made.done(A, ok=True, now=1)
    assert made.start_due(1.0) == [C]
    assert (made.running, made.waiting) == (2, 0)


def test_failure_is_tried_again_later_a_few_times() -> None:
    made = plan(retry_s=60, attempts=3)
    made.want(A, 0)
    starts = []
    now = 0.0
    while (at := made.get_timer()) is not None:
        now = max(now, at)
        for device in made.start_due(now):
            starts.append(now)
            made.done(device, ok=False, now=now)
    assert starts == [0, 60, 180]


def test_who_went_away_is_not_asked_and_not_tried_again() -> None:
    made = plan()
    made.want(A, 0)
    made.drop(A)
    assert made.start_due(0) == []
    made.want(B, 0)
    made.start_due(0)
    made.drop(B)
    made.done(B, ok=False, now=1)
    assert made.waiting == 0
    made.done(C, ok=True, now=1)
    assert made.want(C, 1)


def test_who_waits_for_a_retry_does_not_hold_others_up() -> None:
    made = plan()
    made.want(A, 0)
    made.start_due(0)
    made.done(A, ok=False, now=0)
    made.want(B, 1)
    assert made.start_due(1) == [B]


@given(st.integers(1, 8), st.floats(0.5, 50), st.integers(1, 60))
def test_rate_holds_over_any_second(concurrent: int, rate: float, devices: int) -> None:
    made = plan(concurrent=concurrent, per_second=rate)
    for number in range(devices):
        made.want(DeviceId(str(number)), 0)
    starts: list[float] = []
    now = 0.0
    while (at := made.get_timer()) is not None:
        now = max(now, at)
        for device in made.start_due(now):
            starts.append(now)
            made.done(device, ok=True, now=now)
    assert len(starts) == devices
    for index, start in enumerate(starts):
        assert sum(1 for other in starts[index:] if other < start + 1.0) <= rate * 2 + 2


def test_what_a_device_tells_of_beside_its_list_waits_for_the_cool_down() -> None:
    made = plan()
    assert made.soon(A, 0)
    assert not made.soon(A, 0)
    assert made.start_due(0) == [A]
    assert not made.soon(A, 0)
    assert made.busy(A)
    made.done(A, ok=True, now=0)
    assert not made.busy(A)
    assert made.soon(A, 10)
    assert made.start_due(59.9) == []
    assert made.start_due(60) == [A]


def test_a_city_that_waits_costs_each_device_the_same() -> None:
    """A power cut: every device is wanted at once, and the plan is asked after each. Twenty thousand cost a
    device what a thousand cost it, in CPU time with much room for a busy machine.
    """

    def cost(devices: int) -> float:
        made = plan(concurrent=32, per_second=50)
        before = time.thread_time()
        for number in range(devices):
            made.want(DeviceId(str(number)), 0.0)
            made.start_due(0.0)
            made.get_timer()
        return (time.thread_time() - before) / devices

    assert min(cost(20_000) for _ in range(2)) < 10 * min(cost(1_000) for _ in range(3))


def test_devices_that_come_and_go_leave_nothing_behind() -> None:
    made = plan(concurrent=1, per_second=1)
    made.want(A, 0)
    assert made.start_due(0) == [A]
    for _ in range(20_000):
        made.want(B, 0)
        made.drop(B)
    assert len(made._heap) < 5_000
    made.want(B, 0)
    made.done(A, ok=True, now=2)
    assert made.start_due(2) == [B]
