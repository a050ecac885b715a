"""Alarms and positions over HTTP and on the consoles' line."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.web.conftest import BASE, House, OpenHouse
from tests.web.test_events import inside, until

from civicam.alarms.facts import AlarmSeen
from civicam.fleet.facts import ChannelId, DeviceId
from civicam.fleet.sight import Position
from civicam.kernel.errors import Operational, Refused

BEGAN = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


def ask(house: OpenHouse, test: Callable[[House], Awaitable[None]]) -> None:
    async def main() -> None:
        async with house() as h:
            await h.log_in()
            await test(h)

    asyncio.run(main())


async def seen(h: House, number: int = 0) -> AlarmSeen:
    """An alarm of channel 1, received ``number`` seconds after the beginning."""
    channel = await h.fleet.channel(await h.channel_id())
    at = BEGAN + timedelta(seconds=number)
    device_id = next(each.device_id for each in await h.fleet.devices() if each.name == "相机1")
    return AlarmSeen(
        device_id,
        channel.gb_id,
        ChannelId(channel.id),
        at,
        "message",
        "设备防拆报警",
        "device tampered with",
        priority=1,
        method=2,
        type=2,
        at=at,
        description="箱门被打开",
        lon=118.4,
        lat=31.3,
    )


def test_an_alarm_is_shown_with_the_names_of_its_device_and_channel(house: OpenHouse) -> None:
    async def test(h: House) -> None:
        alarm = await seen(h)
        taken = await h.alarms.take(alarm)
        found = (await h.http.get("/api/alarms")).json()
        assert found == {
            "alarms": [
                {
                    "id": taken.alarm_id,
                    "device_id": alarm.device_id,
                    "device_name": "相机1",
                    "channel_id": alarm.channel_id,
                    "channel_name": "通道1",
                    "source_id": "34020000001310000001",
                    "priority": 1,
                    "method": 2,
                    "type": 2,
                    "event": None,
                    "name": {"zh": "设备防拆报警", "en": "device tampered with"},
                    "description": "箱门被打开",
                    "lon": 118.4,
                    "lat": 31.3,
                    "at": "2026-03-02T01:00:00Z",
                    "received_at": "2026-03-02T01:00:00Z",
                    "how": "message",
                    "reset": {"state": "open", "at": None, "by": ""},
                }
            ],
            "next": None,
        }

    ask(house, test)


def test_an_alarm_of_what_is_gone_is_shown_without_names(house: OpenHouse) -> None:
    async def test(h: House) -> None:
        alarm = await seen(h)
        await h.alarms.take(
            replace(
                alarm,
                device_id=DeviceId("d0"),
                channel_id=ChannelId(""),
                source_id="3402000000",
                event=1,
                method=6,
            )
        )
        (row,) = (await h.http.get("/api/alarms")).json()["alarms"]
        assert (row["device_name"], row["channel_id"], row["channel_name"]) == (None, None, None)
        assert (row["source_id"], row["event"]) == ("3402000000", "enter")

    ask(house, test)


def test_pages_and_filters(house: OpenHouse) -> None:
    async def test(h: House) -> None:
        for number in range(5):
            await h.alarms.take(replace(await seen(h, number), priority=number % 4 + 1))
        first = (await h.http.get("/api/alarms", params={"limit": 3})).json()
        second = (await h.http.get("/api/alarms", params={"limit": 3, "after": first["next"]})).json()
        times = [each["received_at"][17:19] for each in first["alarms"] + second["alarms"]]
        assert (times, second["next"]) == (["04", "03", "02", "01", "00"], None)

        async def count(**wanted: str) -> int:
            answer = await h.http.get("/api/alarms", params=wanted)
            assert answer.status_code == 200, answer.text
            return len(answer.json()["alarms"])

        assert await count(priority="1") == 2
        assert await count(method="5") == 0
        assert await count(device="nobody") == 0
        # a local time with its zone, the way people's browsers send it
        assert await count(**{"from": "2026-03-02T09:00:03+08:00"}) == 2
        assert await count(to="2026-03-02T01:00:03Z") == 3

    ask(house, test)


@pytest.mark.parametrize(
    "query",
    [
        {"priority": "5"},
        {"method": "0"},
        {"limit": "0"},
        {"limit": "1001"},
        {"from": "2026-03-02T01:00:00"},
        {"after": "!"},
        {"devcie": "d1"},
    ],
)
def test_queries_that_make_no_sense_are_refused(house: OpenHouse, query: dict[str, str]) -> None:
    async def test(h: House) -> None:
        assert (await h.http.get("/api/alarms", params=query)).status_code == 422

    ask(house, test)


def test_a_reset_is_asked_for_and_kept_with_who_wanted_it(house: OpenHouse) -> None:
    async def test(h: House) -> None:
        taken = await h.alarms.take(await seen(h))
        h.operator.alarms.state = "unconfirmed"
        answer = await h.http.post(f"/api/alarms/{taken.alarm_id}/reset", headers={"Origin": BASE})
        assert answer.status_code == 200
        name = (await h.http.get("/api/session")).json()["user"]["name"]
        assert answer.json()["reset"] == {"state": "unconfirmed", "at": "2026-03-02T01:00:00Z", "by": name}
        assert (await h.http.get("/api/alarms")).json()["alarms"] == [answer.json()]

    ask(house, test)


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (Refused("gateway.device-offline", device="x"), 409),
        (Operational("gateway.unreachable", device="x"), 503),
    ],
)
def test_a_reset_that_cannot_be_asked_for(house: OpenHouse, fault: Exception, status: int) -> None:
    async def test(h: House) -> None:
        taken = await h.alarms.take(await seen(h))
        h.operator.alarms.fault = fault
        answer = await h.http.post(f"/api/alarms/{taken.alarm_id}/reset", headers={"Origin": BASE})
        assert answer.status_code == status

    ask(house, test)


def test_an_alarm_that_is_not_there(house: OpenHouse) -> None:
    async def test(h: House) -> None:
        answer = await h.http.post("/api/alarms/a0/reset", headers={"Origin": BASE})
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "alarms.unknown-alarm")

    ask(house, test)


def test_only_the_newest_positions_are_shown(house: OpenHouse) -> None:
    async def test(h: House) -> None:
        assert (await h.http.get("/api/positions")).json() == {"positions": []}
        device = (await seen(h)).device_id
        place = Position(device, "34020000001380000001", 118.4, 31.3, None, BEGAN, speed=12.0)
        h.operator.positions.places = [place]
        assert (await h.http.get("/api/positions")).json()["positions"] == [
            {
                "device_id": device,
                "device_name": "相机1",
                "gb_id": "34020000001380000001",
                "lon": 118.4,
                "lat": 31.3,
                "at": None,
                "received_at": "2026-03-02T01:00:00Z",
                "speed": 12.0,
                "direction": None,
            }
        ]

    ask(house, test)


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/api/alarms"), ("POST", "/api/alarms/a/reset"), ("GET", "/api/positions")]
)
def test_nobody_sees_them_without_a_session(house: OpenHouse, method: str, path: str) -> None:
    async def main() -> None:
        async with house() as h:
            assert (await h.http.request(method, path)).status_code == 401

    asyncio.run(main())


def test_consoles_hear_of_an_alarm_and_of_its_reset(house: OpenHouse) -> None:
    async def test(h: Any, connect: Any) -> None:
        async with connect() as line:
            json.loads(await line.recv())
            began = asyncio.get_running_loop().time()
            taken = await h.alarms.take(await seen(h))
            (told,) = await until(line, lambda each: each["type"] == "alarm")
            assert asyncio.get_running_loop().time() - began < 2.0
            assert [(each["id"], each["reset"]["state"]) for each in told["alarms"]] == [
                (taken.alarm_id, "open")
            ]
            await h.alarms.reset(taken.alarm_id, "done", "wang")
            (told,) = await until(line, lambda each: each["type"] == "alarm")
            assert told["alarms"][0]["reset"]["by"] == "wang"
            assert told["alarms"][0]["channel_name"] == "通道1"

    inside(house, test)
