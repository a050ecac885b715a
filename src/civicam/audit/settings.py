"""What an operator may set about the log."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class AuditSettings(BaseModel):
    """Times are seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    checkpoint_s: Annotated[float, Field(gt=0, le=60)] = 30.0
    """While entries come in, the tree is signed this often."""
    checkpoint_entries: Annotated[int, Field(ge=1)] = 10_000
    """And sooner, after so many entries."""
    queue: Annotated[int, Field(ge=1)] = 10_000
    """Entries that may wait to be written; one more is refused, and with it what it would have recorded."""
    group: Annotated[int, Field(ge=1, le=5_000)] = 500
    """Entries written in one transaction at most."""
    witness_file: Path | None = None
    """Checkpoints are appended here; default: audit-witness.jsonl in the data directory.

    Better: a file on another disk."""
    witness_urls: tuple[str, ...] = ()
    """Where checkpoints are posted: an HTTP endpoint that keeps them, or another civicam
    (``https://other/api/audit/witness``)."""
    witness_timeout_s: Annotated[float, Field(gt=0)] = 5.0
    """How long a witness has to answer."""
    witness_token: str = ""
    """Sent to witnesses as ``Authorization: Bearer``; nothing is sent when it is empty."""
