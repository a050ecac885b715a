"""What a camera burns into its picture: its own time with milliseconds, a frame counter, its name.

White letters with a dark rim, as cameras do. Letters are prepared once; a line keeps its finished picture
and repaints only the letters that changed, so a frame costs three small blends.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from civicam.kernel.clock import BEIJING
from civicam.simulator import strip
from civicam.simulator.yuv import Bytes, Overlay, Planes, lay, overlay

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

_CJK_FONTS = (
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc",
    "/usr/share/fonts/truetype/arphic/uming.ttc",
    "/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf",
)


@lru_cache(maxsize=1)
def cjk_font_file() -> str | None:
    """A font with Chinese letters of this machine; None when there is none."""
    return next((name for name in _CJK_FONTS if Path(name).is_file()), None)


@lru_cache(maxsize=8)
def _font(size: int) -> Font:
    found = cjk_font_file()
    return ImageFont.truetype(found, size) if found else ImageFont.load_default(size)


def _even(value: float) -> int:
    return 2 * int(value // 2 + 1)


@lru_cache(maxsize=512)
def _text(text: str, size: int, width: int, height: int) -> Overlay:
    """``text`` as an overlay of ``width`` x ``height`` (even) pixels."""
    stroke = max(size // 14, 1)
    image = Image.new("RGBA", (width, height))
    place, anchor = ((width / 2, height / 2), "mm") if len(text) == 1 else ((stroke, height / 2), "lm")
    ImageDraw.Draw(image).text(
        place, text, font=_font(size), anchor=anchor,
        fill=(246, 246, 246, 255), stroke_width=stroke, stroke_fill=(18, 18, 18, 255),
    )  # fmt: skip
    painted = np.asarray(image.convert("RGBa"), dtype=np.float32)
    return overlay(painted[:, :, :3], painted[:, :, 3])


class _Line:
    """Letters of equal width, the changed ones repainted."""

    def __init__(self, length: int, size: int) -> None:
        self._size = size
        self._cell = _even(max(_font(size).getlength(digit) for digit in "0123456789") + size / 16)
        self._high = _even(size * 1.4)
        self._shown = [""] * length
        high, wide = self._high, self._cell * length
        self.piece = Overlay(
            y=np.zeros((high, wide), np.uint16),
            keep=np.full((high, wide), 256, np.uint16),
            uv=np.zeros((2, high // 2, wide // 2), np.uint16),
            keep_uv=np.full((high // 2, wide // 2), 256, np.uint16),
        )

    def show(self, text: str) -> Overlay:
        """Paint ``text`` (as long as the line) and give the whole line."""
        for index, letter in enumerate(text):
            if self._shown[index] != letter:
                self._shown[index] = letter
                glyph = _text(letter, self._size, self._cell, self._high)
                full = slice(index * self._cell, (index + 1) * self._cell)
                half = slice(full.start // 2, full.stop // 2)
                self.piece.y[:, full] = glyph.y
                self.piece.keep[:, full] = glyph.keep
                self.piece.uv[:, :, half] = glyph.uv
                self.piece.keep_uv[:, half] = glyph.keep_uv
        return self.piece


class Osd:
    """The writing of one camera at one picture size. ``code`` is shown when no font knows Chinese."""

    def __init__(self, name: str, code: str, width: int, height: int) -> None:
        size = max(height // 21, 12)
        self._margin = _even(height / 36)
        self._time = _Line(23, size)
        self._count = _Line(7, size)
        shown = name if name.isascii() or cjk_font_file() else code
        wide = min(_even(_font(size).getlength(shown) + size), width - 2 * self._margin & ~1)
        self._name = _text(shown, size, wide, _even(size * 1.4))
        self._width = width
        strip_top = strip.corner(width, height)[1]
        self._name_top = (strip_top - self._name.size[1] - 2) & ~1
        bands = (
            (self._margin, self._margin + _even(size * 1.4)),
            (self._name_top, strip_top + strip.cell_size(width)),
        )
        self._bands = [(slice(a, b), slice(a // 2, b // 2)) for a, b in bands]
        self._second: datetime | None = None
        self._words = ""

    def under(self, target: Planes) -> list[tuple[Bytes, Bytes]]:
        """What `write` will cover, for `lift`: the whole rows, which are copied fastest."""
        return [(target.y[full].copy(), target.uv[:, half].copy()) for full, half in self._bands]

    def lift(self, target: Planes, under: list[tuple[Bytes, Bytes]]) -> None:
        """Take the writing away again."""
        for (full, half), (y, uv) in zip(self._bands, under, strict=True):
            target.y[full], target.uv[:, half] = y, uv

    def write(self, target: Planes, shown: datetime, drawn_ms: int, counter: int) -> None:
        """Burn it in. ``shown`` is the camera's own clock, ``drawn_ms`` the true Unix time of the drawing."""
        second = shown.replace(microsecond=0)
        if second != self._second:
            self._second, self._words = second, f"{second.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}"
        text = f"{self._words}.{shown.microsecond // 1000:03d}"
        lay(target, self._time.show(text), self._margin, self._margin)
        count = self._count.show(f"F{counter % 1_000_000:06d}")
        lay(target, count, (self._width - count.size[0] - self._margin) & ~1, self._margin)
        lay(target, self._name, self._margin, self._name_top)
        strip.write(target, drawn_ms, counter)
