"""A person at a console, as far as the endurance run needs one: the API, a viewer's socket, a console's.

`civicam.demo` has a viewer too; measurements and demonstration know nothing of each other.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.typing import Origin, Subprotocol

from civicam.kernel.errors import Operational

_TIMEOUT_S = 60.0
_PICTURE_S = 15.0
_VIDEO, _KEY = 1, 1
Json = dict[str, Any]


class Refusal(Exception):
    """The API said no: status and error code."""

    def __init__(self, status: int, code: str, words: str = "") -> None:
        super().__init__(f"{status} {code}")
        self.words = words
        """What else the answer said."""
        self.status = status
        self.code = code


FAULTS = (Refusal, Operational, WebSocketException, OSError, TimeoutError)
"""What may go wrong with one stream."""


class Api:
    """One logged-in session."""

    def __init__(self, port: int) -> None:
        self.origin = f"http://127.0.0.1:{port}"
        self._port = port
        self._cookie = ""

    async def log_in(self, token: str) -> None:
        """Spend a one-time link."""
        await self.ask("POST", "/api/session/link", {"token": token})

    async def ask(self, method: str, path: str, body: Json | None = None) -> Json:
        """One request; raises `Refusal`, or `Operational` ``bench.no-answer``."""
        found = await asyncio.to_thread(self._exchange, method, path, body)
        parsed = json.loads(found) if found else {}
        return parsed if isinstance(parsed, dict) else {}

    async def metrics(self) -> str:
        """``/metrics``."""
        return (await asyncio.to_thread(self._exchange, "GET", "/metrics", None)).decode()

    def _exchange(self, method: str, path: str, body: Json | None) -> bytes:
        headers = {"Origin": self.origin, "Cookie": self._cookie, "Accept": "application/json, text/plain"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        line = http.client.HTTPConnection("127.0.0.1", self._port, timeout=_TIMEOUT_S)
        try:
            line.request(method, path, None if body is None else json.dumps(body), headers)
            answer = line.getresponse()
            data = answer.read()
            cookie = answer.getheader("Set-Cookie")
        except (OSError, http.client.HTTPException) as error:
            raise Operational("bench.no-answer", seconds=_TIMEOUT_S) from error
        finally:
            line.close()
        if answer.status >= 400:
            raise Refusal(answer.status, _code(data), data[:300].decode("utf-8", "replace"))
        if cookie:
            self._cookie = cookie.partition(";")[0]
        return data

    # -- pictures

    async def show(self, ticket: Json) -> ClientConnection:
        """Go to the door with a ticket and wait for a key frame; raises one of `FAULTS`."""
        door = ticket["door"]
        socket = await connect(
            f"ws://127.0.0.1:{door['port']}{door['path']}",
            subprotocols=[Subprotocol("civicam.media.v1"), Subprotocol(f"ticket.{ticket['ticket']}")],
            origin=Origin(self.origin),
            max_size=None,
            max_queue=None,
            compression=None,
        )
        said = "nothing"
        try:
            async with asyncio.timeout(_PICTURE_S):
                async for message in socket:
                    if is_key_frame(message):
                        return socket
                    said = message[:200] if isinstance(message, str) else said
            state = f"closed {socket.close_code} after {said}"
            raise Operational("bench.no-picture", way="annexb", state=state)
        except BaseException:
            socket.transport.abort()
            raise

    async def console(self) -> ClientConnection:
        """The event stream of a console."""
        return await connect(
            f"{self.origin.replace('http', 'ws', 1)}/api/events",
            additional_headers={"Cookie": self._cookie},
            origin=Origin(self.origin),
            max_size=None,
        )


async def watch(socket: ClientConnection, seconds: float) -> bool:
    """Read for so long; False when the other side ended it before."""
    try:
        async with asyncio.timeout(seconds):
            async for _ in socket:
                pass
    except TimeoutError:
        return True
    except ConnectionClosed:
        pass
    return False


async def leave(socket: ClientConnection, *, politely: bool) -> None:
    """Close a socket, or drop the connection as a page that was killed does."""
    if politely:
        with contextlib.suppress(*FAULTS):
            await socket.close()
    else:
        socket.transport.abort()


def is_key_frame(message: str | bytes) -> bool:
    """Whether a message holds a key frame of video (docs/reference/media-websocket.md)."""
    return (
        isinstance(message, bytes) and len(message) > 24 and message[0] == _VIDEO and bool(message[1] & _KEY)
    )


def _code(data: bytes) -> str:
    try:
        return str(json.loads(data)["error"]["code"])
    except (ValueError, KeyError, TypeError):
        return ""
