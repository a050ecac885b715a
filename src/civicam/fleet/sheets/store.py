"""Imports and exports as SQL: one instance lives inside one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, Row, and_, func, insert, or_, select, update

from civicam.fleet.cursor import mark, place
from civicam.fleet.register import Lists
from civicam.fleet.sheets import journal, stored, writes
from civicam.fleet.sheets.columns import sheets
from civicam.fleet.sheets.compare import Preview, Standing, State, build, finish
from civicam.fleet.sheets.filtering import chosen
from civicam.fleet.sheets.grid import ReadSheet
from civicam.fleet.sheets.ports import Ask, Batch, BatchState, Conflict, ExportFilter, Secrets
from civicam.fleet.sheets.rules import check
from civicam.fleet.sheets.schema import Row as SheetRow
from civicam.fleet.sheets.schema import SheetName
from civicam.fleet.sheets.undoing import conflicts, take_back
from civicam.fleet.tables import city, sheet_import
from civicam.kernel.errors import Refused

_SHOWN = 3
"""Conflicts that a refusal names."""


class SheetSettings:
    """What the store has to know of the installation: what records choose from, how secrets are kept, how
    often devices are to be heard, and the realm where no city file has named one."""

    def __init__(self, lists: Lists, secrets: Secrets, heartbeat: tuple[int, int], realm: str) -> None:
        self.schema = sheets(lists)
        self.secrets = secrets
        self.heartbeat_s, self.misses = heartbeat
        self.realm = realm


class ImportStore:
    """Fills `civicam.fleet.sheets.ports.ImportStore`."""

    def __init__(self, connection: Connection, settings: SheetSettings) -> None:
        self._db = connection
        self._settings = settings

    @staticmethod
    def on(settings: SheetSettings) -> Callable[[Connection], ImportStore]:
        """As a unit of work makes it."""
        return lambda connection: ImportStore(connection, settings)

    def standing(self) -> Standing:
        return stored.standing(self._db, self._settings.secrets.same)

    def compare(self, read: Sequence[ReadSheet]) -> Preview:
        return self._compare(read, self.standing())

    def _compare(self, read: Sequence[ReadSheet], standing: Standing) -> Preview:
        world = build(read, standing, self._settings.schema, self._settings.heartbeat_s)
        check(world)
        return finish(world)

    # -- batches

    def add(self, batch: Batch) -> None:
        self._db.execute(
            insert(sheet_import).values(
                import_id=batch.import_id,
                file_name=batch.file_name[:200],
                sha256=batch.sha256,
                size=batch.size,
                by=batch.by[:200],
                at=batch.at,
                state=batch.state.value,
                counts=orjson.dumps(batch.counts).decode(),
                digest=batch.digest,
                code=batch.code,
                data=orjson.dumps(batch.data).decode(),
                applied_by="",
                undone_by="",
            )
        )

    def get(self, import_id: str) -> Batch | None:
        row = self._db.execute(select(*_COLUMNS).where(_import_id == import_id)).one_or_none()
        return None if row is None else _batch(row)

    def page(self, after: str, limit: int) -> tuple[list[Batch], str | None]:
        query = select(*_COLUMNS).order_by(sheet_import.c.at.desc(), _import_id.desc()).limit(limit + 1)
        if after:
            when, key = place(after)
            at = _moment(when)
            query = query.where(or_(sheet_import.c.at < at, and_(sheet_import.c.at == at, _import_id < key)))
        rows = [_batch(row) for row in self._db.execute(query)]
        more = len(rows) > limit
        rows = rows[:limit]
        return rows, mark(rows[-1].at.isoformat(), rows[-1].import_id) if more else None

    def count(self, states: Sequence[BatchState]) -> int:
        wanted = sheet_import.c.state.in_([each.value for each in states])
        return int(self._db.execute(select(func.count()).where(wanted)).scalar_one())

    def old(self, states: Sequence[BatchState], before: datetime) -> list[str]:
        wanted = sheet_import.c.state.in_([each.value for each in states])
        return list(self._db.execute(select(_import_id).where(wanted, sheet_import.c.at < before)).scalars())

    def turn(self, import_id: str, states: Sequence[BatchState], batch: Mapping[str, Any]) -> bool:
        mine = (_import_id == import_id, sheet_import.c.state.in_([each.value for each in states]))
        return bool(self._db.execute(update(sheet_import).where(*mine).values(**batch)).rowcount)

    # -- doing and taking back

    def apply(self, ask: Ask) -> Batch:
        self._demand(ask.import_id, BatchState.APPLYING)
        standing = self.standing()
        preview = self._compare(ask.read, standing)
        if preview.digest != ask.digest or preview.total(State.FAULTY):
            raise Refused("fleet.import-outdated")
        realm = self._realm()
        terms = writes.Terms(
            ask.at,
            ask.by,
            lambda row: self._settings.secrets.columns(row, realm),
            self._settings.misses,
            writes.Ids.of(standing),
        )
        before = journal.images(self._db)
        writes.write(self._db, preview, terms, ask.tell)
        entries = journal.difference(before, journal.images(self._db))
        self.turn(
            ask.import_id,
            [BatchState.APPLYING],
            {
                "state": BatchState.APPLIED.value,
                "applied_at": ask.at,
                "applied_by": ask.by[:200],
                "journal": journal.pack(entries),
                "code": "",
                "data": "{}",
            },
        )
        return self._demand(ask.import_id, BatchState.APPLIED)

    def _realm(self) -> str:
        found = self._db.execute(select(city.c.realm)).scalar_one_or_none()
        return found or self._settings.realm

    def conflicts(self, import_id: str) -> list[Conflict]:
        self._demand(import_id, BatchState.APPLIED)
        return conflicts(self._db, self._journal(import_id))

    def undo(self, import_id: str, at: datetime, by: str) -> Batch:
        self._demand(import_id, BatchState.APPLIED)
        entries = self._journal(import_id)
        against = conflicts(self._db, entries)
        if against:
            shown = " · ".join(" ".join(filter(None, (c.key, c.column))) for c in against[:_SHOWN])
            raise Refused("fleet.undo-changed", number=len(against), cells=shown)
        take_back(self._db, entries)
        said = {"state": BatchState.UNDONE.value, "undone_at": at, "undone_by": by[:200], "journal": None}
        self.turn(import_id, [BatchState.APPLIED], said)
        return self._demand(import_id, BatchState.UNDONE)

    def _journal(self, import_id: str) -> list[journal.Entry]:
        kept = self._db.execute(select(sheet_import.c.journal).where(_import_id == import_id)).scalar_one()
        return journal.unpack(bytes(kept))

    def _demand(self, import_id: str, state: BatchState) -> Batch:
        found = self.get(import_id)
        if found is None:
            raise Refused("fleet.unknown-import", import_id=import_id)
        if found.state is not state:
            raise Refused("fleet.import-state", state=found.state.value)
        return found

    # -- export

    def export(self, sheets: Sequence[SheetName], wanted: ExportFilter) -> dict[SheetName, list[SheetRow]]:
        return chosen(self._db, self.standing(), sheets, wanted)


_import_id = sheet_import.c.import_id
_COLUMNS = tuple(each for each in sheet_import.columns if each.name != "journal")


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise Refused("fleet.bad-cursor") from None


def _batch(row: Row[Any]) -> Batch:
    return Batch(
        row.import_id,
        row.file_name,
        row.sha256,
        row.size,
        row.by,
        row.at,
        BatchState(row.state),
        orjson.loads(row.counts),
        row.digest,
        row.code,
        orjson.loads(row.data),
        row.applied_at,
        row.applied_by,
        row.undone_at,
        row.undone_by,
    )
