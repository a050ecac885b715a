"""What an operator may set about outages. The rules themselves are in `civicam.outages.rules`."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class OutageSettings(BaseModel):
    """How often the ledger is brought up to date."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    enabled: bool = True
    """Explain what goes dark."""
    step_s: Annotated[float, Field(ge=0.2, le=60)] = 5.0
    """Facts are looked at this often, seconds."""
    register_s: Annotated[float, Field(ge=1, le=3600)] = 60.0
    """The fleet's graph is compared with the one in use this often, seconds."""
    checkpoint_steps: Annotated[int, Field(ge=1, le=100_000)] = 500
    """Steps between two copies of the engine's state: how much is read again after a start."""
