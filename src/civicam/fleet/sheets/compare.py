"""What a file would change: each of its rows is new, changed, unchanged or faulty against the register. Pure.

A row says what it says: an empty cell empties a field, a column that is not in the sheet leaves it, and a
password left empty stays. A place is a statement of its source and is compared with that source's last one.
Of a lower end whose links are in the file, links that are not are removed.
"""

from __future__ import annotations

import enum
import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import orjson

from civicam.fleet.placing import Source
from civicam.fleet.register import CameraKind
from civicam.fleet.sheets.cells import CellFault
from civicam.fleet.sheets.grid import ReadRow, ReadSheet
from civicam.fleet.sheets.schema import Row, Sheet, SheetName, Value

Key = tuple[str, ...]
PLACE = ("lon", "lat", "system", "source", "surveyed_on")
"""The columns of a site that are one statement."""
RECORD = ("kind", "lane", "place", "ground", "ground_note", "purpose", "owner", "filed_on", "filing_no")
"""The columns of a channel that are its camera's record."""
DEVICE_ENDS = {
    SheetName.DEVICES: ("id",),
    SheetName.CHANNELS: ("device",),
    SheetName.EDGES: ("upper", "lower"),
}
HIDDEN = "••••"


class State(enum.StrEnum):
    """What becomes of a row."""

    NEW = "new"
    CHANGED = "changed"
    REMOVED = "removed"
    UNCHANGED = "unchanged"
    FAULTY = "faulty"


@dataclass(frozen=True, slots=True)
class Standing:
    """The register in the words of the sheets.

    Attributes:
        rows: by sheet and key.
        said: what each source says of a site's place.
        alias: our id of a device → its key in sheets, its GB id where it has one.
        channel_ids: our id of a channel by its key in sheets.
        same_secret: whether a device (by key) has this user name and password already.
    """

    rows: Mapping[SheetName, Mapping[Key, Row]]
    said: Mapping[str, Mapping[str, Row]] = field(default_factory=dict)
    alias: Mapping[str, str] = field(default_factory=dict)
    channel_ids: Mapping[Key, str] = field(default_factory=dict)
    same_secret: Callable[[str, Row], bool] = lambda _key, _row: False


@dataclass(frozen=True, slots=True)
class Change:
    """One cell before and after."""

    column: str
    old: Value
    new: Value


@dataclass(frozen=True, slots=True)
class RowDiff:
    """One row. ``number`` is Excel's, 0 for what the file does not name; ``values`` the row afterwards."""

    sheet: SheetName
    number: int
    key: Key
    state: State
    changes: tuple[Change, ...] = ()
    faults: Mapping[str, CellFault] = field(default_factory=dict)
    values: Row = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Preview:
    """The whole comparison; ``digest`` is the same for the same outcome, whatever the order of rows."""

    rows: tuple[RowDiff, ...]
    digest: str

    def counts(self) -> dict[SheetName, dict[State, int]]:
        """Rows by sheet and state, every state named."""
        found: dict[SheetName, dict[State, int]] = {}
        for (sheet, state), number in Counter((row.sheet, row.state) for row in self.rows).items():
            found.setdefault(sheet, dict.fromkeys(State, 0))[state] = number
        return {sheet: found[sheet] for sheet in SheetName if sheet in found}

    def total(self, *states: State) -> int:
        """Rows in any of these states."""
        return sum(row.state in states for row in self.rows)


@dataclass(slots=True)
class Draft:
    """A row under way: ``old`` what it is compared with, None when there is none."""

    sheet: SheetName
    number: int
    key: Key | None
    old: Row | None
    new: dict[str, Value]
    faults: dict[str, CellFault]


@dataclass(slots=True)
class World:
    """How everything would stand afterwards, for rules that look beyond a row."""

    standing: Standing
    schema: Mapping[SheetName, Sheet]
    drafts: dict[SheetName, list[Draft]]
    after: dict[SheetName, dict[Key, Row]]
    removed: set[Key] = field(default_factory=set)
    """Links that go."""

    def stands(self, sheet: SheetName, key: Key) -> bool:
        """Whether the register knows it already."""
        return key in self.standing.rows.get(sheet, {})


def build(read: Iterable[ReadSheet], standing: Standing, schema: Sequence[Sheet], heartbeat_s: int) -> World:
    """Drafts of all rows, laid over the register."""
    known = {sheet.name: sheet for sheet in schema}
    world = World(standing, known, {}, {name: dict(standing.rows.get(name, {})) for name in SheetName})
    for part in read:
        sheet = known[part.name]
        drafts = [_draft(row, part, sheet, standing, heartbeat_s) for row in part.rows]
        world.drafts[part.name] = drafts
        _mark_twice(drafts, sheet)
        for draft in drafts:
            if draft.key is not None:
                world.after[part.name][draft.key] = draft.new
    _drop_links(world)
    return world


def finish(world: World) -> Preview:
    """The outcome, once all rules have spoken."""
    rows = [_diff(draft) for name in SheetName for draft in world.drafts.get(name, ())]
    links = world.standing.rows.get(SheetName.EDGES, {})
    rows += [
        RowDiff(SheetName.EDGES, 0, key, State.REMOVED, values=links[key]) for key in sorted(world.removed)
    ]
    return Preview(tuple(rows), _digest(rows))


def _draft(row: ReadRow, part: ReadSheet, sheet: Sheet, standing: Standing, heartbeat_s: int) -> Draft:
    values = dict(row.values)
    for name in DEVICE_ENDS.get(part.name, ()):
        value = values.get(name)
        if isinstance(value, str):
            values[name] = standing.alias.get(value, value)
    key = _key(values, sheet)
    old = None if key is None else standing.rows.get(part.name, {}).get(key)
    if part.name is SheetName.SITES and key is not None:
        old = _place(values, old, standing.said.get(key[0], {}))
    faults = dict(row.faults)
    if old is None:
        faults |= {name: fault for name, fault in row.weak.items() if name not in faults}
        for column in sheet.columns:
            if column.required and column.key not in part.columns:
                faults[column.key] = CellFault("fleet.cell-required")
    new = {**_empty(sheet), **(old or {}), **values}
    return Draft(part.name, row.number, key, old, _normal(part.name, new, heartbeat_s), faults)


def _key(values: Row, sheet: Sheet) -> Key | None:
    parts = [values.get(name) for name in sheet.keys]
    return tuple(str(part) for part in parts) if all(parts) else None


def _empty(sheet: Sheet) -> dict[str, Value]:
    return {column.key: None for column in sheet.columns}


def _place(values: dict[str, Value], old: Row | None, said: Mapping[str, Row]) -> Row | None:
    """Of a site: a row without coordinates says nothing of its place; one with them is compared with what its
    source said."""
    if values.get("lon") is None and values.get("lat") is None:
        for name in PLACE:
            values.pop(name, None)
        return old
    values["source"] = values.get("source") or Source.IMPORT.value
    before = said.get(str(values["source"]), {})
    if "surveyed_on" not in values:
        values["surveyed_on"] = before.get("surveyed_on")
    return None if old is None else {**old, **dict.fromkeys(PLACE), **before}


def _normal(name: SheetName, row: dict[str, Value], heartbeat_s: int) -> dict[str, Value]:
    """What empty cells stand for."""
    if name in (SheetName.SITES, SheetName.AREAS):
        row["name_en"] = row["name_en"] or row["name"]
    elif name is SheetName.DEVICES:
        row["protocol"] = row["protocol"] or "gb28181"
        row["heartbeat_s"] = row["heartbeat_s"] or heartbeat_s
    elif name is SheetName.CHANNELS:
        if any(row[each] for each in RECORD):
            row["kind"] = row["kind"] or CameraKind.FIXED.value
    elif name is SheetName.EDGES:
        row["backup"] = bool(row["backup"])
    return row


def _mark_twice(drafts: Sequence[Draft], sheet: Sheet) -> None:
    first: dict[Key, Draft] = {}
    for draft in drafts:
        if draft.key is None:
            continue
        other = first.setdefault(draft.key, draft)
        if other is not draft:
            column = sheet.keys[-1]
            draft.faults[column] = CellFault("fleet.cell-twice", {"row": other.number})
            other.faults.setdefault(column, CellFault("fleet.cell-twice", {"row": draft.number}))


def _drop_links(world: World) -> None:
    """Links above a lower end that the file speaks of, and that it does not name."""
    drafts = world.drafts.get(SheetName.EDGES, [])
    named = {draft.key for draft in drafts}
    lowers = {draft.key[1] for draft in drafts if draft.key is not None}
    links = world.after[SheetName.EDGES]
    for key in world.standing.rows.get(SheetName.EDGES, {}):
        if key[1] in lowers and key not in named:
            world.removed.add(key)
            del links[key]


def _diff(draft: Draft) -> RowDiff:
    key = draft.key or ()
    if draft.faults:
        return RowDiff(draft.sheet, draft.number, key, State.FAULTY, (), dict(draft.faults), draft.new)
    changes = tuple(_changes(draft))
    state = State.NEW if draft.old is None else State.CHANGED if changes else State.UNCHANGED
    return RowDiff(draft.sheet, draft.number, key, state, changes, {}, draft.new)


def _changes(draft: Draft) -> Iterator[Change]:
    old = draft.old or {}
    for name, value in draft.new.items():
        if name == "secret":
            if value is not None:
                yield Change(name, HIDDEN if draft.old else None, HIDDEN)
        elif old.get(name) != value:
            yield Change(name, old.get(name), value)


def _digest(rows: Iterable[RowDiff]) -> str:
    told = sorted(
        (
            row.sheet.value,
            list(row.key),
            row.state.value,
            sorted([each.column, each.old, each.new] for each in row.changes),
            sorted([name, fault.code] for name, fault in row.faults.items()),
        )
        for row in rows
    )
    return hashlib.sha256(orjson.dumps(told)).hexdigest()
