"""Ends the sessions that a former process left at the devices, and those whose BYE nobody heard.

    left, or a BYE unheard ──device reachable──▶ its turn ─▶ BYE ─▶ any answer: over
                          └──────────── give_up_s ─────────────────▶ given up

Who has no To tag of the device (killed before the 200) first listens for the answers to that INVITE, which
the device repeats until they are acknowledged, and cancels it; what is accepted is acknowledged and ended.
When nothing comes, a BYE without the tag is tried: programs find their session by Call-ID. 481 is as good as
200.

A city's worth of devices is asked within a budget of its own. The SSRC and the media port of such a session
are not used again until it is over, and rest after that as after any other.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from civicam.fleet.facts import DeviceId, Presence
from civicam.gateway.desk import Desk
from civicam.gateway.kept import KeptDialog
from civicam.gateway.resync_plan import ResyncLimits, ResyncPlan
from civicam.kernel.errors import Operational
from civicam.media.engine import MediaEngine
from civicam.signalling.gb28181.ssrc import SsrcPool, is_history
from civicam.signalling.sip.dialog import Dialog
from civicam.signalling.sip.events import RequestReceived
from civicam.signalling.sip.peer import Peer

_OWED_S = 2.0
"""A new session waits so long for the old one's end: devices with one stream to give refuse a second."""
_NO_ANSWER = frozenset({408, 500, 503, 504})
"""The device is busy with itself; it is asked again."""


@dataclass(slots=True)
class _Ghost:
    """``former``: of a process that is gone, so that nobody else has its SSRC and port."""

    kept: KeptDialog
    since: float
    former: bool


@dataclass(slots=True)
class _Haunted:
    """A device and its ghosts by stream id."""

    ghosts: dict[str, _Ghost] = field(default_factory=dict)
    tried: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once the device was told, or could not be."""


class Ghosts:
    """The use case; one for the gateway."""

    def __init__(self, desk: Desk, engine: MediaEngine, ssrcs: SsrcPool, history_ssrcs: SsrcPool) -> None:
        limits = desk.settings.ghost
        self._desk = desk
        self._limits = limits
        self._engine = engine
        self._pools = (ssrcs, history_ssrcs)
        self._plan = ResyncPlan(
            ResyncLimits(limits.concurrent, limits.per_second, 0.0, limits.retry_s, limits.attempts)
        )
        self._haunted: dict[DeviceId, _Haunted] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._sweeper: asyncio.TimerHandle | None = None
        desk.ghost = self.take

    def __len__(self) -> int:
        return sum(len(each.ghosts) for each in self._haunted.values())

    # -- where they come from

    async def start(self) -> None:
        """Read what was left, and begin. A store that cannot tell costs us the ghosts, not the start."""
        desk = self._desk
        if desk.dialogs is None:
            return
        try:
            left = await desk.dialogs.left(desk.clock.now())
        except Operational as error:
            desk.faults.note(error.code, "store", desk.clock.monotonic())
            return
        now = desk.clock.monotonic()
        for each in left:
            age = max(0.0, (desk.clock.now() - each.left_at).total_seconds())
            self._pool(each.kept).hold(each.kept.ssrc)
            self._add(_Ghost(each.kept, now - age, former=True))
        desk.counters["ghosts_found"] += len(left)
        await self._ports([each.kept.media_port for each in left], self._engine.avoid)
        for device_id in self._haunted:
            self.online(device_id)
        self._arm_sweep()

    def take(self, kept: KeptDialog) -> bool:
        """A BYE that nobody heard (`Desk.ghost`): it is tried again when the device can be reached."""
        self._desk.counters["ghosts_handed_over"] += 1
        self._add(_Ghost(kept, self._desk.clock.monotonic(), former=False))
        self._arm_sweep()
        if self._online(kept.device_id):
            self.online(kept.device_id)
        return True

    def _add(self, ghost: _Ghost) -> None:
        haunted = self._haunted.setdefault(ghost.kept.device_id, _Haunted())
        haunted.ghosts[ghost.kept.stream_id] = ghost
        haunted.tried.clear()

    def _pool(self, kept: KeptDialog) -> SsrcPool:
        return self._pools[is_history(kept.ssrc)]

    # -- whose turn it is

    def online(self, device_id: DeviceId) -> None:
        """The device can be reached: its turn comes."""
        if device_id in self._haunted and self._plan.want(
            device_id, self._desk.clock.monotonic(), force=True
        ):
            self._run()

    def offline(self, device_id: DeviceId) -> None:
        """The device went away: nobody is asked in vain."""
        self._plan.drop(device_id)

    async def settled(self, device_id: DeviceId) -> None:
        """Wait a little while the device is being told of its old sessions."""
        haunted = self._haunted.get(device_id)
        if haunted is not None and self._plan.busy(device_id):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_OWED_S):
                    await haunted.tried.wait()

    def stop(self) -> None:
        """No more turns; what is left stays in the store for the next process."""
        for timer in (self._timer, self._sweeper):
            if timer is not None:
                timer.cancel()
        self._timer = self._sweeper = None

    def _run(self) -> None:
        now = self._desk.clock.monotonic()
        for device_id in self._plan.start_due(now):
            self._desk.tasks.spawn(self._tell(device_id), "ghosts")
        at = self._plan.get_timer()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if at is not None:
            self._timer = asyncio.get_running_loop().call_later(max(0.001, at - now), self._run)

    async def _tell(self, device_id: DeviceId) -> None:
        """End all that a device has, one after the other."""
        haunted = self._haunted.get(device_id)
        heard = True
        try:
            for ghost in list(haunted.ghosts.values()) if haunted is not None else ():
                if not await self._end(ghost.kept):
                    heard = False
                    break  # the others would wait in vain too
                await self._over(ghost, "ghosts_ended")
        finally:
            if haunted is not None:
                haunted.tried.set()
            self._plan.done(device_id, heard, self._desk.clock.monotonic())
            self._run()
        if not heard and not self._plan.busy(device_id) and self._online(device_id):
            for ghost in list(haunted.ghosts.values()) if haunted is not None else ():
                await self._over(ghost, "ghosts_given_up")  # it is there, and answers no BYE

    def _online(self, device_id: DeviceId) -> bool:
        return self._desk.liveness.book.presence(device_id) is Presence.ONLINE

    # -- telling a device

    async def _end(self, kept: KeptDialog) -> bool:
        """Whether the device knows now."""
        entry = self._desk.roster.by_device(kept.device_id)
        known = kept.peer if kept.peer.transport == "udp" else None
        peer = known if entry is None else entry.peer
        if peer is None:
            return False
        try:
            dialog = await self._dialog(kept, peer)
            if dialog is None:
                return True
            async with asyncio.timeout(self._limits.answer_s):
                response = await self._desk.agent.request(dialog.request("BYE"), peer)
        except (TimeoutError, Operational):
            self._desk.counters["ghost_bye_unanswered"] += 1
            return False
        self._desk.counters[f"ghost_bye_{response.status}"] += 1
        return response.status not in _NO_ANSWER

    async def _dialog(self, kept: KeptDialog, peer: Peer) -> Dialog | None:
        """The dialog as far as it is known; None when the device refused it or gave it up."""
        agent, origin = self._desk.agent, self._desk.line.origin(peer)
        if kept.standing:
            return kept.dialog(origin)
        invite = kept.invite()
        invitation = agent.invite(invite, peer, sent_before=True)
        invitation.cancel()
        try:
            async with asyncio.timeout(self._limits.answer_s):
                response = await invitation.final()
        except (TimeoutError, Operational):
            return kept.dialog(origin)
        if not response.ok:
            return None
        dialog = Dialog.from_uac(invite, response, origin)
        agent.send_ack(dialog.ack(), peer)
        dialog.local_cseq = kept.cseq
        return dialog

    def bye(self, event: RequestReceived) -> bool:
        """The device ends one of them itself; False when it is none of these."""
        request = event.request
        for haunted in self._haunted.values():
            for ghost in haunted.ghosts.values():
                entry = self._desk.roster.by_device(ghost.kept.device_id)
                if ghost.kept.call_id == request.call_id and entry is not None and entry.trusts(event.source):
                    self._desk.answer(event, 200)
                    self._desk.tasks.spawn(self._over(ghost, "ghosts_ended"), "ghost-over")
                    return True
        return False

    # -- the end

    async def _over(self, ghost: _Ghost, how: str) -> None:
        desk, kept = self._desk, ghost.kept
        haunted = self._haunted.get(kept.device_id)
        if haunted is None or haunted.ghosts.pop(kept.stream_id, None) is None:
            return
        if not haunted.ghosts:
            del self._haunted[kept.device_id]
        desk.counters[how] += 1
        self._pool(kept).release(kept.ssrc, desk.clock.monotonic())
        if ghost.former:
            await self._ports([kept.media_port], self._engine.allow)
        if desk.dialogs is not None:
            try:
                await desk.dialogs.forget([kept.stream_id])
            except Operational as error:  # the next process tells the device once more
                desk.faults.note(error.code, "store", desk.clock.monotonic())

    async def _ports(self, ports: Sequence[int], work: Callable[[Sequence[int]], Awaitable[None]]) -> None:
        try:
            await work([port for port in ports if port])
        except Operational as error:
            self._desk.faults.note(error.code, "engine", self._desk.clock.monotonic())

    def _arm_sweep(self) -> None:
        """One timer for who waits longest."""
        oldest = min((each.since for each in self._all()), default=None)
        if oldest is None or self._sweeper is not None:
            return
        delay = max(0.001, oldest + self._limits.give_up_s - self._desk.clock.monotonic())
        self._sweeper = asyncio.get_running_loop().call_later(delay, self._sweep)

    def _sweep(self) -> None:
        self._sweeper = None
        late = self._desk.clock.monotonic() - self._limits.give_up_s
        for ghost in [each for each in self._all() if each.since <= late]:
            self._desk.tasks.spawn(self._over(ghost, "ghosts_given_up"), "ghost-given-up")
            ghost.since = float("inf")
        self._arm_sweep()

    def _all(self) -> list[_Ghost]:
        return [each for haunted in self._haunted.values() for each in haunted.ghosts.values()]
