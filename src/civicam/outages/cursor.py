"""Keyset paging of rows, newest first: the place after a row, opaque to whoever sends it back."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime

from civicam.kernel.errors import Refused


def mark(started_at: datetime, outage_id: str) -> str:
    """The place after this row."""
    text = f"{outage_id}\n{started_at.isoformat()}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def place(text: str) -> tuple[datetime, str]:
    """(beginning, id) of a `mark`; `Refused` ``outages.bad-cursor``."""
    try:
        decoded = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True).decode()
        key, _, at = decoded.partition("\n")
        moment = datetime.fromisoformat(at)
    except (binascii.Error, UnicodeDecodeError, ValueError):
        raise Refused("outages.bad-cursor") from None
    if moment.tzinfo is None:
        raise Refused("outages.bad-cursor")
    return moment, key
