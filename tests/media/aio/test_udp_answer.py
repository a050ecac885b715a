"""Whose packets a UDP port takes around the answer, and who gets reports while nothing comes.

A device of before our restart may still push to the port: its SSRC is not the one we offered.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tests.media.aio.engines import SSRC

from civicam.media.aio.gather import Gather, Sockets
from civicam.media.aio.ports import PortPool
from civicam.media.aio.receivers import make_receiver
from civicam.media.aio.udp import UdpReceiver, UdpSettings
from civicam.media.core import rtcp
from civicam.media.core.receive import RtpReceiver
from civicam.media.core.unit import Frame
from civicam.media.engine import ReceiveSpec, Transport

Run = Callable[[Coroutine[Any, Any, None]], None]
OLD = 199999999


async def until(true: Callable[[], bool]) -> None:
    """Go on as soon as it is true."""
    loop = asyncio.get_running_loop()
    while not true():
        turn: asyncio.Future[None] = loop.create_future()
        loop.call_later(0.005, turn.set_result, None)
        await turn


@asynccontextmanager
async def port() -> AsyncIterator[tuple[UdpReceiver, RtpReceiver, list[Frame]]]:
    frames: list[Frame] = []

    def push(more: Sequence[Frame]) -> None:
        frames.extend(more)

    receiver = make_receiver(ReceiveSpec("S", Transport.UDP, SSRC), 0.0)
    sockets = Sockets(PortPool(43400, 43599, 0.0), Gather(0.005), Gather(0.005))
    source = UdpReceiver(sockets, UdpSettings("127.0.0.1", 4 << 20, 1, 5.0, 77), receiver, push)
    try:
        yield source, receiver, frames
    finally:
        source.close(asyncio.get_running_loop().time())


def test_an_old_stream_never_gets_the_port_from_the_one_that_was_asked(run: Run, camera: Any) -> None:
    async def story() -> None:
        async with port() as (source, receiver, frames):
            old = camera(source.port, ssrc=OLD)
            old.send(3)
            await until(lambda: receiver.foreign > 0)
            assert (receiver.packets, frames, source.figures().peer) == (0, [], "")
            receiver.strict = False
            source.pin(SSRC, "127.0.0.1")  # the answer: and still the old one is first
            old.number = 0
            old.send(1)
            await until(lambda: receiver.ssrc == OLD)
            asked = camera(source.port)
            asked.send(3)
            await until(lambda: receiver.ssrc == SSRC)
            await until(lambda: len(frames) >= 3)
            assert source.figures().peer == "{}:{}".format(*asked.socket.getsockname())
            seen = receiver.packets
            old.send(5)  # the port is the other one's now: the kernel keeps these away
            asked.send(1)
            await until(lambda: receiver.packets > seen)
            assert receiver.ssrc == SSRC
            old.stop()
            asked.stop()

    run(story())


def test_a_device_with_its_own_ssrc_gets_the_port_after_a_while(run: Run, camera: Any) -> None:
    async def story() -> None:
        async with port() as (source, receiver, frames):
            receiver.strict = False
            source.pin(SSRC, "127.0.0.1")
            device = camera(source.port, ssrc=OLD)
            device.send(3)
            await until(lambda: len(frames) >= 2)
            assert "media.ssrc-mismatch" in source.figures().warnings
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
                other.connect(("127.0.0.1", source.port))
                taken = receiver.packets
                other.send(device.packets()[0][:8] + SSRC.to_bytes(4, "big") + bytes(20))
                await until(lambda: receiver.ssrc == SSRC)
                assert receiver.packets == taken + 1
            device.stop()

    run(story())


def test_a_device_that_pauses_still_gets_its_reports(run: Run, camera: Any) -> None:
    """Some stop for good when none come (media keep-alive)."""

    async def story() -> None:
        loop = asyncio.get_running_loop()
        async with port() as (source, receiver, frames):
            device = camera(source.port)
            above = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            above.setblocking(False)
            above.bind(("127.0.0.1", device.socket.getsockname()[1] + 1))
            device.send(3)
            await until(lambda: len(frames) >= 2)
            assert receiver.last_packet is not None
            for later in (10.0, 20.0):
                source.tick(receiver.last_packet + later)
                (report,) = rtcp.parse(await loop.sock_recv(above, 2048))
                assert isinstance(report, rtcp.ReceiverReport)
                assert report.blocks[0].ssrc == SSRC
            source.pin(SSRC, "192.0.2.9")  # another device has it: this one hears no more
            source.tick(receiver.last_packet + 30.0)
            with pytest.raises(BlockingIOError):
                above.recv(2048)
            device.stop()
            above.close()

    run(story())
