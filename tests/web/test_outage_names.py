"""What consoles are told of causes: names for ids, words for codes, and that there is news."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import websockets
from tests.web.conftest import House, OpenHouse
from tests.web.pretend_outages import CAMERAS
from tests.web.test_events import listening

from civicam.outages.facts import Fact, WentDark


async def lose_both(h: House) -> str:
    """Both cameras of the cabinet went silent in one second; the id of the row."""
    await h.outages.step()
    h.clock.advance(600)
    at = h.clock.now()
    lost: list[Fact] = [
        WentDark(camera, at, at - timedelta(seconds=180), 60.0, "fleet.heartbeat-lost") for camera in CAMERAS
    ]
    await h.outages.take(lost)
    for _ in range(6):
        h.clock.advance(60)
        await h.outages.step()
    found = (await h.http.get("/api/outages")).json()["outages"]
    assert len(found) == 1, found
    return str(found[0]["id"])


def run(house: OpenHouse, test: Callable[[House], Awaitable[None]]) -> None:
    async def main() -> None:
        async with asyncio.timeout(60), house() as h:
            await h.log_in()
            await test(h)

    asyncio.run(main())


def test_a_cause_has_the_name_of_its_place_and_its_evidence_has_words(house: OpenHouse) -> None:
    async def test(h: House) -> None:
        outage_id = await lose_both(h)
        answer = (await h.http.get(f"/api/outages/{outage_id}")).json()
        names = {"feed": "馈线一", "cabinet": "机柜一", "cam1": "cam1", "cam2": "cam2", "": ""}
        outage = answer["outage"]
        assert outage["place"] in {"feed", "cabinet"}
        assert outage["place_name"] == names[outage["place"]]
        assert answer["names"][outage["place"]] == names[outage["place"]]
        assert answer["evidence"], "somebody has to be able to check it"
        for each in answer["evidence"]:
            assert each["name"] == names[each["line"]["node"]]
            assert each["text"]["zh"] != each["line"]["code"] != each["text"]["en"]

    run(house, test)


def test_a_channel_that_is_not_there_any_more_has_no_name(house: OpenHouse) -> None:
    async def test(h: House) -> None:
        outage_id = await lose_both(h)
        found = (await h.http.get(f"/api/outages/{outage_id}/channels")).json()["channels"]
        assert [each["channel"]["channel_id"] for each in found] == ["cam1-c0", "cam2-c0"]
        assert {(each["name"], each["device_name"]) for each in found} == {("", "")}
        assert all(each["unusable_minutes"] > 0 for each in found)

    run(house, test)


def test_consoles_hear_which_causes_are_news(house: OpenHouse) -> None:
    async def test(h: House) -> None:
        cookie = f"civicam_session={h.http.cookies['civicam_session']}"
        async with listening(h.app) as port:
            await h.app.state.hub.start()
            address = f"ws://127.0.0.1:{port}/api/events"
            async with websockets.connect(address, additional_headers={"Cookie": cookie}) as line:
                outage_id = await lose_both(h)
                told: dict[str, Any] = {}
                while told.get("type") != "outage":
                    told = json.loads(await line.recv())
                assert told["outages"] == [outage_id]
            await h.app.state.hub.aclose()

    run(house, test)
