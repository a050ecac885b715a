"""When to ask a device who it is and what it has: once a real transition, not once a heartbeat.

Pure. A flapping device is not asked again within the cool-down after its list was read; a city that
comes back at once is asked within a budget: so many at a time, so many starts a second, first come
first served. What failed is tried again later, a few times, as long as the device stays wanted.
"""

from __future__ import annotations

import heapq
import itertools
from dataclasses import dataclass

from civicam.fleet.facts import DeviceId


@dataclass(frozen=True, slots=True)
class ResyncLimits:
    """Seconds and counts; see `civicam.gateway.settings.ResyncSettings`."""

    concurrent: int = 32
    per_second: float = 50.0
    cool_down_s: float = 60.0
    retry_s: float = 60.0
    attempts: int = 3


_TIDY = 1_000


@dataclass(slots=True)
class _Wish:
    number: int
    attempt: int


class ResyncPlan:
    """Who waits, who is being asked, who was asked lately."""

    def __init__(self, limits: ResyncLimits) -> None:
        self._limits = limits
        self._waiting: dict[DeviceId, _Wish] = {}
        self._heap: list[tuple[float, int, DeviceId]] = []
        """Not before, number, device; who was dropped stays here until the turn comes. A city waits in it, so
        nothing may look at all of it for one device.
        """
        self._numbers = itertools.count()
        self._running: dict[DeviceId, int] = {}
        self._read_at: dict[DeviceId, float] = {}
        self._next_start = float("-inf")

    @property
    def waiting(self) -> int:
        """Devices in the queue."""
        return len(self._waiting)

    @property
    def running(self) -> int:
        """Devices being asked."""
        return len(self._running)

    def wants(self, device_id: DeviceId) -> bool:
        """Whether the device waits for its turn."""
        return device_id in self._waiting

    def busy(self, device_id: DeviceId) -> bool:
        """Whether the device waits for its turn or is being asked."""
        return device_id in self._waiting or device_id in self._running

    def want(self, device_id: DeviceId, now: float, *, force: bool = False) -> bool:
        """The device came online (or a person asks: ``force``). False when there is no need."""
        if self.busy(device_id):
            return False
        read_at = self._read_at.get(device_id)
        if not force and read_at is not None and now - read_at < self._limits.cool_down_s:
            return False
        self._wait(device_id, now, 1)
        return True

    def soon(self, device_id: DeviceId, now: float) -> bool:
        """The device speaks of what its list did not name: as `want`, but a wish within the cool-down waits
        for its end instead of being forgotten.
        """
        if self.busy(device_id):
            return False
        read_at = self._read_at.get(device_id, float("-inf"))
        self._wait(device_id, max(now, read_at + self._limits.cool_down_s), 1)
        return True

    def drop(self, device_id: DeviceId) -> None:
        """The device went away: whoever waits is not asked, whoever is being asked is not tried again."""
        self._waiting.pop(device_id, None)
        if device_id in self._running:
            self._running[device_id] = self._limits.attempts

    def start_due(self, now: float) -> list[DeviceId]:
        """Who is to be asked now; each must be followed by `done`."""
        due: list[DeviceId] = []
        while len(self._running) < self._limits.concurrent and now >= self._next_start:
            first = self._first()
            if first is None or first[0] > now:
                break
            _, _, device_id = heapq.heappop(self._heap)
            self._running[device_id] = self._waiting.pop(device_id).attempt
            self._next_start = max(self._next_start, now - 1.0) + 1.0 / self._limits.per_second
            due.append(device_id)
        return due

    def done(self, device_id: DeviceId, ok: bool, now: float) -> None:
        """The asking ended; ``ok`` when the list was read to its end."""
        attempt = self._running.pop(device_id, None)
        if attempt is None:
            return
        if ok:
            self._read_at[device_id] = now
        elif attempt < self._limits.attempts:
            self._wait(device_id, now + self._limits.retry_s * attempt, attempt + 1)

    def get_timer(self) -> float | None:
        """When `start_due` may have something; None when nobody waits or a `done` must come first."""
        first = self._first()
        if first is None or len(self._running) >= self._limits.concurrent:
            return None
        return max(first[0], self._next_start)

    def _wait(self, device_id: DeviceId, not_before: float, attempt: int) -> None:
        number = next(self._numbers)
        self._waiting[device_id] = _Wish(number, attempt)
        heapq.heappush(self._heap, (not_before, number, device_id))
        if len(self._heap) > _TIDY + 2 * len(self._waiting):
            self._heap = [each for each in self._heap if self._stands(each)]
            heapq.heapify(self._heap)

    def _first(self) -> tuple[float, int, DeviceId] | None:
        """Whose turn is next."""
        while self._heap and not self._stands(self._heap[0]):
            heapq.heappop(self._heap)
        return self._heap[0] if self._heap else None

    def _stands(self, each: tuple[float, int, DeviceId]) -> bool:
        wish = self._waiting.get(each[2])
        return wish is not None and wish.number == each[1]
