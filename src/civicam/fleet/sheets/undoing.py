"""Takes a batch back: every cell it changed, provided that each still holds what the batch wrote.

A cell that somebody changed since is a conflict, so is a row that the batch added and that something newer
leans on, and a device that has spoken: nothing is taken back then, and the conflicts are named.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Column, Connection, Table, delete, insert, or_, select, tuple_

from civicam.fleet import graph_rows
from civicam.fleet.graph import Edge, Medium, Node, NodeId, NodeKind
from civicam.fleet.sheets.journal import NOT_COMPARED, TABLES, Entry, Image, Images, Key, images, keys_of
from civicam.fleet.sheets.ports import Conflict
from civicam.fleet.sheets.writes import update_rows
from civicam.fleet.tables import (
    agent,
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
    transition,
)
from civicam.fleet.topology import Edit

GRAPH = frozenset({node.name, edge.name})
_SECRET = frozenset({"ha1_md5", "ha1_sha256", "sealed"})
_LEANS: tuple[tuple[Table, Column[Any], str], ...] = (
    (street, street.c.district, district.name),
    (site, site.c.district, district.name),
    (site, site.c.street, street.name),
    (device, device.c.site_id, site.name),
    (channel, channel.c.site_id, site.name),
    (site_party, site_party.c.site_id, site.name),
    (node, node.c.site_id, site.name),
    (coordinate, coordinate.c.subject, site.name),
    (channel, channel.c.device_id, device.name),
    (edge, edge.c.upper, device.name),
    (edge, edge.c.lower, device.name),
    (agent, agent.c.node_id, device.name),
    (camera, camera.c.channel_id, channel.name),
    (coordinate, coordinate.c.subject, channel.name),
    (camera, camera.c.owner_id, party.name),
    (site_party, site_party.c.party_id, party.name),
    (node, node.c.party_id, party.name),
    (edge, edge.c.upper, node.name),
    (edge, edge.c.lower, node.name),
    (agent, agent.c.node_id, node.name),
)
"""What leans on what: a table, its column, the table that the column names a row of."""


def conflicts(db: Connection, entries: Sequence[Entry]) -> list[Conflict]:
    """All of them; none: the batch can be taken back."""
    now = images(db)
    found = [each for entry in entries for each in _since(entry, now)]
    added = _added(entries)
    found += _leaning(db, entries, added)
    found += _spoken(db, added)
    return found


def take_back(db: Connection, entries: Sequence[Entry]) -> None:
    """Restore every cell; `conflicts` has to be empty."""
    now = images(db)
    for table in TABLES.values():
        if table.name not in GRAPH:
            _restore(db, table, [each for each in entries if each.table == table.name])
    graph_rows.apply(db, _edit(entries, now))
    added = _added(entries)
    devices = sorted(str(key[0]) for key in added.get(device.name, ()))
    for part in _parts(devices):
        db.execute(delete(transition).where(transition.c.device_id.in_(part)))
    for table in reversed(list(TABLES.values())):
        if table.name not in GRAPH:
            _delete(db, table, sorted(added.get(table.name, ())))
    graph_rows.forget_paths(db, [NodeId(each) for each in devices])


# -- what speaks against it -------------------------------------------------------------------------


def _since(entry: Entry, now: Images) -> Iterator[Conflict]:
    key = "/".join(str(part) for part in entry.key)
    current = now[entry.table].get(entry.key)
    if entry.after is None:
        if current is not None:
            yield Conflict(entry.table, key, "", "fleet.undo-there")
        return
    if current is None:
        yield Conflict(entry.table, key, "", "fleet.undo-gone")
        return
    for name, wrote in entry.after.items():
        if name not in NOT_COMPARED and current[name] != wrote:
            shown = ("", "") if name in _SECRET else (_words(wrote), _words(current[name]))
            yield Conflict(entry.table, key, name, "fleet.undo-cell", *shown)


def _words(value: object) -> str:
    return "" if value is None else str(value)[:80]


def _added(entries: Iterable[Entry]) -> dict[str, set[Key]]:
    found: dict[str, set[Key]] = {}
    for entry in entries:
        if entry.before is None:
            found.setdefault(entry.table, set()).add(entry.key)
    return found


def _leaning(db: Connection, entries: Sequence[Entry], added: Mapping[str, set[Key]]) -> Iterator[Conflict]:
    """Rows that name an added one and are not the batch's own doing."""
    own = {
        (each.table, each.key, name) for each in entries if each.before is not None for name in each.before
    }
    for table, column, target in _LEANS:
        wanted = sorted(str(key[0]) for key in added.get(target, ()))
        mine = added.get(table.name, set())
        keys = keys_of(table)
        for part in _parts(wanted):
            for row in db.execute(select(*keys, column.label("leans")).where(column.in_(part))):
                key = tuple(row[: len(keys)])
                if key not in mine and (table.name, key, column.name) not in own:
                    shown = "/".join(str(each) for each in key)
                    yield Conflict(target, str(row.leans), "", "fleet.undo-in-use", found=shown)


def _spoken(db: Connection, added: Mapping[str, set[Key]]) -> Iterator[Conflict]:
    """Added devices that were heard since, added channels that a catalogue has named."""
    heard = or_(device.c.last_seen.is_not(None), device.c.registered_at.is_not(None))
    for table, key, told in (
        (device, device.c.device_id, heard),
        (channel, channel.c.channel_id, channel.c.reported),
    ):
        for part in _parts(sorted(str(each[0]) for each in added.get(table.name, ()))):
            for found in db.execute(select(key).where(key.in_(part), told)).scalars():
                yield Conflict(table.name, str(found), "", "fleet.undo-heard")


# -- doing it ---------------------------------------------------------------------------------------


def _parts(keys: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(keys), graph_rows.AT_ONCE):
        yield keys[start : start + graph_rows.AT_ONCE]


def _whole(table: Table, key: Key, image: Image) -> dict[str, Any]:
    return {**{column.name: part for column, part in zip(keys_of(table), key, strict=True)}, **image}


def _restore(db: Connection, table: Table, entries: Sequence[Entry]) -> None:
    gone = [_whole(table, each.key, each.before) for each in entries if each.after is None and each.before]
    if gone:
        db.execute(insert(table), gone)
    changed = [(each.key, each.before) for each in entries if each.after is not None and each.before]
    update_rows(db, table, changed)


def _delete(db: Connection, table: Table, keys: Sequence[Key]) -> None:
    for part in _parts(keys):
        db.execute(delete(table).where(tuple_(*keys_of(table)).in_(part)))


def _edit(entries: Sequence[Entry], now: Images) -> Edit:
    """The graph's way back. Nodes that go take their links along: only others are named."""
    nodes = [each for each in entries if each.table == node.name]
    links = [each for each in entries if each.table == edge.name]
    going = {each.key[0] for each in nodes if each.before is None}
    return Edit(
        tuple(_node(each, now) for each in nodes if each.before is not None),
        tuple(_edge(each, now) for each in links if each.before is not None),
        tuple(NodeId(each) for each in sorted(going)),
        tuple(
            (NodeId(each.key[0]), NodeId(each.key[1]), Medium(each.key[2]))
            for each in links
            if each.before is None
        ),
    )


def _node(entry: Entry, now: Images) -> Node:
    row = {**now[node.name].get(entry.key, {}), **(entry.before or {})}
    return Node(
        NodeId(entry.key[0]),
        NodeKind(row["kind"]),
        row["name"],
        row["site_id"] or "",
        row["battery_minutes"],
        row["party_id"] or "",
        row["lon"],
        row["lat"],
    )


def _edge(entry: Entry, now: Images) -> Edge:
    row = {**now[edge.name].get(entry.key, {}), **(entry.before or {})}
    upper, lower, medium = entry.key
    return Edge(NodeId(upper), NodeId(lower), Medium(medium), bool(row["backup"]))
