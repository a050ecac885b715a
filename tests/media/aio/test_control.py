"""The control channel keeps messages whole and errors themselves."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from civicam.kernel.errors import Bug, CivicamError, Operational, Refused
from civicam.media.aio.control import Channel, error_body, error_from

Run = Callable[[Coroutine[Any, Any, None]], None]


def test_messages_and_blobs_arrive_whole_and_in_order(run: Run) -> None:
    async def scene() -> None:
        ours, theirs = socket.socketpair()
        one, other = await Channel.over(ours), await Channel.over(theirs)
        one.write({"id": 1, "op": "snapshot"})
        one.write({"id": 2}, b"\xff" * 300_000)
        first, second = await other.read(), await other.read()
        assert first is not None
        assert second is not None
        assert (first.body, first.blob) == ({"id": 1, "op": "snapshot"}, b"")
        assert (second.body, len(second.blob)) == ({"id": 2}, 300_000)
        one.close()
        assert await other.read() is None
        other.write({"into": "the void"})
        await other.drain()
        other.close()

    run(scene())


def test_half_a_message_is_the_end(run: Run) -> None:
    async def scene() -> None:
        ours, theirs = socket.socketpair()
        channel = await Channel.over(ours)
        theirs.sendall(struct.pack("!II", 100, 0) + b"{")
        theirs.close()
        assert await channel.read() is None
        channel.close()

    run(scene())


def test_an_absurd_size_is_a_bug(run: Run) -> None:
    async def scene() -> None:
        ours, theirs = socket.socketpair()
        channel = await Channel.over(ours)
        theirs.sendall(struct.pack("!II", 2**31, 0))
        with pytest.raises(Bug) as caught:
            await channel.read()
        assert caught.value.code == "media.control-broken"
        channel.close()
        theirs.close()
        await asyncio.sleep(0)

    run(scene())


@pytest.mark.parametrize("family", [Refused, Operational, Bug])
def test_an_error_crosses_with_family_code_and_data(family: type[CivicamError]) -> None:
    error = error_from(error_body(family("media.no-ports", ports=7)))
    assert type(error) is family
    assert (error.code, error.data) == ("media.no-ports", {"ports": 7})
