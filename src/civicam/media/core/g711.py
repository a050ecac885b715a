"""G.711 A-law (ITU-T G.711 §3): what a loudspeaker behind GB/T 28181 understands, from linear samples."""

from __future__ import annotations

import sys
from array import array
from functools import lru_cache

RATE = 8000
SILENCE = b"\xd5"
"""The A-law code of a sample of 0."""


def encode(pcm: bytes) -> bytes:
    """A-law of 16-bit little-endian samples, one byte each; an odd last byte is left out."""
    samples = array("h", pcm[: len(pcm) & ~1])
    if sys.byteorder == "big":
        samples.byteswap()
    codes = _codes()
    return bytes([codes[sample >> 3 & 0x1FFF] for sample in samples])


@lru_cache(maxsize=1)
def _codes() -> bytes:
    """The code of each 13-bit sample, negative ones by their two's complement."""
    return bytes([_code(value if value < 0x1000 else value - 0x2000) for value in range(0x2000)])


def _code(value: int) -> int:
    """G.711 table 1a; even bits inverted (§3.3)."""
    size = value if value >= 0 else -value - 1
    segment = max(0, size.bit_length() - 5)
    shift = max(1, segment)
    return (segment << 4 | (size >> shift) & 0x0F) ^ (0xD5 if value >= 0 else 0x55)
