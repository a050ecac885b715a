"""Viewers for the fan-out measure: a process of its own that connects, reads everything and drops it."""

from __future__ import annotations

import asyncio
from multiprocessing.connection import Connection

import uvloop
from websockets.client import ClientProtocol
from websockets.typing import Subprotocol
from websockets.uri import parse_uri

from civicam.bench.media_load import TICKET
from civicam.media.aio.wire import SUBPROTOCOL, TICKET_PREFIX


def watch(port: int, path: str, viewers: int, pipe: Connection) -> None:
    """Connect ``viewers`` times, tell the pipe, read until it says something; send the bytes each one got."""
    uvloop.run(_watch(port, path, viewers, pipe))


async def _watch(port: int, path: str, viewers: int, pipe: Connection) -> None:
    loop = asyncio.get_running_loop()
    readers: list[_Reader] = []
    for number in range(viewers):
        ticket = TICKET_PREFIX + TICKET.format(number=number)
        reader = _Reader(f"ws://127.0.0.1:{port}{path}", ticket)
        await loop.create_connection(lambda made=reader: made, "127.0.0.1", port)  # type: ignore[misc]
        readers.append(reader)
    for reader in readers:
        await reader.first
    pipe.send("watching")
    stop = asyncio.Event()
    loop.add_reader(pipe.fileno(), stop.set)
    await stop.wait()
    loop.remove_reader(pipe.fileno())
    pipe.send([reader.bytes for reader in readers])


class _Reader(asyncio.Protocol):
    """The handshake by the library; after it only bytes are counted."""

    def __init__(self, url: str, ticket: str) -> None:
        self.bytes = 0
        self.first: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        offered = [Subprotocol(SUBPROTOCOL), Subprotocol(ticket)]
        self._protocol = ClientProtocol(parse_uri(url), subprotocols=offered)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._protocol.send_request(self._protocol.connect())
        for data in self._protocol.data_to_send():
            transport.write(data)  # type: ignore[attr-defined]  # uvloop's transport is a stream

    def data_received(self, data: bytes) -> None:
        self.bytes += len(data)
        if not self.first.done():
            self.first.set_result(None)
