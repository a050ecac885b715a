"""The bytes a viewer gets: media messages and the WebSocket frames around them.

docs/reference/media-websocket.md is the contract. A WebSocket frame from the server is not masked
(RFC 6455 §5.1), so one byte string serves every viewer of a stream. No I/O here.
"""

from __future__ import annotations

import enum
import struct
from typing import Any

import orjson

from civicam.media.core.unit import Codec

SUBPROTOCOL = "civicam.media.v1"
TICKET_PREFIX = "ticket."

HEADER = struct.Struct("!BBHIQQ")
"""kind, flags, codec, sequence, pts in µs, arrival in Unix µs: 24 bytes."""

CODEC_NUMBER: dict[Codec, int] = {Codec.H264: 1, Codec.H265: 2, Codec.PCMA: 3, Codec.PCMU: 4, Codec.AAC: 5}

_TEXT, _BINARY = 0x81, 0x82  # FIN and opcode


class Kind(enum.IntEnum):
    """What a binary message carries."""

    VIDEO = 1
    AUDIO = 2
    INIT = 3
    FRAGMENT = 4


class Flag(enum.IntFlag):
    """Bits of a binary message's second byte."""

    KEY = 1
    DAMAGED = 2
    DISCONTINUITY = 4


class Close(enum.IntEnum):
    """WebSocket close codes (RFC 6455 §7.4.1 and our own)."""

    GOING_AWAY = 1001
    TICKET = 4401
    GONE = 4404
    TOO_SLOW = 4408
    BUSY = 4409


def frame_head(opcode: int, size: int) -> bytes:
    """RFC 6455 §5.2: the head of an unmasked frame of ``size`` bytes; ``opcode`` with its FIN bit."""
    if size < 126:
        return bytes((opcode, size))
    if size < 65536:
        return struct.pack("!BBH", opcode, 126, size)
    return struct.pack("!BBQ", opcode, 127, size)


def binary(header: tuple[int, int, int, int, int, int], *payload: bytes | memoryview) -> bytes:
    """One finished binary WebSocket frame: media header (see `HEADER`) and payload parts."""
    size = HEADER.size + sum(map(len, payload))
    return b"".join((frame_head(_BINARY, size), HEADER.pack(*header), *payload))


def text(body: dict[str, Any]) -> bytes:
    """One finished text WebSocket frame with ``body`` as JSON."""
    data = orjson.dumps(body)
    return frame_head(_TEXT, len(data)) + data
