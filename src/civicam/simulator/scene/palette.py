"""Light and weather as numbers: what a scene's colours are multiplied by, and what haze they fade into."""

from __future__ import annotations

from dataclasses import dataclass, replace

from civicam.simulator.scene.mood import Light, Weather

Colour = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Palette:
    """The mood of one scene; colours are RGB 0..255, shares 0..1.

    Attributes:
        sky_top, sky_low: the sky's gradient.
        haze: colour that distance fades into, over ``haze_m`` metres.
        ambient: what every surface is multiplied by.
        lamps: brightness of street lamps and headlights.
        lit_windows: share of windows with light behind them.
        shadow: darkness of cast shadows.
        wet: the road mirrors lights. ``white``: snow lies.
    """

    sky_top: Colour
    sky_low: Colour
    haze: Colour
    haze_m: float
    ambient: Colour
    lamps: float
    lit_windows: float
    shadow: float
    clouds: float
    wet: float = 0.0
    white: float = 0.0


_LIGHT: dict[Light, Palette] = {
    "day": Palette(
        (104, 152, 205), (203, 220, 232), (190, 205, 218), 420.0, (1.12, 1.09, 1.03), 0.0, 0.0, 0.42, 0.55
    ),
    "dusk": Palette(
        (70, 84, 132), (238, 176, 132), (190, 150, 140), 300.0, (0.70, 0.60, 0.62), 0.75, 0.35, 0.16, 0.6
    ),
    "night": Palette(
        (14, 20, 40), (52, 58, 84), (40, 46, 68), 260.0, (0.25, 0.28, 0.38), 1.0, 0.32, 0.0, 0.25
    ),
}


def palette(light: Light, weather: Weather) -> Palette:
    """The palette of a light under a weather."""
    base = _LIGHT[light]
    if weather == "clear":
        return base
    grey = _mix(base.sky_low, (150.0, 156.0, 162.0) if light == "day" else base.haze, 0.7)
    dull = tuple(0.86 * part for part in base.ambient)
    covered = replace(
        base, sky_top=_mix(base.sky_top, grey, 0.75), sky_low=grey, haze=grey,
        ambient=(dull[0], dull[1], dull[2]), shadow=base.shadow * 0.15, clouds=0.25,
        lamps=max(base.lamps, 0.25), lit_windows=max(base.lit_windows, 0.12),
    )  # fmt: skip
    if weather == "rain":
        return replace(covered, haze_m=base.haze_m * 0.5, wet=1.0)
    if weather == "fog":
        pale = _mix(grey, (205.0, 208.0, 210.0), 0.6 if light == "day" else 0.12)
        return replace(
            covered, haze_m=62.0, haze=pale, sky_low=pale, sky_top=_mix(pale, grey, 0.3), clouds=0.0
        )
    bright = tuple(1.16 * part for part in covered.ambient)
    return replace(covered, haze_m=base.haze_m * 0.45, white=1.0, ambient=(bright[0], bright[1], bright[2]))


def _mix(first: Colour, second: Colour, share: float) -> Colour:
    a, b, c = ((1 - share) * one + share * two for one, two in zip(first, second, strict=True))
    return a, b, c
