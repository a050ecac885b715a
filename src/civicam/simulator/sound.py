"""Street noise as G.711 A-law: a loop that is not speech and not music."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 8_000
_LOOP_S = 4


def to_alaw(samples: NDArray[np.int16]) -> bytes:
    """ITU-T G.711 A-law of 16-bit linear samples."""
    value = samples.astype(np.int32) >> 3
    negative = value < 0
    size = np.where(negative, -value - 1, value)
    segment = np.zeros_like(size)
    for bound in (31, 63, 127, 255, 511, 1023, 2047):
        segment += size > bound
    shift = np.where(segment < 2, 1, segment)
    code = np.where(segment >= 8, 0x7F, (segment << 4) | ((size >> shift) & 0x0F))
    return bytes((code ^ np.where(negative, 0x55, 0xD5)).astype(np.uint8))


@lru_cache(maxsize=1)
def street() -> bytes:
    """Four seconds, ending where they begin."""
    rng = np.random.default_rng(8)
    spectrum = np.fft.rfft(rng.normal(0, 1, SAMPLE_RATE * _LOOP_S))
    frequency = np.fft.rfftfreq(SAMPLE_RATE * _LOOP_S, 1 / SAMPLE_RATE)
    spectrum *= 1 / (1 + (frequency / 220) ** 2)
    wave = np.fft.irfft(spectrum)
    return to_alaw((wave / np.abs(wave).max() * 5200).astype(np.int16))


def frame(index: int, rate: int) -> bytes:
    """The sound that goes with picture ``index`` at ``rate`` pictures a second."""
    size = SAMPLE_RATE // rate
    loop = street()
    start = index * size % len(loop)
    return loop[start : start + size]


def from_alaw(code: int) -> int:
    """The 16-bit linear sample of one G.711 A-law byte."""
    code ^= 0x55
    segment, step = (code & 0x70) >> 4, (code & 0x0F) << 4
    size = step + 8 if segment == 0 else (step + 0x108) << (segment - 1)
    return size if code & 0x80 else -size


ALAW_POWER = [from_alaw(code) ** 2 for code in range(256)]
"""The square of the sample of each byte."""
