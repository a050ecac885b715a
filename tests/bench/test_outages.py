"""The truth table's own machinery, on a block with few incidents; the figures are the benchmark's."""

from __future__ import annotations

import pytest

from civicam.bench.outages import BEGIN, QUIET, _both
from civicam.bench.outages_city import build
from civicam.bench.outages_drive import drive
from civicam.bench.outages_faults import Blind, Director, Fault, Truth
from civicam.bench.outages_life import PATIENCE_S, live
from civicam.bench.outages_score import Claim, late_rows, score
from civicam.bench.outages_wire import Noise, run_wire
from civicam.fleet.graph import NodeId
from civicam.outages.facts import CauseKind, CollectorGap, WentDark
from civicam.outages.plant import Plant


def one_feed() -> Truth:
    truth = Truth(BEGIN, BEGIN + 9_000.0, classes={1: "feed"})
    truth.faults.append(Fault(1, "feed", NodeId("P-f3"), CauseKind.SUPPLY, BEGIN + 600, BEGIN + 4_200))
    return truth


def test_a_feed_is_found_and_the_naive_rule_is_scored_beside_it() -> None:
    city = build(3, "block")
    found = _both(city, one_feed(), QUIET, 3, 0.0)
    tally = found.ours.by_class["feed"]
    assert (tally.incidents, tally.cause_found, tally.element_found) == (1, 1, 1)
    assert found.ours.right_share > 0.99
    assert found.ours.false_rows == ()
    assert late_rows(found.ours) == 0
    assert 0.0 <= found.naive.right_share < found.ours.right_share


def test_the_wire_tells_nothing_before_a_device_can_be_missed() -> None:
    city = build(3, "block")
    truth = one_feed()
    wire = run_wire(city, live(city, truth, 3), truth, Noise(), 3)
    lost = [(at, fact) for at, _, fact in wire.queue if isinstance(fact, WentDark)]
    assert lost
    assert all(at >= BEGIN + 600 + PATIENCE_S - 61 - 60 for at, _ in lost if at < BEGIN + 4_000)


def test_a_ledger_that_says_nothing_or_lies_scores_nothing() -> None:
    city = build(3, "block")
    truth = one_feed()
    life = live(city, truth, 3)
    wire = run_wire(city, life, truth, QUIET, 3)
    assert score(wire, life, truth, [], {}, []).right_share == 0.0
    device, (begin, end) = next((key, spans[0]) for key, spans in wire.seen.items() if spans)
    lie = Claim(device, begin, end, CauseKind.FIBRE, "F-core", "r")
    told = score(wire, life, truth, [lie], {"r": begin}, ["r", "ghost"])
    assert told.right_share == 0.0
    assert told.false_rows == ("ghost",)


def test_gaps_that_overlap_are_one_gap() -> None:
    city = build(3, "block")
    truth = one_feed()
    truth.blind += [Blind(2, BEGIN + 100, BEGIN + 300), Blind(3, BEGIN + 200, BEGIN + 500)]
    wire = run_wire(city, live(city, truth, 3), truth, QUIET, 3)
    gaps = [(at, fact) for at, _, fact in wire.queue if isinstance(fact, CollectorGap)]
    assert [(at, fact.began.timestamp()) for at, fact in gaps] == [(BEGIN + 500, BEGIN + 100)]


def test_a_row_s_time_runs_from_the_first_device_that_is_dark_by_its_fault() -> None:
    """Behind a battery that is half an hour; a fault that hides behind another has no such time."""
    city = build(3, "block")
    truth = one_feed()
    site = city.real.nodes[min(city.real.lowers(NodeId("P-f3")))].site_id
    hidden = NodeId(f"{site}-onu")
    truth.faults.append(Fault(2, "onu", hidden, CauseKind.NETWORK, BEGIN + 900, BEGIN + 3_000))
    truth.classes[2] = "onu"
    found = _both(city, truth, QUIET, 3, 0.0)
    (took,) = found.ours.by_class["feed"].to_row
    assert 0 < took <= 242
    assert found.ours.by_class["onu"].to_row == []


def test_either_of_two_faults_is_right_where_only_both_make_it_dark() -> None:
    """Both ways of a site's fibre are cut: whichever is named did it."""
    city = build(3, "block")
    drop = next(edge.lower for edge in city.real.edges if edge.backup)
    first, second = city.real.uppers(drop)
    truth = Truth(BEGIN, BEGIN + 9_000.0, classes={1: "fibre branch", 2: "fibre branch"})
    truth.faults += [
        Fault(1, "fibre branch", first, CauseKind.FIBRE, BEGIN + 600, BEGIN + 4_200),
        Fault(2, "fibre branch", second, CauseKind.FIBRE, BEGIN + 1_200, BEGIN + 4_800),
    ]
    life = live(city, truth, 3)
    device = next(
        node for node in city.devices if city.real.nodes[node].site_id == city.real.nodes[drop].site_id
    )
    (down,) = [each for each in life.downs[device] if each.begin == BEGIN + 1_200]
    assert {fault.place for fault in down.faults} == {first, second}
    wire = run_wire(city, life, truth, QUIET, 3)
    begin, end = wire.seen[device][0]
    shares = []
    for place in (first, second, NodeId("F-core")):
        claim = Claim(device, begin, end, CauseKind.FIBRE, place, "r")
        tallies = score(wire, life, truth, [claim], {"r": begin + 100}, ["r"]).by_class
        shares.append(sum(each.right for each in tallies.values()))
    assert shares[0] == shares[1] == end - begin
    assert shares[2] == 0.0


@pytest.mark.parametrize("seed", [1, 2])
def test_the_same_seed_is_the_same_city_and_the_same_ledger(seed: int) -> None:
    def once() -> list[str]:
        city = build(seed, "block", 0.05)
        truth = Director(city, seed, BEGIN).direct(1, ("feed", "onu", "late heartbeats"))
        life = live(city, truth, seed)
        wire = run_wire(city, life, truth, Noise(gasp_lost=0.3), seed)
        driven = drive(wire, Plant(city.register), truth.end)
        return sorted(map(repr, driven.rows.values()))

    assert once() == once()
