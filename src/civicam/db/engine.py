"""The database behind two calls: ``write`` and ``read``.

One thread owns the one writing connection. It takes what has gathered in its bounded queue, runs every unit
in a savepoint of one transaction and commits them together; while one commit is on its way to the disk the
next group gathers. That is what makes durable single writes cheap: hundreds of commits a second carry
thousands of rows.

What is urgent (an alarm) has a queue of its own: it is taken first and committed by itself, and a group that
is under way is committed as far as it has come. So it waits for one unit and one commit of others at most.

Readers have connections and threads of their own and see one consistent picture each.

A unit that raises is rolled back alone. An error that breaks the transaction (disk full, connection lost)
fails every unit of the group and applies nothing; the next group starts afresh, so the store mends itself
when there is space, or a server, again.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.pool import NullPool, QueuePool

from civicam.db.faults import breaks_the_group, translate
from civicam.db.settings import DbSettings
from civicam.kernel.errors import CivicamError, Operational, Refused

T = TypeVar("T")

BUSY_S = 10
"""How long a connection waits for another process's transaction."""
WRITER_LOCK = 0x63697669
"""PostgreSQL advisory lock: one writing transaction at a time over all processes, so that the ids in the
outbox become visible in their order."""
PUBLISHED = "civicam_published"
"""Key in ``Connection.info``: this group has put facts into the outbox."""


@dataclass(slots=True, eq=False)
class _Unit(Generic[T]):
    """One ``write``: the callable and where its result goes."""

    work: Callable[[Connection], T]
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[T]
    result: Any = None
    error: BaseException | None = None

    def settle(self) -> None:
        """On the loop: hand over the outcome, unless nobody waits any more."""
        if self.future.done():
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)


@dataclass(slots=True)
class DbCounters:
    """What the writer has done since the start."""

    units: int = 0
    groups: int = 0
    failed: int = 0
    refused_busy: int = 0
    full: int = 0
    faults: dict[str, int] = field(default_factory=dict)


def open_engine(url: str, *, writer: bool, readers: int = 1) -> Engine:
    """A SQLAlchemy engine set up as this house needs it; nothing is connected yet."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(url, writer, readers)
    if parsed.get_backend_name() != "postgresql":
        raise Refused("db.unsupported", backend=parsed.get_backend_name())
    parsed = parsed.set(drivername="postgresql+psycopg")
    if writer:
        return create_engine(parsed, poolclass=NullPool, connect_args={"connect_timeout": BUSY_S})
    return create_engine(
        parsed,
        pool_size=readers,
        max_overflow=0,
        pool_pre_ping=True,
        connect_args={"connect_timeout": BUSY_S},
        execution_options={"isolation_level": "REPEATABLE READ", "postgresql_readonly": True},
    )


def _sqlite(url: str, writer: bool, readers: int) -> Engine:
    path = make_url(url).database
    if not path or path == ":memory:":
        raise Refused("db.needs-file")
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    pool: dict[str, Any] = (
        {"poolclass": NullPool}
        if writer
        else {"poolclass": QueuePool, "pool_size": readers, "max_overflow": 0}
    )
    engine = create_engine(url, connect_args={"timeout": BUSY_S, "check_same_thread": False}, **pool)

    @event.listens_for(engine, "connect")
    def _connect(dbapi: Any, _record: Any) -> None:
        dbapi.isolation_level = None  # the driver begins nothing by itself; we do, below
        cursor = dbapi.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "journal_size_limit=67108864",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        if not writer:
            cursor.execute("PRAGMA query_only=ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writer else "BEGIN")

    return engine


def _again(error: Exception) -> Exception:
    """A fresh one of ours for each unit: a raised exception collects its raiser's traceback."""
    if isinstance(error, CivicamError):
        return type(error)(error.code, side=error.side, **error.data)
    return error


class Database:
    """The store of one process. Make it inside the loop that uses it; `aclose` ends its threads."""

    def __init__(self, url: str, settings: DbSettings | None = None) -> None:
        self.url = url
        self.settings = settings or DbSettings()
        self.counters = DbCounters()
        self.committed: list[Callable[[], None]] = []
        """Called on the loop after a commit that put facts into the outbox."""
        self._writer = open_engine(url, writer=True)
        self._reader = open_engine(url, writer=False, readers=self.settings.readers)
        self._pool = ThreadPoolExecutor(self.settings.readers, thread_name_prefix="civicam-db-read")
        self._queue: deque[_Unit[Any]] = deque()
        self._urgent: deque[_Unit[Any]] = deque()
        self._ready = threading.Condition()
        self._closing = False
        self._connection: Connection | None = None
        self._thread = threading.Thread(target=self._run, name="civicam-db-write", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Writes in the queue."""
        return len(self._queue) + len(self._urgent)

    @property
    def dialect(self) -> str:
        """``sqlite`` or ``postgresql``."""
        return self._writer.dialect.name

    async def write(self, work: Callable[[Connection], T], *, urgent: bool = False) -> T:
        """Run ``work`` in the next group; durable when this returns. ``urgent``: before whatever else waits.

        What ``work`` raises rolls back what it did and is raised here. `Operational`: ``db.busy`` (queue full
        or another process holds the store), ``db.full``, ``db.unreachable``, ``db.failed``, ``db.closed``.
        """
        loop = asyncio.get_running_loop()
        unit = _Unit(work, loop, loop.create_future())
        with self._ready:
            if self._closing:
                raise Operational("db.closed")
            queue, most = self._queue, self.settings.queue
            if urgent:
                queue, most = self._urgent, self.settings.urgent
            if len(queue) >= most:
                self.counters.refused_busy += 1
                raise Operational("db.busy", reason="queue")
            queue.append(unit)
            self._ready.notify()
        result: T = await unit.future
        return result

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` on a reader's connection, in one read-only transaction."""
        if self._closing:
            raise Operational("db.closed")
        return await asyncio.wrap_future(self._pool.submit(self._read, work))

    def _read(self, work: Callable[[Connection], T]) -> T:
        try:
            with self._reader.connect() as connection, connection.begin():
                return work(connection)
        except Exception as error:
            ours = translate(error)
            if ours is None or ours is error:
                raise
            raise ours from error

    async def aclose(self) -> None:
        """Commit what waits, then end the threads and close the connections. Idempotent."""
        with self._ready:
            self._closing = True
            self._ready.notify()
        await asyncio.to_thread(self._thread.join)
        await asyncio.to_thread(self._pool.shutdown)
        self._reader.dispose()
        self._writer.dispose()

    # -- the writer's thread

    def _run(self) -> None:
        while True:
            with self._ready:
                while not (self._urgent or self._queue or self._closing):
                    self._ready.wait()
                yields = not self._urgent
                queue = self._queue if yields else self._urgent
                group = [queue.popleft() for _ in range(min(len(queue), self.settings.group))]
            if not group:
                self._drop_connection()
                return
            published = self._commit(group, yields)
            self._settle(group, published)

    def _commit(self, group: list[_Unit[Any]], yields: bool) -> bool:
        """Run and commit a group; True when it has put facts into the outbox. With ``yields`` it ends early
        for what is urgent: then only what is committed stays in ``group``.
        """
        try:
            connection = self._connect()
            with connection.begin():
                if self.dialect == "postgresql":
                    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITER_LOCK})")
                if len(group) == 1:
                    self._alone(group[0], connection)
                else:
                    self._each(connection, group, yields)
            published = bool(connection.info.pop(PUBLISHED, False))
        except Exception as error:  # noqa: BLE001 -- whatever happened, every unit of the group must hear of it
            self._fail(group, error)
            return False
        self.counters.groups += 1
        self.counters.units += len(group)
        return published

    def _alone(self, unit: _Unit[Any], connection: Connection) -> None:
        """The only unit of a group needs no savepoint: what it did is rolled back with the group."""
        try:
            unit.result = unit.work(connection)
        except Exception as error:  # noqa: BLE001 -- `_failed` raises what is not the unit's own
            self._failed(unit, error)
            transaction = connection.get_transaction()
            if transaction is not None:
                transaction.rollback()

    def _each(self, connection: Connection, group: list[_Unit[Any]], yields: bool) -> None:
        """One after the other; what is urgent ends it early, and the rest waits in front of all others."""
        for number, unit in enumerate(group):
            if number and yields and self._urgent:
                with self._ready:
                    self._queue.extendleft(reversed(group[number:]))
                del group[number:]
                return
            self._one(connection, unit)

    def _one(self, connection: Connection, unit: _Unit[Any]) -> None:
        """One unit in its savepoint; an error that breaks the group is raised, others stay with the unit."""
        try:
            with connection.begin_nested():
                unit.result = unit.work(connection)
        except Exception as error:  # noqa: BLE001 -- `_failed` raises what is not the unit's own
            self._failed(unit, error)

    def _failed(self, unit: _Unit[Any], error: Exception) -> None:
        """Keep what befell a unit; raises what befell the whole group."""
        ours = translate(error)
        if ours is not None and ours is not error and breaks_the_group(ours):
            raise ours from error
        if ours is not None and ours is not error:
            ours.__cause__ = error
        unit.error = ours or error
        self.counters.failed += 1

    def _fail(self, group: list[_Unit[Any]], error: Exception) -> None:
        ours = translate(error) or error
        if isinstance(ours, CivicamError):
            self.counters.faults[ours.code] = self.counters.faults.get(ours.code, 0) + 1
            self.counters.full += ours.code == "db.full"
        for unit in group:
            if unit.error is None:
                unit.error = _again(ours)
                unit.error.__cause__ = error
        self._drop_connection()

    def _connect(self) -> Connection:
        if self._connection is None:
            self._connection = self._writer.connect()
        return self._connection

    def _drop_connection(self) -> None:
        """After an error the connection's state is not worth guessing: the next group opens a new one."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            connection.close()
        except Exception:  # noqa: BLE001 -- it was broken already
            connection.invalidate()

    def _settle(self, group: list[_Unit[Any]], published: bool) -> None:
        """Hand results over, one wake-up of each loop for the whole group."""
        loops: dict[asyncio.AbstractEventLoop, list[_Unit[Any]]] = {}
        for unit in group:
            loops.setdefault(unit.loop, []).append(unit)
        for loop, units in loops.items():
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._tell, units, published)

    def _tell(self, units: list[_Unit[Any]], published: bool) -> None:
        for unit in units:
            unit.settle()
        if published:
            for callback in self.committed:
                callback()
