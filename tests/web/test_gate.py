"""Every door is closed unless it is opened by name; what goes out says the right things to the browser."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from starlette.routing import BaseRoute, Route, WebSocketRoute

from civicam.web.app import api
from civicam.web.guard import OPEN, policy

OpenHouse = Callable[[], AbstractAsyncContextManager[Any]]


def inside(house: OpenHouse, test: Callable[[Any], Awaitable[None]]) -> None:
    async def main() -> None:
        async with asyncio.timeout(60), house() as opened:
            await test(opened)

    asyncio.run(main())


def closed(operations: dict[str, dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """(method, path) of every operation of the API that needs a session."""
    for path, methods in operations.items():
        for method in methods:
            if (method.upper(), path) not in OPEN:
                yield method.upper(), re.sub(r"\{[^}]+\}", "x", path)


DOORS = sorted(closed(api().openapi()["paths"]))


def test_the_list_of_doors_is_the_whole_api() -> None:
    assert len(DOORS) >= 15
    assert ("POST", "/api/live") in DOORS
    assert {("POST", "/api/session"), ("POST", "/api/session/link")} == OPEN


def test_every_door_of_the_api_is_closed_without_a_session(house: OpenHouse) -> None:
    async def test(h: Any) -> None:
        for method, path in [
            *DOORS,
            ("GET", "/api/openapi.json"),
            ("GET", "/api/nothing-here"),
            ("PUT", "/api"),
        ]:
            answer = await h.http.request(method, path, json={} if method == "POST" else None)
            assert (answer.status_code, path) == (401, path)
            assert answer.json()["error"]["code"] == "access.no-session"

    inside(house, test)


def test_only_our_own_pages_get_the_microphone(house: OpenHouse) -> None:
    """For speaking through loudspeakers; nothing else of the visitor's machine is asked for."""

    async def test(h: Any) -> None:
        policy = (await h.http.get("/")).headers["permissions-policy"]
        assert "microphone=(self)" in policy
        assert all(f"{name}=()" in policy for name in ("camera", "geolocation", "usb"))

    inside(house, test)


def test_no_route_outside_the_api_asks_the_rooms(house: OpenHouse) -> None:
    """What is open to everybody, by name: the probes and the console's files."""

    async def test(h: Any) -> None:
        def paths(routes: list[BaseRoute]) -> set[str]:
            return {r.path for r in routes if isinstance(r, Route | WebSocketRoute)}

        outside = {path for path in paths(h.app.routes) if not path.startswith("/api")}
        devices = {"/upload/{token}", "/upload/{token}/{name:path}"}  # the address itself is the right
        assert outside <= {"/healthz", "/readyz", "/metrics", "/{path:path}"} | devices

    inside(house, test)


def test_the_event_stream_is_closed_without_a_session(house: OpenHouse) -> None:
    async def test(h: Any) -> None:
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "websocket.connect"}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        scope = {
            "type": "websocket",
            "path": "/api/events",
            "raw_path": b"/api/events",
            "query_string": b"",
            "headers": [(b"host", b"console.example")],
            "scheme": "ws",
            "subprotocols": [],
        }
        await h.app(scope, receive, send)
        assert sent == [{"type": "websocket.close", "code": 4401, "reason": "access.no-session"}]

    inside(house, test)


def test_a_made_up_cookie_opens_nothing(house: OpenHouse) -> None:
    async def test(h: Any) -> None:
        for value in ("", "x", "0" * 300, "token-" + "0" * 40):
            answer = await h.http.get("/api/sites", headers={"cookie": f"civicam_session={value}"})
            assert answer.status_code == 401

    inside(house, test)


def test_the_description_of_the_api_is_there_for_who_is_logged_in(house: OpenHouse) -> None:
    async def test(h: Any) -> None:
        await h.log_in()
        described = (await h.http.get("/api/openapi.json")).json()
        assert "/api/live" in described["paths"]

    inside(house, test)


@pytest.mark.parametrize("size", [1024 * 1024 + 1, 10**12])
def test_a_body_that_is_too_large_is_refused_before_it_is_read(house: OpenHouse, size: int) -> None:
    async def test(h: Any) -> None:
        answer = await h.http.post("/api/session", headers={"content-length": str(size)}, content=b"")
        assert answer.status_code == 413

    inside(house, test)


def test_a_body_in_pieces_is_counted(house: OpenHouse) -> None:
    async def pieces() -> Any:
        for _ in range(40):
            yield b"x" * 65536

    async def test(h: Any) -> None:
        answer = await h.http.post("/api/session", content=pieces())
        assert answer.status_code == 413
        assert answer.json()["error"]["code"] == "web.too-large"

    inside(house, test)


def test_a_defect_of_ours_tells_no_secrets(house: OpenHouse) -> None:
    async def test(h: Any) -> None:
        await h.log_in()
        h.gateway.fault = RuntimeError("the password is hunter2")
        body = {"channel_id": await h.channel_id()}
        answer = await h.http.post("/api/live", json=body)
        assert answer.status_code == 500
        assert answer.json()["error"]["code"] == "web.bug"
        assert "hunter2" not in answer.text

    inside(house, test)


def test_probes_answer_everybody_and_say_when_they_are_not_ready(house: OpenHouse) -> None:
    async def test(h: Any) -> None:
        assert (await h.http.get("/healthz")).text == "ok\n"
        assert (await h.http.get("/readyz")).json()["ready"] is True
        h.ready[0] = "db.unreachable"
        answer = await h.http.get("/readyz")
        assert answer.status_code == 503
        assert answer.json()["error"]["data"] == {"reason": "db.unreachable"}

    inside(house, test)


def test_figures_are_for_this_machine_or_who_has_the_token(house: OpenHouse) -> None:
    async def test(h: Any) -> None:
        assert (await h.http.get("/metrics")).status_code == 404
        h.http._transport.client = ("127.0.0.1", 1)
        answer = await h.http.get("/metrics")
        assert answer.status_code == 200
        assert "civicam_http_answers_total" in answer.text

    inside(house, test)


def test_the_policy_allows_media_sockets_of_this_host_alone() -> None:
    assert "connect-src 'self' ws://console.example:*;" in policy("console.example:8080", "http")
    assert "connect-src 'self' wss://[2001:db8::1]:*;" in policy("[2001:db8::1]:443", "https")
    for hostile in ("x; script-src *", "evil example", "", "a\r\nb"):
        assert "connect-src 'self';" in policy(hostile, "http")
    assert "script-src 'self';" in policy("x", "http")


def test_every_answer_carries_the_security_headers(house: OpenHouse) -> None:
    async def test(h: Any) -> None:
        for path in ("/", "/healthz", "/api/session", "/nothing.txt"):
            headers = (await h.http.get(path)).headers
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["x-frame-options"] == "DENY"
            assert "frame-ancestors 'none'" in headers["content-security-policy"]

    inside(house, test)
