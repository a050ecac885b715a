"""What a batch did to the tables, cell by cell, so that it can be undone and nothing else with it.

Before and after a batch the columns that sheets decide are read whole; the difference is the journal. It is
right by construction, also for cells that follow from others (the place of a site from the statements of it),
and it leaves out what devices report meanwhile.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import orjson
from sqlalchemy import Column, Connection, Table, select

from civicam.fleet.tables import (
    camera,
    channel,
    coordinate,
    device,
    district,
    edge,
    node,
    party,
    site,
    site_party,
    street,
)

Key = tuple[Any, ...]
Image = Mapping[str, Any]

DECIDED: tuple[tuple[Table, tuple[str, ...]], ...] = (
    (party, ()),
    (district, ()),
    (street, ()),
    (site, ()),
    (site_party, ()),
    (coordinate, ()),
    (
        device,
        (
            *("gb_id", "protocol", "kind", "name", "site_id", "heartbeat_s", "misses", "realm"),
            *("ha1_md5", "ha1_sha256", "rtsp_url", "username", "sealed"),
        ),
    ),
    (channel, ("device_id", "gb_id", "name", "site_id", "imported")),
    (camera, ()),
    (node, ()),
    (edge, ()),
)
"""Tables in the order in which rows may be added, with the columns that sheets decide; none: all of them."""
NOT_COMPARED = frozenset({"changed_at", "changed_by", "at", "by"})
"""Who wrote a cell last and when: restored with it, but no reason to refuse."""
TABLES: Mapping[str, Table] = {table.name: table for table, _ in DECIDED}


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of a table. ``before`` None: it was added; ``after`` None: it was taken away; else both hold
    the cells that changed."""

    table: str
    key: Key
    before: Image | None
    after: Image | None


def keys_of(table: Table) -> tuple[Column[Any], ...]:
    """The primary key."""
    return tuple(table.primary_key.columns)


Images = Mapping[str, Mapping[Key, Image]]


def images(db: Connection) -> Images:
    """What sheets decide, of all tables."""
    return {table.name: _read(db, table, names) for table, names in DECIDED}


def _read(db: Connection, table: Table, names: Sequence[str]) -> dict[Key, Image]:
    keys = keys_of(table)
    wanted = [table.c[name] for name in names] or [each for each in table.columns if each not in set(keys)]
    labels = [str(each.name) for each in wanted]
    return {
        tuple(row[: len(keys)]): dict(zip(labels, row[len(keys) :], strict=True))
        for row in db.execute(select(*keys, *wanted))
    }


def difference(before: Images, after: Images) -> list[Entry]:
    """The journal of what lies between two images."""
    found: list[Entry] = []
    for table, old in before.items():
        new = after[table]
        for key, row in new.items():
            was = old.get(key)
            if was is None:
                found.append(Entry(table, key, None, row))
            elif was != row:
                names = [name for name, value in row.items() if was[name] != value]
                found.append(Entry(table, key, {n: was[n] for n in names}, {n: row[n] for n in names}))
        found += [Entry(table, key, row, None) for key, row in old.items() if key not in new]
    return found


# -- kept as one value ------------------------------------------------------------------------------


def pack(entries: Sequence[Entry]) -> bytes:
    """The journal as it is stored."""
    rows = [[each.table, list(each.key), _plain(each.before), _plain(each.after)] for each in entries]
    return zlib.compress(orjson.dumps(rows), 6)


def _plain(image: Image | None) -> dict[str, Any] | None:
    return None if image is None else {name: _cell(value) for name, value in image.items()}


def _cell(value: Any) -> Any:
    if isinstance(value, bytes | memoryview):
        return {"b": base64.b64encode(bytes(value)).decode()}
    if isinstance(value, datetime):
        return {"t": value.isoformat()}
    if isinstance(value, date):
        return {"d": value.isoformat()}
    return value


def unpack(kept: bytes) -> list[Entry]:
    """The journal again."""
    return [Entry(*each) for each in _entries(kept)]


def _entries(kept: bytes) -> Iterator[tuple[str, Key, Image | None, Image | None]]:
    for table, key, before, after in orjson.loads(zlib.decompress(kept)):
        yield table, tuple(key), _image(before), _image(after)


def _image(plain: dict[str, Any] | None) -> Image | None:
    return None if plain is None else {name: _value(each) for name, each in plain.items()}


def _value(cell: Any) -> Any:
    if not isinstance(cell, dict):
        return cell
    ((kind, text),) = cell.items()
    if kind == "b":
        return base64.b64decode(text)
    return datetime.fromisoformat(text) if kind == "t" else date.fromisoformat(text)
