"""What the gateway measures in passing for the usability room: streams that flow anyway, streams that did
not come, clocks of devices.

Nothing is opened to be measured. A device is asked for its status once in a while, because nothing it sends
by itself tells its time reliably: an alarm may be hours old when it comes, few put a Date into a REGISTER.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Iterator
from contextlib import contextmanager

from civicam.fleet.facts import ChannelId, DeviceId, Presence
from civicam.gateway import refusals
from civicam.gateway.desk import Desk
from civicam.gateway.maintenance import Maintenance
from civicam.gateway.ports import Usability
from civicam.gateway.session import State
from civicam.gateway.sessions import Sessions
from civicam.kernel.errors import CivicamError, Operational
from civicam.media.engine import MediaEngine, StreamKind, StreamStats
from civicam.usability.judging import StreamMeasured

WHOLE_SECONDS = 1.0
"""What a DeviceStatus tells time in."""
_PACE_S = 0.2
"""Between two devices: five a second ask a city of 2,343 in eight minutes."""
_AGAIN_S = 600.0
"""A device that did not answer."""
_AWAY_S = 60.0
"""A device that is not online; also how often new ones are looked for."""
_OURS = frozenset({refusals.DEVICE_OFFLINE, refusals.STOPPING, refusals.ENGINE, refusals.NO_VIEWER})
_BUSY = frozenset({"gateway.play-busy", "gateway.play-device-limit"})
"""It serves somebody else: no finding about its pictures."""


class Measuring:
    """One for each start of the gateway."""

    def __init__(
        self, desk: Desk, engine: MediaEngine, sessions: Sessions, maintenance: Maintenance, room: Usability
    ) -> None:
        self._desk = desk
        self._engine = engine
        self._sessions = sessions
        self._maintenance = maintenance
        self._room = room
        self._packets: dict[str, int] = {}
        maintenance.clock_told = lambda device, off: room.clock_told(device, off, WHOLE_SECONDS)

    def start(self) -> None:
        """Begin; the gateway's tasks end it."""
        self._desk.tasks.spawn(self._measure_for_ever(), "usability-streams")
        self._desk.tasks.spawn(self._ask_for_ever(), "usability-clocks")

    @contextmanager
    def opening(self, channel_id: ChannelId) -> Iterator[None]:
        """Around the opening of a stream: what fails by no fault of ours is a finding."""
        try:
            yield
        except CivicamError as error:
            if error.code.startswith("gateway.") and error.code not in _OURS | _BUSY:
                self._room.open_failed(channel_id, error.code)
            raise

    # -- streams

    async def _measure_for_ever(self) -> None:
        while True:
            await asyncio.sleep(self._room.stream_every_s)
            try:
                stats = await self._engine.stats()
            except Operational as error:
                self._desk.faults.note(error.code, "engine", self._desk.clock.monotonic())
                continue
            self.measure(stats)

    def measure(self, stats: list[StreamStats]) -> None:
        """Hand over what the engine says of every live stream that delivers."""
        found = {each.stream_id: each for each in stats if each.kind is StreamKind.LIVE}
        before, self._packets = self._packets, {key: each.packets for key, each in found.items()}
        for session in self._sessions.all():
            each = found.get(session.stream_id)
            if each is None or session.state != State.STREAMING or each.stream_id not in before:
                continue  # the first look is at a stream that has hardly begun
            measured = StreamMeasured(
                kbps=each.kbps,
                loss=each.loss,
                jitter_ms=each.jitter_ms,
                fps=each.fps,
                main=session.stream == "main",
                silent=each.packets == before[each.stream_id] and not each.paused,
            )
            self._room.stream(session.channel_id, measured)

    # -- clocks

    async def _ask_for_ever(self) -> None:
        """Every device in its turn; those whose turn was never first."""
        now = self._desk.clock.monotonic
        turns: list[tuple[float, DeviceId]] = []
        known: set[DeviceId] = set()
        look_at = 0.0
        while True:
            await asyncio.sleep(_PACE_S)
            if now() >= look_at:
                look_at = now() + _AWAY_S
                for entry in self._desk.roster:
                    if entry.device_id not in known:
                        known.add(entry.device_id)
                        heapq.heappush(turns, (0.0, entry.device_id))
            if not turns or turns[0][0] > now():
                continue
            _, device_id = heapq.heappop(turns)
            if self._desk.roster.by_device(device_id) is None:
                known.discard(device_id)
                continue
            heapq.heappush(turns, (now() + await self._ask(device_id), device_id))

    async def _ask(self, device_id: DeviceId) -> float:
        """Seconds until its next turn."""
        if self._desk.liveness.book.presence(device_id) is not Presence.ONLINE:
            return _AWAY_S
        try:
            await self._maintenance.status(device_id)
        except CivicamError:
            self._desk.counters["clock_unanswered"] += 1
            return _AGAIN_S
        return self._room.clock_every_s
