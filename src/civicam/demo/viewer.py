"""A viewer without a screen: a real WebSocket, the frames counted, the first picture timed.

The wire is `docs/reference/media-websocket.md`; this reader is written from that page alone.
"""

from __future__ import annotations

import asyncio
import json
import struct
import time
from dataclasses import dataclass

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.typing import Origin, Subprotocol

from civicam.demo.client import Answer, Client, Json
from civicam.demo.report import Viewing
from civicam.kernel.errors import Operational

HEADER = struct.Struct(">BBHIQQ")
"""Kind, flags, codec, sequence, presentation time in µs, arrival in Unix µs."""

_VIDEO = 1
_KEY, _DAMAGED = 1, 2
_OPEN_S = 20.0


@dataclass(frozen=True, slots=True)
class Unit:
    """The header of one binary message."""

    video: bool
    key: bool
    damaged: bool
    sequence: int
    """Counts video and audio of the stream together."""


def unit(message: bytes) -> Unit | None:
    """The header of a binary message; None for what is too short to have one."""
    if len(message) < HEADER.size:
        return None
    kind, flags, _, sequence, _, _ = HEADER.unpack_from(message)
    return Unit(kind == _VIDEO, bool(flags & _KEY), bool(flags & _DAMAGED), sequence)


class Viewer:
    """One viewer of one channel: `open`, then `watch` until told to stop."""

    def __init__(self, client: Client, channel: Json, viewing: Viewing) -> None:
        self._client = client
        self._channel = str(channel["id"])
        self.viewing = viewing
        self.session_id = ""
        self._socket: ClientConnection | None = None
        self._sequence: int | None = None

    async def open(self) -> float:
        """Ask for the stream and read up to its first key frame; milliseconds from the request to that frame.

        Raises `Answer`, `Operational` or a WebSocket's error: the caller writes them down.
        """
        asked = time.monotonic()
        body = {"channel_id": self._channel, "stream": "sub", "format": "annexb", "purpose": "duty"}
        door = await self._client.post("/api/live", body)
        self.session_id = str(door["session_id"])
        self._socket = await connect(
            f"ws://{self._client.host}:{door['door']['port']}{door['door']['path']}",
            subprotocols=[Subprotocol("civicam.media.v1"), Subprotocol(f"ticket.{door['ticket']}")],
            origin=Origin(self._client.origin),
            max_size=None,
            max_queue=None,  # else reading pauses when nobody takes frames, and the closing handshake waits
            compression=None,
        )
        async with asyncio.timeout(_OPEN_S):
            async for message in self._socket:
                if self._note(message) and self.viewing.key_frames:
                    return (time.monotonic() - asked) * 1000.0
        raise Operational("demo.no-picture", channel=self._channel)

    async def watch(self) -> None:
        """Read until the stream ends or this task is cancelled."""
        if self._socket is None:
            return
        try:
            async for message in self._socket:
                self._note(message)
        except ConnectionClosed as closed:
            self.viewing.error = (
                self.viewing.error or f"closed {closed.rcvd.code if closed.rcvd else 'abruptly'}"
            )

    async def close(self) -> None:
        """Leave: the socket first, then the session."""
        if self._socket is not None:
            await self._socket.close()
        if self.session_id:
            await self._client.delete(f"/api/live/{self.session_id}")

    def _note(self, message: str | bytes) -> bool:
        """Count one message; whether it was a picture."""
        if isinstance(message, str):
            self._words(json.loads(message))
            return False
        head = unit(message)
        if head is None:
            return False
        seen = self.viewing
        if self._sequence is not None and head.sequence > self._sequence + 1:
            seen.gaps += head.sequence - self._sequence - 1
        self._sequence = head.sequence
        if head.video:
            seen.frames += 1
            seen.key_frames += head.key
            seen.damaged += head.damaged
            seen.bytes += len(message)
            seen.last_frame_at = time.monotonic()
        return head.video

    def _words(self, said: Json) -> None:
        """A text message: statistics, and the reason of an end."""
        if said.get("type") == "stats":
            self.viewing.packets = int(said.get("packets", 0))
            self.viewing.packets_lost = int(said.get("lost", 0))
        elif said.get("type") == "end":
            self.viewing.error = str(said.get("code", "ended"))


FAULTS = (Answer, Operational, WebSocketException, OSError, TimeoutError)
"""What may go wrong with one stream without ending the whole run."""
