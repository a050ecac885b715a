"""RTP over TCP, the device connecting to us (``a=setup:passive`` in our offer; RFC 4571 framing).

Bytes gather in the kernel for some milliseconds (`Gather`): asyncio makes and ends the connections, but reads
none, and jitter is known no finer than that. One connection feeds the stream. A second one from the same host
takes over once the first has been silent; until then it is turned away, so nobody can push a running stream
aside.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import socket
from typing import cast

from civicam.kernel.errors import Operational
from civicam.media.aio.gather import Gather, Sockets
from civicam.media.aio.source import Push, SourceFigures
from civicam.media.core.framed import FramedReceiver
from civicam.media.core.receive import RtpReceiver

_log = logging.getLogger("civicam.media.tcp")

_TAKEOVER_S = 2.0
_READ = 126_976
"""Bytes read before the other streams get their turn; from 128 KiB on, memory would be mapped every time."""
_NAGLE = 4096
"""A read as short as this may be the packet by whose acknowledgement the sender lets the rest of a picture go
(Nagle, RFC 9293 §3.7.4): reading acknowledges, so it is worth one more look at once."""
_WINDOW = 49152
"""So much in one read may be all that the window let the sender send: a key frame goes on at once."""


class TcpReceiver:
    """A `Source` that listens on a TCP port of the pool."""

    def __init__(self, sockets: Sockets, host: str, receiver: RtpReceiver, push: Push) -> None:
        self._loop = asyncio.get_running_loop()
        self._pool = sockets.pool
        self._sockets = sockets
        self.gather = sockets.gather
        self._bind_host = host
        self._receiver = receiver
        self._push = push
        self._host: str | None = None
        self._connection: Connection | None = None
        self._server: asyncio.Server | None = None
        self._warnings: list[str] = []
        self._peer = ""
        self._closed = False
        self.port = 0

    async def listen(self) -> None:
        """Open the port; those in use by another program are put to rest and the next is tried."""
        while not self.port:
            now = self._loop.time()
            port = self._pool.take(now)
            try:
                self._server = await self._loop.create_server(
                    self.connection, self._bind_host, port, backlog=4, reuse_address=True
                )
                self.port = port
            except OSError as error:
                self._pool.rest(port, now)
                if error.errno != errno.EADDRINUSE:
                    raise Operational(
                        "media.bind-failed", host=self._bind_host, reason=error.strerror or ""
                    ) from error
                _log.info("port %d is in use by another program, next one", port)

    def connection(self) -> asyncio.Protocol:
        """What a new connection talks to."""
        return Connection(self)

    # -- Source

    def figures(self) -> SourceFigures:
        receiver = self._receiver
        return SourceFigures(
            packets=receiver.packets,
            lost=receiver.lost,
            expected=receiver.expected,
            jitter_ms=receiver.jitter_ms,
            peer=self._peer,
            last_packet=receiver.last_packet,
            warnings=(*self._warnings, *receiver.warnings()),
            foreign=receiver.foreign,
        )

    def pin(self, ssrc: int | None, host: str | None) -> None:
        if ssrc is not None:
            self._receiver.agreed_ssrc = ssrc
        if host is not None:
            self._host = host
            if self._connection is not None and self._connection.host != host:
                self._warn("media.foreign-source")
                self._connection.drop()

    def tick(self, now: float) -> None:
        """Nothing to do: no RTCP over TCP in this field (gb28181.md §5.6)."""

    def relax(self, relaxed: bool) -> None:
        gather = self._sockets.relaxed if relaxed else self._sockets.gather
        if gather is self.gather:
            return
        self.gather = gather
        self._receiver.timed = not relaxed
        if self._connection is not None:
            self._connection.move()

    def close(self, now: float) -> None:
        if self._closed:
            return
        self._closed = True
        if self._server is not None:
            self._server.close()
        if self._connection is not None:
            self._connection.drop()
        self._push(self._receiver.flush(now))
        if self.port:
            self._pool.rest(self.port, now)

    # -- connections

    def accept(self, connection: Connection) -> bool:
        """May this connection feed the stream?"""
        if self._closed:
            return False
        if self._host is not None and connection.host != self._host:
            self._warn("media.foreign-source")
            return False
        current = self._connection
        if current is not None:
            last = self._receiver.last_packet
            other = current.host != connection.host
            if last is not None and (other or self._loop.time() - last < _TAKEOVER_S):
                self._warn("media.second-connection")
                return False
            current.drop()
        self._push(self._receiver.reconnected(self._loop.time()))
        self._connection = connection
        self._peer = connection.peer
        return True

    @property
    def hurried(self) -> bool:
        """Whether somebody watches, who waits for the rest of a key frame."""
        return self.gather is self._sockets.gather

    @property
    def idle(self) -> bool:
        """Whether no connection feeds the stream now."""
        return self._connection is None

    def framed(self) -> FramedReceiver:
        """What a new connection feeds its bytes to."""
        return FramedReceiver(self._receiver)

    def data(self, framed: FramedReceiver, data: bytes) -> None:
        """From the connection in use."""
        frames = framed.feed(data, self._loop.time())
        if frames:
            self._push(frames)

    def lost(self, connection: Connection, *, hopeless: bool) -> None:
        """A connection ended; the device may come again."""
        if hopeless:
            self._warn("media.framing")
        if connection is self._connection:
            self._connection = None

    def _warn(self, code: str) -> None:
        if code not in self._warnings:
            self._warnings.append(code)
            _log.warning("port %d: %s", self.port, code)


class Connection(asyncio.Protocol):
    """Bytes of one connection into frames."""

    def __init__(self, owner: TcpReceiver) -> None:
        self.host = ""
        self.peer = ""
        self._owner = owner
        self._framed = owner.framed()
        self._gather: Gather | None = None
        """Who reads, once we do."""
        self._transport: asyncio.Transport | None = None
        self._descriptor = -1

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but name
        self._transport = transport
        address = transport.get_extra_info("peername") or ("", 0)
        self.host, self.peer = address[0], f"{address[0]}:{address[1]}"
        sock = transport.get_extra_info("socket")
        # a device that lost its power sends no FIN
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if self._owner.accept(self):
            # a transport begins to read after this call, whatever is said in it
            asyncio.get_running_loop().call_soon(self._read_ourselves, sock.fileno())
        else:
            self.drop()

    def _read_ourselves(self, descriptor: int) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()
            self._descriptor = descriptor
            self._watch()

    def _watch(self) -> None:
        self._gather = self._owner.gather
        self._gather.watch(self._descriptor, self._read, self.data_received)

    def move(self) -> None:
        """Let the owner's `Gather` of now read."""
        if self._gather is not None and self._gather is not self._owner.gather:
            self._gather.unwatch(self._descriptor)
            self._watch()

    def _read(self) -> bytes:
        data = self._receive()
        if 0 < len(data) < _NAGLE:
            data += self._receive()
        if len(data) >= (_WINDOW if self._owner.hurried else _READ):
            self._owner.gather.more()
        return data

    def _receive(self) -> bytes:
        """What is there; nothing when there is none, and at the end of the connection, which is cut then."""
        try:
            data = os.read(self._descriptor, _READ)
        except BlockingIOError:
            return b""
        except OSError:
            data = b""
        if not data:
            self.drop()
        return data

    def data_received(self, data: bytes) -> None:
        self._owner.data(self._framed, data)
        if self._framed.hopeless:
            self._owner.lost(self, hopeless=True)
            self.drop()

    def connection_lost(self, exc: Exception | None) -> None:
        self._leave()
        self._transport = None
        self._owner.lost(self, hopeless=False)

    def drop(self) -> None:
        """Cut the connection."""
        self._leave()
        if self._transport is not None:
            self._transport.abort()

    def _leave(self) -> None:
        if self._gather is not None:
            self._gather.unwatch(self._descriptor)
            self._gather = None
