"""Background work of the gateway: kept from the garbage collector, loud when it fails, ended at stop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

_ROUNDS = 16
"""Whatever begins anew each time it is ended is left to the end of the loop."""


class Tasks:
    """Spawn and reap. ``failed`` hears of every exception that nobody awaited."""

    def __init__(self, failed: Callable[[BaseException, str], None]) -> None:
        self._failed = failed
        self._running: set[asyncio.Task[Any]] = set()

    def __len__(self) -> int:
        return len(self._running)

    def spawn(self, work: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        """Run ``work`` until it ends or `cancel_all`."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._running.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._failed(error, task.get_name())

    async def finish(self, name: str, patience_s: float) -> None:
        """Wait for what runs under this name, but not for ever."""
        running = [task for task in self._running if task.get_name() == name]
        if running:
            await asyncio.wait(running, timeout=patience_s)

    async def cancel_all(self) -> None:
        """End everything and wait for it; also what begins while we wait, for what ends may lead to more."""
        for _ in range(_ROUNDS):
            if not self._running:
                return
            running = list(self._running)
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
