"""A workbook's cells become rows: headers are found, each cell is read, what is wrong stays at its cell.
Pure.

What concerns a whole sheet (a header nobody knows, a column that is missing) refuses the file; what
concerns a cell is kept at it, so that one upload shows all that has to be mended.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from civicam.fleet.sheets.cells import CellFault, FaultyCell, Raw, read, show
from civicam.fleet.sheets.schema import Column, Sheet, SheetName, Value, tidy
from civicam.kernel.errors import Refused

IGNORED = frozenset({"说明", "notes", "选项", "options", "错误", "errors"})
"""Tabs of the template that carry no rows."""
PLACE = ("lon", "lat")


@dataclass(frozen=True, slots=True)
class Merge:
    """A merged range, ends included, counted from 0."""

    top: int
    left: int
    bottom: int
    right: int

    def __str__(self) -> str:
        return f"{cell(self.top, self.left)}:{cell(self.bottom, self.right)}"


@dataclass(frozen=True, slots=True)
class Grid:
    """One tab as it stands. ``formulas``: (row, column) from 0 of cells that hold one."""

    title: str
    rows: Sequence[Sequence[Raw]]
    formulas: Collection[tuple[int, int]] = frozenset()
    merged: Sequence[Merge] = ()


@dataclass(frozen=True, slots=True)
class ReadRow:
    """A row: ``number`` as Excel counts. ``weak``: faults that count only where the row is a new one;
    ``raw``: what stands in faulty cells."""

    number: int
    values: dict[str, Value]
    faults: dict[str, CellFault] = field(default_factory=dict)
    weak: dict[str, CellFault] = field(default_factory=dict)
    raw: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReadSheet:
    """A sheet's rows and the columns it has: what has no column is not touched."""

    name: SheetName
    columns: frozenset[str]
    rows: tuple[ReadRow, ...]


def cell(row: int, column: int) -> str:
    """``B5`` for (4, 1)."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return f"{letters}{row + 1}"


def read_all(grids: Sequence[Grid], schema: Sequence[Sheet]) -> tuple[ReadSheet, ...]:
    """Every sheet of a workbook, in the order of the schema.

    Raises `Refused`: ``fleet.sheet-unknown``, ``fleet.sheet-none``, ``fleet.sheet-twice``, and those of
    `read_sheet`.
    """
    titles = {name.casefold(): sheet for sheet in schema for name in (sheet.zh, sheet.en)}
    found: dict[SheetName, ReadSheet] = {}
    for grid in grids:
        title = grid.title.strip().casefold()
        sheet = titles.get(title)
        if sheet is None:
            if title in IGNORED or not any(any(_filled(each) for each in row) for row in grid.rows):
                continue
            raise Refused("fleet.sheet-unknown", sheet=grid.title[:60])
        if sheet.name in found:
            raise Refused("fleet.sheet-twice", sheet=grid.title[:60])
        found[sheet.name] = read_sheet(grid, sheet)
    if not any(each.rows for each in found.values()):
        raise Refused("fleet.sheet-none")
    return tuple(found[sheet.name] for sheet in schema if sheet.name in found)


def read_sheet(grid: Grid, sheet: Sheet) -> ReadSheet:
    """One sheet.

    Raises `Refused`: ``fleet.sheet-header``, ``fleet.sheet-column-twice``, ``fleet.sheet-no-column``,
    ``fleet.sheet-no-header``, ``fleet.sheet-merged`` (in the header).
    """
    for merge in grid.merged:
        if merge.top == 0:
            raise Refused("fleet.sheet-merged", sheet=grid.title, range=str(merge))
    columns = _columns(grid, sheet)
    merged = _merged(grid.merged, len(grid.rows), len(columns))
    rows = []
    for number, raws in enumerate(grid.rows[1:], 1):
        if not any(_filled(each) for each in raws):
            continue
        for place in range(len(raws)):
            if columns.get(place) is None and _filled(raws[place]):
                raise Refused("fleet.sheet-no-header", sheet=grid.title, cell=cell(number, place))
        rows.append(_row(grid, number, raws, columns, merged))
    keys = {column.key for column in columns.values()}
    if set(PLACE) <= keys and sheet.name is SheetName.SITES:
        keys.add("system")
    return ReadSheet(sheet.name, frozenset(keys), tuple(rows))


def _filled(raw: Raw) -> bool:
    return raw is not None and (not isinstance(raw, str) or bool(raw.strip()))


def _columns(grid: Grid, sheet: Sheet) -> dict[int, Column]:
    """The columns by their place."""
    known = sheet.headers()
    found: dict[int, Column] = {}
    for place, raw in enumerate(grid.rows[0] if grid.rows else ()):
        if not _filled(raw):
            continue
        column = known.get(tidy(str(raw)))
        if column is None:
            raise Refused("fleet.sheet-header", sheet=grid.title, header=str(raw)[:60], cell=cell(0, place))
        if column in found.values():
            raise Refused("fleet.sheet-column-twice", sheet=grid.title, header=str(raw)[:60])
        found[place] = column
    here = {column.key for column in found.values()}
    for key in sheet.keys:
        if key not in here:
            raise Refused("fleet.sheet-no-column", sheet=grid.title, column=sheet.column(key).zh)
    if ("lon" in here) != ("lat" in here):
        missing = next(key for key in PLACE if key not in here)
        raise Refused("fleet.sheet-no-column", sheet=grid.title, column=sheet.column(missing).zh)
    return found


def _merged(merges: Sequence[Merge], rows: int, columns: int) -> Mapping[tuple[int, int], str]:
    """Cells inside of merged ranges, as far as there are rows."""
    return {
        (row, column): str(merge)
        for merge in merges
        for row in range(merge.top, min(merge.bottom + 1, rows))
        for column in range(merge.left, min(merge.right + 1, columns))
    }


def _row(
    grid: Grid,
    number: int,
    raws: Sequence[Raw],
    columns: Mapping[int, Column],
    merged: Mapping[tuple[int, int], str],
) -> ReadRow:
    found = ReadRow(number + 1, {})
    systems = []
    for place, column in columns.items():
        if column.system is not None:
            pair = raws[place] if place < len(raws) else None
            if not _filled(pair) and (number, place) not in grid.formulas:
                found.values.setdefault(column.key, None)
                continue
            systems.append(column.system)
        here = (number, place)
        if here in grid.formulas:
            found.faults[column.key] = CellFault("fleet.cell-formula")
        elif here in merged:
            found.faults[column.key] = CellFault("fleet.cell-merged", {"range": merged[here]})
        else:
            _take(found, column, raws[place] if place < len(raws) else None)
        if column.key in found.faults and place < len(raws) and raws[place] is not None:
            found.raw[column.key] = show(raws[place], 1000)
    if systems:
        found.values["system"] = systems[0].value
        if len(set(systems)) > 1:
            found.faults["lon"] = CellFault("fleet.cell-two-systems")
    return found


def _take(found: ReadRow, column: Column, raw: Raw) -> None:
    try:
        found.values[column.key] = read(column, raw)
    except FaultyCell as error:
        if error.weak is None:
            found.faults[column.key] = error.fault
        else:
            found.values[column.key] = error.weak
            found.weak[column.key] = error.fault
