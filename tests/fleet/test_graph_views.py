"""A site as a drawing, pages of nodes, who goes dark counted by channels."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tests.fleet.graphs import graphs, naive_dark, node

from civicam.fleet.graph import Edge, Medium, Node, NodeId, NodeKind
from civicam.fleet.graph_ports import Footing
from civicam.fleet.graph_views import NodeFilter, dark, draw, page
from civicam.fleet.topology import Topology


@given(graphs(), st.data())
def test_in_a_drawing_everything_stands_below_what_it_takes_from(
    graph: tuple[list[Node], list[Edge]], data: st.DataObject
) -> None:
    made = Topology.of(*graph)
    chosen = data.draw(st.sets(st.sampled_from(sorted(made.nodes))))
    drawing = draw(made, "S1", chosen)
    layers = {NodeId(each.node.id): each.layer for each in drawing.nodes}
    assert layers.keys() == chosen.union(*(made.ancestors(each) for each in chosen))
    assert all(layers[NodeId(each.upper)] < layers[NodeId(each.lower)] for each in drawing.edges)
    assert {each for each, layer in layers.items() if layer == 0} == {
        each for each in layers if not made.uppers(each)
    }
    assert [each.layer for each in drawing.nodes] == sorted(layers.values())


def test_what_stands_at_a_site_is_drawn_though_nothing_hangs_on_it() -> None:
    made = Topology.of([Node(NodeId("CAB"), NodeKind.CABINET, "机箱", "S1"), node("CAM")], [])
    assert [each.node.id for each in draw(made, "S1", ()).nodes] == ["CAB"]
    assert draw(made, "S2", (NodeId("gone"),)).nodes == []


@given(graphs(), st.data(), st.booleans())
def test_channels_are_dark_with_their_own_node_or_their_device(
    graph: tuple[list[Node], list[Edge]], data: st.DataObject, battery: bool
) -> None:
    nodes, edges = graph
    ids = [each.node_id for each in nodes]
    failed = data.draw(st.sets(st.sampled_from(ids)))
    channels = [Footing(f"c{number}", each, "S1") for number, each in enumerate(ids)]
    channels.append(Footing(ids[0], "elsewhere", "S2"))  # a head with a node of its own
    found = dark(Topology.of(nodes, edges), failed | {"nobody"}, channels, on_battery=battery)
    wanted = naive_dark(nodes, edges, failed, battery)
    assert {each.id for each in found.nodes} == wanted
    assert found.unknown == ["nobody"]
    assert found.channels == len(wanted) + (ids[0] in wanted)
    assert sum(site.channels for site in found.sites) == found.channels
    assert all(site.first_minute <= site.last_minute for site in found.sites)


@given(graphs(), st.integers(1, 5))
def test_pages_give_every_node_once(graph: tuple[list[Node], list[Edge]], limit: int) -> None:
    made = Topology.of(*graph)
    seen: list[str] = []
    after: str | None = ""
    while after is not None:
        found = page(made, NodeFilter(), after, limit)
        assert found.total == len(made)
        seen += [each.id for each in found.nodes]
        after = found.next
    assert seen == sorted(made.nodes)


def test_a_filter_takes_what_it_names() -> None:
    feed = Node(NodeId("FEED1"), NodeKind.FEED, "一号馈线", "S1", party_id="power")
    assert NodeFilter("feed").takes(feed)
    assert NodeFilter("馈线", "feed", "S1", "power").takes(feed)
    assert not NodeFilter("二号").takes(feed)
    assert not NodeFilter(kind="ups").takes(feed)
    assert not NodeFilter(site_id="S2").takes(feed)
    assert not NodeFilter(party_id="carrier").takes(feed)


def test_an_edge_of_logic_darkens_too() -> None:
    made = Topology.of(
        [node("NVR"), node("HEAD", NodeKind.CHANNEL)], [Edge(NodeId("NVR"), NodeId("HEAD"), Medium.LOGICAL)]
    )
    found = dark(made, ["NVR"], [Footing("HEAD", "NVR", "S1"), Footing("c2", "NVR", "S1")], on_battery=False)
    assert (found.channels, found.devices) == (2, 1)
