"""``/api/fleet/imports`` and ``/api/fleet/export.xlsx``: spreadsheets in and out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from civicam.fleet.crs import System
from civicam.fleet.sheets.cells import CellFault
from civicam.fleet.sheets.compare import Change, RowDiff, State
from civicam.fleet.sheets.ports import Batch, BatchState, Conflict, ExportFilter
from civicam.fleet.sheets.schema import Column, Language, Sheet, SheetName, Value
from civicam.fleet.sheets.service import ImportService
from civicam.fleet.views import Text
from civicam.kernel.errors import Refused
from civicam.kernel.messages import message
from civicam.web.auth import Inside, Who

router = APIRouter(prefix="/fleet", tags=["imports"])

Key = Annotated[str, Path(min_length=1, max_length=32, pattern=r"^[0-9a-f]+$")]
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True, slots=True)
class ProgressOut:
    """The sheet that is being written, ``done`` of ``of`` steps."""

    sheet: SheetName | None
    done: int
    of: int


@dataclass(frozen=True, slots=True)
class ImportOut:
    """A batch. ``counts``: rows by sheet and state; ``error`` says why it could not be applied last time."""

    id: str
    file_name: str
    sha256: str
    size: int
    by: str
    at: datetime
    state: BatchState
    counts: Mapping[str, Mapping[str, int]]
    error: Text | None
    error_code: str
    progress: ProgressOut | None
    applied_at: datetime | None
    applied_by: str
    undone_at: datetime | None
    undone_by: str


@dataclass(frozen=True, slots=True)
class ImportsOut:
    """The newest first; ``next`` goes back as ``after``. ``file_mb``: how large an upload may be."""

    imports: list[ImportOut]
    next: str | None
    file_mb: int


@dataclass(frozen=True, slots=True)
class ChangeOut:
    """A cell before and after, in words."""

    column: str
    label: Text
    old: Text | None
    new: Text | None


@dataclass(frozen=True, slots=True)
class FaultOut:
    """Why a cell cannot be taken."""

    column: str
    label: Text
    code: str
    reason: Text


@dataclass(frozen=True, slots=True)
class RowOut:
    """A row of the preview; ``number`` is Excel's, 0 for a link that the file does not name and that goes."""

    sheet: SheetName
    number: int
    key: str
    name: str
    state: State
    changes: list[ChangeOut]
    faults: list[FaultOut]


@dataclass(frozen=True, slots=True)
class RowsOut:
    """A page; ``next`` goes back as ``after``."""

    rows: list[RowOut]
    next: int | None
    total: int


@dataclass(frozen=True, slots=True)
class ConflictOut:
    """Why a batch cannot be taken back."""

    table: str
    key: str
    column: str
    code: str
    reason: Text
    wrote: str
    found: str


@dataclass(frozen=True, slots=True)
class ConflictsOut:
    """``total`` of which the first are listed."""

    conflicts: list[ConflictOut]
    total: int


@dataclass(frozen=True, slots=True)
class SheetOut:
    """A sheet's name in both languages."""

    name: SheetName
    title: Text


@dataclass(frozen=True, slots=True)
class SheetsOut:
    """The sheets in their order."""

    sheets: list[SheetOut]


class RowsQuery(BaseModel):
    """Which rows of a preview: of these states (all where none is named), of one sheet or all."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    state: list[State] = []
    sheet: SheetName | None = None
    after: Annotated[int, Field(ge=0, le=10_000_000)] = 0
    limit: Annotated[int, Field(ge=1, le=500)] = 100


class ExportQuery(BaseModel):
    """Which rows: the same filters as the lists of channels, devices and cameras have."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sheet: list[SheetName] = []
    q: Annotated[str, Field(max_length=100)] = ""
    state: Literal["", "online", "offline", "unknown"] = ""
    district: Annotated[str, Field(max_length=12)] = ""
    protocol: Literal["", "gb28181", "rtsp"] = ""
    gap: Literal["", "any", "owner", "ground", "purpose", "place", "filing"] = ""
    language: Language = "zh-CN"

    def chosen(self) -> ExportFilter:
        """As the room reads it."""
        return ExportFilter(self.q.strip(), self.state, self.district, self.protocol, self.gap)


@router.post("/imports", status_code=201)
async def upload(
    request: Request, inside: Inside, who: Who, name: Annotated[str, Query(max_length=200)] = ""
) -> ImportOut:
    """Upload a workbook as the body; it is compared with the register, and nothing is written yet."""
    imports = inside.imports
    length = request.headers.get("content-length", "0")
    if length.isdigit() and int(length) > imports.limits.file_bytes:
        raise Refused("fleet.sheet-too-large", most=imports.limits.file_bytes >> 20)
    return _out(await imports.upload(request.stream(), name, who.name), imports)


@router.get("/imports")
async def batches(
    inside: Inside,
    after: Annotated[str, Query(max_length=200)] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 20,
) -> ImportsOut:
    """A page of batches."""
    found, more = await inside.imports.batches(after, limit)
    megabytes = inside.imports.limits.file_bytes >> 20
    return ImportsOut([_out(each, inside.imports) for each in found], more, megabytes)


@router.get("/imports/sheets")
async def sheets(inside: Inside) -> SheetsOut:
    """What the sheets are called."""
    return SheetsOut([SheetOut(each.name, Text(each.zh, each.en)) for each in inside.imports.schema])


@router.get("/imports/template.xlsx")
async def template(
    inside: Inside,
    sheet: Annotated[list[SheetName] | None, Query()] = None,
    language: Language = "zh-CN",
    system: System = System.WGS84,
) -> Response:
    """Empty sheets with headers, notes and drop-downs; ``system``: in which coordinates will be entered."""
    body = await inside.imports.template(sheet or [], language, system)
    return _file(body, "civicam-template.xlsx" if language == "en" else "登记模板.xlsx")


@router.get("/imports/{import_id}")
async def batch(import_id: Key, inside: Inside) -> ImportOut:
    """One batch."""
    return _out(await inside.imports.batch(import_id), inside.imports)


@router.get("/imports/{import_id}/rows")
async def rows(import_id: Key, inside: Inside, asked: Annotated[RowsQuery, Query()]) -> RowsOut:
    """A page of the preview."""
    states = asked.state or list(State)
    window = (asked.after, asked.limit)
    page = await inside.imports.preview(import_id, states, asked.sheet, window)
    schema = {each.name: each for each in inside.imports.schema}
    return RowsOut([_row(each, schema[each.sheet]) for each in page.rows], page.next, page.total)


@router.get("/imports/{import_id}/errors.xlsx")
async def errors(import_id: Key, inside: Inside, language: Language = "zh-CN") -> Response:
    """The upload with faulty cells marked; the same sheets, to be mended and uploaded again."""
    body, name = await inside.imports.error_book(import_id, language)
    return _file(body, name)


@router.post("/imports/{import_id}/confirm", status_code=202)
async def confirm(import_id: Key, inside: Inside, who: Who) -> ImportOut:
    """Apply a batch: all of it in one transaction, or nothing."""
    return _out(await inside.imports.confirm(import_id, who.name), inside.imports)


@router.get("/imports/{import_id}/conflicts")
async def conflicts(import_id: Key, inside: Inside) -> ConflictsOut:
    """What stands against taking a batch back."""
    found = await inside.imports.conflicts(import_id)
    return ConflictsOut([_conflict(each) for each in found[:200]], len(found))


@router.post("/imports/{import_id}/undo")
async def undo(import_id: Key, inside: Inside, who: Who) -> ImportOut:
    """Take a batch back, every cell of it."""
    return _out(await inside.imports.undo(import_id, who.name), inside.imports)


@router.delete("/imports/{import_id}")
async def discard(import_id: Key, inside: Inside, who: Who) -> ImportOut:
    """Give an upload up; the line of it stays."""
    return _out(await inside.imports.discard(import_id, who.name), inside.imports)


@router.get("/export.xlsx")
async def export(inside: Inside, who: Who, asked: Annotated[ExportQuery, Query()]) -> Response:
    """What is filtered, as a workbook that imports again; passwords are never in it."""
    body = await inside.imports.export(asked.sheet, asked.chosen(), asked.language, who.name)
    return _file(body, "civicam-register.xlsx" if asked.language == "en" else "登记数据.xlsx")


# -- as JSON ----------------------------------------------------------------------------------------


def _out(batch: Batch, imports: ImportService) -> ImportOut:
    now = imports.progress(batch.import_id)
    return ImportOut(
        id=batch.import_id,
        file_name=batch.file_name,
        sha256=batch.sha256,
        size=batch.size,
        by=batch.by,
        at=batch.at,
        state=batch.state,
        counts=batch.counts,
        error=_said(CellFault(batch.code, batch.data)) if batch.code else None,
        error_code=batch.code,
        progress=None if now is None else ProgressOut(now.sheet, now.done, now.of),
        applied_at=batch.applied_at,
        applied_by=batch.applied_by,
        undone_at=batch.undone_at,
        undone_by=batch.undone_by,
    )


def _said(fault: CellFault) -> Text:
    return Text(message(fault.code, "zh-CN", fault.data), message(fault.code, "en", fault.data))


def _row(row: RowDiff, sheet: Sheet) -> RowOut:
    columns = {column.key: column for column in reversed(sheet.columns)}
    key = " / ".join(columns[name].shown(row.values.get(name), "zh-CN") for name in sheet.keys)
    changes = [_change(each, columns[each.column]) for each in row.changes]
    faults = [
        FaultOut(name, _label(columns[name]), fault.code, _said(fault)) for name, fault in row.faults.items()
    ]
    return RowOut(row.sheet, row.number, key, str(row.values.get("name") or ""), row.state, changes, faults)


def _label(column: Column) -> Text:
    """Coordinates without their reference system, which is a cell of its own here."""
    if column.system is not None:
        return Text(column.zh.partition("（")[0], column.en.partition(" (")[0])
    return Text(column.zh, column.en)


def _change(change: Change, column: Column) -> ChangeOut:
    return ChangeOut(change.column, _label(column), _words(change.old, column), _words(change.new, column))


def _words(value: Value, column: Column) -> Text | None:
    if value is None or value == "":
        return None
    return Text(column.shown(value, "zh-CN"), column.shown(value, "en"))


def _conflict(found: Conflict) -> ConflictOut:
    said = _said(CellFault(found.code))
    return ConflictOut(found.table, found.key, found.column, found.code, said, found.wrote, found.found)


def _file(body: bytes, name: str) -> Response:
    """A download; names in Chinese go by RFC 6266's ``filename*``."""
    plain = name if name.isascii() else "civicam.xlsx"
    disposition = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name)}"
    return Response(body, media_type=XLSX, headers={"Content-Disposition": disposition})
