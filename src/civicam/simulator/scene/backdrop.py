"""The still part of a scene: ground, road, buildings, trees, lamps, drawn once per camera and size."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np

from civicam.simulator.scene.canvas import Canvas, Picture, noise
from civicam.simulator.scene.mood import Light, Place, Weather
from civicam.simulator.scene.palette import Colour, palette
from civicam.simulator.scene.view import Points, View

LANE_M = 3.5
_FAR_M = 420.0
_FACADES: tuple[Colour, ...] = (
    (196, 186, 170),
    (176, 152, 128),
    (158, 166, 172),
    (208, 200, 188),
    (150, 118, 100),
    (134, 148, 156),
    (188, 170, 140),
    (168, 176, 168),
)
_SIGNS: tuple[Colour, ...] = ((196, 62, 52), (52, 104, 172), (222, 166, 48), (60, 132, 92), (214, 214, 208))


@dataclass(frozen=True, slots=True)
class Layout:
    """What stands where. Lanes are centres in metres; ``away`` lanes show tail lights.

    ``walks`` are pavement lines (x) for figures; ``half_road`` is the kerb's distance from the middle.
    """

    place: Place
    light: Light
    weather: Weather
    view: View
    away: tuple[float, ...]
    near: tuple[float, ...]
    half_road: float
    walks: tuple[float, ...]


def layout(seed: int, place: Place, light: Light, weather: Weather) -> Layout:
    """Where the camera of scene ``seed`` hangs and what it looks at; view is for 640 x 360."""
    rng = np.random.default_rng([seed, 11])
    yaw = float(rng.uniform(-0.16, 0.16))
    each = int(rng.integers(1, 4))
    if place == "checkpoint":
        lanes = int(rng.integers(2, 5))
        near = tuple((index - (lanes - 1) / 2) * LANE_M for index in range(lanes))
        view = View(640, 360, 6.8, math.radians(13), 0.0, 1.15, 0.0)
        half = lanes * LANE_M / 2 + 0.8
        return Layout(place, light, weather, view, (), near, half, (half + 6.0,))
    if place == "plaza":
        view = View(640, 360, 7.5, math.radians(17), yaw, 0.8, 0.0)
        return Layout(place, light, weather, view, (), (), 0.0, (-9.0, -4.5, 0.0, 3.5, 8.0))
    away = tuple(LANE_M * (0.5 + index) + 0.2 for index in range(each))
    near = tuple(-lane for lane in away)
    half = each * LANE_M + 0.9
    walks = (half + 2.6, -half - 2.6)
    if place == "highpoint":
        view = View(640, 360, 34.0, math.radians(21), yaw, 0.85, float(rng.uniform(-4, 4)))
        return Layout(place, light, weather, view, away, near, half, walks)
    offset = float(rng.choice([-1, 1]) * rng.uniform(0.3, 1.0) * half)
    view = View(640, 360, float(rng.uniform(6.5, 9.0)), math.radians(float(rng.uniform(8, 14))),
                yaw - offset * 0.012, float(rng.uniform(0.72, 0.95)), offset)  # fmt: skip
    return Layout(place, light, weather, view, away, near, half, walks)


def backdrop(seed: int, plan: Layout, width: int, height: int) -> Picture:
    """Draw it: (height, width, 3) RGB."""
    factor = 2.0 if width < 1000 else 1.5
    big = (int(width * factor), int(height * factor))
    canvas = Canvas(plan.view.scaled(*big), palette(plan.light, plan.weather))
    rng = np.random.default_rng([seed, 23])
    canvas.sky(noise(rng, big[1], big[0], coarse=5, stretch=2.6))
    painter = _Painter(canvas, plan, rng)
    painter.skyline()
    painter.floor()
    painter.things()
    grain = 0.94 + 0.12 * noise(rng, height, width, coarse=90)
    return canvas.finish(width, height, grain)


class _Painter:
    """Paints one layout from far to near."""

    def __init__(self, canvas: Canvas, plan: Layout, rng: np.random.Generator) -> None:
        self.canvas = canvas
        self.plan = plan
        self.rng = rng
        self.mood = canvas.mood

    # -- far away -------------------------------------------------------------------------------

    def skyline(self) -> None:
        """Two rows of far blocks, pale with distance."""
        for depth, count, tall in ((_FAR_M * 1.6, 26, 90.0), (_FAR_M * 1.05, 20, 60.0)):
            for _ in range(count):
                x = float(self.rng.uniform(-depth * 0.9, depth * 0.9))
                wide = float(self.rng.uniform(18, 55))
                high = float(self.rng.uniform(0.25, 1.0)) * tall
                points = _upright(x, x + wide, 0.0, high, depth)
                self.canvas.quad(points, self._tone((150, 158, 168)), depth * 0.62)
                if self.mood.lit_windows:
                    self._far_windows(x, wide, high, depth)

    def _far_windows(self, x: float, wide: float, high: float, depth: float) -> None:
        for _ in range(int(wide * high / 60)):
            if self.rng.random() < self.mood.lit_windows:
                left = x + float(self.rng.uniform(1, wide - 3))
                low = float(self.rng.uniform(2, max(high - 4, 3)))
                self.canvas.quad(
                    _upright(left, left + 2.2, low, low + 1.8, depth), (255, 214, 150), depth * 0.5, 0.5
                )

    # -- the ground -----------------------------------------------------------------------------

    def floor(self) -> None:
        """Land, pavement, road and its markings, in slices so that haze follows depth."""
        edges = np.concatenate([np.array([0.5]), np.geomspace(4, _FAR_M * 2.4, 30), np.array([4e4])])
        plan = self.plan
        land = self._snowed((112, 128, 94) if plan.place != "plaza" else (150, 148, 144), 0.85)
        pavement = self._snowed((158, 154, 148), 0.7)
        road = self._snowed((86, 88, 92), 0.32)
        for near, far in itertools.pairwise(edges):
            depth = float(near + far) / 2
            self.canvas.ground(_flat(-900, 900, near, far), land, depth, mirror=plan.place == "plaza")
            if plan.place == "plaza":
                continue
            reach = plan.half_road + 5.2
            self.canvas.ground(_flat(-reach, reach, near, far), pavement, depth)
            for side in (-1, 1):
                kerb = side * plan.half_road
                self.canvas.ground(
                    _flat(kerb, kerb + side * 0.28, near, far), self._snowed((196, 194, 188), 0.5), depth
                )
            self.canvas.ground(_flat(-plan.half_road, plan.half_road, near, far), road, depth, mirror=True)
        if plan.place == "plaza":
            self._tiles()
        else:
            self._markings()

    def _tiles(self) -> None:
        line = self._snowed((128, 127, 124), 0.8)
        for z in np.arange(4, 60, 3.0):
            self.canvas.ground(_flat(-60, 60, z, z + 0.1), line, float(z), mirror=True)
        for x in np.arange(-48, 49, 3.0):
            self.canvas.ground(_flat(x, x + 0.1, 1.0, 60), line, 20.0, mirror=True)
        for z in np.arange(10, 60, 12.0):
            self.canvas.ground(
                _flat(-11.5, 11.5, z, z + 1.2), self._snowed((168, 136, 112), 0.8), float(z), mirror=True
            )

    def _markings(self) -> None:
        plan = self.plan
        white = self._snowed((214, 214, 208), 0.2)
        yellow = self._snowed((204, 164, 62), 0.2)
        centres = sorted((*plan.away, *plan.near))
        for left, right in itertools.pairwise(centres):
            middle = (left + right) / 2
            if left < 0 < right and plan.away:
                for shift in (-0.22, 0.1):
                    self._stripe(middle + shift, 0.13, yellow)
            else:
                for z in np.arange(3, 260, 9.0):
                    self._dash(middle - 0.07, 0.15, float(z), float(z) + 4.0, white)
        for side in (-1, 1):
            self._stripe(side * (plan.half_road - 0.55), 0.14, white)
        stop = {"road": 19.0, "highpoint": 64.0}.get(plan.place)
        if stop is not None:
            for x in np.arange(-plan.half_road + 0.7, plan.half_road - 0.7, 0.95):
                self._dash(float(x), 0.48, stop, stop + 4.2, white)
            self._dash(-plan.half_road + 0.6, plan.half_road - 0.8, stop + 6.0, stop + 6.4, white)
        if plan.place == "checkpoint":
            self._dash(-plan.half_road + 0.6, 2 * plan.half_road - 1.2, 15.0, 15.35, white)
            for lane in plan.near:
                self._arrow(lane, 21.0, white)

    def _arrow(self, x: float, z: float, colour: Colour) -> None:
        self._dash(x - 0.09, 0.18, z, z + 3.2, colour)
        head = np.array([[x - 0.45, 0, z + 0.2], [x + 0.45, 0, z + 0.2], [x, 0, z - 1.5]])
        self.canvas.ground(head, colour, z, mirror=True)

    def _stripe(self, x: float, wide: float, colour: Colour) -> None:
        edges = np.geomspace(1.0, 400, 18)
        for near, far in itertools.pairwise(edges):
            self._dash(x, wide, float(near), float(far), colour)

    def _dash(self, x: float, wide: float, near: float, far: float, colour: Colour) -> None:
        self.canvas.ground(_flat(x, x + wide, near, far), colour, (near + far) / 2, mirror=True)

    # -- what stands on it ----------------------------------------------------------------------

    def things(self) -> None:
        """Buildings, trees and lamps of both sides, far to near, each with its shadow."""
        wanted: list[tuple[float, int, str, float]] = []
        plan = self.plan
        edge = plan.half_road + 5.5 if plan.place != "plaza" else 15.0
        for side in (-1, 1):
            z = float(self.rng.uniform(2, 10))
            while z < _FAR_M * 0.9:
                length = float(self.rng.uniform(16, 38))
                wanted.append((z + length, side, "building", length))
                z += length + float(self.rng.uniform(2, 14))
            spacing = float(self.rng.uniform(9, 14))
            start = 6.0 if plan.place != "highpoint" else 20.0
            wanted += [(float(z), side, "tree", 0.0) for z in np.arange(start + 3, 190, spacing)]
            wanted += [(float(z), side, "lamp", 0.0) for z in np.arange(start + 8, 260, 30.0)]
        if plan.place == "plaza":
            wanted.append((46.0, 0, "hall", 0.0))
        for z, side, kind, length in sorted(wanted, reverse=True):
            if kind == "building":
                self._building(side, edge + float(self.rng.uniform(3, 9)), z - length, length)
            elif kind == "tree":
                self._tree(side * (edge - 1.2 + float(self.rng.uniform(-0.4, 0.8))), z)
            elif kind == "lamp":
                self._lamp(side, z)
            else:
                self._hall(z)

    def _building(self, side: int, away: float, z: float, length: float) -> None:
        high = float(self.rng.uniform(11, 22) if self.rng.random() < 0.55 else self.rng.uniform(24, 58))
        if self.plan.place == "highpoint":
            high *= 0.55
        wall = _FACADES[int(self.rng.integers(len(_FACADES)))]
        deep = float(self.rng.uniform(12, 26))
        x0, x1 = side * away, side * (away + deep)
        reach = side * max(away - high * 0.28, self.plan.half_road * -0.4)
        if side < 0:
            self.canvas.shadow(
                np.array([[x0, 0, z], [x0, 0, z + length], [reach, 0, z + length - 3], [reach, 0, z - 3]]),
                0.85,
            )
        floors = max(int(high / 3.1), 2)
        depth = z + length / 2
        top = np.array([[x0, high, z], [x1, high, z], [x1, high, z + length], [x0, high, z + length]])
        self.canvas.quad(top, self._snowed(_shade(wall, 0.7), 0.9), depth)
        sunny = 0.82 if side > 0 else 1.0
        facing = _wall((x0, z), (x0, z + length), high)
        self.canvas.quad(facing, _shade(wall, sunny), depth)
        self._windows((x0, z), (x0, z + length), floors, high, sunny)
        self.canvas.quad(_wall((x0, z), (x1, z), high), _shade(wall, 0.66), z)
        self._windows((x0, z), (x1, z), floors, high, 0.66)
        self._shop(x0, z, length, depth)

    def _windows(
        self, start: tuple[float, float], end: tuple[float, float], floors: int, high: float, shade: float
    ) -> None:
        """A grid of panes on a wall from ``start`` to ``end`` (x, z)."""
        wide = math.dist(start, end)
        columns = max(int(wide / 3.2), 1)
        depth = max((start[1] + end[1]) / 2, 1.0)
        if depth > 230:
            return
        lift = high / floors
        glass = _shade((96, 116, 136), 0.55 + 0.5 * shade)
        for column in range(columns):
            left, right = (column + 0.24) / columns, (column + 0.76) / columns
            for level in range(1, floors):
                lit = self.rng.random() < self.mood.lit_windows
                tone = float(self.rng.uniform(0.8, 1.15))
                low, top = (level + 0.22) * lift, (level + 0.78) * lift
                points = _panel(start, end, (left, right), (low, top))
                if lit:
                    warm: Colour = (255, 208, 142) if self.rng.random() < 0.7 else (214, 226, 240)
                    self.canvas.quad(points, _shade(warm, tone * 0.85), depth, 0.62)
                else:
                    self.canvas.quad(points, _shade(glass, tone), depth)

    def _shop(self, x: float, z: float, length: float, depth: float) -> None:
        """The ground floor: glass fronts under plain coloured bands, nothing written on them."""
        count = max(int(length / 7), 1)
        for index in range(count):
            share = (index + 0.06) / count, (index + 0.94) / count
            sign = _SIGNS[int(self.rng.integers(len(_SIGNS)))]
            light = 0.55 if self.mood.lamps > 0.5 else 0.0
            ends = (x, z), (x, z + length)
            self.canvas.quad(_panel(*ends, share, (0.2, 2.5)), (112, 122, 128), depth, light * 0.6)
            self.canvas.quad(_panel(*ends, share, (2.6, 3.5)), sign, depth, light)

    def _tree(self, x: float, z: float) -> None:
        high = float(self.rng.uniform(3.6, 5.4))
        at = self.canvas.view.point(x, high, z)
        if at is None or at[2] > 160 * self.canvas.view.width / 640:
            return
        shadow = [[x - 3.4 + 2.6 * math.cos(a), 0, z + 1.7 * math.sin(a)] for a in np.linspace(0, 6.28, 14)]
        self.canvas.shadow(np.array(shadow), 0.8)
        self.canvas.quad(_upright(x - 0.14, x + 0.14, 0.0, high, z), (88, 72, 58), z)
        base = (70, 100, 56) if self.rng.random() < 0.7 else (96, 112, 58)
        crown = at[2] * float(self.rng.uniform(1.5, 2.1))
        for index in range(34):
            share = index / 34
            angle = float(self.rng.uniform(0, 2 * math.pi))
            reach = crown * float(self.rng.uniform(0, 0.86)) ** 0.7
            u = at[0] + reach * math.cos(angle) * 1.05 - share * crown * 0.12
            v = at[1] + reach * math.sin(angle) * 0.8 - share * crown * 0.22
            tone = 0.62 + 0.62 * share + float(self.rng.uniform(-0.07, 0.07))
            leaf = self._snowed(_shade(base, tone), 0.15 + 0.6 * share)
            radius = crown * float(self.rng.uniform(0.2, 0.38))
            self.canvas.disc((u, v), (radius, radius * 0.86), self.canvas.hazed(leaf, z))

    def _lamp(self, side: int, z: float) -> None:
        edge = self.plan.half_road + 0.9 if self.plan.place != "plaza" else 12.0
        x, high = side * edge, 8.6 if self.plan.place != "plaza" else 5.0
        grey = (104, 108, 112)
        self.canvas.quad(_upright(x - 0.09, x + 0.09, 0, high, z), grey, z)
        reach = x - side * 1.9
        arm = np.array([[x, high - 0.14, z], [x, high, z], [reach, high + 0.34, z], [reach, high + 0.22, z]])
        self.canvas.quad(arm, grey, z)
        if self.mood.lamps > 0.3:
            self.canvas.lamp((reach, high + 0.1, z), 8.5)
        else:
            self.canvas.quad(
                _upright(reach - 0.5, reach + 0.3, high + 0.2, high + 0.38, z), (190, 192, 194), z
            )

    def _hall(self, z: float) -> None:
        """The long building at the end of a square."""
        wall = (190, 178, 160)
        self.canvas.quad(_wall((-26, z), (26, z), 13.0), _shade(wall, 0.95), z)
        self._windows((-26, z), (26, z), 4, 13.0, 0.95)
        light = 0.5 if self.mood.lamps > 0.5 else 0.0
        self.canvas.quad(_panel((-26, z), (26, z), (0.04, 0.96), (0.1, 2.7)), (104, 116, 124), z, light * 0.5)
        self.canvas.quad(_panel((-26, z), (26, z), (0.3, 0.7), (2.8, 4.2)), (186, 70, 58), z, light)

    # -- colours --------------------------------------------------------------------------------

    def _tone(self, colour: Colour) -> Colour:
        return _shade(colour, float(self.rng.uniform(0.9, 1.06)))

    def _snowed(self, colour: Colour, share: float) -> Colour:
        white = self.mood.white * share
        red, green, blue = (
            part * (1 - white) + snow * white for part, snow in zip(colour, (236, 240, 246), strict=True)
        )
        return red, green, blue


def _shade(colour: Colour, factor: float) -> Colour:
    return (min(colour[0] * factor, 255.0), min(colour[1] * factor, 255.0), min(colour[2] * factor, 255.0))


def _flat(x0: float, x1: float, z0: float, z1: float) -> Points:
    return np.array([[x0, 0.0, z0], [x1, 0.0, z0], [x1, 0.0, z1], [x0, 0.0, z1]])


def _upright(x0: float, x1: float, y0: float, y1: float, z: float) -> Points:
    return np.array([[x0, y0, z], [x1, y0, z], [x1, y1, z], [x0, y1, z]])


def _wall(start: tuple[float, float], end: tuple[float, float], high: float) -> Points:
    return _panel(start, end, (0.0, 1.0), (0.0, high))


def _panel(
    start: tuple[float, float], end: tuple[float, float], along: tuple[float, float], up: tuple[float, float]
) -> Points:
    """Part of a wall from ``start`` to ``end``: shares ``along`` it, metres ``up``."""
    (xa, za), (xb, zb) = start, end
    left = (xa + (xb - xa) * along[0], za + (zb - za) * along[0])
    right = (xa + (xb - xa) * along[1], za + (zb - za) * along[1])
    return np.array(
        [
            [left[0], up[0], left[1]],
            [right[0], up[0], right[1]],
            [right[0], up[1], right[1]],
            [left[0], up[1], left[1]],
        ]
    )
