"""Writes that gather: while one group is on its way to the disk, the next one comes together.

One unit of work for a hundred registrations costs little more than for one. Whoever comes alone is written at
once; when many come, groups follow each other no faster than `PACE_S`, or each would be too small to save
anything.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

import structlog

from civicam.kernel.errors import Operational

log = structlog.get_logger("civicam.fleet")

T = TypeVar("T")
PACE_S = 0.01
"""From the beginning of one group to the next, unless as many wait as one group takes."""
Settled = Callable[[Exception | None], None]
"""Called on the loop: None when it is durable, else why it is not."""


class Gather(Generic[T]):
    """``write`` gets a group and tells of each item what became of it; what it raises befell them all.

    ``waiting`` items may wait for the next group, ``group`` are written together at most.
    """

    def __init__(
        self,
        write: Callable[[Sequence[T]], Awaitable[Sequence[Exception | None]]],
        *,
        waiting: int,
        group: int = 1_000,
    ) -> None:
        self._write = write
        self._most = waiting
        self._group = group
        self._waiting: deque[tuple[T, Settled]] = deque()
        self._running: asyncio.Task[None] | None = None

    def add(self, item: T, settled: Settled) -> None:
        """Write ``item`` with the next group. Raises `Operational` ``db.busy`` when too many wait."""
        if len(self._waiting) >= self._most:
            raise Operational("db.busy", reason="queue")
        self._waiting.append((item, settled))
        if self._running is None:
            self._running = asyncio.get_running_loop().create_task(self._run(), name="fleet-gather")

    async def put(self, item: T) -> None:
        """As `add`; durable when this returns. Raises what befell the item."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def settled(error: Exception | None) -> None:
            if future.done():
                return
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(error)

        self.add(item, settled)
        await future

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._waiting:
                begun = loop.time()
                group = [self._waiting.popleft() for _ in range(min(len(self._waiting), self._group))]
                outcomes: Sequence[Exception | None]
                try:
                    outcomes = await self._write([item for item, _ in group])
                except Exception as error:  # noqa: BLE001 -- everyone in the group must hear of it
                    outcomes = [error] * len(group)
                for (_, settled), outcome in zip(group, outcomes, strict=True):
                    try:
                        settled(outcome)
                    except Exception as error:  # noqa: BLE001 -- the others have to hear all the same
                        log.error("fleet.gather-failed", error=repr(error))
                if len(self._waiting) < self._group:
                    await asyncio.sleep(begun + PACE_S - loop.time())
        finally:
            self._running = None
