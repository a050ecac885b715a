"""Vehicles and figures as small pictures: plain solids without features, seen from the scene's camera.

A vehicle is two boxes, a figure a few strokes. Nothing that could identify anybody or any plate is drawn.
Drawn once for every model, lane and distance step, then kept.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from civicam.simulator.scene.palette import Colour, Palette
from civicam.simulator.scene.view import Points, View
from civicam.simulator.yuv import Overlay, overlay

_GLOWS = 0.2
"""From this brightness of lamps on, lights have a halo."""
_HALO = 150
"""Its alpha."""


@dataclass(frozen=True, slots=True)
class Model:
    """Metres. ``cabin`` is (start, end) of the upper box as shares of the length, from the front."""

    length: float
    width: float
    height: float
    waist: float
    cabin: tuple[float, float]
    taper: float


CAR = Model(4.5, 1.82, 1.5, 0.86, (0.24, 0.92), 0.16)
VAN = Model(5.0, 1.9, 2.0, 1.0, (0.14, 0.99), 0.1)
BUS = Model(11.0, 2.5, 3.1, 1.15, (0.0, 1.0), 0.0)
TRUCK = Model(7.5, 2.3, 2.9, 1.1, (0.26, 1.0), 0.0)
MODELS = (CAR, CAR, CAR, VAN, CAR, TRUCK, CAR, BUS)
COATS: tuple[Colour, ...] = (
    (226, 228, 230), (52, 56, 62), (168, 172, 176), (158, 42, 40), (46, 78, 132), (214, 214, 206),
    (112, 116, 112), (72, 96, 84), (188, 150, 88),
)  # fmt: skip
CLOTHES: tuple[Colour, ...] = (
    (64, 72, 92), (150, 72, 62), (84, 104, 84), (176, 164, 140), (60, 60, 64), (106, 86, 120), (70, 110, 140),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sprite:
    """An overlay and where its ground point lies in it."""

    piece: Overlay
    anchor_u: float
    anchor_v: float


@dataclass(frozen=True, slots=True)
class Look:
    """A vehicle's model, coat and whether it drives away from the camera."""

    model: Model
    coat: Colour
    away: bool


def vehicle(view: View, mood: Palette, look: Look, x: float, z: float) -> Sprite | None:
    """A vehicle whose nearest end stands at (x, z); None when it is out of sight or only a speck."""
    anchor = view.point(x, 0.0, z)
    if anchor is None or anchor[2] < 1.6:
        return None
    panels = _vehicle_panels(look, x, z)
    points = [
        (seen, colour, glow) for panel, colour, glow in panels if (seen := view.polygon(panel)) is not None
    ]
    if not points:
        return None
    pixels = np.concatenate([seen for seen, _, _ in points])
    reach = anchor[2] * (0.6 if mood.lamps > _GLOWS else 0.3)
    sheet = _Sheet(view, pixels, reach, mood, z)
    if sheet.empty:
        return None
    sheet.shadow(view.polygon(_footprint(look.model, x, z)))
    for seen, colour, glow in points:
        sheet.panel(seen, colour, glow)
    _lights(sheet, view, look, x, z)
    return sheet.sprite(anchor)


def _vehicle_panels(look: Look, x: float, z: float) -> list[tuple[Points, Colour, float]]:
    """Faces far to near: (corners, colour, own light)."""
    model, coat = look.model, look.coat
    half, far = model.width / 2, z + model.length
    glass: Colour = (46, 56, 66)
    start, end = model.cabin if not look.away else (1 - model.cabin[1], 1 - model.cabin[0])
    c0, c1 = z + start * model.length, z + end * model.length
    slope = model.taper * model.length
    front_in, back_in = (slope, slope * 0.6) if not look.away else (slope * 0.6, slope)
    top_half = half * (0.86 if model.taper else 1.0)
    low, waist, high = 0.22, model.waist, model.height
    side = -1.0 if x > 0 else 1.0
    sx, tx = x + side * half, x + side * top_half

    def box(points: list[tuple[float, float, float]]) -> Points:
        return np.array(points)

    cargo = model is TRUCK
    upper = glass if not cargo else (186, 188, 186)

    def flank(y0: float, y1: float, z0: float, z1: float, lean: tuple[float, float] = (0.0, 0.0)) -> Points:
        return box([(sx, y0, z0), (sx, y0, z1), (tx if y1 == high else sx, y1, z1 - lean[1]),
                    (tx if y1 == high else sx, y1, z0 + lean[0])])  # fmt: skip

    def across(y0: float, z0: float, y1: float, z1: float, top: float) -> Points:
        return box([(x - half, y0, z0), (x + half, y0, z0), (x + top, y1, z1), (x - top, y1, z1)])

    roof = [
        (-top_half, c0 + front_in),
        (top_half, c0 + front_in),
        (top_half, c1 - back_in),
        (-top_half, c1 - back_in),
    ]
    panels = [
        (flank(low, waist, z, far), _dim(coat, 0.62), 0.0),
        (across(waist, z, waist, far, half), _dim(coat, 1.05), 0.0),
        (across(low, z, waist, z, half), _dim(coat, 0.84), 0.0),
        (across(low, z, low + 0.2, z, half), (34.0, 36.0, 38.0), 0.0),
        (flank(waist, high, c0, c1, (front_in, back_in)), _dim(upper, 0.7), 0.0),
        (across(waist, c0, high, c0 + front_in, top_half), _dim(upper, 1.0), 0.0),
        (box([(x + dx, high, at) for dx, at in roof]), _dim(upper if cargo else coat, 1.12), 0.0),
    ]
    if model is BUS:
        panels.append((across(high - 0.55, z - 0.01, high, z - 0.01, half), _dim(coat, 0.9), 0.0))
    return panels


def _footprint(model: Model, x: float, z: float) -> Points:
    half = model.width / 2 + 0.25
    return np.array(
        [
            [x - half - 0.5, 0, z - 0.2],
            [x + half, 0, z - 0.2],
            [x + half, 0, z + model.length],
            [x - half - 0.5, 0, z + model.length],
        ]
    )


def _lights(sheet: _Sheet, view: View, look: Look, x: float, z: float) -> None:
    """Two lamps at the end that is seen: white in front, red behind."""
    half = look.model.width / 2 - 0.22
    for side in (-half, half):
        at = view.point(x + side, look.model.waist - 0.2, z)
        if at is not None:
            sheet.lamp((at[0], at[1]), at[2], look.away)


def figure(view: View, mood: Palette, cloth: Colour, step: int, at: tuple[float, float]) -> Sprite | None:
    """A walking figure at ``at`` (x, z), legs together (``step`` 0) or apart (1); no features."""
    x, z = at
    anchor = view.point(x, 0.0, z)
    if anchor is None or anchor[2] < 3.0:
        return None
    unit = anchor[2]
    u, v = anchor[0], anchor[1]
    top = view.point(x, 1.72, z)
    tall = v - top[1] if top is not None else 1.7 * unit
    box = np.array([[u - 0.6 * unit, v - tall], [u + 0.6 * unit, v + 0.2 * unit]])
    sheet = _Sheet(view, box, 0.2 * unit, mood, z)
    if sheet.empty:
        return None
    near, far = z - 0.15, z + 0.3
    west, east = x - 1.0, x + 0.2
    shade = np.array([[west, 0, near], [east, 0, near], [east, 0, far], [west, 0, far]])
    sheet.shadow(view.polygon(shade))
    swing = 0.16 * unit * math.sin(step * math.pi / 2)
    thigh, ankle, hip = 0.08 * unit, 0.07 * unit, v - 0.5 * tall
    for sign in (-1, 1):
        end = u + sign * swing
        leg = np.array([[u - thigh, hip], [u + thigh, hip], [end + ankle, v], [end - ankle, v]])
        sheet.panel(leg, (52, 54, 62), 0.0)
    body = np.array([[u - 0.2 * unit, v - 0.8 * tall], [u + 0.2 * unit, v - 0.8 * tall],
                     [u + 0.17 * unit, v - 0.44 * tall], [u - 0.17 * unit, v - 0.44 * tall]])  # fmt: skip
    sheet.panel(body, cloth, 0.0)
    sheet.blob((u, v - 0.9 * tall), 0.105 * tall * 0.85, (118, 96, 82))
    return sheet.sprite(anchor)


class _Sheet:
    """A transparent sheet around ``pixels``, cut to the picture, drawn larger and scaled down."""

    def __init__(self, view: View, pixels: Points, reach: float, mood: Palette, depth: float) -> None:
        limits = np.array([view.width, view.height_px]) + 16.0
        low = np.clip(pixels.min(axis=0) - reach - 2, -16.0, limits)
        high = np.clip(pixels.max(axis=0) + reach + 2, -16.0, limits)
        self.left, self.top = (2 * int(part // 2) for part in low)
        self.width = 2 * int((high[0] - self.left) // 2 + 1)
        self.height = 2 * int((high[1] - self.top) // 2 + 1)
        self.empty = min(self.width, self.height) < 4
        self.factor = 3 if self.width < 64 else 2 if self.width < 420 else 1
        self.mood = mood
        self.clear = math.exp(-depth / mood.haze_m)
        size = (self.width * self.factor, self.height * self.factor)
        # Four plain channels, colours already multiplied by alpha: scaling an RGBA image converts it twice.
        self.solid = Image.new("CMYK", size)
        self.glow = Image.new("CMYK", (self.width, self.height)) if mood.lamps > _GLOWS else None
        self.under = Image.new("L", (self.width, self.height))
        self._draw = ImageDraw.Draw(self.solid)

    def _at(self, points: Points) -> list[tuple[float, float]]:
        return [((u - self.left) * self.factor, (v - self.top) * self.factor) for u, v in points]

    def shadow(self, seen: Points | None) -> None:
        """What the thing darkens under it."""
        if seen is not None:
            ImageDraw.Draw(self.under).polygon([(u - self.left, v - self.top) for u, v in seen], fill=110)

    def panel(self, seen: Points, colour: Colour, glow: float) -> None:
        """A lit panel."""
        light = [
            min(part * (ambient + 0.08 * self.mood.lamps) + glow, 255)
            for part, ambient in zip(colour, self.mood.ambient, strict=True)
        ]
        mixed = [
            int(self.clear * own + (1 - self.clear) * far)
            for own, far in zip(light, self.mood.haze, strict=True)
        ]
        self._draw.polygon(self._at(seen), fill=(mixed[0], mixed[1], mixed[2], 255))

    def blob(self, centre: tuple[float, float], radius: float, colour: Colour) -> None:
        """A round thing."""
        angles = np.linspace(0, 2 * math.pi, 12, endpoint=False)
        self.panel(
            np.stack([centre[0] + radius * np.cos(angles), centre[1] + radius * np.sin(angles)], axis=1),
            colour,
            0,
        )

    def lamp(self, at: tuple[float, float], unit: float, away: bool) -> None:
        """A headlight or tail light; it shines by night and is a small dot by day."""
        colour = (210, 40, 34) if away else (255, 248, 226)
        (u, v), lamps = self._at(np.array([at]))[0], self.mood.lamps
        size = max(0.13 * unit * self.factor, 1.5)
        self._draw.ellipse((u - size, v - size * 0.7, u + size, v + size * 0.7), fill=(*colour, 255))
        if self.glow is not None:
            halo = size * (2.6 if away else 4.2) * lamps
            edges = [part / self.factor for part in (u - halo, v - halo, u + halo, v + halo)]
            light = [part * _HALO // 255 for part in colour]
            ImageDraw.Draw(self.glow).ellipse(edges, fill=(light[0], light[1], light[2], _HALO))

    def sprite(self, anchor: tuple[float, float, float]) -> Sprite:
        """The finished piece, from premultiplied sheets laid over each other: shadow, solid, glow."""
        solid = np.asarray(self.solid.reduce(self.factor), dtype=np.float32)
        under = self.under.filter(ImageFilter.BoxBlur(1.5))
        colour, alpha = solid[:, :, :3], solid[:, :, 3]
        strength = np.float32(0.35 + 0.65 * min(max(self.mood.ambient), 1.0))
        alpha = alpha + np.asarray(under, dtype=np.float32) * strength * (1 - alpha / np.float32(255))
        if self.glow is not None:
            soft = self.glow.filter(ImageFilter.BoxBlur(self.width / 16 + 1))
            glow = np.asarray(soft, dtype=np.float32)
            rest = 1 - glow[:, :, 3] / np.float32(255)
            colour = glow[:, :, :3] + colour * rest[:, :, None]
            alpha = glow[:, :, 3] + alpha * rest
        return Sprite(overlay(colour, alpha), anchor[0] - self.left, anchor[1] - self.top)


def _dim(colour: Colour, factor: float) -> Colour:
    return min(colour[0] * factor, 255), min(colour[1] * factor, 255), min(colour[2] * factor, 255)
