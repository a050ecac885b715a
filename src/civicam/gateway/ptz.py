"""Moving cameras: every motion that is begun is ended, whatever becomes of the person who began it.

GB/T 28181 knows no "move a little": a camera moves until it hears stop (§3.12 of our notes). So

* whoever moves renews the motion; when that stays away for `PtzSettings.watchdog_s`, we send the stop;
* when the person's connection breaks, or we stop, everything that person moves is stopped at once;
* a move whose answer comes after the stop was sent may have been repeated after it: stop is sent again.

Lens (focus, aperture) and head (pan, tilt, zoom) stop apart. One person moves a camera at a time only once
there are rights to decide who (arbitration is the accountability issue's).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from civicam.fleet.facts import ChannelId
from civicam.fleet.orders import Drive, Outcome, Result
from civicam.gateway.addresses import Addresses, Target
from civicam.gateway.commands import Commands
from civicam.gateway.desk import Desk
from civicam.kernel.errors import Operational, Refused
from civicam.signalling.gb28181.manscdp.control_actions import Ptz
from civicam.signalling.gb28181.ptz import Lens, LensStop, Move, PtzCommand, Stop, stop_of

Part = type[Stop] | type[LensStop]
_Key = tuple[ChannelId, Part]


@dataclass(slots=True)
class _Motion:
    who: str
    target: Target
    stop: Stop | LensStop
    timer: asyncio.TimerHandle | None = None
    stops: int = 0
    """How often stop was sent: a move that is answered after one is stopped again."""


class PtzDesk:
    """The use case. ``who`` is any name of a person's session; motions are ended by it."""

    def __init__(self, desk: Desk, addresses: Addresses, commands: Commands) -> None:
        self._desk = desk
        self._addresses = addresses
        self._commands = commands
        self._motions: dict[_Key, _Motion] = {}

    def __len__(self) -> int:
        """Cameras in motion, heads and lenses counted apart."""
        return len(self._motions)

    async def drive(self, channel_id: ChannelId, who: str, wish: Drive) -> Outcome:
        """Begin, change or renew a motion. Raises as `Addresses.channel` and `Commands.order` do, and
        `Refused` ``gateway.no-direction`` for a wish that names none, or both head and lens.
        """
        command = _command(wish)
        target = await self._addresses.channel(channel_id)
        stop = stop_of(command)
        assert stop is not None  # moves and lenses have one
        key = (channel_id, type(stop))
        motion = self._motions.get(key)
        if motion is None:
            motion = self._motions[key] = _Motion(who, target, stop)
        motion.who = who
        self._arm(key, motion)
        self._desk.counters["ptz_moves"] += 1
        sent = motion.stops
        try:
            return await self._send(target, command)
        finally:
            if motion.stops != sent:  # stopped meanwhile: our move may have been repeated after that
                self._desk.counters["ptz_stopped_again"] += 1
                self._spawn_stop(motion)

    async def stop(self, channel_id: ChannelId) -> Outcome:
        """Stop head and lens; also what was not begun here (a cruise, a scan)."""
        target = await self._addresses.channel(channel_id)
        lens = self._take((channel_id, LensStop))
        head = self._take((channel_id, Stop))
        outcome = await self._stopped(head or _Motion("", target, Stop()))
        return outcome if lens is None else await self._stopped(lens)

    async def order(self, channel_id: ChannelId, command: PtzCommand, preset_name: str = "") -> Outcome:
        """Presets, cruises, scans, switches: orders that end by themselves or by `stop`."""
        target = await self._addresses.channel(channel_id)
        return await self._commands.order(target.entry, target.channel, Ptz.of(command, preset_name))

    def gone(self, who: str) -> None:
        """The person's connection broke: stop what it moved."""
        for key, motion in list(self._motions.items()):
            if motion.who == who:
                self._expire(key, "ptz_stopped_gone")

    async def aclose(self) -> None:
        """We stop: no camera goes on moving without us."""
        stops = [self._stopped(motion) for key in list(self._motions) if (motion := self._take(key))]
        await asyncio.gather(*stops, return_exceptions=True)

    # -- inside

    def _arm(self, key: _Key, motion: _Motion) -> None:
        if motion.timer is not None:
            motion.timer.cancel()
        patience = self._desk.settings.ptz.watchdog_s
        motion.timer = asyncio.get_running_loop().call_later(
            patience, self._expire, key, "ptz_stopped_watchdog"
        )

    def _expire(self, key: _Key, counter: str) -> None:
        motion = self._take(key)
        if motion is not None:
            self._desk.counters[counter] += 1
            self._spawn_stop(motion)

    def _take(self, key: _Key) -> _Motion | None:
        motion = self._motions.pop(key, None)
        if motion is not None and motion.timer is not None:
            motion.timer.cancel()
        return motion

    def _spawn_stop(self, motion: _Motion) -> None:
        self._desk.tasks.spawn(self._quietly(self._stopped, motion), "ptz-stop")

    async def _stopped(self, motion: _Motion) -> Outcome:
        motion.stops += 1
        outcome = await self._send(motion.target, motion.stop)
        if outcome.result is Result.REFUSED:
            self._desk.counters["ptz_stop_refused"] += 1
        return outcome

    async def _send(self, target: Target, command: PtzCommand) -> Outcome:
        return await self._commands.order(target.entry, target.channel, Ptz.of(command))

    async def _quietly(self, work: Callable[[_Motion], Awaitable[object]], motion: _Motion) -> None:
        try:
            await work(motion)
        except Operational as error:  # the device is out of reach: nothing more can be done for it
            self._desk.counters["ptz_stop_unanswered"] += 1
            self._desk.faults.note(error.code, motion.target.entry.gb_id, self._desk.clock.monotonic())


def _command(wish: Drive) -> Move | Lens:
    head, lens = bool(wish.pan or wish.tilt or wish.zoom), bool(wish.focus or wish.aperture)
    if head is lens:
        raise Refused("gateway.no-direction")
    speed = min(max(wish.speed, 1), 100)
    fine, coarse = round(speed * 2.55), max(1, round(speed * 0.15))
    if lens:
        return Lens(wish.focus, wish.aperture, fine, fine)
    return Move(wish.pan, wish.tilt, wish.zoom, fine, fine, coarse if wish.zoom else 0)
