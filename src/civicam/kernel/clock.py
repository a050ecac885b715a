"""Two clocks, both arguments: monotonic seconds on the wire, aware UTC date-times in the rooms.

Asia/Shanghai appears only at the edges: device time in GB/T 28181 and what people read.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Protocol

BEIJING = timezone(timedelta(hours=8), "Asia/Shanghai")
"""China has had one zone and no daylight saving since 1991, so a fixed offset is exact for our data."""


class Clock(Protocol):
    """What bootstrap plugs in; tests plug in a clock they move by hand."""

    def monotonic(self) -> float:
        """Seconds that never go back; the zero is arbitrary."""
        ...

    def now(self) -> datetime:
        """The wall clock, aware, in UTC."""
        ...


class ManualClock:
    """A clock that stands still until it is moved: for tests and stories."""

    def __init__(self, start: datetime | None = None, monotonic: float = 0.0) -> None:
        self._now = start or datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
        self._monotonic = monotonic

    def monotonic(self) -> float:
        return self._monotonic

    def now(self) -> datetime:
        return self._now

    def advance(self, seconds: float) -> None:
        """Move both clocks forward."""
        self._monotonic += seconds
        self._now += timedelta(seconds=seconds)
