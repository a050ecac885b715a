"""Storms are bounded, and a stranger cannot lock a device out."""

from __future__ import annotations

from civicam.gateway.admission import Admission, WrongPasswords


def test_burst_then_rate() -> None:
    door = Admission(rate=2, burst=3, in_flight=100)
    assert [door.enter("a", 0.0) for _ in range(3)] == [None, None, None]
    assert door.enter("a", 0.0) is not None
    assert door.enter("a", 0.5) is None
    assert door.enter("a", 0.5) is not None
    assert door.under_way == 4


def test_what_waits_for_the_store_is_bounded() -> None:
    door = Admission(rate=1000, burst=1000, in_flight=2)
    assert door.enter("a", 0) is None
    assert door.enter("b", 0) is None
    assert door.enter("c", 0) is not None
    door.leave()
    assert door.enter("c", 0) is None


def test_those_sent_away_come_back_at_different_times() -> None:
    door = Admission(rate=1, burst=1, in_flight=1)
    door.enter("first", 0)
    waits = [door.enter(f"3402000000132000{number:04}", 0) for number in range(200)]
    assert {wait for wait in waits if wait is None} == set()
    assert len(set(waits)) == 30
    assert min(wait for wait in waits if wait) >= 5


def test_wrong_passwords_lock_the_pair_for_a_while() -> None:
    wrong = WrongPasswords(allowed=3, refuse_s=60)
    for now in (0.0, 1.0, 2.0):
        assert not wrong.refused("cam", "10.0.0.9", now)
        wrong.failed("cam", "10.0.0.9", now)
    assert wrong.refused("cam", "10.0.0.9", 61.9)
    assert not wrong.refused("cam", "10.0.0.1", 3.0)
    assert not wrong.refused("cam", "10.0.0.9", 62.0)


def test_right_password_and_time_end_the_series() -> None:
    wrong = WrongPasswords(allowed=2, refuse_s=60)
    wrong.failed("cam", "h", 0)
    wrong.proved("cam", "h")
    wrong.failed("cam", "h", 1)
    assert not wrong.refused("cam", "h", 2)
    wrong.failed("cam", "h", 200)
    assert not wrong.refused("cam", "h", 201)


def test_memory_is_bounded() -> None:
    wrong = WrongPasswords(allowed=1, refuse_s=60, remembered=10)
    for number in range(100):
        wrong.failed("cam", str(number), 0)
    assert not wrong.refused("cam", "0", 1)
    assert wrong.refused("cam", "99", 1)
