"""What a scene is of, in words; it needs no drawing to say so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Place = Literal["road", "checkpoint", "highpoint", "plaza"]
Light = Literal["day", "dusk", "night"]
Weather = Literal["clear", "rain", "fog", "snow"]


@dataclass(frozen=True, slots=True)
class Mood:
    """What a scene is of; two cameras of one mood show the same."""

    seed: int
    place: Place
    light: Light
    weather: Weather
