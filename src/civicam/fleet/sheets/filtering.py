"""Which rows an export gives: what the lists of channels and devices would show for the same filter."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import Connection

from civicam.fleet import device_queries, queries
from civicam.fleet.sheets.compare import Key, Standing
from civicam.fleet.sheets.ports import ExportFilter
from civicam.fleet.sheets.schema import Row, SheetName
from civicam.fleet.views import ChannelFilter, DeviceFilter

GAPS = {"owner": ("owner",), "ground": ("ground",), "purpose": ("purpose",), "place": ("place",)}
_ANY = ("owner", "ground", "purpose", "place")


def chosen(
    db: Connection, standing: Standing, sheets: Sequence[SheetName], wanted: ExportFilter
) -> dict[SheetName, list[Row]]:
    """Rows by sheet, in the order of their keys. A link comes with all links of its lower end."""
    found: dict[SheetName, list[Row]] = {}
    areas = _areas(standing.rows[SheetName.AREAS], wanted)
    sites = _sites(standing.rows[SheetName.SITES], wanted)
    for name in sheets:
        rows = standing.rows[name]
        if name is SheetName.CHANNELS and wanted != ExportFilter():
            rows = _channels(db, standing, wanted)
        elif name is SheetName.DEVICES and wanted != ExportFilter():
            rows = _devices(db, standing, wanted, sites)
        elif name is SheetName.SITES:
            rows = sites
        elif name is SheetName.AREAS:
            rows = areas
        elif wanted.district and name in (SheetName.NODES, SheetName.EDGES):
            rows = _graph(standing, name, sites)
        found[name] = [rows[key] for key in sorted(rows)]
    return found


def _areas(rows: Mapping[Key, Row], wanted: ExportFilter) -> Mapping[Key, Row]:
    code = wanted.district
    return {key: row for key, row in rows.items() if not code or code in (key[0], row["district"])}


def _sites(rows: Mapping[Key, Row], wanted: ExportFilter) -> Mapping[Key, Row]:
    q = wanted.q.casefold()
    return {
        key: row
        for key, row in rows.items()
        if (not wanted.district or row["district"] == wanted.district)
        and (not q or any(q in str(row[each]).casefold() for each in ("id", "name", "name_en")))
    }


def _channels(db: Connection, standing: Standing, wanted: ExportFilter) -> Mapping[Key, Row]:
    ids = queries.channel_ids_of(db, ChannelFilter(wanted.q, wanted.state, wanted.district))
    rows = standing.rows[SheetName.CHANNELS]
    found = {key: rows[key] for key, channel_id in standing.channel_ids.items() if channel_id in ids}
    if not wanted.gap:
        return found
    if wanted.gap == "filing":
        return {key: row for key, row in found.items() if row["filed_on"] is None}
    names = GAPS.get(wanted.gap, _ANY)
    return {key: row for key, row in found.items() if any(row[name] is None for name in names)}


def _devices(
    db: Connection, standing: Standing, wanted: ExportFilter, sites: Mapping[Key, Row]
) -> Mapping[Key, Row]:
    ids = device_queries.device_ids_of(db, DeviceFilter(wanted.q, wanted.state, wanted.protocol))
    rows = standing.rows[SheetName.DEVICES]
    found: dict[Key, Row] = {
        (key,): rows[key,] for device_id, key in standing.alias.items() if device_id in ids
    }
    if not wanted.district:
        return found
    return {key: row for key, row in found.items() if (str(row["site"]),) in sites}


def _graph(standing: Standing, name: SheetName, sites: Collection[Key]) -> Mapping[Key, Row]:
    """Of a district: what stands at its sites, and the links that end there."""
    ends = {
        key[0]
        for sheet in (SheetName.NODES, SheetName.DEVICES)
        for key, row in standing.rows[sheet].items()
        if (str(row["site"]),) in sites
    }
    at = 0 if name is SheetName.NODES else 1
    return {key: row for key, row in standing.rows[name].items() if key[at] in ends}
