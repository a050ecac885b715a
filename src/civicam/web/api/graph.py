"""``/api/graph``: power and fibre: nodes, edges, what a site hangs on, who goes dark."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from civicam.fleet.cityparts import LONGEST_BATTERY
from civicam.fleet.graph import Edge, Medium, Node, NodeId, NodeKind
from civicam.fleet.graph_views import Dark, Drawing, EditOut, NodeDetail, NodeFilter, NodePage
from civicam.fleet.topology import Edit
from civicam.web.auth import Inside

router = APIRouter(prefix="/graph", tags=["graph"])

Key = Annotated[str, Field(min_length=1, max_length=64)]
MOST = 20_000
"""Nodes or edges in one edit: a whole city."""


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NodeIn(_Body):
    """A node that is no device. ``battery_minutes`` of a UPS; ``lon`` and ``lat`` WGS-84 degrees."""

    id: Key
    kind: NodeKind
    name: Annotated[str, Field(min_length=1, max_length=200)]
    site_id: Annotated[str, Field(max_length=64)] = ""
    battery_minutes: Annotated[int, Field(ge=0, le=LONGEST_BATTERY)] = 0
    party_id: Annotated[str, Field(max_length=64)] = ""
    lon: Annotated[float, Field(ge=-180, le=180)] | None = None
    lat: Annotated[float, Field(ge=-90, le=90)] | None = None


class EdgeKey(_Body):
    """Names an edge."""

    upper: Key
    lower: Key
    medium: Medium


class EdgeIn(EdgeKey):
    """``lower`` depends on ``upper``; ids of nodes, devices, channels."""

    backup: bool = False


class EditIn(_Body):
    """All of it or nothing. Nodes and edges that are there already are replaced; removing a node removes its
    edges."""

    nodes: Annotated[list[NodeIn], Field(max_length=MOST)] = []
    edges: Annotated[list[EdgeIn], Field(max_length=MOST)] = []
    without_nodes: Annotated[list[Key], Field(max_length=MOST)] = []
    without_edges: Annotated[list[EdgeKey], Field(max_length=MOST)] = []

    def edit(self) -> Edit:
        """As the graph takes it."""
        return Edit(
            tuple(
                Node(
                    NodeId(each.id),
                    each.kind,
                    each.name,
                    each.site_id,
                    each.battery_minutes,
                    each.party_id,
                    each.lon,
                    each.lat,
                )
                for each in self.nodes
            ),
            tuple(Edge(NodeId(e.upper), NodeId(e.lower), e.medium, e.backup) for e in self.edges),
            tuple(NodeId(each) for each in self.without_nodes),
            tuple((NodeId(e.upper), NodeId(e.lower), e.medium) for e in self.without_edges),
        )


class DarkIn(_Body):
    """What fails: nodes, and all there is at some sites. ``on_battery``: only who goes dark at once, while
    batteries hold."""

    failed: Annotated[list[Key], Field(max_length=MOST)] = []
    sites: Annotated[list[Key], Field(max_length=200)] = []
    on_battery: bool = False


@dataclass(frozen=True, slots=True)
class Kinds:
    """What a node may be and an edge may carry."""

    kinds: list[NodeKind]
    media: list[Medium]


@router.get("/kinds")
async def kinds() -> Kinds:
    """Kinds of nodes, media of edges."""
    return Kinds(list(NodeKind), list(Medium))


class NodesQuery(_Body):
    """Which nodes, and which page of them."""

    q: Annotated[str, Field(max_length=100)] = ""
    kind: NodeKind | Literal[""] = ""
    site_id: Annotated[str, Field(max_length=64)] = ""
    party_id: Annotated[str, Field(max_length=64)] = ""
    after: Annotated[str, Field(max_length=64)] = ""
    limit: Annotated[int, Field(ge=1, le=1000)] = 100


@router.get("/nodes")
async def nodes(inside: Inside, asked: Annotated[NodesQuery, Query()]) -> NodePage:
    """A page of nodes by id; ``next`` goes back as ``after``."""
    wanted = NodeFilter(asked.q.strip(), asked.kind, asked.site_id, asked.party_id)
    return await inside.graph.nodes(wanted, asked.after, asked.limit)


@router.get("/nodes/{node_id}")
async def node(node_id: str, inside: Inside) -> NodeDetail:
    """One node: what it takes from, what takes from it, its ways down from the sources."""
    return await inside.graph.node(node_id)


@router.post("/edit")
async def edit(body: EditIn, inside: Inside) -> EditOut:
    """Add, change and remove nodes and edges; the ways below are traced anew at once."""
    return await inside.graph.edit(body.edit())


@router.get("/sites/{site_id}")
async def site(site_id: str, inside: Inside) -> Drawing:
    """Everything a site hangs on, in layers, as data for a drawing."""
    return await inside.graph.site(site_id)


@router.post("/dark")
async def dark(body: DarkIn, inside: Inside) -> Dark:
    """Who goes dark if these fail, and when: backup ways and batteries are counted."""
    failed: list[str] = list(body.failed)
    for each in body.sites:
        failed += await inside.graph.heads(each)
    return await inside.graph.dark(failed, on_battery=body.on_battery)
