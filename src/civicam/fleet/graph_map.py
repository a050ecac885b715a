"""A node and everything below it as points and lines on a map. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from civicam.fleet.crs import Point
from civicam.fleet.graph import Medium, NodeId, NodeKind
from civicam.fleet.topology import Topology


@dataclass(frozen=True, slots=True)
class MapNode:
    """A node at its place, WGS-84 degrees. ``own``: the place is its own or its site's; else it is the middle
    of what hangs on it, because nobody entered one."""

    id: str
    kind: NodeKind
    name: str
    lon: float
    lat: float
    own: bool


@dataclass(frozen=True, slots=True)
class MapLine:
    """An edge between two of the nodes that do not stand at the same point."""

    upper: str
    lower: str
    medium: Medium
    backup: bool


@dataclass(frozen=True, slots=True)
class Spread:
    """What hangs on a node: the node first, and the ends of the lines."""

    nodes: list[MapNode]
    lines: list[MapLine]


def spread(topology: Topology, place: NodeId, sites: Mapping[str, Point]) -> Spread:
    """Everything below ``place`` that has a point; nothing for a node that is not there."""
    if place not in topology:
        return Spread([], [])
    below = {place, *topology.descendants(place)}
    own = {each: point for each in below if (point := _own(topology, each, sites)) is not None}
    points = _filled(topology, place, own)
    lines = [
        MapLine(edge.upper, edge.lower, edge.medium, edge.backup)
        for each in sorted(below)
        for edge in topology.edges_below(each)
        if edge.upper in points and edge.lower in points and points[edge.upper] != points[edge.lower]
    ]
    ends = {end for line in lines for end in (line.upper, line.lower)} - {place}
    shown = [each for each in (place, *sorted(ends)) if each in points]
    return Spread([_map_node(topology, NodeId(each), points, own) for each in shown], lines)


def _own(topology: Topology, node_id: NodeId, sites: Mapping[str, Point]) -> Point | None:
    node = topology.nodes[node_id]
    if node.lon is not None and node.lat is not None:
        return node.lon, node.lat
    return sites.get(node.site_id)


def _filled(topology: Topology, place: NodeId, own: Mapping[NodeId, Point]) -> dict[NodeId, Point]:
    """Points of all that have one, or have something below them that does; from below upwards."""
    points: dict[NodeId, Point] = {}
    waiting, seen = [place], set[NodeId]()
    while waiting:
        each = waiting[-1]
        lower = [edge.lower for edge in topology.edges_below(each)]
        if each not in seen:
            seen.add(each)
            waiting += [other for other in lower if other not in seen]
            continue
        waiting.pop()
        known = own.get(each) or _middle([points[other] for other in lower if other in points])
        if known is not None:
            points[each] = known
    return points


def _middle(points: list[Point]) -> Point | None:
    if not points:
        return None
    return (
        round(sum(lon for lon, _ in points) / len(points), 6),
        round(sum(lat for _, lat in points) / len(points), 6),
    )


def _map_node(
    topology: Topology, node_id: NodeId, points: Mapping[NodeId, Point], own: Mapping[NodeId, Point]
) -> MapNode:
    node, (lon, lat) = topology.nodes[node_id], points[node_id]
    return MapNode(node_id, node.kind, node.name, lon, lat, node_id in own)
