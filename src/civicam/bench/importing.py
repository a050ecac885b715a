"""``civicam bench import``: a city's workbook from upload to the register, on SQLite and on PostgreSQL.

The workbook is that of `civicam.bench.import_city`, written by the product's own export. Measured are the
preview (upload, reading in a process of its own, comparing) and the writing; then that a second import finds
nothing to do. Floors, in the same run: calamine reading the same file, and a bare executemany of as many
rows, each of one text, into SQLite in one transaction.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
from python_calamine import CalamineWorkbook
from sqlalchemy import make_url

from civicam.bench.import_city import rows
from civicam.bench.outages_city import Scale
from civicam.bench.report import Goal, Report
from civicam.db.engine import Database
from civicam.db.migrate import migrate
from civicam.db.unit import UnitOfWork
from civicam.fleet.register import Lists
from civicam.fleet.sheets import workbook
from civicam.fleet.sheets.columns import sheets
from civicam.fleet.sheets.compare import State
from civicam.fleet.sheets.passwords import secrets_of
from civicam.fleet.sheets.ports import BatchState
from civicam.fleet.sheets.service import ImportService
from civicam.fleet.sheets.settings import ImportSettings
from civicam.fleet.sheets.store import ImportStore, SheetSettings
from civicam.fleet.vault import KeyFileVault
from civicam.kernel.clock import ManualClock

WITHIN_S = 60.0
PIECE = 1 << 16
_DATABASE = "civicam_bench_import"


def run(seed: int = 1, scale: Scale = "city", postgres: str = "") -> Report:
    """One city; ``postgres``: URL of a server where a database may be made and dropped, empty: SQLite
    alone."""
    city = rows(seed, scale)
    count = sum(len(each) for each in city.values())
    body = workbook.export(sheets(Lists()), city, "zh-CN")
    report = Report(
        "import",
        load={"seed": seed, "rows": count, "bytes": len(body)}
        | {name.value: len(each) for name, each in city.items()},
    )
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "city.xlsx").write_bytes(body)
        report.floors["calamine_s"] = _calamine(place / "city.xlsx")
        report.floors["executemany_s"] = _executemany(place / "floor.db", count)
        floor = float(report.floors["calamine_s"] or 0) + float(report.floors["executemany_s"] or 0)
        stores = {"sqlite": ""} | ({"postgresql": postgres} if postgres else {})
        for name, server in stores.items():
            took = _measure(place / name, server, body, report, name)
            report.ratios[f"{name}_to_floor"] = took / floor if floor else 0.0
            report.goals[f"{name}_preview_and_apply"] = Goal(WITHIN_S, took, "s")
    return report


def _measure(folder: Path, server: str, body: bytes, report: Report, name: str) -> float:
    folder.mkdir()
    url = _fresh(server) if server else f"sqlite:///{folder}/civicam.db"
    try:
        migrate(url)
        found = asyncio.run(_import(url, folder, body))
    finally:
        if server:
            _drop(server)
    for figure, value in found.items():
        report.figures[f"{name}_{figure}"] = value
    return float(found["preview_s"]) + float(found["apply_s"])


async def _import(url: str, folder: Path, body: bytes) -> dict[str, float]:
    database = Database(url)
    how = SheetSettings(Lists(), secrets_of(KeyFileVault(folder / "key")), (60, 3), "3402000000")
    imports = ImportService(
        UnitOfWork(database, ImportStore.on(how)),
        ManualClock(),
        ImportSettings(),
        Lists(),
        folder / "imports",
        lambda: None,
    )
    try:
        begin, spent = time.perf_counter(), sum(os.times()[:4])
        batch = await imports.upload(_pieces(body), "city.xlsx", "bench")
        compared = time.perf_counter()
        done = await imports.apply(batch.import_id, "bench")
        written, spent = time.perf_counter(), sum(os.times()[:4]) - spent
        again = await imports.upload(_pieces(body), "city.xlsx", "bench")
        assert done.state is BatchState.APPLIED
        page = await imports.preview(
            again.import_id, [State.NEW, State.CHANGED, State.REMOVED, State.FAULTY], None, (0, 1)
        )
        begun = time.perf_counter()
        await imports.undo(batch.import_id, "bench")
        return {
            "preview_s": compared - begin,
            "apply_s": written - compared,
            "cpu_s": spent,
            "undo_s": time.perf_counter() - begun,
            "changed_by_a_second_import": page.total,
        }
    finally:
        await database.aclose()


async def _pieces(body: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(body), PIECE):
        yield body[start : start + PIECE]


def _calamine(file: Path) -> float:
    begin = time.perf_counter()
    book = CalamineWorkbook.from_path(file)
    for name in book.sheet_names:
        book.get_sheet_by_name(name).to_python()
    return time.perf_counter() - begin


def _executemany(file: Path, count: int) -> float:
    begin = time.perf_counter()
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE line (id TEXT PRIMARY KEY, body TEXT)")
    with connection:
        connection.executemany(
            "INSERT INTO line VALUES (?, ?)", ((f"{n:020}", "x" * 120) for n in range(count))
        )
    connection.close()
    return time.perf_counter() - begin


def _fresh(server: str) -> str:
    _drop(server)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{_DATABASE}"')
    return make_url(server).set(database=_DATABASE).render_as_string(hide_password=False)


def _drop(server: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{_DATABASE}" WITH (FORCE)')
