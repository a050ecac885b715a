"""A receiver on real sockets, and the frames it gave."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from civicam.media.aio.gather import Gather, Sockets
from civicam.media.aio.ports import PortPool
from civicam.media.aio.tcp import TcpReceiver
from civicam.media.aio.udp import UdpReceiver, UdpSettings
from civicam.media.core.ps import PsDemuxer
from civicam.media.core.receive import RtpReceiver
from civicam.media.core.unit import Frame

Run = Callable[[Coroutine[Any, Any, None]], None]
SSRC = 200000017
OWN = 77


async def until(true: Callable[[], bool]) -> None:
    """Go on as soon as it is true."""
    while not true():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.Event().wait(), 0.005)


@dataclass
class Scene:
    """A receiver and the frames it gave."""

    receiver: RtpReceiver = field(default_factory=lambda: RtpReceiver(PsDemuxer(), ssrc=SSRC))
    pool: PortPool = field(default_factory=lambda: PortPool(43000, 43399, 0.0))
    frames: list[Frame] = field(default_factory=list)

    @property
    def sockets(self) -> Sockets:
        return Sockets(self.pool, Gather(0.005), Gather(0.02))

    def push(self, frames: Sequence[Frame]) -> None:
        self.frames.extend(frames)

    def silent_for(self, seconds: float) -> None:
        """Let the newest packet be so old."""
        assert self.receiver.last_packet is not None
        self.receiver.last_packet -= seconds


@asynccontextmanager
async def tcp(host: str = "127.0.0.1") -> AsyncIterator[tuple[Scene, TcpReceiver]]:
    scene = Scene(RtpReceiver(PsDemuxer(), ssrc=SSRC, window_s=0.0))
    source = TcpReceiver(scene.sockets, host, scene.receiver, scene.push)
    await source.listen()
    try:
        yield scene, source
    finally:
        source.close(asyncio.get_running_loop().time())


@asynccontextmanager
async def datagrams(interval: float = 5.0) -> AsyncIterator[tuple[Scene, UdpReceiver]]:
    scene = Scene()
    settings = UdpSettings("127.0.0.1", 4 << 20, 1, interval, OWN)
    source = UdpReceiver(scene.sockets, settings, scene.receiver, scene.push)
    try:
        yield scene, source
    finally:
        source.close(asyncio.get_running_loop().time())
