"""What is asked of a device when it comes online: DeviceInfo, then Catalog, within the city's budget.

The plan (`civicam.gateway.resync_plan`) decides who and when.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from civicam.fleet.facts import DeviceId
from civicam.gateway.catalogue import CatalogueReader
from civicam.gateway.desk import Desk
from civicam.gateway.device_info import DeviceInfoReader
from civicam.gateway.resync_plan import ResyncLimits, ResyncPlan
from civicam.kernel.errors import Operational
from civicam.signalling.gb28181.catalogue import CollectState

_MAX_SN = 2**31 - 1


class Resync:
    """Runs the plan on one timer."""

    def __init__(self, desk: Desk, first_sn: int) -> None:
        limits = desk.settings.resync
        self._desk = desk
        self._sn = first_sn
        self.info = DeviceInfoReader(desk)
        self.catalogue = CatalogueReader(desk)
        self.plan = ResyncPlan(
            ResyncLimits(
                limits.concurrent, limits.per_second, limits.cool_down_s, limits.retry_s, limits.attempts
            )
        )
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = float("inf")
        self.then: Callable[[DeviceId], None] = lambda _device: None
        """Called with a device that is online, once it was asked or need not be."""
        self.gone: Callable[[DeviceId], None] = lambda _device: None
        """Called with a device that went away."""

    def online(self, device_id: DeviceId) -> None:
        """A device came online."""
        if self.plan.want(device_id, self._desk.clock.monotonic()):
            self._run()
        elif not self.plan.busy(device_id):
            self.then(device_id)

    def offline(self, device_id: DeviceId) -> None:
        """A device went away."""
        self.plan.drop(device_id)
        self.gone(device_id)

    def soon(self, device_id: DeviceId) -> None:
        """A device speaks of channels its list did not name: read it again, after the cool-down."""
        if self.plan.soon(device_id, self._desk.clock.monotonic()):
            self._run()

    def ask_again(self, device_id: DeviceId) -> bool:
        """A person wants the list read anew; False when it is being read already."""
        wanted = self.plan.want(device_id, self._desk.clock.monotonic(), force=True)
        self._run()
        return wanted

    def stop(self) -> None:
        """No more questions."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._timer_at = float("-inf")

    def _run(self) -> None:
        now = self._desk.clock.monotonic()
        for device_id in self.plan.start_due(now):
            self._desk.tasks.spawn(self._ask(device_id), "resync")
        at = self.plan.get_timer()
        if at is None or at >= self._timer_at:
            return  # or it rings before that, and looks again
        self.stop()
        self._timer_at = at
        self._timer = asyncio.get_running_loop().call_later(max(0.001, at - now), self._fire)

    def _fire(self) -> None:
        self._timer, self._timer_at = None, float("inf")
        self._run()

    async def _ask(self, device_id: DeviceId) -> None:
        ok = False
        try:
            entry = self._desk.roster.by_device(device_id)
            if entry is not None:
                await self._pause()
                await self.info.read(entry, self._next_sn())
                await self._pause()
                ok = await self.catalogue.read(entry, self._next_sn()) is CollectState.COMPLETE
        except Operational as error:
            self._desk.faults.note(error.code, device_id, self._desk.clock.monotonic())
        finally:
            self.plan.done(device_id, ok, self._desk.clock.monotonic())
            self._run()
        await self._pause()
        self.then(device_id)

    async def _pause(self) -> None:
        await asyncio.sleep(self._desk.settings.resync.pause_s)

    def _next_sn(self) -> int:
        self._sn = self._sn % _MAX_SN + 1
        return self._sn
