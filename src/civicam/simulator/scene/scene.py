"""A scene in motion: the backdrop, then vehicles and figures far to near, then rain or snow."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from civicam.simulator.scene.backdrop import Layout, backdrop, layout
from civicam.simulator.scene.mood import Mood
from civicam.simulator.scene.palette import palette
from civicam.simulator.scene.sprites import Sprite, figure, vehicle
from civicam.simulator.scene.traffic import PERIOD_S, Vehicle, Walker, traffic, vehicle_z, walker_place
from civicam.simulator.yuv import Bytes, Planes, from_rgb, lay, planes

_STEPS_PER_OCTAVE = 10
"""Distance steps of the sprite cache: one is 7 % of size."""
_SPECKS = 5
_RATE = 25.0
_PERIOD_TICKS = round(PERIOD_S * _RATE)
_STRIDE_TICKS = 2
"""Figures move at every second tick: they are slow, and where nothing else moves nothing need be drawn."""

_Key = tuple[object, ...]
_Laid = tuple[_Key, int, int]
"""A sprite's key, and its left and top pixel."""


_LARGE = 1280
"""Pixels of width from which a backdrop is enlarged."""


def ground(mood: Mood, width: int, height: int) -> Bytes:
    """The still part of a scene as I420: 0.3 to 0.4 s of work.

    A large one is drawn at half its size and enlarged: drawn in full, 1080p takes 1.2 s, which is longer than
    anybody should wait for a first picture, and a lens is no sharper.
    """
    plan = layout(mood.seed, mood.place, mood.light, mood.weather)
    if width < _LARGE or width % 4 or height % 4:
        return from_rgb(backdrop(mood.seed, plan, width, height))
    half = Image.fromarray(backdrop(mood.seed, plan, width // 2, height // 2))
    return from_rgb(np.asarray(half.resize((width, height), Image.Resampling.BICUBIC)))


class Scene:
    """One scene at one picture size. `draw` is a function of time; sprites are kept between calls.

    ``still`` is its `ground` if that was drawn elsewhere.
    Not for two threads at once.
    """

    def __init__(self, mood: Mood, width: int, height: int, still: Bytes | None = None) -> None:
        plan: Layout = layout(mood.seed, mood.place, mood.light, mood.weather)
        self.mood = mood
        self.width, self.height = width, height
        self._view = plan.view.scaled(width, height)
        self._palette = palette(mood.light, mood.weather)
        self._ground = ground(mood, width, height) if still is None else still
        self._traffic = traffic(mood.seed, plan)
        self._sprites: dict[_Key, Sprite | None] = {}
        self._specks = _specks(mood, width, height)
        self._reach = 190.0 if mood.place == "highpoint" else 110.0
        self._tick: int | None = None
        self._laid: list[_Laid] | None = None
        self._kept: dict[int, list[_Laid]] = {}
        self._picture = np.empty_like(self._ground)
        self._target = planes(self._picture)

    def draw(self, tick: int, rate: float = _RATE) -> Bytes:
        """The I420 picture of ``tick`` (of ``rate`` a second).

        It is shared: what is written on it is taken off again. It holds until the next tick is drawn.
        """
        if tick == self._tick:
            return self._picture
        self._tick = tick
        laid = self._places(tick) if rate == _RATE else self._placed(tick, rate)
        if laid == self._laid and self._specks is None:
            return self._picture  # nothing moved by a pixel
        self._laid = laid
        np.copyto(self._picture, self._ground)
        for key, left, top in laid:
            sprite = self._sprites[key]
            if sprite is not None:
                lay(self._target, sprite.piece, left, top)
        if self._specks is not None:
            self._fall(self._target, tick)
        return self._picture

    def _places(self, tick: int) -> list[_Laid]:
        """`_placed`, kept: everything repeats."""
        found = self._kept.get(tick % _PERIOD_TICKS)
        if found is None:
            found = self._kept[tick % _PERIOD_TICKS] = self._placed(tick % _PERIOD_TICKS, _RATE)
        return found

    def _placed(self, tick: int, rate: float) -> list[_Laid]:
        """What is laid where, far to near."""
        at = tick / rate % PERIOD_S
        stride = tick // _STRIDE_TICKS * _STRIDE_TICKS / rate % PERIOD_S
        moving: list[tuple[float, Vehicle | Walker, float]] = []
        for driven in self._traffic.vehicles:
            z = vehicle_z(driven, self._traffic.crossing_z, at)
            if 1.0 < z < self._reach:
                moving.append((z, driven, driven.x))
        for walker in self._traffic.walkers:
            place = walker_place(walker, stride)
            if place is not None:
                moving.append((place[1], walker, place[0]))
        moving.sort(key=lambda entry: -entry[0])
        laid = []
        for z, thing, x in moving:
            key = self._vehicle(thing, z) if isinstance(thing, Vehicle) else self._walker(thing, z, stride)
            sprite, at_point = self._sprites[key], self._view.point(x, 0.0, z)
            if sprite is not None and at_point is not None:
                u, v, _ = at_point
                laid.append((key, round(u - sprite.anchor_u), round(v - sprite.anchor_v)))
        return laid

    def _vehicle(self, driven: Vehicle, z: float) -> _Key:
        """The key of its sprite, which is drawn if it is new."""
        step, nominal = _step(z)
        key = (driven.look, driven.x, step)
        if key not in self._sprites:
            self._sprites[key] = vehicle(self._view, self._palette, driven.look, driven.x, nominal)
        return key

    def _walker(self, walker: Walker, z: float, at: float) -> _Key:
        step, nominal = _step(z)
        phase = int(at * 3.6 + walker.start[0] * 3) % 2
        key = (walker.cloth, step, phase)
        if key not in self._sprites:
            self._sprites[key] = figure(self._view, self._palette, walker.cloth, phase, (0.0, nominal))
        return key

    def _fall(self, target: Planes, tick: int) -> None:
        """Rain or snow: the prepared specks, shifted."""
        if self._specks is None:
            return
        places, bright, fall = self._specks[tick % _SPECKS]
        shifted = (places + (tick // _SPECKS * fall) * self.width) % (self.height * self.width)
        flat = target.y.reshape(-1)
        flat[shifted] = np.maximum(flat[shifted], bright)


def _step(z: float) -> tuple[int, float]:
    """The cache step of a distance and the distance drawn for it."""
    near = max(z, -10.0) + 12.0
    step = round(math.log2(near) * _STEPS_PER_OCTAVE)
    return step, 2.0 ** (step / _STEPS_PER_OCTAVE) - 12.0


_Specks = list[tuple[NDArray[np.int64], NDArray[np.uint8], int]]


def _specks(mood: Mood, width: int, height: int) -> _Specks | None:
    """Flat pixel positions and brightness of rain streaks or snowflakes, a few sets to rotate through."""
    if mood.weather not in ("rain", "snow"):
        return None
    rng = np.random.default_rng([mood.seed, 53])
    made: _Specks = []
    dark = 0.62 if mood.light == "night" else 1.0
    unit = width / 640
    for _ in range(_SPECKS):
        if mood.weather == "rain":
            count, long = 130, int(16 * unit)
            rows, columns = rng.integers(0, height - long, count), rng.integers(long, width, count)
            along = np.arange(long)
            places = (rows[:, None] + along) * width + columns[:, None] - along // 4
            bright = np.broadcast_to((rng.integers(120, 178, count) * dark)[:, None], places.shape)
            fall = int(23 * unit)
        else:
            count, side = 260, max(int(2 * unit), 1)
            rows, columns = rng.integers(0, height - side, count), rng.integers(0, width - side, count)
            square = (np.arange(side)[:, None] * width + np.arange(side)).reshape(-1)
            places = rows[:, None] * width + columns[:, None] + square
            bright = np.broadcast_to((rng.integers(205, 236, count) * dark)[:, None], places.shape)
            fall = int(9 * unit)
        made.append((places.reshape(-1).astype(np.int64), bright.reshape(-1).astype(np.uint8), fall))
    return made
