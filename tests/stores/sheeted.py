"""A small registered city whose spreadsheets go out and in again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, MetaData, select
from tests.stores.registered import Registered, city

from civicam.db.engine import Database
from civicam.db.schema import metadata
from civicam.db.unit import UnitOfWork
from civicam.fleet.register import Lists
from civicam.fleet.sheets import workbook
from civicam.fleet.sheets.columns import sheets
from civicam.fleet.sheets.compare import RowDiff, State
from civicam.fleet.sheets.passwords import secrets_of
from civicam.fleet.sheets.ports import Batch, ExportFilter
from civicam.fleet.sheets.schema import Row, SheetName
from civicam.fleet.sheets.service import ImportService
from civicam.fleet.sheets.settings import ImportSettings
from civicam.fleet.sheets.store import ImportStore, SheetSettings
from civicam.fleet.vault import KeyFileVault

Rows = dict[SheetName, list[dict[str, Any]]]
SCHEMA = sheets(Lists())
NEW_DEVICE = "34020000001180000009"
NEW_CHANNEL = "34020000001310000009"
LEFT_OUT = frozenset({"fleet_import", "fleet_graph", "alembic_version"})
"""Tables that tell of imports, or count edits."""


class Sheeted(Registered):
    """A fleet with papers, and its spreadsheets."""

    def __init__(self, database: Database, folder: Path) -> None:
        super().__init__(database, folder / "key")
        how = SheetSettings(Lists(), secrets_of(KeyFileVault(folder / "key")), (60, 3), "3402000000")
        self.folder = folder / "imports"
        self.enrolments = 0
        self.imports = ImportService(
            UnitOfWork(database, ImportStore.on(how)),
            self.clock,
            ImportSettings(),
            Lists(),
            self.folder,
            self._enrolled,
        )

    def _enrolled(self) -> None:
        self.enrolments += 1

    async def rows(self, *names: SheetName) -> Rows:
        """The register's rows, to be changed and brought in again."""
        found = await self.imports._work.read(
            lambda store: store.export(list(names or SheetName), ExportFilter())
        )
        return {name: [dict(row) for row in each] for name, each in found.items()}

    async def bring(self, rows: Mapping[SheetName, Sequence[Row]]) -> Batch:
        """Upload a workbook of these rows."""
        return await self.upload(workbook.export(SCHEMA, rows, "zh-CN"))

    async def upload(self, body: bytes) -> Batch:
        return await self.imports.upload(pieces(body), "city.xlsx", "ops")

    async def take_in(self, rows: Mapping[SheetName, Sequence[Row]]) -> Batch:
        """Upload and apply."""
        batch = await self.bring(rows)
        return await self.imports.apply(batch.import_id, "chief")

    async def outcome(self, batch: Batch, *states: State) -> list[RowDiff]:
        """Rows of a preview."""
        page = await self.imports.preview(batch.import_id, states or tuple(State), None, (0, 100_000))
        return page.rows

    async def everything(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every table of the store, to be compared byte for byte."""
        return await self.database.read(_dump)


def _dump(connection: Connection) -> dict[str, list[tuple[Any, ...]]]:
    tables: MetaData = metadata
    return {
        name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
        for name, table in tables.tables.items()
        if name not in LEFT_OUT and not name.startswith("db_")
    }


async def pieces(body: bytes, size: int = 4096) -> AsyncIterator[bytes]:
    """As a browser sends it."""
    for start in range(0, len(body), size):
        yield body[start : start + size]


def inside(
    url: str, tmp_path: Path, test: Callable[[Sheeted], Awaitable[None]], description: Any = None
) -> None:
    """Run a test in the city."""

    async def main() -> None:
        async with asyncio.timeout(100):
            house = Sheeted(Database(url), tmp_path)
            try:
                await house.take(description or city())
                await test(house)
            finally:
                await house.imports.aclose()
                await house.database.aclose()

    asyncio.run(main())
