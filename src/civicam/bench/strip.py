"""Reads the strip that the simulator burns into its pictures: when a picture was drawn, and which it is.

64 cells in one row, one bit each, most significant first: 40 bits Unix time in ms modulo 2^40, 16 bits frame
counter modulo 2^16, 8 bits CRC-8 (polynomial 0x07, initial value 0) over the 7 bytes before. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass

CELLS = 64
_SPAN = 1 << 40


@dataclass(frozen=True, slots=True)
class Strip:
    """``ms``: Unix time modulo 2^40 when the picture was drawn; ``counter``: frames modulo 2^16."""

    ms: int
    counter: int

    def age(self, now_ms: float) -> float:
        """Milliseconds from drawing to ``now_ms`` (Unix), right across the wrap."""
        age = (now_ms - self.ms) % _SPAN
        return age - _SPAN if age > _SPAN / 2 else age


def crc8(data: bytes) -> int:
    """CRC-8 with polynomial 0x07, not reflected."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ 0x07) & 0xFF if crc & 0x80 else crc << 1
    return crc


def decode(bits: str) -> Strip | None:
    """The strip of 64 characters ``0`` and ``1``; None when its checksum is wrong, or for a black row,
    whose zeros have the checksum zero.
    """
    if len(bits) != CELLS or "1" not in bits:
        return None
    data = int(bits, 2).to_bytes(8, "big")
    if crc8(data[:7]) != data[7]:
        return None
    return Strip(int.from_bytes(data[:5], "big"), int.from_bytes(data[5:7], "big"))
