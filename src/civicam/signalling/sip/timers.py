"""One heap for every deadline of an endpoint; what was cancelled is skipped when its time comes.

A cancelled deadline keeps what it belonged to in memory until its time: an hour for a connection that
closed. So the heap is swept as soon as more than half of it is of no use any more.
"""

from __future__ import annotations

import heapq
from typing import Protocol

_SMALL = 256
"""A heap of so few entries is not worth sweeping."""


class Timed(Protocol):
    """Something with a deadline. ``due`` is the deadline that stands in the heap."""

    due: float | None


class TimerHeap:
    """Deadlines in order. Moving one pushes a new entry and leaves the old one to be skipped."""

    __slots__ = ("_count", "_heap", "_standing")

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Timed]] = []
        self._count = 0
        self._standing = 0

    def set(self, timed: Timed, when: float | None) -> None:
        """Let ``timed`` be due at ``when``; ``None`` takes its deadline away."""
        if when == timed.due:
            return
        self._standing += (when is not None) - (timed.due is not None)
        timed.due = when
        if when is not None:
            self._count += 1
            heapq.heappush(self._heap, (when, self._count, timed))
        if len(self._heap) > _SMALL and len(self._heap) > 2 * self._standing:
            self._sweep()

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
        self._standing -= 1
        return timed

    @property
    def standing(self) -> int:
        """Deadlines that stand."""
        return self._standing

    def __len__(self) -> int:
        """Entries held, those of no use any more among them."""
        return len(self._heap)

    def _sweep(self) -> None:
        """Leave out what was cancelled or moved; of a deadline moved away and back, one entry is enough."""
        kept = {id(entry[2]): entry for entry in self._heap if entry[2].due == entry[0]}
        self._heap = list(kept.values())
        heapq.heapify(self._heap)
