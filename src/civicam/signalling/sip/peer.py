"""Who is at the other end of a packet or a connection."""

from __future__ import annotations

from typing import Literal, NamedTuple

Transport = Literal["udp", "tcp"]


class Peer(NamedTuple):
    """The packet source of a message, and where an answer or a new request goes.

    ``connection`` tells TCP connections apart (the shell numbers them from 1); 0 on UDP. Behind NAT this is
    the only address that works: Via and Contact carry private ones (gb28181.md §2.10).
    """

    transport: Transport
    host: str
    port: int
    connection: int = 0

    @property
    def reliable(self) -> bool:
        """True where the transport itself retransmits, so that our timers need not (RFC 3261 §17)."""
        return self.transport == "tcp"

    def __str__(self) -> str:
        return f"{self.transport}:{self.host}:{self.port}"
