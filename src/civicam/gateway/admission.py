"""Letting registrations in when a whole city comes back at once: bounded, and honest about when to return.

Pure. Beyond the rate, or with too many waiting for the store, a device is told 503 with Retry-After. The
times told are spread by the device's id, so that those sent away do not come back together.
"""

from __future__ import annotations

import zlib


class Admission:
    """A token bucket and a bound on what is under way."""

    def __init__(
        self, rate: float, burst: int, in_flight: int, *, base_s: int = 5, spread_s: int = 30
    ) -> None:
        self._rate = rate
        self._burst = float(burst)
        self._limit = in_flight
        self._base = base_s
        self._spread = spread_s
        self._tokens = float(burst)
        self._at: float | None = None
        self.under_way = 0

    def enter(self, who: str, now: float) -> int | None:
        """None: come in (and call `leave` afterwards). Else: seconds to tell in Retry-After."""
        if self._at is not None:
            self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        self._at = now
        if self.under_way >= self._limit or self._tokens < 1.0:
            return self._base + zlib.crc32(who.encode()) % self._spread
        self._tokens -= 1.0
        self.under_way += 1
        return None

    def leave(self) -> None:
        """What came in is done."""
        self.under_way -= 1


class WrongPasswords:
    """Refuse unchecked for a while who failed too often; by device and address, so that a stranger
    cannot lock the real device out.
    """

    def __init__(self, allowed: int, refuse_s: float, *, remembered: int = 10_000) -> None:
        self._allowed = allowed
        self._refuse = refuse_s
        self._remembered = remembered
        self._failed: dict[tuple[str, str], tuple[int, float]] = {}

    def refused(self, gb_id: str, host: str, now: float) -> bool:
        """Whether this pair has to wait."""
        count, at = self._failed.get((gb_id, host), (0, 0.0))
        return count >= self._allowed and now - at < self._refuse

    def failed(self, gb_id: str, host: str, now: float) -> None:
        """One more wrong password; an old series is over after the waiting time."""
        key = (gb_id, host)
        count, at = self._failed.pop(key, (0, now))
        self._failed[key] = (1 if now - at >= self._refuse else count + 1, now)
        while len(self._failed) > self._remembered:
            del self._failed[next(iter(self._failed))]

    def proved(self, gb_id: str, host: str) -> None:
        """The right password: the series is forgotten."""
        self._failed.pop((gb_id, host), None)
