"""The built console: every address is the page, hashed files are kept, the map is read in ranges."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from starlette.requests import Request

from civicam.web.static_files import Console

OpenHouse = Callable[[], AbstractAsyncContextManager[Any]]


def inside(house: OpenHouse, test: Callable[[Any], Awaitable[None]]) -> None:
    async def main() -> None:
        async with asyncio.timeout(60), house() as opened:
            await test(opened)

    asyncio.run(main())


@pytest.mark.parametrize("path", ["/", "/live", "/channels/x/y", "/welcome"])
def test_every_address_of_the_console_is_the_page(house: OpenHouse, path: str) -> None:
    async def test(h: Any) -> None:
        answer = await h.http.get(path)
        assert answer.status_code == 200
        assert "<title>console" in answer.text
        assert answer.headers["cache-control"] == "no-cache"

    inside(house, test)


def test_hashed_files_are_kept_for_ever(house: OpenHouse) -> None:
    async def test(h: Any) -> None:
        answer = await h.http.get("/assets/app-1234.js")
        assert "immutable" in answer.headers["cache-control"]
        assert "javascript" in answer.headers["content-type"]

    inside(house, test)


@pytest.mark.parametrize("path", ["/assets/gone-99.js", "/favicon.ico", "/assets/none"])
def test_a_missing_file_is_missing_not_the_page(house: OpenHouse, path: str) -> None:
    async def test(h: Any) -> None:
        answer = await h.http.get(path)
        assert answer.status_code == 404
        assert answer.json()["error"]["code"] == "web.not-found"

    inside(house, test)


def test_the_map_is_read_in_ranges(house: OpenHouse) -> None:
    async def test(h: Any) -> None:
        answer = await h.http.get(
            "/map/city.pmtiles", headers={"range": "bytes=16-31", "accept-encoding": "gzip"}
        )
        assert answer.status_code == 206
        assert answer.content == bytes(range(16, 32))
        assert answer.headers["content-range"] == "bytes 16-31/256"
        assert "content-encoding" not in answer.headers

    inside(house, test)


@pytest.mark.parametrize(
    "path", ["/../store.db", "/%2e%2e/store.db", "/assets/../../store.db", "/..%2fkey", "/a%00b"]
)
def test_nothing_outside_the_folder_is_served(house: OpenHouse, path: str) -> None:
    async def test(h: Any) -> None:
        sent: list[dict[str, Any]] = []

        incoming = iter([{"type": "http.request", "body": b"", "more_body": False}])

        async def receive() -> dict[str, Any]:
            for message in incoming:
                return message
            return await asyncio.Future()  # the browser stays and says nothing more

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        scope = {
            "type": "http",
            "method": "GET",
            "path": unquote(path),
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": [(b"host", b"console.example")],
            "scheme": "http",
            "client": ("192.0.2.1", 1),
            "http_version": "1.1",
        }
        await h.app(scope, receive, send)
        body = b"".join(message.get("body", b"") for message in sent)
        assert b"SQLite" not in body
        assert sent[0]["status"] in {200, 404}
        assert b"<title>console" in body or sent[0]["status"] == 404

    inside(house, test)


def test_a_console_that_is_not_built_says_how(house: OpenHouse) -> None:
    async def test(_: Any) -> None:
        scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "path_params": {"path": ""}}
        answer = await Console(Path("/nonexistent"))(Request(scope))
        assert answer.status_code == 503
        assert b"make ui" in bytes(answer.body)

    inside(house, test)
