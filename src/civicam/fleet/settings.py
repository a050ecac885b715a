"""What an operator may set about devices and channels."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class FleetSettings(BaseModel):
    """How devices are watched and how much is shown."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    heartbeat_s: Annotated[int, Field(ge=5, le=255)] = 60
    """Heartbeat interval of devices whose own is not set (GB/T 28181 §9.6.1)."""
    misses: Annotated[int, Field(ge=1, le=255)] = 3
    """Heartbeats missed in a row before a device counts as offline."""
    heartbeat_flush_s: Annotated[float, Field(gt=0)] = 60.0
    """A heartbeat that says nothing new is in the store so soon; all devices are spread over this time.

    A new address or a changed fault is written within a second. A crash loses at most this much of "last
    seen", and nothing else."""
    registrations_waiting: Annotated[int, Field(ge=1)] = 20_000
    """Registrations that may wait for the store; one more is refused with ``db.busy``."""
    recent: Annotated[int, Field(ge=1, le=500)] = 50
    """Transitions shown on the situation page."""
