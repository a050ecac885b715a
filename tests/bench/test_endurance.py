"""The endurance run measures what it says; how it judges is tested on figures of our own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civicam.bench.endurance import Wish, falsely, run
from civicam.bench.endurance_city import Lost, first
from civicam.bench.endurance_client import is_key_frame
from civicam.bench.endurance_figures import WATCHED, judge, read_metrics, remaining, slope_per_hour
from civicam.bench.endurance_load import Pace, Told
from civicam.bench.report import Report
from civicam.fleet.presence import CONNECTION_LOST, HEARTBEAT_LOST

NAMES = [each.name for each in WATCHED]
NOW = datetime(2026, 3, 2, 1, tzinfo=UTC)


def sample(seconds: float, **changed: float) -> dict[str, float]:
    """Everything at 10 but what is named."""
    return {**dict.fromkeys(NAMES, 10.0), **changed, "seconds": seconds}


@pytest.mark.long
@pytest.mark.timeout(300)
def test_twenty_seconds_of_a_small_city() -> None:
    """Real processes, 24 devices: everything asked for is shown, and nothing is left when all have gone."""
    report = run(Wish(20.0, 60, 2.0, pace=Pace(viewers=3, watch_s=(2.0, 5.0), restart_every_s=4.0)))
    assert report.goals["failed_starts"].met, report.figures["failures"]
    assert report.goals["false_offline"].met, report.figures["falsely_offline"]
    missed = {name: goal.as_dict() for name, goal in report.goals.items() if not goal.met}
    assert missed == {}
    assert int(report.figures["live_shown"] or 0) >= 3
    assert int(report.figures["restarts"] or 0) >= 2
    assert int(report.figures["samples"] or 0) >= 5
    assert all(f"{name}_{what}" in report.figures for name in NAMES for what in ("mean", "an_hour", "left"))
    assert float(report.figures["sessions_mean"] or 0) > 0
    assert float(report.figures["ports_mean"] or 0) > 0
    assert float(report.figures["transactions_mean"] or 0) > 0
    assert not any(name.endswith("_flat") for name in report.goals)  # too short to say


def test_an_hour_in_which_one_figure_grows() -> None:
    """Two sockets an hour more than chance: that goal is missed, and no other."""
    samples = [sample(60.0 * minute, platform_fds=10.0 + minute / 12) for minute in range(15, 60)]
    report = Report("endurance")
    judge(report, sample(0.0), samples, sample(3600.0))
    assert [name for name, goal in report.goals.items() if not goal.met] == ["platform_fds_flat"]
    assert report.figures["platform_fds_an_hour"] == pytest.approx(5.0)


def test_what_one_burst_leaves() -> None:
    """A port that is not given back is seen even when the slope is not judged."""
    report = Report("endurance")
    judge(report, sample(0.0), [sample(1.0), sample(2.0, ports=90.0)], sample(3.0, ports=11.0))
    assert [name for name, goal in report.goals.items() if not goal.met] == ["ports_left"]
    assert remaining(sample(0.0), sample(3.0, ports=11.0)) == ["ports"]
    assert remaining(sample(0.0), sample(3.0, ports=9.0, cpu_percent=99.0)) == []


@given(st.lists(st.floats(-100, 100), min_size=12, max_size=40), st.floats(-50, 50))
def test_a_slope_is_that_of_most_samples(noise: list[float], slope: float) -> None:
    """Whatever one in six samples says, the slope stays between those of the others."""
    count = len(noise)
    samples = [sample(60.0 * minute, sessions=slope * minute / 60) for minute in range(count)]
    for index in range(0, count, 8):
        samples[index]["sessions"] += noise[index]
    assert slope_per_hour(samples, "sessions") == pytest.approx(slope, abs=abs(slope) * 0.5 + 60)


def test_a_slope_needs_two_samples() -> None:
    assert slope_per_hour([], "sessions") == 0.0
    assert slope_per_hour([sample(1.0)], "sessions") == 0.0


def test_metrics_are_read_by_name_and_label() -> None:
    """Workers are added up; counters keep their suffix; comments and foreign figures are passed over."""
    text = (
        "# HELP civicam_tasks Tasks\n# TYPE civicam_tasks gauge\ncivicam_tasks 31.0\nother_thing 4\n"
        'civicam_worker{what="ports",worker="0"} 2.0\ncivicam_worker{what="ports",worker="1"} 3.0\n'
        'civicam_gateway{what="sessions"} 5.0\ncivicam_sip_events_total{event="sent"} 1.2e+06\n'
    )
    assert read_metrics(text) == {
        "tasks": 31.0,
        "worker/ports": 5.0,
        "gateway/sessions": 5.0,
        "sip_events_total/sent": 1_200_000.0,
    }


def test_who_was_called_offline_in_truth() -> None:
    """Only the broken connection of a device that was switched off a moment ago."""
    told = Told(restarted=[("A", NOW), ("B", NOW)], began=NOW)
    soon, late = NOW + timedelta(seconds=2), NOW + timedelta(minutes=9)
    lost = [
        Lost("A", soon, CONNECTION_LOST),
        Lost("B", soon, HEARTBEAT_LOST),
        Lost("A", late, CONNECTION_LOST),
        Lost("C", soon, CONNECTION_LOST),
        Lost("D", NOW - timedelta(seconds=1), HEARTBEAT_LOST),  # not in yet when it began
    ]
    assert falsely(lost, told) == lost[1:4]


def test_a_smaller_city_is_whole() -> None:
    """Its channels are the first; no device without one."""
    whole = {"devices": [{"gb_id": "d1"}, {"gb_id": "d2"}], "realm": "x"}
    whole["channels"] = [{"gb_id": "c1", "device": "d2"}, {"gb_id": "c2", "device": "d1"}]
    cut = first(whole, 1)
    assert (cut["devices"], cut["channels"]) == ([{"gb_id": "d2"}], [{"gb_id": "c1", "device": "d2"}])
    assert (cut["realm"], cut["graph"], cut["feeds"], cut["fibres"]) == ("x", {}, [], [])
    assert first(whole, 2) == whole


def test_key_frames_are_told_from_the_rest() -> None:
    head = bytes(22)
    assert is_key_frame(b"\x01\x01" + head + b"x")
    assert not is_key_frame(b"\x01\x00" + head + b"x")
    assert not is_key_frame(b"\x02\x01" + head + b"x")
    assert not is_key_frame(b"\x01\x01" + head)
    assert not is_key_frame("text")
