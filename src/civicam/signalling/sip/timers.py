"""One heap for every deadline of an endpoint; what was cancelled is skipped when its time comes."""

from __future__ import annotations

import heapq
from typing import Protocol


class Timed(Protocol):
    """Something with a deadline. ``due`` is the deadline that stands in the heap."""

    due: float | None


class TimerHeap:
    """Deadlines in order. Moving one pushes a new entry and leaves the old one to be skipped."""

    __slots__ = ("_count", "_heap")

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Timed]] = []
        self._count = 0

    def set(self, timed: Timed, when: float | None) -> None:
        """Let ``timed`` be due at ``when``; ``None`` takes its deadline away."""
        if when != timed.due:
            timed.due = when
            if when is not None:
                self._count += 1
                heapq.heappush(self._heap, (when, self._count, timed))

    def next_due(self) -> float | None:
        """The earliest deadline that still stands."""
        heap = self._heap
        while heap:
            when, _, timed = heap[0]
            if timed.due == when:
                return when
            heapq.heappop(heap)
        return None

    def pop_due(self, now: float) -> Timed | None:
        """Take one thing whose deadline has come; its ``due`` is cleared."""
        when = self.next_due()
        if when is None or when > now:
            return None
        timed = heapq.heappop(self._heap)[2]
        timed.due = None
        return timed

    def __len__(self) -> int:
        return len(self._heap)
