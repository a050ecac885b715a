"""The one gate in front of every route: request id, session, origin, size, headers, figures.

It is outside the router, so a route somebody adds tomorrow is closed until it is opened here by name.
"""

from __future__ import annotations

import re
import secrets
import time
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from civicam.audit.facts import REQUEST
from civicam.kernel.errors import CivicamError, Refused
from civicam.web.audited import turned_away, went_wrong
from civicam.web.errors import answer, unexpected
from civicam.web.ports import Services

COOKIE = "civicam_session"
OPEN = frozenset({("POST", "/api/session"), ("POST", "/api/session/link")})
"""What may be asked under /api without a session: the two ways to get one."""
STREAMED = frozenset({("POST", "/api/fleet/imports")})
"""Uploads that the route reads in pieces and limits by itself."""
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
UPLOADS = "/upload/"
"""Where devices bring pictures: no session, a limit of its own, read in pieces (`civicam.web.uploads`)."""
_HOST = re.compile(r"^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?$")


class Guard:
    """ASGI middleware; see the module."""

    def __init__(self, app: ASGIApp, services: Services) -> None:
        self._app = app
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        identity = secrets.token_hex(8)
        scope["civicam.request_id"] = identity
        said = REQUEST.set(identity)
        try:
            await self._answer(identity, scope, receive, send)
        finally:
            REQUEST.reset(said)

    async def _answer(self, identity: str, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._admit(scope)
        except CivicamError as error:
            await turned_away(error, scope, self._services)
            await _refuse(error, identity, scope, receive, send)
            return
        if scope["type"] == "websocket":
            await self._app(scope, receive, send)
        else:
            await self._http(scope, receive, send)

    async def _admit(self, scope: Scope) -> None:
        """Raises `Refused` when this request may not go on."""
        headers = Headers(scope=scope)
        path: str = scope["path"]
        method: str = scope.get("method", "WEBSOCKET")
        if method not in SAFE:
            _demand_same_origin(headers)
        length = headers.get("content-length", "0")
        limit = self._services.settings.body_bytes
        streamed = path.startswith(UPLOADS) or (method, path) in STREAMED
        if not length.isdigit() or (int(length) > limit and not streamed):
            raise Refused("web.too-large", limit=limit)
        if not path.startswith("/api") or (method, path) in OPEN:
            return
        token = HTTPConnection(scope).cookies.get(COOKIE, "")
        user = await self._services.access.session(token)
        if user is None:
            raise Refused("access.no-session")
        scope["civicam.user"] = user
        scope["civicam.token"] = token

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.perf_counter()
        status = 500
        started = False

        async def sending(message: Message) -> None:
            nonlocal status, started
            if message["type"] == "http.response.start":
                status, started = message["status"], True
                await went_wrong(scope, status, self._services)
                _add_headers(message, scope)
            await send(message)

        try:
            streamed = scope["path"].startswith(UPLOADS) or (scope["method"], scope["path"]) in STREAMED
            if scope["method"] not in SAFE and not streamed:
                receive = await _whole_body(receive, self._services.settings.body_bytes)
            await self._app(scope, receive, sending)
        except CivicamError as error:
            if started:
                raise
            scope["civicam.code"] = error.code
            await answer(error, scope["civicam.request_id"])(scope, receive, sending)
        except Exception as error:
            if started:
                raise
            scope["civicam.code"] = "web.bug"
            await unexpected(error, scope["civicam.request_id"])(scope, receive, sending)
        finally:
            route = scope.get("route")
            pattern = getattr(route, "path", None) or "other"
            seconds = time.perf_counter() - began
            self._services.metrics.answered(pattern, scope["method"], status, seconds)


def _demand_same_origin(headers: Headers) -> None:
    """What changes something, and every WebSocket, must come from our own page or from no page at all.

    A browser sends Origin with each of them; programs send neither Origin nor Sec-Fetch-Site. With
    SameSite=Strict on the cookie this is the second lock, not the only one.
    """
    origin = headers.get("origin")
    if origin is None:
        if headers.get("sec-fetch-site", "none") not in {"none", "same-origin"}:
            raise Refused("web.cross-origin")
        return
    if urlsplit(origin).netloc.lower() != headers.get("host", "").lower():
        raise Refused("web.cross-origin")


async def _whole_body(receive: Receive, limit: int) -> Receive:
    """Read the body, which may come in pieces without a length, up to ``limit``; hand it on as one piece."""
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            return receive  # the client has gone
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > limit:
            raise Refused("web.too-large", limit=limit)
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": bytes(body), "more_body": False}

    return replay


async def _refuse(error: CivicamError, identity: str, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer before the application is reached; a WebSocket is closed before its accept (403)."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 4401, "reason": error.code})
        return

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            _add_headers(message, scope)
        await send(message)

    await answer(error, identity)(scope, receive, sending)


def _add_headers(message: Message, scope: Scope) -> None:
    """What every answer says to the browser."""
    headers = MutableHeaders(scope=message)
    headers["X-Request-Id"] = scope["civicam.request_id"]
    headers["X-Content-Type-Options"] = "nosniff"
    headers["X-Frame-Options"] = "DENY"
    headers["Referrer-Policy"] = "no-referrer"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    headers["Permissions-Policy"] = "camera=(), microphone=(self), geolocation=(), payment=(), usb=()"
    headers["Content-Security-Policy"] = policy(Headers(scope=scope).get("host", ""), scope["scheme"])
    if scope["path"].startswith("/api"):
        headers.setdefault("Cache-Control", "no-store")
    if scope["scheme"] == "https":
        headers["Strict-Transport-Security"] = "max-age=31536000"


def policy(host: str, scheme: str) -> str:
    """The Content-Security-Policy: nothing from elsewhere; media sockets on other ports of this host.

    Element Plus sets style attributes, which CSP counts as inline styles; scripts are never inline.
    """
    found = _HOST.match(host)
    name = found.group(1) if found else ""
    sockets = f" {'wss' if scheme == 'https' else 'ws'}://{name}:*" if name else ""
    rules = (
        "default-src 'self'",
        f"connect-src 'self'{sockets}",
        "img-src 'self' data: blob:",
        "media-src 'self' blob:",
        "style-src 'self' 'unsafe-inline'",
        "font-src 'self' data:",
        "worker-src 'self' blob:",
        "script-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
    return "; ".join(rules)
