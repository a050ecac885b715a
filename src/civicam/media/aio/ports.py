"""Which RTP ports of a worker are free: even ports, the odd one above for RTCP, a rest after use.

A device may push to its old port for a while after the session (gb28181.md §4.3), so a port that was used
rests; a port somebody else holds rests as well and is tried again later. No I/O here: the caller binds.
"""

from __future__ import annotations

from collections import deque

from civicam.kernel.errors import Operational


class PortPool:
    """Even ports from ``first`` to ``last`` inclusive, handed out least recently used first.

    ``start``: how many to pass over at first. Drawn at random when a worker starts, since devices still push
    to the ports that were in use before.
    """

    def __init__(self, first: int, last: int, quarantine_s: float, start: int = 0) -> None:
        self._free = deque(range(first + first % 2, last, 2))
        self._free.rotate(-start)
        self._resting: deque[tuple[float, int]] = deque()
        self._avoided: set[int] = set()
        self._quarantine_s = quarantine_s
        self._count = len(self._free)

    def take(self, now: float) -> int:
        """An even port that rested long enough; ``media.no-ports`` when there is none."""
        while self._resting and self._resting[0][0] <= now:
            self._free.append(self._resting.popleft()[1])
        if not self._free:
            raise Operational("media.no-ports", ports=self._count)
        return self._free.popleft()

    def rest(self, port: int, now: float) -> None:
        """Give ``port`` back; it is handed out again after the quarantine."""
        self._resting.append((now + self._quarantine_s, port))

    def avoid(self, port: int) -> None:
        """Hand ``port`` out no more until `allow`; fine for one that is in use or none of these."""
        if port in self._free:
            self._free.remove(port)
            self._avoided.add(port)

    def allow(self, port: int, now: float) -> None:
        """The rest of a port that was avoided begins."""
        if port in self._avoided:
            self._avoided.remove(port)
            self.rest(port, now)

    @property
    def used(self) -> int:
        """Ports handed out and not given back."""
        return self._count - len(self._free) - len(self._resting) - len(self._avoided)

    @property
    def free(self) -> int:
        """Ports that could be had now, those whose rest is over not counted."""
        return len(self._free)

    @property
    def resting(self) -> int:
        """Ports in quarantine."""
        return len(self._resting)
