"""Devices over HTTP: the list, one device, its ladder, and the wish to read its channels anew."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.web.conftest import House, OpenHouse


def ask(house: OpenHouse, test: Any) -> None:
    async def main() -> None:
        async with house() as h:
            await h.log_in()
            await test(h)

    asyncio.run(main())


async def first(h: House) -> dict[str, Any]:
    page = (await h.http.get("/api/devices")).json()
    found: dict[str, Any] = page["devices"][0]
    return found


def test_devices_are_listed_and_one_is_shown_whole(house: OpenHouse) -> None:
    async def test(h: House) -> None:
        page = (await h.http.get("/api/devices", params={"limit": 1})).json()
        assert (page["total"], len(page["devices"])) == (2, 1)
        rest = (await h.http.get("/api/devices", params={"limit": 1, "after": page["next"]})).json()
        assert rest["next"] is None
        device = page["devices"][0]
        found = (await h.http.get(f"/api/devices/{device['id']}")).json()
        assert found["stored"]["device"] == device
        assert len(found["stored"]["channels"]) == 1
        assert found["sight"]["catalogue"] == {
            "state": "collecting",
            "received": 2,
            "announced": 5,
            "at": None,
        }
        assert "secret" not in str(found)

    ask(house, test)


def test_the_ladder_is_read_on_from_where_it_was(house: OpenHouse) -> None:
    async def test(h: House) -> None:
        path = f"/api/devices/{(await first(h))['id']}/trace"
        rows = (await h.http.get(path)).json()["rows"]
        assert [row["label"] for row in rows] == ["REGISTER"]
        assert (await h.http.get(path, params={"after": rows[-1]["number"]})).json() == {"rows": []}
        assert (await h.http.get("/api/strangers/trace")).json()["rows"][0]["number"] == 22

    ask(house, test)


def test_the_trace_is_saved_as_text_named_for_the_device(house: OpenHouse) -> None:
    async def test(h: House) -> None:
        device = await first(h)
        answer = await h.http.get(f"/api/devices/{device['id']}/trace.txt")
        assert answer.text == "# 22 REGISTER"
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        assert f"{device['gb_id']}-sip.txt" in answer.headers["content-disposition"]
        assert answer.headers["cache-control"] == "no-store"

    ask(house, test)


def test_a_catalogue_is_read_anew_once(house: OpenHouse) -> None:
    async def test(h: House) -> None:
        path = f"/api/devices/{(await first(h))['id']}/catalogue"
        answers = [await h.http.post(path, headers={"Origin": "http://console.example"}) for _ in range(2)]
        assert [(each.status_code, each.json()["started"]) for each in answers] == [(202, True), (202, False)]

    ask(house, test)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/devices/nobody"),
        ("GET", "/api/devices/nobody/trace"),
        ("GET", "/api/devices/nobody/trace.txt"),
        ("POST", "/api/devices/nobody/catalogue"),
    ],
)
def test_a_device_that_is_not_there(house: OpenHouse, method: str, path: str) -> None:
    async def test(h: House) -> None:
        answer = await h.http.request(method, path, headers={"Origin": "http://console.example"})
        assert answer.status_code == 404
        assert answer.json()["error"]["code"] == "fleet.unknown-device"

    ask(house, test)
