"""The ground of the sample city: its own roads and districts; around them invented blocks, parks, a river.

The roads come from the simulator's city, so that every site stands at its crossing. Outside the city the
same grid goes on without names, or the map would end at the last camera.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from civicam.simulator.description import City, Road

LonLat = tuple[float, float]


@dataclass(frozen=True)
class Shape:
    """One thing on the ground; ``points`` is a line, a ring or a single point by ``layer``."""

    layer: str
    points: tuple[LonLat, ...]
    tags: Mapping[str, str | float] = field(default_factory=dict)


class Ground:
    """All shapes of one city. ``margin`` is how many blocks the grid goes on outside."""

    def __init__(self, city: City, margin: int) -> None:
        self.city = city
        self.margin = margin
        self.rng = random.Random(f"ground:{city.seed}")
        rows, columns = _split(city.roads)
        self.rows, self.columns = len(rows), len(columns)
        # Crossings: every second point of a row's line, see `Road.line`.
        self._crossings = [[road.line[2 * column] for column in range(self.columns)] for road in rows]
        first, last = self._crossings[0], self._crossings[-1]
        self._east = tuple((first[-1][i] - first[0][i]) / (self.columns - 1) for i in (0, 1))
        self._north = tuple((last[0][i] - first[0][i]) / (self.rows - 1) for i in (0, 1))

    def at(self, column: float, row: float) -> LonLat:
        """The place of a grid position; fractions lie between crossings, outside the grid goes on evenly."""
        c0, r0 = math.floor(column), math.floor(row)
        fc, fr = column - c0, row - r0
        corners = [self._corner(c0 + i, r0 + j) for j in (0, 1) for i in (0, 1)]
        weights = [(1 - fc) * (1 - fr), fc * (1 - fr), (1 - fc) * fr, fc * fr]
        return (
            sum(w * p[0] for w, p in zip(weights, corners, strict=True)),
            sum(w * p[1] for w, p in zip(weights, corners, strict=True)),
        )

    def _corner(self, column: int, row: int) -> LonLat:
        inner_c = min(max(column, 0), self.columns - 1)
        inner_r = min(max(row, 0), self.rows - 1)
        base = self._crossings[inner_r][inner_c]
        east, north = column - inner_c, row - inner_r
        return (
            base[0] + east * self._east[0] + north * self._north[0],
            base[1] + east * self._east[1] + north * self._north[1],
        )

    def shapes(self) -> Iterator[Shape]:
        """Everything, in drawing order."""
        yield from self._cells()
        yield from self._river()
        yield from self._roads()
        yield from self._districts()

    # -- areas ----------------------------------------------------------------------------------

    def _cells(self) -> Iterator[Shape]:
        inset = 0.09
        parks = 0
        for row in range(-self.margin, self.rows - 1 + self.margin):
            for column in range(-self.margin, self.columns - 1 + self.margin):
                corners = ((inset, inset), (1 - inset, inset), (1 - inset, 1 - inset), (inset, 1 - inset))
                ring = tuple(self.at(column + x, row + y) for x, y in corners)
                if self.rng.random() < 0.07:
                    yield Shape("park", ring)
                    if 0 <= row < self.rows - 1 and 0 <= column < self.columns - 1:
                        parks += 1
                        yield self._label(
                            f"样例公园 {parks}",
                            f"Sample Park {parks}",
                            "park",
                            self.at(column + 0.5, row + 0.5),
                            16,
                        )
                else:
                    yield Shape("block", ring)

    def _river(self) -> Iterator[Shape]:
        """A river that winds between two rows of crossings: no site stands in the water."""
        row = round(self.rows * 0.36) + 0.5
        steps = range(-self.margin * 4, (self.columns - 1 + self.margin) * 4 + 1)
        middle = [(step / 4, row + 0.16 * math.sin(step * 0.23)) for step in steps]
        half = 0.19
        banks = [self.at(c, r + half) for c, r in middle] + [
            self.at(c, r - half) for c, r in reversed(middle)
        ]
        yield Shape("water", tuple(banks))
        yield self._label("样例河", "Sample River", "water", self.at(self.columns * 0.31, row + 0.05), 13)
        column, lake_row = self.columns + 1.5, self.rows * 0.75
        turn = [math.tau * k / 48 for k in range(48)]
        lake = [
            self.at(column + 1.9 * math.cos(a), lake_row + 1.25 * math.sin(a) * (1 + 0.2 * math.sin(3 * a)))
            for a in turn
        ]
        yield Shape("water", tuple(lake))
        yield self._label("样例湖", "Sample Lake", "water", self.at(column, lake_row), 13)

    # -- lines ----------------------------------------------------------------------------------

    def _roads(self) -> Iterator[Shape]:
        for road in self.city.roads:
            yield Shape(
                "road", road.line, {"class": road.rank, "name_zh": road.name.zh, "name_en": road.name.en}
            )
        far = self.margin
        for row in range(-far, self.rows + far):
            kind = {"class": "avenue" if row % 4 == 1 else "street"}
            if 0 <= row < self.rows:
                yield Shape("road", tuple(self.at(c / 2, row) for c in range(-2 * far, 1)), kind)
                east = range(2 * (self.columns - 1), 2 * (self.columns - 1 + far) + 1)
                yield Shape("road", tuple(self.at(c / 2, row) for c in east), kind)
            else:
                whole = range(-2 * far, 2 * (self.columns - 1 + far) + 1)
                yield Shape("road", tuple(self.at(c / 2, row) for c in whole), kind)
        for column in range(-far, self.columns + far):
            kind = {"class": "avenue" if column % 4 == 1 else "street"}
            if 0 <= column < self.columns:
                yield Shape("road", tuple(self.at(column, r / 2) for r in range(-2 * far, 1)), kind)
                north = range(2 * (self.rows - 1), 2 * (self.rows - 1 + far) + 1)
                yield Shape("road", tuple(self.at(column, r / 2) for r in north), kind)
            else:
                whole = range(-2 * far, 2 * (self.rows - 1 + far) + 1)
                yield Shape("road", tuple(self.at(column, r / 2) for r in whole), kind)

    def _districts(self) -> Iterator[Shape]:
        count = len(self.city.districts)
        for index, district in enumerate(self.city.districts):
            west = -(-index * self.columns // count) - 0.5
            east = -(-(index + 1) * self.columns // count) - 0.5
            rows = [step / 2 for step in range(-1, 2 * self.rows)]
            sides = [step / 2 for step in range(round(2 * west), round(2 * east) + 1)]
            ring = [self.at(c, -0.5) for c in sides] + [self.at(east, r) for r in rows]
            ring += [self.at(c, self.rows - 0.5) for c in reversed(sides)]
            ring += [self.at(west, r) for r in reversed(rows)]
            yield Shape("district", tuple(ring))
            centre = self.at((west + east) / 2, self.rows / 2 - 0.25)
            yield self._label(district.name.zh, district.name.en, "district", centre, 9, 14)
            for street in district.streets:
                places = [(s.lon, s.lat) for s in self.city.sites if s.street == street.code]
                if places:
                    mean = tuple(sum(p[i] for p in places) / len(places) for i in (0, 1))
                    yield self._label(street.name.zh, street.name.en, "street", (mean[0], mean[1]), 14, 16)

    def _label(self, zh: str, en: str, kind: str, at: LonLat, from_zoom: int, to_zoom: int = 24) -> Shape:
        tags: dict[str, str | float] = {
            "name_zh": zh, "name_en": en, "class": kind, "from": from_zoom, "to": to_zoom,
        }  # fmt: skip
        return Shape("label", (at,), tags)


def _split(roads: tuple[Road, ...]) -> tuple[list[Road], list[Road]]:
    """Rows (west to east) and columns (south to north), told apart by which way a road mostly runs."""
    rows: list[Road] = []
    columns: list[Road] = []
    for road in roads:
        (x0, y0), (x1, y1) = road.line[0], road.line[-1]
        (rows if abs(x1 - x0) > abs(y1 - y0) else columns).append(road)
    return rows, columns
