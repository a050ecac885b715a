"""What a city's description says beside its devices: who owns what, on which ground, and how power and light
get there. Types and their reader; `civicam.simulator.city_papers` invents them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

PartyKind = Literal["government", "contractor", "power-company", "carrier", "third-party"]
CameraKind = Literal["fixed", "dome", "hd-sdi", "checkpoint", "highpoint", "third-party"]
NodeKind = Literal["transformer", "feed", "cabinet", "ups", "core", "olt", "fibre", "onu", "switch"]
Medium = Literal["power", "fibre", "logical"]


@dataclass(frozen=True, slots=True)
class Party:
    """An office or company; all of them are invented."""

    id: str
    kind: PartyKind
    name: str
    contact: str = ""


@dataclass(frozen=True, slots=True)
class SiteParties:
    """Who does what for a site, by `Party.id`."""

    owner: str
    maintainer: str
    power: str
    carrier: str


@dataclass(frozen=True, slots=True)
class Camera:
    """A channel's record in the register: codes of the platform's lists, ``filed_on`` as ISO 8601 writes it,
    ``lane`` of a checkpoint from 1."""

    kind: CameraKind
    place: str
    ground: str
    purpose: str
    owner: str
    filed_on: str = ""
    lane: int = 0


@dataclass(frozen=True, slots=True)
class Node:
    """Something that feeds a device. A feed or fibre has the id of the group whose sites fail with it."""

    id: str
    kind: NodeKind
    name: str
    site: str = ""
    battery_minutes: int = 0
    party: str = ""
    lon: float | None = None
    lat: float | None = None


@dataclass(frozen=True, slots=True)
class Edge:
    """``to`` depends on ``source``: ids of nodes or codes of devices. Written ``from`` in the file."""

    source: str
    to: str
    medium: Medium


@dataclass(frozen=True, slots=True)
class Graph:
    """All nodes and edges; the devices are nodes by themselves."""

    nodes: tuple[Node, ...] = ()
    edges: tuple[Edge, ...] = ()


def graph_json(graph: Graph) -> dict[str, object]:
    """As it stands in the file."""
    return {
        "nodes": [_short({name: getattr(node, name) for name in Node.__slots__}) for node in graph.nodes],
        "edges": [{"from": edge.source, "to": edge.to, "medium": edge.medium} for edge in graph.edges],
    }


def _short(row: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in row.items() if value not in ("", 0, None)}


def read_graph(data: Mapping[str, Any]) -> Graph:
    """From the file; raises what a missing or wrong member raises."""
    return Graph(
        tuple(Node(**row) for row in data.get("nodes", ())),
        tuple(Edge(row["from"], row["to"], row["medium"]) for row in data.get("edges", ())),
    )


def read_camera(row: Mapping[str, Any] | None) -> Camera | None:
    """A channel's record, where it has one."""
    return None if row is None else Camera(**row)


def read_parties(row: Mapping[str, Any] | None) -> SiteParties | None:
    """A site's parties, where it names them."""
    return None if row is None else SiteParties(**row)
