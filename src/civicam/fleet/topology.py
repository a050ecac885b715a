"""The power and fibre graph at work: who goes dark if something fails, and by which ways a node is fed. Pure.

The rule. A node works when it has not failed itself and, in each medium in which it has any upper, at least
one upper works, primary or backup. A UPS that has lost its supply works on for its battery minutes. The
graph has no cycle over all media together, so the rule has exactly one answer; a ring of fibre is entered as
what it is for each node on it, a primary way and a backup.

A `Topology` never changes: an edit gives a new one and the set of nodes whose ways it touched.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from civicam.fleet.graph import GIVES, TAKES, Edge, Medium, Node, NodeId, NodeKind, Path
from civicam.kernel.errors import Refused

__all__ = ["Edge", "Edit", "Impact", "Medium", "Node", "NodeId", "NodeKind", "Path", "Topology"]

PATHS_AT_MOST = 64
"""Ways of one node in one medium that `Topology.paths` gives, primary ones first."""

FEW = 8
"""New edges that are each followed down for a cycle; more, and the whole graph is walked once."""

_MEDIA = tuple(Medium)
_Links = dict[NodeId, tuple[Edge, ...]]


@dataclass(frozen=True, slots=True)
class Edit:
    """What one change of the graph does, all of it or nothing. Removing a node removes its edges; ``nodes``
    and ``edges`` replace what is there under the same key (an edge's is upper, lower and medium)."""

    nodes: tuple[Node, ...] = ()
    edges: tuple[Edge, ...] = ()
    without_nodes: tuple[NodeId, ...] = ()
    without_edges: tuple[tuple[NodeId, NodeId, Medium], ...] = ()


@dataclass(frozen=True, slots=True)
class Impact:
    """What failures lead to. ``dark``: minutes from the failure until a node stops, 0 at once. ``strained``:
    works, but on a backup or a battery alone in some medium, or below a battery that will run out."""

    dark: Mapping[NodeId, int]
    strained: frozenset[NodeId]


@dataclass(frozen=True, slots=True)
class Topology:
    """Build it with `of`; the fields are its index."""

    nodes: Mapping[NodeId, Node]
    _up: _Links
    """node → its edges to uppers, primary ones first."""
    _down: _Links
    """node → its edges to lowers."""

    @staticmethod
    def of(nodes: Iterable[Node], edges: Iterable[Edge]) -> Topology:
        """A graph of these.

        Raises `Refused`: ``fleet.graph-node-twice``, ``fleet.graph-edge-twice``, ``fleet.graph-unknown-node``
        (an edge names a node that is not there), ``fleet.graph-self-loop``, ``fleet.graph-wrong-medium`` (a
        kind that does not give or take it), ``fleet.graph-wrong-battery``, ``fleet.graph-cycle``.
        """
        known: dict[NodeId, Node] = {}
        for node in nodes:
            _fit_node(node)
            if node.node_id in known:
                raise Refused("fleet.graph-node-twice", node=node.node_id)
            known[node.node_id] = node
        seen: set[tuple[NodeId, NodeId, Medium]] = set()
        kept: list[Edge] = []
        for edge in edges:
            _fit_edge(edge, known)
            key = (edge.upper, edge.lower, edge.medium)
            if key in seen:
                raise Refused(
                    "fleet.graph-edge-twice", upper=edge.upper, lower=edge.lower, medium=edge.medium
                )
            seen.add(key)
            kept.append(edge)
        made = Topology(known, *_links(kept))
        made._ordered()
        return made

    # -- looking ----------------------------------------------------------------------------------

    def __contains__(self, node: object) -> bool:
        return node in self.nodes

    def __len__(self) -> int:
        return len(self.nodes)

    @property
    def edges(self) -> Iterator[Edge]:
        """Every edge, each once."""
        return (edge for edges in self._up.values() for edge in edges)

    def edges_above(self, node: NodeId) -> tuple[Edge, ...]:
        """What ``node`` depends on directly, primary ones first."""
        return self._up.get(node, ())

    def edges_below(self, node: NodeId) -> tuple[Edge, ...]:
        """What depends on ``node`` directly."""
        return self._down.get(node, ())

    def uppers(self, node: NodeId, medium: Medium | None = None) -> tuple[NodeId, ...]:
        """The nodes that ``node`` takes from, primary ones first; of one medium, or of all."""
        return _ends(self._up.get(node, ()), medium, lambda edge: edge.upper)

    def lowers(self, node: NodeId, medium: Medium | None = None) -> tuple[NodeId, ...]:
        """The nodes that take from ``node``; of one medium, or of all."""
        return _ends(self._down.get(node, ()), medium, lambda edge: edge.lower)

    def ancestors(self, node: NodeId) -> frozenset[NodeId]:
        """Everything above ``node`` over all media, without itself."""
        return frozenset(_reach((node,), self._up, lambda edge: edge.upper)) - {node}

    def descendants(self, node: NodeId) -> frozenset[NodeId]:
        """Everything below ``node`` over all media, without itself; not all of it goes dark with it."""
        return frozenset(_reach((node,), self._down, lambda edge: edge.lower)) - {node}

    def common_ancestors(self, nodes: Collection[NodeId]) -> frozenset[NodeId]:
        """What each of ``nodes`` depends on or is; empty for none. One of them is in it when it stands above
        all the others."""
        found: frozenset[NodeId] | None = None
        for node in nodes:
            mine = self.ancestors(node) | {node}
            found = mine if found is None else found & mine
            if not found:
                break
        return found or frozenset()

    def sole_causes(self, nodes: Collection[NodeId], *, on_battery: bool = False) -> frozenset[NodeId]:
        """The nodes whose failure alone makes all of ``nodes`` dark: common ancestors without a way round."""
        wanted = frozenset(nodes)
        return frozenset(
            each
            for each in self.common_ancestors(wanted)
            if wanted <= self.dark_if((each,), on_battery=on_battery)
        )

    # -- what fails -------------------------------------------------------------------------------

    def dark_if(self, failed: Collection[NodeId], *, on_battery: bool = False) -> frozenset[NodeId]:
        """Every node that stops when ``failed`` fail, these included; ids that are not in the graph are left
        out. With ``on_battery`` the batteries still hold, without it they are empty."""
        dark = {node for node in failed if node in self.nodes}
        waiting = list(dark)
        lost: set[tuple[NodeId, Medium]] = set()
        while waiting:
            for edge in self._down.get(waiting.pop(), ()):
                lower, key = edge.lower, (edge.lower, edge.medium)
                if lower in dark or key in lost:
                    continue
                if not all(each.upper in dark for each in self._up[lower] if each.medium is edge.medium):
                    continue
                lost.add(key)
                if on_battery and edge.medium is Medium.POWER and self.nodes[lower].battery_minutes:
                    continue
                dark.add(lower)
                waiting.append(lower)
        return frozenset(dark)

    def impact(self, failed: Collection[NodeId]) -> Impact:
        """What ``failed`` lead to in time: when each node stops, and which ones work on a reserve only.

        A battery starts when its UPS loses its supply, so the minutes of UPSs in a row add up.
        """
        dark: dict[NodeId, int] = {}
        due = [(0, node) for node in sorted({each for each in failed if each in self.nodes})]
        while due:
            minute, node = heapq.heappop(due)
            if node in dark:
                continue
            dark[node] = minute
            for edge in self._down.get(node, ()):
                lower = edge.lower
                if lower in dark:
                    continue
                if all(each.upper in dark for each in self._up[lower] if each.medium is edge.medium):
                    held = self.nodes[lower].battery_minutes if edge.medium is Medium.POWER else 0
                    heapq.heappush(due, (minute + held, lower))
        return Impact(dark, self._strained(dark))

    def _strained(self, dark: Mapping[NodeId, int]) -> frozenset[NodeId]:
        below = {edge.lower for node in dark for edge in self._down.get(node, ())}
        found = {node for node, minute in dark.items() if minute > 0}
        for node in below - dark.keys():
            for medium in _MEDIA:
                mine = [edge for edge in self._up[node] if edge.medium is medium]
                live = [edge for edge in mine if edge.upper not in dark]
                if len(live) < len(mine) and all(edge.backup for edge in live):
                    found.add(node)
        return frozenset(found)

    # -- ways -------------------------------------------------------------------------------------

    def paths(self, node: NodeId) -> tuple[Path, ...]:
        """The ways by which ``node`` is fed, medium by medium, primary ones first: at most `PATHS_AT_MOST` in
        a medium, see `path_count`. Each follows one medium from a node that takes nothing of it."""
        found: list[Path] = []
        for medium in _MEDIA:
            if not self.uppers(node, medium):
                continue
            mine: list[Path] = []
            for path in self._climb(node, medium):
                mine.append(path)
                if len(mine) == PATHS_AT_MOST:
                    break
            found += sorted(mine, key=lambda path: path.backup)
        return tuple(found)

    def path_count(self, node: NodeId, medium: Medium) -> int:
        """How many ways of ``medium`` lead down to ``node``, counted and not walked."""
        count: dict[NodeId, int] = {}
        waiting = [node]
        while waiting:
            each = waiting[-1]
            above = self.uppers(each, medium)
            missing = [upper for upper in above if upper not in count]
            if missing:
                waiting += missing
                continue
            waiting.pop()
            count[each] = sum(count[upper] for upper in above) if above else 1
        return count[node] if self.uppers(node, medium) else 0

    def _climb(self, node: NodeId, medium: Medium) -> Iterator[Path]:
        """Depth first, the primary upper of each node first."""
        waiting: list[tuple[tuple[NodeId, ...], bool]] = [((node,), False)]
        while waiting:
            nodes, backup = waiting.pop()
            above = [edge for edge in self._up.get(nodes[0], ()) if edge.medium is medium]
            if not above:
                yield Path(medium, nodes, backup)
            waiting += [((edge.upper, *nodes), backup or edge.backup) for edge in reversed(above)]

    # -- changing ---------------------------------------------------------------------------------

    def edited(self, edit: Edit) -> tuple[Topology, frozenset[NodeId]]:
        """The graph after ``edit``, and the nodes whose ways it may have changed: those that are there after
        it and stand at or below an edge that came, went or changed. Raises like `of`, and
        ``fleet.graph-unknown-node`` or ``fleet.graph-unknown-edge`` for what it should take away and is not
        there."""
        nodes = dict(self.nodes)
        up, down = dict(self._up), dict(self._down)
        touched: set[NodeId] = set()
        for key in edit.without_edges:
            touched.add(_cut(up, down, key))
        for gone in edit.without_nodes:
            if nodes.pop(gone, None) is None:
                raise Refused("fleet.graph-unknown-node", node=gone)
            touched.add(gone)
            for edge in (*up.get(gone, ()), *down.get(gone, ())):
                touched.add(_cut(up, down, (edge.upper, edge.lower, edge.medium)))
        for node in edit.nodes:
            _fit_node(node)
            nodes[node.node_id] = node
        made = Topology(nodes, up, down)
        for edge in edit.edges:
            _fit_edge(edge, nodes)
            _put(up, down, edge)
            touched.add(edge.lower)
        for node in edit.nodes:  # a kind that changed must still fit the edges that stayed
            for edge in (*made.edges_above(node.node_id), *made.edges_below(node.node_id)):
                _fit_edge(edge, nodes)
        below = _reach(touched & nodes.keys(), down, lambda edge: edge.lower)
        if len(edit.edges) > FEW or any(_on_cycle(made, edge) for edge in edit.edges):
            made._ordered()
        return made, frozenset(below)

    def _ordered(self) -> None:
        """Every node after its uppers (Kahn 1962); refuses a cycle and names one."""
        missing = {node: len(edges) for node, edges in self._up.items()}
        ready = [node for node in self.nodes if not missing.get(node)]
        done = 0
        while ready:
            done += 1
            for edge in self._down.get(ready.pop(), ()):
                missing[edge.lower] -= 1
                if not missing[edge.lower]:
                    ready.append(edge.lower)
        if done < len(self.nodes):
            raise Refused("fleet.graph-cycle", nodes=_cycle({n for n, c in missing.items() if c}, self._up))


def _fit_node(node: Node) -> None:
    if node.battery_minutes < 0 or (node.battery_minutes and node.kind is not NodeKind.UPS):
        raise Refused("fleet.graph-wrong-battery", node=node.node_id, minutes=node.battery_minutes)


def _fit_edge(edge: Edge, nodes: Mapping[NodeId, Node]) -> None:
    if edge.upper == edge.lower:
        raise Refused("fleet.graph-self-loop", node=edge.upper)
    for end, table in ((edge.upper, GIVES), (edge.lower, TAKES)):
        node = nodes.get(end)
        if node is None:
            raise Refused("fleet.graph-unknown-node", node=end)
        if edge.medium not in table[node.kind]:
            raise Refused("fleet.graph-wrong-medium", node=end, kind=node.kind, medium=edge.medium)


def _links(edges: Iterable[Edge]) -> tuple[_Links, _Links]:
    up: dict[NodeId, list[Edge]] = {}
    down: dict[NodeId, list[Edge]] = {}
    for edge in edges:
        up.setdefault(edge.lower, []).append(edge)
        down.setdefault(edge.upper, []).append(edge)
    return {node: _sorted(mine) for node, mine in up.items()}, {n: tuple(mine) for n, mine in down.items()}


def _sorted(edges: Iterable[Edge]) -> tuple[Edge, ...]:
    return tuple(sorted(edges, key=lambda edge: (edge.backup, edge.medium, edge.upper)))


def _put(up: _Links, down: _Links, edge: Edge) -> None:
    """Add ``edge``, or put it in the place of the one with its key."""
    same = (edge.upper, edge.lower, edge.medium)
    above = [each for each in up.get(edge.lower, ()) if (each.upper, each.lower, each.medium) != same]
    below = [each for each in down.get(edge.upper, ()) if (each.upper, each.lower, each.medium) != same]
    up[edge.lower] = _sorted((*above, edge))
    down[edge.upper] = (*below, edge)


def _cut(up: _Links, down: _Links, key: tuple[NodeId, NodeId, Medium]) -> NodeId:
    upper, lower, medium = key
    above = tuple(edge for edge in up.get(lower, ()) if (edge.upper, edge.medium) != (upper, medium))
    if len(above) == len(up.get(lower, ())):
        raise Refused("fleet.graph-unknown-edge", upper=upper, lower=lower, medium=medium)
    up[lower] = above
    down[upper] = tuple(edge for edge in down[upper] if (edge.lower, edge.medium) != (lower, medium))
    return lower


def _ends(edges: Iterable[Edge], medium: Medium | None, end: Callable[[Edge], NodeId]) -> tuple[NodeId, ...]:
    return tuple(dict.fromkeys(end(edge) for edge in edges if medium is None or edge.medium is medium))


def _reach(start: Iterable[NodeId], links: _Links, end: Callable[[Edge], NodeId]) -> set[NodeId]:
    found = set(start)
    waiting = list(found)
    while waiting:
        for edge in links.get(waiting.pop(), ()):
            node = end(edge)
            if node not in found:
                found.add(node)
                waiting.append(node)
    return found


def _on_cycle(made: Topology, edge: Edge) -> bool:
    """Whether the way down from ``edge`` comes back to its upper end."""
    return edge.upper in _reach((edge.lower,), made._down, lambda each: each.lower)


def _cycle(within: set[NodeId], up: _Links) -> str:
    """The ids of one cycle, for people: from a node that is left over, uppers left over until one repeats."""
    node, walked = min(within), list[NodeId]()
    while node not in walked:
        walked.append(node)
        node = next(edge.upper for edge in up[node] if edge.upper in within)
    ring = walked[walked.index(node) :]
    return " → ".join(reversed([*ring, node]))
