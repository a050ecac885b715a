""" "Test this device": what an engineer would try by hand, one step after the other, against written limits.

Registration, heartbeats and the clock are judged by what is known; status, catalogue, video and stop of a
motion are asked for now. A step that cannot be tried is skipped with its reason, never passed. Limits are
those of GB/T 28181 where it has one; where it has none they are ours, and the result says so.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace

from civicam.fleet.facts import ChannelId, DeviceId, Presence
from civicam.fleet.orders import Result
from civicam.fleet.sight import Checkup, CheckupStep, StepState
from civicam.fleet.views import Text
from civicam.gateway.addresses import Addresses
from civicam.gateway.catalogue import CatalogueReader
from civicam.gateway.commands import Commands
from civicam.gateway.desk import Desk
from civicam.gateway.maintenance import Maintenance
from civicam.gateway.roster import Entry
from civicam.kernel.errors import CivicamError, Refused
from civicam.kernel.messages import message
from civicam.signalling.gb28181.collect import CollectState
from civicam.signalling.gb28181.manscdp.control_actions import Ptz
from civicam.signalling.gb28181.ptz import Stop

_KEPT = 64
_GB_REGISTER = "GB/T 28181 §9.1.1"
_GB_BEAT = "GB/T 28181 §9.6.1"
_GB_CLOCK = "GB/T 28181 §9.10.3"
_GB_DELAY = "GB/T 28181 §5.3"
_OURS = "civicam"

NAMES = ("register", "heartbeat", "status", "clock", "catalogue", "live", "ptz-stop")


@dataclass(frozen=True, slots=True)
class _Found:
    """What a step came to. ``code`` empty: passed."""

    code: str = ""
    measured: float | None = None
    detail: str = ""
    data: Mapping[str, object] = field(default_factory=dict)


class Checkups:
    """The use case."""

    def __init__(
        self, desk: Desk, commands: Commands, maintenance: Maintenance, catalogues: CatalogueReader
    ) -> None:
        self._desk = desk
        self._addresses = Addresses(desk)
        self._commands = commands
        self._maintenance = maintenance
        self._catalogues = catalogues
        self._last: OrderedDict[DeviceId, Checkup] = OrderedDict()
        self._running: dict[DeviceId, asyncio.Task[None]] = {}
        self._open_live: Callable[[ChannelId], Awaitable[str]] | None = None
        self._release: Callable[[str], Awaitable[None]] | None = None

    def watching(
        self, open_live: Callable[[ChannelId], Awaitable[str]], release: Callable[[str], Awaitable[None]]
    ) -> None:
        """How a test watches: as a person does."""
        self._open_live, self._release = open_live, release

    def start(self, device_id: DeviceId, channel_id: ChannelId | None) -> Checkup:
        """Begin. ``channel_id``: the channel that is watched and stopped, None to leave both out.

        Raises `Refused` ``gateway.checkup-running``, ``fleet.unknown-device``.
        """
        if device_id in self._running:
            raise Refused("gateway.checkup-running")
        entry = self._desk.roster.by_device(device_id)
        if entry is None:
            raise Refused("fleet.unknown-device", device_id=device_id)
        steps = tuple(_pending(name) for name in NAMES)
        found = Checkup(device_id, self._desk.clock.now(), None, None, steps)
        self._last[device_id] = found
        self._last.move_to_end(device_id)
        while len(self._last) > _KEPT:
            self._last.popitem(last=False)
        task = asyncio.get_running_loop().create_task(self._run(entry, channel_id), name="checkup")
        self._running[device_id] = task
        task.add_done_callback(lambda _done: self._running.pop(device_id, None))
        return found

    def last(self, device_id: DeviceId) -> Checkup | None:
        """The newest test of a device, under way or finished; None when there was none since our start."""
        return self._last.get(device_id)

    async def aclose(self) -> None:
        """Break off what is under way."""
        for task in list(self._running.values()):
            task.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    # -- the steps

    async def _run(self, entry: Entry, channel_id: ChannelId | None) -> None:
        work: dict[str, Callable[[], Awaitable[_Found]]] = {
            "register": lambda: self._register(entry),
            "heartbeat": lambda: self._heartbeat(entry),
            "status": lambda: self._status(entry),
            "clock": lambda: self._clock(entry),
            "catalogue": lambda: self._catalogue(entry),
            "live": lambda: self._live(channel_id),
            "ptz-stop": lambda: self._ptz_stop(channel_id),
        }
        for name in NAMES:
            self._set(entry, name, "running", _Found())
            try:
                found = await work[name]()
                state: StepState = "passed" if not found.code else "failed"
                if found.code in _SKIPPED:
                    state = "skipped"
            except CivicamError as error:
                found, state = _Found(error.code, data=error.data), "failed"
            self._set(entry, name, state, found)
        now = self._last[entry.device_id]
        passed = all(step.state in {"passed", "skipped"} for step in now.steps)
        self._last[entry.device_id] = replace(now, finished=self._desk.clock.now(), passed=passed)

    async def _register(self, entry: Entry) -> _Found:
        ends = self._desk.liveness.book.expires_at(entry.device_id)
        if ends is None:
            return _Found("gateway.checkup-not-registered")
        left = ends - self._desk.clock.monotonic()
        return _Found("" if left > 0 else "fleet.registration-expired", round(left, 0))

    async def _heartbeat(self, entry: Entry) -> _Found:
        book, now = self._desk.liveness.book, self._desk.clock.monotonic()
        if entry.record.heartbeat_s <= 0:
            return _Found("gateway.checkup-no-heartbeats")
        if book.presence(entry.device_id) is not Presence.ONLINE:
            return _Found("fleet.heartbeat-lost", float(book.overdue(entry.device_id, now)))
        missed = float(book.overdue(entry.device_id, now))
        return _Found("" if missed < 1 else "fleet.heartbeat-lost", missed)

    async def _status(self, entry: Entry) -> _Found:
        began = self._desk.clock.monotonic()
        found = await self._maintenance.status(entry.device_id)
        took = self._desk.clock.monotonic() - began
        ok = found.online is not False and found.working is not False
        late = took > _LIMITS["status"][0]
        code = "gateway.checkup-not-well" if not ok else "gateway.checkup-late" if late else ""
        return _Found(code, round(took, 3), found.reason)

    async def _clock(self, entry: Entry) -> _Found:
        found = await self._maintenance.status(entry.device_id)
        if found.clock_off_s is None:
            return _Found("gateway.checkup-no-clock")
        off = abs(found.clock_off_s)
        # DeviceStatus tells whole seconds, so one more than the limit cannot be told from it
        return _Found("" if off <= _LIMITS["clock"][0] + 1 else "gateway.checkup-clock", round(off, 3))

    async def _catalogue(self, entry: Entry) -> _Found:
        began = self._desk.clock.monotonic()
        state = await self._catalogues.read(entry, self._commands.next_sn())
        took = round(self._desk.clock.monotonic() - began, 3)
        read = self._catalogues.progress(entry.gb_id)
        detail = "" if read is None else f"{read.received}/{read.announced}"
        late = took > _LIMITS["catalogue"][0]
        code = "gateway.checkup-late" if late else ""
        return _Found(code if state is CollectState.COMPLETE else "gateway.checkup-catalogue", took, detail)

    async def _live(self, channel_id: ChannelId | None) -> _Found:
        if channel_id is None or self._open_live is None or self._release is None:
            return _Found("gateway.checkup-no-channel")
        began = self._desk.clock.monotonic()
        stream_id = await self._open_live(channel_id)
        took = self._desk.clock.monotonic() - began
        await self._release(stream_id)
        return _Found("" if took <= _LIMITS["live"][0] else "gateway.checkup-late", round(took, 3))

    async def _ptz_stop(self, channel_id: ChannelId | None) -> _Found:
        """Only a stop is sent: a test must not turn somebody's camera away."""
        if channel_id is None:
            return _Found("gateway.checkup-no-channel")
        target = await self._addresses.channel(channel_id)
        began = self._desk.clock.monotonic()
        outcome = await self._commands.order(target.entry, target.channel, Ptz.of(Stop()))
        took = round(self._desk.clock.monotonic() - began, 3)
        if outcome.result is Result.UNSUPPORTED:
            return _Found("gateway.checkup-no-ptz", took)
        if outcome.result not in {Result.DONE, Result.TAKEN}:
            return _Found("gateway.command-not-taken", took, str(outcome.status))
        return _Found("" if took <= _LIMITS["ptz-stop"][0] else "gateway.checkup-late", took)

    def _set(self, entry: Entry, name: str, state: StepState, found: _Found) -> None:
        checkup = self._last[entry.device_id]
        steps = tuple(
            replace(
                step,
                state=state,
                code=found.code,
                measured=found.measured,
                detail=found.detail,
                why=_words(found),
            )
            if step.name == name
            else step
            for step in checkup.steps
        )
        self._last[entry.device_id] = replace(checkup, steps=steps)


_SKIPPED = frozenset(
    {
        "gateway.checkup-no-channel",
        "gateway.checkup-no-clock",
        "gateway.checkup-no-heartbeats",
        "gateway.checkup-no-ptz",
    }
)
_LIMITS: dict[str, tuple[float, str, str]] = {
    "register": (0.0, "s left", _GB_REGISTER),
    "heartbeat": (0.0, "missed", _GB_BEAT),
    "status": (4.0, "s", _OURS),
    "clock": (1.0, "s", _GB_CLOCK),
    "catalogue": (60.0, "s", _OURS),
    "live": (2.0, "s", _GB_DELAY),
    "ptz-stop": (0.2, "s", _OURS),
}


def _words(found: _Found) -> Text | None:
    if not found.code:
        return None
    return Text(message(found.code, "zh-CN", found.data), message(found.code, "en", found.data))


def _pending(name: str) -> CheckupStep:
    limit, unit, source = _LIMITS[name]
    return CheckupStep(name, "pending", limit=limit, unit=unit, source=source)
