"""Receivers of streams that nobody watches: read less often, and nothing is lost by it."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import pytest
from tests.media.aio.receiving import Run, datagrams, tcp, until


def more(found: list[float], than: int) -> bool:
    """Whether there are more of them."""
    return len(found) > than


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_stream_goes_on_when_viewers_leave_and_come_back(run: Run, camera: Any, transport: str) -> None:
    async def story() -> None:
        async with tcp() if transport == "tcp" else datagrams() as (scene, source):
            source.relax(True)  # before anybody has connected
            device = camera(source.port, tcp=transport == "tcp")
            for relaxed in (True, True, False, False, True):
                source.relax(relaxed)
                scene.frames.clear()
                device.send(3)
                await until(lambda: len(scene.frames) == 3)
            assert source.figures().lost == 0
            assert source.figures().warnings == ()
            device.stop()

    run(story())


def test_what_nobody_watches_is_read_less_often(run: Run, camera: Any) -> None:
    async def story() -> None:
        loop = asyncio.get_running_loop()
        async with tcp() as (scene, source):
            looks: list[float] = []
            source.relax(True)
            source.data = lambda framed, data: looks.append(loop.time())  # type: ignore[method-assign]
            device = camera(source.port, tcp=True)
            for seen in range(5):
                device.send(1)
                await until(partial(more, looks, seen))
            assert looks[4] - looks[1] > 3 * 0.015
            assert not scene.frames
            device.stop()

    run(story())


def test_over_tcp_jitter_is_measured_for_viewers_only(run: Run, camera: Any) -> None:
    async def story() -> None:
        async with tcp() as (scene, source):
            device = camera(source.port, tcp=True)
            device.send(3)
            await until(lambda: len(scene.frames) == 3)
            before = source.figures().jitter_ms
            source.relax(True)
            device.send(6)
            await until(lambda: len(scene.frames) == 9)
            assert source.figures().jitter_ms == before
            device.stop()

    run(story())
