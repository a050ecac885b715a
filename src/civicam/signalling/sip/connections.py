"""TCP connections as the endpoint sees them: framing, waiting times, how many one host may hold."""

from __future__ import annotations

from collections import Counter

from civicam.signalling.sip.limits import Limits
from civicam.signalling.sip.peer import Peer
from civicam.signalling.sip.stream import StreamBuffer


class Connection:
    """One connection: its unfinished bytes and the moments that decide when it has waited enough."""

    __slots__ = ("due", "limits", "partial_since", "peer", "seen", "silent", "stream")

    def __init__(self, peer: Peer, limits: Limits, now: float, *, outgoing: bool) -> None:
        self.peer = peer
        self.limits = limits
        self.stream = StreamBuffer(limits)
        self.seen = now
        """When bytes last went either way."""
        self.silent = not outgoing
        """True until the peer has sent its first whole message; we do not wait for one where we called."""
        self.partial_since: float | None = now if self.silent else None
        """When the message began that is not complete yet."""
        self.due: float | None = None

    def fed(self, now: float, *, completed: bool) -> None:
        """Bytes came; ``completed`` when at least one whole message was among them."""
        self.seen = now
        self.silent = self.silent and not completed
        if self.stream.pending == 0 and not self.silent:
            self.partial_since = None
        elif completed or self.partial_since is None:
            self.partial_since = now

    @property
    def deadline(self) -> float:
        """When to close it, unless something happens before."""
        idle = self.seen + self.limits.idle_s
        return idle if self.partial_since is None else min(idle, self.partial_since + self.limits.half_open_s)


class Connections:
    """All connections of an endpoint."""

    __slots__ = ("_by_host", "_limits", "_open")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._open: dict[Peer, Connection] = {}
        self._by_host: Counter[str] = Counter()

    def add(self, peer: Peer, now: float, *, outgoing: bool) -> Connection | None:
        """A new connection; ``None`` when there are too many, in all or from this host."""
        full = len(self._open) >= self._limits.connections
        crowded = self._by_host[peer.host] >= self._limits.connections_per_host
        if not outgoing and (full or crowded):
            return None
        connection = Connection(peer, self._limits, now, outgoing=outgoing)
        self._open[peer] = connection
        self._by_host[peer.host] += 1
        return connection

    def __len__(self) -> int:
        return len(self._open)

    def get(self, peer: Peer) -> Connection | None:
        """The connection named by ``peer``."""
        return self._open.get(peer)

    def remove(self, peer: Peer) -> Connection | None:
        """Forget a connection; ``None`` when it was forgotten already."""
        connection = self._open.pop(peer, None)
        if connection is not None:
            self._by_host[peer.host] -= 1
            if self._by_host[peer.host] == 0:
                del self._by_host[peer.host]
        return connection
