"""What an operator may set about logs."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class LogSettings(BaseModel):
    """``format`` auto: for people on a terminal, JSON lines elsewhere."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "console", "json"] = "auto"
    repeat_s: Annotated[float, Field(gt=0)] = 1.0
    """The same fault is logged once in this time, with the count of what was left out."""
