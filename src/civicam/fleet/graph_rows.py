"""The graph in the tables: read whole, changed by an edit, ways traced anew where that touched them."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, or_, select, tuple_, update

from civicam.db.upsert import upsert
from civicam.fleet.graph import Edge, Medium, Node, NodeId, NodeKind, Path
from civicam.fleet.graph_ports import Changed, Snapshot
from civicam.fleet.tables import device, edge, graph, node, path
from civicam.fleet.topology import Edit, Topology
from civicam.kernel.errors import Refused

AT_ONCE = 500
"""Keys in one statement: SQLite and PostgreSQL both take so many."""
TRACED = frozenset({NodeKind.DEVICE, NodeKind.CHANNEL})
"""Kinds whose ways are kept in the store."""


def revision(connection: Connection) -> int:
    """How often the graph was changed; 0 before the first time."""
    return int(connection.execute(select(graph.c.revision)).scalar_one_or_none() or 0)


def bump(connection: Connection) -> int:
    """Count a change: of the graph, or of the devices that are nodes in it."""
    done = connection.execute(update(graph).values(revision=graph.c.revision + 1))
    if not done.rowcount:
        connection.execute(insert(graph).values(id=1, revision=1))
    return revision(connection)


def load(connection: Connection) -> Snapshot:
    """The whole graph."""
    nodes = [_node(row) for row in connection.execute(select(node))]
    devices = select(device.c.device_id, device.c.name, device.c.site_id)
    nodes += [
        Node(NodeId(row.device_id), NodeKind.DEVICE, row.name, row.site_id or "")
        for row in connection.execute(devices)
    ]
    edges = [_edge(row) for row in connection.execute(select(edge))]
    return Snapshot(revision(connection), Topology.of(nodes, edges))


def fresh(connection: Connection, known: Snapshot | None) -> Snapshot:
    """What is known, when it is still the store's; else what the store has."""
    if known is not None and known.revision == revision(connection):
        return known
    return load(connection)


def apply(connection: Connection, edit: Edit, known: Snapshot | None = None) -> Changed:
    """Write an edit, or refuse all of it. Devices come and go by enrolment only: ``fleet.graph-device``."""
    before = fresh(connection, known).topology
    for gone in (*edit.without_nodes, *(each.node_id for each in edit.nodes)):
        if gone in before and before.nodes[gone].kind is NodeKind.DEVICE:
            raise Refused("fleet.graph-device", node=gone)
    for each in edit.nodes:
        if each.kind is NodeKind.DEVICE:
            raise Refused("fleet.graph-device", node=each.node_id)
    after, touched = before.edited(edit)
    _write(connection, edit)
    retrace(connection, after, touched)
    forget_paths(connection, edit.without_nodes)
    return Changed(Snapshot(bump(connection), after), touched)


def _write(connection: Connection, edit: Edit) -> None:
    for part in _parts(edit.without_edges):
        connection.execute(delete(edge).where(tuple_(edge.c.upper, edge.c.lower, edge.c.medium).in_(part)))
    for part in _parts(edit.without_nodes):
        connection.execute(delete(edge).where(or_(edge.c.upper.in_(part), edge.c.lower.in_(part))))
        connection.execute(delete(node).where(node.c.node_id.in_(part)))
    upsert(connection, node, [_row(each) for each in edit.nodes])
    upsert(
        connection,
        edge,
        [
            {"upper": each.upper, "lower": each.lower, "medium": each.medium.value, "backup": each.backup}
            for each in edit.edges
        ],
    )


def retrace(connection: Connection, topology: Topology, touched: Collection[NodeId]) -> int:
    """Write the ways of the ``touched`` devices and channels anew; gives how many nodes that were."""
    mine = [each for each in touched if topology.nodes[each].kind in TRACED]
    forget_paths(connection, mine)
    rows = [
        {
            "node_id": each,
            "medium": way.medium.value,
            "rank": rank,
            "backup": way.backup,
            "nodes": json.dumps(way.nodes),
        }
        for each in mine
        for rank, way in enumerate(topology.paths(each))
    ]
    if rows:
        connection.execute(insert(path), rows)
    return len(mine)


def forget_paths(connection: Connection, nodes: Sequence[NodeId]) -> None:
    """Of nodes that go, or that are traced anew."""
    for part in _parts(nodes):
        connection.execute(delete(path).where(path.c.node_id.in_(part)))


def paths(connection: Connection, nodes: Sequence[NodeId]) -> dict[NodeId, list[Path]]:
    """The kept ways of some nodes."""
    found: dict[NodeId, list[Path]] = {each: [] for each in nodes}
    for part in _parts(nodes):
        query = select(path).where(path.c.node_id.in_(part)).order_by(path.c.node_id, path.c.rank)
        for row in connection.execute(query):
            ids = tuple(NodeId(each) for each in json.loads(row.nodes))
            found[NodeId(row.node_id)].append(Path(Medium(row.medium), ids, row.backup))
    return found


def drop_device(connection: Connection, device_id: str) -> None:
    """A device leaves: its edges and ways with it, and what stood below is traced anew."""
    here = NodeId(device_id)
    before = load(connection).topology
    keys = tuple((e.upper, e.lower, e.medium) for e in (*before.edges_above(here), *before.edges_below(here)))
    after, touched = before.edited(Edit(without_edges=keys))
    _write(connection, Edit(without_edges=keys))
    retrace(connection, after, touched - {here})
    forget_paths(connection, [here])
    bump(connection)


def take_over(connection: Connection, nodes: Sequence[Node], edges: Sequence[Edge]) -> None:
    """What a file says: its nodes and edges are added or changed, and of the nodes it names lower ends for,
    edges it does not name are taken away. What it does not speak of stays."""
    if not nodes and not edges:
        bump(connection)  # the devices may have changed
        return
    snapshot = load(connection)
    lowers = {each.lower for each in edges}
    named = {(each.upper, each.lower, each.medium) for each in edges}
    here = snapshot.topology
    stale = [
        (each.upper, each.lower, each.medium)
        for lower in lowers
        if lower in here
        for each in here.edges_above(lower)
        if (each.upper, each.lower, each.medium) not in named
    ]
    same = {(each.upper, each.lower, each.medium): each for each in here.edges}
    new = tuple(each for each in edges if same.get((each.upper, each.lower, each.medium)) != each)
    changed = tuple(each for each in nodes if here.nodes.get(each.node_id) != each)
    apply(connection, Edit(changed, new, without_edges=tuple(stale)), snapshot)


def _parts(keys: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(keys), AT_ONCE):
        yield keys[start : start + AT_ONCE]


def _row(each: Node) -> dict[str, Any]:
    return {
        "node_id": each.node_id,
        "kind": each.kind.value,
        "name": each.name[:200],
        "site_id": each.site_id or None,
        "battery_minutes": each.battery_minutes,
        "party_id": each.party_id or None,
        "lon": each.lon,
        "lat": each.lat,
    }


def _node(row: Row[Any]) -> Node:
    return Node(
        NodeId(row.node_id),
        NodeKind(row.kind),
        row.name,
        row.site_id or "",
        row.battery_minutes,
        row.party_id or "",
        row.lon,
        row.lat,
    )


def _edge(row: Row[Any]) -> Edge:
    return Edge(NodeId(row.upper), NodeId(row.lower), Medium(row.medium), row.backup)
