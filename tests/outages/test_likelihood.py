"""What one observation says about the start of a cause."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civicam.fleet.graph import NodeId
from civicam.outages import likelihood
from civicam.outages.facts import EvidenceKind
from civicam.outages.rules import Rules
from civicam.outages.scene import Dark, Hush, Proof

RULES = Rules()
DEVICE = NodeId("d")
PRICE = 17.3


def value(item: Dark, moment: float) -> float:
    steps: likelihood.Steps = []
    base = likelihood.dark(item, PRICE, RULES, steps)
    return likelihood.at(base, steps, moment)


def test_a_device_fits_between_its_last_heartbeat_and_the_next_one() -> None:
    item = Dark(DEVICE, 1000.0, 1060.0, 60.0)
    fit = PRICE - math.log(60)
    assert value(item, 1030) == pytest.approx(fit)
    assert value(item, 990) == pytest.approx(fit - RULES.late)
    assert value(item, 900) == pytest.approx(-RULES.lit)
    assert value(item, 1080) == pytest.approx(fit - RULES.missed)
    assert value(item, 1140) == pytest.approx(fit - 2 * RULES.missed)
    assert value(item, 1300) == pytest.approx(0)


def test_a_long_interval_says_less() -> None:
    short, long_ = Dark(DEVICE, 1000.0, 1030.0, 30.0), Dark(DEVICE, 1000.0, 1255.0, 255.0)
    assert value(short, 1010) > value(long_, 1010)


def test_what_was_dark_already_fits_any_time_before() -> None:
    item = Dark(DEVICE, -math.inf, 1000.0, 0.0)
    assert value(item, 0) == value(item, 999) > 0
    assert value(item, 1001) == pytest.approx(0)


@given(st.floats(0, 1e6), st.floats(1, 300), st.floats(-1e6, 2e6))
def test_no_start_is_worse_than_a_contradiction_nor_better_than_the_fit(
    lo: float, beat: float, moment: float
) -> None:
    item = Dark(DEVICE, lo, lo + beat, beat)
    fit = PRICE - math.log(max(beat, 1.0))
    assert -RULES.lit - 1e-6 <= value(item, moment) <= fit + 1e-6


def test_signs_of_life_silence_and_traps() -> None:
    steps: likelihood.Steps = []
    base = likelihood.lit(100.0, 4.0, RULES, steps)
    assert (likelihood.at(base, steps, 90), likelihood.at(base, steps, 110)) == (-4.0, 0.0)
    steps = []
    base = likelihood.hush(Hush(DEVICE, -math.inf, 100.0, 4.6), steps)
    assert (likelihood.at(base, steps, 90), likelihood.at(base, steps, 110)) == (4.6, 0.0)
    steps = []
    base = likelihood.hush(Hush(DEVICE, 50.0, 100.0, 3.9), steps)
    assert [likelihood.at(base, steps, each) for each in (40, 60, 110)] == [0.0, 3.9, 0.0]
    steps = []
    base = likelihood.proof(Proof(DEVICE, EvidenceKind.LAST_GASP, 94.0, 101.0), 9.0, 2.0, steps)
    assert [likelihood.at(base, steps, each) for each in (90, 100, 110)] == [2.0, 9.0, 0.0]


def test_the_plateau_counts_its_length() -> None:
    """Two starts of one height: the longer one is likelier."""
    steps: likelihood.Steps = [(10.0, 5.0), (12.0, -5.0), (20.0, 5.0), (60.0, -5.0)]
    height, lo, hi = likelihood.plateau(0.0, steps, 0.0, 100.0)
    assert (lo, hi) == (20.0, 60.0)
    assert height == pytest.approx(5.0 + math.log(40))
    assert likelihood.plateau(0.0, [], 5.0, 5.0)[0] == -math.inf
