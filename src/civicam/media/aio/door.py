"""The WebSocket door of a worker: handshake, tickets, pings; then the hub writes to the socket directly.

The handshake and what the browser sends go through `websockets`' sans-I/O protocol. What we send is finished
frames that many viewers share, written past it: a server's frames carry no state (no mask, no compression).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlsplit

from websockets.exceptions import NegotiationError
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from civicam.media.aio.hub import Hub
from civicam.media.aio.speech import Speech
from civicam.media.aio.tickets import Admission
from civicam.media.aio.viewer import Viewer, ViewerLimits
from civicam.media.aio.wire import SUBPROTOCOL, TICKET_PREFIX, Close, text
from civicam.media.engine import SoundFormat

_log = logging.getLogger("civicam.media.door")
_quiet = logging.getLogger("civicam.media.door.protocol")
_quiet.setLevel(logging.WARNING)  # its debug lines would show tickets

CLIENT_MESSAGE_MOST = 4096
"""Bytes; viewers have nothing to say, speakers a quarter of a second at most."""
_SOCKET_HIGH_WATER = 256 * 1024


@dataclass(frozen=True, slots=True)
class DoorSettings:
    """How the door treats who knocks; times in seconds."""

    path: str
    allowed_origins: tuple[str, ...]
    handshake_s: float
    ping_s: float
    limits: ViewerLimits


@dataclass(frozen=True, slots=True)
class DoorRights:
    """What the door asks of the worker.

    ``admit(ticket, client address)`` uses a ticket up; ``hub(stream id)`` is None when the stream is gone;
    ``left(admission)`` hears of everybody who watches or speaks no more; ``speech(stream id)`` is a way to a
    loudspeaker.
    """

    admit: Callable[[str, str], Admission | None]
    hub: Callable[[str], Hub | None]
    left: Callable[[Admission], None]
    speech: Callable[[str], Speech | None]


class ViewerDoor:
    """Listens for viewers; knows the connections by the key of their ticket."""

    def __init__(self, settings: DoorSettings, rights: DoorRights) -> None:
        self.settings = settings
        self.rights = rights
        self.port = 0
        self.refused: dict[str, int] = {}
        """How often each reason closed the door."""
        self._connections: set[ViewerConnection] = set()
        self._server: asyncio.Server | None = None

    async def listen(self, host: str, port: int) -> int:
        """Open the door; the port bound (``port`` may be 0). OSError when it is taken."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: ViewerConnection(self), host, port, backlog=512)
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self.port

    @property
    def viewers(self) -> int:
        """Connections, those that still show their ticket among them."""
        return len(self._connections)

    def entered(self, connection: ViewerConnection) -> None:
        """A connection was made."""
        self._connections.add(connection)

    def left(self, connection: ViewerConnection) -> None:
        """A connection is gone."""
        self._connections.discard(connection)

    def count_refusal(self, reason: str) -> None:
        """Count, and say it the first time and then at every power of two: a storm must not fill the log."""
        count = self.refused[reason] = self.refused.get(reason, 0) + 1
        if count & (count - 1) == 0:
            _log.warning("viewer refused: %s (%d so far)", reason, count)

    def close_key(self, key: bytes, code: Close, reason: str) -> None:
        """Close the connection that came in by this ticket."""
        for connection in tuple(self._connections):
            if connection.key == key:
                connection.close(code, reason)

    def tick(self, now: float) -> None:
        """Pings and their time-outs; call about once a second."""
        for connection in tuple(self._connections):
            connection.tick(now)

    async def aclose(self) -> None:
        """Send everybody away (1001) and close the door."""
        if self._server is not None:
            self._server.close()
        for connection in tuple(self._connections):
            connection.close(Close.GOING_AWAY, "media.worker-stopping")
        await asyncio.sleep(0)
        for connection in tuple(self._connections):
            connection.finish()


class ViewerConnection(asyncio.Protocol):
    """One WebSocket connection."""

    def __init__(self, door: ViewerDoor) -> None:
        self.key = b""
        self._door = door
        self._loop = asyncio.get_running_loop()
        self._ws = ServerProtocol(
            select_subprotocol=_select,
            max_size=CLIENT_MESSAGE_MOST,
            logger=_quiet,
        )
        self._transport: asyncio.Transport | None = None
        self._viewer: Viewer | None = None
        self._admission: Admission | None = None
        self._hub: Hub | None = None
        self._speech: Speech | None = None
        self._ticket = ""
        self._asked: float | None = None  # when the ping without a pong went out
        self._heard = self._loop.time()
        self._closing: asyncio.TimerHandle | None = None
        self._handshake = self._loop.call_later(door.settings.handshake_s, self._too_late)

    # -- asyncio's calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but name
        self._transport = transport
        transport.set_write_buffer_limits(high=_SOCKET_HIGH_WATER)
        self._door.entered(self)

    def data_received(self, data: bytes) -> None:
        self._ws.receive_data(data)
        self._events()
        self._flush()

    def eof_received(self) -> bool:
        self._ws.receive_eof()
        self._flush()
        return False

    def pause_writing(self) -> None:
        if self._viewer is not None:
            self._viewer.pause()

    def resume_writing(self) -> None:
        if self._viewer is not None:
            self._viewer.resume()

    def connection_lost(self, exc: Exception | None) -> None:
        self._handshake.cancel()
        if self._closing is not None:
            self._closing.cancel()
        self._leave()
        self._door.left(self)
        self._transport = None

    # -- ours

    def close(self, code: Close, reason: str) -> None:
        """Start the closing handshake; a peer that does not answer is cut off."""
        self._leave()
        if self._transport is None or self._closing is not None:
            return
        if self._ws.state is State.OPEN:
            self._ws.send_close(code, reason)
            self._flush()
        if self._transport is not None:
            self._closing = self._loop.call_later(2.0, self.finish)

    def tell(self, body: dict[str, Any]) -> None:
        """Send one text message, if the connection is open (see `Speaker`)."""
        if self._transport is not None and self._ws.state is State.OPEN:
            self._transport.write(text(body))

    def dismiss(self, code: str) -> None:
        """The way to the loudspeaker is gone (see `Speaker`)."""
        self._speech = None
        self.tell({"type": "end", "code": code})
        self.close(Close.GONE, code)

    def finish(self) -> None:
        """Cut the connection now if it takes nothing, else after what is on its way."""
        if self._transport is None:
            return
        if self._transport.get_write_buffer_size():
            self._transport.abort()
        else:
            self._transport.close()

    def tick(self, now: float) -> None:
        """Ping after silence; cut off who does not answer."""
        ping_s = self._door.settings.ping_s
        if self._ws.state is not State.OPEN or self._transport is None:
            return
        if self._asked is not None and now - self._asked > ping_s:
            self._door.count_refusal("media.viewer-silent")
            self._transport.abort()
        elif self._asked is None and now - self._heard > ping_s:
            self._asked = now
            self._ws.send_ping(b"civicam")
            self._flush()

    def _too_late(self) -> None:
        self._door.count_refusal("media.handshake-late")
        if self._transport is not None:
            self._transport.abort()

    def _leave(self) -> None:
        if self._hub is not None and self._viewer is not None:
            self._hub.leave(self._viewer)
        if self._speech is not None:
            self._speech.leave(self)
        if self._admission is not None:
            self._door.rights.left(self._admission)
        self._hub = self._viewer = self._admission = self._speech = None

    def _events(self) -> None:
        for event in self._ws.events_received():
            self._heard = self._loop.time()
            if isinstance(event, Request):
                self._answer(event)
            elif isinstance(event, Frame):
                if event.opcode is Opcode.PONG:
                    self._asked = None
                elif self._speech is not None and event.opcode in (Opcode.BINARY, Opcode.CONT):
                    self._speech.hear(bytes(event.data))

    def _flush(self) -> None:
        """Write what the protocol wants sent; its empty string means close."""
        if self._transport is None:
            return
        for data in self._ws.data_to_send():
            if not data:
                self._transport.close()
            elif self._viewer is not None and self._ws.state is State.OPEN:
                self._viewer.control(data)  # in order with frames that wait
            else:
                self._transport.write(data)
        if self._ws.state is not State.OPEN and self._ws.close_expected():
            self._leave()
            if self._closing is None:
                self._closing = self._loop.call_later(2.0, self.finish)

    def _answer(self, request: Request) -> None:
        self._handshake.cancel()
        settings = self._door.settings
        if request.path.partition("?")[0] != settings.path:
            self._reject(404, "media.door-path")
        elif not origin_allowed(request, settings.allowed_origins):
            self._reject(403, "media.origin-refused")
        else:
            self._ticket = _ticket_of(request)
            response = self._ws.accept(request)
            self._ws.send_response(response)
            if response.status_code == 101:
                self._flush()
                self._enter()
            else:
                self._door.count_refusal("media.handshake-bad")

    def _reject(self, status: int, code: str) -> None:
        self._door.count_refusal(code)
        self._ws.send_response(self._ws.reject(status, code + "\n"))

    def _enter(self) -> None:
        """The handshake is done: the ticket decides."""
        assert self._transport is not None
        peer = self._transport.get_extra_info("peername")
        admission = self._door.rights.admit(self._ticket, peer[0] if peer else "")
        self._ticket = ""
        if admission is None:
            self._door.count_refusal("media.ticket-refused")
            self.close(Close.TICKET, "media.ticket-refused")
            return
        if isinstance(admission.fmt, SoundFormat):
            self._begin_to_speak(admission, admission.fmt)
            return
        hub = self._door.rights.hub(admission.stream_id)
        if hub is None:
            self.close(Close.GONE, "media.no-stream")
            return
        self.key = admission.key
        self._admission = admission
        self._hub = hub
        self._viewer = Viewer(
            self._transport, admission.fmt, self._door.settings.limits, self.close, self._loop.time
        )
        hub.join(self._viewer)

    def _begin_to_speak(self, admission: Admission, fmt: SoundFormat) -> None:
        speech = self._door.rights.speech(admission.stream_id)
        if speech is None:
            self.close(Close.GONE, "media.no-stream")
            return
        self._admission = admission
        self.key = admission.key
        if speech.join(self, fmt):
            self._speech = speech
        else:
            self._door.count_refusal("media.speaker-busy")
            self.close(Close.BUSY, "media.speaker-busy")


def _select(_protocol: ServerProtocol, offered: Sequence[Subprotocol]) -> Subprotocol:
    if SUBPROTOCOL not in offered:
        raise NegotiationError(f"subprotocol {SUBPROTOCOL} is required")
    return Subprotocol(SUBPROTOCOL)


def _ticket_of(request: Request) -> str:
    """The ticket among the offered subprotocols; empty when there is none."""
    for value in request.headers.get_all("Sec-WebSocket-Protocol"):
        for name in value.split(","):
            if name.strip().startswith(TICKET_PREFIX):
                return name.strip()[len(TICKET_PREFIX) :]
    return ""


def origin_allowed(request: Request, allowed: tuple[str, ...]) -> bool:
    """May a page of this Origin connect? Programs that are no browser send none and show a ticket anyway."""
    origin = request.headers.get("Origin")
    if origin is None or "*" in allowed:
        return True
    if allowed:
        return origin in allowed
    host = urlsplit("//" + request.headers.get("Host", "")).hostname
    return host is not None and urlsplit(origin).hostname == host
