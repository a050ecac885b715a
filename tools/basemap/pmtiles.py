"""PMTiles version 3, the writing half: tiles into one archive that a browser reads by byte ranges."""

from __future__ import annotations

import gzip
import json
import struct
from dataclasses import dataclass

from tools.basemap.mvt import varint

_HEADER = struct.Struct("<7sB11Q6B4iB2i")
_GZIP, _MVT = 2, 1


@dataclass(frozen=True)
class Coverage:
    """What the archive covers; degrees."""

    min_zoom: int
    max_zoom: int
    west: float
    south: float
    east: float
    north: float


def tile_id(zoom: int, x: int, y: int) -> int:
    """The tile's place on the Hilbert curve, all lower zooms counted before."""
    before = ((1 << 2 * zoom) - 1) // 3
    distance = 0
    side = 1 << zoom
    half = side >> 1
    while half:
        right, below = bool(x & half), bool(y & half)
        distance += half * half * ((3 * right) ^ below)
        if not below:
            if right:
                x, y = side - 1 - x, side - 1 - y
            x, y = y, x
        half >>= 1
    return before + distance


def _squeeze(data: bytes) -> bytes:
    return gzip.compress(data, 9, mtime=0)


def write_archive(tiles: dict[tuple[int, int, int], bytes], cover: Coverage, layers: list[str]) -> bytes:
    """The whole archive; the same tiles give the same bytes. Empty tiles are left out."""
    entries: list[tuple[int, int, int]] = []  # id, offset, length
    data = bytearray()
    for key in sorted(tiles, key=lambda key: tile_id(*key)):
        if tiles[key]:
            packed = _squeeze(tiles[key])
            entries.append((tile_id(*key), len(data), len(packed)))
            data += packed
    root = _squeeze(_directory(entries))
    metadata = _squeeze(
        json.dumps(
            {
                "name": "civicam sample city",
                "vector_layers": [{"id": layer, "fields": {}} for layer in layers],
            },
            sort_keys=True,
        ).encode()
    )
    root_at = _HEADER.size
    metadata_at = root_at + len(root)
    data_at = metadata_at + len(metadata)
    e7 = [round(value * 1e7) for value in (cover.west, cover.south, cover.east, cover.north)]
    header = _HEADER.pack(
        b"PMTiles",
        3,
        *(root_at, len(root), metadata_at, len(metadata), data_at, 0, data_at, len(data)),
        *(len(entries),) * 3,
        *(1, _GZIP, _GZIP, _MVT, cover.min_zoom, cover.max_zoom),
        *e7,
        (cover.min_zoom + cover.max_zoom) // 2,
        *((e7[0] + e7[2]) // 2, (e7[1] + e7[3]) // 2),
    )
    return header + root + metadata + bytes(data)


def _directory(entries: list[tuple[int, int, int]]) -> bytes:
    out = bytearray(varint(len(entries)))
    last = 0
    for number, _, _ in entries:
        out += varint(number - last)
        last = number
    out += b"\x01" * len(entries)  # run lengths
    for _, _, length in entries:
        out += varint(length)
    # Tiles follow one another: only the first offset is written, the others are "right after" (0).
    for index, (_, offset, _) in enumerate(entries):
        out += varint(offset + 1 if index == 0 else 0)
    return bytes(out)
