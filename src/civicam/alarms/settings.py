"""What an operator may set about alarms."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class AlarmSettings(BaseModel):
    """How long alarms are kept, and how many may wait for the store."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    keep_days: Annotated[int, Field(ge=1, le=3650)] = 180
    """Older alarms are deleted."""
    waiting: Annotated[int, Field(ge=1)] = 20_000
    """Alarms that may wait for the store; one more is refused with ``db.busy``."""
