"""Three-state liveness: no false offline after our restart, no late one otherwise."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civicam.fleet.facts import DeviceId, Presence
from civicam.fleet.presence import (
    CONNECTION_LOST,
    HEARD,
    HEARTBEAT_LOST,
    REGISTERED,
    REGISTRATION_EXPIRED,
    RESTARTED,
    UNREGISTERED,
    PresenceBook,
    Rules,
    Transition,
)

CAM = DeviceId("cam")
RULES = Rules(interval_s=60, misses=3, grace_s=0)


def book(last: Presence = Presence.UNKNOWN, rules: Rules = RULES, now: float = 0.0) -> PresenceBook:
    made = PresenceBook()
    made.start(CAM, rules, last, now)
    return made


def jump(made: PresenceBook, until: float) -> list[tuple[float, Transition]]:
    """Move to each timer in turn, as the shell does, and tell what happened when."""
    found = []
    while (at := made.get_timer()) is not None and at <= until:
        found += [(at, each) for each in made.handle_timer(at)]
    return found


@pytest.mark.parametrize("last", [Presence.ONLINE, Presence.OFFLINE])
def test_after_our_start_nothing_is_known(last: Presence) -> None:
    made = PresenceBook()
    assert made.start(CAM, RULES, last, 0.0) == Transition(CAM, last, Presence.UNKNOWN, RESTARTED)
    assert made.presence(CAM) is Presence.UNKNOWN


def test_unknown_before_and_after_is_no_transition() -> None:
    assert PresenceBook().start(CAM, RULES, Presence.UNKNOWN, 0.0) is None


def test_silent_device_is_lost_only_after_its_own_patience_since_our_start() -> None:
    made = book(Presence.ONLINE, now=1000.0)
    assert made.handle_timer(1179.9) == []
    assert jump(made, 1180.0) == [
        (1180.0, Transition(CAM, Presence.UNKNOWN, Presence.OFFLINE, HEARTBEAT_LOST))
    ]


@pytest.mark.parametrize(
    ("interval", "return_s", "lost_at"), [(10, 75, 75.0), (60, 75, 180.0), (10, 0, 30.0)]
)
def test_after_our_start_a_device_has_the_time_to_register_again(
    interval: float, return_s: float, lost_at: float
) -> None:
    """A short heartbeat does not shorten the 60 s a device waits whose connection broke with us."""
    rules = Rules(interval_s=interval, misses=3, grace_s=0, return_s=return_s)
    made = PresenceBook()
    made.start(CAM, rules, Presence.ONLINE, 0.0, expires_at=5.0)
    assert [at for at, _ in jump(made, 1000)] == [lost_at]
    made.heard(CAM, 1000.0)  # the ordinary patience from now on
    made.registered(CAM, 3600.0, 1000.0)
    assert [at for at, _ in jump(made, 2000)] == [1000.0 + interval * 3]


def test_heartbeat_brings_it_back_at_once() -> None:
    made = book()
    jump(made, 500)
    assert made.heard(CAM, 500.0) == Transition(CAM, Presence.OFFLINE, Presence.ONLINE, HEARD)


def test_every_heartbeat_moves_the_deadline() -> None:
    made = book()
    made.heard(CAM, 0.0)
    for beat in range(60, 6000, 60):
        assert jump(made, beat) == []
        assert made.heard(CAM, float(beat)) is None
    assert [at for at, _ in jump(made, 10_000)] == [5940 + 180]


def test_registration_caps_the_deadline() -> None:
    made = book()
    made.registered(CAM, 100.0, 0.0)
    made.heard(CAM, 90.0)
    (at, transition), *_ = jump(made, 1000)
    assert (at, transition.reason_code) == (100.0, REGISTRATION_EXPIRED)


def test_refresh_extends_the_registration() -> None:
    made = book()
    assert made.registered(CAM, 100.0, 0.0) == Transition(CAM, Presence.UNKNOWN, Presence.ONLINE, REGISTERED)
    assert made.registered(CAM, 3600.0, 80.0) is None
    assert made.expires_at(CAM) == 3680.0
    assert [at for at, _ in jump(made, 1000)] == [260.0]


def test_registration_that_ran_out_while_we_were_down_is_given_the_devices_patience() -> None:
    made = PresenceBook()
    made.start(CAM, RULES, Presence.ONLINE, 0.0, expires_at=-500.0)
    made.heard(CAM, 100.0)
    assert [at for at, _ in jump(made, 1000)] == [180.0]


def test_device_without_heartbeats_is_judged_by_registration_alone() -> None:
    made = book(rules=Rules(heartbeats=False, grace_s=0))
    assert made.get_timer() is None
    made.registered(CAM, 3600.0, 0.0)
    assert [at for at, _ in jump(made, 10_000)] == [3600.0]


def test_goodbye_is_offline_at_once_and_needs_no_timer() -> None:
    made = book()
    made.registered(CAM, 3600.0, 0.0)
    assert made.gone(CAM, UNREGISTERED) == Transition(CAM, Presence.ONLINE, Presence.OFFLINE, UNREGISTERED)
    assert made.gone(CAM, UNREGISTERED) is None
    assert made.expires_at(CAM) is None
    assert jump(made, 10_000) == []


def test_broken_connection_keeps_the_registration() -> None:
    made = book()
    made.registered(CAM, 3600.0, 0.0)
    made.gone(CAM, CONNECTION_LOST)
    assert made.expires_at(CAM) == 3600.0
    assert made.heard(CAM, 10.0) is not None


def test_probe_misses_are_counted_in_a_row() -> None:
    made = book(rules=Rules(interval_s=30, misses=2, heartbeats=False))
    made.heard(CAM, 0.0)
    assert made.missed(CAM, "media.rtsp-timeout") is None
    assert made.heard(CAM, 30.0) is None
    assert made.missed(CAM, "media.rtsp-timeout") is None
    lost = made.missed(CAM, "media.rtsp-auth")
    assert lost == Transition(CAM, Presence.ONLINE, Presence.OFFLINE, "media.rtsp-auth")


@pytest.mark.parametrize(
    ("interval", "misses", "patience"),
    [(0, 3, 15), (-5, 3, 15), (10_000, 3, 765), (60, 0, 60), (60, -1, 60), (60, 9999, 60 * 255)],
)
def test_absurd_values_are_clamped(interval: float, misses: int, patience: float) -> None:
    assert Rules(interval_s=interval, misses=misses, grace_s=0).patience_s == patience


def test_new_rules_count_from_now() -> None:
    made = book()
    made.heard(CAM, 0.0)
    made.change_rules(CAM, Rules(interval_s=10, misses=2, grace_s=0), 50.0)
    assert [at for at, _ in jump(made, 1000)] == [70.0]
    made.heard(CAM, 100.0)
    made.change_rules(CAM, Rules(heartbeats=False), 110.0)
    assert jump(made, 10_000) == []


def test_what_is_not_watched_changes_nothing() -> None:
    made = book()
    made.forget(CAM)
    assert CAM not in made
    assert len(made) == 0
    made.change_rules(CAM, Rules(), 0.0)
    assert made.heard(CAM, 1.0) is None
    assert made.registered(CAM, 60.0, 1.0) is None
    assert made.missed(CAM, "x.y") is None
    assert made.gone(CAM, UNREGISTERED) is None
    assert made.expires_at(CAM) is None
    assert made.presence(CAM) is Presence.UNKNOWN
    assert jump(made, 10_000) == []


def test_counts() -> None:
    made = book()
    made.start(DeviceId("two"), RULES, Presence.UNKNOWN, 0.0)
    made.heard(CAM, 0.0)
    assert made.count() == {Presence.ONLINE: 1, Presence.UNKNOWN: 1, Presence.OFFLINE: 0}


def test_one_heap_entry_a_device_however_often_it_beats() -> None:
    made = book()
    for beat in range(100_000):
        made.heard(CAM, beat / 1000)
    assert len(made._heap) == 1


@given(st.lists(st.floats(0.1, 400.0), min_size=1, max_size=30))
def test_offline_exactly_when_the_silence_outlasts_the_patience(gaps: list[float]) -> None:
    """Against the definition: between two beats it goes offline if and only if the gap is ≥ patience."""
    made = book()
    now = 0.0
    made.heard(CAM, now)
    for gap in gaps:
        lost = [at for at, each in jump(made, now + gap) if each.after is Presence.OFFLINE]
        assert lost == ([now + RULES.patience_s] if now + RULES.patience_s <= now + gap else [])
        now += gap
        assert (made.heard(CAM, now) is not None) == bool(lost)


def test_what_is_overdue_is_counted_up_to_the_loss() -> None:
    book = PresenceBook()
    assert (book.heard_by(CAM), book.overdue(CAM, 0.0)) == (None, 0)
    book.start(CAM, Rules(interval_s=60, misses=3, grace_s=2), Presence.UNKNOWN, 0.0)
    book.heard(CAM, 100.0)
    assert book.heard_by(CAM) == 282.0
    assert [book.overdue(CAM, 100.0 + s) for s in (0, 61, 63, 123, 181, 500)] == [0, 0, 1, 2, 2, 3]
    book.handle_timer(283.0)
    assert (book.heard_by(CAM), book.overdue(CAM, 400.0)) == (None, 0)


@given(
    st.lists(st.floats(0.0, 400.0), min_size=1, max_size=30),
    st.sampled_from([RULES, Rules(60, 3, heartbeats=False), Rules(5, 1, grace_s=0)]),
    st.sampled_from([None, 30.0, 100_000.0]),
)
def test_a_beat_is_a_sign_of_life_like_any_other(
    pauses: list[float], rules: Rules, expires: float | None
) -> None:
    """The short way of what nearly every heartbeat is gives what the long way does, at every moment."""
    short, long = book(rules=rules), book(rules=rules)
    now, told = 0.0, []
    for number, pause in enumerate(pauses):
        now += pause
        assert jump(short, now) == jump(long, now)
        if number == 0 and expires is not None:
            told = [each.registered(CAM, expires, now) for each in (short, long)]
        else:
            told = [None if short.beat(CAM, now) else short.heard(CAM, now), long.heard(CAM, now)]
        assert told[0] == told[1]
        assert (short.presence(CAM), short.heard_by(CAM)) == (long.presence(CAM), long.heard_by(CAM))
    assert jump(short, now + 1e6) == jump(long, now + 1e6)


def test_a_beat_of_a_device_that_nobody_watches_or_that_is_away_is_left_to_the_long_way() -> None:
    made = book()
    assert not made.beat(DeviceId("nobody"), 1.0)
    assert not made.beat(CAM, 1.0), "it is not known to be there"
    made.heard(CAM, 1.0)
    assert made.beat(CAM, 61.0)
    assert made.heard_by(CAM) == 241.0
