"""The clock of presence: arms one timer for the whole city and publishes every transition, in order.

The book (`civicam.fleet.presence`) decides. A transition that cannot be stored is tried again until it
can: the map must not lie because the disk was busy for a moment.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter, deque
from collections.abc import Callable

from civicam.fleet.facts import DeviceId, PresenceChanged
from civicam.fleet.presence import PresenceBook, Transition
from civicam.gateway.ports import Fleet
from civicam.gateway.tasks import Tasks
from civicam.kernel.clock import Clock
from civicam.kernel.errors import Operational

_RETRY_S = (0.5, 1.0, 2.0, 5.0, 15.0)
_WRITERS = 256


class Liveness:
    """``on_change`` is called for every transition, before it is stored."""

    def __init__(
        self, fleet: Fleet, clock: Clock, tasks: Tasks, on_change: Callable[[Transition], None]
    ) -> None:
        self.book = PresenceBook()
        self.counters: Counter[str] = Counter()
        self._fleet = fleet
        self._clock = clock
        self._tasks = tasks
        self._on_change = on_change
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = float("inf")
        self._unwritten: dict[DeviceId, deque[PresenceChanged]] = {}
        self._writers = asyncio.Semaphore(_WRITERS)
        self._written: asyncio.Event | None = None
        """Set while we stop, once everything is stored."""

    def arm(self) -> None:
        """Look at the book's timer again; call after whatever may have shortened it."""
        at = self.book.get_timer()
        if at is None or at >= self._timer_at:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = at
        delay = max(0.0, at - self._clock.monotonic())
        self._timer = asyncio.get_running_loop().call_later(delay, self._fire)

    def _fire(self) -> None:
        self._timer = None
        self._timer_at = float("inf")
        for transition in self.book.handle_timer(self._clock.monotonic()):
            self.publish(transition)
        self.arm()

    def heard(self, device_id: DeviceId) -> None:
        """A sign of life of a device."""
        now = self._clock.monotonic()
        if not self.book.beat(device_id, now):
            self.publish(self.book.heard(device_id, now))

    def publish(self, transition: Transition | None) -> None:
        """Tell the house, if there is something to tell."""
        self.arm()
        if transition is None:
            return
        self.counters[f"to_{transition.after}"] += 1
        self._on_change(transition)
        fact = PresenceChanged(
            transition.device_id,
            transition.before,
            transition.after,
            transition.reason_code,
            self._clock.now(),
        )
        waiting = self._unwritten.get(transition.device_id)
        if waiting is not None:
            waiting.append(fact)
            return
        self._unwritten[transition.device_id] = deque([fact])
        self._tasks.spawn(self._write(transition.device_id), "presence")

    async def _write(self, device_id: DeviceId) -> None:
        """Store one device's transitions in the order they happened."""
        waiting = self._unwritten[device_id]
        failures = 0
        while waiting:
            try:
                async with self._writers:
                    await self._fleet.presence(waiting[0])
            except Operational:
                self.counters["store_failed"] += 1
                await asyncio.sleep(_RETRY_S[min(failures, len(_RETRY_S) - 1)])
                failures += 1
                continue
            waiting.popleft()
            failures = 0
        del self._unwritten[device_id]
        if self._written is not None and not self._unwritten:
            self._written.set()

    async def settle(self, patience_s: float) -> None:
        """At stop: let what is on its way be stored, but not for ever."""
        self.stop()
        if not self._unwritten:
            return
        self._written = asyncio.Event()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                await self._written.wait()

    def stop(self) -> None:
        """No more timers."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
