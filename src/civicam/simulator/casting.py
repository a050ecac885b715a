"""Which channel shows which scene: few scenes, many cameras, no two neighbours alike.

Cameras that share a scene share its drawing (each burns its own writing over it): `civicam.simulator.scenes`.
"""

from __future__ import annotations

from pathlib import Path

from civicam.kernel.errors import Refused
from civicam.simulator.description import City, SiteKind
from civicam.simulator.options import Options
from civicam.simulator.scene.mood import Light, Mood, Place, Weather

_PLACES: dict[SiteKind, Place] = {
    "camera": "road",
    "dome": "road",
    "checkpoint": "checkpoint",
    "highpoint": "highpoint",
    "third-party": "plaza",
}
_MOODS: tuple[tuple[Light, Weather], ...] = (
    ("day", "clear"),
    ("dusk", "clear"),
    ("day", "clear"),
    ("night", "rain"),
    ("day", "clear"),
    ("day", "snow"),
    ("night", "clear"),
    ("day", "rain"),
    ("day", "clear"),
    ("day", "fog"),
)
_VARIANTS: dict[Place, int] = {"road": 10, "checkpoint": 4, "highpoint": 3, "plaza": 3}
_ENDINGS = frozenset({".mp4", ".avi", ".mkv", ".mov", ".ts", ".mpg", ".h264", ".h265", ".webm"})


def light_of_hour(hour: int) -> Light:
    """The light of an hour of Beijing time."""
    if 7 <= hour < 17:
        return "day"
    return "dusk" if hour in (5, 6, 17, 18) else "night"


def cast(city: City, options: Options, hour: int) -> dict[str, Mood]:
    """The mood of each channel's scene, by channel id. ``hour`` matters for the light ``clock``."""
    kinds = {site.id: site.kind for site in city.sites}
    counts: dict[Place, int] = {}
    moods = {}
    for channel in city.channels:
        place = _PLACES[kinds[channel.site]]
        number = counts.get(place, 0)
        counts[place] = number + 1
        variant = number % _VARIANTS[place]
        light, weather = _MOODS[variant % len(_MOODS)]
        if options.light == "clock":
            light = light_of_hour(hour)
        elif options.light != "mixed":
            light = options.light
        if options.weather != "mixed":
            weather = options.weather
        moods[channel.gb_id] = Mood(options.seed * 100 + variant, place, light, weather)
    return moods


def recordings(folder: Path) -> list[Path]:
    """The video files of a folder, by name.

    Raises:
        Refused: ``simulator.no-footage`` when there is none.
    """
    found = (
        sorted(path for path in folder.iterdir() if path.suffix.lower() in _ENDINGS)
        if folder.is_dir()
        else []
    )
    if not found:
        raise Refused("simulator.no-footage", folder=str(folder))
    return found
