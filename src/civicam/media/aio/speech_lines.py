"""Lines to a loudspeaker: UDP, TCP from the device, TCP from us. What the device sends is ignored."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import ipaddress
import logging
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, cast

from civicam.kernel.errors import Operational, Refused
from civicam.media.aio.dial import PAUSE_S, Dialler
from civicam.media.aio.ports import PortPool
from civicam.media.aio.udp import bind_pair
from civicam.media.core import rtcp
from civicam.media.core.rfc4571 import frame

_log = logging.getLogger("civicam.media.speech")

_UNSENT_MOST = 16_000
"""Bytes that may wait in a TCP connection: two seconds of sound; more would only be late."""


@dataclass(frozen=True, slots=True)
class LineEvents:
    """``opened``: packets have a place to go; ``closed``: no more; ``failed(code)``: for good."""

    opened: Callable[[], None]
    closed: Callable[[], None]
    failed: Callable[[str], None]


class Line(Protocol):
    """Where packets go."""

    port: int
    peer: str
    """``host:port``, empty while there is none."""

    def call(self, host: str, port: int) -> None:
        """Where the device is. ``media.bad-address``."""
        ...

    def send(self, packet: bytes) -> bool:
        """Send one RTP packet; False when it could not be sent."""
        ...

    def report(self, report: rtcp.SenderReport) -> None:
        """Send a sender report, where the line has RTCP."""
        ...

    def close(self, now: float) -> None:
        """No more; the port rests."""
        ...


class UdpLine:
    """RTP from an even port, RTCP from the one above."""

    def __init__(self, pool: PortPool, host: str, events: LineEvents) -> None:
        self._pool = pool
        self._events = events
        self._to: tuple[str, int] | None = None
        self.peer = ""
        now = asyncio.get_running_loop().time()
        self.port, self._rtp, self._rtcp = bind_pair(pool, host, now)

    def call(self, host: str, port: int) -> None:
        try:
            ipaddress.ip_address(host)
        except ValueError:
            raise Refused("media.bad-address", host=host, port=port) from None
        if not 0 < port < 65535:
            raise Refused("media.bad-address", host=host, port=port)
        began = self._to is None
        self._to, self.peer = (host, port), f"{host}:{port}"
        if began:
            self._events.opened()

    def send(self, packet: bytes) -> bool:
        if self._to is None:
            return False
        try:
            self._rtp.sendto(packet, self._to)
        except OSError:  # no route, no room: the next one may get through
            return False
        return True

    def report(self, report: rtcp.SenderReport) -> None:
        if self._to is not None:
            with contextlib.suppress(OSError):
                self._rtcp.sendto(rtcp.build(report, "civicam"), (self._to[0], self._to[1] + 1))

    def close(self, now: float) -> None:
        self._rtp.close()
        self._rtcp.close()
        self._pool.rest(self.port, now)


class _TcpLine:
    """What both kinds of TCP have in common: one connection at a time."""

    def __init__(self, events: LineEvents) -> None:
        self.port = 0
        self.peer = ""
        self._events = events
        self._connection: LineConnection | None = None

    def send(self, packet: bytes) -> bool:
        return self._connection is not None and self._connection.send(frame(packet))

    def report(self, report: rtcp.SenderReport) -> None:
        """No RTCP over TCP in this field."""

    def accept(self, connection: LineConnection, host: str, peer: str) -> bool:
        """Whether this connection is the line."""
        if self._connection is not None:
            return False
        self._connection, self.peer = connection, peer
        self._events.opened()
        return True

    def lost(self, connection: LineConnection) -> None:
        """A connection ended."""
        if connection is self._connection:
            self._connection, self.peer = None, ""
            self._events.closed()

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.drop()


class ListeningLine(_TcpLine):
    """The device connects, some late: the listener stays. ``source_host``: the only one who may."""

    def __init__(self, pool: PortPool, host: str, events: LineEvents, source_host: str | None) -> None:
        super().__init__(events)
        self._pool = pool
        self._bind_host = host
        self._source_host = source_host
        self._server: asyncio.Server | None = None

    async def listen(self) -> None:
        """Open a port of the pool."""
        loop = asyncio.get_running_loop()
        while self._server is None:
            now = loop.time()
            port = self._pool.take(now)
            try:
                self._server = await loop.create_server(
                    lambda: LineConnection(self), self._bind_host, port, backlog=4, reuse_address=True
                )
            except OSError as error:
                self._pool.rest(port, now)
                if error.errno != errno.EADDRINUSE:
                    raise Operational(
                        "media.bind-failed", host=self._bind_host, reason=error.strerror or ""
                    ) from error
            self.port = port

    def call(self, host: str, port: int) -> None:
        """The device calls."""

    def accept(self, connection: LineConnection, host: str, peer: str) -> bool:
        if self._source_host is not None and host != self._source_host:
            _log.warning("port %d: media.foreign-source", self.port)
            return False
        return super().accept(connection, host, peer)

    def close(self, now: float) -> None:
        if self._server is not None:
            self._server.close()
            self._pool.rest(self.port, now)
        self._drop()


class CallingLine(_TcpLine):
    """We call, from the port in our SDP."""

    def __init__(self, pool: PortPool, host: str, events: LineEvents) -> None:
        super().__init__(events)
        self.pause_s = PAUSE_S
        self._dialler = Dialler(pool, host, lambda: LineConnection(self), events.failed)
        self.port = self._dialler.port
        self._since = 0.0

    def call(self, host: str, port: int) -> None:
        self._dialler.call(host, port)

    def accept(self, connection: LineConnection, host: str, peer: str) -> bool:
        self._since = asyncio.get_running_loop().time()
        return super().accept(connection, host, peer)

    def lost(self, connection: LineConnection) -> None:
        super().lost(connection)
        # nothing ever comes back on this line: that it held for a while is all the use one can see
        self._dialler.hung_up(useful=asyncio.get_running_loop().time() - self._since > PAUSE_S)

    def close(self, now: float) -> None:
        self._dialler.close(now)
        self._drop()


class LineConnection(asyncio.Protocol):
    """One TCP connection; sends frames of RFC 4571."""

    def __init__(self, owner: _TcpLine) -> None:
        self._owner = owner
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but name
        address = transport.get_extra_info("peername") or ("", 0)
        sock = transport.get_extra_info("socket")
        if sock is not None:  # a device that lost its power sends no FIN
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if not self._owner.accept(self, address[0], f"{address[0]}:{address[1]}"):
            self.drop()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._owner.lost(self)

    def send(self, data: bytes) -> bool:
        """Write unless the peer has stopped reading."""
        if self._transport is None or self._transport.get_write_buffer_size() > _UNSENT_MOST:
            return False
        self._transport.write(data)
        return True

    def drop(self) -> None:
        """Cut the connection."""
        if self._transport is not None:
            self._transport.abort()
