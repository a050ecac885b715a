"""What a simple rule makes of the same wire: a site is dark when its cameras are, a parent when all its
children are; the highest dark parent is the cause. It reads heartbeats alone and believes each of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from civicam.bench.outages_score import Claim
from civicam.fleet.graph import NodeId
from civicam.outages.facts import CameBack, Fact, WentDark
from civicam.outages.model import kind_of
from civicam.outages.plant import Plant


@dataclass(slots=True)
class Naive:
    """Follows the facts in their order and keeps its claims."""

    plant: Plant
    claims: list[Claim] = field(default_factory=list)
    _dark: set[NodeId] = field(default_factory=set)
    _total: dict[NodeId, int] = field(default_factory=dict)
    _count: dict[NodeId, int] = field(default_factory=dict)
    _open: dict[NodeId, tuple[float, NodeId]] = field(default_factory=dict)
    _rows: int = 0
    opened: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for device in self.plant.register.channels:
            for node in self.plant.above(device):
                self._total[node] = self._total.get(node, 0) + 1

    def take(self, facts: Iterable[tuple[float, Fact]]) -> None:
        """All facts, by their arrival."""
        for at, fact in facts:
            if isinstance(fact, WentDark) and fact.device not in self._dark:
                self._turn(fact.device, at, 1)
            elif isinstance(fact, CameBack) and fact.device in self._dark:
                self._turn(fact.device, at, -1)

    def _turn(self, device: NodeId, at: float, step: int) -> None:
        turned: set[NodeId] = {device}
        for node in self.plant.above(device):
            before = self._count.get(node, 0)
            self._count[node] = before + step
            if self._total[node] in (before, before + step):
                turned.add(node)
        if step > 0:
            self._dark.add(device)
        else:
            self._dark.discard(device)
        moved = {device}
        for node in turned:
            moved |= self._dark & self.plant.topology.descendants(node)
        for each in sorted(moved):
            self._claim(each, at)

    def _claim(self, device: NodeId, at: float) -> None:
        place = self._place(device) if device in self._dark else None
        known = self._open.pop(device, None)
        if known is not None:
            since, before = known
            if before == place:
                self._open[device] = known
                return
            self._close(device, before, since, at)
        if place is not None:
            self._open[device] = (at, place)

    def _place(self, device: NodeId) -> NodeId:
        """The highest node above it whose devices are all dark; of equals the one with the lower id."""
        full = [node for node in self.plant.above(device) if self._count.get(node) == self._total[node]]
        return min(full, key=lambda node: (-self._total[node], node))

    def _close(self, device: NodeId, place: NodeId, since: float, until: float) -> None:
        row = f"n/{place}/{round(since)}"
        self.opened.setdefault(row, since)
        kind = kind_of(self.plant.kind(place))
        self.claims.append(Claim(device, since, until, kind, place, row))

    def finish(self, until: float) -> None:
        """What is open ends with the run."""
        for device, (since, place) in sorted(self._open.items()):
            self._close(device, place, since, until)
        self._open.clear()
