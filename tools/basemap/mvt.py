"""Mapbox Vector Tile 2.1, the writing half: layers of points, lines and polygons into one tile's bytes."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

Point = tuple[float, float]

EXTENT = 4096
BUFFER = 96
"""Units beyond the edge that a tile also holds, so that lines and names meet at the seam."""

_POINT, _LINE, _POLYGON = 1, 2, 3
_MOVE, _LINE_TO, _CLOSE = 1, 2, 7


@dataclass
class Layer:
    """Features of one layer of one tile; coordinates are tile units with y down."""

    name: str
    features: list[bytes] = field(default_factory=list)
    keys: dict[str, int] = field(default_factory=dict)
    values: dict[bytes, int] = field(default_factory=dict)

    def point(self, at: Point, tags: Mapping[str, str | float]) -> None:
        """Add a point, unless it lies outside the tile."""
        if all(0 <= value < EXTENT for value in at):
            pen = _Pen()
            pen.move([at])
            self._add(_POINT, pen.commands, tags)

    def line(self, points: Sequence[Point], tags: Mapping[str, str | float]) -> None:
        """Add a line's parts inside the tile and its buffer."""
        pen = _Pen()
        for part in clip_line(points):
            pen.move(part[:1])
            pen.draw(part[1:])
        if pen.commands:
            self._add(_LINE, pen.commands, tags)

    def polygon(self, ring: Sequence[Point], tags: Mapping[str, str | float]) -> None:
        """Add an outer ring (not closed), cut to the tile and its buffer."""
        cut = clip_ring(ring)
        if len(cut) < 3:
            return
        if _area(cut) < 0:  # outer rings turn clockwise on the screen: positive area with y down
            cut.reverse()
        pen = _Pen()
        pen.move(cut[:1])
        pen.draw(cut[1:])
        pen.commands.append(_CLOSE | 1 << 3)
        self._add(_POLYGON, pen.commands, tags)

    def encode(self) -> bytes:
        """This layer as the protobuf message ``Layer``."""
        parts = [_uint(15, 2), _bytes(1, self.name.encode())]
        parts += [_bytes(2, feature) for feature in self.features]
        parts += [_bytes(3, key.encode()) for key in self.keys]
        parts += [_bytes(4, value) for value in self.values]
        parts.append(_uint(5, EXTENT))
        return b"".join(parts)

    def _add(self, kind: int, commands: list[int], tags: Mapping[str, str | float]) -> None:
        numbers: list[int] = []
        for key, value in tags.items():
            text = isinstance(value, str)
            encoded = _bytes(1, str(value).encode()) if text else _uint(5, round(float(value)))
            numbers.append(self.keys.setdefault(key, len(self.keys)))
            numbers.append(self.values.setdefault(encoded, len(self.values)))
        self.features.append(_packed(2, numbers) + _uint(3, kind) + _packed(4, commands))


def encode_tile(layers: Iterable[Layer]) -> bytes:
    """All layers that have something to show; empty bytes for an empty tile."""
    return b"".join(_bytes(3, layer.encode()) for layer in layers if layer.features)


class _Pen:
    """Writes zigzag deltas from one cursor, as MVT geometry wants them."""

    def __init__(self) -> None:
        self.commands: list[int] = []
        self._x = 0
        self._y = 0

    def move(self, points: Sequence[Point]) -> None:
        self._command(_MOVE, points)

    def draw(self, points: Sequence[Point]) -> None:
        self._command(_LINE_TO, points)

    def _command(self, command: int, points: Sequence[Point]) -> None:
        self.commands.append(command | len(points) << 3)
        for x, y in ((round(x), round(y)) for x, y in points):
            self.commands += (_zigzag(x - self._x), _zigzag(y - self._y))
            self._x, self._y = x, y


def clip_ring(ring: Sequence[Point]) -> list[Point]:
    """Sutherland and Hodgman: a ring cut at the four edges of the buffered tile."""
    low, high = -BUFFER, EXTENT + BUFFER
    out = list(ring)
    for axis, limit, sign in ((0, low, 1), (0, high, -1), (1, low, 1), (1, high, -1)):
        source, out = out, []
        for index, here in enumerate(source):
            before = source[index - 1]
            inside = (here[axis] - limit) * sign >= 0
            if inside != ((before[axis] - limit) * sign >= 0):
                out.append(_cross(before, here, axis, limit))
            if inside:
                out.append(here)
    return out


def clip_line(points: Sequence[Point]) -> list[list[Point]]:
    """The parts of a line inside the buffered tile (Liang and Barsky, segment by segment)."""
    parts: list[list[Point]] = []
    for start, end in itertools.pairwise(points):
        cut = _clip_segment(start, end)
        if cut is None:
            continue
        if parts and parts[-1][-1] == cut[0]:
            parts[-1].append(cut[1])
        else:
            parts.append(list(cut))
    return parts


def _clip_segment(start: Point, end: Point) -> tuple[Point, Point] | None:
    enter, leave = 0.0, 1.0
    low, high = -BUFFER, EXTENT + BUFFER
    for axis in (0, 1):
        step = end[axis] - start[axis]
        for edge, distance in ((-step, start[axis] - low), (step, high - start[axis])):
            if edge == 0:
                if distance < 0:
                    return None
            elif edge < 0:
                enter = max(enter, distance / edge)
            else:
                leave = min(leave, distance / edge)
    if enter >= leave:
        return None
    return _along(start, end, enter), _along(start, end, leave)


def _along(start: Point, end: Point, share: float) -> Point:
    if share in (0.0, 1.0):
        return end if share else start
    return start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share


def _cross(a: Point, b: Point, axis: int, limit: float) -> Point:
    return _along(a, b, (limit - a[axis]) / (b[axis] - a[axis]))


def _area(ring: Sequence[Point]) -> float:
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(ring, [*ring[1:], ring[0]], strict=True)) / 2


def varint(value: int) -> bytes:
    """Protobuf's base-128 number, least significant group first."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _zigzag(value: int) -> int:
    return value << 1 if value >= 0 else (-value << 1) - 1


def _uint(number: int, value: int) -> bytes:
    return varint(number << 3) + varint(value)


def _bytes(number: int, data: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(data)) + data


def _packed(number: int, values: Iterable[int]) -> bytes:
    return _bytes(number, b"".join(map(varint, values)))
