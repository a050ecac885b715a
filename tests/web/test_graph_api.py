"""Power and fibre over HTTP: read, edit, who goes dark."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

OpenHouse = Callable[[], AbstractAsyncContextManager[Any]]


def edge(upper: str, lower: str, medium: str, backup: bool = False) -> dict[str, Any]:
    return {"upper": upper, "lower": lower, "medium": medium, "backup": backup}


def inside(house: OpenHouse, test: Callable[[Any, dict[str, str]], Awaitable[None]]) -> None:
    """[FEED]──┬─[CAB1]──[UPS 20 min]──[ONU1]──CAMERA 1 (also fed by CAB1)
    └─[CAB2]──CAMERA 2        [FIBRE]──[ONU1], [ONU2]──CAMERA 2"""

    async def main() -> None:
        async with asyncio.timeout(60), house() as h:
            await h.log_in()
            devices = {
                f"D{n}": str(each.device_id) for n, each in enumerate(await h.fleet.devices(), start=1)
            }
            nodes: list[dict[str, Any]] = [
                {"id": "FEED", "kind": "feed", "name": "一号馈线"},
                {"id": "CAB1", "kind": "cabinet", "name": "机箱一", "site_id": "S0001"},
                {"id": "CAB2", "kind": "cabinet", "name": "机箱二", "site_id": "S0002"},
                {"id": "UPS", "kind": "ups", "name": "电源", "site_id": "S0001", "battery_minutes": 20},
                {"id": "FIBRE", "kind": "fibre", "name": "光缆", "party_id": "bureau"},
                {"id": "ONU1", "kind": "onu", "name": "ONU 1", "site_id": "S0001"},
                {"id": "ONU2", "kind": "onu", "name": "ONU 2", "site_id": "S0002"},
            ]
            edges = [
                *(edge("FEED", each, "power") for each in ("CAB1", "CAB2")),
                edge("CAB1", "UPS", "power"),
                edge("UPS", "ONU1", "power"),
                edge("CAB1", devices["D1"], "power"),
                edge("CAB2", "ONU2", "power"),
                edge("CAB2", devices["D2"], "power"),
                *(edge("FIBRE", each, "fibre") for each in ("ONU1", "ONU2")),
                edge("ONU1", devices["D1"], "fibre"),
                edge("ONU2", devices["D2"], "fibre"),
            ]
            made = await h.http.post("/api/graph/edit", json={"nodes": nodes, "edges": edges})
            assert made.status_code == 200, made.text
            await test(h, devices)

    asyncio.run(main())


async def dark(h: Any, *failed: str, **more: Any) -> dict[str, Any]:
    answer = await h.http.post("/api/graph/dark", json={"failed": list(failed), **more})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_who_goes_dark_and_when(house: OpenHouse) -> None:
    async def test(h: Any, devices: dict[str, str]) -> None:
        found = await dark(h, "FEED")
        assert (found["devices"], found["channels"]) == (2, 2)
        minutes = {each["id"]: each["minute"] for each in found["nodes"]}
        assert minutes == {
            **dict.fromkeys(("FEED", "CAB1", "CAB2", "ONU2", devices["D1"], devices["D2"]), 0),
            **dict.fromkeys(("UPS", "ONU1"), 20),
        }
        assert found["sites"] == [
            {"site_id": site, "channels": 1, "first_minute": 0, "last_minute": 0}
            for site in ("S0001", "S0002")
        ]
        at_once = await dark(h, "FEED", on_battery=True)
        assert {each["id"] for each in at_once["nodes"]} == minutes.keys() - {"UPS", "ONU1"}
        one = await dark(h, "ONU1", "nobody")
        assert (one["failed"], one["unknown"], one["channels"]) == (["ONU1"], ["nobody"], 1)

    inside(house, test)


def test_a_whole_site_fails_with_what_all_of_it_hangs_on(house: OpenHouse) -> None:
    """The cabinet, not the feed: that serves the neighbour, too."""

    async def test(h: Any, devices: dict[str, str]) -> None:
        one = await dark(h, sites=["S0001"])
        assert (one["failed"], [each["site_id"] for each in one["sites"]]) == (["CAB1"], ["S0001"])
        both = await dark(h, sites=["S0001", "S0002"])
        assert (both["failed"], both["channels"]) == (["CAB1", "CAB2"], 2)
        lost = await h.http.post("/api/graph/dark", json={"sites": ["S9"]})
        assert lost.json()["error"]["code"] == "fleet.unknown-site"

    inside(house, test)


def test_a_backup_keeps_a_site_alight(house: OpenHouse) -> None:
    async def test(h: Any, devices: dict[str, str]) -> None:
        assert (await dark(h, "FIBRE"))["channels"] == 2
        more = {
            "nodes": [{"id": "FIBRE2", "kind": "fibre", "name": "备用光缆"}],
            "edges": [edge("FIBRE2", "ONU1", "fibre", backup=True)],
        }
        done = (await h.http.post("/api/graph/edit", json=more)).json()
        assert done["touched"] == sorted(["ONU1", devices["D1"]])
        found = await dark(h, "FIBRE")
        assert (found["channels"], found["strained"]) == (1, ["ONU1"])
        assert (await dark(h, "FIBRE", "FIBRE2"))["channels"] == 2

    inside(house, test)


def test_a_node_and_its_ways(house: OpenHouse) -> None:
    async def test(h: Any, devices: dict[str, str]) -> None:
        found = (await h.http.get(f"/api/graph/nodes/{devices['D1']}")).json()
        assert (found["node"]["kind"], found["node"]["name"]) == ("device", "相机1")
        assert [(each["medium"], each["nodes"][:-1]) for each in found["paths"]] == [
            ("power", ["FEED", "CAB1"]),
            ("fibre", ["FIBRE", "ONU1"]),
        ]
        assert {each["id"] for each in found["around"]} == {"FEED", "CAB1", "FIBRE", "ONU1"}
        assert found["ways"] == {"power": 1, "fibre": 1, "logical": 0}
        feed = (await h.http.get("/api/graph/nodes/FEED")).json()
        assert (feed["ancestors"], feed["descendants"]) == (0, 7)
        assert {each["lower"] for each in feed["below"]} == {"CAB1", "CAB2"}
        assert (await h.http.get("/api/graph/nodes/X")).status_code == 404

    inside(house, test)


def test_pages_of_nodes(house: OpenHouse) -> None:
    async def test(h: Any, devices: dict[str, str]) -> None:
        seen, after = [], ""
        while True:
            page = (await h.http.get("/api/graph/nodes", params={"limit": 4, "after": after})).json()
            seen += [each["id"] for each in page["nodes"]]
            after = page["next"]
            if after is None:
                break
        assert seen == sorted(seen)
        assert len(seen) == page["total"] == 9

        async def ids(**params: str) -> set[str]:
            rows = (await h.http.get("/api/graph/nodes", params=params)).json()["nodes"]
            return {each["id"] for each in rows}

        assert await ids(kind="ups") == {"UPS"}
        assert await ids(q="光缆") == {"FIBRE"}
        assert await ids(site_id="S0002") == {"CAB2", "ONU2", devices["D2"]}
        assert await ids(party_id="bureau") == {"FIBRE"}
        assert (await h.http.get("/api/graph/nodes", params={"kind": "tower"})).status_code == 422

    inside(house, test)


def test_a_site_as_a_drawing(house: OpenHouse) -> None:
    async def test(h: Any, devices: dict[str, str]) -> None:
        found = (await h.http.get("/api/graph/sites/S0001")).json()
        layers = {each["node"]["id"]: each["layer"] for each in found["nodes"]}
        assert layers == {"FEED": 0, "FIBRE": 0, "CAB1": 1, "UPS": 2, "ONU1": 3, devices["D1"]: 4}
        assert all(layers[each["upper"]] < layers[each["lower"]] for each in found["edges"])
        assert len(found["edges"]) == 6
        assert (await h.http.get("/api/graph/sites/S9")).json()["error"]["code"] == "fleet.unknown-site"

    inside(house, test)


def node(**more: Any) -> dict[str, Any]:
    return {"nodes": [{"id": "N", "kind": "feed", "name": "x", **more}]}


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"edges": [edge("CAB1", "FEED", "power")]}, 422, "fleet.graph-cycle"),
        ({"edges": [edge("CAB1", "CAB1", "power")]}, 422, "fleet.graph-self-loop"),
        ({"edges": [edge("CAB1", "ONU1", "fibre")]}, 422, "fleet.graph-wrong-medium"),
        ({"edges": [edge("CAB9", "ONU1", "power")]}, 404, "fleet.graph-unknown-node"),
        ({"without_nodes": ["CAB9"]}, 404, "fleet.graph-unknown-node"),
        (
            {"without_edges": [{"upper": "UPS", "lower": "FEED", "medium": "power"}]},
            422,
            "fleet.graph-unknown-edge",
        ),
        (node(kind="device"), 409, "fleet.graph-device"),
        (node(site_id="S9"), 404, "fleet.unknown-site"),
        (node(party_id="p"), 404, "fleet.unknown-party"),
        (
            {"nodes": [{"id": "N", "kind": "feed", "name": "x", "battery_minutes": 5}]},
            422,
            "fleet.graph-wrong-battery",
        ),
        (node(kind="tower"), 422, "web.bad-request"),
        (node(name=""), 422, "web.bad-request"),
        ({"colour": "red"}, 422, "web.bad-request"),
    ],
)
def test_an_edit_that_cannot_be(house: OpenHouse, body: dict[str, Any], status: int, code: str) -> None:
    async def test(h: Any, devices: dict[str, str]) -> None:
        before = (await h.http.get("/api/graph/nodes")).json()
        answer = await h.http.post("/api/graph/edit", json=body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
        assert (await h.http.get("/api/graph/nodes")).json() == before

    inside(house, test)


def test_what_another_process_changed_is_seen(house: OpenHouse) -> None:
    """`civicam import` beside a running server."""

    async def test(h: Any, devices: dict[str, str]) -> None:
        from civicam.fleet import graph_rows
        from civicam.fleet.graph import NodeId
        from civicam.fleet.topology import Edit

        assert (await dark(h, "FEED"))["channels"] == 2
        await h.database.write(lambda c: graph_rows.apply(c, Edit(without_nodes=(NodeId("CAB2"),))))
        assert (await dark(h, "FEED"))["channels"] == 1

    inside(house, test)


def test_nothing_is_said_to_strangers(house: OpenHouse) -> None:
    async def main() -> None:
        async with asyncio.timeout(60), house() as h:
            for path in ("/api/graph/nodes", "/api/graph/sites/S0001", "/api/register/cameras"):
                assert (await h.http.get(path)).status_code == 401

    asyncio.run(main())
