"""The simulator's benchmark: how counts become figures and goals, and one small city the whole way."""

from __future__ import annotations

import os

import pytest

from civicam.bench import simulator
from civicam.bench.report import Report
from civicam.bench.simulator import Sample, Size, judge

SPENT = {"drawing": 0.1, "writing": 0.05, "coding": 0.4, "sending": 0.03}
GOALS = {"slowest_stream", "skipped", "machine_used", "simulator_to_coding_alone"}


def sample(at: float, frames: tuple[int, ...], share: float = 0.0, skipped: int = 0) -> Sample:
    """Counts after ``share`` of a run in which 1000 pictures took a second of the simulator's time."""
    stats = {
        "drawn": 500 + round(1000 * share),
        "skipped": skipped,
        "cpu": {stage: spent * share for stage, spent in SPENT.items()},
    }
    return Sample(at, frames, {"simulate": 4.0 + share, "serve": share / 4, "readers": share / 8}, stats)


def test_counts_become_rates_costs_and_shares(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    report = Report("simulator")
    judge(report, [sample(10, (7, 90)), sample(15, (133, 214), 0.5), sample(20, (257, 340), 1.0)])
    assert report.figures["pictures_a_second"] == 50.0
    assert report.figures["slowest_stream_pictures_a_second"] == 25.0
    assert report.figures["slowest_second_pictures"] == 24.8
    assert report.figures["coding_us_a_picture"] == pytest.approx(400)
    assert report.figures["simulator_us_a_picture"] == pytest.approx(1000)
    assert report.figures["simulate_cores"] == pytest.approx(0.1)
    assert report.goals["machine_used"].value == pytest.approx((1 + 0.25 + 0.125) / 10 / 2)
    assert report.met


def test_a_stream_that_falls_behind_and_pictures_left_out_miss_their_goals() -> None:
    report = Report("simulator")
    judge(report, [sample(0, (0, 0)), sample(10, (250, 247), 1.0, skipped=3)])
    missed = {name for name, goal in report.goals.items() if not goal.met}
    assert missed == {"slowest_stream", "skipped"}


def test_a_machine_that_is_full_misses_its_goal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    report = Report("simulator")
    judge(report, [sample(0, (0,)), sample(1, (25,), 1.0)])
    assert {name for name, goal in report.goals.items() if not goal.met} == {"machine_used"}


@pytest.mark.long
def test_a_small_city_is_measured_the_whole_way() -> None:
    report = simulator.run(Size(streams=3, seconds=2.0, settle_s=0.5))
    told = report.as_dict()
    assert set(report.goals) == GOALS
    for goal in told["goals"].values():  # type: ignore[attr-defined]
        assert set(goal) == {"goal", "value", "unit", "met"}
    assert {f"{stage}_us_a_picture" for stage in SPENT} <= set(report.figures)
    assert report.figures["pictures_a_second"] > 3  # type: ignore[operator]
    assert report.floors["coding_alone_us_a_picture"] > 20  # type: ignore[operator]
    assert report.ratios["simulator_to_coding_alone"] > 1
