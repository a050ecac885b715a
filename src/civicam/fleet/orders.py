"""What came of asking a device for something: shared by the gateway, which asks, and the web, which shows it.

Frozen values, no behaviour. Degrees, seconds and sizes are as their docstrings say; times are aware UTC.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Result(enum.StrEnum):
    """What is known of an order."""

    DONE = "done"
    """The device answered OK."""
    TAKEN = "taken"
    """The device took the message; no answer is due for this order."""
    UNCONFIRMED = "unconfirmed"
    """The device took the message, and the answer that is due did not come."""
    REFUSED = "refused"
    """The device answered ERROR, or refused the message."""
    UNSUPPORTED = "unsupported"
    """The device does not know such orders."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """``status``: the SIP status when it was no 200; ``reason``: the device's own words, when it gave any."""

    result: Result
    status: int = 0
    reason: str = ""
