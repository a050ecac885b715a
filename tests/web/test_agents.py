"""Agents over HTTP: entered, listed without their secrets, removed."""

from __future__ import annotations

from typing import Any

from tests.web.conftest import House, OpenHouse
from tests.web.test_alarms import ask

SWITCH: dict[str, Any] = {
    "host": "10.0.0.1",
    "version": "2c",
    "ports": [{"index": "5", "node_id": "onu5"}],
    "secrets": {"community": "street-lamp"},
}


def test_an_agent_is_entered_listed_and_removed(house: OpenHouse) -> None:
    async def test(h: House) -> None:
        answer = await h.http.put("/api/agents/sw1", json=SWITCH)
        assert answer.status_code == 200, answer.text
        (found,) = (await h.http.get("/api/agents")).json()["agents"]
        assert (found["node_id"], found["host"], found["ports"]) == ("sw1", "10.0.0.1", SWITCH["ports"])
        assert "street-lamp" not in (await h.http.get("/api/agents")).text + answer.text
        assert (await h.http.delete("/api/agents/sw1")).status_code == 204
        assert (await h.http.delete("/api/agents/sw1")).status_code == 404

    ask(house, test)


def test_an_agent_that_could_not_be_asked_is_refused(house: OpenHouse) -> None:
    async def test(h: House) -> None:
        for wrong in (
            {"host": "a.b"},
            {"version": "1"},
            {"port": 0},
            {"ports": [{"index": "x", "node_id": "n"}]},
        ):
            answer = await h.http.put("/api/agents/sw1", json=SWITCH | wrong)
            assert answer.status_code == 422

    ask(house, test)
