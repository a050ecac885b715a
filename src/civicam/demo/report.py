"""What a headless demonstration saw, and whether that is what was promised. Pure: numbers in, verdict out."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

LOSS_ALLOWED = 1e-3
"""GB/T 28181 allows this share of packets to be lost between device and centre."""


@dataclass(slots=True)
class Viewing:
    """One stream as its viewer saw it. Times are milliseconds from the request to the first key frame."""

    channel: str
    protocol: str
    kind: str = ""
    """Protocol, transport and codec, as the district has it."""
    opened: bool = False
    first_picture_ms: float | None = None
    again_ms: float | None = None
    """The same for a second viewer, who finds the stream running."""
    frames: int = 0
    key_frames: int = 0
    bytes: int = 0
    damaged: int = 0
    gaps: int = 0
    """Frames the viewer did not get, by sequence number."""
    packets: int = 0
    packets_lost: int = 0
    last_frame_at: float = 0.0
    error: str = ""


@dataclass(slots=True)
class Seen:
    """Everything a headless run saw; `problems` judges it."""

    seconds: float = 0.0
    devices_expected: int = 0
    devices_registered: int = 0
    registered_after_s: float | None = None
    channels_expected: int = 0
    channels: int = 0
    streams_wanted: int = 0
    viewings: list[Viewing] = field(default_factory=list)
    alive_at_end: int = 0
    """Streams that still gave frames in the last seconds."""
    errors: list[str] = field(default_factory=list)


def percentile(values: Sequence[float], share: float) -> float | None:
    """Nearest rank: the smallest value that at least ``share`` of all do not exceed; None of nothing."""
    if not values:
        return None
    ordered = sorted(values)
    return round(ordered[max(0, math.ceil(share * len(ordered)) - 1)], 1)


def spread(values: Sequence[float]) -> dict[str, float | None]:
    """p50, p95 and the largest."""
    return {"p50": percentile(values, 0.5), "p95": percentile(values, 0.95), "max": percentile(values, 1.0)}


def loss(seen: Seen) -> float | None:
    """Lost packets over all that were sent; None when no packet was counted."""
    lost = sum(viewing.packets_lost for viewing in seen.viewings)
    got = sum(viewing.packets for viewing in seen.viewings)
    return lost / (lost + got) if lost + got else None


def problems(seen: Seen) -> list[str]:
    """Every promise that was not kept, as a short sentence; empty when all were."""
    opened = sum(viewing.opened for viewing in seen.viewings)
    silent = sum(viewing.opened and not viewing.frames for viewing in seen.viewings)
    share = loss(seen)
    checks = (
        (seen.devices_registered < seen.devices_expected, "not every device is online"),
        (seen.devices_expected == 0, "the district has no devices"),
        (seen.channels < seen.channels_expected, "not every channel came from the catalogues"),
        (opened < seen.streams_wanted or not opened, "not every stream opened"),
        (silent > 0, "a stream opened and gave no frames"),
        (seen.alive_at_end < opened, "a stream stopped before the end"),
        (share is None, "no packet was counted"),
        (share is not None and share > LOSS_ALLOWED, "more than one packet in a thousand was lost"),
        (bool(seen.errors), "errors were seen"),
    )
    return [sentence for wrong, sentence in checks if wrong]


def _opened_by(viewings: Sequence[Viewing], name_of: Callable[[Viewing], str]) -> dict[str, int]:
    """Opened streams of each kind that was tried."""
    return {
        name: sum(viewing.opened for viewing in viewings if name_of(viewing) == name)
        for name in sorted({name_of(viewing) for viewing in viewings})
    }


def summary(seen: Seen) -> dict[str, object]:
    """The report as one JSON object; `docs/reference/demo.md` explains its members."""
    viewings = seen.viewings
    wrong = problems(seen)
    return {
        "ok": not wrong,
        "problems": wrong,
        "seconds": round(seen.seconds, 1),
        "devices_expected": seen.devices_expected,
        "devices_registered": seen.devices_registered,
        "registered_after_s": seen.registered_after_s,
        "channels_expected": seen.channels_expected,
        "channels": seen.channels,
        "streams_wanted": seen.streams_wanted,
        "streams_opened": sum(viewing.opened for viewing in viewings),
        "streams_alive_at_end": seen.alive_at_end,
        "by_protocol": _opened_by(viewings, lambda viewing: viewing.protocol),
        "by_kind": _opened_by(viewings, lambda viewing: viewing.kind),
        "frames": sum(viewing.frames for viewing in viewings),
        "key_frames": sum(viewing.key_frames for viewing in viewings),
        "bytes": sum(viewing.bytes for viewing in viewings),
        "first_picture_ms": spread([v.first_picture_ms for v in viewings if v.first_picture_ms is not None]),
        "first_picture_running_ms": spread([v.again_ms for v in viewings if v.again_ms is not None]),
        "losses": {
            "packets": sum(viewing.packets for viewing in viewings),
            "packets_lost": sum(viewing.packets_lost for viewing in viewings),
            "share": loss(seen),
            "frames_damaged": sum(viewing.damaged for viewing in viewings),
            "frames_missed": sum(viewing.gaps for viewing in viewings),
        },
        "errors": seen.errors + [f"{v.channel}: {v.error}" for v in viewings if v.error],
    }
