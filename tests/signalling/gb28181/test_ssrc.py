"""SSRCs: the standard's form, unique while in use, at rest after it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civicam.kernel.errors import Operational
from civicam.signalling.gb28181.ids import GbId
from civicam.signalling.gb28181.ssrc import SPAN, SsrcPool, format_ssrc, is_history

OWN = GbId("34020000002000000001")


def test_form_of_live_and_history() -> None:
    assert format_ssrc(SsrcPool(OWN, start=17).allocate(0)) == "0200000017"
    assert SsrcPool(OWN, start=17).allocate(0) == 0x0BEBC211
    assert format_ssrc(SsrcPool(OWN, history=True, start=9999).allocate(0)) == "1200009999"


@given(st.integers(0, SPAN - 1))
def test_live_and_history_never_meet(start: int) -> None:
    live = SsrcPool(OWN, start=start).allocate(0)
    history = SsrcPool(OWN, history=True, start=start).allocate(0)
    assert (is_history(live), is_history(history)) == (False, True)
    assert not is_history(2**32 - 1)


def test_a_value_rests_before_it_is_used_again() -> None:
    pool = SsrcPool(OWN, quarantine=30)
    values = [pool.allocate(0) for _ in range(SPAN)]
    assert len(set(values)) == SPAN
    with pytest.raises(Operational, match=r"signalling\.no-ssrc"):
        pool.allocate(0)
    pool.release(values[5], 100)
    assert len(pool) == SPAN - 1
    with pytest.raises(Operational):
        pool.allocate(129.9)
    assert pool.allocate(130) == values[5]


def test_releasing_twice_or_a_strangers_value_is_harmless() -> None:
    pool = SsrcPool(OWN, quarantine=0)
    value = pool.allocate(0)
    pool.release(value, 0)
    pool.release(value, 0)
    pool.release(42, 0)
    assert len(pool) == 0
    assert pool.allocate(1) == value + 1


@given(st.lists(st.booleans(), max_size=200), st.integers(0, 10**6))
def test_never_two_owners(steps: list[bool], start: int) -> None:
    pool = SsrcPool(OWN, start=start, quarantine=3)
    held: list[int] = []
    for now, take in enumerate(steps):
        if take or not held:
            value = pool.allocate(now)
            assert value not in held
            assert value <= 2**32 - 1
            held.append(value)
        else:
            pool.release(held.pop(0), now)
        assert len(pool) == len(held)


def test_a_value_of_before_us_is_in_use_until_it_is_released() -> None:
    pool = SsrcPool(OWN, start=17)
    held = pool.allocate(0.0)
    other = SsrcPool(OWN, start=17)
    other.hold(held)
    other.hold(held)
    other.hold(1_999_999_999)  # a history's, and another domain's
    assert (len(other), other.allocate(0.0)) == (1, held + 1)
    other.release(held, 0.0)
    other.hold(held)  # at rest: that is enough
    assert len(other) == 1
