"""Speaking over HTTP: on record before the device is called, one person's, ended with the connection."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.web.conftest import BASE, House, OpenHouse

from civicam.kernel.errors import Operational, Refused
from civicam.media.engine import SoundFormat, viewer_name

HEADERS = {"Origin": BASE}


def ask(house: OpenHouse, test: Any) -> None:
    async def main() -> None:
        async with house() as h:
            await h.log_in()
            await test(h)

    asyncio.run(main())


async def path(h: House, number: int = 1) -> str:
    return f"/api/channels/{await h.channel_id(number)}/broadcast"


async def speak(h: House, number: int = 1, **body: str) -> dict[str, Any]:
    answer = await h.http.post(await path(h, number), json={"purpose": "duty", **body}, headers=HEADERS)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def ended(h: House) -> list[bool]:
    """Which lines have their end, oldest first."""
    return [line.ended_at is not None for line in await h.viewings()]


@pytest.mark.parametrize("fmt", ["pcm16", "pcma"])
def test_who_speaks_is_on_record_and_gets_a_ticket(house: OpenHouse, fmt: str) -> None:
    async def test(h: House) -> None:
        ticket = await speak(h, format=fmt)
        (line,) = await h.viewings()
        assert (line.stream, line.purpose, line.ended_at) == ("broadcast", "duty", None)
        assert (ticket["format"], ticket["door"]) == (fmt, {"port": 8081, "path": "/media"})
        assert h.engine.tickets[ticket["ticket"]][0] == ticket["stream_id"]
        assert h.engine.speaking == {ticket["stream_id"]: SoundFormat(fmt)}

    ask(house, test)


def test_a_device_itself_is_spoken_through_and_left(house: OpenHouse) -> None:
    async def test(h: House) -> None:
        device = str((await h.http.get("/api/devices")).json()["devices"][0]["id"])
        path = f"/api/devices/{device}/broadcast"
        answer = await h.http.post(path, json={"purpose": "maintenance"}, headers=HEADERS)
        assert answer.status_code == 200, answer.text
        (line,) = await h.viewings()
        assert (line.stream, line.purpose, line.channel_id) == ("broadcast", "maintenance", device)
        await h.http.delete(path, headers=HEADERS)
        assert h.operator.broadcasts.closed == [answer.json()["stream_id"]]
        assert await ended(h) == [True]

    ask(house, test)


def test_no_line_no_voice(house: OpenHouse) -> None:
    async def test(h: House) -> None:
        where = await path(h)
        await h.database.aclose()
        answer = await h.http.post(where, json={}, headers=HEADERS)
        assert answer.status_code >= 500
        assert h.operator.broadcasts.opened == []

    ask(house, test)


def test_nobody_speaks_without_a_session(house: OpenHouse) -> None:
    async def main() -> None:
        async with house() as h:
            for call in (h.http.post, h.http.delete):
                for place in ("channels", "devices"):
                    answer = await call(f"/api/{place}/x/broadcast", headers=HEADERS)
                    assert answer.status_code == 401
            assert h.operator.broadcasts.opened == []

    asyncio.run(main())


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (Refused("gateway.broadcast-busy", channel="1"), 409),
        (Refused("gateway.broadcast-format", device="1"), 409),
        (Refused("gateway.too-many-broadcasts", most=50), 429),
        (Operational("gateway.broadcast-no-invite", device="1"), 504),
        (Operational("gateway.broadcast-ended", device="1"), 503),
    ],
)
def test_why_nobody_hears_is_told_and_the_line_ends(
    house: OpenHouse, fault: Refused | Operational, status: int
) -> None:
    async def test(h: House) -> None:
        h.operator.broadcasts.fault = fault
        answer = await h.http.post(await path(h), json={}, headers=HEADERS)
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, fault.code)
        assert await ended(h) == [True]

    ask(house, test)


def test_a_door_that_does_not_open_frees_the_loudspeaker(house: OpenHouse) -> None:
    async def test(h: House) -> None:
        h.engine.fault = Operational("media.worker-gone")
        answer = await h.http.post(await path(h), json={}, headers=HEADERS)
        assert answer.status_code == 503
        assert len(h.operator.broadcasts.closed) == 1
        assert await ended(h) == [True]

    ask(house, test)


def test_the_speaker_leaves(house: OpenHouse) -> None:
    async def test(h: House) -> None:
        ticket = await speak(h)
        h.app.state.live.viewer_left(viewer_name(ticket["ticket"]))
        for _ in range(50):
            if all(await ended(h)):
                break
            await asyncio.sleep(0)
        assert await ended(h) == [True]
        assert h.operator.broadcasts.closed == [ticket["stream_id"]]

    ask(house, test)


def test_closing_twice_is_closing_once_and_ones_own(house: OpenHouse) -> None:
    async def test(h: House) -> None:
        first, second = await speak(h, 1), await speak(h, 2)
        for _ in range(2):
            answer = await h.http.delete(await path(h, 1), headers=HEADERS)
            assert answer.status_code == 204
        assert h.operator.broadcasts.closed == [first["stream_id"]]
        assert h.engine.revoked == [first["ticket"]]
        assert h.app.state.broadcast.viewings == 1
        assert second["stream_id"] not in h.operator.broadcasts.closed

    ask(house, test)


def test_a_device_that_hung_up_ends_the_line(house: OpenHouse) -> None:
    async def test(h: House) -> None:
        await speak(h)
        await h.app.state.live.reconcile([])
        assert await ended(h) == [False]  # pictures say nothing about voices
        h.engine.fault = Operational("media.worker-gone")
        h.engine.speaking.clear()
        await h.app.state.live.reconcile([])
        assert await ended(h) == [False]  # nor does an engine that does not answer
        h.engine.fault = None
        await h.app.state.live.reconcile([])
        assert await ended(h) == [True]

    ask(house, test)


def test_one_person_speaks_through_a_few(house: OpenHouse) -> None:
    async def test(h: House) -> None:
        for _ in range(4):
            await speak(h)
        answer = await h.http.post(await path(h), json={}, headers=HEADERS)
        assert (answer.status_code, answer.json()["error"]["code"]) == (429, "web.too-many-views")
        await h.app.state.broadcast.aclose()
        assert all(await ended(h))

    ask(house, test)
