"""When each node of the seeded city really works: faults, batteries, boots. For the wire and the score."""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from civicam.bench.outages_city import City
from civicam.bench.outages_faults import Fault, Truth
from civicam.fleet.graph import Medium, NodeId, NodeKind
from civicam.fleet.topology import Topology

BEAT_S, MISSES, GRACE_S = 60.0, 3, 2.0
PATIENCE_S = BEAT_S * MISSES + GRACE_S
"""As `civicam.fleet.presence` counts a device as lost."""


@dataclass(frozen=True, slots=True)
class Down:
    """A node does not work (or cannot be reached) from ``begin`` until ``end``, because of ``fault``.

    ``also``: the second of two faults that only together make it dark, both of its ways cut."""

    begin: float
    end: float
    fault: Fault
    powerless: bool
    also: Fault | None = None

    @property
    def faults(self) -> tuple[Fault, ...]:
        """Who did it."""
        return (self.fault,) if self.also is None else (self.fault, self.also)


@dataclass(slots=True)
class Life:
    """node → its downs by their beginning; and the same merged, whatever the fault."""

    downs: dict[NodeId, list[Down]] = field(default_factory=dict)
    merged: dict[NodeId, list[tuple[float, float]]] = field(default_factory=dict)

    def works(self, node: NodeId, at: float) -> bool:
        """Whether it works and can be reached."""
        spans = self.merged.get(node, [])
        index = bisect_right(spans, (at, float("inf"))) - 1
        return index < 0 or spans[index][1] <= at


def live(city: City, truth: Truth, seed: int) -> Life:
    """What the faults do."""
    rng = random.Random(f"life/{seed}")
    electric = Topology.of(
        city.real.nodes.values(), [edge for edge in city.real.edges if edge.medium is Medium.POWER]
    )
    found = Life()
    for fault, others in _with_company(truth.faults):
        places = (fault.place, *(each.place for each in others))
        dark, supply = city.real.impact(places).dark, electric.impact(places).dark
        alone = set().union(*(city.real.impact((each.place,)).dark for each in others)) if others else set()
        begin = max(fault.begin, *(each.begin for each in others)) if others else fault.begin
        end = min(fault.end, *(each.end for each in others)) if others else fault.end
        for node, minute in sorted(dark.items()):
            if others and (node in alone or node in city.real.impact((fault.place,)).dark):
                continue
            if begin + 60 * minute < end:
                powerless = node in supply and node != fault.place
                also = others[0] if others else None
                down = Down(begin + 60 * minute, end, fault, powerless, also)
                found.downs.setdefault(node, []).append(down)
    _boot(city, found, rng)
    for node, downs in found.downs.items():
        downs.sort(key=lambda each: (each.begin, each.end))
        found.merged[node] = merge((each.begin, each.end) for each in downs)
    return found


def _with_company(faults: list[Fault]) -> Iterator[tuple[Fault, tuple[Fault, ...]]]:
    """Each fault alone, and each pair that overlaps: two may do together what neither does."""
    for index, one in enumerate(faults):
        yield one, ()
        for other in faults[index + 1 :]:
            if one.begin < other.end and other.begin < one.end and other.place != one.place:
                yield one, (other,)


def _boot(city: City, life: Life, rng: random.Random) -> None:
    """Power that is back is not yet a picture: what lost its supply, or died itself, starts first."""
    seconds = {NodeKind.ONU: (40, 80), NodeKind.SWITCH: (30, 60), NodeKind.DEVICE: (40, 120)}
    for node in sorted(life.downs):
        low, high = seconds.get(city.real.nodes[node].kind, (0, 0))
        life.downs[node] = [
            replace(each, end=each.end + (rng.uniform(low, high) if _starts(each, node) else 2.0))
            for each in life.downs[node]
        ]
    for node in sorted(life.downs):
        if city.real.nodes[node].kind is not NodeKind.DEVICE:
            continue
        above = [
            up
            for up in city.real.ancestors(node)
            if city.real.nodes[up].kind in {NodeKind.ONU, NodeKind.SWITCH}
        ]
        life.downs[node] = [
            replace(each, end=max([each.end, *_ends(life, above, each.fault)])) for each in life.downs[node]
        ]


def _starts(down: Down, node: NodeId) -> bool:
    """Whether the node has to start afresh when it is over."""
    return down.powerless or down.fault.place == node


def _ends(life: Life, nodes: Iterable[NodeId], fault: Fault) -> list[float]:
    return [each.end for node in nodes for each in life.downs.get(node, []) if each.fault is fault]


def merge(spans: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """Overlapping spans become one."""
    found: list[tuple[float, float]] = []
    for begin, end in sorted(spans):
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((begin, end))
    return found
