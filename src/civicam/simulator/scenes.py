"""Scenes that are shown at the moment, or may be again: drawn once for all cameras that share one."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from weakref import WeakValueDictionary

from civicam.simulator.picture import SUB
from civicam.simulator.scene.mood import Mood
from civicam.simulator.scene.scene import Scene, ground
from civicam.simulator.yuv import Bytes

_KEPT = 30
"""So many scenes of a sub stream's size, about 12 MB each, are kept unused; fewer large ones."""

Key = tuple[Mood, int, int]


class SceneStore:
    """Scenes by mood and size; the longest unused go first. Any thread may ask, one thread draws.

    A scene that somebody shows is never drawn twice, kept or not.

    ``paint`` draws the still part of a scene (`civicam.simulator.painter.Painters.paint`, or `ground`).
    """

    def __init__(self, kept: int = _KEPT, paint: Callable[[Mood, int, int], Bytes] = ground) -> None:
        self._kept = kept
        self._paint = paint
        self._lock = threading.Lock()
        self._scenes: OrderedDict[Key, Future[Scene]] = OrderedDict()
        self._shown: WeakValueDictionary[Key, Scene] = WeakValueDictionary()

    def get(
        self, mood: Mood, width: int, height: int, paint: Callable[[Mood, int, int], Bytes] | None = None
    ) -> Scene:
        """The scene; drawn now (by ``paint``) if it is new, waited for if another thread draws it."""
        key = (mood, width, height)
        with self._lock:
            shown = self._shown.get(key)
            if shown is not None:
                if key in self._scenes:
                    self._scenes.move_to_end(key)
                return shown
            found = self._scenes.get(key)
            coming = found or self._scenes.setdefault(key, Future())
        if found is not None:
            return found.result()
        try:
            made = Scene(mood, width, height, (paint or self._paint)(*key))
            self._shown[key] = made
            coming.set_result(made)
        except BaseException as error:
            with self._lock:
                self._scenes.pop(key, None)
            coming.set_exception(error)
            raise
        with self._lock:
            while self._weight() > self._kept and len(self._scenes) > 1:
                self._scenes.popitem(last=False)
        return made

    def _weight(self) -> float:
        return sum(width * height for _, width, height in self._scenes) / SUB.pixels
