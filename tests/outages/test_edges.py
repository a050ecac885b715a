"""Edges that the register has wrong or not at all, in the small town."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest
from tests.outages.town import SITES, Town, answers, cameras, dark, gasps, heard, register, silence

from civicam.fleet.graph import Edge, Medium, NodeId
from civicam.outages.facts import Fact
from civicam.outages.plant import Plant
from civicam.outages.rules import Rules
from civicam.outages.scene import Dark, Scene
from civicam.outages.weighing import Candidate, Scales


def town(without: Iterable[tuple[str, str]] = (), more: Iterable[tuple[str, str]] = ()) -> Town:
    """The town, with edges of power left out or added in its register."""
    known, gone = register(), set(without)
    kept = [edge for edge in known.edges if (edge.upper, edge.lower) not in gone]
    kept += [Edge(NodeId(upper), NodeId(lower), Medium.POWER) for upper, lower in more]
    return Town(Plant(replace(known, edges=tuple(kept))))


def all_dark(since: float) -> list[Fact]:
    return [*dark(*cameras(*SITES), since=since), *gasps(*SITES, since=since)]


def test_two_feeds_of_one_moment_are_the_transformer_that_has_one_of_them() -> None:
    """[T]──[FEED a], and [FEED b] whose edge was never entered: nothing else fails twice in a second."""
    made = town(without=[("T", "feed-b")])
    made.run(all_dark(60), 500)
    assert made.causes() == [("mains", "T")]
    (row,) = made.open
    assert row.channels == 12
    assert {line.node for line in row.evidence if line.code == "not-below"} <= set(cameras("b1", "b2", "b3"))


def test_a_street_entered_on_the_wrong_transformer_is_one_error() -> None:
    """[T]──[FEED a], and by mistake [FEED b], all of whose sites work: one wrong edge, not three."""
    made = town(without=[("T", "feed-b")], more=[("T", "feed-b")])
    streets = cameras("a1", "a2", "a3")
    facts: list[Fact] = [
        *dark(*streets, since=60),
        *gasps("a1", "a2", "a3", since=60),
        *heard(*cameras("b1", "b2", "b3"), when=200, told=220),
        *answers(*(NodeId(f"onu-b{n}") for n in (1, 2, 3)), when=220),
        *silence(*(NodeId(f"onu-a{n}") for n in (1, 2, 3)), when=220),
    ]
    made.run(facts, 500)
    (row,) = made.open
    assert row.verdict.place == "feed-a"


def test_what_works_below_one_wrong_edge_counts_once() -> None:
    """[T]──[FEED a] dark, [FEED b]──three sites that work: one edge may be wrong, not three."""
    plant, rules = Plant(register()), Rules()
    lit = dict.fromkeys(cameras("b1", "b2", "b3"), 200.0)
    items = {node: Dark(node, 30.0, 90.0, 60.0) for node in cameras("a1", "a2", "a3")}
    scales = Scales(Scene(300.0, items, lit), plant, rules)
    account = scales.account()
    (transformer, _), (feed, _) = (scales.sum(Candidate(NodeId(name)), account) for name in ("T", "feed-a"))
    untold = 3 * rules.gasp_lost + rules.lost_most - 3 * rules.link_lost
    assert feed - transformer == pytest.approx(rules.lit + 5 * rules.lit_more + untold)
