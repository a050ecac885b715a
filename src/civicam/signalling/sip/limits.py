"""How much of anything a stranger may make us hold: sizes, counts, rates, waiting times.

Limits are arguments; the defaults are for a city on one machine. Every refusal is counted by name in
`Counters`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from civicam.signalling.sip.peer import Peer


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one endpoint. Bytes, counts, seconds."""

    message_bytes: int = 65_535
    """One message, head and body; a UDP datagram cannot be larger. Catalog parts of 4–60 KB are usual."""
    head_bytes: int = 16_384
    """Start line and header fields."""
    header_fields: int = 128
    line_bytes: int = 8_192
    connections: int = 8_192
    connections_per_host: int = 4_096
    """TCP connections from one address; a whole site may sit behind one NAT."""
    half_open_s: float = 30.0
    """A message begun on TCP, or a connection that has said nothing yet, must be complete within this
    time.
    """
    idle_s: float = 3_600.0
    """A TCP connection without any traffic is closed after this; heartbeats come every minute."""
    transactions: int = 200_000
    """Server transactions held for replay (32 s each); beyond, new requests get 503 and Retry-After."""
    source_rate: float = 2_000.0
    """Messages a second one host may send in the long run …"""
    source_burst: float = 20_000.0
    """… and at once."""
    device_rate: float = 200.0
    """Messages a second a known device may still send when its host has no token left …"""
    device_burst: float = 2_000.0
    """… and at once: the list of a recorder with thousands of channels."""
    sources: int = 65_536
    """Token buckets kept; the fullest are forgotten first."""


class SourceBuckets:
    """One token bucket a source host: ``rate`` tokens a second, at most ``burst``. Of each only the moment is
    kept when it is full again: one number a source, of which there are as many as devices.
    """

    __slots__ = ("_each", "_full", "_max", "_room")

    def __init__(self, rate: float, burst: float, max_sources: int) -> None:
        self._each = 1.0 / rate
        """Seconds for one token."""
        self._room = burst / rate - self._each * (1 - 1e-9)
        """How far off that moment may be, for a token to be there still."""
        self._max = max_sources
        self._full: dict[str, float] = {}

    def take(self, host: str, now: float) -> bool:
        """Take one token of ``host``; False when it has none."""
        full = self._full.get(host)
        if full is None:
            if len(self._full) >= self._max:
                self._forget()
            full = now
        elif full < now:
            full = now
        if full - now > self._room:
            self._full[host] = full
            return False
        self._full[host] = full + self._each
        return True

    def __len__(self) -> int:
        return len(self._full)

    def _forget(self) -> None:
        """Drop the half of the sources with the most tokens: a quiet source loses nothing by a fresh
        bucket.
        """
        empty_first = sorted(self._full, key=self._full.__getitem__, reverse=True)
        for host in empty_first[self._max // 2 :]:
            del self._full[host]


class Spared:
    """Known devices, once the bucket of their host is empty: each has one of its own, so that who floods
    behind its NAT does not silence it. ``known``, from the layer above: whether one sends from exactly there.
    """

    def __init__(self, limits: Limits, counters: Counter[str]) -> None:
        self._buckets = SourceBuckets(limits.device_rate, limits.device_burst, limits.sources)
        self._counters = counters
        self.known: Callable[[Peer], bool] = lambda _source: False

    def take(self, source: Peer, now: float) -> bool:
        """Whether ``source`` is heard all the same; counted either way."""
        spared = self.known(source) and self._buckets.take(
            f"{source.transport} {source.host} {source.port}", now
        )
        self._counters["spared" if spared else "drop-rate"] += 1
        return spared


Counters = Counter[str]
"""Messages taken, answered and dropped, by name; `civicam.signalling.sip.endpoint` lists the names."""
