"""The subscriber: refresh in time, anew after every kind of loss, never in a hurry twice."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civicam.signalling.gb28181.subscription import (
    SendSubscribe,
    SubscriberState,
    SubscriptionAction,
    SubscriptionClient,
    SubscriptionFell,
    SubscriptionStood,
    SubscriptionTimes,
)

FRESH = SendSubscribe(fresh=True, expires=3600)
REFRESH = SendSubscribe(fresh=False, expires=3600)
END = SendSubscribe(fresh=False, expires=0)


def client(jitter: float = 0.0) -> SubscriptionClient:
    return SubscriptionClient(SubscriptionTimes(), jitter=lambda: jitter)


def actions(made: SubscriptionClient) -> list[SubscriptionAction]:
    found = []
    while (action := made.next_action()) is not None:
        found.append(action)
    return found


def active(now: float = 0.0, expires: int | None = 3600) -> SubscriptionClient:
    made = client()
    made.start(now)
    made.answered(200, now, expires=expires)
    assert actions(made) == [FRESH, SubscriptionStood()]
    return made


def refreshing() -> SubscriptionClient:
    made = active()
    made.handle_timer(3240.0)
    assert actions(made) == [REFRESH]
    return made


def test_refreshed_in_the_same_dialog_at_nine_tenths() -> None:
    made = active()
    assert made.standing
    assert made.get_timer() == 3240.0
    made.handle_timer(3239.0)
    assert actions(made) == []
    made.handle_timer(3240.0)
    assert actions(made) == [REFRESH]
    made.answered(200, 3241.0, expires=600)
    assert actions(made) == []
    assert (made.state, made.get_timer()) == (SubscriberState.ACTIVE, 3241.0 + 540)


def test_a_device_that_may_have_restarted_is_refreshed_at_once() -> None:
    made = active()
    made.check()
    made.check()  # one is under way
    assert actions(made) == [REFRESH]
    made.answered(200, 10.0, expires=3600)
    assert (actions(made), made.until, made.get_timer()) == ([], 3610.0, 3250.0)
    idle = client()
    idle.check()
    assert (actions(idle), idle.until) == ([], None)


def test_a_city_does_not_refresh_in_one_second() -> None:
    made = client(jitter=0.5)
    made.start(0.0)
    made.answered(200, 0.0, expires=3600)
    assert made.get_timer() == pytest.approx(3600 * 0.9 * 0.95)


def test_what_a_device_grants_is_kept_within_what_was_asked() -> None:
    assert active(expires=999_999).get_timer() == 3240.0
    assert active(expires=None).get_timer() == 3240.0
    short = active(expires=1)
    assert short.get_timer() == 30.0


def test_started_twice_is_started_once() -> None:
    made = active()
    made.start(1.0)
    assert actions(made) == []


def test_no_answer_at_first_waits_longer_each_time() -> None:
    made = client()
    made.start(0.0)
    now, pauses = 0.0, []
    for _ in range(8):
        made.timed_out(now)
        due = made.get_timer()
        assert due is not None
        pauses.append(due - now)
        now = due
        made.handle_timer(now)
    assert pauses == [30, 60, 120, 240, 480, 960, 1800, 1800]
    assert set(actions(made)) == {FRESH}


def test_busy_waits_as_long_as_it_was_told() -> None:
    made = client()
    made.start(0.0)
    made.answered(503, 0.0, retry_after=100.0)
    assert (made.state, made.get_timer()) == (SubscriberState.WAITING, 100.0)
    assert actions(made) == [FRESH]


def test_granting_nothing_is_a_refusal() -> None:
    made = client()
    made.start(0.0)
    made.answered(200, 0.0, expires=0)
    assert (made.state, made.standing) == (SubscriberState.WAITING, False)


@pytest.mark.parametrize("status", [405, 489, 501])
def test_a_device_that_cannot_is_not_asked_again(status: int) -> None:
    made = client()
    made.start(0.0)
    made.answered(status, 0.0)
    assert actions(made) == [FRESH, SubscriptionFell(f"signalling.subscribe-{status}", final=True)]
    assert (made.state, made.get_timer()) == (SubscriberState.UNSUPPORTED, None)
    made.start(9.0)
    assert actions(made) == [FRESH]


def test_a_forgotten_dialog_is_opened_anew_at_once() -> None:
    made = refreshing()
    made.answered(481, 3241.0)
    assert actions(made) == [SubscriptionFell("signalling.subscribe-481")]
    assert made.get_timer() == 3241.0
    made.handle_timer(3241.0)
    assert actions(made) == [FRESH]


def test_a_refresh_without_answer_is_opened_anew_then_with_pauses() -> None:
    made = refreshing()
    made.timed_out(3272.0)
    assert actions(made) == [SubscriptionFell("signalling.subscribe-timeout")]
    made.handle_timer(3272.0)
    assert actions(made) == [FRESH]
    made.timed_out(3304.0)
    assert actions(made) == []
    assert made.get_timer() == 3334.0


def test_another_failure_of_a_refresh_waits() -> None:
    made = refreshing()
    made.answered(500, 3241.0)
    assert (made.state, made.get_timer()) == (SubscriberState.WAITING, 3271.0)
    assert actions(made) == [SubscriptionFell("signalling.subscribe-500")]


def test_time_runs_out_while_a_refresh_is_under_way() -> None:
    made = refreshing()
    made.handle_timer(3600.0)
    assert actions(made) == [SubscriptionFell("signalling.subscription-expired")]
    assert made.get_timer() is None
    made.answered(200, 3601.0, expires=3600)
    assert actions(made) == [SubscriptionStood()]


@pytest.mark.parametrize(
    ("header", "due"),
    [
        ("terminated", 1000.0),
        ("terminated;reason=deactivated", 1000.0),
        ("terminated;reason=probation;retry-after=90", 1090.0),
        ("terminated;reason=noresource", 2800.0),
    ],
)
def test_ended_by_the_device(header: str, due: float) -> None:
    made = active()
    made.notified(header, 1000.0)
    assert actions(made) == [SubscriptionFell("signalling.subscription-terminated")]
    assert (made.standing, made.get_timer()) == (False, due)
    made.handle_timer(due)
    assert actions(made) == [FRESH]


def test_accepting_and_ending_without_end_gets_slower() -> None:
    made = client()
    made.start(0.0)
    now, pauses = 0.0, []
    for _ in range(4):
        made.answered(200, now, expires=3600)
        made.notified("terminated;reason=timeout", now + 1)
        due = made.get_timer()
        assert due is not None
        pauses.append(due - now - 1)
        now = due
        made.handle_timer(now)
    assert pauses == [30, 60, 120, 240]


def test_a_shortened_time_is_obeyed_and_rounding_is_not_a_change() -> None:
    made = active()
    made.notified("active;expires=3595", 1.0)
    assert made.get_timer() == 3240.0
    made.notified("active", 1.0)
    assert made.get_timer() == 3240.0
    made.notified("active;expires=100", 10.0)
    assert made.get_timer() == 100.0


def test_notifications_of_a_subscription_that_does_not_stand() -> None:
    made = client()
    made.notified("terminated", 0.0)
    made.notified("active;expires=10", 0.0)
    assert (actions(made), made.get_timer()) == ([], None)


def test_ended_with_expires_0_in_the_dialog() -> None:
    made = active()
    made.stop(10.0)
    assert (actions(made), made.state) == ([END], SubscriberState.ENDING)
    made.stop(10.0)
    made.answered(200, 10.1, expires=0)
    assert (actions(made), made.state, made.get_timer()) == ([], SubscriberState.IDLE, None)


@pytest.mark.parametrize("outcome", ["timeout", "notify"])
def test_an_end_without_answer_is_an_end(outcome: str) -> None:
    made = active()
    made.stop(10.0)
    if outcome == "timeout":
        made.timed_out(42.0)
    else:
        made.notified("terminated;reason=timeout", 10.1)
    assert (actions(made), made.state) == ([END], SubscriberState.IDLE)


def test_stopped_before_the_answer_is_ended_after_it() -> None:
    made = client()
    made.start(0.0)
    made.stop(0.1)
    made.answered(200, 0.2, expires=3600)
    assert actions(made) == [FRESH, SubscriptionStood(), END]
    assert made.state is SubscriberState.ENDING


def test_stopped_before_a_refusal_is_over_with_it() -> None:
    made = refreshing()
    made.stop(3240.5)
    made.answered(500, 3241.0)
    assert (actions(made), made.state, made.standing) == ([], SubscriberState.IDLE, False)


def test_started_again_while_the_end_is_under_way() -> None:
    made = active()
    made.stop(10.0)
    made.start(10.1)
    made.answered(200, 10.2)
    assert actions(made) == [END, FRESH]


def test_stopped_while_waiting_is_over() -> None:
    made = client()
    made.start(0.0)
    made.timed_out(32.0)
    made.stop(33.0)
    assert (made.state, made.get_timer()) == (SubscriberState.IDLE, None)


def test_a_device_that_went_offline_is_not_written_to() -> None:
    made = active()
    made.forget()
    assert (actions(made), made.state, made.get_timer()) == ([], SubscriberState.IDLE, None)
    made.answered(200, 1.0)
    made.timed_out(1.0)
    assert made.state is SubscriberState.IDLE


STEPS: dict[str, Callable[[SubscriptionClient, float], None]] = {
    "start": lambda made, now: made.start(now),
    "stop": lambda made, now: made.stop(now),
    "forget": lambda made, now: made.forget(),
    "timeout": lambda made, now: made.timed_out(now),
    "timer": lambda made, now: made.handle_timer(now),
    "terminated": lambda made, now: made.notified("terminated", now),
    "active": lambda made, now: made.notified("active;expires=60", now),
    "200": lambda made, now: made.answered(200, now, expires=3600),
    "481": lambda made, now: made.answered(481, now),
    "489": lambda made, now: made.answered(489, now),
    "500": lambda made, now: made.answered(500, now, retry_after=7.0),
}


@given(st.lists(st.tuples(st.sampled_from(sorted(STEPS)), st.floats(0, 4000)), max_size=60))
def test_whatever_comes_nothing_hangs_and_nothing_stands_unsaid(steps: list[tuple[str, float]]) -> None:
    """Every state but rest, refusal and an open request has a timer; what stands was told to stand."""
    made, now, told = client(), 0.0, False
    for step, wait in steps:
        now += wait
        STEPS[step](made, now)
        for action in actions(made):
            if isinstance(action, SubscriptionStood):
                told = True
            elif isinstance(action, SubscriptionFell):
                told = False
        assert told or not made.standing
        waiting_for_time = made.state in {SubscriberState.ACTIVE, SubscriberState.WAITING}
        assert (made.get_timer() is not None) == (waiting_for_time or made.standing)
