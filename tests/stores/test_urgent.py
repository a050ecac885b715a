"""What is urgent does not wait for what is much: a queue and a commit of its own, on both databases."""

from __future__ import annotations

import asyncio
import threading

import pytest
from sqlalchemy import Connection, text
from tests.stores.test_engine import busy_writer, database, put, run

from civicam.db.engine import Database
from civicam.db.settings import DbSettings
from civicam.kernel.errors import Operational


def test_it_is_taken_first_and_committed_by_itself(url: str) -> None:
    async def test() -> None:
        async with database(url) as db:
            order: list[str] = []

            async def do(name: str, number: int, urgent: bool) -> None:
                await db.write(put(number), urgent=urgent)
                order.append(name)

            async with busy_writer(db):
                waiting = [asyncio.create_task(do(f"plain {n}", n, False)) for n in range(5)]
                waiting += [asyncio.create_task(do(f"alarm {n}", 100 + n, True)) for n in range(2)]
            groups = db.counters.groups
            await asyncio.gather(*waiting)
            assert order[:2] == ["alarm 0", "alarm 1"]
            assert db.counters.groups - groups <= 3  # the one that was under way, the alarms, the rest
            assert db.waiting == 0

    run(test)


def test_a_group_under_way_ends_for_it_and_loses_nothing(url: str) -> None:
    async def test() -> None:
        async with database(url) as db:
            order: list[int] = []
            first, go = threading.Event(), threading.Event()

            def slow(connection: Connection) -> int:
                first.set()
                go.wait(30)
                return put(0)(connection)

            async def do(number: int, *, urgent: bool = False) -> None:
                await db.write(slow if number == 0 else put(number), urgent=urgent)
                order.append(number)

            async with busy_writer(db):
                waiting = [asyncio.create_task(do(number)) for number in range(6)]
            await asyncio.to_thread(first.wait, 30)
            alarm = asyncio.create_task(do(100, urgent=True))
            await asyncio.sleep(0)  # its turn: the unit is in the queue
            go.set()
            await asyncio.gather(alarm, *waiting)
            assert order == [0, 100, 1, 2, 3, 4, 5]
            found = await db.read(lambda c: c.execute(text("SELECT count(*) FROM t")).scalar_one())
            assert found == 7

    run(test)


def test_its_queue_is_bounded_and_its_own(url: str) -> None:
    async def test() -> None:
        db = Database(url, DbSettings(queue=1, urgent=2))
        try:
            await db.write(lambda c: c.execute(text("CREATE TABLE t (n INTEGER PRIMARY KEY, s TEXT)")))
            async with busy_writer(db):
                taken = [asyncio.create_task(db.write(put(n), urgent=n > 0)) for n in range(3)]
                await asyncio.sleep(0)
                for urgent in (False, True):
                    with pytest.raises(Operational, match=r"db\.busy"):
                        await db.write(put(9), urgent=urgent)
            await asyncio.gather(*taken)
        finally:
            await db.aclose()

    run(test)
