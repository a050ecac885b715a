"""The UDP socket of a SIP agent, and the binding of both kinds."""

from __future__ import annotations

import asyncio
import socket
from typing import Protocol, cast

_BUFFER_BYTES = 4 * 1024 * 1024
"""Asked for in both directions: a registration storm after a power cut comes in one second."""
_BACKLOG = 1024


class DatagramSink(Protocol):
    """Who gets the datagrams."""

    def datagram(self, data: bytes, address: tuple[str, int]) -> None:
        """One datagram and its source."""
        ...


class UdpSocket(asyncio.DatagramProtocol):
    """One bound UDP socket."""

    def __init__(self, sink: DatagramSink) -> None:
        self._sink = sink
        self._transport: asyncio.DatagramTransport | None = None
        self._refused = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._sink.datagram(data, addr)

    def error_received(self, exc: Exception) -> None:
        """Asyncio tells here, inside ``sendto``, why it refused; ICMP errors too, of which nobody knows
        whose.
        """
        self._refused = str(exc) or type(exc).__name__

    def send(self, data: bytes, address: tuple[str, int]) -> str:
        """Send one datagram; gives why it failed, ``""`` when it did not."""
        if self._transport is None or self._transport.is_closing():
            return "closed"
        self._refused = ""
        try:
            self._transport.sendto(data, address)
        except (OSError, ValueError) as error:  # uvloop raises, ValueError for a host that is no address
            return str(error)
        return self._refused

    def close(self) -> None:
        """Close the socket."""
        if self._transport is not None:
            self._transport.close()


def bind_udp(host: str, port: int) -> socket.socket:
    """A bound, non-blocking UDP socket with large buffers. Raises ``OSError``."""
    sock = socket.socket(_family(host), socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            sock.setsockopt(socket.SOL_SOCKET, option, _BUFFER_BYTES)
        sock.bind((host, port))
    except OSError:
        sock.close()
        raise
    return sock


def bind_tcp(host: str, port: int) -> socket.socket:
    """A listening, non-blocking TCP socket. Raises ``OSError``."""
    sock = socket.socket(_family(host), socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        sock.listen(_BACKLOG)
    except OSError:
        sock.close()
        raise
    return sock


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
