"""The log as JSON lines: a header with the public keys, the entries, the checkpoints; pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from civicam.audit.facts import Part, SigningKey, Stamped

FORMAT: Final = "civicam-audit/1"


def header_line(log_id: str, keys: Sequence[SigningKey], size: int) -> str:
    """What an auditor needs first: whose log, which keys, how many entries."""
    known = [{"public": key.public, "statement": key.statement, "signature": key.signature} for key in keys]
    return _line({"format": FORMAT, "log": log_id, "size": size, "keys": known})


def entry_line(entry: Stamped) -> str:
    """The record as the exact text that is hashed, and the personal parts that are still there."""
    parts = {
        part.value: {"salt": kept.salt.hex(), "text": kept.text} if (kept := entry.parts.get(part)) else None
        for part in Part
    }
    return _line({"record": entry.record.decode(), "personal": parts})


def checkpoint_line(note: str) -> str:
    """A checkpoint, as witnesses keep it too."""
    return _line({"checkpoint": note})


def _line(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False)
