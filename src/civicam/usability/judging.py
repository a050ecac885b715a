"""What was measured against the limits: findings for the legs that work today. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from civicam.fleet.facts import ChannelId, Presence
from civicam.usability.facts import Leg, Proof, Reading, State
from civicam.usability.settings import ClockLegSettings, MediaLegSettings

DISABLED = "fleet.disabled"
REMOVED = "usability.removed"
NO_CLOCK = "usability.no-clock"
CLOCK_OFF = "usability.clock-off"
NO_PACKETS, RATE, LOSS, JITTER, FRAMES = (
    "usability.no-packets",
    "usability.rate-low",
    "usability.loss",
    "usability.jitter",
    "usability.frame-rate",
)

_PRESENCE = {Presence.ONLINE: State.GOOD, Presence.OFFLINE: State.BAD, Presence.UNKNOWN: State.UNKNOWN}


@dataclass(frozen=True, slots=True)
class StreamMeasured:
    """A stream over its last seconds. ``loss`` is lost / expected packets; ``main`` False for a sub-stream;
    ``silent`` when packets have stopped."""

    kbps: float
    loss: float
    jitter_ms: float
    fps: float
    main: bool = True
    silent: bool = False


def signalling(channel_id: ChannelId, presence: Presence, reason: str, at: datetime) -> Reading:
    """The fleet's state of a channel. A device that was disabled is not looked at."""
    state = State.NOT_CONFIGURED if reason in {DISABLED, REMOVED} else _PRESENCE[presence]
    return Reading(channel_id, Leg.SIGNALLING, state, at, Proof(reason, "fleet"))


def media(channel_id: ChannelId, found: StreamMeasured, limits: MediaLegSettings, at: datetime) -> Reading:
    """A stream that flows. The worst excess is the proof; a good one is proved by its rate."""
    faults = _faults(found, limits)
    state = State.BAD if faults else State.GOOD
    proof = faults[0] if faults else Proof("", "stream", round(found.kbps, 1), limits.kbps_min, "kbit/s")
    return _media(channel_id, state, proof, limits, at)


def failed_open(channel_id: ChannelId, code: str, limits: MediaLegSettings, at: datetime) -> Reading:
    """A stream that was asked for and did not come; ``code`` is the gateway's."""
    return _media(channel_id, State.BAD, Proof(code, "open"), limits, at)


def _media(
    channel_id: ChannelId, state: State, proof: Proof, limits: MediaLegSettings, at: datetime
) -> Reading:
    observed = limits.expected == "observed" and state is State.GOOD
    return Reading(
        channel_id,
        Leg.MEDIA,
        state,
        at,
        proof,
        until=at + timedelta(seconds=limits.holds_s),
        then=State.NOT_CONFIGURED if observed else State.UNKNOWN,
    )


def _faults(found: StreamMeasured, limits: MediaLegSettings) -> Sequence[Proof]:
    if found.silent:
        return [Proof(NO_PACKETS, "stream", 0.0, limits.kbps_min, "kbit/s")]
    frames = limits.fps_min * (1 - limits.fps_slack)
    checks = (
        (
            found.kbps < limits.kbps_min,
            Proof(RATE, "stream", round(found.kbps, 1), limits.kbps_min, "kbit/s"),
        ),
        (found.loss > limits.loss_max, Proof(LOSS, "stream", round(found.loss, 6), limits.loss_max, "")),
        (
            found.jitter_ms > limits.jitter_ms_max,
            Proof(JITTER, "stream", round(found.jitter_ms, 1), limits.jitter_ms_max, "ms"),
        ),
        (
            found.main and found.fps < frames,
            Proof(FRAMES, "stream", round(found.fps, 2), limits.fps_min, "frames/s"),
        ),
    )
    return [proof for wrong, proof in checks if wrong]


def clock(
    channel_id: ChannelId, off_s: float, resolution_s: float, limits: ClockLegSettings, at: datetime
) -> Reading:
    """A device's clock against ours. ``resolution_s``: what the message it was told in cannot resolve (a
    MANSCDP time has whole seconds); so much more than the limit cannot be told from it."""
    wrong = abs(off_s) > limits.limit_s + resolution_s
    proof = Proof(CLOCK_OFF if wrong else "", "device-status", round(off_s, 3), limits.limit_s, "s")
    return Reading(
        channel_id,
        Leg.CLOCK,
        State.BAD if wrong else State.GOOD,
        at,
        proof,
        until=at + timedelta(hours=limits.holds_h),
    )


def no_clock(channel_id: ChannelId, at: datetime) -> Reading:
    """The device answers, but tells no time: there is nothing to judge."""
    return Reading(channel_id, Leg.CLOCK, State.NOT_CONFIGURED, at, Proof(NO_CLOCK, "device-status"))
