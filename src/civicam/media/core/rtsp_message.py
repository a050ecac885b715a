"""RTSP 1.0 on the wire (RFC 2326 §4, §10.12): responses, server requests and interleaved packets.

One byte stream carries all three. `RtspReader` is bounded and raises `RtspSyntax` with a stable reason for
what cannot be RTSP; a client then gives the connection up.
"""

from __future__ import annotations

from dataclasses import dataclass

HEAD_MOST = 16 * 1024
BODY_MOST = 256 * 1024
"""Bytes; an SDP of a camera has one or two thousand."""
FIELDS_MOST = 128


class RtspSyntax(Exception):
    """The peer does not speak RTSP; ``str()`` is the reason."""


@dataclass(frozen=True, slots=True)
class RtspResponse:
    """A response; header names in lower case, each with its values in order."""

    status: int
    reason: str
    headers: dict[str, tuple[str, ...]]
    body: bytes

    def get(self, name: str) -> str:
        """The first value of a header; empty when absent."""
        values = self.headers.get(name.lower())
        return values[0] if values else ""

    @property
    def cseq(self) -> int | None:
        """The request this answers; None when it does not say."""
        text = self.get("cseq").strip()
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


@dataclass(frozen=True, slots=True)
class RtspRequest:
    """A request of the server to us (rare: OPTIONS, ANNOUNCE, SET_PARAMETER)."""

    method: str
    headers: dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Interleaved:
    """``$`` channel, and a packet (§10.12)."""

    channel: int
    data: bytes


RtspItem = RtspResponse | RtspRequest | Interleaved


@dataclass(frozen=True, slots=True)
class _Head:
    """A head and how many bytes it and its body take."""

    first: str
    headers: dict[str, tuple[str, ...]]
    size: int
    body: int


class RtspReader:
    """Bytes in, items out."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._head: _Head | None = None
        """Read once, while its body is still on the way."""

    def feed(self, data: bytes) -> list[RtspItem]:
        """The items completed by ``data``."""
        buffer = self._buffer
        buffer += data
        items: list[RtspItem] = []
        at, size = 0, len(buffer)
        while at < size:
            if buffer[at] == 0x24:
                if size - at < 4:
                    break
                end = at + 4 + (buffer[at + 2] << 8 | buffer[at + 3])
                if end > size:
                    break
                items.append(Interleaved(buffer[at + 1], bytes(buffer[at + 4 : end])))
                at = end
            elif buffer[at] in b"\r\n":  # blank lines between messages (some servers)
                at += 1
            else:
                end = self._message(at, items)
                if end < 0:
                    break
                at = end
        del buffer[:at]
        return items

    def _message(self, at: int, items: list[RtspItem]) -> int:
        """Append the message at ``at``; where it ends, -1 when it is not complete."""
        buffer = self._buffer
        head = self._head or self._read_head(at)
        if head is None:
            return -1
        body_at = at + head.size
        end = body_at + head.body
        self._head = head if end > len(buffer) else None
        if self._head is not None:
            return -1
        items.append(_first_line(head.first, head.headers, bytes(buffer[body_at:end])))
        return end

    def _read_head(self, at: int) -> _Head | None:
        buffer = self._buffer
        head_end = buffer.find(b"\r\n\r\n", at)
        if head_end < 0:
            if len(buffer) - at > HEAD_MOST:
                raise RtspSyntax("head too long")
            line_end = buffer.find(b"\n", at)
            if line_end >= 0 and buffer.find(b"RTSP/1.0", at, line_end) < 0:
                raise RtspSyntax("not RTSP")
            return None
        if head_end - at > HEAD_MOST:
            raise RtspSyntax("head too long")
        first, *lines = buffer[at:head_end].decode("utf-8", "replace").split("\r\n")
        if len(lines) > FIELDS_MOST:
            raise RtspSyntax("too many fields")
        headers = _headers(lines)
        length = headers.get("content-length", ("0",))[0].strip()
        if not (length.isascii() and length.isdigit()) or len(length) > 7 or int(length) > BODY_MOST:
            raise RtspSyntax("bad Content-Length")
        return _Head(first, headers, head_end + 4 - at, int(length))


def _headers(lines: list[str]) -> dict[str, tuple[str, ...]]:
    headers: dict[str, tuple[str, ...]] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if colon:
            key = name.strip().lower()
            headers[key] = (*headers.get(key, ()), value.strip())
    return headers


def _first_line(line: str, headers: dict[str, tuple[str, ...]], body: bytes) -> RtspItem:
    words = line.split(" ", 2)
    if words[0].startswith("RTSP/") and len(words) >= 2 and words[1].isascii() and words[1].isdigit():
        if len(words[1]) != 3:
            raise RtspSyntax("bad status")
        return RtspResponse(int(words[1]), words[2] if len(words) > 2 else "", headers, body)
    if len(words) == 3 and words[2].startswith("RTSP/"):
        return RtspRequest(words[0], headers)
    raise RtspSyntax("not RTSP")


def request(method: str, url: str, cseq: int, headers: list[tuple[str, str]]) -> bytes:
    """A request without a body. Values come from us or were parsed from one header line: no line ends."""
    lines = [f"{method} {url} RTSP/1.0", f"CSeq: {cseq}", *(f"{name}: {value}" for name, value in headers)]
    return "\r\n".join([*lines, "", ""]).encode("utf-8", "replace")


def refusal(asked: RtspRequest) -> bytes:
    """Our answer to a server's request: OPTIONS is welcome as a sign of life, the rest not implemented."""
    cseq = asked.headers.get("cseq", ("0",))[0]
    line = "200 OK" if asked.method in {"OPTIONS", "GET_PARAMETER"} else "501 Not Implemented"
    return f"RTSP/1.0 {line}\r\nCSeq: {cseq}\r\n\r\n".encode("utf-8", "replace")


def interleave(channel: int, data: bytes) -> bytes:
    """A packet of ours (RTCP) on the connection."""
    return bytes((0x24, channel)) + len(data).to_bytes(2, "big") + data
