"""Facts go out with the change that made them, in order, once for each durable handler, also after a kill."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import Connection, text

from civicam.db.engine import Database
from civicam.db.outbox import Dispatcher, append
from civicam.kernel.clock import ManualClock


@dataclass(frozen=True)
class Happened:
    """A fact."""

    number: int


KINDS: dict[str, type[Any]] = {"test.happened": Happened}


def run(url: str, test: Callable[[Database], Awaitable[None]]) -> None:
    async def main() -> None:
        async with asyncio.timeout(60):
            database = Database(url)
            try:
                await test(database)
            finally:
                await database.aclose()

    asyncio.run(main())


def tell(*numbers: int) -> Callable[[Connection], None]:
    facts = [("test.happened", Happened(n)) for n in numbers]
    return lambda connection: append(connection, facts, ManualClock().now())


def keep(connection: Connection, fact_id: str, fact: Happened) -> None:
    """A handler that writes what it got; a fact applied twice breaks the key."""
    connection.execute(text("INSERT INTO kept VALUES (:i, :n)"), {"i": fact_id, "n": fact.number})


async def table(database: Database) -> None:
    await database.write(
        lambda c: c.execute(text("CREATE TABLE kept (fact_id VARCHAR(32) PRIMARY KEY, n INTEGER)")).close()
    )


def kept(connection: Connection) -> list[int]:
    return [row.n for row in connection.execute(text("SELECT n FROM kept ORDER BY n"))]


class Seen:
    """A watcher that lets a test wait for what it saw."""

    def __init__(self) -> None:
        self.numbers: list[int] = []
        self._changed = asyncio.Condition()

    async def watch(self, _fact_id: str, fact: Happened) -> None:
        async with self._changed:
            self.numbers.append(fact.number)
            self._changed.notify_all()

    async def until(self, count: int) -> list[int]:
        async with self._changed:
            await self._changed.wait_for(lambda: len(self.numbers) >= count)
        return self.numbers


def test_facts_reach_handlers_and_watchers_in_order(url: str) -> None:
    async def test(database: Database) -> None:
        await table(database)
        await database.write(tell(1, 2))
        seen = Seen()
        dispatcher = Dispatcher(database, ManualClock(), KINDS)
        dispatcher.handle("keeper", keep)
        dispatcher.watch("seen", seen.watch)
        await dispatcher.start()
        await asyncio.gather(*(database.write(tell(n)) for n in range(3, 40)))
        # The watcher starts with what comes after it; the handler also gets what was there before.
        assert await seen.until(37) == list(range(3, 40))
        while dispatcher.delivered < 37 + 39:  # noqa: ASYNC110 -- the handler may still be at it
            await asyncio.sleep(0)
        await dispatcher.aclose()
        assert await database.read(kept) == list(range(1, 40))

    run(url, test)


def test_a_change_that_is_rolled_back_tells_nothing(url: str) -> None:
    async def test(database: Database) -> None:
        seen = Seen()
        dispatcher = Dispatcher(database, ManualClock(), KINDS)
        dispatcher.watch("seen", seen.watch)
        await dispatcher.start()

        def broken(connection: Connection) -> None:
            tell(1)(connection)
            raise ValueError("after the fact")

        await asyncio.gather(database.write(broken), return_exceptions=True)
        await database.write(tell(2))
        assert await seen.until(1) == [2]
        await dispatcher.aclose()

    run(url, test)


def test_after_a_kill_a_handler_goes_on_where_it_was(url: str) -> None:
    """Nothing is closed in order: the first dispatcher is left as a killed process leaves it."""

    async def test(database: Database) -> None:
        await table(database)
        dispatcher = Dispatcher(database, ManualClock(), KINDS)
        calls = 0

        def dies_at_the_third(connection: Connection, fact_id: str, fact: Happened) -> None:
            nonlocal calls
            calls += 1
            if calls == 3:
                raise RuntimeError("killed")
            keep(connection, fact_id, fact)

        dispatcher.handle("keeper", dies_at_the_third)
        await database.write(tell(1, 2, 3, 4))
        await dispatcher.start()
        while not dispatcher.failures:  # noqa: ASYNC110 -- the fault itself is what is waited for
            await asyncio.sleep(0)
        assert await database.read(kept) == []  # the whole batch is one transaction with the cursor
        again = Dispatcher(database, ManualClock(), KINDS)
        seen = Seen()
        again.handle("keeper", keep)
        again.watch("seen", seen.watch)
        await dispatcher.aclose()
        await again.start()
        await database.write(tell(5))
        await seen.until(1)
        await again.aclose()
        assert await database.read(kept) == [1, 2, 3, 4, 5]

    run(url, test)


def test_a_handler_that_fails_does_not_hold_up_the_others(url: str) -> None:
    async def test(database: Database) -> None:
        seen = Seen()

        def always(_c: Connection, _i: str, _f: Happened) -> None:
            raise RuntimeError("never works")

        dispatcher = Dispatcher(database, ManualClock(), KINDS)
        dispatcher.handle("broken", always)
        dispatcher.watch("seen", seen.watch)
        await dispatcher.start()
        await database.write(tell(1))
        assert await seen.until(1) == [1]
        assert dispatcher.failures >= 1
        await dispatcher.aclose()

    run(url, test)


def test_forgetting_is_done_a_few_at_a_time_and_to_the_end(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(database: Database) -> None:
        monkeypatch.setattr("civicam.db.outbox.SWEPT", 2)
        await table(database)
        clock = ManualClock()
        await database.write(tell(1, 2, 3, 4, 5))
        dispatcher = Dispatcher(database, clock, KINDS)
        dispatcher.handle("keeper", keep)
        await dispatcher.start()
        while any(place.last_id < 5 for place in dispatcher._places):
            await database.read(kept)  # what no handler has passed yet is kept, however old
        clock.advance(database.settings.outbox_keep_days * 86400 - 1)
        await dispatcher._sweep()
        count = text("SELECT count(*) FROM db_outbox")
        assert await database.read(lambda c: c.execute(count).scalar_one()) == 5
        clock.advance(2)
        units = database.counters.units
        await dispatcher._sweep()
        assert await database.read(lambda c: c.execute(count).scalar_one()) == 0
        assert database.counters.units - units == 3
        await dispatcher.aclose()

    run(url, test)


def test_old_facts_are_forgotten_when_every_handler_has_them(url: str) -> None:
    async def test(database: Database) -> None:
        await table(database)
        clock = ManualClock()
        await database.write(tell(1, 2))
        seen = Seen()
        dispatcher = Dispatcher(database, clock, KINDS)
        dispatcher.handle("keeper", keep)
        dispatcher.watch("seen", seen.watch)
        await dispatcher.start()
        await database.write(tell(3))
        await seen.until(1)
        clock.advance(8 * 86400)
        await dispatcher._sweep()
        left = await database.read(lambda c: c.execute(text("SELECT count(*) FROM db_outbox")).scalar_one())
        assert left == 0
        await database.write(tell(4))
        assert await seen.until(2) == [3, 4]
        await dispatcher.aclose()
        assert await database.read(kept) == [1, 2, 3, 4]

    run(url, test)


def test_a_handler_of_many_gets_them_in_order_and_all_again_when_it_failed(url: str) -> None:
    async def test(database: Database) -> None:
        await table(database)
        await database.write(tell(1, 2, 3))
        groups: list[list[int]] = []

        def take(connection: Connection, facts: Sequence[tuple[str, Happened]]) -> None:
            groups.append([fact.number for _, fact in facts])
            for fact_id, fact in facts:
                keep(connection, fact_id, fact)
            if len(groups) == 1:
                raise ValueError("the first time")

        dispatcher = Dispatcher(database, ManualClock(), KINDS)
        dispatcher.handle_many("keeper", take)
        await dispatcher.start()
        while dispatcher.delivered < 3:  # noqa: ASYNC110 -- the handler may still be at it
            await asyncio.sleep(0)
        await dispatcher.aclose()
        assert groups == [[1, 2, 3], [1, 2, 3]]
        assert await database.read(kept) == [1, 2, 3]

    run(url, test)
