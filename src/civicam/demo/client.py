"""The console's API as a program uses it: log in by the link, ask, open and close streams.

The standard library's HTTP client in a thread: a few requests a second, and no dependency of its own.
"""

from __future__ import annotations

import asyncio
import http.client
import json
from typing import Any

from civicam.kernel.errors import Operational

_TIMEOUT_S = 30.0
Json = dict[str, Any]


class Answer(Exception):
    """The API refused: its status and error code."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(f"{status} {code}")
        self.status = status
        self.code = code


class Client:
    """One logged-in session; `get`, `post` and `delete` return the JSON body or raise `Answer`."""

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self.port = port
        self.origin = f"http://{host}:{port}"
        self._cookie = ""

    async def get(self, path: str) -> Json:
        """A JSON resource."""
        return _parsed(await self._ask("GET", path, None))

    async def post(self, path: str, body: Json) -> Json:
        """Send JSON, get JSON."""
        return _parsed(await self._ask("POST", path, body))

    async def delete(self, path: str) -> None:
        """End something."""
        await self._ask("DELETE", path, None)

    async def text(self, path: str) -> str:
        """A resource as text, for ``/metrics``."""
        return (await self._ask("GET", path, None)).decode()

    async def log_in(self, token: str) -> Json:
        """Spend the one-time link's token; the session's cookie is kept."""
        return await self.post("/api/session/link", {"token": token})

    async def ready(self) -> bool:
        """Whether ``/readyz`` says yes; False too while nothing listens yet."""
        try:
            await self._ask("GET", "/readyz", None)
        except (Answer, Operational):
            return False
        return True

    async def _ask(self, method: str, path: str, body: Json | None) -> bytes:
        return await asyncio.to_thread(self._exchange, method, path, body)

    def _exchange(self, method: str, path: str, body: Json | None) -> bytes:
        headers = {"Origin": self.origin, "Cookie": self._cookie, "Accept": "application/json, text/plain"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        line = http.client.HTTPConnection(self.host, self.port, timeout=_TIMEOUT_S)
        try:
            line.request(method, path, None if body is None else json.dumps(body), headers)
            answer = line.getresponse()
            data = answer.read()
            cookie = answer.getheader("Set-Cookie")
        except (OSError, http.client.HTTPException) as error:
            raise Operational(
                "demo.no-answer", path=path, reason=str(error) or type(error).__name__
            ) from error
        finally:
            line.close()
        if answer.status >= 400:
            raise Answer(answer.status, _code(data))
        if cookie:
            self._cookie = cookie.partition(";")[0]
        return data


def _parsed(data: bytes) -> Json:
    body = json.loads(data) if data else {}
    return body if isinstance(body, dict) else {}


def _code(data: bytes) -> str:
    """The error code in an answer's body; empty when it is not ours."""
    try:
        return str(json.loads(data)["error"]["code"])
    except (ValueError, KeyError, TypeError):
        return ""
