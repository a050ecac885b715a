"""When a UDP packet came, by the kernel's stamp."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from civicam.media.aio import udp

Run = Callable[[Coroutine[Any, Any, None]], None]


def receiving() -> socket.socket:
    """A datagram socket of the loopback."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    return sock


def test_the_kernel_tells_when_a_packet_came_however_late_it_is_read(run: Run) -> None:
    async def story() -> None:
        loop = asyncio.get_running_loop()
        with receiving() as rtp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
            line.connect(rtp.getsockname())
            arrival = sent = 0.0
            for _ in range(50):  # asked for the first time, the kernel begins to stamp a little later
                line.send(b"a packet")
                sent = time.monotonic()
                later = loop.create_future()
                loop.call_later(0.1, later.set_result, None)
                await later
                rtp.recv(100)
                arrival = udp._arrival(rtp, 0.0)
                if arrival < sent + 0.05:
                    break
            assert sent - 0.05 < arrival < sent + 0.05
            assert udp._arrival(rtp, sent + 60.0) == sent + 60.0  # never back in time

    run(story())


def test_stamps_of_a_clock_that_was_set_are_not_believed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        with receiving() as rtp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
            line.connect(rtp.getsockname())
            line.send(b"x")
            rtp.recv(100)
            for off in (-3600.0, 3600.0):
                monkeypatch.setattr(time, "time", lambda off=off: wall() + off)
                before = time.monotonic()
                assert before <= udp._arrival(rtp, 0.0) <= time.monotonic()

    wall = time.time
    run(story())
