"""Facts go out in the transaction that made them true, and are delivered after it.

`append` writes a fact beside the change it tells of; the `Dispatcher` reads facts in their order and hands
them to two kinds of listeners:

* a *handler* writes to the same database: its writes and its place in the outbox are one transaction, so
  after a kill -9 it goes on exactly where it was, and a fact is applied once;
* a *watcher* lives in this process only (the consoles' event stream): it starts with what comes after it.

A handler that raises is tried again with the same fact after a pause: order is kept, nothing is skipped.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog
from pydantic import TypeAdapter
from sqlalchemy import Connection, Row, delete, func, insert, select, update

from civicam.db.engine import PUBLISHED, Database
from civicam.db.schema import outbox, outbox_cursor
from civicam.kernel.clock import Clock

log = structlog.get_logger("civicam.db")

Handler = Callable[[Connection, str, Any], None]
"""Gets the transaction, the fact's id and the fact."""
BatchHandler = Callable[[Connection, Sequence[tuple[str, Any]]], None]
"""Gets the transaction and facts in their order, each with its id; they are taken all or none."""
Watcher = Callable[[str, Any], Awaitable[None]]

BATCH = 500
HANDLED = 100
"""Facts a handler gets in one unit of work: what is urgent waits for no more than that.
"""
RETRY_S = 1.0
SWEEP_S = 300.0
SWEPT = 1_000
"""Facts forgotten in one unit of work: it holds up whoever else writes.
"""


_adapters: dict[type[Any], TypeAdapter[Any]] = {}


def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    """The codec of a fact; building one is slow, so each is built once."""
    found = _adapters.get(kind)
    if found is None:
        found = _adapters[kind] = TypeAdapter(kind)
    return found


def append(connection: Connection, facts: Sequence[tuple[str, Any]], at: datetime) -> None:
    """Put (name, frozen dataclass) pairs into the outbox, in order, as part of the running transaction."""
    if not facts:
        return
    rows = [
        {
            "fact_id": secrets.token_hex(16),
            "name": name,
            "body": _adapter(type(fact)).dump_json(fact).decode(),
            "at": at,
        }
        for name, fact in facts
    ]
    connection.execute(insert(outbox), rows)
    connection.info[PUBLISHED] = True


@dataclass(slots=True)
class _Place:
    """How far a listener has come."""

    name: str
    handler: BatchHandler | None
    watcher: Watcher | None
    last_id: int


class Dispatcher:
    """Delivers facts of this database. ``kinds`` names the dataclass of each fact."""

    def __init__(self, database: Database, clock: Clock, kinds: Mapping[str, type[Any]]) -> None:
        self._database = database
        self._clock = clock
        self._kinds = kinds
        self._places: list[_Place] = []
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.delivered = 0
        self.failures = 0

    def handle(self, name: str, handler: Handler) -> None:
        """Add a durable handler; ``name`` is its identity over restarts. Before `start`."""

        def each(connection: Connection, facts: Sequence[tuple[str, Any]]) -> None:
            for fact_id, fact in facts:
                handler(connection, fact_id, fact)

        self.handle_many(name, each)

    def handle_many(self, name: str, handler: BatchHandler) -> None:
        """As `handle`, for one that takes many facts at once more cheaply."""
        self._places.append(_Place(name, handler, None, -1))

    def watch(self, name: str, watcher: Watcher) -> None:
        """Add a watcher for facts from now on. Before `start`."""
        self._places.append(_Place(name, None, watcher, -1))

    async def start(self) -> None:
        """Find every listener's place and begin to deliver."""
        for place in self._places:
            place.last_id = await self._database.write(partial(_find, place=place))
        self._database.committed.append(self._wake.set)
        self._wake.set()
        self._task = asyncio.create_task(self._run(), name="outbox")

    async def aclose(self) -> None:
        """Stop; what was not delivered to handlers is delivered after the next start."""
        if self._wake.set in self._database.committed:
            self._database.committed.remove(self._wake.set)
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _run(self) -> None:
        swept = self._clock.monotonic()
        while True:
            try:
                async with asyncio.timeout(SWEEP_S):
                    await self._wake.wait()
            except TimeoutError:
                pass
            self._wake.clear()
            more = False
            for place in self._places:
                more |= await self._deliver(place)
            if more:
                self._wake.set()
            if self._clock.monotonic() - swept >= SWEEP_S:
                swept = self._clock.monotonic()
                await self._sweep()

    async def _deliver(self, place: _Place) -> bool:
        """One batch for one listener; True when there may be more."""
        try:
            if place.handler is not None:
                rows = await self._database.write(lambda c: self._handle(c, place))
            else:
                rows = await self._database.read(lambda c: _batch(c, place.last_id))
                await self._show(place, rows)
        except Exception as error:  # noqa: BLE001 -- a listener's fault must not stop the others
            self.failures += 1
            log.warning("outbox.listener-failed", listener=place.name, error=repr(error))
            asyncio.get_running_loop().call_later(RETRY_S, self._wake.set)
            return False
        if rows:
            place.last_id = rows[-1].id
            self.delivered += len(rows)
        return len(rows) == (BATCH if place.handler is None else HANDLED)

    def _handle(self, connection: Connection, place: _Place) -> Sequence[Row[Any]]:
        """In the writer's thread: apply a batch and move the cursor, one transaction."""
        assert place.handler is not None
        rows = _batch(connection, _find(connection, place), HANDLED)
        if rows:
            place.handler(connection, [(row.fact_id, self._fact(row)) for row in rows])
            connection.execute(
                update(outbox_cursor).where(outbox_cursor.c.handler == place.name).values(last_id=rows[-1].id)
            )
        return rows

    async def _show(self, place: _Place, rows: Sequence[Row[Any]]) -> None:
        assert place.watcher is not None
        for row in rows:
            await place.watcher(row.fact_id, self._fact(row))
            place.last_id = row.id

    def _fact(self, row: Row[Any]) -> Any:
        return _adapter(self._kinds[row.name]).validate_json(row.body)

    async def _sweep(self) -> None:
        """Forget facts that are old and that every handler has passed, a few at a time."""
        keep = self._clock.now() - timedelta(days=self._database.settings.outbox_keep_days)
        passed = [place.last_id for place in self._places if place.handler is not None]
        old = select(outbox.c.id).where(outbox.c.at < keep)
        if passed:
            old = old.where(outbox.c.id <= min(passed))
        some = delete(outbox).where(outbox.c.id.in_(old.order_by(outbox.c.id).limit(SWEPT)))
        try:
            while await self._database.write(lambda connection: connection.execute(some).rowcount) == SWEPT:
                pass
        except Exception as error:  # noqa: BLE001 -- the next sweep comes
            log.warning("outbox.sweep-failed", error=repr(error))


def _batch(connection: Connection, after: int, most: int = BATCH) -> Sequence[Row[Any]]:
    return connection.execute(
        select(outbox).where(outbox.c.id > after).order_by(outbox.c.id).limit(most)
    ).all()


def _find(connection: Connection, place: _Place) -> int:
    """A handler's cursor, made at the beginning of the outbox when it is new; a watcher's is the end."""
    if place.handler is None:
        return int(connection.execute(select(func.coalesce(func.max(outbox.c.id), 0))).scalar_one())
    at = connection.execute(
        select(outbox_cursor.c.last_id).where(outbox_cursor.c.handler == place.name)
    ).scalar_one_or_none()
    if at is None:
        connection.execute(insert(outbox_cursor).values(handler=place.name, last_id=0))
        return 0
    return int(at)
