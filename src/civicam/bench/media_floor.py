"""The barest receivers: what the same packets cost a loop that does nothing with them.

``floor``    The sockets of the media plane, read as it reads them, each packet handed over as ``bytes`` and
             counted. UDP: a reader callback that drains the socket with ``recv``. TCP: a transport and its
             protocol, the packets cut at their lengths (RFC 4571), since before that none is received.
``bare``     The other way one may mean it. UDP: uvloop's datagram transport and protocol. TCP: the bytes of
             the transport, dropped without looking for packets.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

Take = Callable[[int], None]
"""Hears how many packets came."""


class Floor:
    """Receives on ``streams`` ports of the loopback; counts, keeps nothing."""

    def __init__(self, *, bare: bool, rcvbuf: int) -> None:
        self.packets = 0
        self._bare = bare
        self._rcvbuf = rcvbuf
        self._loop = asyncio.get_running_loop()
        self._sockets: list[socket.socket] = []
        self._servers: list[asyncio.Server] = []
        self._transports: list[asyncio.DatagramTransport] = []

    async def open(self, streams: int, *, tcp: bool) -> list[int]:
        """The ports."""
        return [await (self._listen() if tcp else self._bind()) for _ in range(streams)]

    async def aclose(self) -> None:
        """Close every socket."""
        for server in self._servers:
            server.close()
        for transport in self._transports:
            transport.close()
        for sock in self._sockets:
            self._loop.remove_reader(sock.fileno())
            sock.close()

    def _take(self, packets: int) -> None:
        self.packets += packets

    async def _listen(self) -> int:
        make = _Bytes if self._bare else _Split
        server = await self._loop.create_server(lambda: make(self._take), "127.0.0.1", 0)
        self._servers.append(server)
        return int(server.sockets[0].getsockname()[1])

    async def _bind(self) -> int:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._rcvbuf)
        sock.bind(("127.0.0.1", 0))
        port = int(sock.getsockname()[1])
        if self._bare:
            transport, _ = await self._loop.create_datagram_endpoint(
                lambda: _Datagrams(self._take), sock=sock
            )
            self._transports.append(transport)
        else:
            self._loop.add_reader(sock.fileno(), self._read, sock.recv)
            self._sockets.append(sock)
        return port

    def _read(self, recv: Callable[[int], bytes]) -> None:
        packets: list[bytes] = []
        try:
            for _ in range(128):
                packets.append(recv(65535))  # noqa: PERF401 -- kept when recv raises
        except BlockingIOError:
            pass
        self._take(len(packets))


class _Split(asyncio.Protocol):
    """Bytes into packets."""

    def __init__(self, take: Take) -> None:
        self._take = take
        self._rest = b""

    def data_received(self, data: bytes) -> None:
        if self._rest:
            data = self._rest + data
        packets: list[bytes] = []
        position, size = 0, len(data)
        while position + 2 <= size:
            end = position + 2 + (data[position] << 8 | data[position + 1])
            if end > size:
                break
            packets.append(data[position + 2 : end])
            position = end
        self._rest = data[position:]
        self._take(len(packets))


class _Bytes(asyncio.Protocol):
    def __init__(self, take: Take) -> None:
        self._take = take

    def data_received(self, data: bytes) -> None:
        self._take(0)


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, take: Take) -> None:
        self._take = take

    def datagram_received(self, data: bytes, addr: object) -> None:
        self._take(1)
