"""The benchmark of the graph: its shape, and that it asks what it says."""

from __future__ import annotations

from civicam.bench.graph import run


def test_each_question_stands_beside_its_floor() -> None:
    report = run(scale="block", repetitions=2)
    for name in ("core", "feed", "olt"):
        dark = report.figures[f"{name}_dark"]
        assert isinstance(dark, int)
        assert dark > 1
        assert f"{name}_walk_ms" in report.floors
        assert f"{name}_to_walk" in report.ratios
    assert report.goals["worst_question"].goal == 50.0
