"""What an operator may set about usability. Limits are those of GB/T 28181 as the city measures them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Seconds = Annotated[float, Field(ge=0, le=3600)]
Hours = Annotated[float, Field(gt=0, le=8760)]


class HoldSettings(BaseModel):
    """How long a state has to last before it is believed. It then counts from its beginning."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    late_s: Annotated[float, Field(ge=0, le=60)] = 5.0
    """A finding may come this much later than what it tells of, in any order, and history is the same."""
    good_s: Seconds = 30.0
    """Good for shorter is no recovery: a channel that flaps stays bad."""
    bad_s: Seconds = 15.0
    """Bad for shorter is a blip."""
    unknown_s: Seconds = 0.0
    not_configured_s: Seconds = 0.0


class MediaLegSettings(BaseModel):
    """When a stream is good (GB/T 28181 §5, per channel), and how long that holds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    expected: Literal["observed", "always"] = "observed"
    """``observed``: a good finding that has grown old leaves the leg not configured, since nobody looks;
    a bad one leaves it unknown. ``always``: both leave it unknown."""
    every_s: Annotated[float, Field(gt=0, le=300)] = 10.0
    """How often streams that flow anyway are measured."""
    holds_s: Annotated[float, Field(gt=0)] = 900.0
    """A finding is good for this long after its stream was last measured."""
    kbps_min: Annotated[float, Field(ge=0)] = 32.0
    loss_max: Annotated[float, Field(ge=0, le=1)] = 0.001
    jitter_ms_max: Annotated[float, Field(gt=0)] = 50.0
    fps_min: Annotated[float, Field(ge=0)] = 25.0
    """Of the main stream; a sub-stream is sent with fewer on purpose."""
    fps_slack: Annotated[float, Field(ge=0, le=1)] = 0.08
    """Share of ``fps_min`` by which a rate counted over a few seconds may fall short."""


class ClockLegSettings(BaseModel):
    """How exact a device's clock has to be (GB/T 28181 §9.10), and how often it is asked."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    limit_s: Annotated[float, Field(gt=0)] = 1.0
    every_h: Hours = 6.0
    """Each device is asked for its time once in this time; all of them are spread over it."""
    holds_h: Hours = 26.0
    """A finding is good for this long; the leg is unknown afterwards."""


class UsabilitySettings(BaseModel):
    """Which channels count as usable, and how history is kept."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hold: HoldSettings = HoldSettings()
    media: MediaLegSettings = MediaLegSettings()
    clock: ClockLegSettings = ClockLegSettings()
    life_s: Annotated[float, Field(gt=0, le=300)] = 10.0
    """The collector's sign of life is in the store at least so often; a crash is dated by the last one."""
    flush_s: Annotated[float, Field(gt=0, le=60)] = 1.0
    """Changes that were believed are written together so often."""
    waiting: Annotated[int, Field(ge=1)] = 200_000
    """Changes that may wait for the store. Beyond it they are given up, and the time is recorded as a gap."""
    keep_days: Annotated[int, Field(ge=31, le=3650)] = 1100
    """Older history is deleted."""
