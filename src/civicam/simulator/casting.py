"""Which channel shows which scene: few scenes, many cameras, no two neighbours alike.

Cameras that share a scene share its drawing (each burns its own writing over it), which is what lets one
process draw for dozens of them.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future

from civicam.simulator.description import City, SiteKind
from civicam.simulator.options import Options
from civicam.simulator.scene.backdrop import Place
from civicam.simulator.scene.palette import Light, Weather
from civicam.simulator.scene.scene import Mood, Scene, ground
from civicam.simulator.yuv import Bytes

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
_KEPT = 30
"""Scenes kept in memory, about 12 MB each at the sub stream's size."""

Key = tuple[Mood, int, int]


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


class SceneStore:
    """Scenes by mood and size, each with a lock; the longest unused go first.

    ``paint`` draws the still part of a scene (`civicam.simulator.painter.Painters.paint`, or `ground`).
    """

    def __init__(self, kept: int = _KEPT, paint: Callable[[Mood, int, int], Bytes] = ground) -> None:
        self._kept = kept
        self._paint = paint
        self._lock = threading.Lock()
        self._scenes: OrderedDict[Key, Future[tuple[Scene, threading.Lock]]] = OrderedDict()

    def get(
        self, mood: Mood, width: int, height: int, paint: Callable[[Mood, int, int], Bytes] | None = None
    ) -> tuple[Scene, threading.Lock]:
        """The scene; drawn now (by ``paint``) if it is new, waited for if another thread draws it."""
        key = (mood, width, height)
        with self._lock:
            found = self._scenes.get(key)
            if found is not None:
                self._scenes.move_to_end(key)
            coming = found or self._scenes.setdefault(key, Future())
        if found is not None:
            return found.result()
        try:
            coming.set_result((Scene(mood, width, height, (paint or self._paint)(*key)), threading.Lock()))
        except BaseException as error:
            with self._lock:
                self._scenes.pop(key, None)
            coming.set_exception(error)
            raise
        with self._lock:
            while len(self._scenes) > self._kept:
                self._scenes.popitem(last=False)
        return coming.result()
