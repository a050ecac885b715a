"""How well one candidate explains what is not yet explained: a log-likelihood ratio over its start. Pure.

A candidate is an element that may have failed at an unknown time t. Each thing that is known adds a step
function of t (`civicam.outages.likelihood`). The sum has a highest plateau: its height, with the logarithm of
its length, minus the price of another failure, is the gain; the middle of the plateau is the likeliest start.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from civicam.fleet.graph import NodeId
from civicam.outages import likelihood
from civicam.outages.facts import EvidenceKind
from civicam.outages.likelihood import Steps
from civicam.outages.plant import Plant
from civicam.outages.rules import Rules
from civicam.outages.scene import LONGEST_S, Dark, Proof, Scene, Standing

T = TypeVar("T")
Reach = frozenset[NodeId]
Sum = tuple[float, Steps]
"""The value before the first step, and the steps (`civicam.outages.likelihood`)."""

_BATTERY_STARTS_S = 60.0
_EARLIER = 3.0
"""Nats less for link evidence that came long after the start: it is sent again, or was polled late."""
SUPPLY = frozenset({EvidenceKind.LAST_GASP, EvidenceKind.MAINS_FAIL, EvidenceKind.ON_BATTERY})
_OWN_SUPPLY = {EvidenceKind.LAST_GASP: 3.0, EvidenceKind.MAINS_FAIL: 1.5}
"""The node itself broke: an ONU whose own supply died, a cabinet whose own switch fell."""


@dataclass(frozen=True, slots=True, order=True)
class Candidate:
    """An element that may be the cause; with ``work`` as planned work, with ``row`` as one in the ledger."""

    place: NodeId
    work: str = ""
    row: str = ""


@dataclass(frozen=True, slots=True)
class Weighed:
    """A candidate's gain in nats over leaving things as they are, and the plateau in which it began."""

    candidate: Candidate
    gain: float
    lo: float
    hi: float

    @property
    def at(self) -> float:
        """The likeliest start."""
        return (self.lo + self.hi) / 2


@dataclass(slots=True)
class Account:
    """What is explained so far: the price of each dark device, and which hushes and proofs need no more."""

    price: dict[NodeId, float]
    of: dict[NodeId, Candidate] = field(default_factory=dict)
    hushed: set[NodeId] = field(default_factory=set)
    proven: set[Proof] = field(default_factory=set)
    failed: list[NodeId] = field(default_factory=list)


class Scales:
    """Weighs candidates against one scene."""

    def __init__(self, scene: Scene, plant: Plant, rules: Rules) -> None:
        self.scene = scene
        self.plant = plant
        self.rules = rules
        self._works = {work.work_id: work for work in scene.works}
        self._standing: dict[str, Standing] = {each.row: each for each in scene.standing}
        self._darkened: set[NodeId] = set().union(*(plant.above(node) for node in scene.dark))
        self._chains: dict[NodeId, list[NodeId]] = {}
        told: dict[EvidenceKind, set[NodeId]] = {kind: set() for kind in EvidenceKind}
        for node, found in scene.proofs.items():
            for each in found:
                told[each.kind].add(node)
        self._gasped = told[EvidenceKind.LAST_GASP]
        self._links = told[EvidenceKind.SIGNAL_LOST] | told[EvidenceKind.FRAME_LOST]
        self._frames = told[EvidenceKind.FRAME_LOST]
        self._mains = told[EvidenceKind.MAINS_FAIL] | told[EvidenceKind.ON_BATTERY]
        self._drained = frozenset(
            node
            for node in sorted(self._mains)
            if any(each.lo < scene.now - _BATTERY_STARTS_S for each in scene.proofs[node])
        )
        """Batteries that have been in use for a while: that they run empty is no surprise."""

    def account(self) -> Account:
        """Every dark device is dark by itself; the ledger's causes explain what was seen of their nodes."""
        found = Account({node: self.own(node) for node in self.scene.dark})
        for each in self.scene.standing:
            hard = self.plant.hard(each.place)
            found.hushed.update(node for node, _ in within(self.scene.hush, hard))
            savings = self._savings(Candidate(each.place, each.work, each.row), hard)
            found.proven.update(proof for proof, saving in savings if saving > 0)
        return found

    def own(self, node: NodeId) -> float:
        """The price of a failure of its own."""
        return -math.log(self.rules.rate(self.plant.kind(node)))

    def prior(self, candidate: Candidate) -> float:
        """The price of one more cause."""
        if candidate.row:
            return self.rules.known
        if candidate.work:
            return self.rules.planned
        return self.own(candidate.place)

    def weigh(self, candidate: Candidate, account: Account) -> Weighed:
        """Its gain, given what others explain already; none for what makes nothing dark."""
        if not self._may_darken(candidate, account):
            return Weighed(candidate, -math.inf, self.scene.now, self.scene.now)
        base, steps = self.sum(candidate, account)
        begin, end = self._limits(candidate, steps)
        height, lo, hi = likelihood.plateau(base, steps, begin, end)
        if candidate.row and hi > lo:
            height -= math.log(min(max(hi - lo, likelihood.SHORTEST_S), LONGEST_S))
        found = Weighed(candidate, height - self.prior(candidate), lo, hi)
        return found if self._darkens(found, account) else replace(found, gain=-math.inf)

    def sum(self, candidate: Candidate, account: Account) -> Sum:
        """What it would explain as a function of its start; its price and its time are left out."""
        hard = self.plant.hard(candidate.place, account.failed)
        steps: Steps = []
        base = 0.0
        for node, item in within(self.scene.dark, hard):
            base += likelihood.dark(item, account.price[node], self.rules, steps)
        for item, cost in self._soft(candidate):
            base += likelihood.soft(item, account.price[item.node], cost, steps)
        for node, hush in within(self.scene.hush, hard):
            if node not in account.hushed:
                base += likelihood.hush(hush, steps)
        for each, saving in self._savings(candidate, hard):
            if each not in account.proven:
                base += likelihood.proof(each, saving, self._earlier(each, saving), steps)
        if not candidate.row:
            base += self._lit(candidate, hard, steps) - self._absent(candidate, hard)
        return base, steps

    def _may_darken(self, candidate: Candidate, account: Account) -> bool:
        """Whether anything is left that it could explain better."""
        hard = self.plant.hard(candidate.place, account.failed)
        return any(
            account.price[node] > item.log_span + 0.01 for node, item in within(self.scene.dark, hard)
        ) or any(account.price[item.node] > cost + 0.01 for item, cost in self._soft(candidate))

    def _darkens(self, chosen: Weighed, account: Account) -> bool:
        """Whether it explains a dark device better than it is explained: evidence alone makes no cause."""
        hard, at = self.plant.hard(chosen.candidate.place, account.failed), chosen.at
        late = self.rules.late_s
        return any(
            account.price[node] > item.log_span and item.lo - late <= at < item.hi + 3 * (item.beat_s or late)
            for node, item in within(self.scene.dark, hard)
        ) or any(
            account.price[item.node] > cost and at <= item.hi for item, cost in self._soft(chosen.candidate)
        )

    def without(self, place: NodeId, devices: list[NodeId], account: Account) -> Account:
        """The account as it were without this cause: its devices dark by themselves, its evidence open."""
        reach = self.plant.reach(place)
        return Account(
            price=account.price | {node: self.own(node) for node in devices},
            hushed={node for node in account.hushed if node not in reach},
            proven={proof for proof in account.proven if proof.node not in reach},
            failed=[other for other in account.failed if other != place],
        )

    def drained(self, devices: list[NodeId], lo: float, hi: float) -> bool:
        """Whether they all hang on one battery that came into use between two times."""
        for ups in sorted(self._drained):
            if all(ups in self.plant.above(node) for node in devices):
                slack = self.rules.slack_s
                return any(
                    each.kind in SUPPLY and each.lo - slack <= hi and lo <= each.hi + slack
                    for each in self.scene.proofs[ups]
                )
        return False

    def settle(self, chosen: Weighed, account: Account) -> None:
        """Enter a cause into the account."""
        candidate, at = chosen.candidate, chosen.at
        hard = self.plant.hard(candidate.place, account.failed)
        gains: list[tuple[NodeId, float]] = []
        for node, item in within(self.scene.dark, hard):
            steps: Steps = []
            gains.append(
                (
                    node,
                    likelihood.at(likelihood.dark(item, account.price[node], self.rules, steps), steps, at),
                )
            )
        for item, cost in self._soft(candidate):
            steps = []
            gain = likelihood.soft(item, account.price[item.node], cost, steps)
            gains.append((item.node, likelihood.at(gain, steps, at)))
        for node, gain in gains:
            if gain > 0:
                account.price[node] -= gain
                account.of[node] = candidate
        account.hushed.update(node for node, hush in within(self.scene.hush, hard) if hush.lo <= at < hush.hi)
        account.proven.update(
            each for each, saving in self._savings(candidate, hard) if saving > 0 and at < each.hi
        )
        account.failed.append(candidate.place)

    def _soft(self, candidate: Candidate) -> Iterator[tuple[Dark, float]]:
        """Dark devices behind a battery, and what each costs; not where anything there still works."""
        soft = self.plant.soft(candidate.place)
        if not soft:
            return
        works: dict[str, float] = {}
        for node, seen in within(self.scene.lit, soft):
            branch = self.plant.branch(node)
            works[branch] = max(seen, works.get(branch, -math.inf))
        met: set[str] = set()
        for node, item in within(self.scene.dark, soft):
            branch = self.plant.branch(node)
            if works.get(branch, -math.inf) <= item.hi + self.rules.slack_s:
                yield item, item.log_span if branch in met else self._emptying(node)
                met.add(branch)

    def _emptying(self, node: NodeId) -> float:
        """What it costs that a node went dark because its battery was empty."""
        told = not self._drained.isdisjoint(self.plant.above(node))
        return self.rules.exhausted if told else self.rules.battery

    def _limits(self, candidate: Candidate, steps: Steps) -> tuple[float, float]:
        """Between which times it may have begun."""
        if candidate.row:
            known = self._standing[candidate.row]
            return known.lo, max(known.hi, known.lo + likelihood.SHORTEST_S)
        first = min((time for time, _ in steps), default=self.scene.now) - 1.0
        if not candidate.work:
            return first, self.scene.now
        work = self._works[candidate.work]
        return work.begin - self.rules.work_early_s, min(self.scene.now, work.end + self.rules.work_late_s)

    def _lit(self, candidate: Candidate, hard: Reach, steps: Steps) -> float:
        """Branches that work below it: each costs once, its other nodes little."""
        weight = self.rules.lit_planned if candidate.work else self.rules.lit
        inside = self.plant.site(candidate.place)
        seen = [(seen, node) for node, seen in within(self.scene.lit, hard)]
        branches: set[str] = set()
        base = 0.0
        for moment, node in sorted(seen, reverse=True):
            branch = node if inside and self.plant.site(node) == inside else self._misplaced(node, hard)
            more = branch in branches
            branches.add(branch)
            base += likelihood.lit(moment, self.rules.lit_more if more else weight, self.rules, steps)
        return base

    def _misplaced(self, node: NodeId, hard: Reach) -> str:
        """The widest element around a node that works, below which nothing is dark: if the graph is wrong
        about its place, that is one wrong edge, whatever hangs there. At the least that is its branch."""
        chain = self._chains.get(node)
        if chain is None:
            free = (
                up for up in self.plant.above(node) if up not in self._darkened and not self.plant.site(up)
            )
            chain = self._chains[node] = sorted(free, key=lambda up: (-len(self.plant.hard(up)), up))
        return next((up for up in chain if up in hard), self.plant.branch(node))

    # -- direct evidence

    def _savings(self, candidate: Candidate, hard: Reach) -> Iterator[tuple[Proof, float]]:
        """What of the direct evidence it explains, and what that is worth."""
        plant, place = self.plant, candidate.place
        power = plant.power(place)
        reach = plant.reach(place) if hard is plant.hard(place) else hard | power
        for _, proofs in within(self.scene.proofs, reach):
            for each in proofs:
                yield each, self.saving(place, each, power) - math.log(max(each.hi - each.lo, 1.0))

    def saving(self, place: NodeId, each: Proof, power: Reach) -> float:
        """Nats that evidence about a node saves if ``place`` failed, which takes ``power`` the supply."""
        rules, itself = self.rules, each.node == place
        if each.kind in SUPPLY:
            if each.node in power:
                return rules.spurious - rules.gasp_sent
            return rules.spurious - _OWN_SUPPLY.get(each.kind, rules.spurious) if itself else 0.0
        if each.kind is EvidenceKind.FRAME_LOST:
            return rules.link - (rules.frame_sent if itself else rules.foreign)
        return rules.link - rules.gasp_sent

    def _earlier(self, each: Proof, saving: float) -> float:
        return 0.0 if each.kind is EvidenceKind.LAST_GASP else max(0.0, saving - _EARLIER)

    def _absent(self, candidate: Candidate, hard: Reach) -> float:
        """What should have been told if it failed, and was not."""
        rules, watching, place = self.rules, self.plant.watching, candidate.place
        hard, supplied = hard - self.scene.out, self.plant.power(place) - self.scene.out
        gasps = len((watching[EvidenceKind.LAST_GASP] & supplied & hard) - self._gasped)
        mains = len((watching[EvidenceKind.MAINS_FAIL] & supplied) - self._mains)
        links = len((watching[EvidenceKind.SIGNAL_LOST] & hard) - self._links)
        found = min(rules.lost_most, gasps * rules.gasp_lost) + min(rules.lost_most, mains * rules.mains_lost)
        found += min(rules.lost_most, links * rules.link_lost)
        if place in watching[EvidenceKind.FRAME_LOST] and place not in self._frames:
            found += rules.frame_lost
        return found


def within(known: Mapping[NodeId, T], reach: Reach) -> Iterator[tuple[NodeId, T]]:
    """The entries of ``known`` that lie in ``reach``, by way of the smaller of the two, in a fixed order."""
    if len(known) <= len(reach):
        return ((node, item) for node, item in known.items() if node in reach)
    common: Collection[NodeId] = reach & known.keys()
    if len(common) > 1:
        common = sorted(common)
    return ((node, known[node]) for node in common)
