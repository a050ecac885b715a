"""Who goes dark, and by which ways a node is fed: against the rule read aloud."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fleet.graphs import F, L, P, city, graphs, naive_dark, node

from civicam.fleet import topology
from civicam.fleet.topology import Edge, Edit, Medium, Node, NodeId, NodeKind, Path, Topology
from civicam.kernel.errors import Refused


def ids(*names: str) -> frozenset[NodeId]:
    return frozenset(NodeId(name) for name in names)


def edge(upper: str, lower: str, medium: Medium = P, backup: bool = False) -> Edge:
    return Edge(NodeId(upper), NodeId(lower), medium, backup)


def site() -> Topology:
    """[FEED]──[UPS 30 min]──┬─[ONU]──[SWITCH]──[CAM]     fibre: [OLT]──[RING A]──[ONU]
    [GENERATOR]┄┄┄[UPS]      └─ SWITCH, CAM                       [OLT]┄┄[RING B]┄┄[ONU]   (┄ backup)"""
    nodes = [
        node("FEED", NodeKind.FEED),
        node("GEN", NodeKind.TRANSFORMER),
        node("UPS", NodeKind.UPS, 30),
        node("OLT", NodeKind.OLT),
        node("A", NodeKind.FIBRE),
        node("B", NodeKind.FIBRE),
        node("ONU", NodeKind.ONU),
        node("SW", NodeKind.SWITCH),
        node("CAM"),
    ]
    edges = [
        edge("FEED", "UPS"),
        edge("GEN", "UPS", backup=True),
        *(edge("UPS", lower) for lower in ("ONU", "SW", "CAM")),
        edge("OLT", "A", F),
        edge("OLT", "B", F),
        edge("A", "ONU", F),
        edge("B", "ONU", F, backup=True),
        edge("ONU", "SW", F),
        edge("SW", "CAM", F),
    ]
    return Topology.of(nodes, edges)


# -- who goes dark ----------------------------------------------------------------------------------


def test_a_site_with_a_generator_and_a_ring() -> None:
    made = site()
    below = ids("ONU", "SW", "CAM")
    assert made.dark_if(ids("FEED")) == ids("FEED")
    assert made.dark_if(ids("FEED", "GEN")) == ids("FEED", "GEN", "UPS") | below
    assert made.dark_if(ids("FEED", "GEN"), on_battery=True) == ids("FEED", "GEN")
    assert made.dark_if(ids("UPS"), on_battery=True) == ids("UPS") | below
    assert made.dark_if(ids("A")) == ids("A")
    assert made.dark_if(ids("A", "B")) == ids("A", "B") | below
    assert made.dark_if(ids("OLT")) == ids("OLT", "A", "B") | below
    assert made.dark_if(ids("SW")) == ids("SW", "CAM")
    assert made.dark_if(ids("elsewhere")) == frozenset()


def test_what_lives_on_a_reserve_is_strained() -> None:
    made = site()
    assert made.impact(ids("FEED")).strained == ids("UPS")
    assert made.impact(ids("A")).strained == ids("ONU")
    assert made.impact(ids("B")).strained == frozenset(), "the backup is gone, nobody uses it"
    both = made.impact(ids("FEED", "GEN"))
    assert both.dark == dict.fromkeys(("FEED", "GEN"), 0) | dict.fromkeys(("UPS", "ONU", "SW", "CAM"), 30)
    assert both.strained == ids("UPS", "ONU", "SW", "CAM")


def test_batteries_in_a_row_add_up_and_in_parallel_the_longer_counts() -> None:
    nodes = [node("T", NodeKind.FEED), *(node(f"U{k}", NodeKind.UPS, k) for k in (10, 20, 60)), node("CAM")]
    row = Topology.of(nodes, [edge("T", "U10"), edge("U10", "U20"), edge("U20", "CAM")])
    assert row.impact(ids("T")).dark == {"T": 0, "U10": 10, "U20": 30, "CAM": 30}
    pair = Topology.of(nodes, [edge("T", "U10"), edge("T", "U60"), edge("U10", "CAM"), edge("U60", "CAM")])
    assert pair.impact(ids("T")).dark["CAM"] == 60  # type: ignore[index]


@given(graphs(), st.data(), st.booleans())
def test_dark_as_the_rule_read_aloud(
    graph: tuple[list[Node], list[Edge]], data: st.DataObject, battery: bool
) -> None:
    nodes, edges = graph
    failed = data.draw(st.sets(st.sampled_from([each.node_id for each in nodes])))
    assert Topology.of(nodes, edges).dark_if(failed, on_battery=battery) == naive_dark(
        nodes, edges, failed, battery
    )


@given(graphs(), st.data())
def test_more_failures_never_light_a_node(graph: tuple[list[Node], list[Edge]], data: st.DataObject) -> None:
    made = Topology.of(*graph)
    some = data.draw(st.sets(st.sampled_from(sorted(made.nodes))))
    more = some | data.draw(st.sets(st.sampled_from(sorted(made.nodes))))
    assert made.dark_if(some) <= made.dark_if(more)
    assert made.dark_if(some, on_battery=True) <= made.dark_if(some)


@given(graphs(), st.data())
def test_time_agrees_with_the_two_ends(graph: tuple[list[Node], list[Edge]], data: st.DataObject) -> None:
    made = Topology.of(*graph)
    failed = data.draw(st.sets(st.sampled_from(sorted(made.nodes))))
    impact = made.impact(failed)
    assert impact.dark.keys() == made.dark_if(failed)
    assert {each for each, minute in impact.dark.items() if minute == 0} == made.dark_if(
        failed, on_battery=True
    )
    assert {each for each, minute in impact.dark.items() if minute} <= impact.strained


# -- above and below --------------------------------------------------------------------------------


def test_uppers_have_the_primary_first() -> None:
    made = site()
    assert made.uppers(NodeId("UPS"), P) == ("FEED", "GEN")
    assert made.uppers(NodeId("CAM")) == ("SW", "UPS")
    assert made.lowers(NodeId("UPS"), P) == ("ONU", "SW", "CAM")
    assert made.lowers(NodeId("UPS"), F) == ()
    assert len(made) == 9
    assert NodeId("CAM") in made
    assert len(list(made.edges)) == 11


def test_common_ancestors_and_sole_causes() -> None:
    made = site()
    assert made.common_ancestors(ids("SW", "CAM")) == made.ancestors(NodeId("CAM"))
    assert made.sole_causes(ids("SW", "CAM")) == ids("SW", "ONU", "OLT", "UPS")
    assert made.sole_causes(ids("A", "B")) == ids("OLT")
    assert made.common_ancestors(()) == frozenset()
    assert made.common_ancestors(ids("FEED", "GEN")) == frozenset()


@given(graphs(), st.data())
def test_below_and_above_are_one_relation(graph: tuple[list[Node], list[Edge]], data: st.DataObject) -> None:
    made = Topology.of(*graph)
    one = data.draw(st.sampled_from(sorted(made.nodes)))
    for other in made.nodes:
        assert (other in made.descendants(one)) == (one in made.ancestors(other))
    assert one not in made.ancestors(one)
    assert made.dark_if({one}) - {one} <= made.descendants(one)


@given(graphs(), st.data())
def test_sole_causes_by_trying_every_node(graph: tuple[list[Node], list[Edge]], data: st.DataObject) -> None:
    nodes, edges = graph
    made = Topology.of(nodes, edges)
    wanted = data.draw(st.sets(st.sampled_from(sorted(made.nodes)), min_size=1))
    alone = {each for each in made.nodes if wanted <= naive_dark(nodes, edges, {each}, False)}
    assert made.sole_causes(wanted) == alone


# -- ways -------------------------------------------------------------------------------------------


def test_the_ways_of_a_switch() -> None:
    made = site()
    assert made.paths(NodeId("SW")) == (
        Path(P, (NodeId("FEED"), NodeId("UPS"), NodeId("SW"))),
        Path(P, (NodeId("GEN"), NodeId("UPS"), NodeId("SW")), backup=True),
        Path(F, (NodeId("OLT"), NodeId("A"), NodeId("ONU"), NodeId("SW"))),
        Path(F, (NodeId("OLT"), NodeId("B"), NodeId("ONU"), NodeId("SW")), backup=True),
    )
    assert made.paths(NodeId("OLT")) == ()
    assert made.path_count(NodeId("OLT"), F) == 0


def test_a_lattice_with_a_million_ways_is_counted_and_not_walked() -> None:
    nodes = [node(f"{row}{side}") for row in range(21) for side in "ab"]
    edges = [
        edge(f"{row}{one}", f"{row + 1}{other}", F, backup=one == "b")
        for row in range(20)
        for one in "ab"
        for other in "ab"
    ]
    made = Topology.of(nodes, edges)
    assert made.path_count(NodeId("20a"), F) == 2**20
    ways = made.paths(NodeId("20a"))
    assert len(ways) == topology.PATHS_AT_MOST
    assert not ways[0].backup


@given(graphs(8))
def test_ways_are_all_simple_and_all_there(graph: tuple[list[Node], list[Edge]]) -> None:
    made = Topology.of(*graph)
    for each in made.nodes:
        ways = made.paths(each)
        assert len(set(ways)) == len(ways)
        for medium in Medium:
            mine = [way for way in ways if way.medium is medium]
            assert len(mine) == min(made.path_count(each, medium), topology.PATHS_AT_MOST)
            for way in mine:
                assert way.nodes[-1] == each
                assert not made.uppers(way.nodes[0], medium)
                hops = [
                    next(e for e in made.edges_above(lower) if (e.upper, e.medium) == (upper, medium))
                    for upper, lower in zip(way.nodes, way.nodes[1:], strict=False)
                ]
                assert way.backup == any(hop.backup for hop in hops)


# -- refusals ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "nodes", "edges"),
    [
        ("fleet.graph-node-twice", [node("A"), node("A")], []),
        ("fleet.graph-edge-twice", [node("A"), node("B")], [edge("A", "B"), edge("A", "B", backup=True)]),
        ("fleet.graph-unknown-node", [node("A")], [edge("A", "B")]),
        ("fleet.graph-unknown-node", [node("A")], [edge("B", "A")]),
        ("fleet.graph-self-loop", [node("A")], [edge("A", "A")]),
        ("fleet.graph-wrong-medium", [node("A", NodeKind.FIBRE), node("B")], [edge("A", "B", P)]),
        ("fleet.graph-wrong-medium", [node("A"), node("B", NodeKind.CABINET)], [edge("A", "B", F)]),
        ("fleet.graph-wrong-medium", [node("A", NodeKind.CHANNEL), node("B")], [edge("A", "B", L)]),
        ("fleet.graph-wrong-battery", [node("A", NodeKind.CABINET, 5)], []),
        ("fleet.graph-wrong-battery", [node("A", NodeKind.UPS, -5)], []),
    ],
)
def test_refused(code: str, nodes: list[Node], edges: list[Edge]) -> None:
    with pytest.raises(Refused) as caught:
        Topology.of(nodes, edges)
    assert caught.value.code == code


def test_a_cycle_over_two_media_is_named() -> None:
    nodes = [node(name) for name in "ABCD"]
    edges = [edge("A", "B", P), edge("B", "C", F), edge("C", "A", L), edge("C", "D", P)]
    with pytest.raises(Refused) as caught:
        Topology.of(nodes, edges)
    assert caught.value.code == "fleet.graph-cycle"
    ring = str(caught.value.data["nodes"]).split(" → ")
    assert ring[0] == ring[-1]
    assert set(ring) == set("ABC")
    assert {(one, other) for one, other in itertools.pairwise(ring)} == {
        ("A", "B"),
        ("B", "C"),
        ("C", "A"),
    }


def built(nodes: Iterable[Node], edges: Iterable[Edge]) -> Topology | str:
    """The graph, or the code of its refusal."""
    try:
        return Topology.of(nodes, edges)
    except Refused as refusal:
        return refusal.code


# -- edits ------------------------------------------------------------------------------------------


def test_an_edit_touches_what_stands_below_it_only() -> None:
    made = site()
    cut, touched = made.edited(Edit(without_edges=((NodeId("B"), NodeId("ONU"), F),)))
    assert touched == ids("ONU", "SW", "CAM")
    assert cut.dark_if(ids("A")) == ids("A", "ONU", "SW", "CAM")
    assert made.dark_if(ids("A")) == ids("A"), "the old graph is as it was"
    named, touched = made.edited(Edit(nodes=(Node(NodeId("OLT"), NodeKind.OLT, "机房"),)))
    assert touched == frozenset()
    assert named.nodes[NodeId("OLT")].name == "机房"
    gone, touched = made.edited(Edit(without_nodes=(NodeId("SW"),)))
    assert touched == ids("CAM")
    assert gone.uppers(NodeId("CAM")) == ("UPS",)
    assert gone.lowers(NodeId("ONU")) == ()


def test_an_edge_put_again_changes_its_rank() -> None:
    made, touched = site().edited(Edit(edges=(edge("FEED", "UPS", backup=True), edge("GEN", "UPS"))))
    assert touched == ids("UPS", "ONU", "SW", "CAM")
    assert made.uppers(NodeId("UPS"), P) == ("GEN", "FEED")


@pytest.mark.parametrize(
    ("code", "edit"),
    [
        ("fleet.graph-unknown-node", Edit(without_nodes=(NodeId("X"),))),
        ("fleet.graph-unknown-edge", Edit(without_edges=((NodeId("A"), NodeId("CAM"), F),))),
        ("fleet.graph-unknown-node", Edit(edges=(edge("X", "CAM"),))),
        ("fleet.graph-self-loop", Edit(edges=(edge("CAM", "CAM"),))),
        ("fleet.graph-cycle", Edit(edges=(edge("CAM", "OLT", L),))),
        ("fleet.graph-wrong-medium", Edit(nodes=(node("OLT", NodeKind.CABINET),))),
        ("fleet.graph-wrong-battery", Edit(nodes=(node("SW", NodeKind.SWITCH, 5),))),
    ],
)
def test_edits_refused(code: str, edit: Edit) -> None:
    with pytest.raises(Refused) as caught:
        site().edited(edit)
    assert caught.value.code == code


@given(graphs(), graphs(), st.data())
def test_edited_equals_built_anew(
    before: tuple[list[Node], list[Edge]], after: tuple[list[Node], list[Edge]], data: st.DataObject
) -> None:
    """Any graph becomes any other by one edit, and what the edit did not touch has its old ways."""
    old = Topology.of(*before)
    kept = data.draw(st.booleans())
    gone = tuple(sorted(old.nodes)) if not kept else ()
    nodes = {each.node_id: each for each in ((*before[0], *after[0]) if kept else after[0])}
    joined = [*(before[1] if kept else ()), *after[1]]
    edges = {(each.upper, each.lower, each.medium): each for each in joined}
    edit = Edit(tuple(after[0]), tuple(after[1]), gone)
    fresh = built(nodes.values(), edges.values())
    if isinstance(fresh, str):
        with pytest.raises(Refused) as caught:
            old.edited(edit)
        assert caught.value.code == fresh
        return
    made, touched = old.edited(edit)
    assert made.nodes == fresh.nodes
    assert set(made.edges) == set(fresh.edges)
    for each in made.nodes:
        assert made.edges_above(each) == fresh.edges_above(each)
        assert set(made.edges_below(each)) == set(fresh.edges_below(each))
        if each in old and each not in touched:
            assert made.paths(each) == old.paths(each)


# -- city -------------------------------------------------------------------------------------------


def test_below_the_core_the_whole_city_is_dark() -> None:
    """The worst question there is; how fast it is answered, `civicam bench graph` measures."""
    made = Topology.of(*city())
    assert len(made) > 19_000
    dark = made.dark_if((NodeId("core"),))
    assert sum(made.nodes[each].kind is NodeKind.CHANNEL for each in dark) == 3 * 2343
