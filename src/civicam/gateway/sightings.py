"""Where a device was seen to register from, and whether it is two devices with one id.

A copied configuration gives two devices the same id. Both know the password, each takes the registration from
the other, and pictures come now from one, now from the other. Nothing of that is a transition: the id stays
online, the newest is served, and the operator is told. Signs of two, within the life of a registration:

* a Call-ID comes back after another one registered,
* an address that was left for another one is back: a host, or on the same host (both behind one NAT) a port.

A device that changes between two networks looks the same; it, too, needs somebody to look at it. Pure.
"""

from __future__ import annotations

from typing import NamedTuple

from civicam.signalling.sip.peer import Peer

_KEPT = 4
_ON_ITS_WAY_S = 10.0
"""A packet of the old address may still be on its way so long after the move."""


class _Sighting(NamedTuple):
    source: Peer
    call_id: str
    since: float
    until: float


class Sightings:
    """The last registrations of one device that were proven by its password, newest last."""

    __slots__ = ("_past",)

    def __init__(self) -> None:
        self._past: tuple[_Sighting, ...] = ()

    def registered(self, source: Peer, call_id: str, now: float, expires: float) -> Peer | None:
        """A registration of ``expires`` seconds; gives the other one's address when there are two."""
        past = [each for each in self._past if each.until > now]
        current = past.pop() if past else None
        other: Peer | None = None
        since = now
        if current is not None and current.call_id == call_id:
            since = current.since if current.source == source else now
        elif current is not None:
            moved = source != current.source
            for each in past:
                if each.call_id == call_id or (moved and _left(each.source, current.source, source)):
                    other = current.source
            past.append(current)
        self._past = (*past, _Sighting(source, call_id, since, now + expires))[-_KEPT:]
        return other

    def anew(self, call_id: str) -> bool:
        """Whether this Call-ID is another than the last one's: the device may have restarted."""
        return bool(self._past) and self._past[-1].call_id != call_id

    def refused(self, source: Peer, now: float) -> Peer | None:
        """A packet came from a host that is not the registered one; gives the registered address when the
        packet's host had registered before.
        """
        if not self._past or now - self._past[-1].since < _ON_ITS_WAY_S:
            return None
        current = self._past[-1].source
        known = any(
            each.source.host == source.host and each.source.host != current.host and each.until > now
            for each in self._past
        )
        return current if known else None


def _left(before: Peer, current: Peer, source: Peer) -> bool:
    """Whether ``source`` is ``before`` again, after ``current``."""
    if source.host != current.host:
        return before.host == source.host
    return before == source != current
