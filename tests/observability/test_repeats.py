"""Repeated faults are counted, not repeated; figures are asked for."""

from __future__ import annotations

import pytest
import structlog

from civicam.observability.logs import CountRepeats
from civicam.observability.metrics import Figure, Metrics
from civicam.observability.repeats import MOST_KEYS, Repeats


def test_one_line_a_window_with_the_number_left_out() -> None:
    repeats = Repeats(1.0)
    shown = [repeats.take("fault", at) for at in (0.0, 0.1, 0.9, 1.0, 1.5, 3.0)]
    assert shown == [0, None, None, 2, None, 1]
    assert repeats.take("other", 0.2) == 0


def test_a_fault_that_stopped_is_told_once() -> None:
    repeats = Repeats(1.0)
    for at in (0.0, 0.1, 0.2):
        repeats.take("fault", at)
    repeats.take("once", 0.0)
    assert repeats.due(0.5) == []
    assert repeats.due(1.0) == [("fault", 2)]
    assert repeats.due(9.0) == []


def test_a_storm_of_different_faults_does_not_grow_the_table() -> None:
    repeats = Repeats(1.0)
    for number in range(MOST_KEYS * 2):
        repeats.take(str(number), 0.0)
    assert repeats.take("0", 0.0) == 0  # long forgotten, so shown again
    assert repeats.take(str(MOST_KEYS * 2 - 1), 0.0) is None


def test_only_faults_are_counted() -> None:
    count = CountRepeats(60.0)
    for _ in range(3):
        assert count(None, "info", {"event": "x"}) == {"event": "x"}
    count(None, "warning", {"event": "x", "code": "a"})
    count(None, "warning", {"event": "x", "code": "b"})
    with pytest.raises(structlog.DropEvent):
        count(None, "warning", {"event": "x", "code": "a"})


def test_figures_are_read_when_they_are_asked_for() -> None:
    metrics, number = Metrics(), [1.0]
    metrics.add(lambda: [Figure("devices", "Devices", number[0], labels={"state": "online"})])
    metrics.add(lambda: [Figure("beats", "Heartbeats", 5, "counter")])
    metrics.answered("/api/sites", "GET", 200, 0.01)
    assert 'civicam_devices{state="online"} 1.0' in metrics.text().decode()
    number[0] = 2.0
    said = metrics.text().decode()
    assert 'civicam_devices{state="online"} 2.0' in said
    assert "civicam_beats_total 5.0" in said
    assert 'civicam_http_answers_total{route="/api/sites",status="200"} 1.0' in said
