"""Elements of an MPEG-2 program stream (ISO/IEC 13818-1 §2.5.3, §2.4.3.6): reading and lengths, no state."""

from __future__ import annotations

import re
from struct import Struct
from typing import NamedTuple

from civicam.media.core.unit import Codec

_TS_SYNC = 0x47
PREFIX = b"\0\0\1"
PACK = b"\0\0\1\xba"
END, PACK_CODE, SYSTEM, PSM = 0xB9, 0xBA, 0xBB, 0xBC
FIRST_CODE = 0xB9
SLACK = 16
"""A PES length may be wrong by this much without a picture being called damaged."""

CODE = re.compile(b"\0\0\1[\xb9-\xff]")
"""A program stream start code. NAL unit headers are below 0x80, so this never matches inside video."""
RESUME = re.compile(b"\0\0\1[\x01-\x7f\xb9-\xff]")
"""Where reading may go on after loss: the next NAL unit of the picture, or the next element."""
_AT_CODE = re.compile(b"\0*?\0\0\1[\xb9-\xff]")

VIDEO_TYPES = {0x1B: Codec.H264, 0x24: Codec.H265}
AUDIO_TYPES = {0x90: Codec.PCMA, 0x91: Codec.PCMU, 0x0F: Codec.AAC}


_STAMP = Struct("!BHH").unpack_from
_ELEMENT = Struct("!IH").unpack_from
"""Start code and length."""
_USUAL = Struct("!IB8xBIHBBBBHH").unpack_from
_USUAL_SIZE = 28
"""A pack without stuffing, and at once the PES of the picture with its PTS: all but key frames."""


class StreamMap(NamedTuple):
    """What a program stream map announces; ``sound`` means the lengths in it fitted."""

    video: Codec | None
    audio: Codec | None
    sound: bool


class PesHeader(NamedTuple):
    """Where a PES payload begins, and its stamps (33 bits)."""

    start: int
    pts: int | None
    dts: int | None


def next_code(data: bytes, start: int) -> int:
    """Offset of the next element's start code from ``start``; the end of ``data`` when there is none."""
    match = CODE.search(data, start)
    return len(data) if match is None else match.start()


def at_boundary(data: bytes, position: int) -> bool:
    """Whether an element may end here: an element follows (after zeros), or so little that one may."""
    if position + 4 > len(data):
        return True
    if data.startswith(PREFIX, position) and data[position + 3] >= FIRST_CODE:
        return True
    return _AT_CODE.match(data, position) is not None


def mended_end(data: bytes, position: int) -> int:
    """Where the element at ``position`` truly ends, when its length does not lead to another one.

    Video ends only at an element, whatever its length says when that is zero; a length wrapped at 64 KB is
    mended by that, too. Tables are short and searched from their start, others from near their announced end.
    """
    code, length = _ELEMENT(data, position)
    if (0x1E0 <= code <= 0x1EF and not length) or code in (0x100 | SYSTEM, 0x100 | PSM):
        return next_code(data, position + 6)
    return next_code(data, position + 6 + max(0, length - SLACK))


def pack_length(data: bytes, position: int) -> int:
    """Length of the pack header at ``position``, as far as the data tells: MPEG-2, or MPEG-1's 12 bytes."""
    if position + 4 < len(data) and data[position + 4] >> 4 == 2:
        return 12
    stuffing = data[position + 13] & 7 if position + 13 < len(data) else 0
    return 14 + stuffing


def stamp(data: bytes, position: int) -> int:
    """The 33 bits of a PTS or DTS field of five bytes."""
    high, middle, low = _STAMP(data, position)
    value: int = (high & 0x0E) << 29 | (middle & 0xFFFE) << 14 | low >> 1
    return value


def pes_header(data: bytes, position: int, end: int) -> PesHeader | None:
    """Read the header of the PES at ``position`` that ends at ``end``; None when it does not fit."""
    if position + 9 > end:
        return None
    marks, flags, length = data[position + 6 : position + 9]
    if marks >> 6 != 2:
        return None
    start = position + 9 + length
    if start > end:
        return None
    pts = stamp(data, position + 9) if flags & 0x80 and length >= 5 else None
    dts = stamp(data, position + 14) if flags & 0xC0 == 0xC0 and length >= 10 else None
    return PesHeader(start, pts, dts)


def stream_map(data: bytes, position: int, end: int) -> StreamMap:
    """Read the PSM at ``position``. Lengths count only inside ``end``; the CRC is often wrong, ignored."""
    video = audio = None
    sound = True
    at = position + 10
    if at <= end:
        at += int.from_bytes(data[position + 8 : position + 10], "big")
    if at + 2 > end:
        return StreamMap(None, None, False)
    stop = at + 2 + int.from_bytes(data[at : at + 2], "big")
    at += 2
    if stop > end:
        stop, sound = end, False
    while at + 4 <= stop:
        kind, info = data[at], data[at + 2] << 8 | data[at + 3]
        video = video or VIDEO_TYPES.get(kind)
        audio = audio or AUDIO_TYPES.get(kind)
        at += 4 + info
    return StreamMap(video, audio, sound and at == stop)


def looks_like_ts(data: bytes, position: int) -> bool:
    """Whether packets of a transport stream seem to begin here: its sync byte, and again 188 bytes on."""
    return data[position] == _TS_SYNC and data[position + 188 : position + 189] in (b"", b"G")


def plain_pack(head: bytes, size: int) -> tuple[PesHeader, tuple[int, int] | None] | None:
    """The usual picture: ``head`` begins a pack of ``size`` bytes that has one video PES, and that ends it.

    Its header, and start and end of a PSM before it; None when it is anything else.
    """
    if len(head) >= _USUAL_SIZE:
        pack, version, stuffing, code, length, marks, flags, more, high, middle, low = _USUAL(head)
        start = 23 + more
        if (
            (pack, length, marks & 0xC0, flags & 0xC0) == (0x100 | PACK_CODE, size - 20, 0x80, 0x80)
            and 0x1E0 <= code <= 0x1EF
            and version & 0xC0 == 0x40
            and not stuffing & 7
            and 28 <= start <= len(head)
        ):
            return PesHeader(start, (high & 0x0E) << 29 | (middle & 0xFFFE) << 14 | low >> 1, None), None
    if not head.startswith(PACK):
        return None
    position, table = pack_length(head, 0), None
    while position + 19 <= len(head):  # 19: a PES header with a PTS and a DTS
        code, length = _ELEMENT(head, position)
        end = position + 6 + length
        if 0x1E0 <= code <= 0x1EF:
            header = pes_header(head, position, len(head)) if end == size else None
            return None if header is None else (header, table)
        if code == 0x100 | PSM:
            table = (position, end)
        elif code != 0x100 | SYSTEM:
            return None
        position = end
    return None
