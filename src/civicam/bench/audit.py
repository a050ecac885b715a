"""What the audit log costs: durable entries a second against bare inserts, and the verifier's pace.

The floor is the barest program that gives the same promise: one table of place and text, whoever waits is
committed by the next ``executemany``, on the same database with the same settings, by as many at once.
"""

from __future__ import annotations

import asyncio
import base64
import os
import sqlite3
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from civicam.audit.export import checkpoint_line, entry_line, header_line
from civicam.audit.facts import Actor, Entry, Moment, Result, SigningKey, Target
from civicam.audit.keys import KeyFiles, SeedSigner
from civicam.audit.model import SALTS_BYTES, stamp
from civicam.audit.notes import body, key_id, log_id, signed
from civicam.audit.service import AuditService
from civicam.audit.settings import AuditSettings
from civicam.audit.store import AuditStore
from civicam.audit.tree import Frontier, leaf_hash
from civicam.audit.verifier import Verifier
from civicam.bench.report import Goal, Report
from civicam.db.engine import Database
from civicam.db.migrate import migrate
from civicam.db.unit import UnitOfWork
from civicam.kernel.clock import ManualClock

RATE = 2_000
"""Entries a second that have to be durable within `PATIENCE_MS` (99 of 100)."""
PATIENCE_MS = 50.0
RATIO = 0.5
CHECKPOINT_EVERY = 10_000
_TEXT = "x" * 760
"""As many bytes as a record and its personal parts."""

Append = Callable[[int], Awaitable[object]]
Insert = Callable[[Sequence[tuple[int, str]]], None]


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked on the command line."""

    seconds: float
    appenders: int
    entries: int
    postgres: str


def entry(number: int) -> Entry:
    """As a viewing leaves one."""
    return Entry(
        "view.main",
        Actor("u-0123456789ab", "duty-12", "operator", "traffic police", "192.0.2.17"),
        Target("channel", f"c-{number % 5_892:012}", "东区一街路口 球机 03"),
        Result.ALLOWED,
        purpose="duty",
        request="0011223344556677",
        facts={"viewing": "00112233445566778899aabbccddeeff"},
    )


class _Clock:
    """The machine's clocks."""

    def monotonic(self) -> float:
        return time.monotonic()

    def now(self) -> datetime:
        return datetime.now(UTC)


class _Bare:
    """The floor: whoever waits goes with the next group."""

    def __init__(self, insert: Insert) -> None:
        self._insert = insert
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []
        self._task: asyncio.Task[None] | None = None
        self._place = 0

    async def append(self, number: int) -> None:
        future = asyncio.get_running_loop().create_future()
        self._waiting.append((number, future))
        if self._task is None:
            self._task = asyncio.create_task(self._write())
        await future

    async def _write(self) -> None:
        while self._waiting:
            group, self._waiting = self._waiting, []
            rows = [(self._place + place, _TEXT) for place in range(len(group))]
            self._place += len(rows)
            await asyncio.to_thread(self._insert, rows)
            for _, future in group:
                future.set_result(None)
        self._task = None


def _sqlite(path: Path) -> Insert:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    for pragma in ("journal_mode=WAL", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("CREATE TABLE bare (seq INTEGER PRIMARY KEY, text TEXT NOT NULL)")

    def insert(rows: Sequence[tuple[int, str]]) -> None:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO bare VALUES (?, ?)", rows)
        connection.execute("COMMIT")

    return insert


def _postgresql(url: str) -> Insert:
    connection = psycopg.connect(url.replace("+psycopg", ""))
    connection.execute("DROP TABLE IF EXISTS bare")
    connection.execute("CREATE TABLE bare (seq BIGINT PRIMARY KEY, text TEXT NOT NULL)")
    connection.commit()

    def insert(rows: Sequence[tuple[int, str]]) -> None:
        with connection.cursor() as cursor:
            cursor.executemany("INSERT INTO bare VALUES (%s, %s)", rows)
        connection.commit()

    return insert


async def _saturated(append: Append, appenders: int, seconds: float) -> tuple[float, float]:
    """(entries a second, p99 in ms) with so many who append one after the other."""
    took: list[float] = []
    end = time.perf_counter() + seconds

    async def one(number: int) -> None:
        while (began := time.perf_counter()) < end:
            await append(number)
            took.append(time.perf_counter() - began)

    began = time.perf_counter()
    await asyncio.gather(*(one(number) for number in range(appenders)))
    return len(took) / (time.perf_counter() - began), _p99(took)


async def _paced(append: Append, rate: int, seconds: float) -> tuple[float, float]:
    """(entries a second, p99 in ms, from when each was due) at a given rate."""
    took: list[float] = []
    began = time.perf_counter()

    async def one(number: int) -> None:
        await append(number)
        took.append(time.perf_counter() - began - number / rate)

    tasks = []
    for number in range(int(rate * seconds)):
        wait = began + number / rate - time.perf_counter()
        if wait > 0:
            await asyncio.sleep(wait)
        tasks.append(asyncio.create_task(one(number)))
    await asyncio.gather(*tasks)
    return len(took) / (time.perf_counter() - began), _p99(took)


def _p99(took: list[float]) -> float:
    return sorted(took)[int(len(took) * 0.99)] * 1000


async def _database(name: str, url: str, insert: Insert, wish: Wish, report: Report) -> int:
    """Measure one database; gives the entries that are in it."""
    bare = _Bare(insert)
    floor, floor_p99 = await _saturated(bare.append, wish.appenders, wish.seconds)
    database = Database(url)
    with tempfile.TemporaryDirectory() as folder:
        work, keys = UnitOfWork(database, AuditStore), KeyFiles(Path(folder) / "key")
        audit = AuditService(work, keys, _Clock(), AuditSettings(), os.urandom)
        try:
            await audit.start()

            async def append(number: int) -> None:
                await audit.append(entry(number))

            rate, p99 = await _saturated(append, wish.appenders, wish.seconds)
            paced, paced_p99 = await _paced(append, RATE, wish.seconds)
            await audit.aclose()
            count = await audit.size()
        finally:
            await database.aclose()
    report.figures |= {
        f"{name}_appends_per_s": rate,
        f"{name}_append_p99_ms": p99,
        f"{name}_paced_per_s": paced,
        f"{name}_paced_p99_ms": paced_p99,
    }
    report.floors |= {f"{name}_inserts_per_s": floor, f"{name}_insert_p99_ms": floor_p99}
    report.ratios[f"{name}_appends_to_inserts"] = rate / floor
    report.goals |= {
        f"{name}_ratio": Goal(RATIO, rate / floor, "", at_most=False),
        f"{name}_rate": Goal(RATE, rate, "1/s", at_most=False),
        f"{name}_paced_p99": Goal(PATIENCE_MS, paced_p99, "ms"),
    }
    return count


def export_of(entries: int) -> Iterator[list[str]]:
    """A long export in pieces of ten thousand entries, each signed."""
    signer, clock, edge = SeedSigner(bytes(32)), ManualClock(), Frontier()
    key = SigningKey(0, _base64(signer.public), 0, clock.now(), "", "")
    log, salts = log_id(signer.public), os.urandom(SALTS_BYTES)
    yield [header_line([key], entries)]
    for first in range(0, entries, CHECKPOINT_EVERY):
        piece = []
        for seq in range(first, min(first + CHECKPOINT_EVERY, entries)):
            made = stamp(entry(seq), seq, Moment(clock.now(), seq, "b"), salts)
            edge.append(leaf_hash(made.record))
            piece.append(entry_line(made))
        text = body(log, edge.size, edge.root(), clock.now())
        note = signed(text, log, key_id(log, signer.public), signer.sign(text.encode()))
        yield [*piece, checkpoint_line(note)]


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _verify(entries: int, report: Report) -> None:
    verifier, spent = Verifier(), 0.0
    for piece in export_of(entries):
        began = time.perf_counter()
        verifier.export(piece)
        spent += time.perf_counter() - began
    began = time.perf_counter()
    verdict = verifier.finish()
    spent += time.perf_counter() - began
    if verdict.findings:
        raise AssertionError(verdict.findings[0])
    report.figures |= {"verified_entries": entries, "verify_s": spent, "verified_per_s": entries / spent}


async def _measure(wish: Wish) -> Report:
    load: dict[str, Any] = {"seconds": wish.seconds, "appenders": wish.appenders, "entries": wish.entries}
    report = Report("audit", load)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.db"
        url = f"sqlite:///{path}"
        migrate(url)
        count = await _database("sqlite", url, _sqlite(Path(folder) / "bare.db"), wish, report)
        report.figures["sqlite_bytes_per_entry"] = path.stat().st_size / count
    if wish.postgres:
        migrate(wish.postgres)
        await _database("postgresql", wish.postgres, _postgresql(wish.postgres), wish, report)
    return report


def run(wish: Wish) -> Report:
    """Measure, verify, say which promises were held."""
    report = asyncio.run(_measure(wish))
    _verify(wish.entries, report)
    return report
