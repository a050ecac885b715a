"""One writer, group commit, and what happens when the world fails."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import Connection, text

from civicam.db.engine import Database
from civicam.db.settings import DbSettings
from civicam.kernel.errors import Bug, Operational, Refused


def run(test: Callable[[], Awaitable[None]]) -> None:
    """Run a coroutine function to its end."""

    async def main() -> None:
        async with asyncio.timeout(60):
            await test()

    asyncio.run(main())


@asynccontextmanager
async def database(url: str, queue: int = 1000) -> AsyncIterator[Database]:
    opened = Database(url, DbSettings(queue=queue))
    try:
        await opened.write(
            lambda c: c.execute(text("CREATE TABLE IF NOT EXISTS t (n INTEGER PRIMARY KEY, s TEXT)"))
        )
        yield opened
    finally:
        await opened.aclose()


@asynccontextmanager
async def busy_writer(db: Database) -> AsyncIterator[None]:
    """While inside, the writer is in a unit of its own group; what is written meanwhile waits."""
    gate, inside = threading.Event(), threading.Event()

    def hold(_: Connection) -> bool:
        inside.set()
        return gate.wait(30)

    held = asyncio.create_task(db.write(hold))
    await asyncio.to_thread(inside.wait, 30)
    try:
        yield
        await asyncio.sleep(0)  # one turn of the loop: every task made above has put its unit into the queue
    finally:
        gate.set()
    assert await held


def put(number: int, words: str = "") -> Callable[[Connection], int]:
    def work(connection: Connection) -> int:
        connection.execute(text("INSERT INTO t VALUES (:n, :s)"), {"n": number, "s": words})
        return number

    return work


def numbers(connection: Connection) -> list[int]:
    return [row.n for row in connection.execute(text("SELECT n FROM t ORDER BY n"))]


def test_writes_that_wait_together_are_committed_together(empty_url: str) -> None:
    async def test() -> None:
        async with database(empty_url) as db:
            before = db.counters.groups
            async with busy_writer(db):
                units = [asyncio.create_task(db.write(put(n))) for n in range(100)]
            assert await asyncio.gather(*units) == list(range(100))
            assert db.counters.groups - before == 2  # the held one, and one for all
            assert await db.read(numbers) == list(range(100))

    run(test)


def test_a_unit_that_raises_is_rolled_back_alone(empty_url: str) -> None:
    async def test() -> None:
        async with database(empty_url) as db:

            def broken(connection: Connection) -> None:
                put(7)(connection)
                raise ValueError("halfway")

            async with busy_writer(db):
                units = [asyncio.create_task(db.write(work)) for work in (put(1), broken, put(2), put(1))]
            done = await asyncio.gather(*units, return_exceptions=True)
            assert done[0] == 1
            assert isinstance(done[1], ValueError)
            assert done[2] == 2
            assert isinstance(done[3], Bug)
            assert done[3].code == "db.rejected"
            assert await db.read(numbers) == [1, 2]

    run(test)


def test_a_full_queue_says_busy_at_once(empty_url: str) -> None:
    async def test() -> None:
        async with database(empty_url, queue=2) as db:
            async with busy_writer(db):
                units = [asyncio.create_task(db.write(put(n))) for n in range(3)]
            done = await asyncio.gather(*units, return_exceptions=True)
            assert done[:2] == [0, 1]
            assert isinstance(done[2], Operational)
            assert done[2].code == "db.busy"
            assert db.counters.refused_busy == 1
            assert await db.read(numbers) == [0, 1]

    run(test)


def test_a_reader_cannot_write(empty_url: str) -> None:
    async def test() -> None:
        async with database(empty_url) as db:
            with pytest.raises((Bug, Operational)):
                await db.read(put(1))
            assert await db.read(numbers) == []

    run(test)


def test_closing_commits_what_waits_and_then_refuses(empty_url: str) -> None:
    async def test() -> None:
        async with database(empty_url) as db:
            units = [asyncio.create_task(db.write(put(n))) for n in range(50)]
            await asyncio.sleep(0)
            await db.aclose()
            assert await asyncio.gather(*units) == list(range(50))
            for refused in (db.write(put(99)), db.read(numbers)):
                with pytest.raises(Operational, match=r"db\.closed"):
                    await refused
        async with database(empty_url) as db:
            assert await db.read(numbers) == list(range(50))

    run(test)


def test_a_caller_who_gives_up_harms_nobody(empty_url: str) -> None:
    async def test() -> None:
        async with database(empty_url) as db:
            async with busy_writer(db):
                gone = asyncio.create_task(db.write(put(1)))
                stays = asyncio.create_task(db.write(put(2)))
                await asyncio.sleep(0)
                gone.cancel()
            assert await stays == 2
            assert gone.cancelled()

    run(test)


@pytest.mark.parametrize("words", ["x" * 4_000_000])
def test_a_full_disk_applies_nothing_and_mends_itself(
    tmp_path_factory: pytest.TempPathFactory, words: str
) -> None:
    """SQLite's own limit of pages raises the error a full disk raises (SQLITE_FULL)."""
    url = f"sqlite:///{tmp_path_factory.mktemp('full')}/store.db"

    def limit(pages: int) -> Callable[[Connection], None]:
        return lambda c: c.exec_driver_sql(f"PRAGMA max_page_count={pages}").close()

    async def test() -> None:
        async with database(url) as db:
            await db.write(put(1))
            await db.write(limit(50))
            async with busy_writer(db):
                units = [asyncio.create_task(db.write(put(n, w))) for n, w in ((2, ""), (3, words), (4, ""))]
            for error in await asyncio.gather(*units, return_exceptions=True):
                assert isinstance(error, Operational)
                assert error.code == "db.full"
            assert await db.read(numbers) == [1]
            assert db.counters.full == 1
            # The next group opens a connection of its own, which has no limit: there is space again.
            assert await db.write(put(5, words)) == 5
            assert await db.read(numbers) == [1, 5]

    run(test)


def test_a_lost_connection_fails_the_group_and_the_next_one_reconnects(postgres_server: str) -> None:
    async def test() -> None:
        async with database(postgres_server) as db:
            with pytest.raises(Operational, match=r"db\.unreachable"):
                await db.write(lambda c: c.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())"))
            assert await db.write(lambda c: c.exec_driver_sql("SELECT 1").scalar_one()) == 1
            await db.write(lambda c: c.execute(text("DROP TABLE t")))

    run(test)


def test_a_unit_alone_that_raises_leaves_nothing_and_the_next_one_works(empty_url: str) -> None:
    async def test() -> None:
        async with database(empty_url) as db:
            groups = db.counters.groups

            def refused(connection: Connection) -> None:
                put(1)(connection)
                raise Refused("fleet.unknown-device", device_id="d")

            with pytest.raises(Refused):
                await db.write(refused)
            with pytest.raises(Bug):
                await db.write(lambda c: c.execute(text("INSERT INTO nothing VALUES (1)")))
            assert await db.write(put(2)) == 2
            assert await db.read(numbers) == [2]
            assert (db.counters.groups - groups, db.counters.failed, db.counters.faults) == (3, 2, {})

    run(test)
