"""The consoles' live line, on a real socket: batches, situation, slow consoles, sessions that end."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
import uvicorn
import websockets

from civicam.fleet.facts import CatalogueItem, Presence, PresenceChanged
from civicam.web.events import Console

OpenHouse = Callable[[], AbstractAsyncContextManager[Any]]


@asynccontextmanager
async def listening(app: Any) -> AsyncIterator[int]:
    """The app on a real socket of this machine."""
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    sock.listen()
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
    task = asyncio.create_task(server.serve(sockets=[sock]))
    try:
        yield sock.getsockname()[1]
    finally:
        server.should_exit = True
        await task
        sock.close()


def inside(house: OpenHouse, test: Callable[[Any, Any], Awaitable[None]]) -> None:
    """Run a test with a logged-in house and a way to connect consoles to it."""

    async def main() -> None:
        async with asyncio.timeout(60), house() as h:
            await h.log_in()
            cookie = f"civicam_session={h.http.cookies['civicam_session']}"
            async with listening(h.app) as port:

                def connect(**headers: str) -> Any:
                    sent = {"Cookie": cookie, **headers}
                    return websockets.connect(f"ws://127.0.0.1:{port}/api/events", additional_headers=sent)

                await h.app.state.hub.start()
                await test(h, connect)
                await h.app.state.hub.aclose()

    asyncio.run(main())


async def until(line: Any, *wanted: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
    """The first message for each wish, in whatever order they come."""
    found: dict[int, dict[str, Any]] = {}
    while len(found) < len(wanted):
        message: dict[str, Any] = json.loads(await line.recv())
        for number, wish in enumerate(wanted):
            if number not in found and wish(message):
                found[number] = message
    return [found[number] for number in range(len(wanted))]


def test_a_console_hears_the_situation_and_what_changes(house: OpenHouse) -> None:
    async def test(h: Any, connect: Any) -> None:
        async with connect() as line:
            first = json.loads(await line.recv())
            assert (first["type"], first["devices"]["unknown"]) == ("situation", 2)
            device = (await h.fleet.devices())[0]
            at = h.clock.now()
            await h.fleet.presence(
                PresenceChanged(device.device_id, Presence.UNKNOWN, Presence.ONLINE, "fleet.registered", at)
            )
            batch, _ = await until(
                line,
                lambda m: m["type"] == "batch",
                lambda m: m["type"] == "situation" and m["devices"]["online"] == 1,
            )
            assert batch["events"] == [
                {
                    "type": "presence",
                    "device_id": device.device_id,
                    "channels": [await h.channel_id(1)],
                    "state": "online",
                    "reason": "fleet.registered",
                    "at": at.isoformat(),
                }
            ]
            item = CatalogueItem("34020000001310000077", "new")
            await h.fleet.catalogue(device.device_id, [item], False, at)
            [batch] = await until(line, lambda m: m["type"] == "batch")
            assert batch["events"][0]["type"] == "catalogue"
            assert len(batch["events"][0]["channels"]) == 2
            h.engine.stream("x")
            [told] = await until(line, lambda m: m["type"] == "stream")
            assert told["streams"][0]["stream_id"] == "x"

    inside(house, test)


def test_without_session_or_from_another_site_there_is_no_line(house: OpenHouse) -> None:
    async def test(_: Any, connect: Any) -> None:
        for headers in ({"Cookie": "civicam_session=made-up"}, {"Origin": "https://evil.example"}):
            with pytest.raises(websockets.InvalidStatus) as refused:
                async with connect(**headers):
                    pass
            assert refused.value.response.status_code == 403

    inside(house, test)


def test_the_server_says_goodbye_when_it_stops(house: OpenHouse) -> None:
    async def test(h: Any, connect: Any) -> None:
        async with connect() as line:
            await line.recv()
            await h.app.state.hub.aclose()
            with pytest.raises(websockets.ConnectionClosed):
                await until(line, lambda _: False)
            assert line.close_code == 1001

    inside(house, test)


def test_a_console_that_left_is_forgotten(house: OpenHouse) -> None:
    async def test(h: Any, connect: Any) -> None:
        gone = asyncio.Event()
        leave = h.app.state.hub.leave

        def leaving(console: Console) -> None:
            leave(console)
            gone.set()

        h.app.state.hub.leave = leaving
        async with connect() as line:
            await line.recv()
            assert h.app.state.hub.consoles == 1
        await gone.wait()
        assert h.app.state.hub.consoles == 0

    inside(house, test)


def test_a_console_that_left_moves_no_camera_any_more(house: OpenHouse) -> None:
    async def test(h: Any, connect: Any) -> None:
        async with connect() as line:
            await until(line, lambda m: m["type"] == "situation")
            assert h.operator.ptz.left == []
        for _ in range(200):
            if h.operator.ptz.left:
                break
            await asyncio.sleep(0)
            await h.http.get("/api/situation")
        assert h.operator.ptz.left == [h.user_id]

    inside(house, test)


def test_a_console_that_cannot_keep_up_is_given_up() -> None:
    async def test() -> None:
        console = Console(3)
        for number in range(3):
            console.put(str(number))
        assert [console.closed_with] == [None]
        assert await console.next(1) == "0"
        for number in range(2):
            console.put(f"more {number}")
        codes = [console.closed_with]
        assert codes == [4408]
        assert await console.next(1) is None

    asyncio.run(test())


def test_a_quiet_line_ends_the_wait() -> None:
    async def test() -> None:
        assert await Console(3).next(0.001) is None

    asyncio.run(test())
