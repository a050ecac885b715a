"""Many sockets, one look: who is read when, and what happens when a socket goes in the middle of it."""

from __future__ import annotations

import asyncio
import contextlib
import select
import socket
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest

from civicam.media.aio.gather import Gather

Run = Callable[[Coroutine[Any, Any, None]], None]


class Line:
    """A pair of sockets whose near end is watched; ``log`` tells what was done, for all lines in order."""

    def __init__(self, gather: Gather, name: str, log: list[str]) -> None:
        self.far, self.near = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.near.setblocking(False)
        self.name = name
        self.log = log
        self.got: list[bytes] = []
        self.full = False
        self.on_take: Callable[[], None] = lambda: None
        self.came = asyncio.Event()
        self._gather = gather
        gather.watch(self.near.fileno(), self.read, self.take)

    def read(self) -> list[bytes]:
        self.log.append(f"read {self.name}")
        if self.full:
            self._gather.more()
        packets: list[bytes] = []
        with contextlib.suppress(BlockingIOError):
            while True:
                packets.append(self.near.recv(100))
        return packets

    def take(self, packets: list[bytes]) -> None:
        self.log.append(f"take {self.name}")
        self.got += packets
        self.on_take()
        self.came.set()

    async def next(self) -> None:
        await self.came.wait()
        self.came.clear()

    def close(self) -> None:
        self.far.close()
        self.near.close()


@contextlib.contextmanager
def lines(gather: Gather, names: str) -> Iterator[list[Line]]:
    log: list[str] = []
    made = [Line(gather, name, log) for name in names]
    try:
        yield made
    finally:
        gather.close()
        for line in made:
            line.close()


def test_what_came_together_is_read_before_any_of_it_is_worked_on(run: Run) -> None:
    async def story() -> None:
        with lines(Gather(0.01), "ab") as (a, b):
            a.far.send(b"1")
            b.far.send(b"2")
            await a.next()
            assert [word[:4] for word in a.log] == ["read", "read", "take", "take"]
            assert (a.got, b.got) == ([b"1"], [b"2"])

    run(story())


def test_packets_after_the_first_gather_for_the_period(run: Run) -> None:
    async def story() -> None:
        loop = asyncio.get_running_loop()
        with lines(Gather(0.05), "a") as (a,):
            a.far.send(b"1")
            await a.next()
            start = loop.time()
            for packet in (b"2", b"3", b"4"):
                a.far.send(packet)
            await a.next()
            assert loop.time() - start > 0.03
            assert a.log == ["read a", "take a"] * 2
            assert a.got == [b"1", b"2", b"3", b"4"]

    run(story())


def test_after_silence_the_first_packet_is_read_at_once_again(run: Run) -> None:
    async def story() -> None:
        loop = asyncio.get_running_loop()
        gather = Gather(0.05)
        with lines(gather, "a") as (a,):
            a.far.send(b"1")
            await a.next()
            idle = loop.create_future()
            loop.call_later(0.12, idle.set_result, None)  # a look that finds nothing has passed
            await idle
            start = loop.time()
            a.far.send(b"2")
            await a.next()
            assert loop.time() - start < 0.04

    run(story())


def test_a_socket_with_more_than_was_read_has_the_next_look_soon(run: Run) -> None:
    async def story() -> None:
        loop = asyncio.get_running_loop()
        with lines(Gather(1.0), "a") as (a,):
            a.full = True
            a.far.send(b"1")
            await a.next()
            start = loop.time()
            a.far.send(b"2")
            await a.next()
            assert loop.time() - start < 0.5

    run(story())


def test_without_a_period_every_packet_is_read_as_it_comes(run: Run) -> None:
    async def story() -> None:
        with lines(Gather(0), "a") as (a,):
            for number in range(3):
                a.far.send(bytes([number]))
                await a.next()
            assert a.got == [b"\0", b"\1", b"\2"]

    run(story())


@pytest.mark.parametrize("closed", [False, True])
def test_a_socket_that_is_given_up_is_read_no_more(run: Run, closed: bool) -> None:
    async def story() -> None:
        gather = Gather(0.001)
        with lines(gather, "ab") as (a, b):
            descriptor = a.near.fileno()
            if closed:  # by its transport, before it could say so
                a.near.close()
            gather.unwatch(descriptor)
            gather.unwatch(descriptor)
            with contextlib.suppress(OSError):
                a.far.send(b"1")
            b.far.send(b"2")
            await b.next()
            assert "read a" not in b.log

    run(story())


def test_work_that_gives_up_a_socket_or_all_of_them(run: Run) -> None:
    async def story() -> None:
        gather = Gather(0.001)
        with lines(gather, "ab") as (a, b):
            a.on_take = lambda: gather.unwatch(b.near.fileno())
            b.on_take = lambda: gather.unwatch(a.near.fileno())
            a.far.send(b"1")
            await a.next()
            a.on_take = gather.close
            b.far.send(b"2")
            a.far.send(b"3")
            await a.next()
            gather.close()
            assert (a.got, b.got) == ([b"1", b"3"], [])
            assert not select.select([a.near], [], [], 0)[0]

    run(story())
