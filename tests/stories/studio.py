"""A media engine on virtual time: the real pool of ports, and the patience of the real one; no packets.

What a worker does with sockets, packets and pictures cannot run here, for a packet takes real time. What is
here is what can be left behind by whoever uses the engine: ports, streams that nobody watches, streams whose
device is gone.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from tests.gateway.rooms import MemoryEngine

from civicam.kernel.errors import Operational
from civicam.media.aio.ports import PortPool
from civicam.media.core.unit import Codec
from civicam.media.engine import Port, ReceiveSpec, StreamStats
from civicam.media.settings import MediaSettings

MEDIA = MediaSettings()


@dataclass
class Take:
    """One stream: its port, whether pictures come, who watches."""

    spec: ReceiveSpec
    port: int
    sending: bool = False
    started: bool = False
    paused: bool = False
    viewers: int = 0
    wait: asyncio.TimerHandle | None = None
    """Until it is called lost, when nothing comes."""
    linger: asyncio.TimerHandle | None = None
    """Until it is called idle, when nobody watches."""

    def rest(self) -> None:
        """No more timers."""
        for timer in (self.wait, self.linger):
            if timer is not None:
                timer.cancel()


class Studio(MemoryEngine):
    """``MemoryEngine`` with ports that rest and streams that end by themselves."""

    def __init__(self) -> None:
        super().__init__()
        self.takes: dict[str, Take] = {}
        self.pool = PortPool(MEDIA.rtp_port_first, MEDIA.rtp_port_first + 399, MEDIA.quarantine_s)
        self.ended: Counter[str] = Counter()

    async def open_receiver(self, spec: ReceiveSpec) -> Port:
        take = self.takes[spec.stream_id] = Take(spec, self.pool.take(self._now()))
        self._await_pictures(spec.stream_id, take)
        self._await_viewers(spec.stream_id, take)
        return Port(spec.stream_id, "10.0.0.1", take.port)

    async def close(self, stream_id: str) -> None:
        self._end(stream_id, "media.closed")

    async def pause(self, stream_id: str, paused: bool) -> None:
        if stream_id not in self.takes:
            raise Operational("media.no-stream", stream_id=stream_id)
        self.takes[stream_id].paused = paused

    async def pin(
        self, stream_id: str, *, ssrc: int | None, source_host: str | None, encoding: str = "PS"
    ) -> None:
        if stream_id not in self.takes:
            raise Operational("media.no-stream", stream_id=stream_id)

    async def stats(self) -> list[StreamStats]:
        return [
            StreamStats(each, Codec.H264, 1920, 1080, 0, 0, 0, 0, 0, 0, 0, None, take.viewers, 0, "")
            for each, take in self.takes.items()
        ]

    # -- devices

    def arrives(self, ssrc: int) -> None:
        """Pictures with this SSRC begin to come."""
        for stream_id, take in self._with(ssrc):
            take.sending = True
            if take.wait is not None:
                take.wait.cancel()
            if not take.started:
                take.started = True
                self.picture(stream_id)

    def ceases(self, ssrc: int) -> None:
        """Nothing comes any more."""
        for stream_id, take in self._with(ssrc):
            take.sending = False
            self._await_pictures(stream_id, take)

    # -- viewers

    def watch(self, stream_id: str) -> bool:
        """Somebody comes to the door; False when the stream is gone already."""
        take = self.takes.get(stream_id)
        if take is None:
            return False
        take.viewers += 1
        if take.linger is not None:
            take.linger.cancel()
        return True

    def leave(self, stream_id: str) -> None:
        """And goes."""
        take = self.takes.get(stream_id)
        if take is not None:
            take.viewers -= 1
            self._await_viewers(stream_id, take)

    # -- inside

    def _with(self, ssrc: int) -> list[tuple[str, Take]]:
        return [(key, take) for key, take in self.takes.items() if take.spec.ssrc == ssrc]

    def _await_pictures(self, stream_id: str, take: Take) -> None:
        def silent() -> None:
            if take.paused:
                take.wait = self._after(MEDIA.pause_timeout_s, silent)
            elif not take.sending:
                self._end(stream_id, "media.stream-timeout")

        take.wait = self._after(MEDIA.stream_timeout_s, silent)

    def _await_viewers(self, stream_id: str, take: Take) -> None:
        def nobody() -> None:
            if take.viewers == 0 and stream_id in self.takes:
                self.idle(stream_id)
                take.linger = self._after(MEDIA.linger_s, nobody)

        take.linger = self._after(MEDIA.linger_s, nobody)

    def _end(self, stream_id: str, code: str) -> None:
        take = self.takes.pop(stream_id, None)
        if take is not None:
            take.rest()
            self.pool.rest(take.port, self._now())
            self.ended[code] += 1
            self.lost(stream_id, code)

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()

    @staticmethod
    def _after(seconds: float, work: Callable[[], None]) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(seconds, work)
