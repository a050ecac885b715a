"""Holds a ledger against the truth: minutes on the right cause and element, false causes, time to the row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from civicam.bench.outages_faults import Fault, Truth
from civicam.bench.outages_life import BEAT_S, PATIENCE_S, Down, Life, merge
from civicam.bench.outages_wire import Wire
from civicam.fleet.graph import NodeId
from civicam.outages.facts import CauseKind

ALLOWED_S = PATIENCE_S + 60.0
"""From the first dark device of a fault to its row: until heartbeats are missed, and a minute."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What a ledger says: a device was dark from ``begin`` to ``end`` because of that."""

    device: NodeId
    begin: float
    end: float
    kind: CauseKind
    place: str
    row: str


@dataclass(slots=True)
class Tally:
    """One class: seconds of downtime, and how many of them were laid where they belong."""

    incidents: int = 0
    cause_found: int = 0
    element_found: int = 0
    seconds: float = 0.0
    kind_right: float = 0.0
    right: float = 0.0
    to_row: list[float] = field(default_factory=list)


@dataclass(slots=True)
class Score:
    """The whole run."""

    by_class: dict[str, Tally] = field(default_factory=dict)
    claimed: float = 0.0
    overclaimed: float = 0.0
    false_rows: tuple[str, ...] = ()
    days: float = 0.0

    @property
    def right_share(self) -> float:
        """Share of the downtime on the right cause and element."""
        total = sum(each.seconds for each in self.by_class.values())
        return sum(each.right for each in self.by_class.values()) / total if total else 1.0


def score(
    wire: Wire,
    life: Life,
    truth: Truth,
    claims: Sequence[Claim],
    opened: dict[str, float],
    rows: Iterable[str],
) -> Score:
    """``opened``: row → when it was opened; ``rows``: those that claim to be somebody's outage."""
    found = Score(days=(truth.end - truth.begin) / 86_400.0)
    for name in truth.classes.values():
        found.by_class.setdefault(name, Tally())
    by_device: dict[NodeId, list[Claim]] = {}
    for claim in claims:
        by_device.setdefault(claim.device, []).append(claim)
    walk = _Walk(life, truth, found)
    for device, spans in wire.seen.items():
        for begin, end in spans:
            walk.span(_Piece(device, begin, end), by_device.get(device, []))
    walk.incidents(opened)
    _over(wire, by_device, found)
    found.false_rows = tuple(sorted(set(rows) - walk.true_rows))
    return found


@dataclass(frozen=True, slots=True)
class _Piece:
    device: NodeId
    begin: float
    end: float


_Key = tuple[int, str]
"""One fault: its incident and its place; a link that flaps is one."""


@dataclass(slots=True)
class _Walk:
    """The sums of one walk over all downtime."""

    life: Life
    truth: Truth
    found: Score
    per_incident: dict[int, dict[str, float]] = field(default_factory=dict)
    true_rows: set[str] = field(default_factory=set)
    first: dict[_Key, float] = field(default_factory=dict)
    """When the first device went dark because of a fault alone; none for one that hid behind others."""
    rows: dict[_Key, set[str]] = field(default_factory=dict)

    def span(self, piece: _Piece, claims: Sequence[Claim]) -> None:
        """One downtime of a device, cut where a fault or a claim begins or ends.

        Where one fault ends behind another and the device stays dark, nothing on the wire tells the hour of
        the change: each fault that has begun is right from then on until the device is back. So is each of
        two that only together made it dark.
        """
        downs = [
            each
            for each in self.life.downs[piece.device]
            if each.begin < piece.end and each.end > piece.begin - 1
        ]
        for since, until in pairwise(self._cuts(piece, downs, claims)):
            if _blindness(self.truth, since, until) > 0:
                continue
            middle = (since + until) / 2
            begun = [each for each in downs if each.begin <= middle]
            first = min(begun, key=lambda each: each.begin)
            mine = [each for each in claims if each.begin <= middle < each.end]
            self.true_rows.update(each.row for each in mine)
            self._count(first, begun, mine, middle, until - since)
            if first.also is None:
                self._row(first.fault, piece.begin, mine, middle)

    def _cuts(self, piece: _Piece, downs: Sequence[Down], claims: Sequence[Claim]) -> list[float]:
        moments = (
            *(m for each in downs for m in (each.begin, each.end)),
            *(m for each in claims for m in (each.begin, each.end)),
            *(m for each in self.truth.blind for m in (each.begin, each.end)),
            *(m for each in self.truth.plans for m in (each.end, each.end + 700)),
        )
        return sorted({piece.begin, piece.end, *(m for m in moments if piece.begin < m < piece.end)})

    def _count(
        self, first: Down, begun: Sequence[Down], mine: Sequence[Claim], middle: float, length: float
    ) -> None:
        truth = self.truth
        active = list(dict.fromkeys(fault for each in begun for fault in each.faults))
        tally = self.found.by_class[truth.classes[first.fault.incident]]
        tally.seconds += length
        good = [e for e in mine if any(_right(e, f, truth, middle, place=True) for f in active)]
        kind = [e for e in mine if any(_right(e, f, truth, middle, place=False) for f in active)]
        tally.right += length if good else 0.0
        tally.kind_right += length if kind else 0.0
        for fault in active:
            sums = self.per_incident.setdefault(fault.incident, {})
            sums["all"] = sums.get("all", 0.0) + length
            for what, hits in (("kind", kind), ("right", good)):
                if any(_right(e, fault, truth, middle, place=what == "right") for e in hits):
                    sums[what] = sums.get(what, 0.0) + length

    def _row(self, fault: Fault, begin: float, mine: Sequence[Claim], middle: float) -> None:
        key = (fault.incident, fault.place)
        self.first[key] = min(begin, self.first.get(key, begin))
        right = (each.row for each in mine if _right(each, fault, self.truth, middle, place=True))
        self.rows.setdefault(key, set()).update(right)

    def incidents(self, opened: dict[str, float]) -> None:
        """Per incident what was found, per fault how long its row took from its first dark device on.

        A fault that our own gap kept from sight has no such time.
        """
        for incident, sums in self.per_incident.items():
            tally = self.found.by_class[self.truth.classes[incident]]
            tally.incidents += 1
            tally.cause_found += sums.get("kind", 0.0) > 0.5 * sums["all"]
            tally.element_found += sums.get("right", 0.0) > 0.5 * sums["all"]
        for key, rows in self.rows.items():
            begin = self.first[key]
            if rows and not _blindness(self.truth, begin - BEAT_S, begin + ALLOWED_S):
                tally = self.found.by_class[self.truth.classes[key[0]]]
                tally.to_row.append(min(opened[row] for row in rows) - begin)


def _blindness(truth: Truth, begin: float, end: float) -> float:
    return sum(max(0.0, min(end, b.end) - max(begin, b.begin)) for b in truth.blind)


def _right(claim: Claim, fault: Fault, truth: Truth, at: float, *, place: bool) -> bool:
    plan = next((each for each in truth.plans if each.work_id == fault.work), None) if fault.work else None
    by_plan = claim.kind is CauseKind.PLANNED and (
        not place or (plan is not None and claim.place == plan.place)
    )
    itself = claim.kind is fault.kind and (not place or claim.place == fault.place)
    if plan is None:
        return itself
    return (at < plan.end + 700 and by_plan) or (at >= plan.end and itself)


def _over(wire: Wire, by_device: dict[NodeId, list[Claim]], found: Score) -> None:
    """Claimed downtime that was none."""
    for device, claims in by_device.items():
        true = wire.seen.get(device, [])
        for begin, end in merge((each.begin, each.end) for each in claims):
            covered = sum(max(0.0, min(end, e) - max(begin, b)) for b, e in true)
            found.claimed += end - begin
            found.overclaimed += end - begin - covered


def late_rows(found: Score, allowed_s: float = ALLOWED_S) -> int:
    """Faults whose row came later than detection and a minute."""
    return sum(1 for tally in found.by_class.values() for each in tally.to_row if each > allowed_s)
