"""Moving cameras and looking after devices over HTTP: what reaches the gateway, what is refused before it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.web.conftest import BASE, House, OpenHouse

from civicam.fleet.orders import Box, Drive, HomePlace, Outcome, Presets, PtzNews, PtzPlace, Result
from civicam.kernel.errors import Operational, Refused

HEADERS = {"Origin": BASE}


def ask(house: OpenHouse, test: Any) -> None:
    async def main() -> None:
        async with house() as h:
            await h.log_in()
            await test(h)

    asyncio.run(main())


@pytest.mark.parametrize(
    ("method", "path", "body", "desk", "called"),
    [
        ("POST", "channels/c/ptz", {"pan": 1, "speed": 30}, "ptz", ("drive", Drive(pan=1, speed=30))),
        ("POST", "channels/c/ptz/stop", None, "ptz", ("stop",)),
        ("PUT", "channels/c/presets/3", {"name": "门"}, "places", ("set_preset", 3, "门")),
        ("POST", "channels/c/presets/3/call", None, "places", ("call_preset", 3)),
        ("DELETE", "channels/c/presets/3", None, "places", ("delete_preset", 3)),
        ("POST", "channels/c/cruises/0/start", None, "places", ("start_cruise", 0)),
        ("PUT", "channels/c/home-position", {"enabled": True, "preset": 2}, "places",
         ("set_home", HomePlace(True, None, 2))),
        ("PUT", "channels/c/ptz/position", {"pan": 9.5}, "places", ("look", PtzPlace(pan=9.5))),
        ("POST", "channels/c/ptz/drag",
         {"window_width": 800, "window_height": 600, "mid_x": 4, "mid_y": 5, "width": 6, "height": 7},
         "places", ("drag", True, Box(800, 600, 4, 5, 6, 7))),
        ("POST", "channels/c/switch", {"on": True}, "places", ("switch", 1, True)),
        ("POST", "channels/c/key-frame", None, "places", ("key_frame",)),
        ("POST", "devices/d/reboot", None, "maintenance", ("reboot",)),
        ("POST", "devices/d/guard", {"on": False}, "maintenance", ("arm", False)),
        ("POST", "devices/d/record", {"on": True}, "maintenance", ("record", True)),
        ("POST", "devices/d/alarm-reset", {"method": 2}, "maintenance", ("reset_alarm", 2, None)),
        ("POST", "devices/d/cards/format", {"card": 1, "confirm": 1}, "maintenance", ("format_card", 1)),
    ],
)  # fmt: skip
def test_orders_reach_the_gateway_and_say_what_is_known(
    house: OpenHouse, method: str, path: str, body: Any, desk: str, called: tuple[Any, ...]
) -> None:
    async def test(h: House) -> None:
        answer = await h.http.request(method, f"/api/{path}", json=body, headers=HEADERS)
        assert answer.status_code == 200, answer.text
        assert answer.json() == {"result": "taken", "status": 0, "reason": ""}
        ((name, arguments, _),) = getattr(h.operator, desk).asked
        assert name == called[0]
        told = [each for each in arguments[1:] if each != h.user_id]
        assert told == list(called[1:])

    ask(house, test)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "channels/c/ptz", {"pan": 2}),
        ("POST", "channels/c/ptz", {"pan": 1, "speed": 0}),
        ("POST", "channels/c/ptz", {"pan": 1, "where": "left"}),
        ("PUT", "channels/c/presets/0", {}),
        ("POST", "channels/c/presets/256/call", None),
        ("PUT", "channels/c/ptz/position", {"zoom": 0}),
        ("POST", "devices/d/upgrades", {"firmware": "1", "url": "file:///etc/passwd"}),
        ("POST", "devices/d/upgrades", {"firmware": "1", "url": "http://a b"}),
        ("POST", "devices/d/cards/format", {"card": 0, "confirm": 0}),
        ("POST", "devices/d/cards/format", {"card": 1, "confirm": 2}),
    ],
)
def test_what_makes_no_sense_is_refused_before_it_is_sent(
    house: OpenHouse, method: str, path: str, body: Any
) -> None:
    async def test(h: House) -> None:
        answer = await h.http.request(method, f"/api/{path}", json=body, headers=HEADERS)
        assert answer.status_code == 422, answer.text
        for desk in (h.operator.ptz, h.operator.places, h.operator.maintenance):
            assert desk.asked == []

    ask(house, test)


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (Operational("gateway.no-answer", device="d", status=0), 504),
        (Operational("gateway.unreachable", device="d", status=0), 503),
        (Refused("gateway.device-offline", device="d"), 409),
        (Refused("gateway.commands-busy"), 429),
        (Refused("gateway.not-gb28181", channel="c"), 409),
        (Refused("fleet.unknown-channel", channel_id="c"), 404),
    ],
)
def test_why_there_is_no_answer_is_told_by_its_code(house: OpenHouse, fault: Exception, status: int) -> None:
    async def test(h: House) -> None:
        h.operator.places.fault = fault
        answer = await h.http.get("/api/channels/c/presets")
        assert answer.status_code == status
        assert set(answer.json()["error"]["message"]) == {"zh-CN", "en"}

    ask(house, test)


def test_where_a_camera_looks_is_told_with_its_age(house: OpenHouse) -> None:
    async def test(h: House) -> None:
        at = datetime(2026, 3, 2, 1, tzinfo=UTC)
        h.operator.looks.answer = PtzNews(PtzPlace(10.5, 3.0), at, "active")
        found = (await h.http.post("/api/channels/c/ptz/watch", headers=HEADERS)).json()
        assert (found["place"]["pan"], found["subscription"]) == (10.5, "active")
        assert found["received_at"] == "2026-03-02T01:00:00Z"
        assert await h.viewings() == []  # no picture

    ask(house, test)


def test_a_list_that_is_not_whole_says_so(house: OpenHouse) -> None:
    async def test(h: House) -> None:
        h.operator.places.answer = Presets((), complete=False)
        assert (await h.http.get("/api/channels/c/presets")).json() == {"presets": [], "complete": False}

    ask(house, test)


def test_a_refusal_is_told_with_the_devices_own_words(house: OpenHouse) -> None:
    async def test(h: House) -> None:
        h.operator.ptz.answer = Outcome(Result.REFUSED, 0, "locked by local user")
        answer = await h.http.post("/api/channels/c/ptz", json={"tilt": 1}, headers=HEADERS)
        assert answer.json()["reason"] == "locked by local user"

    ask(house, test)


def test_a_device_is_tested_on_record(house: OpenHouse) -> None:
    async def test(h: House) -> None:
        device = (await h.http.get("/api/devices")).json()["devices"][0]["id"]
        path = f"/api/devices/{device}/checkup"
        assert (await h.http.get(path)).json() == {"checkup": None}
        assert (await h.http.post(path, headers=HEADERS)).status_code == 202
        assert (await h.http.get(path)).json()["checkup"]["device_id"] == device
        again = await h.http.post(path, headers=HEADERS)
        assert (again.status_code, again.json()["error"]["code"]) == (409, "gateway.checkup-running")
        ((_, channel),) = h.operator.checkups.begun
        assert channel is not None
        lines = await h.viewings()
        assert [line.stream for line in lines] == ["checkup", "checkup"]

    ask(house, test)
