"""A cause drawn on the map.

[OLT, no place]──[FIBRE 1.0]──[ONU a at A]──[CAM a at A]
      └──────────[FIBRE 3.0]──[ONU b at B]──[CAM b at B]
"""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from tests.fleet.graphs import graphs

from civicam.fleet.graph import Edge, Medium, Node, NodeId, NodeKind
from civicam.fleet.graph_map import spread
from civicam.fleet.topology import Topology

SITES = {"A": (1.0, 10.0), "B": (3.0, 20.0)}


def town() -> Topology:
    nodes = [Node(NodeId("olt"), NodeKind.OLT, "OLT")]
    edges = []
    for name, lon in (("a", 1.0), ("b", 3.0)):
        site = name.upper()
        nodes += [
            Node(NodeId(f"fibre-{name}"), NodeKind.FIBRE, name, lon=lon, lat=15.0),
            Node(NodeId(f"onu-{name}"), NodeKind.ONU, name, site),
            Node(NodeId(f"cam-{name}"), NodeKind.DEVICE, name, site),
        ]
        chain = ("olt", f"fibre-{name}", f"onu-{name}", f"cam-{name}")
        edges += [Edge(NodeId(upper), NodeId(lower), Medium.FIBRE) for upper, lower in pairwise(chain)]
    return Topology.of(nodes, edges)


def test_what_has_no_place_stands_in_the_middle_of_what_hangs_on_it() -> None:
    found = spread(town(), NodeId("olt"), SITES)
    olt = found.nodes[0]
    assert (olt.id, olt.lon, olt.lat, olt.own) == ("olt", 2.0, 15.0, False)


def test_lines_join_different_points_only() -> None:
    found = spread(town(), NodeId("fibre-a"), SITES)
    assert [(line.upper, line.lower) for line in found.lines] == [("fibre-a", "onu-a")]
    assert [node.id for node in found.nodes] == ["fibre-a", "onu-a"]


def test_a_site_without_a_place_is_left_out() -> None:
    found = spread(town(), NodeId("olt"), {"A": SITES["A"]})
    ends = {line.lower for line in found.lines}
    assert "onu-a" in ends
    assert "onu-b" not in ends


def test_what_is_not_in_the_graph_draws_nothing() -> None:
    assert spread(town(), NodeId("gone"), SITES).nodes == []


@given(graphs())
def test_every_line_has_both_ends_among_the_nodes(made: tuple[list[Node], list[Edge]]) -> None:
    nodes, edges = made
    placed = [
        Node(each.node_id, each.kind, each.name, lon=float(number), lat=1.0) if number % 2 else each
        for number, each in enumerate(nodes)
    ]
    for each in placed:
        found = spread(Topology.of(placed, edges), each.node_id, {})
        shown = {node.id for node in found.nodes}
        assert all({line.upper, line.lower} <= shown for line in found.lines)
