"""Scenes that are shown at the moment, or may be again: drawn once for all cameras that share one."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future

from civicam.simulator.scene.mood import Mood
from civicam.simulator.scene.scene import Scene, ground
from civicam.simulator.yuv import Bytes

_KEPT = 30
"""Scenes kept in memory, about 12 MB each at the sub stream's size."""

Key = tuple[Mood, int, int]


class SceneStore:
    """Scenes by mood and size; the longest unused go first. Any thread may ask, one thread draws.

    ``paint`` draws the still part of a scene (`civicam.simulator.painter.Painters.paint`, or `ground`).
    """

    def __init__(self, kept: int = _KEPT, paint: Callable[[Mood, int, int], Bytes] = ground) -> None:
        self._kept = kept
        self._paint = paint
        self._lock = threading.Lock()
        self._scenes: OrderedDict[Key, Future[Scene]] = OrderedDict()

    def get(
        self, mood: Mood, width: int, height: int, paint: Callable[[Mood, int, int], Bytes] | None = None
    ) -> Scene:
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
            coming.set_result(Scene(mood, width, height, (paint or self._paint)(*key)))
        except BaseException as error:
            with self._lock:
                self._scenes.pop(key, None)
            coming.set_exception(error)
            raise
        with self._lock:
            while len(self._scenes) > self._kept:
                self._scenes.popitem(last=False)
        return coming.result()
