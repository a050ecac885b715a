"""``civicam bench outages``: the truth table of the inference on seeded cities, a naive rule beside it.

    real city ──faults──▶ life ──▶ wire ──facts──▶ engine ──▶ ledger ──▶ score
    register (with or without errors) ─────────────▶          naive ──▶ score ◀── truth

The inference is given the register and what the wire tells, nothing else. Four runs: the register right and
no message lost; 5 % of its edges wrong or missing, 30 % of last gasps and 5 % of other traps lost, late
heartbeats, 1 % loss; thirty healthy days with 1 % loss; and the whole city dark at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import typer

from civicam.bench.outages_city import SIZES, City, Scale, build
from civicam.bench.outages_drive import Driven, drive
from civicam.bench.outages_faults import Director, Fault, Truth
from civicam.bench.outages_life import live
from civicam.bench.outages_naive import Naive
from civicam.bench.outages_score import Score, late_rows, score
from civicam.bench.outages_wire import Noise, Wire, run_wire
from civicam.bench.report import Goal, Report
from civicam.fleet.graph import NodeId
from civicam.outages.facts import CauseKind
from civicam.outages.plant import Plant
from civicam.outages.rules import VERSION

BEGIN = 1_772_409_600.0
"""A Monday of March 2026."""
HEALTHY_DAYS = 30

QUIET = Noise(loss=0.0)
ERRORS = Noise(loss=0.01, gasp_lost=0.30, trap_lost=0.05, late=0.05)
WRONG_EDGES = 0.05


@dataclass(frozen=True, slots=True)
class Run:
    """One city's days: the ledger's score and the naive rule's."""

    ours: Score
    naive: Score
    driven: Driven
    wall_s: float


def run(seed: int, scale: Scale, each: int, tell: Callable[[str], None] = lambda _: None) -> Report:
    """The whole truth table; ``each``: incidents of every class."""
    sites, channels = SIZES[scale]
    load = {"seed": seed, "scale": scale, "sites": sites, "channels": channels, "incidents_a_class": each}
    report = Report("outages", load=load)
    report.figures["rule"] = VERSION
    for name, wrong, noise, goal in (("right", 0.0, QUIET, 99.0), ("errors", WRONG_EDGES, ERRORS, 95.0)):
        tell(f"{name}: register with {wrong:.0%} wrong edges")
        _enter(report, name, days(seed, scale, each, wrong, noise), goal)
    tell("healthy: thirty days without a fault")
    _healthy(report, seed, scale)
    tell("blackout: everything at once")
    _blackout(report, seed)
    return report


def days(seed: int, scale: Scale, each: int, wrong: float, noise: Noise) -> Run:
    """Incidents of every class in one city, and how both rules tell them."""
    began = time.perf_counter()
    city = build(seed, scale, wrong)
    truth = Director(city, seed, BEGIN).direct(each)
    return _both(city, truth, noise, seed, began)


def _both(city: City, truth: Truth, noise: Noise, seed: int, began: float) -> Run:
    life = live(city, truth, seed)
    wire = run_wire(city, life, truth, noise, seed)
    naive = _naive(city, wire, truth.end)
    driven = drive(wire, Plant(city.register), truth.end)
    ours = score(wire, life, truth, driven.claims(truth.end), driven.opened, driven.causes())
    theirs = score(wire, life, truth, naive.claims, naive.opened, naive.opened)
    return Run(ours, theirs, driven, time.perf_counter() - began)


def _naive(city: City, wire: Wire, until: float) -> Naive:
    naive = Naive(Plant(city.register))
    naive.take((at, fact) for at, _, fact in sorted(wire.queue, key=lambda each: each[:2]))
    naive.finish(until)
    return naive


def _enter(report: Report, name: str, found: Run, goal: float) -> None:
    """Figures of one run, class by class, and its goals."""
    figures = report.figures
    figures[f"{name}_incidents"] = sum(tally.incidents for tally in found.ours.by_class.values())
    figures[f"{name}_virtual_days"] = found.ours.days
    figures[f"{name}_facts"] = found.driven.facts
    figures[f"{name}_cpu_s"] = found.driven.cpu_s
    for of, tally in sorted(found.ours.by_class.items()):
        if not tally.incidents:
            continue
        key = f"{name}/{of}"
        naive = found.naive.by_class[of]
        figures[f"{key}/incidents"] = tally.incidents
        figures[f"{key}/cause_found"] = tally.cause_found
        figures[f"{key}/element_found"] = tally.element_found
        figures[f"{key}/minutes"] = round(tally.seconds / 60)
        figures[f"{key}/minutes_right_pct"] = 100 * tally.right / max(tally.seconds, 1.0)
        figures[f"{key}/naive_minutes_right_pct"] = 100 * naive.right / max(naive.seconds, 1.0)
        if tally.to_row:
            figures[f"{key}/to_row_s_median"] = sorted(tally.to_row)[len(tally.to_row) // 2]
            figures[f"{key}/to_row_s_most"] = max(tally.to_row)
    figures[f"{name}_minutes_right_pct"] = 100 * found.ours.right_share
    figures[f"{name}_naive_minutes_right_pct"] = 100 * found.naive.right_share
    figures[f"{name}_false_causes_a_day"] = len(found.ours.false_rows) / found.ours.days
    figures[f"{name}_naive_false_causes_a_day"] = len(found.naive.false_rows) / found.naive.days
    figures[f"{name}_overclaimed_pct"] = 100 * found.ours.overclaimed / max(found.ours.claimed, 1.0)
    report.goals[f"{name}_minutes_right"] = Goal(goal, 100 * found.ours.right_share, "%", at_most=False)
    report.goals[f"{name}_late_rows"] = Goal(0, late_rows(found.ours), "incidents")


def _healthy(report: Report, seed: int, scale: Scale) -> None:
    """Thirty days of a working city on a line that loses one packet in a hundred."""
    city = build(seed, scale)
    truth = Truth(BEGIN, BEGIN + HEALTHY_DAYS * 86_400.0)
    found = _both(city, truth, Noise(loss=0.01), seed, time.perf_counter())
    report.figures["healthy_lost_by_heartbeat"] = found.driven.facts and len(found.naive.false_rows)
    report.figures["healthy_naive_false_causes_a_day"] = len(found.naive.false_rows) / HEALTHY_DAYS
    report.goals["healthy_false_causes"] = Goal(0, len(found.ours.false_rows), f"in {HEALTHY_DAYS} days")


def _blackout(report: Report, seed: int) -> None:
    """The root of the whole city's supply fails, for 5,892 channels."""
    city = build(seed, "city")
    truth = Truth(BEGIN, BEGIN + 14_400.0, classes={1: "transformer"})
    root = NodeId("P-root")
    truth.faults.append(Fault(1, "transformer", root, CauseKind.MAINS, BEGIN + 600, BEGIN + 1_500))
    life = live(city, truth, seed)
    wire = run_wire(city, life, truth, QUIET, seed)
    plant = Plant(city.register)
    plant.warm()  # the graph is there before it burns
    driven = drive(wire, plant, BEGIN + 1_400)
    causes = [driven.rows[key] for key in driven.causes()]
    right = [row for row in causes if row.verdict.place == root]
    report.figures["blackout_rows"] = len(causes)
    report.figures["blackout_channels"] = sum(row.channels for row in right)
    report.figures["blackout_confidence"] = right[0].verdict.confidence if right else 0.0
    report.goals["blackout_cpu"] = Goal(2.0, driven.cpu_s, "s of CPU")
    report.goals["blackout_rows"] = Goal(1, len(causes), "rows")


def command(
    seed: Annotated[int, typer.Option(help="Which city and which faults.")] = 1,
    scale: Annotated[str, typer.Option(help="block (120 sites) or city (2,343 sites).")] = "block",
    each: Annotated[int, typer.Option(min=1, help="Incidents of every class.")] = 4,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Hold the inference of outages against faults whose truth is known, beside a naive rule."""
    if scale not in SIZES:
        raise typer.BadParameter("block or city", param_hint="--scale")
    report = run(seed, "city" if scale == "city" else "block", each, lambda text: typer.echo(text, err=True))
    typer.echo(report.to_json() if as_json else _table(report))
    raise typer.Exit(0 if report.met else 1)


def _table(report: Report) -> str:
    lines = [f"{name:<52} {_short(value)}" for name, value in report.figures.items()]
    lines += [
        f"{'✓' if goal.met else '✗'} {name:<50} {goal.value:.2f} ({goal.goal:g} {goal.unit})"
        for name, goal in report.goals.items()
    ]
    return "\n".join(lines)


def _short(value: object) -> str:
    return f"{value:.2f}" if isinstance(value, float) else str(value)
