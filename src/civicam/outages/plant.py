"""The graph as the inference asks it: who is dark if one element fails, with the answers kept. Pure.

Three sets belong to an element: *hard*, what is dark at once; *soft*, what goes dark when a battery is empty;
*power*, what loses its supply (an ONU behind a cut fibre is hard, but its power is still there).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from civicam.fleet.graph import Edge, Medium, Node, NodeId, NodeKind
from civicam.fleet.topology import Topology
from civicam.outages.facts import Attribution, EvidenceKind

Watch = frozenset[EvidenceKind]
"""What would be told of a node if it happened; silence about these is evidence too."""


@dataclass(frozen=True, slots=True)
class Register:
    """What the fleet says: the graph, the channels of each device, who watches what, whose a node is."""

    nodes: tuple[Node, ...] = ()
    edges: tuple[Edge, ...] = ()
    channels: Mapping[NodeId, tuple[str, ...]] = field(default_factory=dict)
    watch: Mapping[NodeId, Watch] = field(default_factory=dict)
    parties: Mapping[NodeId, Attribution] = field(default_factory=dict)

    def document(self) -> bytes:
        """The register as canonical JSON: the same register gives the same bytes."""
        found = {
            "nodes": sorted(
                [n.node_id, n.kind, n.name, n.site_id, n.battery_minutes, n.party_id] for n in self.nodes
            ),
            "edges": sorted([e.upper, e.lower, e.medium, e.backup] for e in self.edges),
            "channels": {key: sorted(value) for key, value in self.channels.items()},
            "watch": {key: sorted(value) for key, value in self.watch.items()},
            "parties": dict(self.parties),
        }
        return json.dumps(found, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()

    @staticmethod
    def read(document: bytes) -> Register:
        """The register that `document` wrote."""
        found: dict[str, Any] = json.loads(document)
        return Register(
            tuple(Node(NodeId(n[0]), NodeKind(n[1]), n[2], n[3], n[4], n[5]) for n in found["nodes"]),
            tuple(Edge(NodeId(e[0]), NodeId(e[1]), Medium(e[2]), e[3]) for e in found["edges"]),
            {NodeId(key): tuple(value) for key, value in found["channels"].items()},
            {NodeId(key): frozenset(map(EvidenceKind, value)) for key, value in found["watch"].items()},
            {NodeId(key): Attribution(value) for key, value in found["parties"].items()},
        )


def digest_of(document: bytes) -> str:
    """The name of a register: 32 hex digits."""
    return hashlib.blake2s(document, digest_size=16).hexdigest()


_Set = frozenset[NodeId]
_SMALL = 4
"""Sets of no more are worth looking for an equal one."""


class Plant:
    """One register, asked many times. A device that the graph does not know hangs below nothing."""

    def __init__(self, register: Register) -> None:
        self.register = register
        known = {node.node_id for node in register.nodes}
        missing = [Node(device, NodeKind.DEVICE, "") for device in register.channels if device not in known]
        self.topology = Topology.of([*register.nodes, *missing], register.edges)
        electric = [edge for edge in register.edges if edge.medium is Medium.POWER]
        self._electric = Topology.of(self.topology.nodes.values(), electric)
        self._hard: dict[NodeId, _Set] = {}
        self._soft: dict[NodeId, _Set] = {}
        self._power: dict[NodeId, _Set] = {}
        self._reach: dict[NodeId, _Set] = {}
        self._above: dict[NodeId, _Set] = {}
        self._sets: dict[_Set, _Set] = {}
        self._branch = {key: node.site_id or key for key, node in self.topology.nodes.items()}
        self._branches: dict[NodeId, tuple[tuple[str, NodeId], ...]] = {}
        self.watching = {
            kind: frozenset(node for node, kinds in register.watch.items() if kind in kinds)
            for kind in EvidenceKind
        }
        self._spared = self._find_spared()

    def _find_spared(self) -> dict[NodeId, _Set]:
        """element → the nodes below it that have another way of the same medium: they outlive it alone, and
        not it together with another."""
        found: dict[NodeId, set[NodeId]] = {}
        for node in self.topology.nodes:
            ways = [edge.medium for edge in self.topology.edges_above(node)]
            if len(ways) > len(set(ways)):
                for above in self.topology.ancestors(node):
                    if node not in self.topology.dark_if((above,), on_battery=True):
                        found.setdefault(above, set()).add(node)
        return {above: frozenset(nodes) for above, nodes in found.items()}

    def __contains__(self, node: object) -> bool:
        return node in self.topology

    def kind(self, node: NodeId) -> NodeKind:
        """What stands there; a device for what the graph does not know."""
        found = self.topology.nodes.get(node)
        return NodeKind.DEVICE if found is None else found.kind

    def site(self, node: NodeId) -> str:
        """Where it stands; empty for what serves many sites and for what is not known."""
        found = self.topology.nodes.get(node)
        return "" if found is None else found.site_id

    def branch(self, node: NodeId) -> str:
        """The site, or the node itself where it has none: what one wrong edge misplaces as a whole."""
        return self._branch.get(node, node)

    def channels(self, device: NodeId) -> tuple[str, ...]:
        """The channels of a device."""
        return self.register.channels.get(device, ())

    def above(self, node: NodeId) -> _Set:
        """Everything it depends on, and itself."""
        found = self._above.get(node)
        if found is None:
            found = self.topology.ancestors(node) if node in self.topology else frozenset()
            found = self._above[node] = self._shared(found | {node})
        return found

    def _shared(self, found: _Set) -> _Set:
        """One copy of equal sets: most of a city's places have nothing below them and the same above."""
        return self._sets.setdefault(found, found) if len(found) <= _SMALL else found

    def has_way(self, node: NodeId) -> bool:
        """Whether the graph knows the way of its data: then its silence means something."""
        return any(edge.medium is not Medium.POWER for edge in self.topology.edges_above(node))

    def hard(self, place: NodeId, failed: Iterable[NodeId] = ()) -> _Set:
        """What is dark at once if ``place`` fails, itself included; with ``failed``, what that adds."""
        spared = self._spared.get(place)
        if spared:
            before = tuple(node for node in failed if not spared.isdisjoint(self._spared.get(node, ())))
            if before:
                both = self.topology.dark_if((*before, place), on_battery=True)
                return both - self.topology.dark_if(before, on_battery=True) | {place}
        found = self._hard.get(place)
        if found is None:
            found = self._shared(self.topology.dark_if((place,), on_battery=True) | {place})
            self._hard[place] = found
        return found

    def warm(self) -> None:
        """Find out all of it once, while nothing burns."""
        for node in self.topology.nodes:
            self.soft(node), self.reach(node), self.above(node), self.branches(node)

    def soft(self, place: NodeId) -> _Set:
        """What goes dark later, when a battery is empty."""
        found = self._soft.get(place)
        if found is None:
            found = self._shared(self.topology.dark_if((place,)) - self.hard(place))
            self._soft[place] = found
        return found

    def power(self, place: NodeId) -> _Set:
        """What loses its supply if ``place`` fails, without itself."""
        found = self._power.get(place)
        if found is None:
            found = self._power[place] = self._shared(self._electric.dark_if((place,)) - {place})
        return found

    def reach(self, place: NodeId) -> _Set:
        """What is dark at once or loses its supply if ``place`` fails."""
        found = self._reach.get(place)
        if found is None:
            found = self._reach[place] = self._shared(self.hard(place) | self.power(place))
        return found

    def branches(self, place: NodeId) -> tuple[tuple[str, NodeId], ...]:
        """One device of each branch below ``place``, spread evenly and always the same ones."""
        found = self._branches.get(place)
        if found is None:
            first: dict[str, NodeId] = {}
            inside = bool(self.site(place))
            for node in sorted(self.hard(place) & self.register.channels.keys()):
                first.setdefault(node if inside else self.branch(node), node)
            spread = sorted(first.items(), key=lambda pair: hashlib.blake2s(pair[1].encode()).digest())
            found = self._branches[place] = tuple(spread)
        return found
