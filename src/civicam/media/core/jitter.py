"""Puts packets back in order, for a bounded time: RTP sequence numbers in, items in order out.

Waiting longer than a frame time costs every viewer latency and gains next to nothing, so the window is
30-40 ms; the count bounds memory when a burst hides a gap. Sequence numbers here are extended (they never
wrap): the caller unwraps them. While nothing is missing the caller does not come here at all.
"""

from __future__ import annotations

from typing import Generic, TypeVar

T = TypeVar("T")


class ReorderWindow(Generic[T]):
    """Holds what came early until the gap before it is filled, too old, or the window is full."""

    def __init__(self, window_s: float, limit: int) -> None:
        self._window_s = window_s
        self._limit = limit
        self.held: dict[int, tuple[float, T]] = {}
        """What waits, by sequence number. Read by the caller's fast path only to see whether it is empty."""

    @property
    def deadline(self) -> float | None:
        """When the longest waiting item is let go; None while nothing waits."""
        if not self.held:
            return None
        return min(since for since, _ in self.held.values()) + self._window_s

    def hold(self, sequence: int, item: T, now: float) -> bool:
        """Keep an early item; False when that sequence number is already held (a duplicate)."""
        if sequence in self.held:
            return False
        self.held[sequence] = (now, item)
        return True

    def release(self, following: int, now: float) -> list[tuple[int, T]]:
        """Items that may go out, in order, where ``following`` is the sequence number due next.

        A gap before an item (its number is beyond the one due) means: given up, those packets are lost.
        """
        out: list[tuple[int, T]] = []
        held = self.held
        while held:
            entry = held.pop(following, None)
            if entry is not None:
                out.append((following, entry[1]))
                following += 1
                continue
            if not self._give_up(now):
                break
            following = min(held)
        return out

    def _give_up(self, now: float) -> bool:
        if len(self.held) >= self._limit:
            return True
        deadline = self.deadline
        return deadline is not None and now >= deadline

    def drain(self) -> list[tuple[int, T]]:
        """Everything held, in order: the source is over."""
        out = [
            (sequence, item) for sequence, (_, item) in sorted(self.held.items(), key=lambda pair: pair[0])
        ]
        self.held.clear()
        return out
