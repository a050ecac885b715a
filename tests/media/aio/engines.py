"""What tests of a `MediaEngine` need: engines to run against, viewers, patience for events."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, TypeVar

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from civicam.media.aio.embedded import EmbeddedEngine
from civicam.media.aio.wire import HEADER
from civicam.media.engine import Door, EngineEvent, MediaEngine, StreamStats
from civicam.media.settings import MediaSettings

Run = Callable[[Coroutine[Any, Any, None]], None]
E = TypeVar("E")
SSRC = 200000017
RUN = "import sys; from civicam.media.aio.worker import main; sys.exit(main(int(sys.argv[1])))"
WORKER = (sys.executable, "-c", RUN)


def settings(**changed: Any) -> MediaSettings:
    """One worker on the loopback, with little patience."""
    values: dict[str, Any] = {
        "workers": 1,
        "rtp_host": "127.0.0.1",
        "rtp_port_first": 42000,
        "rtp_port_last": 42399,
        "viewer_host": "127.0.0.1",
        "viewer_port": 0,
        "quarantine_s": 0.0,
        "linger_s": 60.0,
        "no_packets_s": 1.0,
        "no_pictures_s": 1.0,
        "stream_timeout_s": 60.0,
        "rtcp_interval_s": 1.0,
    }
    return MediaSettings(**{**values, **changed})


Make = Callable[..., AbstractAsyncContextManager[MediaEngine]]


@asynccontextmanager
async def embedded(**changed: Any) -> AsyncIterator[MediaEngine]:
    """Worker processes of our own."""
    started = EmbeddedEngine(settings(**changed), command=WORKER)
    await started.start()
    try:
        yield started
    finally:
        await started.aclose()


ENGINES: dict[str, Make] = {"embedded": embedded}


async def event(engine: MediaEngine, kind: type[E]) -> E:
    """The next event of a kind; others are passed over."""
    while True:
        found: EngineEvent = await engine.next_event()
        if isinstance(found, kind):
            return found


def watch(door: Door, ticket: str, **more: Any) -> connect:
    """A viewer's connection."""
    offered = [Subprotocol("civicam.media.v1"), Subprotocol(f"ticket.{ticket}")]
    return connect(f"ws://127.0.0.1:{door.port}{door.path}", subprotocols=offered, max_size=None, **more)


async def text(viewer: ClientConnection, kind: str) -> dict[str, Any]:
    """The next text message of a kind."""
    while True:
        message = await viewer.recv()
        if isinstance(message, str):
            body: dict[str, Any] = orjson.loads(message)
            if body["type"] == kind:
                return body


async def binary(viewer: ClientConnection) -> tuple[tuple[int, ...], bytes]:
    """The next binary message: header fields and payload."""
    while True:
        message = await viewer.recv()
        if isinstance(message, bytes):
            return HEADER.unpack(message[: HEADER.size]), message[HEADER.size :]


async def closed(viewer: ClientConnection) -> int:
    """Read to the end; the close code."""
    try:
        while True:
            await viewer.recv()
    except ConnectionClosed:
        return viewer.close_code or 0


async def figures(engine: MediaEngine, good: Callable[[StreamStats], bool]) -> StreamStats:
    """The statistics of the only stream, as soon as they are ``good``."""
    while True:
        for stats in await engine.stats():
            if good(stats):
                return stats
