"""Graphs to test with: any acyclic one, and a city's."""

from __future__ import annotations

from collections.abc import Collection

from hypothesis import strategies as st

from civicam.fleet.topology import Edge, Medium, Node, NodeId, NodeKind

P, F, L = Medium.POWER, Medium.FIBRE, Medium.LOGICAL


def node(name: str, kind: NodeKind = NodeKind.DEVICE, battery: int = 0) -> Node:
    return Node(NodeId(name), kind, name, battery_minutes=battery)


@st.composite
def graphs(draw: st.DrawFn, largest: int = 12) -> tuple[list[Node], list[Edge]]:
    """Devices and UPSs (which take and give nothing but power) in any acyclic arrangement."""
    size = draw(st.integers(1, largest))
    nodes = []
    for index in range(size):
        if draw(st.integers(0, 3)) == 0:
            nodes.append(node(f"n{index}", NodeKind.UPS, draw(st.sampled_from((0, 10, 30)))))
        else:
            nodes.append(node(f"n{index}"))
    names = draw(st.permutations(range(size)))  # ids say nothing about who stands above
    pairs = st.tuples(
        st.integers(0, size - 1), st.integers(0, size - 1), st.sampled_from(list(Medium)), st.booleans()
    )
    edges: dict[tuple[NodeId, NodeId, Medium], Edge] = {}
    for one, other, medium, backup in draw(st.lists(pairs, max_size=3 * size)):
        if one == other:
            continue
        upper, lower = nodes[names[min(one, other)]], nodes[names[max(one, other)]]
        if NodeKind.UPS in (upper.kind, lower.kind):
            medium = P
        edges[upper.node_id, lower.node_id, medium] = Edge(upper.node_id, lower.node_id, medium, backup)
    return nodes, list(edges.values())


def naive_dark(
    nodes: Collection[Node], edges: Collection[Edge], failed: Collection[NodeId], on_battery: bool
) -> frozenset[NodeId]:
    """The rule, read aloud and repeated until nothing changes."""
    works = {each.node_id for each in nodes} - set(failed)
    while True:
        still = set()
        for each in nodes:
            if each.node_id not in works:
                continue
            fed = []
            for medium in Medium:
                uppers = [
                    edge.upper for edge in edges if edge.lower == each.node_id and edge.medium is medium
                ]
                battery = on_battery and medium is P and each.battery_minutes > 0
                fed.append(not uppers or battery or any(upper in works for upper in uppers))
            if all(fed):
                still.add(each.node_id)
        if still == works:
            return frozenset(each.node_id for each in nodes) - works
        works = still


def city(sites: int = 2343, channels_a_site: int = 3) -> tuple[list[Node], list[Edge]]:
    """A tree the size of the city: transformers of 15 sites over feeds of 5, OLTs of 70 over fibres of 7; at
    a site cabinet, UPS, ONU, switch, a device and its channels as nodes, which is more than the city has."""
    nodes: list[Node] = []
    edges: list[Edge] = []

    def put(name: str, kind: NodeKind, *above: tuple[str, Medium], battery: int = 0) -> str:
        nodes.append(node(name, kind, battery))
        edges.extend(Edge(NodeId(upper), NodeId(name), medium) for upper, medium in above)
        return name

    core = put("core", NodeKind.CORE)
    for number in range(sites):
        if number % 15 == 0:
            put(f"T{number // 15}", NodeKind.TRANSFORMER)
        if number % 5 == 0:
            put(f"P{number // 5}", NodeKind.FEED, (f"T{number // 15}", P))
        if number % 70 == 0:
            put(f"OLT{number // 70}", NodeKind.OLT, (core, F))
        if number % 7 == 0:
            put(f"F{number // 7}", NodeKind.FIBRE, (f"OLT{number // 70}", F))
        cabinet = put(f"cab{number}", NodeKind.CABINET, (f"P{number // 5}", P))
        ups = put(f"ups{number}", NodeKind.UPS, (cabinet, P), battery=30 if number % 4 == 0 else 0)
        onu = put(f"onu{number}", NodeKind.ONU, (ups, P), (f"F{number // 7}", F))
        switch = put(f"sw{number}", NodeKind.SWITCH, (ups, P), (onu, F))
        device = put(f"d{number}", NodeKind.DEVICE, (ups, P), (switch, F))
        for channel in range(channels_a_site):
            put(f"c{number}.{channel}", NodeKind.CHANNEL, (device, L))
    return nodes, edges
