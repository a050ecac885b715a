"""The machine-readable strip: when a picture was drawn and its number, written into the picture itself.

64 square cells in one row near the lower edge, one bit each, most significant first: 40 bits of Unix time
in milliseconds (modulo 2**40), 16 bits of frame counter (modulo 2**16), 8 bits CRC-8 (polynomial 0x07,
start 0) over the seven bytes before it. A set bit is luma 200, a clear one 50, far enough apart to survive
any coding. Whoever reads it back from a screen knows the latency of the whole way.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from civicam.simulator.yuv import Bytes, Planes

CELLS = 64
BRIGHT, DARK = 200, 50
_TIME_BITS = 40


def cell_size(width: int) -> int:
    """Pixels of a cell's side for a picture ``width`` pixels wide."""
    return (width // 80) & ~1


def corner(width: int, height: int) -> tuple[int, int]:
    """Left and top pixel of the strip; both even."""
    cell = cell_size(width)
    return ((width - CELLS * cell) // 2) & ~1, height - 2 * cell


def crc8(data: bytes) -> int:
    """CRC-8, polynomial 0x07, start 0, not reflected."""
    value = 0
    for byte in data:
        value = _CRC[value ^ byte]
    return value


def _crc_of(byte: int) -> int:
    for _ in range(8):
        byte = (byte << 1 ^ 0x07) & 0xFF if byte & 0x80 else byte << 1
    return byte


_CRC = [_crc_of(byte) for byte in range(256)]


@lru_cache(maxsize=8)
def _cells(cell: int) -> Bytes:
    """For each byte, one line of pixels through its eight cells."""
    bits = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1)
    return np.repeat(np.where(bits, BRIGHT, DARK).astype(np.uint8), cell, axis=1)


def payload(unix_ms: int, counter: int) -> bytes:
    """The eight bytes of a strip."""
    body = (unix_ms % (1 << _TIME_BITS)).to_bytes(5, "big") + (counter % (1 << 16)).to_bytes(2, "big")
    return body + bytes((crc8(body),))


def write(target: Planes, unix_ms: int, counter: int) -> None:
    """Draw the strip into a picture."""
    height, width = target.y.shape
    cell = cell_size(width)
    left, top = corner(width, height)
    row = _cells(cell)[np.frombuffer(payload(unix_ms, counter), dtype=np.uint8)]
    target.y[top : top + cell, left : left + CELLS * cell] = row.reshape(-1)
    target.uv[:, top // 2 : (top + cell) // 2, left // 2 : (left + CELLS * cell) // 2] = 128


def read(luma: Bytes) -> tuple[int, int] | None:
    """Milliseconds (modulo 2**40) and counter from a decoded luma plane; None when the CRC is wrong."""
    height, width = luma.shape
    cell = cell_size(width)
    left, top = corner(width, height)
    inner = luma[top + cell // 4 : top + cell - cell // 4, left : left + CELLS * cell]
    cells = inner.reshape(inner.shape[0], CELLS, cell)[:, :, cell // 4 : cell - cell // 4].mean(axis=(0, 2))
    data = np.packbits(cells > (BRIGHT + DARK) / 2).tobytes()
    if crc8(data[:7]) != data[7]:
        return None
    return int.from_bytes(data[:5], "big"), int.from_bytes(data[5:7], "big")
