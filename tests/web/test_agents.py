"""Agents over HTTP: entered, listed without their secrets, removed."""

from __future__ import annotations

from typing import Any

from tests.web.conftest import House, OpenHouse
from tests.web.test_alarms import ask

from civicam.kernel.errors import Operational
from civicam.probes.evidence import Evidence, What
from civicam.probes.watch import Seen

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
        (row,) = (await h.http.get("/api/agents")).json()["agents"]
        found = row["agent"]
        assert row["answer"] is None
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


def test_how_an_agent_answers_and_a_test_of_it(house: OpenHouse) -> None:
    async def test(h: House) -> None:
        await h.outages.step()  # it reads what nodes are called
        await h.http.put("/api/agents/cabinet", json=SWITCH)
        at = h.clock.now()
        finding = Evidence("feed", What.PORT_DOWN, at, "snmp-poll", "cabinet", "5")
        trouble = Operational("probes.no-answer", host="10.0.0.1")
        h.probes.found["cabinet"] = Seen(True, False, at, trouble, [finding])
        h.probes.answers["cabinet"] = True
        (row,) = (await h.http.get("/api/agents")).json()["agents"]
        assert row["node_name"] == "机柜一"
        answer = row["answer"]
        assert (answer["icmp"], answer["snmp"], answer["code"]) == (True, False, "probes.no-answer")
        assert answer["why"]["en"] == "10.0.0.1 does not answer SNMP"
        assert [(each["what"], each["node_name"]) for each in answer["findings"]] == [("port-down", "馈线一")]
        told = (await h.http.post("/api/agents/cabinet/test")).json()
        assert (told["answered"], told["answer"]) == (True, answer)
        assert (await h.http.post("/api/agents/nobody/test")).status_code == 404

    ask(house, test)
