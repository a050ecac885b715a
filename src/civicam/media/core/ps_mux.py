"""MPEG-2 program stream muxer in the form of GB/T 28181 Annex C: one pack a frame.

    pack header [system header, PSM] PES video ... | pack header PES audio

Pictures of more than 65,500 bytes go out as several PES, of which only the first carries the stamps.
"""

from __future__ import annotations

from civicam.media.core.unit import Codec

VIDEO_ID, AUDIO_ID = 0xE0, 0xC0
STREAM_TYPES = {Codec.H264: 0x1B, Codec.H265: 0x24, Codec.PCMA: 0x90, Codec.PCMU: 0x91, Codec.AAC: 0x0F}

MAX_CHUNK = 65_500
_MUX_RATE = 6_106
"""Units of 50 bytes/s."""
_PTS_MASK = (1 << 33) - 1


class PsMuxer:
    """Makes packs; for the simulator and for tests. ``audio`` is announced in the PSM even if none comes."""

    def __init__(self, video: Codec, audio: Codec | None = None) -> None:
        self._tables = system_header(audio is not None) + program_stream_map(video, audio)

    def video(self, data: bytes, pts: int, *, key: bool, dts: int | None = None) -> bytes:
        """A pack with one access unit (Annex B; 90 kHz): system header and PSM before a key frame."""
        parts = [pack_header(pts if dts is None else dts)]
        if key:
            parts.append(self._tables)
        parts.append(pes(VIDEO_ID, data[:MAX_CHUNK], pts, dts))
        rest = range(MAX_CHUNK, len(data), MAX_CHUNK)
        parts.extend(pes(VIDEO_ID, data[start : start + MAX_CHUNK], None) for start in rest)
        return b"".join(parts)

    def audio(self, data: bytes, pts: int) -> bytes:
        """A pack with a run of sound (at most 65,500 bytes)."""
        return pack_header(pts) + pes(AUDIO_ID, data, pts)


def pack_header(scr: int) -> bytes:
    """ISO/IEC 13818-1 §2.5.3.3, with an extension of 0 and no stuffing."""
    scr &= _PTS_MASK
    clock = 1 << 46 | (scr >> 30) << 43 | 1 << 42 | (scr >> 15 & 0x7FFF) << 27 | 1 << 26
    clock |= (scr & 0x7FFF) << 11 | 1 << 10 | 1
    return b"\0\0\1\xba" + clock.to_bytes(6, "big") + (_MUX_RATE << 2 | 3).to_bytes(3, "big") + b"\xf8"


def system_header(audio: bool) -> bytes:
    """§2.5.3.5: one video stream and perhaps one of sound."""
    rate = (1 << 23 | _MUX_RATE << 1 | 1).to_bytes(3, "big")
    body = rate + bytes((int(audio) << 2, 0xE1, 0x7F)) + b"\xe0\xe0\x80"
    if audio:
        body += b"\xc0\xc0\x20"
    return b"\0\0\1\xbb" + len(body).to_bytes(2, "big") + body


def program_stream_map(video: Codec | None, audio: Codec | None) -> bytes:
    """§2.5.4, with its CRC."""
    entries = b""
    for codec, stream_id in ((video, VIDEO_ID), (audio, AUDIO_ID)):
        if codec is not None:
            entries += bytes((STREAM_TYPES[codec], stream_id, 0, 0))
    body = b"\xe1\xff\0\0" + len(entries).to_bytes(2, "big") + entries
    head = b"\0\0\1\xbc" + (len(body) + 4).to_bytes(2, "big") + body
    return head + crc32_mpeg(head).to_bytes(4, "big")


def pes(stream_id: int, payload: bytes, pts: int | None, dts: int | None = None) -> bytes:
    """§2.4.3.6. ``payload`` has at most 65,500 bytes."""
    if pts is None:
        flags, stamps = 0, b""
    elif dts is None or dts == pts:
        flags, stamps = 0x80, stamp_field(2, pts)
    else:
        flags, stamps = 0xC0, stamp_field(3, pts) + stamp_field(1, dts)
    length = 3 + len(stamps) + len(payload)
    head = bytes((0, 0, 1, stream_id, length >> 8, length & 0xFF, 0x8C, flags, len(stamps)))
    return head + stamps + payload


def stamp_field(prefix: int, value: int) -> bytes:
    """Five bytes of PTS or DTS."""
    value &= _PTS_MASK
    bits = prefix << 36 | (value >> 30) << 33 | 1 << 32 | (value >> 15 & 0x7FFF) << 17 | 1 << 16
    return (bits | (value & 0x7FFF) << 1 | 1).to_bytes(5, "big")


def crc32_mpeg(data: bytes) -> int:
    """CRC-32/MPEG-2: polynomial 0x04C11DB7, start 0xFFFFFFFF, not reflected."""
    value = 0xFFFFFFFF
    for byte in data:
        value ^= byte << 24
        for _ in range(8):
            value = (value << 1 ^ 0x04C11DB7 if value & 0x80000000 else value << 1) & 0xFFFFFFFF
    return value
