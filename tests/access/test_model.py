"""Passwords, life of sessions, patience with who guesses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civicam.access.model import Life, Throttle, check_password, token_hash
from civicam.access.passwords import Argon2Hasher
from civicam.kernel.errors import Refused

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("", "access.password-short"),
        ("elevenchars", "access.password-short"),
        ("x" * 1025, "access.password-long"),
        ("aaaaaaaaaaaa", "access.password-simple"),
        ("abababababab", "access.password-simple"),
        ("012345678901", "access.password-simple"),
        ("qwertyuiopas", "access.password-simple"),
        ("administrator1", "access.password-simple"),
        ("Administrator2026!", "access.password-simple"),
    ],
)
def test_a_password_everybody_tries_is_refused(password: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        check_password(password, "administrator")
    assert refused.value.code == code
    assert password not in str(refused.value) or password == ""


@pytest.mark.parametrize(
    "password", ["correct horse battery", "十二个字符的中文口令可以用的", "x9$kLw2!mQz7"]
)
def test_a_long_one_is_taken(password: str) -> None:
    check_password(password, "administrator")
    check_password(password, "abc")


@pytest.mark.parametrize(
    ("created", "seen", "over"),
    [(0, 0, False), (0, 59, False), (0, 60, True), (59, 59, False), (600, 0, True), (599, 59, False)],
)
def test_a_session_ends_by_either_limit(created: int, seen: int, over: bool) -> None:
    life = Life(timedelta(seconds=60), timedelta(seconds=600))
    assert life.is_over(NOW - timedelta(seconds=created), NOW - timedelta(seconds=seen), NOW) is over


def test_waits_double_up_to_the_longest_and_success_forgives() -> None:
    throttle = Throttle(free=2, first_s=1, most_s=5)
    now, waits = 0.0, []
    for _ in range(7):
        throttle.failed("k", now)
        waits.append(throttle.wait_s("k", now))
        now += waits[-1]
    assert waits == [0, 1, 2, 4, 5, 5, 5]
    assert throttle.wait_s("somebody else", now) == 0
    throttle.succeeded("k")
    throttle.failed("k", now)
    assert throttle.wait_s("k", now) == 0


def test_a_key_is_forgotten_in_time() -> None:
    throttle = Throttle(free=1, first_s=1, most_s=5)
    throttle.failed("k", 0)
    assert throttle.wait_s("k", 0) == 1
    assert throttle.wait_s("k", 6) == 0
    throttle.failed("k", 6)
    assert throttle.wait_s("k", 6) == 1  # it begins anew


@given(st.lists(st.text(min_size=1, max_size=5), max_size=60))
def test_the_table_cannot_be_made_to_grow(keys: list[str]) -> None:
    throttle = Throttle(free=1, first_s=1, most_s=5, keys=10)
    for key in keys:
        throttle.failed(key, 0)
    assert sum(throttle.wait_s(key, 0) > 0 for key in set(keys)) <= 10


def test_a_token_stands_in_the_store_as_its_hash() -> None:
    assert token_hash("a") != token_hash("b")
    assert len(token_hash("a")) == 64


def test_argon2_fits_only_the_right_password() -> None:
    hasher = Argon2Hasher()
    stored = hasher.hash("correct horse battery")
    assert stored.startswith("$argon2id$")
    assert stored != hasher.hash("correct horse battery")
    assert hasher.verify(stored, "correct horse battery")
    assert not hasher.verify(stored, "correct horse batter")
    assert not hasher.verify(None, "no account has this password")
    assert not hasher.verify("garbage", "x")
