"""The graph on its store: what a file brings, what an edit traces anew, who goes with a device."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, select
from tests.stores.registered import ENCODER_ID, RECORDER_ID, Registered, city, inside

from civicam.fleet import graph_rows
from civicam.fleet.graph import Edge, Medium, Node, NodeId, NodeKind
from civicam.fleet.tables import path
from civicam.fleet.topology import Edit, Topology
from civicam.kernel.errors import Refused

P, F = Medium.POWER, Medium.FIBRE


async def topology(h: Registered) -> Topology:
    return (await h.database.read(graph_rows.load)).topology


async def ways(h: Registered, device: str) -> list[str]:
    found = await h.database.read(lambda c: graph_rows.paths(c, [NodeId(device)]))
    return [
        f"{way.medium} {'b ' if way.backup else ''}{'>'.join(way.nodes[:-1])}"
        for way in found[NodeId(device)]
    ]


def stored(connection: Connection) -> dict[str, list[Any]]:
    """Every kept way, as it lies there."""
    found: dict[str, list[Any]] = {}
    for row in connection.execute(select(path).order_by(path.c.node_id, path.c.rank)):
        found.setdefault(row.node_id, []).append((row.medium, row.rank, row.backup, row.nodes))
    return found


def test_a_file_brings_the_graph_and_the_ways(url: str, tmp_path: Path) -> None:
    async def test(h: Registered) -> None:
        assert await ways(h, RECORDER_ID) == ["power TR1>FEED1>CAB1", "fibre CORE>OLT1>FIBRE1>ONU1>SW1"]
        assert await ways(h, ENCODER_ID) == [
            "power TR1>FEED1>CAB2",
            "fibre CORE>OLT1>FIBRE1>ONU2",
            "fibre b CORE>OLT1>FIBRE2>ONU2",
        ]
        made = await topology(h)
        assert made.dark_if((NodeId("FIBRE1"),)) == {"FIBRE1", "ONU1", "SW1", RECORDER_ID}
        assert made.impact((NodeId("FEED1"),)).dark[NodeId("SW1")] == 30
        assert made.nodes[NodeId("FEED1")] == Node(
            NodeId("FEED1"), NodeKind.FEED, "FEED1", party_id="power", lon=118.41, lat=31.31
        )
        assert made.nodes[NodeId(RECORDER_ID)].site_id == "S1"

    inside(url, tmp_path, test)


def test_the_same_file_again_changes_nothing(url: str, tmp_path: Path) -> None:
    async def test(h: Registered) -> None:
        before, ways_before = await topology(h), await h.database.read(stored)
        await h.take(city())
        assert await topology(h) == before
        assert await h.database.read(stored) == ways_before

    inside(url, tmp_path, test)


def test_a_file_speaks_for_the_nodes_it_names(url: str, tmp_path: Path) -> None:
    """CAB2 moves to a new feed; what the file does not speak of stays."""

    async def test(h: Registered) -> None:
        graph = {
            "nodes": [
                {"id": "FEED2", "kind": "feed", "name": "二号馈线"},
                {"id": "CAB2", "kind": "cabinet", "name": "CAB2"},
            ],
            "edges": [{"from": "FEED2", "to": "CAB2", "medium": "power"}],
        }
        await h.take(city(graph=graph))
        assert (await ways(h, ENCODER_ID))[0] == "power FEED2>CAB2"
        assert (await ways(h, RECORDER_ID))[0] == "power TR1>FEED1>CAB1"

    inside(url, tmp_path, test)


def test_a_file_whose_graph_is_none_is_refused_with_the_reason(url: str, tmp_path: Path) -> None:
    async def test(h: Registered) -> None:
        import json

        wrong = city()
        wrong["graph"]["edges"].append({"from": "CAB1", "to": "TR1", "medium": "power"})
        imported, problems = await h.fleet.import_city(json.dumps(wrong))
        assert imported is None
        assert problems[0].code == "fleet.graph-cycle"
        assert "TR1 → FEED1 → CAB1" in problems[0].error().text("zh-CN") + " → FEED1 → CAB1"
        wrong = city()
        wrong["graph"]["edges"].append({"from": "CAB9", "to": "TR1", "medium": "power"})
        _, problems = await h.fleet.import_city(json.dumps(wrong))
        assert [(p.code, p.row, p.value) for p in problems] == [
            ("fleet.import-reference", "graph.edges[18]", "CAB9")
        ]

    inside(url, tmp_path, test)


def test_an_edit_traces_only_what_stands_below_it(url: str, tmp_path: Path) -> None:
    async def test(h: Registered) -> None:
        before = await h.database.read(stored)
        edit = Edit(
            nodes=(Node(NodeId("GEN"), NodeKind.TRANSFORMER, "发电机"),),
            edges=(Edge(NodeId("GEN"), NodeId("CAB2"), P, backup=True),),
        )
        changed = await h.database.write(lambda c: graph_rows.apply(c, edit))
        assert changed.touched == {"CAB2", "ONU2", ENCODER_ID}
        after = await h.database.read(stored)
        assert after[RECORDER_ID] == before[RECORDER_ID]
        assert (await ways(h, ENCODER_ID))[:2] == ["power TR1>FEED1>CAB2", "power b GEN>CAB2"]
        assert await topology(h) == changed.after.topology

    inside(url, tmp_path, test)


def test_what_is_kept_is_what_the_graph_says_after_any_edit(url: str, tmp_path: Path) -> None:
    edits: list[Edit] = [
        Edit(without_edges=((NodeId("FIBRE1"), NodeId("ONU2"), F),)),
        Edit(without_nodes=(NodeId("SW1"),)),
        Edit(
            nodes=(Node(NodeId("SW1"), NodeKind.SWITCH, "新交换机", "S1"),),
            edges=(Edge(NodeId("ONU1"), NodeId("SW1"), F), Edge(NodeId("SW1"), NodeId(RECORDER_ID), F)),
        ),
        Edit(without_nodes=(NodeId("TR1"), NodeId("CORE"))),
    ]

    async def test(h: Registered) -> None:
        for edit in edits:
            await h.database.write(lambda c, edit=edit: graph_rows.apply(c, edit))  # type: ignore[misc]
            made = await topology(h)
            for device in (RECORDER_ID, ENCODER_ID):
                kept = await h.database.read(lambda c, d=device: graph_rows.paths(c, [NodeId(d)]))  # type: ignore[misc]
                assert tuple(kept[NodeId(device)]) == made.paths(NodeId(device))

    inside(url, tmp_path, test)


@pytest.mark.parametrize(
    ("code", "edit"),
    [
        ("fleet.graph-cycle", Edit(edges=(Edge(NodeId("CAB1"), NodeId("TR1"), P),))),
        ("fleet.graph-unknown-node", Edit(without_nodes=(NodeId("X"),))),
        ("fleet.graph-device", Edit(without_nodes=(NodeId(RECORDER_ID),))),
        ("fleet.graph-device", Edit(nodes=(Node(NodeId("d1"), NodeKind.DEVICE, "x"),))),
        ("fleet.graph-device", Edit(nodes=(Node(NodeId(RECORDER_ID), NodeKind.SWITCH, "x"),))),
    ],
)
def test_an_edit_that_is_refused_leaves_nothing(url: str, tmp_path: Path, code: str, edit: Edit) -> None:
    async def test(h: Registered) -> None:
        before = await h.database.read(graph_rows.load), await h.database.read(stored)
        with pytest.raises(Refused) as caught:
            await h.database.write(lambda c: graph_rows.apply(c, edit))
        assert caught.value.code == code
        assert (await h.database.read(graph_rows.load), await h.database.read(stored)) == before

    inside(url, tmp_path, test)


def test_an_old_snapshot_is_not_believed(url: str, tmp_path: Path) -> None:
    async def test(h: Registered) -> None:
        old = await h.database.read(graph_rows.load)
        cut = Edit(without_nodes=(NodeId("SW1"),))
        await h.database.write(lambda c: graph_rows.apply(c, cut, old))
        late = Edit(edges=(Edge(NodeId("SW1"), NodeId(ENCODER_ID), F),))
        with pytest.raises(Refused, match=r"fleet\.graph-unknown-node"):
            await h.database.write(lambda c: graph_rows.apply(c, late, old))

    inside(url, tmp_path, test)


def test_a_device_that_goes_leaves_no_edges(url: str, tmp_path: Path) -> None:
    async def test(h: Registered) -> None:
        revision: Callable[[Connection], int] = graph_rows.revision
        before = await h.database.read(revision)
        await h.fleet.remove_source(ENCODER_ID)
        made = await topology(h)
        assert ENCODER_ID not in made
        assert ENCODER_ID not in await h.database.read(stored)
        assert await h.database.read(revision) > before

    inside(url, tmp_path, test)
