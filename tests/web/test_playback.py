"""Recordings over HTTP: on record before a picture leaves, one person's, ended with its viewer."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.web.conftest import BASE, House, OpenHouse

from civicam.fleet.orders import Download, Outcome, Recording, Recordings, Result
from civicam.kernel.errors import Refused
from civicam.media.engine import viewer_name

HEADERS = {"Origin": BASE}
START, END = "2026-03-01T08:00:00Z", "2026-03-01T09:00:00Z"


def ask(house: OpenHouse, test: Any) -> None:
    async def main() -> None:
        async with house() as h:
            await h.log_in()
            await test(h)

    asyncio.run(main())


async def play(h: House) -> dict[str, Any]:
    body = {"channel_id": await h.channel_id(), "start": START, "end": END, "purpose": "duty"}
    answer = await h.http.post("/api/playback", json=body, headers=HEADERS)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_what_was_recorded(house: OpenHouse) -> None:
    async def test(h: House) -> None:
        piece = Recording(datetime(2026, 3, 1, 8, tzinfo=UTC), datetime(2026, 3, 1, 9, tzinfo=UTC), "r1")
        h.operator.playbacks.answer = Recordings((piece,), False, 7)
        path = f"/api/channels/{await h.channel_id()}/recordings"
        found = (await h.http.get(path, params={"start": START, "end": END})).json()
        assert (found["complete"], found["announced"], found["recordings"][0]["name"]) == (False, 7, "r1")
        naive = await h.http.get(path, params={"start": "2026-03-01T08:00:00", "end": END})
        assert naive.status_code == 422

    ask(house, test)


def test_a_playback_is_on_record_and_ends_with_its_viewer(house: OpenHouse) -> None:
    async def test(h: House) -> None:
        ticket = await play(h)
        (line,) = await h.viewings()
        assert (line.stream, line.ended_at) == ("playback", None)
        h.app.state.live.viewer_left(viewer_name(ticket["ticket"]))
        for _ in range(50):
            (line,) = await h.viewings()
            if line.ended_at is not None:
                break
            await asyncio.sleep(0)
        assert line.ended_at is not None
        assert h.operator.playbacks.closed == [ticket["stream_id"]]

    ask(house, test)


def test_no_line_no_recording(house: OpenHouse) -> None:
    async def test(h: House) -> None:
        channel = await h.channel_id()
        await h.database.aclose()
        body = {"channel_id": channel, "start": START, "end": END}
        answer = await h.http.post("/api/playback", json=body, headers=HEADERS)
        assert answer.status_code >= 500
        assert h.engine.tickets == {}

    ask(house, test)


def test_control_reaches_the_session_of_its_owner_alone(house: OpenHouse) -> None:
    async def test(h: House) -> None:
        h.operator.playbacks.answer = Outcome(Result.DONE)
        session = (await play(h))["session_id"]
        path = f"/api/playback/{session}/control"
        wishes = (
            {"action": "pause"},
            {"action": "resume"},
            {"action": "seek", "at": START},
            {"action": "scale", "value": 2},
        )
        for wish in wishes:
            answer = await h.http.post(path, json=wish, headers=HEADERS)
            assert answer.json()["result"] == "done"
        said = [name for name, _, _ in h.operator.playbacks.asked]
        assert said == ["play", "pause", "resume", "seek", "speed"]
        other = await h.http.post("/api/playback/nobody/control", json={"action": "pause"}, headers=HEADERS)
        assert (other.status_code, other.json()["error"]["code"]) == (404, "gateway.no-session")
        nowhere = await h.http.post(path, json={"action": "seek"}, headers=HEADERS)
        assert nowhere.status_code == 422

    ask(house, test)


def test_closing_twice_is_closing_once(house: OpenHouse) -> None:
    async def test(h: House) -> None:
        ticket = await play(h)
        for _ in range(2):
            answer = await h.http.delete(f"/api/playback/{ticket['session_id']}", headers=HEADERS)
            assert answer.status_code == 204
        assert h.operator.playbacks.closed == [ticket["stream_id"]]
        assert h.engine.revoked == [ticket["ticket"]]

    ask(house, test)


def test_a_file_of_somebody_else_is_not_there(house: OpenHouse) -> None:
    async def test(h: House) -> None:
        h.operator.downloads.answer = []
        assert (await h.http.get("/api/downloads")).json() == {"downloads": [], "why": {}}
        await h.http.delete("/api/downloads/x", headers=HEADERS)
        assert [name for name, _, _ in h.operator.downloads.asked] == ["all", "all"]

    ask(house, test)


@pytest.mark.parametrize("code", ["gateway.bad-period", "gateway.too-many-playbacks", "gateway.no-session"])
def test_why_it_does_not_play_is_told_by_its_code(house: OpenHouse, code: str) -> None:
    async def test(h: House) -> None:
        h.operator.playbacks.fault = Refused(code)
        body = {"channel_id": await h.channel_id(), "start": START, "end": END}
        answer = await h.http.post("/api/playback", json=body, headers=HEADERS)
        assert answer.json()["error"]["code"] == code
        assert await h.viewings() == []

    ask(house, test)


def test_a_download_that_failed_says_why_in_both_languages(house: OpenHouse) -> None:
    async def test(h: House) -> None:
        at = datetime(2026, 3, 2, 1, tzinfo=UTC)
        job = Download("d1", "c", "c-1", h.user_id, at, at, at, "failed", code="media.record-empty")
        h.operator.downloads.answer = [job]
        found = (await h.http.get("/api/downloads")).json()
        assert found["downloads"][0]["code"] == "media.record-empty"
        assert found["why"]["media.record-empty"]["zh"] == "没有收到可写入的画面，未生成文件"

    ask(house, test)
