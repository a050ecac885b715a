"""What an operator may set about log-in and sessions."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class AccessSettings(BaseModel):
    """Times are seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    link_ttl_s: Annotated[float, Field(gt=0)] = 3600.0
    """How long a one-time log-in link works."""
    session_idle_s: Annotated[float, Field(gt=0)] = 12 * 3600.0
    """A session nobody uses ends after this."""
    session_absolute_s: Annotated[float, Field(gt=0)] = 7 * 86400.0
    """A session ends after this whatever happens."""
    ticket_ttl_s: Annotated[float, Field(gt=0)] = 30.0
    """A viewing ticket must be used within this time."""
    login_free_attempts: Annotated[int, Field(ge=1)] = 5
    """Wrong passwords before the next attempt must wait."""
    login_wait_s: Annotated[float, Field(gt=0)] = 2.0
    """The first wait; each further failure doubles it."""
    login_wait_most_s: Annotated[float, Field(gt=0)] = 900.0
