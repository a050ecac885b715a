"""What was measured against the limits, on both sides of each."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.usability.findings import BAD, BEGAN, GOOD, NOT, ONE, UNKNOWN

from civicam.fleet.facts import Presence
from civicam.usability import judging
from civicam.usability.facts import Leg, State
from civicam.usability.judging import StreamMeasured
from civicam.usability.settings import ClockLegSettings, MediaLegSettings

LIMITS = MediaLegSettings()


@pytest.mark.parametrize(
    ("presence", "reason", "state"),
    [
        (Presence.ONLINE, "", GOOD),
        (Presence.OFFLINE, "fleet.heartbeat-lost", BAD),
        (Presence.UNKNOWN, "fleet.restarted", UNKNOWN),
        (Presence.UNKNOWN, "fleet.disabled", NOT),
    ],
)
def test_signalling_is_what_the_fleet_says(presence: Presence, reason: str, state: State) -> None:
    reading = judging.signalling(ONE, presence, reason, BEGAN)
    assert (reading.leg, reading.state, reading.proof.code) == (Leg.SIGNALLING, state, reason)
    assert reading.until is None


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (StreamMeasured(4000, 0.001, 50, 25), ""),
        (StreamMeasured(4000, 0, 0, 23), ""),
        (StreamMeasured(4000, 0, 0, 22.9), "usability.frame-rate"),
        (StreamMeasured(512, 0, 0, 12.5, main=False), ""),
        (StreamMeasured(4000, 0.0011, 0, 25), "usability.loss"),
        (StreamMeasured(4000, 0, 50.1, 25), "usability.jitter"),
        (StreamMeasured(31, 0, 0, 25), "usability.rate-low"),
        (StreamMeasured(0, 0, 0, 0, silent=True), "usability.no-packets"),
    ],
)
def test_a_stream_against_each_limit(found: StreamMeasured, code: str) -> None:
    reading = judging.media(ONE, found, LIMITS, BEGAN)
    assert (reading.state, reading.proof.code) == (BAD if code else GOOD, code)
    assert reading.proof.limit is not None


@pytest.mark.parametrize(("expected", "then"), [("observed", NOT), ("always", UNKNOWN)])
def test_a_good_stream_nobody_looks_at_any_more(expected: str, then: State) -> None:
    limits = MediaLegSettings(expected=expected)  # type: ignore[arg-type]  # one of the two
    reading = judging.media(ONE, StreamMeasured(4000, 0, 0, 25), limits, BEGAN)
    assert (reading.until, reading.then) == (BEGAN + timedelta(seconds=limits.holds_s), then)


def test_a_stream_that_did_not_come_is_never_forgotten_as_if_it_had_been_good() -> None:
    reading = judging.failed_open(ONE, "gateway.no-media", LIMITS, BEGAN)
    assert (reading.state, reading.then, reading.proof.code) == (BAD, UNKNOWN, "gateway.no-media")


@pytest.mark.parametrize(
    ("off", "state"), [(0.0, GOOD), (-2.0, GOOD), (2.0, GOOD), (2.001, BAD), (-9.0, BAD)]
)
def test_a_clock_told_in_whole_seconds_gets_one_more_than_the_limit(off: float, state: State) -> None:
    reading = judging.clock(ONE, off, 1.0, ClockLegSettings(), BEGAN)
    assert (reading.state, reading.proof.measured, reading.proof.limit) == (state, off, 1.0)


def test_a_device_without_a_clock_is_not_judged() -> None:
    assert judging.no_clock(ONE, BEGAN).state is NOT
