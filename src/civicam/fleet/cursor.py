"""Keyset paging: the place after a row, opaque to whoever sends it back."""

from __future__ import annotations

import base64
import binascii

from civicam.kernel.errors import Refused


def mark(name: str, key: str) -> str:
    """The place after the row with this name and id."""
    return base64.urlsafe_b64encode(f"{key}\n{name}".encode()).decode().rstrip("=")


def place(text: str) -> tuple[str, str]:
    """(name, id) of a `mark`; `Refused` ``fleet.bad-cursor``."""
    try:
        decoded = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        raise Refused("fleet.bad-cursor") from None
    key, found, name = decoded.partition("\n")
    if not found:
        raise Refused("fleet.bad-cursor")
    return name, key
