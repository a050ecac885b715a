"""Packets of one picture that stand in a read one behind the other are alike but for their numbers.

A camera cuts a picture into packets of one size, the last one excepted. Over TCP they come with their lengths
(RFC 4571) in one piece of memory, so that one `struct` layout takes them all apart: a tenth of the work of
looking at each. What is not alike is left to who looks at each.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from struct import Struct
from typing import Any

FEWEST = 3
"""Fewer packets are not worth it."""
_MOST = 64
_HEAD = 14
"""The length and the RTP header."""

_Unpack = Callable[[bytes, int], tuple[Any, ...]]


@lru_cache(maxsize=256)
def _layout(stride: int, count: int) -> tuple[_Unpack, _Unpack]:
    """How to read of ``count`` packets, ``stride`` bytes each with their length: four fields of the heads
    (length, flags and payload type; number; stamp and SSRC; begin of the payload), and the payloads."""
    heads = Struct("!" + f"IHQI{stride - _HEAD - 4}x" * count)
    bodies = Struct("!" + f"{_HEAD}x{stride - _HEAD}s" * count)
    return heads.unpack_from, bodies.unpack_from


def alike(data: bytes, position: int, stride: int, number: int, opening: int) -> tuple[bytes, ...]:
    """Payloads of the packets in ``data`` that follow the one before ``position`` and are like it.

    That one takes ``stride`` bytes (18 at least) with its length; like it is who has its length, flags, type,
    stamp and SSRC, the next ``number`` (16 bits; none is beyond 65,535), and no ``opening`` as first four
    bytes of its payload. At most 64 of them.
    """
    count = min((len(data) - position) // stride, _MOST, 0x10000 - number)
    if count < FEWEST:
        return ()
    mark, _, source, _ = _layout(stride, 1)[0](data, position - stride)
    heads = _layout(stride, count)[0](data, position)
    marks, numbers, sources, begins = heads[0::4], heads[1::4], heads[2::4], heads[3::4]
    if (
        marks.count(mark) != count
        or sources.count(source) != count
        or numbers != tuple(range(number, number + count))
        or opening in begins
    ):
        same = (mark, source)
        for index in range(count):
            if (
                (marks[index], sources[index]) != same
                or numbers[index] != number + index
                or begins[index] == opening
            ):
                count = index
                break
        if count < FEWEST:
            return ()
    return _layout(stride, count)[1](data, position)
