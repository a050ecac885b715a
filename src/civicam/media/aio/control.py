"""The channel between supervisor and worker: framed messages over a socket pair.

A frame is two big-endian lengths (JSON, blob) and the two parts; the blob carries pictures past the JSON.
Supervisor to worker: ``{"id", "op", "args"}``; back: ``{"id", "ok"}`` or ``{"id", "error"}``; events of the
worker have no id: ``{"event", ...}``. Only our own processes speak here, so a broken frame is a `Bug`.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from dataclasses import dataclass
from typing import Any

import orjson

from civicam.kernel.errors import Bug, CivicamError, Operational, Refused

_HEAD = struct.Struct("!II")
HOLDS = "holds"
"""The event that says what a worker holds; its supervisor keeps the newest for ``/metrics``."""
MESSAGE_MOST = 64 * 1024 * 1024
"""Bytes; the largest message is a snapshot, far below."""

_FAMILIES: dict[str, type[CivicamError]] = {"refused": Refused, "operational": Operational, "bug": Bug}


@dataclass(frozen=True, slots=True)
class Message:
    """One frame: a JSON object and a blob (often empty)."""

    body: dict[str, Any]
    blob: bytes = b""


class Channel:
    """One end of the pair. Reads one message at a time; writes never block (the peer is ours and reads)."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def over(cls, sock: socket.socket) -> Channel:
        """Wrap a connected stream socket."""
        sock.setblocking(False)
        return cls(*await asyncio.open_connection(sock=sock))

    async def read(self) -> Message | None:
        """The next message; None when the other end is gone."""
        try:
            json_size, blob_size = _HEAD.unpack(await self._reader.readexactly(_HEAD.size))
            if json_size + blob_size > MESSAGE_MOST:
                raise Bug("media.control-broken", size=json_size + blob_size)
            body = orjson.loads(await self._reader.readexactly(json_size))
            return Message(body, await self._reader.readexactly(blob_size) if blob_size else b"")
        except (asyncio.IncompleteReadError, ConnectionError):
            return None

    def write(self, body: dict[str, Any], blob: bytes = b"") -> None:
        """Queue a message; a closed channel swallows it (the reader sees the end)."""
        text = orjson.dumps(body)
        if not self._writer.is_closing():
            self._writer.write(_HEAD.pack(len(text), len(blob)) + text + blob)

    async def drain(self) -> None:
        """Wait until what was written is on its way."""
        try:
            await self._writer.drain()
        except ConnectionError:
            return

    def close(self) -> None:
        """Close this end."""
        self._writer.close()


def error_body(error: CivicamError) -> dict[str, Any]:
    """An error as JSON for the other end."""
    return {"family": error.family, "code": error.code, "data": error.data}


def error_from(body: dict[str, Any]) -> CivicamError:
    """The error the other end raised."""
    family = _FAMILIES.get(body["family"], Bug)
    return family(body["code"], **body["data"])
