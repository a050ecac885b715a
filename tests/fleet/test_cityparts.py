"""What a city file says of parties, records, places and the graph, and each fault of it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from tests.stores.registered import ENCODER, RECORD, RECORDER, city

from civicam.fleet.cityfile import read
from civicam.fleet.crs import System
from civicam.fleet.graph import Edge, Medium, NodeId
from civicam.fleet.model import device_id_for
from civicam.fleet.placing import Source
from civicam.fleet.register import CameraKind, Role


def changed(place: str, index: int, **more: Any) -> dict[str, Any]:
    """The city with one row else; ``place`` like ``sites`` or ``graph.nodes``."""
    found = city()
    rows: Any = found
    for step in place.split("."):
        rows = rows[step]
    rows[index].update(more)
    return found


def test_everything_a_file_may_say() -> None:
    found = city()
    found["sites"][0] |= {
        "kind": "checkpoint",
        "lanes": 4,
        "crs": "gcj02",
        "source": "survey",
        "surveyed_on": "2026-05-01",
        "parties": {"owner": "bureau", "power": "power", "carrier": "carrier", "maintainer": None},
    }
    found["channels"][0]["camera"] = {**RECORD, "kind": "checkpoint", "lane": 3, "filed_on": "2026-03-20"}
    read_back = read(found)
    assert read_back.problems == []
    site = read_back.sites[0]
    assert site.stated is not None
    assert (site.stated.system, site.stated.source) == (System.GCJ02, Source.SURVEY)
    assert site.stated.surveyed_on == date(2026, 5, 1)
    assert (site.lanes, site.parties) == (
        4,
        {Role.OWNER: "bureau", Role.POWER: "power", Role.CARRIER: "carrier"},
    )
    camera = read_back.channels[0].camera
    assert camera is not None
    assert (camera.kind, camera.lane, camera.filed_on) == (CameraKind.CHECKPOINT, 3, date(2026, 3, 20))
    assert len(read_back.outline) == 4
    assert {each.node_id: each.battery_minutes for each in read_back.nodes}[NodeId("UPS1")] == 30
    assert Edge(NodeId("FIBRE2"), NodeId("ONU2"), Medium.FIBRE, backup=True) in read_back.edges
    assert Edge(NodeId("ONU2"), NodeId(device_id_for(ENCODER)), Medium.FIBRE) in read_back.edges


def test_what_a_file_does_not_say_stays_a_gap() -> None:
    found = city(parties=[], outline=None, graph=None)
    for row in found["sites"]:
        row.pop("parties", None)
    del found["sites"][0]["lon"], found["sites"][0]["lat"]
    found["channels"][0]["camera"] = None
    found["channels"][1]["camera"] = {}
    found["channels"][2].pop("camera")
    read_back = read(found)
    assert read_back.problems == []
    assert read_back.sites[0].stated is None
    assert read_back.channels[0].camera is None
    assert read_back.channels[2].camera is None
    empty = read_back.channels[1].camera
    assert empty is not None
    assert (empty.owner_id, empty.ground, empty.purpose, empty.place) == ("", "", "", "")
    assert (read_back.nodes, read_back.edges, read_back.outline) == ([], [], ())


def test_blank_and_swapped_coordinates_are_taken_and_listed_later() -> None:
    for lon, lat in ((0, 0), (-1, -1), (31.3, 118.4)):
        assert read(changed("sites", 0, lon=lon, lat=lat)).problems == []


@pytest.mark.parametrize(
    ("place", "index", "more", "code"),
    [
        ("parties", 0, {"kind": "club"}, "fleet.import-field"),
        ("parties", 0, {"id": ""}, "fleet.import-field"),
        ("parties", 2, {"id": "power"}, "fleet.import-twice"),
        ("sites", 0, {"parties": {"owner": "nobody"}}, "fleet.import-reference"),
        ("sites", 0, {"parties": {"boss": "bureau"}}, "fleet.import-field"),
        ("sites", 0, {"parties": "bureau"}, "fleet.import-field"),
        ("sites", 0, {"lanes": 4}, "fleet.import-field"),
        ("sites", 0, {"lanes": 3, "kind": "checkpoint"}, "fleet.import-field"),
        ("sites", 0, {"lanes": [], "kind": "checkpoint"}, "fleet.import-field"),
        ("sites", 0, {"crs": "mars"}, "fleet.import-field"),
        ("sites", 0, {"source": "catalogue"}, "fleet.import-field"),
        ("sites", 0, {"surveyed_on": "yesterday"}, "fleet.import-field"),
        ("sites", 0, {"lat": None}, "fleet.import-field"),
        ("sites", 0, {"lon": 181}, "fleet.import-field"),
        ("channels", 0, {"camera": "yes"}, "fleet.import-field"),
        ("channels", 0, {"camera": RECORD | {"owner": "nobody"}}, "fleet.import-reference"),
        ("channels", 0, {"camera": RECORD | {"place": "guest-room"}}, "fleet.place-forbidden"),
        ("channels", 0, {"camera": RECORD | {"ground": "because"}}, "fleet.unknown-choice"),
        ("channels", 0, {"camera": RECORD | {"lane": 2}}, "fleet.wrong-lane"),
        ("channels", 0, {"camera": RECORD | {"lane": 99}}, "fleet.import-field"),
        ("channels", 0, {"camera": RECORD | {"kind": "drone"}}, "fleet.import-field"),
        ("channels", 0, {"camera": RECORD | {"filed_on": "1.5."}}, "fleet.import-field"),
        ("graph.nodes", 0, {"kind": "tower"}, "fleet.import-field"),
        ("graph.nodes", 0, {"kind": "device"}, "fleet.import-field"),
        ("graph.nodes", 0, {"site": "S9"}, "fleet.import-reference"),
        ("graph.nodes", 0, {"party": "nobody"}, "fleet.import-reference"),
        ("graph.nodes", 0, {"battery_minutes": -1}, "fleet.import-field"),
        ("graph.nodes", 0, {"battery_minutes": True}, "fleet.import-field"),
        ("graph.nodes", 0, {"battery_minutes": 30}, "fleet.graph-wrong-battery"),
        ("graph.nodes", 0, {"lon": 118}, "fleet.import-field"),
        ("graph.nodes", 1, {"id": "TR1"}, "fleet.import-reference"),
        ("graph.edges", 0, {"from": "X"}, "fleet.import-reference"),
        ("graph.edges", 0, {"to": []}, "fleet.import-reference"),
        ("graph.edges", 0, {"medium": "water"}, "fleet.import-field"),
        ("graph.edges", 0, {"backup": "no"}, "fleet.import-field"),
        ("graph.edges", 0, {"medium": "fibre"}, "fleet.graph-wrong-medium"),
        ("graph.edges", 1, {"from": "TR1", "to": "FEED1"}, "fleet.graph-edge-twice"),
        ("graph.edges", 0, {"to": "TR1"}, "fleet.graph-self-loop"),
    ],
)
def test_every_fault_says_what_it_is(place: str, index: int, more: dict[str, Any], code: str) -> None:
    problems = read(changed(place, index, **more)).problems
    assert problems[0].code == code
    said = problems[0].error()
    assert "{" not in said.text("zh-CN") + said.text("en")


@pytest.mark.parametrize("outline", [[[1, 2]], "box", [[1, 2], [3, 4], [5]], [[1, 2], [3, 4], [500, 4]]])
def test_an_outline_is_a_ring(outline: Any) -> None:
    assert read(city(outline=outline)).problems[0].field == "outline"


def test_a_recorder_is_a_node_by_its_code() -> None:
    found = city(graph={"nodes": [], "edges": [{"from": RECORDER, "to": ENCODER, "medium": "logical"}]})
    (edge,) = read(found).edges
    assert edge == Edge(NodeId(device_id_for(RECORDER)), NodeId(device_id_for(ENCODER)), Medium.LOGICAL)


def test_one_party_twice_is_a_fault() -> None:
    found = city()
    found["parties"].append(found["parties"][0])
    assert [(each.code, each.row) for each in read(found).problems] == [("fleet.import-twice", "parties")]
