"""Who is asked when. Pure: the caller brings the time, monotonic seconds, and owns the timer.

The city is spread over the interval, so no moment has more to do than another. Who does not answer
``misses`` times in a row is out of reach, and is asked half as often each time, down to ``most_s``; one
answer ends that.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(slots=True)
class _Turn:
    at: float
    missed: int = 0
    reachable: bool | None = None
    """None: not known yet."""


class Schedule:
    """Names and times; knows nothing of what is asked."""

    def __init__(self, every_s: float, misses: int, most_s: float) -> None:
        self._every = every_s
        self._misses = misses
        self._most = max(most_s, every_s)
        self._turns: dict[str, _Turn] = {}
        self._heap: list[tuple[float, str]] = []

    def __len__(self) -> int:
        return len(self._turns)

    def reachable(self, name: str) -> bool | None:
        """Whether it answers; None when that is not known."""
        turn = self._turns.get(name)
        return None if turn is None else turn.reachable

    def out_of_reach(self) -> int:
        """How many do not answer."""
        return sum(turn.reachable is False for turn in self._turns.values())

    def change(self, names: Iterable[str], now: float) -> None:
        """These are asked from now on, and nobody else. New ones are spread over one interval."""
        wanted = list(dict.fromkeys(names))
        for gone in self._turns.keys() - set(wanted):
            del self._turns[gone]
        new = [name for name in wanted if name not in self._turns]
        for place, name in enumerate(new):
            self._set(name, _Turn(0.0), now + self._every * place / len(new))

    def get_timer(self) -> float | None:
        """When `due` has something; may be early, never late."""
        return self._heap[0][0] if self._heap else None

    def due(self, now: float) -> list[str]:
        """Whose turn it is; each has its next turn already, so that one who never answers loses nothing."""
        found: list[str] = []
        while self._heap and self._heap[0][0] <= now:
            at, name = heapq.heappop(self._heap)
            turn = self._turns.get(name)
            if turn is None or turn.at != at:
                continue
            found.append(name)
            # From its own time, not from now: a late round does not push the whole city together.
            following = at + self._pause(turn)
            self._set(name, turn, following if following > now else now + self._pause(turn))
        return found

    def answered(self, name: str, now: float) -> bool:
        """True when that is news. Who was out of reach is asked at the usual pace again."""
        turn = self._turns.get(name)
        if turn is None:
            return False
        backed_off, news = turn.missed > self._misses, turn.reachable is not True
        turn.missed, turn.reachable = 0, True
        if backed_off:
            self._set(name, turn, now + self._every)
        return news

    def missed(self, name: str) -> bool:
        """True when it is out of reach from now on."""
        turn = self._turns.get(name)
        if turn is None:
            return False
        turn.missed += 1
        news = turn.missed >= self._misses and turn.reachable is not False
        if news:
            turn.reachable = False
        return news

    def _pause(self, turn: _Turn) -> float:
        beyond = max(0, turn.missed - self._misses)
        return min(self._most, self._every * 2.0 ** min(beyond, 16))

    def _set(self, name: str, turn: _Turn, at: float) -> None:
        turn.at = at
        self._turns[name] = turn
        heapq.heappush(self._heap, (at, name))
