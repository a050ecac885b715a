"""The graph as the inference asks it, held against the fleet's own."""

from __future__ import annotations

import pytest
from tests.outages.town import cameras, register

from civicam.bench.outages_city import build
from civicam.fleet.graph import Edge, Medium, Node, NodeId, NodeKind
from civicam.outages.facts import Attribution, EvidenceKind
from civicam.outages.plant import Plant, Register, digest_of


@pytest.fixture(scope="module")
def plant() -> Plant:
    return Plant(register(ups=("a2",)))


def test_hard_is_dark_at_once_soft_when_the_battery_is_empty(plant: Plant) -> None:
    feed = NodeId("feed-a")
    assert plant.hard(feed) | plant.soft(feed) == plant.topology.dark_if((feed,))
    assert set(cameras("a1", "a3")) <= plant.hard(feed)
    assert set(cameras("a2")) <= plant.soft(feed)
    assert NodeId("onu-a2") in plant.power(feed)


def test_behind_a_cut_fibre_the_power_is_still_there(plant: Plant) -> None:
    fibre = NodeId("fibre-1")
    assert set(cameras("a1", "b1")) <= plant.hard(fibre)
    assert plant.power(fibre) == frozenset()


def test_what_is_not_in_the_graph_hangs_below_nothing(plant: Plant) -> None:
    stranger = NodeId("stranger")
    assert (plant.kind(stranger), plant.site(stranger)) == (NodeKind.DEVICE, "")
    assert plant.above(stranger) == {stranger}
    assert plant.hard(stranger) == {stranger}
    alone = Plant(Register(channels={stranger: ("c",)}))
    assert alone.hard(stranger) == {stranger}


def test_two_ways_of_a_ring_fail_together_only() -> None:
    """[FIBRE 1]──╮
    [FIBRE 2]──[ONU]: either alone is outlived, both are not."""
    one, two, onu, olt = (NodeId(name) for name in ("f1", "f2", "onu", "olt"))
    nodes = (
        Node(olt, NodeKind.OLT, ""),
        Node(one, NodeKind.FIBRE, ""),
        Node(two, NodeKind.FIBRE, ""),
        Node(onu, NodeKind.ONU, "", "S"),
    )
    edges = (
        Edge(olt, one, Medium.FIBRE),
        Edge(olt, two, Medium.FIBRE),
        Edge(one, onu, Medium.FIBRE),
        Edge(two, onu, Medium.FIBRE, backup=True),
    )
    plant = Plant(Register(nodes, edges))
    assert onu not in plant.hard(one)
    assert plant.hard(two, [one]) == {two, onu}
    assert plant.hard(two, [olt]) == {two}
    assert plant.hard(olt) == {olt, one, two, onu}


def test_a_register_is_the_same_bytes_however_it_was_built() -> None:
    """Written, read and turned round it has one digest; a changed edge has another."""
    first = register(ups=("a2",))
    turned = Register(
        tuple(reversed(first.nodes)),
        tuple(reversed(first.edges)),
        dict(reversed(list(first.channels.items()))),
        first.watch,
        {NodeId("feed-a"): Attribution.CONTRACTOR},
    )
    again = Register.read(turned.document())
    assert digest_of(again.document()) == digest_of(turned.document())
    assert digest_of(first.document()) != digest_of(turned.document())
    assert again.watch[NodeId("onu-a1")] >= {EvidenceKind.LAST_GASP}


def test_the_seeded_city_has_the_size_that_it_says() -> None:
    city = build(7, "block")
    assert sum(map(len, city.register.channels.values())) == 302
    assert len({node.site_id for node in city.real.nodes.values()} - {""}) == 120
    assert city.wrong_edges == 0
    wrong = build(7, "block", 0.05)
    assert 0.02 < wrong.wrong_edges / len(list(wrong.real.edges)) < 0.09
    assert list(wrong.real.edges) == list(city.real.edges)
