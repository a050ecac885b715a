"""The set of causes that explains what is dark: greedy choice, then search around it. Pure.

Chosen is, again and again, the candidate with the highest gain. Gains only fall as others are chosen, so they
are kept in a heap and weighed again when they come up. Then each cause is tried without (banned together with
everything that explains as much as it does): two causes below it may be better. What is left alone in its
site is tried as part of a wide cause of the same moment that the graph does not put above it: a wrong edge.
What nothing explains is dark by itself. Equal gains are decided by the id, so the answer is one.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from civicam.fleet.graph import NodeId, NodeKind
from civicam.outages import likelihood
from civicam.outages.facts import CauseKind
from civicam.outages.model import kind_of
from civicam.outages.plant import Plant
from civicam.outages.rules import Rules
from civicam.outages.scene import LONGEST_S, Dark, Scene
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

Starts = dict[Candidate, tuple[float, float]]
"""Cause → between which times it began."""

SPLITS = 24
"""Causes that are tried without, in one explanation."""


@dataclass(frozen=True, slots=True)
class Cause:
    """One cause of a scene. ``adopted`` are dark with it though the graph does not put them below it.

    ``kind`` is UNKNOWN when no kind is likelier than `Rules.say_unknown`; ``others`` are the places that it
    could be as well, each with its probability.
    """

    place: NodeId
    kind: CauseKind
    lo: float
    hi: float
    devices: tuple[NodeId, ...]
    adopted: tuple[NodeId, ...] = ()
    work: str = ""
    row: str = ""
    confidence: float = 1.0
    others: tuple[tuple[NodeId, float], ...] = ()


@dataclass(slots=True)
class _Answer:
    account: Account
    chosen: list[Weighed]
    adopted: dict[Candidate, Candidate] = field(default_factory=dict)
    bonus: float = 0.0
    """What adopting is better than leaving things alone."""

    @property
    def gain(self) -> float:
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


def explain(scene: Scene, plant: Plant, rules: Rules) -> tuple[Cause, ...]:
    """The causes of everything dark in ``scene``, each device in exactly one of them."""
    return _Search(scene, plant, rules).run()


class _Search:
    def __init__(self, scene: Scene, plant: Plant, rules: Rules) -> None:
        self.scene = scene
        self.plant = plant
        self.rules = rules
        self.scales = Scales(scene, plant, rules)
        empty = self.scales.account()
        weighed = [self.scales.weigh(each, empty) for each in self._candidates()]
        self.first = [each for each in weighed if each.gain > rules.gain]

    def run(self) -> tuple[Cause, ...]:
        answer = self._split(self._greedy(frozenset()))
        return self._causes(answer, answer.adopted)

    def _candidates(self) -> list[Candidate]:
        above: set[NodeId] = set()
        for node in self.scene.dark:
            above |= self.plant.above(node)
        alone = {node for node in self.scene.dark if len(self.plant.hard(node)) == 1}
        found = [Candidate(place) for place in above - alone]
        found += [Candidate(work.place, work=work.work_id) for work in self.scene.works]
        found += [Candidate(each.place, each.work, each.row) for each in self.scene.standing]
        return sorted(found)

    # -- choosing

    def _greedy(self, banned: frozenset[Candidate], least: float = -math.inf) -> _Answer:
        """The next best, again and again. An answer that cannot reach ``least`` is not thought to its end."""
        answer = _Answer(self.scales.account(), [])
        heap = [(-each.gain, each.candidate, 0, each) for each in self.first if each.candidate not in banned]
        heapq.heapify(heap)
        while heap:
            _, candidate, age, weighed = heapq.heappop(heap)
            if age < len(answer.chosen):
                weighed = self.scales.weigh(candidate, answer.account)
                if weighed.gain <= self.rules.gain:
                    continue
                if heap and -weighed.gain > heap[0][0]:
                    heapq.heappush(heap, (-weighed.gain, candidate, len(answer.chosen), weighed))
                    continue
            self.scales.settle(weighed, answer.account)
            answer.chosen.append(weighed)
        members = answer.members()
        if answer.gain + self._hope(members) > least:
            self._adopt(answer, members)
        return answer

    def _hope(self, members: Mapping[Candidate, list[NodeId]]) -> float:
        """What adopting can add at most: devices of one site, and what was told of them, cost nothing."""
        hope = 0.0
        for each, mine in members.items():
            if mine and self._width(each, mine) == 1:
                above: set[NodeId] = set().union(*(self.plant.above(node) for node in mine))
                told = sum(len(found) for _, found in within(self.scene.proofs, frozenset(above)))
                hope += sum(self.scales.own(node) for node in mine) + told * self.rules.spurious
        return hope

    def _split(self, answer: _Answer) -> _Answer:
        tried: set[Candidate] = set()
        banned: frozenset[Candidate] = frozenset()
        members = answer.members()
        for _ in range(SPLITS):
            open_ = [each for each in answer.chosen if each.candidate not in tried]
            if not open_:
                break
            each = open_[0]
            tried.add(each.candidate)
            mine = members[each.candidate]
            if not self._may_split(each, mine):
                continue
            as_much = {c.candidate for c in self.first if self._covers(c.candidate.place, mine)}
            other = self._greedy(banned | as_much, answer.gain)
            if other.gain > answer.gain + 1e-6:
                answer, banned = other, banned | as_much
                members = answer.members()
        return answer

    def _covers(self, place: NodeId, devices: Iterable[NodeId]) -> bool:
        hard, soft = self.plant.hard(place), self.plant.soft(place)
        return all(node in hard or node in soft for node in devices)

    def _may_split(self, each: Weighed, mine: Collection[NodeId]) -> bool:
        """Whether two causes could do better at all: each costs at least the cheapest price."""
        if len(mine) < 2:
            return False
        cheapest = self.rules.planned if self.scene.works or self.scene.standing else 17.0
        best = sum(self.scales.own(node) - self.scene.dark[node].log_span for node in mine)
        hard = self.plant.hard(each.candidate.place) | self.plant.power(each.candidate.place)
        proofs = sum(len(found) for _, found in within(self.scene.proofs, hard)) * self.rules.spurious
        against = sum(1 for _ in within(self.scene.lit, hard))
        return bool(against) or each.gain < best + proofs - 2 * cheapest

    # -- a wrong edge

    def _adopt(self, answer: _Answer, members: Mapping[Candidate, list[NodeId]]) -> None:
        """Find causes that belong to a wider one of their moment that the graph does not put above them."""
        widths = {each: self._width(each, mine) for each, mine in members.items()}
        gains = {each.candidate: each for each in answer.chosen}
        wide = [each for each in answer.chosen if widths[each.candidate] > 1]
        for each in self.scene.standing:
            candidate = Candidate(each.place, each.work, each.row)
            if candidate not in widths and each.width > 1:
                widths[candidate] = each.width
                wide.append(Weighed(candidate, 0.0, each.lo, each.hi))
        found = answer.adopted
        better: dict[Candidate, list[float]] = {}
        for small, mine in sorted(members.items()):
            if not mine or small.row or small.work:
                continue
            own = max(gains[small].gain, 0.0) if small in gains else 0.0
            hosts = [
                each
                for each in wide
                if widths[each.candidate] > widths[small]
                and each.candidate not in found
                and self._may_hang(small.place, each.candidate.place)
                and all(self._of_one_moment(self.scene.dark[node], each.at) for node in mine)
            ]
            offers = self._offers(small, mine, hosts, answer.account) if hosts else []
            if offers and -min(offers)[0] > own:
                found[small] = min(offers)[1]
                more = -min(offers)[0] - own if widths[small] == 1 else 0.0
                better.setdefault(min(offers)[1], []).append(more)
        # one site's wrong edge may decide between a cause and the one above it; more are not believed so much
        answer.bonus = sum(gain[0] for gain in better.values() if len(gain) == 1)

    def _width(self, candidate: Candidate, devices: Iterable[NodeId]) -> int:
        """How many branches it took away."""
        if candidate.row:
            return next((each.width for each in self.scene.standing if each.row == candidate.row), 0)
        return len({self.plant.branch(node) for node in devices})

    def _may_hang(self, lower: NodeId, upper: NodeId) -> bool:
        """Whether an element of that kind can stand below one of this kind."""
        return self.plant.kind(lower) in TIERS_OF.get(self.plant.kind(upper), frozenset())

    def _offers(
        self, small: Candidate, mine: list[NodeId], hosts: Iterable[Weighed], account: Account
    ) -> list[tuple[float, Candidate]]:
        """What each of ``hosts`` gains for the devices of another, less first: as if an element above them
        hung below it."""
        above = set(self.plant.above(mine[0]))
        for node in mine[1:]:
            above &= self.plant.above(node)
        open_ = self._without(small.place, mine, account)
        sums: dict[NodeId, Sum] = {}
        found: list[tuple[float, Candidate]] = []
        for each in hosts:
            kinds = FED if self.plant.power(each.candidate.place) else LIT
            best = -math.inf
            for place in sorted(above):
                if self.plant.kind(place) in kinds:
                    if place not in sums:
                        sums[place] = self.scales.sum(Candidate(place), open_)
                    best = max(best, likelihood.at(*sums[place], each.at))
            found.append((self.rules.adopt - best, each.candidate))
        return found

    def _of_one_moment(self, item: Dark, moment: float) -> bool:
        """Whether a device went dark at about this time, and that is known well enough to mean something."""
        late = self.rules.late_s
        return item.hi - item.lo <= MOMENT_S and item.lo - late <= moment < item.hi + 2 * (
            item.beat_s or late
        )

    # -- the answer

    def _causes(self, answer: _Answer, adopted: dict[Candidate, Candidate]) -> tuple[Cause, ...]:
        devices: dict[Candidate, list[NodeId]] = {}
        strays: dict[Candidate, list[NodeId]] = {}
        starts = self._starts(answer)
        for node in sorted(self.scene.dark):
            mine = self._earliest(node, answer, starts)
            above = adopted.get(mine)
            devices.setdefault(above or mine, []).append(node)
            if above is not None:
                strays.setdefault(above, []).append(node)
        chosen = {each.candidate: each for each in answer.chosen}
        found = []
        for candidate, members in devices.items():
            item = self.scene.dark[members[0]]
            weighed = chosen.get(candidate) or Weighed(
                candidate, 0.0, max(item.lo, item.hi - LONGEST_S), item.hi
            )
            stray = tuple(strays.get(candidate, ()))
            found.append(self._cause(weighed, tuple(members), stray, answer.account))
        return tuple(sorted(found, key=lambda cause: (cause.lo, cause.place, cause.work, cause.row)))

    def _earliest(self, node: NodeId, answer: _Answer, starts: Starts) -> Candidate:
        """Whose a device is: of two causes that both took it away, the one that surely came first."""
        mine = answer.account.of.get(node)
        if mine is None:
            return Candidate(node)
        item, best = self.scene.dark[node], starts[mine]
        for candidate, (lo, hi) in starts.items():
            fits = item.lo - self.rules.slack_s <= (lo + hi) / 2 < item.hi + self.rules.slack_s
            if hi < best[0] and fits and node in self.plant.hard(candidate.place):
                mine, best = candidate, (lo, hi)
        return mine

    def _starts(self, answer: _Answer) -> Starts:
        """When each cause that is there began."""
        found = {
            Candidate(each.place, each.work, each.row): (each.lo, each.hi) for each in self.scene.standing
        }
        return found | {each.candidate: (each.lo, each.hi) for each in answer.chosen}

    def _cause(
        self, each: Weighed, devices: tuple[NodeId, ...], adopted: tuple[NodeId, ...], account: Account
    ) -> Cause:
        place = each.candidate.place
        base = (place, each.lo, each.hi, devices, adopted, each.candidate.work, each.candidate.row)
        if each.candidate.row or each.candidate.work:
            kind = CauseKind.PLANNED if each.candidate.work else kind_of(self.plant.kind(place))
            return _made(base, kind, 1.0, ())
        members = [node for node in devices if node not in adopted] or list(devices)
        shares = self._shares(place, members, self._without(place, members, account))
        kinds: dict[CauseKind, float] = {}
        for each_place, share in shares.items():
            kind = kind_of(self.plant.kind(each_place))
            kinds[kind] = kinds.get(kind, 0.0) + share
        mine = kind_of(self.plant.kind(place))
        sure = kinds.get(mine, 0.0) >= self.rules.say_unknown
        others = sorted(
            ((-share, other) for other, share in shares.items() if other != place and share >= 0.01)
        )
        kind = mine if sure else CauseKind.UNKNOWN
        return _made(
            base, kind, shares.get(place, 0.0), [(other, round(-share, 2)) for share, other in others]
        )

    def _without(self, place: NodeId, devices: list[NodeId], account: Account) -> Account:
        """The account as it were without this cause: its devices dark by themselves, its evidence open."""
        reach = self.plant.reach(place)
        return Account(
            price=account.price | {node: self.scales.own(node) for node in devices},
            hushed={node for node in account.hushed if node not in reach},
            proven={proof for proof in account.proven if proof.node not in reach},
            failed=[other for other in account.failed if other != place],
        )

    def _shares(self, place: NodeId, devices: list[NodeId], account: Account) -> dict[NodeId, float]:
        """How probable each place is that could explain all of them, the chosen one among them."""
        above = set(self.plant.above(devices[0]))
        for node in devices[1:]:
            above &= self.plant.above(node)
        places = sorted(above | {place})
        gains = {each: self._alone(each, devices, account) for each in places}
        if len(devices) == 1:
            gains[devices[0]] = max(0.0, gains.get(devices[0], 0.0))
        top = max(gains.values())
        weights = {each: math.exp(max(gain - top, -50.0)) for each, gain in gains.items()}
        total = sum(weights.values())
        return {each: weight / total for each, weight in weights.items()}

    def _alone(self, place: NodeId, devices: list[NodeId], account: Account) -> float:
        """The gain of one place when these devices are open."""
        if place in devices and len(self.plant.hard(place)) == 1:
            return 0.0 if len(devices) == 1 else -50.0
        return self.scales.weigh(Candidate(place), account).gain


def _made(
    base: tuple[NodeId, float, float, tuple[NodeId, ...], tuple[NodeId, ...], str, str],
    kind: CauseKind,
    confidence: float,
    others: Iterable[tuple[NodeId, float]],
) -> Cause:
    place, lo, hi, devices, adopted, work, row = base
    return Cause(
        place=place,
        kind=kind,
        lo=lo,
        hi=hi,
        devices=devices,
        adopted=adopted,
        work=work,
        row=row,
        confidence=round(min(confidence, 0.99), 2),
        others=tuple(others),
    )
