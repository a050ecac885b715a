"""What people are shown of the graph: rows ready to be written as JSON, and how they are made. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from civicam.fleet.graph import Edge, Medium, Node, NodeId, NodeKind, Path
from civicam.fleet.graph_ports import Footing
from civicam.fleet.topology import Topology


@dataclass(frozen=True, slots=True)
class NodeRow:
    """A node; ``lon`` and ``lat`` WGS-84 degrees where it has a place of its own."""

    id: str
    kind: NodeKind
    name: str
    site_id: str | None
    battery_minutes: int
    party_id: str | None
    lon: float | None
    lat: float | None


@dataclass(frozen=True, slots=True)
class EdgeRow:
    """``lower`` depends on ``upper``."""

    upper: str
    lower: str
    medium: Medium
    backup: bool


@dataclass(frozen=True, slots=True)
class PathRow:
    """A way from a source down to the node, by id."""

    medium: Medium
    backup: bool
    nodes: list[str]


@dataclass(frozen=True, slots=True)
class NodePage:
    """A page by id; ``next`` is what to send as ``after``, None at the end."""

    nodes: list[NodeRow]
    next: str | None
    total: int


@dataclass(frozen=True, slots=True)
class NodeDetail:
    """A node, what it takes from and gives to, its ways down from the sources, and how much stands below.

    ``ways`` counts the ways of each medium; ``paths`` are the first of them. ``around``: the nodes
    of the edges and paths.
    """

    node: NodeRow
    above: list[EdgeRow]
    below: list[EdgeRow]
    paths: list[PathRow]
    ways: dict[str, int]
    ancestors: int
    descendants: int
    around: list[NodeRow]


@dataclass(frozen=True, slots=True)
class Drawn:
    """A node in a drawing: ``layer`` 0 takes from nobody, each other stands below all it takes from."""

    node: NodeRow
    layer: int


@dataclass(frozen=True, slots=True)
class Drawing:
    """Everything a site's devices depend on, by layers."""

    site_id: str
    nodes: list[Drawn]
    edges: list[EdgeRow]


@dataclass(frozen=True, slots=True)
class DarkNode:
    """A node that stops ``minute`` minutes after the failure."""

    id: str
    kind: NodeKind
    name: str
    site_id: str | None
    minute: int


@dataclass(frozen=True, slots=True)
class DarkSite:
    """A site with channels that go dark: how many, and after how many minutes the first and last do."""

    site_id: str
    channels: int
    first_minute: int
    last_minute: int


@dataclass(frozen=True, slots=True)
class Dark:
    """Who goes dark. ``strained``: works, on a backup or battery only. ``unknown``: asked for, not there."""

    failed: list[str]
    unknown: list[str]
    nodes: list[DarkNode]
    strained: list[str]
    sites: list[DarkSite]
    devices: int
    channels: int


@dataclass(frozen=True, slots=True)
class EditOut:
    """What an edit did: the new revision, and whose ways were traced anew."""

    revision: int
    touched: list[str]


def node_row(node: Node) -> NodeRow:
    """A node as it is shown."""
    return NodeRow(
        node.node_id,
        node.kind,
        node.name,
        node.site_id or None,
        node.battery_minutes,
        node.party_id or None,
        node.lon,
        node.lat,
    )


def edge_rows(edges: Iterable[Edge]) -> list[EdgeRow]:
    """Edges as they are shown."""
    return [EdgeRow(each.upper, each.lower, each.medium, each.backup) for each in edges]


def page(topology: Topology, wanted: NodeFilter, after: str, limit: int) -> NodePage:
    """Nodes in the order of their ids."""
    found = sorted(node.node_id for node in topology.nodes.values() if wanted.takes(node))
    rest = [each for each in found if each > after]
    ids = rest[:limit]
    more = ids[-1] if len(rest) > limit else None
    return NodePage([node_row(topology.nodes[each]) for each in ids], more, len(found))


@dataclass(frozen=True, slots=True)
class NodeFilter:
    """Which nodes: ``q`` is found in ids and names; empty strings do not filter."""

    q: str = ""
    kind: str = ""
    site_id: str = ""
    party_id: str = ""

    def takes(self, node: Node) -> bool:
        """Whether a node is one of them."""
        q = self.q.casefold()
        return (
            (not q or q in node.node_id.casefold() or q in node.name.casefold())
            and self.kind in ("", node.kind)
            and self.site_id in ("", node.site_id)
            and self.party_id in ("", node.party_id)
        )


def detail(topology: Topology, node: NodeId, paths: Sequence[Path]) -> NodeDetail:
    """One node with what is around it."""
    above, below = topology.edges_above(node), topology.edges_below(node)
    around = {each.upper for each in above} | {each.lower for each in below}
    around |= {each for path in paths for each in path.nodes}
    return NodeDetail(
        node_row(topology.nodes[node]),
        edge_rows(above),
        edge_rows(below),
        [PathRow(each.medium, each.backup, list(each.nodes)) for each in paths],
        {medium.value: topology.path_count(node, medium) for medium in Medium},
        len(topology.ancestors(node)),
        len(topology.descendants(node)),
        [node_row(topology.nodes[each]) for each in sorted(around - {node}) if each in topology.nodes],
    )


def draw(topology: Topology, site_id: str, devices: Collection[NodeId]) -> Drawing:
    """Everything the devices of a site depend on, and what else stands at it."""
    here = {each for each in devices if each in topology}
    here |= {node.node_id for node in topology.nodes.values() if node.site_id == site_id}
    shown = here.union(*(topology.ancestors(each) for each in here)) if here else set()
    layers: dict[NodeId, int] = {}
    waiting = sorted(shown)
    while waiting:
        each = waiting[-1]
        above = topology.uppers(each)
        missing = [upper for upper in above if upper not in layers]
        if missing:
            waiting += missing
            continue
        waiting.pop()
        layers[each] = 1 + max((layers[upper] for upper in above), default=-1)
    order = sorted(shown, key=lambda each: (layers[each], each))
    edges = [edge for each in order for edge in topology.edges_above(each)]
    return Drawing(
        site_id, [Drawn(node_row(topology.nodes[each]), layers[each]) for each in order], edge_rows(edges)
    )


def heads(topology: Topology, site_id: str, devices: Collection[NodeId]) -> list[NodeId]:
    """The nodes at a site that all its devices hang on, few of them: what has most of them below it first.
    None that serves other sites, too: work at one site is not work at its neighbours."""
    left = {each for each in devices if each in topology}
    here = left | {node.node_id for node in topology.nodes.values() if node.site_id == site_id}
    served = {each: topology.descendants(each) | {each} for each in sorted(here)}
    below = {
        node: reached & left
        for node, reached in served.items()
        if all(each in left or topology.nodes[each].kind is not NodeKind.DEVICE for each in reached)
    }
    found: list[NodeId] = []
    while left:
        best = max(below, key=lambda each: (len(below[each] & left), -len(topology.ancestors(each) & here)))
        found.append(best)
        left -= below[best]
    return found


def dark(
    topology: Topology, failed: Collection[str], channels: Iterable[Footing], *, on_battery: bool
) -> Dark:
    """Who goes dark if ``failed`` fail; with ``on_battery`` only who does at once."""
    known = [NodeId(each) for each in failed if each in topology]
    impact = topology.impact(known)
    minutes = {each: minute for each, minute in impact.dark.items() if not (on_battery and minute)}
    sites: dict[str, list[int]] = {}
    count = 0
    for channel in channels:
        own = NodeId(channel.channel_id)
        minute = minutes.get(own if own in topology else NodeId(channel.device_id))
        if minute is not None:
            count += 1
            sites.setdefault(channel.site_id, []).append(minute)
    found = [topology.nodes[each] for each in sorted(minutes, key=lambda each: (minutes[each], each))]
    return Dark(
        list(known),
        sorted(set(failed) - set(known)),
        [DarkNode(n.node_id, n.kind, n.name, n.site_id or None, minutes[n.node_id]) for n in found],
        sorted(impact.strained),
        [DarkSite(site, len(each), min(each), max(each)) for site, each in sorted(sites.items())],
        sum(node.kind is NodeKind.DEVICE for node in found),
        count,
    )
