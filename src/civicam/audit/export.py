"""The log as JSON lines: a header with the public keys, the entries, the checkpoints; pure."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any, Final

from civicam.audit.facts import Part, SigningKey, Stamped
from civicam.audit.notes import log_id

FORMAT: Final = "civicam-audit/1"


def header_line(keys: Sequence[SigningKey], size: int) -> str:
    """What an auditor needs first: whose log, which keys, how many entries."""
    known = [{"public": key.public, "statement": key.statement, "signature": key.signature} for key in keys]
    log = log_id(base64.b64decode(keys[0].public)) if keys else ""
    return _line({"format": FORMAT, "log": log, "size": size, "keys": known})


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
