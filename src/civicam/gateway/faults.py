"""Repeated faults: every one is counted, few are logged.

A device with a wrong password or a stranger with a scanner would otherwise write the disk full. The
first fault of a kind and source is logged, then at most one line an interval, which tells how many came
since.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable


class FaultLog:
    """Counts by code; says when a line is due. Pure: ``write`` gets (code, fields)."""

    def __init__(
        self,
        write: Callable[[str, dict[str, object]], None],
        *,
        every_s: float = 60.0,
        remembered: int = 4096,
    ) -> None:
        self._write = write
        self._every = every_s
        self._remembered = remembered
        self._seen: OrderedDict[tuple[str, str], tuple[float, int]] = OrderedDict()
        self.counters: Counter[str] = Counter()

    def note(self, code: str, who: str, now: float, **fields: object) -> None:
        """One fault ``code`` of ``who`` (an id or address); ``fields`` go into the line if one is written."""
        self.counters[code] += 1
        key = (code, who)
        since, held_back = self._seen.pop(key, (float("-inf"), 0))
        if now - since < self._every:
            self._seen[key] = (since, held_back + 1)
            return
        self._seen[key] = (now, 0)
        while len(self._seen) > self._remembered:
            self._seen.popitem(last=False)
        self._write(code, {"who": who, "more": held_back, **fields})
