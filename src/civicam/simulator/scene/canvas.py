"""What a backdrop is painted on: surface colour, own light, shadow and lamp light, joined at the end.

Painted larger than needed and scaled down, so edges are smooth. Distance haze is applied polygon by
polygon, as it is painted; light afterwards, to the whole.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from civicam.simulator.scene.palette import Colour, Palette
from civicam.simulator.scene.view import Points, View

Picture = NDArray[np.uint8]


class Canvas:
    """One picture in the making, seen by ``view`` (already scaled to the canvas) under ``mood``."""

    def __init__(self, view: View, mood: Palette) -> None:
        size = (view.width, view.height_px)
        self.view = view
        self.mood = mood
        self._surface = Image.new("RGB", size)
        self._own_light = Image.new("RGB", size)
        self._shadow = Image.new("L", size)
        self._pools = Image.new("L", size)
        self._ground = Image.new("L", size)
        self._paint = ImageDraw.Draw(self._surface)
        self._glow = ImageDraw.Draw(self._own_light)
        self._shade = ImageDraw.Draw(self._shadow)
        self._pool = ImageDraw.Draw(self._pools)
        self._floor = ImageDraw.Draw(self._ground)

    # -- painting -------------------------------------------------------------------------------

    def hazed(self, colour: Colour, depth: float) -> tuple[int, int, int]:
        """The colour as seen through ``depth`` metres of air."""
        clear = math.exp(-max(depth, 0.0) / self.mood.haze_m)
        red, green, blue = (
            int(clear * own + (1 - clear) * far / max(light, 0.12))
            for own, far, light in zip(colour, self.mood.haze, self.mood.ambient, strict=True)
        )
        return min(red, 255), min(green, 255), min(blue, 255)

    def quad(self, points: Points, colour: Colour, depth: float, light: float = 0.0) -> None:
        """A polygon that stands in the world, before the ground; ``light`` 0..1 makes it shine."""
        flat = self._surface_of(points, colour, depth, light)
        if flat:
            for mask in (self._shade, self._pool, self._floor):
                mask.polygon(flat, fill=0)

    def _surface_of(
        self, points: Points, colour: Colour, depth: float, light: float
    ) -> list[tuple[float, float]]:
        seen = self.view.polygon(points)
        if seen is None:
            return []
        flat = [(float(u), float(v)) for u, v in seen]
        self._paint.polygon(flat, fill=self.hazed(colour, depth))
        clear = math.exp(-depth / self.mood.haze_m)
        shine = tuple(int(part * light * clear) for part in colour)
        self._glow.polygon(flat, fill=(shine[0], shine[1], shine[2]))
        return flat

    def ground(self, points: Points, colour: Colour, depth: float, *, mirror: bool = False) -> None:
        """A polygon on the ground; ``mirror`` marks what shines when wet."""
        flat = self._surface_of(points, colour, depth, 0.0)
        if mirror and flat:
            self._floor.polygon(flat, fill=255)

    def shadow(self, points: Points, strength: float) -> None:
        """A shadow on the ground, 0..1."""
        seen = self.view.polygon(points)
        if seen is not None:
            self._shade.polygon([(float(u), float(v)) for u, v in seen], fill=int(255 * strength))

    def disc(
        self, centre: tuple[float, float], radius: tuple[float, float], colour: tuple[int, int, int]
    ) -> None:
        """An ellipse in pixels, colour already hazed."""
        self._paint.ellipse(_box(centre, radius), fill=colour)
        self._glow.ellipse(_box(centre, radius), fill=(0, 0, 0))
        for mask in (self._shade, self._pool, self._floor):
            mask.ellipse(_box(centre, radius), fill=0)

    def lamp(self, head: tuple[float, float, float], reach: float) -> None:
        """A street lamp: its head glows, its light lies on the ground ``reach`` metres around."""
        x, y, z = head
        at = self.view.point(x, y, z)
        angles = np.linspace(0, 2 * math.pi, 24, endpoint=False)
        for share, level in ((1.0, 70), (0.72, 120), (0.45, 190)):
            ring = np.stack(
                [x + reach * share * np.cos(angles), np.zeros(24), z + reach * share * np.sin(angles)], axis=1
            )
            seen = self.view.polygon(ring)
            if seen is not None:
                self._pool.polygon([(float(u), float(v)) for u, v in seen], fill=level)
        if at is not None:
            radius = max(0.28 * at[2], 1.5)
            self._paint.ellipse(_box(at[:2], (radius, radius * 0.6)), fill=(240, 240, 230))
            self._glow.ellipse(_box(at[:2], (radius, radius * 0.6)), fill=(255, 232, 190))

    # -- joining --------------------------------------------------------------------------------

    def sky(self, noise: NDArray[np.float32]) -> None:
        """Gradient and clouds down to the horizon; ``noise`` is 0..1, at least as large as the canvas."""
        height = int(min(max(self.view.horizon, 0), self.view.height_px)) + 2
        share = np.linspace(0, 1, height, dtype=np.float32)[:, None, None] ** 1.3
        top, low = (np.array(colour, dtype=np.float32) for colour in (self.mood.sky_top, self.mood.sky_low))
        sky = (1 - share) * top + share * low
        cloud = np.clip((noise[:height, : self.view.width] - 0.5) * 2.6, 0, 1)[:, :, None] * self.mood.clouds
        sky = sky * (1 - cloud) + (low * 0.55 + 255 * 0.45 * max(self.mood.ambient)) * cloud
        sky = sky / np.maximum(np.array(self.mood.ambient, dtype=np.float32), 0.12)
        self._surface.paste(Image.fromarray(np.clip(sky, 0, 255).astype(np.uint8)), (0, 0))

    def finish(self, width: int, height: int, grain: NDArray[np.float32]) -> Picture:
        """The picture (height, width, 3), lit; ``grain`` about 1.0 is the texture of the ground."""
        size = (width, height)
        unit = max(width / 640, 1.0)
        surface = _floats(self._surface.resize(size, Image.Resampling.BOX))
        ground = _floats(self._ground.resize(size, Image.Resampling.BOX))[:, :, None] / np.float32(255)
        surface *= 1 + (grain[:height, :width, None] - 1) * (0.35 + 0.65 * ground)
        mood = self.mood
        light = np.array(mood.ambient, dtype=np.float32) * np.ones_like(surface)
        shadow = self._shadow.resize(size, Image.Resampling.BOX).filter(ImageFilter.GaussianBlur(1.6 * unit))
        light *= 1 - mood.shadow * _floats(shadow)[:, :, None] / 255
        pools = self._pools.resize(size, Image.Resampling.BOX).filter(ImageFilter.GaussianBlur(9 * unit))
        light += (
            _floats(pools)[:, :, None] / 255 * mood.lamps * np.array([0.92, 0.74, 0.47], dtype=np.float32)
        )
        own = self._own_light.resize(size, Image.Resampling.BOX)
        lit = surface * light + _floats(own)
        if mood.lamps:
            bloom = _floats(own.filter(ImageFilter.GaussianBlur(5 * unit))) * 1.1
            bloom += _floats(own.filter(ImageFilter.GaussianBlur(16 * unit))) * 0.9
            lit += bloom * mood.lamps
        if mood.wet:
            lit = lit * (1 - 0.25 * ground) + _smear(lit, _floats(own), ground, unit)
        rows = np.linspace(-1, 1, height, dtype=np.float32)[:, None, None]
        columns = np.linspace(-1, 1, width, dtype=np.float32)[None, :, None]
        lit *= 1.03 - 0.17 * (rows**2 + columns**2)
        return np.asarray(np.clip(lit, 0, 255).astype(np.uint8))


def _smear(
    lit: NDArray[np.float32], own: NDArray[np.float32], ground: NDArray[np.float32], unit: float
) -> NDArray[np.float32]:
    """What a wet road mirrors: everything above it, drawn out downwards."""
    mirrored = np.zeros_like(lit)
    keep = 1 - 0.022 / unit
    running = np.zeros_like(lit[0])
    for row in range(len(lit)):
        running = running * keep + (lit[row] * 0.35 + own[row] * 3) * (1 - keep)
        mirrored[row] = running
    return np.asarray(mirrored * ground * 0.85, dtype=np.float32)


def _floats(image: Image.Image) -> NDArray[np.float32]:
    return np.asarray(image, dtype=np.float32).copy()


def _box(centre: tuple[float, float], radius: tuple[float, float]) -> tuple[float, float, float, float]:
    return centre[0] - radius[0], centre[1] - radius[1], centre[0] + radius[0], centre[1] + radius[1]


def noise(
    rng: np.random.Generator, height: int, width: int, *, coarse: int, stretch: float = 1.0
) -> NDArray[np.float32]:
    """Fractal noise, 0..1, ``coarse`` cells across its largest waves."""
    total = np.zeros((height, width), dtype=np.float32)
    weight, norm = 1.0, 0.0
    cells = coarse
    for _ in range(5):
        rows = max(2, int(cells * stretch * height / width) + 2)
        small = Image.fromarray((rng.random((rows, cells + 2)) * 255).astype(np.uint8))
        total += weight * np.asarray(
            small.resize((width, height), Image.Resampling.BICUBIC), dtype=np.float32
        )
        norm += weight
        weight *= 0.55
        cells *= 2
    total /= norm * 255
    low, high = float(total.min()), float(total.max())
    return np.asarray((total - low) / max(high - low, 1e-6), dtype=np.float32)
