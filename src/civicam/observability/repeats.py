"""Repeated faults are counted, not repeated: one line a second with how often it happened.

After bluenviron/mediamtx's error dumper. Pure: the caller brings the monotonic time.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

MOST_KEYS = 2000


@dataclass(slots=True)
class _Held:
    shown_at: float
    left_out: int = 0


class Repeats:
    """Says which lines to show. A key is what makes two lines the same fault."""

    def __init__(self, window_s: float) -> None:
        self._window_s = window_s
        self._held: OrderedDict[str, _Held] = OrderedDict()

    def take(self, key: str, now: float) -> int | None:
        """How many lines like this were left out before this one, or None to leave this one out too."""
        held = self._held.get(key)
        if held is not None and now - held.shown_at < self._window_s:
            held.left_out += 1
            return None
        self._held[key] = _Held(now)
        self._held.move_to_end(key)
        if len(self._held) > MOST_KEYS:
            self._held.popitem(last=False)
        return 0 if held is None else held.left_out

    def due(self, now: float) -> list[tuple[str, int]]:
        """Faults that stopped with lines left out: (key, how many), once each."""
        found = []
        for key, held in list(self._held.items()):
            if now - held.shown_at < self._window_s:
                continue
            del self._held[key]
            if held.left_out:
                found.append((key, held.left_out))
        return found
