"""A seeded city for the truth table: the real power and fibre graph, and the register, which may err.

    [ROOT]──[SUBSTATION]──[TRANSFORMER]──[FEED]──[CABINET]──([UPS])──┬─[ONU] [SWITCH] [DEVICE]…
    [CORE]──[OLT]──[TRUNK]──[BRANCH]──[DROP]──[ONU]──[SWITCH]──[DEVICE]…

A splitter is entered as the end of its trunk. One site in seven has a UPS, one in twenty a second branch as
backup. Sizes follow the city of the domain: 2,343 sites and 5,892 channels, or a block of it.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

from civicam.fleet.graph import Edge, Medium, Node, NodeId, NodeKind
from civicam.fleet.topology import Topology
from civicam.outages.facts import EvidenceKind
from civicam.outages.plant import Register

Scale = Literal["block", "city"]
SIZES: dict[Scale, tuple[int, int]] = {"block": (120, 302), "city": (2_343, 5_892)}
"""Sites, channels."""

_SITES_A_FEED, _FEEDS_A_TRANSFORMER, _TRANSFORMERS_A_SUBSTATION = 4, 3, 12
_SITES_A_BRANCH, _BRANCHES_A_TRUNK, _TRUNKS_AN_OLT = 4, 4, 12
_ONU_TELLS = frozenset({EvidenceKind.LAST_GASP, EvidenceKind.SIGNAL_LOST, EvidenceKind.FRAME_LOST})


@dataclass(slots=True)
class City:
    """What stands there. ``real`` is never shown to the inference; ``register`` is."""

    real: Topology
    register: Register
    devices: dict[NodeId, float]
    """device → the phase of its heartbeat, seconds in its interval."""
    by_kind: dict[NodeKind, list[NodeId]] = field(default_factory=dict)
    wrong_edges: int = 0


class _Builder:
    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.nodes: list[Node] = []
        self.edges: list[Edge] = []
        self.channels: dict[NodeId, tuple[str, ...]] = {}

    def node(self, name: str, kind: NodeKind, site: str = "", battery: int = 0) -> NodeId:
        node = Node(NodeId(name), kind, name, site, battery)
        self.nodes.append(node)
        return node.node_id

    def link(self, upper: NodeId, lower: NodeId, medium: Medium, backup: bool = False) -> None:
        self.edges.append(Edge(upper, lower, medium, backup))


def build(seed: int, scale: Scale, wrong: float = 0.0) -> City:
    """The city of a seed. ``wrong``: the share of edges that the register has wrong or not at all."""
    rng = random.Random(f"city/{seed}/{scale}")
    sites, channels = SIZES[scale]
    made = _Builder(rng)
    feeds = list(_power(made, sites))
    branches = list(_fibre(made, sites))
    counts = [2] * sites
    for _ in range(channels - 2 * sites):
        counts[rng.randrange(sites)] += 1
    for number, count in enumerate(counts):
        _site(made, number, count, feeds[number // _SITES_A_FEED], branches)
    real = Topology.of(made.nodes, made.edges)
    edges = tuple(made.edges)
    entered = _spoil(made, random.Random(f"errors/{seed}"), wrong) if wrong else edges
    register = Register(tuple(made.nodes), entered, made.channels, _watch(made.nodes))
    by_kind: dict[NodeKind, list[NodeId]] = {}
    for node in made.nodes:
        by_kind.setdefault(node.kind, []).append(node.node_id)
    phases = {device: rng.uniform(0, 60) for device in made.channels}
    return City(real, register, phases, by_kind, len(set(edges) - set(entered)))


def _watch(nodes: list[Node]) -> dict[NodeId, frozenset[EvidenceKind]]:
    found = {node.node_id: _ONU_TELLS for node in nodes if node.kind is NodeKind.ONU}
    ups = frozenset({EvidenceKind.MAINS_FAIL, EvidenceKind.ON_BATTERY})
    return found | {node.node_id: ups for node in nodes if node.kind is NodeKind.UPS}


def _power(made: _Builder, sites: int) -> Iterator[NodeId]:
    """Feeds, as many as the sites need. None is alone below its transformer: nobody could tell the two."""
    root = made.node("P-root", NodeKind.TRANSFORMER)
    substation = transformer = root
    feeds = -(-sites // _SITES_A_FEED)
    for number in range(feeds):
        if number % (_FEEDS_A_TRANSFORMER * _TRANSFORMERS_A_SUBSTATION) == 0:
            substation = made.node(f"P-s{number}", NodeKind.TRANSFORMER)
            made.link(root, substation, Medium.POWER)
        if number % _FEEDS_A_TRANSFORMER == 0 and (number == 0 or number + 1 < feeds):
            transformer = made.node(f"P-t{number}", NodeKind.TRANSFORMER)
            made.link(substation, transformer, Medium.POWER)
        feed = made.node(f"P-f{number}", NodeKind.FEED)
        made.link(transformer, feed, Medium.POWER)
        yield feed


def _fibre(made: _Builder, sites: int) -> Iterator[NodeId]:
    """Branches of the fibre, as many as the sites need."""
    core = made.node("F-core", NodeKind.CORE)
    olt = trunk = core
    for number in range(-(-sites // _SITES_A_BRANCH)):
        if number % (_BRANCHES_A_TRUNK * _TRUNKS_AN_OLT) == 0:
            olt = made.node(f"F-olt{number}", NodeKind.OLT)
            made.link(core, olt, Medium.FIBRE)
        if number % _BRANCHES_A_TRUNK == 0:
            trunk = made.node(f"F-trunk{number}", NodeKind.FIBRE)
            made.link(olt, trunk, Medium.FIBRE)
        branch = made.node(f"F-branch{number}", NodeKind.FIBRE)
        made.link(trunk, branch, Medium.FIBRE)
        yield branch


def _site(made: _Builder, number: int, channels: int, feed: NodeId, branches: list[NodeId]) -> None:
    """A cabinet with what stands in it. Fibre and power do not serve the same neighbours."""
    rng, site = made.rng, f"S{number:04}"
    turn = (number * 7 + 3) % (len(branches) * _SITES_A_BRANCH)
    branch = branches[turn // _SITES_A_BRANCH]
    cabinet = made.node(f"{site}-cab", NodeKind.CABINET, site)
    made.link(feed, cabinet, Medium.POWER)
    supply = cabinet
    if rng.random() < 1 / 7:
        supply = made.node(f"{site}-ups", NodeKind.UPS, site, rng.choice((30, 60, 90)))
        made.link(cabinet, supply, Medium.POWER)
    drop = made.node(f"{site}-drop", NodeKind.FIBRE, site)
    onu = made.node(f"{site}-onu", NodeKind.ONU, site)
    made.link(branch, drop, Medium.FIBRE)
    if rng.random() < 1 / 20 and len(branches) > 1:
        other = branches[(turn // _SITES_A_BRANCH + _BRANCHES_A_TRUNK) % len(branches)]
        made.link(other, drop, Medium.FIBRE, backup=True)
    made.link(drop, onu, Medium.FIBRE)
    made.link(supply, onu, Medium.POWER)
    heads = [4] * (channels // 4) + [1] * (channels % 4)
    above = onu
    if len(heads) > 1:
        above = made.node(f"{site}-sw", NodeKind.SWITCH, site)
        made.link(onu, above, Medium.FIBRE)
        made.link(supply, above, Medium.POWER)
    for index, head in enumerate(heads):
        device = made.node(f"{site}-d{index}", NodeKind.DEVICE, site)
        made.link(above, device, Medium.FIBRE)
        made.link(supply, device, Medium.POWER)
        made.channels[device] = tuple(f"{device}-c{each}" for each in range(head))


def _spoil(made: _Builder, rng: random.Random, share: float) -> tuple[Edge, ...]:
    """The edges as somebody typed them: of those wrong, half lead to a neighbour, half are missing."""
    order: dict[str, list[NodeId]] = {}
    for node in made.nodes:
        order.setdefault(_tier(node.node_id), []).append(node.node_id)
    places = {node: index for row in order.values() for index, node in enumerate(row)}
    found: dict[tuple[NodeId, NodeId, Medium], Edge] = {}
    for edge in made.edges:
        if rng.random() < share:
            row = order[_tier(edge.upper)]
            step = rng.choice((-3, -2, -1, 1, 2, 3))
            other = row[(places[edge.upper] + step) % len(row)]
            if rng.random() < 0.5 or other in (edge.upper, edge.lower):
                continue
            edge = replace(edge, upper=other)
        found.setdefault((edge.upper, edge.lower, edge.medium), edge)
    return tuple(found.values())


def _tier(node: NodeId) -> str:
    """What stands on the same floor: a branch is taken for another branch, not for a trunk."""
    return re.sub(r"\d+", "", node)
