"""The verdict of a headless run: each broken promise is named, and only then is the run a failure."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from civicam.demo.report import Seen, Viewing, loss, percentile, problems, spread, summary


def kept() -> Seen:
    """A run that kept every promise: two streams, one lost packet in ten thousand."""
    viewing = Viewing(
        "c1",
        "gb28181",
        "gb28181/tcp/h265",
        opened=True,
        first_picture_ms=300.0,
        again_ms=90.0,
        frames=500,
        key_frames=20,
    )
    viewing.packets, viewing.packets_lost, viewing.bytes = 9_999, 1, 1_000_000
    other = Viewing(
        "c2",
        "rtsp",
        "rtsp/tcp/h264",
        opened=True,
        first_picture_ms=800.0,
        again_ms=110.0,
        frames=480,
        packets=10_000,
    )
    return Seen(
        seconds=20.0,
        devices_expected=60,
        devices_registered=60,
        registered_after_s=3.1,
        channels_expected=150,
        channels=150,
        streams_wanted=2,
        viewings=[viewing, other],
        alive_at_end=2,
    )


def test_a_kept_promise_is_no_problem() -> None:
    """The sums are right and the run is called good."""
    report = summary(kept())
    assert report["ok"] is True
    assert report["problems"] == []
    assert report["frames"] == 980
    assert report["by_protocol"] == {"gb28181": 1, "rtsp": 1}
    assert report["by_kind"] == {"gb28181/tcp/h265": 1, "rtsp/tcp/h264": 1}
    assert report["first_picture_ms"] == {"p50": 300.0, "p95": 800.0, "max": 800.0}
    assert report["first_picture_running_ms"] == {"p50": 90.0, "p95": 110.0, "max": 110.0}
    assert loss(kept()) == pytest.approx(1 / 20_000, rel=1e-3)


def fewer_devices(seen: Seen) -> None:
    seen.devices_registered = 59


def no_district(seen: Seen) -> None:
    seen.devices_expected = seen.devices_registered = 0


def fewer_channels(seen: Seen) -> None:
    seen.channels = 149


def one_closed(seen: Seen) -> None:
    seen.viewings[1].opened = False


def one_silent(seen: Seen) -> None:
    seen.viewings[1].frames = 0


def one_stopped(seen: Seen) -> None:
    seen.alive_at_end = 1


def nothing_counted(seen: Seen) -> None:
    for viewing in seen.viewings:
        viewing.packets = viewing.packets_lost = 0


def much_lost(seen: Seen) -> None:
    seen.viewings[0].packets_lost = 50


def an_error(seen: Seen) -> None:
    seen.errors.append("close c1: 500")


@pytest.mark.parametrize(
    ("breach", "sentence"),
    [
        (fewer_devices, "not every device is online"),
        (no_district, "the district has no devices"),
        (fewer_channels, "not every channel came from the catalogues"),
        (one_closed, "not every stream opened"),
        (one_silent, "a stream opened and gave no frames"),
        (one_stopped, "a stream stopped before the end"),
        (nothing_counted, "no packet was counted"),
        (much_lost, "more than one packet in a thousand was lost"),
        (an_error, "errors were seen"),
    ],
)
def test_each_broken_promise_is_named(breach: Callable[[Seen], None], sentence: str) -> None:
    """One breach, one sentence, and the run is not good."""
    seen = kept()
    breach(seen)
    assert sentence in problems(seen)
    assert summary(seen)["ok"] is False


def test_an_empty_run_is_not_good() -> None:
    """Nothing seen is nothing kept."""
    assert problems(Seen(streams_wanted=1))


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([], 0.5, None),
        ([7.0], 0.95, 7.0),
        ([3.0, 1.0, 2.0], 0.5, 2.0),
        ([float(n) for n in range(1, 21)], 0.95, 19.0),
    ],
)
def test_percentiles_are_nearest_ranks(values: list[float], share: float, expected: float | None) -> None:
    """Never a value that was not measured."""
    assert percentile(values, share) == expected


def test_the_spread_of_nothing_says_so() -> None:
    """No figure is invented."""
    assert spread([]) == {"p50": None, "p95": None, "max": None}


def test_an_error_of_one_stream_names_its_channel() -> None:
    """So that it can be looked for in the server's log."""
    seen = kept()
    seen.viewings[0].error = "media.stream-timeout"
    assert summary(seen)["errors"] == ["c1: media.stream-timeout"]
