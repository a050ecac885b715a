"""RTSP sources: third-party cameras and the encoders of domes. Watched by probes, shown by pulling.

They do not register, so somebody has to ask: one OPTIONS or DESCRIBE every interval, so many at a time.
"""

from __future__ import annotations

import asyncio
import zlib
from collections import Counter
from collections.abc import Callable

from civicam.fleet.facts import ChannelRoute, DeviceId, DeviceRecord
from civicam.gateway import refusals
from civicam.gateway.desk import Desk
from civicam.gateway.liveness import Liveness
from civicam.gateway.ports import RtspProber
from civicam.gateway.session import State
from civicam.gateway.sessions import SessionInfo
from civicam.gateway.settings import ProbeSettings
from civicam.gateway.tasks import Tasks
from civicam.kernel.clock import Clock
from civicam.kernel.errors import CivicamError, Operational, Side
from civicam.media.engine import (
    EngineEvent,
    EngineRestarted,
    Idle,
    MediaEngine,
    Probe,
    PullSpec,
    StreamEnded,
    StreamStalled,
    StreamStarted,
)

ANSWERED = "fleet.source-answers"


class RtspWatch:
    """One probing task a source."""

    def __init__(
        self, prober: RtspProber, liveness: Liveness, clock: Clock, tasks: Tasks, settings: ProbeSettings
    ) -> None:
        self._prober = prober
        self._liveness = liveness
        self._clock = clock
        self._tasks = tasks
        self._settings = settings
        self._at_once = asyncio.Semaphore(settings.concurrent)
        self._running: dict[DeviceId, tuple[DeviceRecord, asyncio.Task[None]]] = {}
        self._delivering: set[DeviceId] = set()
        self.counters: Counter[str] = Counter()

    def delivers(self, device_id: DeviceId, flowing: bool) -> None:
        """Whether our own stream from this source flows: the best proof there is that it lives.

        It is not probed meanwhile: a camera that serves one session at a time would refuse the probe.
        """
        (self._delivering.add if flowing else self._delivering.discard)(device_id)

    def watch(self, record: DeviceRecord) -> None:
        """Begin, or go on with a changed address or password."""
        running = self._running.get(record.device_id)
        if running is not None:
            if _same(running[0], record):
                return
            running[1].cancel()
        task = self._tasks.spawn(self._watch(record), "rtsp-probe")
        self._running[record.device_id] = (record, task)

    def watched(self) -> set[DeviceId]:
        """Whose sources are probed."""
        return set(self._running)

    def drop(self, device_id: DeviceId) -> None:
        """No more probes of this source."""
        running = self._running.pop(device_id, None)
        if running is not None:
            running[1].cancel()

    async def _watch(self, record: DeviceRecord) -> None:
        every = self._settings.every_s
        # the first probe at once, the second spread by id: not all sources in the same second for ever
        pause = every * (0.5 + zlib.crc32(record.device_id.encode()) % 1000 / 1000)
        while True:
            if record.device_id in self._delivering:
                self.counters["probe_spared"] += 1
                answer = Probe(True)
            else:
                async with self._at_once:
                    answer = await self._prober.probe(
                        record.rtsp_url,
                        record.username or None,
                        record.password or None,
                        self._settings.timeout_s,
                    )
                self.counters["probe_alive" if answer.alive else answer.code or "probe_dead"] += 1
            book = self._liveness.book
            if answer.alive:
                self._liveness.publish(book.heard(record.device_id, self._clock.monotonic(), ANSWERED))
            else:
                self._liveness.publish(book.missed(record.device_id, answer.code or "media.rtsp-unreachable"))
            await asyncio.sleep(pause)
            pause = every


def _same(one: DeviceRecord, other: DeviceRecord) -> bool:
    return (one.rtsp_url, one.username, one.password) == (other.rtsp_url, other.username, other.password)


class RtspSource:
    """A `civicam.gateway.sessions.Source` that is pulled: no SIP, the engine does it all."""

    def __init__(
        self, desk: Desk, engine: MediaEngine, route: ChannelRoute, changed: Callable[[RtspSource], None]
    ) -> None:
        self._desk = desk
        self._engine = engine
        self._route = route
        self._changed = changed
        self._stream_id = f"s{desk.line.new_id()}"
        self._state = State.IDLE
        self._since = desk.clock.monotonic()
        self._code = ""
        self._stalled = False
        self._timer: asyncio.TimerHandle | None = None
        self.pictures: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.closed = asyncio.Event()

    @property
    def info(self) -> SessionInfo:
        """State and reason; an RTSP source has one stream, called main."""
        route = self._route
        return SessionInfo(
            self._stream_id, route.channel_id, route.device_id, "main", self._state, self._code, self._since
        )

    @property
    def ending(self) -> bool:
        """CLOSING or CLOSED."""
        return self._state in {State.CLOSING, State.CLOSED}

    @property
    def delivering(self) -> bool:
        """Pictures came and have not stopped since; once they stopped, only a probe tells."""
        return self._state is State.STREAMING and not self._stalled

    def start(self) -> None:
        """Ask the engine to pull."""
        self._enter(State.INVITING)
        self._timer = asyncio.get_running_loop().call_later(
            self._desk.settings.live.media_s, self._down, refusals.NO_MEDIA
        )
        self._desk.tasks.spawn(self._pull(), "rtsp-pull")

    async def _pull(self) -> None:
        route = self._route
        spec = PullSpec(self._stream_id, route.rtsp_url, route.username or None, route.password or None)
        try:
            await self._engine.pull(spec)
        except Operational as error:
            self._down(error.code)

    def engine_event(self, event: EngineEvent) -> None:
        """The engine's view of our stream."""
        match event:
            case StreamStarted():
                if self._state is State.INVITING:
                    self._disarm()
                    self._enter(State.STREAMING)
                    self.pictures.set_result(self._stream_id)
            case Idle():
                if self._state is State.STREAMING:  # before that somebody waits; the engine tells it again
                    self.end(refusals.NO_VIEWER)
            case StreamStalled():
                self._stalled = True
                self._changed(self)
            case StreamEnded(code=code):
                self._down(code)
            case EngineRestarted():
                self._down(refusals.STREAM_LOST)
            case _:
                pass

    def end(self, code: str) -> None:
        """Stop pulling."""
        self._down(code)

    def _down(self, code: str) -> None:
        if self.ending:
            return
        self._disarm()
        self._code = code
        if not self.pictures.done():
            self.pictures.set_exception(self._failure(code))
            self.pictures.exception()
        self._enter(State.CLOSING)
        self._desk.tasks.spawn(self._close(), "rtsp-close")

    def _failure(self, code: str) -> CivicamError:
        name = self._route.channel_id
        if code.startswith("gateway."):
            return refusals.failure(code, name, name)
        return Operational("gateway.source-failed", side=Side.REMOTE, channel=name, reason=code)

    async def _close(self) -> None:
        try:
            await self._engine.close(self._stream_id)
        except Operational as error:
            self._desk.faults.note(error.code, "engine", self._desk.clock.monotonic())
        self.closed.set()
        self._enter(State.CLOSED)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _enter(self, state: State) -> None:
        self._state = state
        self._since = self._desk.clock.monotonic()
        self._changed(self)
