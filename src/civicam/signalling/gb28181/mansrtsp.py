"""Playback control in INFO (回放控制; GB/T 28181-2022 §9.8, Annex B): RTSP-like text without an address.

    PLAY RTSP/1.0          PAUSE RTSP/1.0       PLAY RTSP/1.0        RTSP/1.0 200 OK
    CSeq: 2                CSeq: 3              CSeq: 4              CSeq: 4
    Range: npt=100-        PauseTime: now       Scale: 2.0           RTP-Info: seq=18139;rtptime=3119600838

Positions are seconds from the start in the SDP's ``t=``. A seek carries no Scale and a change of speed no
Range: devices take both together for an error. Readers bear ``PLAY MANSRTSP/1.0``, an address, LF alone,
smpte ranges and headers in any case.
"""

from __future__ import annotations

import enum
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

from civicam.signalling.gb28181.xml import Malformed, decode

CONTENT_TYPE = "Application/MANSRTSP"
MAX_SIZE = 16 * 1024
MAX_LINES = 100
MAX_CSEQ = 2**31 - 1
MAX_SECONDS = 366 * 86_400.0
MAX_SCALE = 64.0
SCALES = (0.25, 0.5, 1.0, 2.0, 4.0)
"""What the standard has every device do; 8 is common, negative ones (2022) play backwards."""


class Method(enum.StrEnum):
    """What is asked."""

    PLAY = "PLAY"
    PAUSE = "PAUSE"
    TEARDOWN = "TEARDOWN"


@dataclass(frozen=True, slots=True)
class Range:
    """``npt=start-stop`` in seconds; ``start`` None is "now", ``stop`` None is open.

    Backwards, ``start`` is more than ``stop``.
    """

    start: float | None = None
    stop: float | None = None

    def __str__(self) -> str:
        start = "now" if self.start is None else _seconds_text(self.start)
        return f"npt={start}-" + ("" if self.stop is None else _seconds_text(self.stop))


@dataclass(frozen=True, slots=True)
class RtspRequest:
    """One order. ``range`` and ``scale`` belong to PLAY; both None there means: go on as before."""

    method: Method
    cseq: int
    range: Range | None = None
    scale: float | None = None

    def to_bytes(self) -> bytes:
        """The body, ending in an empty line."""
        rows: list[tuple[str, object]] = [("CSeq", self.cseq)]
        if self.method is Method.PAUSE:
            rows.append(("PauseTime", "now"))
        if self.range is not None:
            rows.append(("Range", self.range))
        if self.scale is not None:
            rows.append(("Scale", self.scale))
        return _text(f"{self.method} RTSP/1.0", rows)


@dataclass(frozen=True, slots=True)
class RtspReply:
    """The answer, in the body of the 200 to INFO; many devices send none.

    ``seq`` and ``rtptime`` name the first packet after a seek; ``scale`` is the speed really taken.
    """

    status: int = 200
    reason: str = "OK"
    cseq: int = 0
    range: Range | None = None
    scale: float | None = None
    seq: int | None = None
    rtptime: int | None = None

    @property
    def ok(self) -> bool:
        """2xx."""
        return 200 <= self.status < 300

    def to_bytes(self) -> bytes:
        """The body, ending in an empty line."""
        rows: list[tuple[str, object]] = [("CSeq", self.cseq)]
        if self.range is not None:
            rows.append(("Range", self.range))
        if self.scale is not None:
            rows.append(("Scale", self.scale))
        info = [
            f"{name}={value}"
            for name, value in (("seq", self.seq), ("rtptime", self.rtptime))
            if value is not None
        ]
        if info:
            rows.append(("RTP-Info", ";".join(info)))
        return _text(f"RTSP/1.0 {self.status} {self.reason}", rows)


def pause(cseq: int) -> RtspRequest:
    """Stop sending; media time-outs have to be suspended."""
    return RtspRequest(Method.PAUSE, cseq)


def resume(cseq: int) -> RtspRequest:
    """Go on from where it was paused."""
    return RtspRequest(Method.PLAY, cseq, Range())


def seek(cseq: int, seconds: float) -> RtspRequest:
    """Go on ``seconds`` after the start of the asked-for recording, 0 or more."""
    return RtspRequest(Method.PLAY, cseq, Range(max(0.0, seconds)))


def speed(cseq: int, scale: float) -> RtspRequest:
    """Send ``scale`` times as fast; most devices keep the time stamps of the recording."""
    return RtspRequest(Method.PLAY, cseq, scale=scale)


def teardown(cseq: int) -> RtspRequest:
    """The end; a BYE still has to follow."""
    return RtspRequest(Method.TEARDOWN, cseq)


_REPLY = re.compile(r"(?:MAN)?S?RTSP/\d\.\d\s+(\d{3})(?:\s+(.{0,100}).*)?", re.IGNORECASE | re.ASCII)
_REQUEST = re.compile(r"(PLAY|PAUSE|TEARDOWN)(?:\s.*)?", re.IGNORECASE | re.ASCII)
_PLAIN = re.compile(r"\d{1,9}(?:\.\d{0,9})?", re.ASCII)
_CLOCK = re.compile(r"(\d{1,4}):(\d{1,2}):(\d{1,2}(?:\.\d{1,9})?)(?::\d{1,2}(?:\.\d{1,3})?)?", re.ASCII)
_SCALE = re.compile(r"[+-]?\d{1,3}(?:\.\d{0,6})?", re.ASCII)
_INFO = re.compile(r"\b(seq|rtptime)\s*=\s*(\d{1,10})", re.IGNORECASE | re.ASCII)


def parse(body: bytes) -> RtspRequest | RtspReply:
    """Read an order or an answer.

    Raises `Malformed` ``signalling.bad-field`` naming MANSRTSP, Range or Scale: an order that cannot be
    understood is refused, not taken for "go on".
    """
    if len(body) > MAX_SIZE:
        raise _bad("MANSRTSP", f"{len(body)} bytes")
    first, headers = _split(decode(body))
    cseq = _whole(headers.get("cseq", ""), MAX_CSEQ) or 0
    span, scale = _range(headers.get("range")), _scale(headers.get("scale"))
    if (match := _REPLY.fullmatch(first)) is not None:
        info = {name.lower(): int(value) for name, value in _INFO.findall(headers.get("rtp-info", ""))}
        reason = (match[2] or "").strip()
        return RtspReply(int(match[1]), reason, cseq, span, scale, info.get("seq"), info.get("rtptime"))
    if (match := _REQUEST.fullmatch(first)) is not None:
        return RtspRequest(Method(match[1].upper()), cseq, span, scale)
    raise _bad("MANSRTSP", first)


def _split(text: str) -> tuple[str, dict[str, str]]:
    rows = [line.strip() for line in text.replace("\r", "\n").split("\n", MAX_LINES)[:MAX_LINES]]
    rows = [row for row in rows if row]
    headers: dict[str, str] = {}
    for row in rows[1:]:
        name, _, value = row.partition(":")
        headers.setdefault(name.strip().lower(), value.strip())
    return (rows[0] if rows else ""), headers


def _range(text: str | None) -> Range | None:
    if not text:
        return None
    kind, separator, span = text.partition("=")
    if not separator or not (kind.strip().lower() == "npt" or kind.strip().lower().startswith("smpte")):
        raise _bad("Range", text)
    start, separator, stop = span.partition(";")[0].partition("-")
    if not separator:
        raise _bad("Range", text)
    begin = None if start.strip().lower() == "now" else _seconds(start, text)
    # "-600" would be the last seconds (RFC 2326 §3.6); nobody means that here, so a start is needed
    end = _seconds(stop, text) if stop.strip().lower() not in {"", "now", "end"} else None
    return Range(begin, end)


def _seconds(text: str, whole: str) -> float:
    text = text.strip()
    if _PLAIN.fullmatch(text):
        value = float(text)
    elif (match := _CLOCK.fullmatch(text)) is not None:
        value = int(match[1]) * 3600 + int(match[2]) * 60 + float(match[3])
    else:
        raise _bad("Range", whole)
    if value > MAX_SECONDS:
        raise _bad("Range", whole)
    return value


def _scale(text: str | None) -> float | None:
    if not text:
        return None
    value = float(text) if _SCALE.fullmatch(text) else math.nan
    if value == 0 or not abs(value) <= MAX_SCALE:
        raise _bad("Scale", text)
    return value


def _whole(text: str, high: int) -> int | None:
    if not (text.isascii() and text.isdigit() and len(text) <= 20):
        return None
    return int(text) if int(text) <= high else None


def _seconds_text(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".")


def _text(first: str, rows: Iterable[tuple[str, object]]) -> bytes:
    return "\r\n".join([first, *(f"{name}: {value}" for name, value in rows), "", ""]).encode()


def _bad(field: str, value: str) -> Malformed:
    return Malformed("signalling.bad-field", field=field, value=ascii(value[:40]))
