"""Reading the bit strings of parameter sets (ITU-T H.264 §7.2, §9.1; H.265 the same)."""

from __future__ import annotations


class BitsExhausted(Exception):
    """The bit string ended early: the parameter set is broken."""


MOST_BYTES = 4096
"""Of a parameter set; real ones have a few dozen."""
LONGEST_SIDE = 16_888
"""Samples: what level 6.2 allows, of H.264 (Table A-1) and of H.265 (Table A.8)."""


class BitReader:
    """Reads a raw byte sequence payload; takes the emulation prevention bytes out first."""

    def __init__(self, payload: bytes) -> None:
        clean = payload[:MOST_BYTES].replace(b"\0\0\3", b"\0\0")
        self._value = int.from_bytes(clean, "big")
        self._left = len(clean) * 8

    def bits(self, count: int) -> int:
        """u(n)."""
        if count > self._left:
            raise BitsExhausted
        self._left -= count
        return self._value >> self._left & ((1 << count) - 1)

    def flag(self) -> bool:
        """u(1)."""
        return self.bits(1) == 1

    def ue(self) -> int:
        """Exp-Golomb, unsigned; at most 32 leading zeros."""
        zeros = 0
        while not self.bits(1):
            zeros += 1
            if zeros > 32:
                raise BitsExhausted
        return (1 << zeros) - 1 + self.bits(zeros)

    def se(self) -> int:
        """Exp-Golomb, signed."""
        value = self.ue()
        return (value + 1) // 2 if value & 1 else -(value // 2)
