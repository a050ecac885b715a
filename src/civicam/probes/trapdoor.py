"""Which datagrams at the trap door are looked at. Pure; decided by address, before a byte is parsed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

LONGEST = 8192
"""Bytes of a trap; what is longer is no trap of ours."""


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


class Trapdoor:
    """``rate`` traps a second and agent, ``burst`` at once; all together ``total`` times as many."""

    def __init__(self, rate: float, burst: int, total: int = 50) -> None:
        self._rate = rate
        self._burst = burst
        self._most = rate * total
        self._all = _Bucket(float(burst * total), 0.0)
        self._known: dict[str, _Bucket] = {}
        self.counters: Counter[str] = Counter()

    def change(self, hosts: Iterable[str], now: float) -> None:
        """These may speak. Those who could before keep what they have used up."""
        before = self._known
        self._known = {host: before.get(host) or _Bucket(float(self._burst), now) for host in hosts}

    def admits(self, host: str, size: int, now: float) -> bool:
        """Whether to look at a datagram; what is not looked at is counted by reason."""
        bucket = self._known.get(host)
        if bucket is None:
            return self._drop("trap_unknown_agent")
        if size > LONGEST:
            return self._drop("trap_too_long")
        if not _take(bucket, self._rate, float(self._burst), now):
            return self._drop("trap_flood")
        if not _take(self._all, self._most, self._burst * self._most / self._rate, now):
            return self._drop("trap_storm")
        self.counters["trap_taken"] += 1
        return True

    def _drop(self, why: str) -> bool:
        self.counters[why] += 1
        return False


def _take(bucket: _Bucket, rate: float, burst: float, now: float) -> bool:
    bucket.tokens = min(burst, bucket.tokens + max(0.0, now - bucket.at) * rate)
    bucket.at = now
    if bucket.tokens < 1.0:
        return False
    bucket.tokens -= 1.0
    return True
