"""Breaking something: only in a demonstration, and only what the simulator knows."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from tests.web.conftest import House, OpenHouse

from civicam.kernel.errors import Operational
from civicam.web.demo_control import ask


@dataclass
class Simulator:
    """Listens where a simulator would; remembers what it was told."""

    faults: list[dict[str, Any]] = field(default_factory=list)
    refuses: bool = False
    says: bytes | None = None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = json.loads(await reader.readline())
        answer: dict[str, Any] = {"ok": True}
        if self.refuses:
            answer = {"ok": False, "code": "simulator.unknown-target", "error": "no such feed"}
        elif request["do"] == "fault":
            fault = {"id": 7, "kind": request["kind"], "target": request["target"], "value": 0.0}
            self.faults.append(fault)
        elif request["do"] == "clear":
            self.faults.clear()
        elif request["do"] == "list":
            answer["faults"] = self.faults
        writer.write(self.says if self.says is not None else json.dumps(answer).encode() + b"\n")
        await writer.drain()
        writer.close()


@asynccontextmanager
async def listening(path: Path) -> AsyncIterator[Simulator]:
    simulator = Simulator()
    server = await asyncio.start_unix_server(simulator.serve, str(path))
    try:
        yield simulator
    finally:
        server.close()


def run(house: OpenHouse, path: Path | None, test: Callable[[House], Awaitable[None]]) -> None:
    async def main() -> None:
        async with asyncio.timeout(60), house() as h:
            services = h.app.state.services
            h.app.state.services = replace(services, demo_control=path)
            await h.log_in()
            await test(h)

    asyncio.run(main())


def test_a_visitor_cuts_a_feed_and_mends_it(house: OpenHouse, tmp_path: Path) -> None:
    async def test(h: House) -> None:
        async with listening(tmp_path / "s") as simulator:
            await h.outages.step()
            known = (await h.http.get("/api/demo/faults")).json()
            assert {"kind": "power", "id": "feed", "name": "馈线一"} in known["targets"]
            answer = await h.http.post("/api/demo/faults", json={"kind": "power", "target": "feed"})
            assert answer.status_code == 201
            assert answer.json()["broken"] == [
                {"fault": 7, "kind": "power", "target": "feed", "name": "馈线一"}
            ]
            assert simulator.faults
            assert (await h.http.delete("/api/demo/faults")).json()["broken"] == []
            assert not simulator.faults

    run(house, tmp_path / "s", test)


def test_what_is_broken_is_not_broken_twice(house: OpenHouse, tmp_path: Path) -> None:
    async def test(h: House) -> None:
        async with listening(tmp_path / "s") as simulator:
            order = {"kind": "power", "target": "feed"}
            answers = await asyncio.gather(*(h.http.post("/api/demo/faults", json=order) for _ in range(3)))
            assert sorted(answer.status_code for answer in answers) == [201, 409, 409]
            refused = next(answer for answer in answers if answer.status_code == 409)
            assert refused.json()["error"]["code"] == "web.demo-broken"
            assert len(simulator.faults) == 1
            await h.http.delete("/api/demo/faults")
            assert (await h.http.post("/api/demo/faults", json=order)).status_code == 201

    run(house, tmp_path / "s", test)


def test_what_the_simulator_refuses_is_told_in_its_words(house: OpenHouse, tmp_path: Path) -> None:
    async def test(h: House) -> None:
        async with listening(tmp_path / "s") as simulator:
            simulator.refuses = True
            answer = await h.http.post("/api/demo/faults", json={"kind": "fibre", "target": "x"})
            assert answer.status_code == 409
            assert "no such feed" in answer.json()["error"]["message"]["en"]

    run(house, tmp_path / "s", test)


@pytest.mark.parametrize(
    "order", [{"kind": "garbage", "target": "feed"}, {"kind": "power", "target": ""}, {"kind": "power"}]
)
def test_other_orders_never_reach_it(house: OpenHouse, tmp_path: Path, order: dict[str, str]) -> None:
    async def test(h: House) -> None:
        async with listening(tmp_path / "s") as simulator:
            assert (await h.http.post("/api/demo/faults", json=order)).status_code == 422
            assert not simulator.faults

    run(house, tmp_path / "s", test)


def test_without_a_demonstration_there_is_no_such_thing(house: OpenHouse) -> None:
    async def test(h: House) -> None:
        for answer in (
            await h.http.get("/api/demo/faults"),
            await h.http.post("/api/demo/faults", json={"kind": "power", "target": "feed"}),
            await h.http.delete("/api/demo/faults"),
        ):
            assert (answer.status_code, answer.json()["error"]["code"]) == (404, "web.no-demo")

    run(house, None, test)


def test_a_simulator_that_is_gone_or_talks_nonsense(tmp_path: Path) -> None:
    async def main() -> None:
        with pytest.raises(Operational) as gone:
            await ask(tmp_path / "nobody", {"do": "list"})
        async with listening(tmp_path / "s") as simulator:
            for nonsense in (b"", b"{\n", b"[]\n", b"\xff\n"):
                simulator.says = nonsense
                with pytest.raises(Operational) as odd:
                    await ask(tmp_path / "s", {"do": "list"})
                assert odd.value.code == gone.value.code == "web.demo-unreachable"

    asyncio.run(main())
