"""Tickets: the right of one connection to watch one stream, or to speak through one.

A ticket is good until ``ttl`` seconds after it was made, for one connection from one address. Only its
SHA-256 is kept, so neither a lookup's timing nor a dump of the process tells a ticket. No I/O, no clock.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from civicam.media.engine import SoundFormat, WireFormat, viewer_name


@dataclass(frozen=True, slots=True)
class Admission:
    """What a ticket stands for: to watch (`WireFormat`) or to speak (`SoundFormat`). ``key`` names it
    afterwards (for `TicketBook.key`)."""

    key: bytes
    stream_id: str
    fmt: WireFormat | SoundFormat
    client: str
    expires: float


class TicketBook:
    """The tickets of a worker that were not used yet."""

    def __init__(self) -> None:
        self._waiting: dict[bytes, Admission] = {}

    @staticmethod
    def key(ticket: str) -> bytes:
        """The name under which ``ticket`` is kept."""
        return bytes.fromhex(viewer_name(ticket))

    def add(
        self, ticket: str, stream_id: str, fmt: WireFormat | SoundFormat, client: str, expires: float
    ) -> None:
        """Accept ``ticket`` until ``expires`` (monotonic) from ``client`` (an address, or ``*``)."""
        key = self.key(ticket)
        self._waiting[key] = Admission(key, stream_id, fmt, client, expires)

    def take(self, ticket: str, client: str, now: float) -> Admission | None:
        """Use ``ticket`` up. None when it is unknown, used, expired or meant for another address; a ticket
        shown from a wrong address is not used up, its owner may still come."""
        key = self.key(ticket)
        admission = self._waiting.get(key)
        if admission is None or admission.expires < now:
            return None
        if admission.client != "*" and not _same_address(admission.client, client):
            return None
        return self._waiting.pop(key)

    def drop(self, ticket: str) -> None:
        """Forget ``ticket`` if it waits."""
        self._waiting.pop(self.key(ticket), None)

    def drop_stream(self, stream_id: str) -> None:
        """Forget every ticket of a stream that is gone."""
        for key in [k for k, a in self._waiting.items() if a.stream_id == stream_id]:
            del self._waiting[key]

    def expire(self, now: float) -> list[Admission]:
        """Forget what is too old; gives it."""
        old = [admission for admission in self._waiting.values() if admission.expires < now]
        for admission in old:
            del self._waiting[admission.key]
        return old

    def waits_for(self, stream_id: str) -> bool:
        """True while somebody holds an unused ticket for the stream."""
        return any(a.stream_id == stream_id for a in self._waiting.values())

    def __len__(self) -> int:
        return len(self._waiting)


def _same_address(one: str, other: str) -> bool:
    """Compare addresses, an IPv4 address mapped into IPv6 counting as itself."""
    try:
        return _plain(one) == _plain(other)
    except ValueError:
        return one == other


def _plain(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address
