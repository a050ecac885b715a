"""One TCP connection of a SIP agent."""

from __future__ import annotations

import asyncio
import socket
from typing import Protocol, cast

from civicam.signalling.sip.peer import Peer

_WRITE_LIMIT_BYTES = 1024 * 1024
"""A peer that reads nothing may hold up so much; then its connection ends."""


class StreamSink(Protocol):
    """Who gets the bytes."""

    def connected(self, connection: TcpConnection, address: tuple[str, int]) -> Peer | None:
        """The connection stands; gives its name, or ``None`` to close it."""
        ...

    def received(self, peer: Peer, data: bytes) -> None:
        """Bytes came."""
        ...

    def lost(self, peer: Peer, reason: str) -> None:
        """The connection ended."""
        ...


class TcpConnection(asyncio.Protocol):
    """One connection, called or accepted. ``closed`` is set when it is gone."""

    def __init__(self, sink: StreamSink, *, outgoing: bool = False) -> None:
        self.outgoing = outgoing
        self.closed = asyncio.Event()
        self._sink = sink
        self._transport: asyncio.Transport | None = None
        self._peer: Peer | None = None

    @property
    def peer(self) -> Peer:
        """The name of this connection; raises ``ConnectionError`` when it was not admitted."""
        if self._peer is None:
            raise ConnectionError("the connection was not admitted")
        return self._peer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        sock = transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        name = transport.get_extra_info("peername") or ("", 0)
        self._peer = self._sink.connected(self, (name[0], name[1]))
        if self._peer is None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        if self._peer is not None:
            self._sink.received(self._peer, data)

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed.set()
        if self._peer is not None:
            self._sink.lost(self._peer, str(exc) if exc else "closed")

    def write(self, data: bytes) -> None:
        """Send bytes; a peer that does not read is cut off."""
        if self._transport is None or self._transport.is_closing():
            return
        self._transport.write(data)
        if self._transport.get_write_buffer_size() > _WRITE_LIMIT_BYTES:
            self._transport.abort()

    def close(self) -> None:
        """Send what waits, then close."""
        if self._transport is not None:
            self._transport.close()
