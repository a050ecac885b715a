"""How parts of the platform end, as it calls them when it stops."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable


def closing(sock: socket.socket) -> Callable[[], Awaitable[object]]:
    """Closes a socket."""

    async def close() -> None:
        sock.close()

    return close


def cancelling(task: asyncio.Task[None]) -> Callable[[], Awaitable[object]]:
    """Cancels a task and waits for its end."""

    async def cancel() -> None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    return cancel
