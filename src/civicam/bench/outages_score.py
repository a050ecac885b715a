"""Holds a ledger against the truth: minutes on the right cause and element, false causes, time to the row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from civicam.bench.outages_faults import Fault, Truth
from civicam.bench.outages_life import PATIENCE_S, Life, merge
from civicam.bench.outages_wire import Wire
from civicam.fleet.graph import NodeId
from civicam.outages.facts import CauseKind


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
    per_incident: dict[int, dict[str, float]] = {}
    true_rows: set[str] = set()
    for device, spans in wire.seen.items():
        for begin, end in spans:
            _span(
                _Piece(device, begin, end),
                life,
                truth,
                by_device.get(device, []),
                found,
                per_incident,
                true_rows,
            )
    _incidents(truth, per_incident, opened, found)
    _over(wire, by_device, found)
    found.false_rows = tuple(sorted(set(rows) - true_rows))
    return found


@dataclass(frozen=True, slots=True)
class _Piece:
    device: NodeId
    begin: float
    end: float


def _blindness(truth: Truth, begin: float, end: float) -> float:
    return sum(max(0.0, min(end, b.end) - max(begin, b.begin)) for b in truth.blind)


def _span(  # noqa: PLR0913 -- the sums of one walk
    piece: _Piece,
    life: Life,
    truth: Truth,
    claims: Sequence[Claim],
    found: Score,
    per_incident: dict[int, dict[str, float]],
    true_rows: set[str],
) -> None:
    """One downtime of a device, cut where a fault or a claim begins or ends.

    Where one fault ends behind another and the device stays dark, nothing on the wire tells the hour of the
    change: each fault that has begun is right from then on until the device is back.
    """
    downs = [
        each for each in life.downs[piece.device] if each.begin < piece.end and each.end > piece.begin - 1
    ]
    cuts = {piece.begin, piece.end}
    for moment in (
        *(m for each in downs for m in (each.begin, each.end)),
        *(m for each in claims for m in (each.begin, each.end)),
        *(m for each in truth.blind for m in (each.begin, each.end)),
        *(m for each in truth.plans for m in (each.end, each.end + 700)),
    ):
        if piece.begin < moment < piece.end:
            cuts.add(moment)
    edges = sorted(cuts)
    for since, until in pairwise(edges):
        middle, length = (since + until) / 2, until - since
        if _blindness(truth, since, until) > 0:
            continue
        active = [d.fault for d in downs if d.begin <= middle]
        first = min((d for d in downs if d.fault in active), key=lambda d: d.begin).fault
        tally = found.by_class[truth.classes[first.incident]]
        tally.seconds += length
        mine = [each for each in claims if each.begin <= middle < each.end]
        true_rows.update(each.row for each in mine)
        good = [e for e in mine if any(_right(e, f, truth, middle, place=True) for f in active)]
        kind = [e for e in mine if any(_right(e, f, truth, middle, place=False) for f in active)]
        tally.right += length if good else 0.0
        tally.kind_right += length if kind else 0.0
        for fault in active:
            sums = per_incident.setdefault(fault.incident, {})
            sums["all"] = sums.get("all", 0.0) + length
            for what, hits in (("kind", kind), ("right", good)):
                if any(_right(e, fault, truth, middle, place=what == "right") for e in hits):
                    sums[what] = sums.get(what, 0.0) + length
            for each in good:
                sums[f"row {each.row}"] = sums.get(f"row {each.row}", 0.0) + length


def _right(claim: Claim, fault: Fault, truth: Truth, at: float, *, place: bool) -> bool:
    plan = next((each for each in truth.plans if each.work_id == fault.work), None) if fault.work else None
    by_plan = claim.kind is CauseKind.PLANNED and (
        not place or (plan is not None and claim.place == plan.place)
    )
    itself = claim.kind is fault.kind and (not place or claim.place == fault.place)
    if plan is None:
        return itself
    return (at < plan.end + 700 and by_plan) or (at >= plan.end and itself)


def _incidents(
    truth: Truth, per_incident: dict[int, dict[str, float]], opened: dict[str, float], found: Score
) -> None:
    begins: dict[int, float] = {}
    for fault in truth.faults:
        begins[fault.incident] = min(begins.get(fault.incident, fault.begin), fault.begin)
    for incident, sums in per_incident.items():
        tally = found.by_class[truth.classes[incident]]
        tally.incidents += 1
        tally.cause_found += sums.get("kind", 0.0) > 0.5 * sums["all"]
        tally.element_found += sums.get("right", 0.0) > 0.5 * sums["all"]
        rows = [key.removeprefix("row ") for key in sums if key.startswith("row ")]
        if rows and truth.classes[incident] != "collector":
            tally.to_row.append(min(opened[row] for row in rows) - begins[incident])


def _over(wire: Wire, by_device: dict[NodeId, list[Claim]], found: Score) -> None:
    """Claimed downtime that was none."""
    for device, claims in by_device.items():
        true = wire.seen.get(device, [])
        for begin, end in merge((each.begin, each.end) for each in claims):
            covered = sum(max(0.0, min(end, e) - max(begin, b)) for b, e in true)
            found.claimed += end - begin
            found.overclaimed += end - begin - covered


def late_rows(found: Score, allowed_s: float = PATIENCE_S + 60.0) -> int:
    """Incidents whose row came later than detection and a minute."""
    return sum(1 for tally in found.by_class.values() for each in tally.to_row if each > allowed_s)
