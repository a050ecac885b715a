"""A sound program stream made unsound, as some devices send it.

Works on packs as `civicam.media.core.ps_mux` makes them. Pure.
"""

from __future__ import annotations

import struct

from civicam.simulator.manners import Manners
from civicam.simulator.picture import RATE

_PSM = b"\0\0\1\xbc"
_VIDEO = b"\0\0\1\xe0"
_PACK_HEADER = 14
_LATE_KEYS = 3
"""With ``psm: late`` the map comes from this key picture on."""
_LEAP_EVERY = RATE * 10
_LEAP = 3600 * 90_000
_SHORT_BY = 64
_PRIVATE = b"\0\0\1\xbd" + struct.pack(">H", 60) + b"\x8c\0\0" + bytes(57)
"""A PES packet of private stream 1, as makers put their own data between pictures."""


def stamp(manners: Manners, pts: int, number: int) -> int:
    """The stamp of picture ``number`` of a session, 90 kHz."""
    return pts + (number // _LEAP_EVERY) * _LEAP if manners.stamps_jump else pts


def pack(manners: Manners, sound: bytes, keys: int) -> bytes:
    """A pack with one picture; ``keys``: key pictures of this session so far, this one with them."""
    spoilt = sound
    if manners.psm == "none" or (manners.psm == "late" and keys < _LATE_KEYS):
        spoilt = _without_map(spoilt)
    if manners.pes_length:
        spoilt = _shortened(spoilt)
    if manners.private_packets:
        spoilt = spoilt[:_PACK_HEADER] + _PRIVATE + spoilt[_PACK_HEADER:]
    return spoilt


def _without_map(data: bytes) -> bytes:
    at = data.find(_PSM, 0, 256)
    if at < 0:
        return data
    (length,) = struct.unpack_from(">H", data, at + 4)
    return data[:at] + data[at + 6 + length :]


def _shortened(data: bytes) -> bytes:
    """The first PES of the picture says it is shorter than it is."""
    at = data.find(_VIDEO)
    if at < 0:
        return data
    (length,) = struct.unpack_from(">H", data, at + 4)
    wrong = struct.pack(">H", length - _SHORT_BY if length > _SHORT_BY * 2 else length)
    return data[: at + 4] + wrong + data[at + 6 :]
