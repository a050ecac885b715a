"""Writes what a comparison found into the tables: all of it in the running transaction."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Table, bindparam, delete, insert, update

from civicam.db.upsert import upsert
from civicam.fleet import graph_rows, register_rows
from civicam.fleet.crs import System
from civicam.fleet.facts import Presence
from civicam.fleet.graph import Edge, Medium, Node, NodeId, NodeKind
from civicam.fleet.model import NOT_SEEN, channel_id_for, device_id_for
from civicam.fleet.placing import Source, Statement
from civicam.fleet.register import CameraKind, CameraRecord, Party, PartyId, PartyKind, Role
from civicam.fleet.sheets.compare import RECORD, Key, Preview, RowDiff, Standing, State
from civicam.fleet.sheets.schema import Row, SheetName
from civicam.fleet.sheets.stored import NO_CODE
from civicam.fleet.tables import camera, channel, device, district, site, street
from civicam.fleet.topology import Edit

Secret = Callable[[Row], Mapping[str, Any]]
"""The columns ``ha1_md5``, ``ha1_sha256``, ``sealed`` and ``realm`` for a device's row with its password."""


@dataclass(frozen=True, slots=True)
class Ids:
    """Our ids by the keys of the sheets, of what the register has; those of new rows follow from the key."""

    devices: Mapping[str, str]
    channels: Mapping[Key, str]

    @staticmethod
    def of(standing: Standing) -> Ids:
        """The ones of a register."""
        return Ids({key: device_id for device_id, key in standing.alias.items()}, standing.channel_ids)

    def device(self, key: str) -> str:
        """Of a device."""
        return self.devices.get(key) or str(device_id_for(key))

    def channel(self, key: Key) -> str:
        """Of a channel."""
        return self.channels.get(key) or str(channel_id_for(key[0], key[1]))

    def end(self, key: str, devices: Container[str]) -> NodeId:
        """Of a link's end; ``devices``: keys of new ones."""
        return NodeId(self.device(key) if key in self.devices or key in devices else key)


@dataclass(frozen=True, slots=True)
class Terms:
    """What rows do not say: when, by whom, how secrets are kept, heartbeats that may be missed, our ids."""

    at: datetime
    by: str
    secret: Secret
    misses: int
    ids: Ids


def write(db: Connection, preview: Preview, terms: Terms, tell: Callable[[SheetName], None]) -> None:
    """Everything new, changed and removed; ``tell`` hears before each sheet."""
    rows: dict[SheetName, list[RowDiff]] = {name: [] for name in SheetName}
    for row in preview.rows:
        if row.state in (State.NEW, State.CHANGED, State.REMOVED):
            rows[row.sheet].append(row)
    for name, work in (
        (SheetName.PARTIES, _parties),
        (SheetName.AREAS, _areas),
        (SheetName.SITES, _sites),
        (SheetName.DEVICES, _devices),
        (SheetName.CHANNELS, _channels),
    ):
        tell(name)
        if rows[name]:
            work(db, rows[name], terms)
    tell(SheetName.NODES)
    _graph(db, rows, terms.ids)


def text(row: Row, name: str) -> str:
    """A text; empty for nothing."""
    value = row.get(name)
    return "" if value is None else str(value)


def _or_none(row: Row, name: str) -> str | None:
    return text(row, name) or None


def _day(row: Row, name: str) -> date | None:
    return date.fromisoformat(text(row, name)) if row.get(name) else None


def _parties(db: Connection, rows: Sequence[RowDiff], _terms: Terms) -> None:
    register_rows.put_parties(
        db,
        [
            Party(
                PartyId(row.key[0]),
                PartyKind(text(row.values, "kind")),
                text(row.values, "name"),
                text(row.values, "contact"),
            )
            for row in rows
        ],
    )


def _areas(db: Connection, rows: Sequence[RowDiff], _terms: Terms) -> None:
    named = [
        (
            row.values.get("district"),
            {
                "code": row.key[0],
                "name_zh": text(row.values, "name"),
                "name_en": text(row.values, "name_en"),
            },
        )
        for row in rows
    ]
    upsert(db, district, [each for parent, each in named if parent is None])
    upsert(db, street, [{**each, "district": parent} for parent, each in named if parent is not None])


def _sites(db: Connection, rows: Sequence[RowDiff], terms: Terms) -> None:
    upsert(
        db,
        site,
        [
            {
                "site_id": row.key[0],
                "name_zh": text(row.values, "name"),
                "name_en": text(row.values, "name_en"),
                "district": text(row.values, "district"),
                "street": _or_none(row.values, "street"),
                "lon": 0.0,
                "lat": 0.0,
                "placed": False,
                "kind": text(row.values, "kind"),
                "lanes": int(text(row.values, "lanes")) if row.values.get("lanes") else None,
            }
            for row in rows
        ],
        frozenset({"lon", "lat", "placed"}),
    )
    said = [(row.key[0], _statement(row.values, terms)) for row in rows if _speaks(row)]
    register_rows.state(db, "site", said)
    roles = {
        row.key[0]: {role: text(row.values, role.value) for role in _roles(row)}
        for row in rows
        if _roles(row)
    }
    register_rows.put_site_parties(db, roles)


def _speaks(row: RowDiff) -> bool:
    """Whether it says something new of its place."""
    return any(each.column in ("lon", "lat", "system", "surveyed_on") for each in row.changes)


def _roles(row: RowDiff) -> list[Role]:
    changed = {each.column for each in row.changes}
    return [role for role in Role if role.value in changed]


def _statement(row: Row, terms: Terms) -> Statement:
    return Statement(
        Source(text(row, "source")),
        (text(row, "lon"), text(row, "lat")),
        System(text(row, "system")),
        _day(row, "surveyed_on"),
        terms.at,
        terms.by,
    )


# -- devices and channels ---------------------------------------------------------------------------

_DEVICE = {
    "enabled": True,
    "presence": Presence.UNKNOWN.value,
    "reason": NOT_SEEN,
    "since": None,
    "last_seen": None,
    "source": "",
    "transport": "udp",
    "registered_at": None,
    "expires_s": 0,
    "user_agent": "",
    "gb_version": "",
    "manufacturer": "",
    "model": "",
    "firmware": "",
}
_CHANNEL = {
    "reported_name": "",
    "imported": True,
    "reported": False,
    "missing": False,
    "faulty": False,
    "status": "",
    "ptz_type": 0,
    "lon": None,
    "lat": None,
    "item": "",
    "state": Presence.UNKNOWN.value,
    "reason": NOT_SEEN,
    "since": None,
}


def _devices(db: Connection, rows: Sequence[RowDiff], terms: Terms) -> None:
    added = [row for row in rows if row.state is State.NEW]
    if added:
        db.execute(insert(device), [_new_device(row, terms) for row in added])
    rest = [row for row in rows if row.state is State.CHANGED]
    update_rows(db, device, [((terms.ids.device(row.key[0]),), _said_device(row, terms)) for row in rest])


def _new_device(row: RowDiff, terms: Terms) -> dict[str, Any]:
    kept = {"ha1_md5": "", "ha1_sha256": "", "sealed": None, "realm": ""}
    said = {**_DEVICE, **kept, "misses": terms.misses, **_said_device(row, terms)}
    return {**said, "device_id": terms.ids.device(row.key[0]), "gb_id": row.key[0]}


def _said_device(row: RowDiff, terms: Terms) -> dict[str, Any]:
    """The columns that follow from the row; a password only where it has one."""
    values = row.values
    said = {
        "protocol": text(values, "protocol"),
        "kind": text(values, "kind"),
        "name": text(values, "name"),
        "site_id": _or_none(values, "site"),
        "heartbeat_s": values["heartbeat_s"],
        "rtsp_url": text(values, "url"),
        "username": text(values, "username"),
    }
    if values.get("secret") is not None:
        said |= terms.secret(values)
    return said


def _channels(db: Connection, rows: Sequence[RowDiff], terms: Terms) -> None:
    added = [row for row in rows if row.state is State.NEW]
    if added:
        db.execute(insert(channel), [_new_channel(row, terms) for row in added])
    rest = [row for row in rows if row.state is State.CHANGED]
    said = [
        (
            (terms.ids.channel(row.key),),
            {
                "name": text(row.values, "name"),
                "site_id": _or_none(row.values, "site"),
                "imported": True,
            },
        )
        for row in rest
    ]
    update_rows(db, channel, said)
    recorded = [row for row in rows if any(each.column in RECORD for each in row.changes)]
    kept = {terms.ids.channel(row.key): _record(row.values) for row in recorded if row.values.get("kind")}
    register_rows.put_records(db, kept, terms.at, terms.by)
    gone = [terms.ids.channel(row.key) for row in recorded if not row.values.get("kind")]
    for start in range(0, len(gone), graph_rows.AT_ONCE):
        part = gone[start : start + graph_rows.AT_ONCE]
        db.execute(delete(camera).where(camera.c.channel_id.in_(part)))


def _new_channel(row: RowDiff, terms: Terms) -> dict[str, Any]:
    return {
        **_CHANNEL,
        "channel_id": terms.ids.channel(row.key),
        "device_id": terms.ids.device(row.key[0]),
        "gb_id": "" if row.key[1] == NO_CODE else row.key[1],
        "name": text(row.values, "name"),
        "site_id": _or_none(row.values, "site"),
        "enrolled_at": terms.at,
    }


def _record(row: Row) -> CameraRecord:
    lane = row.get("lane")
    return CameraRecord(
        CameraKind(text(row, "kind")),
        text(row, "place"),
        text(row, "ground"),
        text(row, "purpose"),
        text(row, "owner"),
        _day(row, "filed_on"),
        text(row, "filing_no"),
        text(row, "ground_note"),
        lane if isinstance(lane, int) else 0,
    )


def update_rows(
    db: Connection, table: Table, rows: Iterable[tuple[tuple[Any, ...], Mapping[str, Any]]]
) -> None:
    """Change rows by their primary key; those with the same columns in one statement."""
    keys = tuple(table.primary_key.columns)
    groups: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for key, said in rows:
        bound = {f"key_{number}": part for number, part in enumerate(key)}
        group = groups.setdefault(tuple(said), [])
        group.append({**bound, **{f"new_{name}": value for name, value in said.items()}})
    for names, values in groups.items():
        changed: dict[str, Any] = {name: bindparam(f"new_{name}") for name in names}
        mine = [column == bindparam(f"key_{number}") for number, column in enumerate(keys)]
        db.execute(update(table).where(*mine).values(**changed), values)


# -- power and fibre --------------------------------------------------------------------------------


def _graph(db: Connection, rows: Mapping[SheetName, Sequence[RowDiff]], ids: Ids) -> None:
    new = {row.key[0] for row in rows[SheetName.DEVICES]}

    def end(name: str) -> NodeId:
        return ids.end(name, new)

    links = rows[SheetName.EDGES]
    edit = Edit(
        tuple(_node(row.values) for row in rows[SheetName.NODES]),
        tuple(
            Edge(end(row.key[0]), end(row.key[1]), Medium(row.key[2]), bool(row.values["backup"]))
            for row in links
            if row.state is not State.REMOVED
        ),
        without_edges=tuple(
            (end(row.key[0]), end(row.key[1]), Medium(row.key[2]))
            for row in links
            if row.state is State.REMOVED
        ),
    )
    if edit.nodes or edit.edges or edit.without_edges:
        graph_rows.apply(db, edit)
    elif rows[SheetName.DEVICES]:
        graph_rows.bump(db)


def _node(row: Row) -> Node:
    battery = row.get("battery_minutes")
    return Node(
        NodeId(text(row, "id")),
        NodeKind(text(row, "kind")),
        text(row, "name"),
        text(row, "site"),
        battery if isinstance(battery, int) else 0,
        text(row, "party"),
        float(text(row, "lon")) if row.get("lon") else None,
        float(text(row, "lat")) if row.get("lat") else None,
    )
