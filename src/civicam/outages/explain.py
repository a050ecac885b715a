"""The set of causes that explains what is dark: greedy choice, then search around it. Pure.

Chosen is, again and again, the candidate with the highest gain. Gains only fall as others are chosen, so they
are kept in a heap and weighed again when they come up. Then each cause is tried without (banned together with
everything that explains as much as it does): two causes below it may be better. Wrong edges:
`civicam.outages.adopting`.
What nothing explains is dark by itself. Equal gains are decided by the id, so the answer is one.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from civicam.fleet.graph import NodeId
from civicam.outages.adopting import Adoption, Answer
from civicam.outages.facts import CauseKind
from civicam.outages.model import kind_of
from civicam.outages.plant import Plant
from civicam.outages.rules import Rules
from civicam.outages.scene import LONGEST_S, Scene
from civicam.outages.weighing import Account, Candidate, Scales, Weighed, within

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


def explain(scene: Scene, plant: Plant, rules: Rules) -> tuple[Cause, ...]:
    """The causes of everything dark in ``scene``, each device in exactly one of them."""
    return _Search(scene, plant, rules).run()


class _Search:
    def __init__(self, scene: Scene, plant: Plant, rules: Rules) -> None:
        self.scene = scene
        self.plant = plant
        self.rules = rules
        self.scales = Scales(scene, plant, rules)
        self.adoption = Adoption(self.scales)
        self._raised: dict[Candidate, float] = {}
        empty = self.scales.account()
        weighed = [self.scales.weigh(each, empty) for each in self._candidates()]
        self.first = [each for each in weighed if each.gain > rules.gain]

    def run(self) -> tuple[Cause, ...]:
        answer = self.adoption.raised(self._split(self._greedy(frozenset())))
        self._raised = answer.raised
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

    def _greedy(self, banned: frozenset[Candidate], least: float = -math.inf) -> Answer:
        """The next best, again and again. An answer that cannot reach ``least`` is not thought to its end."""
        answer = Answer(self.scales.account(), [])
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
        if answer.gain + self.adoption.hope(members) > least:
            self.adoption.adopt(answer, members)
        return answer

    def _split(self, answer: Answer) -> Answer:
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

    # -- the answer

    def _causes(self, answer: Answer, adopted: dict[Candidate, Candidate]) -> tuple[Cause, ...]:
        devices: dict[Candidate, list[NodeId]] = {}
        strays: dict[Candidate, list[NodeId]] = {}
        starts = self._starts(answer)
        for node in sorted(self.scene.dark):
            mine = self._earliest(node, answer, starts)
            above = adopted.get(mine)
            while above in adopted:
                above = adopted[above]
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

    def _earliest(self, node: NodeId, answer: Answer, starts: Starts) -> Candidate:
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

    def _starts(self, answer: Answer) -> Starts:
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
        if (better := self._raised.get(each.candidate)) is not None:
            return _made(base, kind_of(self.plant.kind(place)), 1.0 / (1.0 + math.exp(-better)), ())
        members = [node for node in devices if node not in adopted] or list(devices)
        shares = self._shares(place, members, self.scales.without(place, members, account))
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
