"""Single flight: one source session for each (device, channel, stream), however many people ask at once.

Both kinds of source (`civicam.gateway.live` for GB/T 28181, `civicam.gateway.rtsp` for RTSP) are `Source`s
here. A caller that goes away does not end what others wait for; a source nobody watches is ended by the
engine's `Idle`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from civicam.fleet.facts import ChannelId, DeviceId
from civicam.gateway import refusals
from civicam.kernel.errors import Refused
from civicam.media.engine import EngineEvent, EngineRestarted

StreamName = Literal["main", "sub"]
Key = tuple[DeviceId, str, str]
"""Device, channel, and main, sub or (for history, which is never shared) a name of its own."""
_WAIT_FOR_OLD_S = 2.0


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """A session as others see it. ``state`` is a `civicam.gateway.session.State`; ``code`` why it ends."""

    stream_id: str
    channel_id: ChannelId
    device_id: DeviceId
    stream: StreamName
    state: str
    code: str
    since: float
    """Monotonic seconds of the gateway's clock: when the state was entered."""


class Source(Protocol):
    """One source session."""

    @property
    def info(self) -> SessionInfo: ...

    @property
    def ending(self) -> bool:
        """On its way down: no longer to be joined."""
        ...

    @property
    def pictures(self) -> asyncio.Future[str]:
        """Done with the stream id once there are pictures, or with the error."""
        ...

    @property
    def closed(self) -> asyncio.Event:
        """Set when nothing of it is left."""
        ...

    def start(self) -> None:
        """Begin."""
        ...

    def end(self, code: str) -> None:
        """End it in an orderly way."""
        ...

    def engine_event(self, event: EngineEvent) -> None:
        """The engine says something about this stream."""
        ...


class Sessions:
    """All sources by key and by stream id."""

    def __init__(self, counters: Counter[str]) -> None:
        self._counters = counters
        self._by_key: dict[Key, Source] = {}
        self._by_stream: dict[str, Source] = {}
        self._opening: dict[Key, asyncio.Lock] = {}
        self.on_change: Callable[[SessionInfo], None] | None = None
        self._away: dict[DeviceId, asyncio.TimerHandle] = {}
        """Devices whose connection broke, and when their sessions are ended."""
        self.gone: Callable[[DeviceId], None] = lambda _device: None
        """Told of every device whose sessions are ended since it is offline."""
        self.before: Callable[[DeviceId], Awaitable[None]] | None = None
        """Awaited before a device is asked for something new: it may have old sessions to be rid of."""
        self.stopping = False

    def __len__(self) -> int:
        return len(self._by_stream)

    def count_of(self, device_id: DeviceId) -> int:
        """How many a device has."""
        return sum(source.info.device_id == device_id for source in self._by_stream.values())

    def all(self) -> list[SessionInfo]:
        """Every session, those on their way down too."""
        return [source.info for source in self._by_stream.values()]

    def get(self, stream_id: str) -> Source | None:
        """The session of a stream."""
        return self._by_stream.get(stream_id)

    async def open(self, key: Key, make: Callable[[], Source]) -> str:
        """The stream id, once there are pictures. Joins a session that is open or opening.

        Raises what the session failed with.
        """
        self._counters["live_asked"] += 1
        lock = self._opening.setdefault(key, asyncio.Lock())
        async with lock:
            source = self._by_key.get(key)
            if source is not None and source.ending:
                # devices with one stream to give refuse a second while the first is ending
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_WAIT_FOR_OLD_S):
                        await source.closed.wait()
                newer = self._by_key.get(key)
                source = newer if newer is not None and not newer.ending else None
            if source is None and self.before is not None:
                await self.before(key[0])
            if self.stopping:
                raise Refused(refusals.STOPPING)
            if source is None:
                source = make()
                self._by_key[key] = source
                self._by_stream[source.info.stream_id] = source
                self._counters["live_opened"] += 1
                source.start()
        return await asyncio.shield(source.pictures)

    def changed(self, source: Source, key: Key) -> None:
        """A session tells that its state changed; called by the sessions themselves."""
        info = source.info
        if source.closed.is_set():
            self._by_stream.pop(info.stream_id, None)
            if self._by_key.get(key) is source:
                del self._by_key[key]
                lock = self._opening.get(key)
                if lock is not None and not lock.locked():
                    del self._opening[key]
            self._counters[f"live_ended_{info.code}"] += 1
        if self.on_change is not None:
            self.on_change(info)

    def device_back(self, device_id: DeviceId) -> None:
        """The device can be reached."""
        timer = self._away.pop(device_id, None)
        if timer is not None:
            timer.cancel()

    def device_offline(self, device_id: DeviceId, patience_s: float = 0.0) -> None:
        """End what the device was sending (2022 Annex K: the peer is offline → release).

        A connection that broke says nothing of the pictures: with ``patience_s`` the sessions go on over the
        next one, if it comes in time (`device_back`).
        """
        self.device_back(device_id)
        if patience_s:
            loop = asyncio.get_running_loop()
            self._away[device_id] = loop.call_later(patience_s, self.device_offline, device_id)
            return
        self.gone(device_id)
        for source in self._of(lambda info: info.device_id == device_id):
            source.end(refusals.DEVICE_OFFLINE)

    def engine_event(self, event: EngineEvent) -> None:
        """Pass it to whom it concerns."""
        streams = event.stream_ids if isinstance(event, EngineRestarted) else (event.stream_id,)
        for stream_id in streams:
            source = self._by_stream.get(stream_id)
            if source is not None:
                source.engine_event(event)

    async def end_all(self, patience_s: float) -> None:
        """At stop: BYE to all, and wait for the answers, but not for ever."""
        self.stopping = True
        for device_id in list(self._away):
            self.device_back(device_id)
        sources = list(self._by_stream.values())
        for source in sources:
            source.end(refusals.STOPPING)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                for source in sources:
                    await source.closed.wait()

    def _of(self, wanted: Callable[[SessionInfo], bool]) -> list[Source]:
        return [source for source in self._by_stream.values() if wanted(source.info)]
