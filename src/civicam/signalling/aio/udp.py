"""The UDP socket of a SIP agent, and the binding of both kinds."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from typing import Protocol

_BUFFER_BYTES = 4 * 1024 * 1024
"""Asked for in both directions: a registration storm after a power cut comes in one second."""
_BACKLOG = 1024


_LARGEST = 65_536
_TURN = 64
"""Datagrams taken in one turn of the loop, before it sees to others."""


class DatagramSink(Protocol):
    """Who gets the datagrams."""

    def datagrams(self, taken: Sequence[tuple[bytes, tuple[str, int]]]) -> None:
        """Some datagrams, each with its source, in the order they came."""
        ...


class UdpSocket:
    """One bound UDP socket, read until it is empty: what came together is told together."""

    def __init__(self, sink: DatagramSink, sock: socket.socket, loop: asyncio.AbstractEventLoop) -> None:
        self._sink = sink
        self._socket: socket.socket | None = sock
        self._loop = loop
        self._family = sock.family
        loop.add_reader(sock.fileno(), self._readable)

    def _readable(self) -> None:
        taken: list[tuple[bytes, tuple[str, int]]] = []
        sock = self._socket
        try:
            while sock is not None and len(taken) < _TURN:
                taken.append(sock.recvfrom(_LARGEST))
        except OSError:
            pass  # BlockingIOError: it is empty; any other tells of something sent before, nobody knows whose
        if taken:
            self._sink.datagrams(taken)

    def send(self, data: bytes, address: tuple[str, int]) -> str:
        """Send one datagram; gives why it failed, ``""`` when it did not. One that finds the socket full is
        lost like any other: whoever misses it asks again.
        """
        if self._socket is None:
            return "closed"
        try:
            socket.inet_pton(self._family, address[0])  # a name would be looked up, and the loop stand still
            self._socket.sendto(data, address)
        except BlockingIOError:
            return ""
        except (OSError, ValueError) as error:
            return str(error)
        return ""

    def answer(self, data: bytes, address: tuple[str, int]) -> str:
        """As `send`, to an address the socket itself gave."""
        if self._socket is None:
            return "closed"
        try:
            self._socket.sendto(data, address)
        except BlockingIOError:
            return ""
        except OSError as error:
            return str(error)
        return ""

    def close(self) -> None:
        """Close the socket."""
        if self._socket is not None:
            self._loop.remove_reader(self._socket.fileno())
            self._socket.close()
            self._socket = None


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
