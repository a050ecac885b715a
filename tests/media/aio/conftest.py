"""A camera that sends, and running coroutines with a limit."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import pytest
import uvloop
from tests.media.aio.engines import ENGINES, Make

from civicam.bench.media_clip import Picture, encode
from civicam.media.core.packetise import RtpPacketiser
from civicam.media.core.ps_mux import PsMuxer
from civicam.media.core.rfc4571 import frame as length_frame
from civicam.media.core.unit import Codec

Run = Callable[[Coroutine[Any, Any, None]], None]


@pytest.fixture
def run() -> Run:
    """``run(coroutine)``: in a fresh loop, at most 30 seconds."""

    def runner(coroutine: Coroutine[Any, Any, None]) -> None:
        async def limited() -> None:
            async with asyncio.timeout(30):
                await coroutine

        uvloop.run(limited())

    return runner


@pytest.fixture(scope="session")
def clip() -> list[Picture]:
    """Four seconds of 320×240, a key frame every two."""
    return encode(4, 320, 240)


@dataclass
class Camera:
    """Sends the clip round and round to a port of the loopback, one picture every 10 ms."""

    clip: list[Picture] = field(repr=False)
    port: int
    tcp: bool = False
    ssrc: int = 200000017
    lose: frozenset[int] = frozenset()
    """Pictures of which the first packet is not sent."""
    sound: bool = False
    """Send 40 ms of G.711 with each picture."""

    def __post_init__(self) -> None:
        self.number = 0
        self.shift = 0
        """Ticks to add to the stamps: where in a recording we are."""
        self._muxer = PsMuxer(Codec.H264, Codec.PCMA if self.sound else None)
        self._packetiser = RtpPacketiser(ssrc=self.ssrc)
        kind = socket.SOCK_STREAM if self.tcp else socket.SOCK_DGRAM
        self.socket = socket.socket(socket.AF_INET, kind)
        self.socket.connect(("127.0.0.1", self.port))
        self._timer: asyncio.TimerHandle | None = None

    def packets(self) -> list[bytes]:
        """The packets of the next picture."""
        picture = self.clip[self.number % len(self.clip)]
        pts = 90000 + 3600 * self.number + self.shift
        self.number += 1
        pack = self._muxer.video(picture.data, pts, key=picture.key)
        if self.sound:
            pack += self._muxer.audio(b"\xd5" * 320, pts)
        return self._packetiser.packets(pack, pts)

    def seek(self, seconds: float) -> None:
        """Go on at another place of the recording, with a key frame."""
        self.shift += round(seconds * 90000)
        while not self.clip[self.number % len(self.clip)].key:
            self.number += 1
            self.shift -= 3600

    def send(self, pictures: int = 1) -> None:
        """Send so many pictures at once."""
        for _ in range(pictures):
            lost = self.number in self.lose
            for packet in self.packets()[1 if lost else 0 :]:
                with contextlib.suppress(ConnectionError):  # nobody listens any more: a camera does not care
                    self.socket.sendall(length_frame(packet) if self.tcp else packet)

    def start(self) -> Camera:
        """Go on sending until `stop`."""
        self.send()
        self._timer = asyncio.get_running_loop().call_later(0.01, self.start)
        return self

    def rest(self) -> None:
        """Send nothing until `start`."""
        if self._timer is not None:
            self._timer.cancel()

    def stop(self) -> None:
        self.rest()
        self.socket.close()


@pytest.fixture(params=list(ENGINES))
def make(request: pytest.FixtureRequest) -> Make:
    """``async with make(changed settings) as engine``: every implementation there is."""
    return ENGINES[request.param]


MakeCamera = Callable[..., Camera]


@pytest.fixture
def camera(clip: list[Picture]) -> MakeCamera:
    """``camera(port, tcp=...)``."""

    def make(port: int, **more: Any) -> Camera:
        return Camera(clip, port, **more)

    return make
