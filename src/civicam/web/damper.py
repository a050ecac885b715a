"""The same thing again and again is one line and a number; pure."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable


class Damper:
    """The first of a kind is due at once, the next ``every_s`` later with how many there were between.

    At most ``keys`` kinds are remembered, the oldest is forgotten first: nobody makes the table grow.
    """

    def __init__(self, every_s: float = 60.0, keys: int = 1_000) -> None:
        self._every_s = every_s
        self._keys = keys
        self._seen: OrderedDict[Hashable, tuple[float, int]] = OrderedDict()

    def due(self, key: Hashable, now: float) -> int | None:
        """None: only count it; else how many were counted since the last one that was due."""
        at, counted = self._seen.get(key, (now - self._every_s, 0))
        if now - at < self._every_s:
            self._seen[key] = (at, counted + 1)
            return None
        self._seen[key] = (now, 0)
        self._seen.move_to_end(key)
        while len(self._seen) > self._keys:
            self._seen.popitem(last=False)
        return counted
