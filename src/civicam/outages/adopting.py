"""A wrong or missing edge: a cause that belongs to a wider one of its moment, though the graph says no. Pure.

What is alone in its site, and a smaller cause, are tried as if an element above them hung below the wider
one, for `Rules.adopt`. Where the edges of most that hangs below an element are missing, nothing is wide: then
an element above one of several causes of a moment is tried for all of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from civicam.fleet.graph import NodeId, NodeKind
from civicam.outages import likelihood
from civicam.outages.scene import Dark
from civicam.outages.weighing import Account, Candidate, Scales, Sum, Weighed, within

_SITE = frozenset(
    {NodeKind.CABINET, NodeKind.UPS, NodeKind.ONU, NodeKind.SWITCH, NodeKind.DEVICE, NodeKind.CHANNEL}
)
_POWER = frozenset({NodeKind.TRANSFORMER, NodeKind.METER_BOX, NodeKind.FEED})
_FIBRE = frozenset({NodeKind.ODF, NodeKind.FIBRE, NodeKind.SPLITTER})
TIERS_OF: dict[NodeKind, frozenset[NodeKind]] = {
    NodeKind.TRANSFORMER: _SITE | _POWER,
    NodeKind.METER_BOX: _SITE | _POWER,
    NodeKind.FEED: _SITE | _POWER,
    NodeKind.ODF: _SITE | _FIBRE,
    NodeKind.FIBRE: _SITE | _FIBRE,
    NodeKind.SPLITTER: _SITE | _FIBRE,
    NodeKind.OLT: _SITE | _FIBRE,
    NodeKind.CORE: _SITE | _FIBRE | {NodeKind.OLT},
}
"""What can hang below an element of several sites by an edge that is not in the register."""

FED = _SITE | _POWER
"""What can be the end of a missing edge of power ..."""
LIT = _FIBRE | {NodeKind.OLT, NodeKind.ONU, NodeKind.SWITCH, NodeKind.DEVICE, NodeKind.CHANNEL}
"""... and of fibre."""

MOMENT_S = 300.0
"""A device whose end is known no better than this (a gap of ours, a cause before) is adopted by nobody."""


SHARP_S = 30.0
"""... unless direct evidence says to so many seconds when the cause began."""


@dataclass(slots=True)
class Answer:
    """Causes chosen so far, and which of them are part of another."""

    account: Account
    chosen: list[Weighed]
    adopted: dict[Candidate, Candidate] = field(default_factory=dict)
    bonus: float = 0.0
    """What adopting is better than leaving things alone, as far as it may decide between causes."""
    adopting: float = 0.0
    """... and all of it."""
    raised: dict[Candidate, float] = field(default_factory=dict)
    """Causes that were put in the place of one below them, and by how much that is better."""

    @property
    def gain(self) -> float:
        """In nats over nothing, without most of what adopting is worth."""
        return sum(each.gain for each in self.chosen) + self.bonus

    def members(self) -> dict[Candidate, list[NodeId]]:
        """The devices of each cause; what is dark by itself is its own."""
        found: dict[Candidate, list[NodeId]] = {each.candidate: [] for each in self.chosen}
        for node, of in self.account.of.items():
            found[of].append(node)
        for node in self.account.price:
            if node not in self.account.of:
                found[Candidate(node)] = [node]
        return found


Members = Mapping[Candidate, list[NodeId]]


class Adoption:
    """Tries it on answers to one scene."""

    def __init__(self, scales: Scales) -> None:
        self.scales = scales
        self.scene = scales.scene
        self.plant = scales.plant
        self.rules = scales.rules
        self._works: dict[str, float] = {}
        for node, seen in self.scene.lit.items():
            branch = self.plant.branch(node)
            self._works[branch] = max(seen, self._works.get(branch, -math.inf))

    def hope(self, members: Members) -> float:
        """What adopting can add at most: devices of one site, and what was told of them, cost nothing."""
        hope = 0.0
        for each, mine in members.items():
            if mine and self._width(each, mine) == 1:
                above: set[NodeId] = set().union(*(self.plant.above(node) for node in mine))
                told = sum(len(found) for _, found in within(self.scene.proofs, frozenset(above)))
                hope += sum(self.scales.own(node) for node in mine) + told * self.rules.spurious
        return hope

    def adopt(self, answer: Answer, members: Members, host: Candidate | None = None) -> None:
        """Find causes that belong to a wider one of their moment; ``host`` need not be wider."""
        widths = {each: self._width(each, mine) for each, mine in members.items()}
        gains = {each.candidate: each for each in answer.chosen}
        wide = [each for each in answer.chosen if widths[each.candidate] > 1]
        for each in self.scene.standing:
            candidate = Candidate(each.place, each.work, each.row)
            if candidate not in widths and each.width > 1:
                widths[candidate] = each.width
                wide.append(Weighed(candidate, 0.0, each.lo, each.hi))
        answer.adopted, answer.adopting = {}, 0.0
        better: dict[Candidate, list[float]] = {}
        for small, mine in sorted(members.items()):
            if not mine or small.row or small.work or small == host:
                continue
            hosts = [
                each
                for each in wide
                if (widths[each.candidate] > widths[small] or each.candidate == host)
                and each.candidate not in answer.adopted
                and self._may_hang(small.place, each.candidate.place)
                and self._of_one_moment(mine, gains.get(small), each)
            ]
            if not hosts:
                continue
            open_ = self.scales.without(small.place, mine, answer.account)
            alone = gains.get(small) or self.scales.weigh(small, open_)
            own = max(alone.gain, 0.0)
            offer = min(self._offers(mine, hosts, open_))
            if -offer[0] > own:
                answer.adopted[small] = offer[1]
                answer.adopting -= offer[0] + own
                better.setdefault(offer[1], []).append(-offer[0] - own if widths[small] == 1 else 0.0)
        # one site's wrong edge may decide between a cause and the one above it; more are not believed so much
        answer.bonus = sum(gain[0] for gain in better.values() if len(gain) == 1)

    def raised(self, answer: Answer) -> Answer:
        """The same, with a cause replaced by an element above it where others of its moment belong below."""
        for each in sorted(answer.chosen, key=lambda each: each.candidate):
            if self._peers(each, answer):
                members = answer.members()
                for place in self._above(members[each.candidate], each.candidate.place):
                    other = self._lifted(answer, each, place, members)
                    better = -math.inf if other is None else _full(other) - _full(answer)
                    if other is not None and better > self.rules.gain:
                        other.raised = answer.raised | {Candidate(place): better}
                        return self.raised(other)
        return answer

    def _peers(self, one: Weighed, answer: Answer) -> bool:
        if one.candidate.row or one.candidate.work:
            return False
        return any(
            abs(each.at - one.at) <= self.rules.late_s
            for each in answer.chosen
            if each is not one and not (each.candidate.row or each.candidate.work)
        )

    def _lifted(self, answer: Answer, each: Weighed, place: NodeId, members: Members) -> Answer | None:
        candidate, mine = Candidate(place), members[each.candidate]
        if candidate in members or not self._may_hang(each.candidate.place, place):
            return None
        open_ = self.scales.without(each.candidate.place, mine, answer.account)
        weighed = self.scales.weigh(candidate, open_)
        if weighed.gain <= each.gain - 3 * self.rules.adopt:
            return None
        of = {
            node: candidate if known == each.candidate else known for node, known in answer.account.of.items()
        }
        chosen = [weighed if known is each else known for known in answer.chosen]
        other = Answer(replace(answer.account, of=of), chosen)
        self.adopt(other, other.members(), candidate)
        return other

    def _above(self, devices: list[NodeId], place: NodeId) -> list[NodeId]:
        """Elements of several sites above all of them that also stand above ``place``."""
        above = set(self.plant.above(place)) - {place}
        for node in devices:
            above &= self.plant.above(node)
        return sorted(node for node in above if not self.plant.site(node))

    def _width(self, candidate: Candidate, devices: Iterable[NodeId]) -> int:
        """How many branches it took away."""
        if candidate.row:
            return next((each.width for each in self.scene.standing if each.row == candidate.row), 0)
        return len({self.plant.branch(node) for node in devices})

    def _may_hang(self, lower: NodeId, upper: NodeId) -> bool:
        """Whether an element of that kind can stand below one of this kind."""
        return self.plant.kind(lower) in TIERS_OF.get(self.plant.kind(upper), frozenset())

    def _offers(
        self, mine: list[NodeId], hosts: Iterable[Weighed], open_: Account
    ) -> list[tuple[float, Candidate]]:
        """What each of ``hosts`` gains for the devices of another, less first: as if an element above them
        hung below it. A site of which something works after that moment does not hang there as a whole."""
        above = set(self.plant.above(mine[0]))
        for node in mine[1:]:
            above &= self.plant.above(node)
        sites = {self.plant.branch(node) for node in mine}
        works = self._works.get(next(iter(sites)), -math.inf) if len(sites) == 1 else -math.inf
        sums: dict[NodeId, Sum] = {}
        found: list[tuple[float, Candidate]] = []
        for each in hosts:
            kinds = FED if self.plant.power(each.candidate.place) else LIT
            best = self._drained(mine, each)
            for place in sorted(above):
                if self.plant.kind(place) in kinds:
                    if place not in sums:
                        sums[place] = self.scales.sum(Candidate(place), open_)
                    best = max(best, likelihood.at(*sums[place], each.at))
            against = self.rules.lit if works > each.hi + self.rules.slack_s else 0.0
            found.append((self.rules.adopt + against - best, each.candidate))
        return found

    def _of_one_moment(self, mine: list[NodeId], small: Weighed | None, wide: Weighed) -> bool:
        """Whether devices went dark at about its time, so their cause did, or their battery came into use."""
        if all(self._fits(self.scene.dark[node], wide.at) for node in mine):
            return True
        if small is not None and max(small.hi - small.lo, wide.hi - wide.lo) <= SHARP_S:
            slack = self.rules.slack_s
            if small.lo - slack <= wide.hi and wide.lo - slack <= small.hi:
                return True
        return self._drained(mine, wide) > -math.inf

    def _fits(self, item: Dark, moment: float) -> bool:
        """Whether that is known well enough to mean something, too."""
        late = self.rules.late_s
        return item.hi - item.lo <= MOMENT_S and item.lo - late <= moment < item.hi + 2 * (
            item.beat_s or late
        )

    def _drained(self, mine: list[NodeId], wide: Weighed) -> float:
        """The gain if their battery was in use since ``wide`` began, and is empty; else minus infinity."""
        if not self.plant.power(wide.candidate.place) or not self.scales.drained(mine, wide.lo, wide.hi):
            return -math.inf
        dark = sum(self.scales.own(node) - self.scene.dark[node].log_span for node in mine)
        return dark + self.rules.spurious - self.rules.gasp_sent - self.rules.exhausted


def _full(answer: Answer) -> float:
    """Its gain with all that adopting is worth."""
    return sum(each.gain for each in answer.chosen) + answer.adopting
