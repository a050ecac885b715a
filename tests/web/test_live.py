"""Looking at a channel: the line first, then the ticket; what fails leaves nothing behind."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from sqlalchemy import select

from civicam.access.tables import viewing
from civicam.kernel.errors import Operational, Refused
from civicam.media.engine import viewer_name

OpenHouse = Callable[[], AbstractAsyncContextManager[Any]]


def inside(house: OpenHouse, test: Callable[[Any], Awaitable[None]]) -> None:
    async def main() -> None:
        async with asyncio.timeout(60), house() as opened:
            await opened.log_in()
            await test(opened)

    asyncio.run(main())


async def lines(h: Any) -> list[Any]:
    """The viewings on record."""
    rows: list[Any] = await h.database.read(lambda c: c.execute(select(viewing)).all())
    return rows


def test_a_ticket_comes_after_the_line_is_written(house: OpenHouse) -> None:
    async def test(h: Any) -> None:
        channel = await h.channel_id()
        body = {"channel_id": channel, "stream": "sub", "format": "annexb", "purpose": "duty"}
        ticket = (await h.http.post("/api/live", json=body)).json()
        assert ticket["door"] == {"port": 8081, "path": "/media"}
        assert ticket["expires_in_s"] == 30.0
        assert h.engine.tickets[ticket["ticket"]] == (f"{channel}-sub", "192.0.2.7")
        [line] = await lines(h)
        assert (line.user_name, line.channel_id, line.purpose, line.client) == (
            "admin",
            channel,
            "duty",
            "192.0.2.7",
        )
        assert line.ended_at is None
        assert (await h.http.delete(f"/api/live/{ticket['session_id']}")).status_code == 204
        [line] = await lines(h)
        assert line.ended_at is not None
        assert h.engine.revoked == [ticket["ticket"]]
        assert h.gateway.released == [f"{channel}-sub"]
        assert (await h.http.delete(f"/api/live/{ticket['session_id']}")).status_code == 204

    inside(house, test)


def test_no_line_no_video(house: OpenHouse) -> None:
    async def test(h: Any) -> None:
        channel = await h.channel_id()
        await h.database.write(lambda c: c.exec_driver_sql("DROP TABLE access_viewing").close())
        for ask in (
            h.http.post("/api/live", json={"channel_id": channel}),
            h.http.get(f"/api/channels/{channel}/snapshot"),
        ):
            answer = await ask
            assert answer.status_code == 503
            assert answer.json()["error"]["code"] == "access.no-record"
        assert h.engine.tickets == {}
        assert h.gateway.released == [f"{channel}-sub"] * 2

    inside(house, test)


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (Refused("gateway.device-offline", device="x"), 409),
        (Refused("fleet.unknown-channel", channel_id="x"), 404),
        (Operational("gateway.play-timeout"), 504),
        (Operational("media.no-ports"), 503),
    ],
)
def test_why_a_stream_does_not_open_is_told_by_its_code(house: OpenHouse, fault: Any, status: int) -> None:
    async def test(h: Any) -> None:
        h.gateway.fault = fault
        answer = await h.http.post("/api/live", json={"channel_id": "x"})
        assert answer.status_code == status
        assert answer.json()["error"]["code"] == fault.code
        assert await lines(h) == []

    inside(house, test)


def test_a_door_that_does_not_open_ends_the_viewing(house: OpenHouse) -> None:
    async def test(h: Any) -> None:
        channel = await h.channel_id()
        h.engine.fault = Operational("media.worker-slow")
        assert (await h.http.post("/api/live", json={"channel_id": channel})).status_code == 503
        [line] = await lines(h)
        assert line.ended_at is not None
        assert h.gateway.released == [f"{channel}-sub"]

    inside(house, test)


@pytest.mark.parametrize("mends", [True, False])
def test_a_stream_that_ends_as_somebody_comes_is_opened_anew_once(house: OpenHouse, mends: bool) -> None:
    """It had no viewer for ten seconds and was just being closed: the person sees it all the same."""

    async def test(h: Any) -> None:
        channel, admit, tries = await h.channel_id(), h.engine.admit, 0

        async def gone_at_first(*args: Any) -> Any:
            nonlocal tries
            tries += 1
            if tries == 1 or not mends:
                raise Operational("media.no-stream")
            return await admit(*args)

        h.engine.admit = gone_at_first
        status = (await h.http.post("/api/live", json={"channel_id": channel})).status_code
        assert (status, tries) == (200 if mends else 503, 2)
        ended = [line.ended_at is not None for line in await lines(h)]
        assert ended == [True, not mends]  # each way to the door is on record, and one viewing goes on

    inside(house, test)


def test_the_stream_is_given_back_with_its_last_use(house: OpenHouse) -> None:
    async def test(h: Any) -> None:
        body = {"channel_id": await h.channel_id()}
        first, second = [(await h.http.post("/api/live", json=body)).json() for _ in range(2)]
        assert first["stream_id"] == second["stream_id"]
        await h.http.delete(f"/api/live/{first['session_id']}")
        assert h.gateway.released == []
        await h.http.delete(f"/api/live/{second['session_id']}")
        assert h.gateway.released == [first["stream_id"]]

    inside(house, test)


def test_a_page_that_died_is_noticed_when_its_stream_ends(house: OpenHouse) -> None:
    async def test(h: Any) -> None:
        ticket = (await h.http.post("/api/live", json={"channel_id": await h.channel_id()})).json()
        h.engine.stream(ticket["stream_id"])
        await h.app.state.situation.refresh()
        assert (await lines(h))[0].ended_at is None
        streams = (await h.http.get("/api/live")).json()["streams"]
        assert [(s["name"], s["viewers"], s["codec"]) for s in streams] == [("通道1", 1, "h264")]
        await h.engine.close(ticket["stream_id"])
        await h.app.state.situation.refresh()
        assert (await lines(h))[0].ended_at is not None
        assert h.app.state.live.viewings == 0

    inside(house, test)


def test_a_page_that_died_ends_its_viewing_while_others_watch_on(house: OpenHouse) -> None:
    """The media door tells who left; the stream is not hung up for it."""

    async def test(h: Any) -> None:
        channel = await h.channel_id()
        gone, stays = [(await h.http.post("/api/live", json={"channel_id": channel})).json() for _ in "ab"]
        h.engine.stream(gone["stream_id"])
        h.gateway.on_left(viewer_name("somebody else"))
        h.gateway.on_left(viewer_name(gone["ticket"]))
        assert h.app.state.live.viewings == 1
        await h.app.state.live.aclose()
        assert [line.ended_at is None for line in await lines(h)] == [False, False]
        assert (await h.http.delete(f"/api/live/{stays['session_id']}")).status_code == 204
        assert h.gateway.released == [channel + "-sub"]  # by the last who left in order, at the end

    inside(house, test)


def test_a_snapshot_is_a_viewing_too(house: OpenHouse) -> None:
    async def test(h: Any) -> None:
        channel = await h.channel_id()
        answer = await h.http.get(f"/api/channels/{channel}/snapshot", params={"purpose": "maintenance"})
        assert answer.headers["content-type"] == "image/jpeg"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.content == b"\xff\xd8jpeg"
        [line] = await lines(h)
        assert (line.stream, line.purpose) == ("snapshot", "maintenance")
        assert line.ended_at is not None
        assert h.gateway.released == [f"{channel}-sub"]

    inside(house, test)


@pytest.mark.parametrize("watched", ["main", "sub", ""])
def test_a_snapshot_opens_no_second_stream_of_a_channel_that_is_watched(
    house: OpenHouse, watched: str
) -> None:
    """Some devices send one stream: the second session would end the first."""

    async def test(h: Any) -> None:
        channel = await h.channel_id()
        if watched:
            body = {"channel_id": channel, "stream": watched}
            assert (await h.http.post("/api/live", json=body)).status_code == 200
        assert (await h.http.get(f"/api/channels/{channel}/snapshot")).status_code == 200
        assert h.gateway.released == ([] if watched else [f"{channel}-sub"])

    inside(house, test)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"channel_id": "x", "stream": "third"},
        {"channel_id": "x", "purpose": "curiosity"},
        {"channel_id": "x", "format": "avi"},
        {"channel_id": "x", "extra": 1},
    ],
)
def test_a_wish_that_is_not_understood_is_refused(house: OpenHouse, body: dict[str, Any]) -> None:
    async def test(h: Any) -> None:
        answer = await h.http.post("/api/live", json=body)
        assert answer.status_code == 422
        assert answer.json()["error"]["code"] == "web.bad-request"
        assert h.gateway.opened == []

    inside(house, test)


def test_viewings_a_crash_left_open_are_ended_at_the_next_start(house: OpenHouse) -> None:
    async def test(h: Any) -> None:
        await h.http.post("/api/live", json={"channel_id": await h.channel_id()})
        assert await h.access.start() == 1
        assert (await lines(h))[0].ended_at is not None
        assert await h.access.start() == 0

    inside(house, test)
