"""Writes that gather: groups, bounds, faults."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from tests.gateway.wire import run

from civicam.fleet.gather import PACE_S, Gather
from civicam.kernel.errors import Operational, Refused


class Disk:
    """Writes when it is let; odd numbers are refused."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.gate = asyncio.Event()
        self.fault: Exception | None = None

    async def write(self, items: Sequence[int]) -> list[Exception | None]:
        self.groups.append(list(items))
        await self.gate.wait()
        if self.fault is not None:
            raise self.fault
        return [Refused("fleet.unknown-device") if item % 2 else None for item in items]


def test_what_comes_meanwhile_is_the_next_group() -> None:
    async def main() -> None:
        disk = Disk()
        gather = Gather(disk.write, waiting=10, group=3)
        told: list[tuple[int, bool]] = []
        for number in range(2):
            gather.add(number, lambda error, number=number: told.append((number, error is None)))  # type: ignore[misc]
        await asyncio.sleep(0)
        for number in range(2, 6):
            gather.add(number, lambda error, number=number: told.append((number, error is None)))  # type: ignore[misc]
        assert told == []
        disk.gate.set()
        await gather.put(6)
        assert disk.groups == [[0, 1], [2, 3, 4], [5, 6]]
        assert told == [(0, True), (1, False), (2, True), (3, False), (4, True), (5, False)]
        with pytest.raises(Refused):
            await gather.put(7)

    asyncio.run(main())


def test_a_fault_befalls_the_whole_group_and_the_next_one_is_tried() -> None:
    async def main() -> None:
        disk = Disk()
        disk.gate.set()
        disk.fault = Operational("db.full")
        gather = Gather(disk.write, waiting=10)
        outcomes = await asyncio.gather(gather.put(0), gather.put(2), return_exceptions=True)
        assert [getattr(each, "code", None) for each in outcomes] == ["db.full", "db.full"]
        disk.fault = None
        await gather.put(4)

    asyncio.run(main())


def test_too_many_are_told_at_once_and_who_has_gone_is_not() -> None:
    async def main() -> None:
        disk = Disk()
        gather = Gather(disk.write, waiting=2)
        waiting = [asyncio.ensure_future(gather.put(number)) for number in (0, 2)]
        await asyncio.sleep(0)
        with pytest.raises(Operational) as caught:
            gather.add(8, lambda error: None)
        assert caught.value.code == "db.busy"
        waiting[0].cancel()
        disk.gate.set()
        await waiting[1]

    asyncio.run(main())


def test_groups_follow_each_other_at_a_pace_and_whoever_comes_alone_waits_for_nobody() -> None:
    async def main() -> None:
        disk, loop = Disk(), asyncio.get_running_loop()
        disk.gate.set()
        gather = Gather(disk.write, waiting=10, group=2)
        began = loop.time()
        await gather.put(0)
        assert loop.time() == began
        for number in (2, 4, 6):  # as many as one group takes, and one more
            gather.add(number, lambda _error: None)
        await gather.put(8)
        assert disk.groups == [[0], [2, 4], [6, 8]]
        assert loop.time() == pytest.approx(began + PACE_S)

    run(main())
