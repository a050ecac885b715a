"""What an operator may set about the store."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class DbSettings(BaseModel):
    """Where the store is and how patient its writer is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = ""
    """``sqlite:////path/to/civicam.db`` or ``postgresql://user@host/name``.

    Empty: civicam.db in the data directory."""
    queue: Annotated[int, Field(ge=1)] = 10_000
    """Writes that may wait for the writer; one more is refused with ``db.busy``."""
    urgent: Annotated[int, Field(ge=1)] = 1_000
    """Writes of alarms that may wait, in a queue of their own."""
    group: Annotated[int, Field(ge=1)] = 500
    """Writes committed together at most."""
    readers: Annotated[int, Field(ge=1, le=64)] = 4
    """Threads (and connections) that read."""
    migrate_at_start: bool = True
    """Bring the schema up to date when the server starts; off: `civicam migrate` does it."""
    outbox_keep_days: Annotated[float, Field(gt=0)] = 0.05
    """How long a fact stays in the outbox after everybody has it: long enough to look at what just happened.
    The rooms keep what is to be kept; a city writes some 20 MiB of facts an hour, and each is deleted again.
    """
