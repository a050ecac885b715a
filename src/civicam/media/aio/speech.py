"""The way from a person's page to a device's loudspeaker (gb28181.md §4.8: broadcast).

    page ──WebSocket──► Speech ──pacer──► line ──RTP──► device

A line is UDP, TCP to the device, or TCP from it. The pacer runs while the line is open, speaker or none: some
devices hang up when nothing comes.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable
from typing import Any, Protocol

from civicam.kernel.errors import Refused
from civicam.media.aio.ports import PortPool
from civicam.media.aio.speech_lines import CallingLine, Line, LineEvents, ListeningLine, UdpLine
from civicam.media.core import g711
from civicam.media.core.speech import SpeechPacer
from civicam.media.engine import (
    EngineEvent,
    Idle,
    SendSpec,
    SoundFormat,
    SpeechStarted,
    SpeechStats,
    Transport,
)
from civicam.media.settings import MediaSettings

_NTP_EPOCH = 2_208_988_800
"""Seconds from 1900 to 1970."""


class Speaker(Protocol):
    """A person's connection, as the speech sees it."""

    def tell(self, body: dict[str, Any]) -> None:
        """Send one text message."""
        ...

    def dismiss(self, code: str) -> None:
        """The way is gone."""
        ...


class Speech:
    """One sender. ``end(code)`` asks the owner to close it; ``emit`` takes its events."""

    def __init__(
        self,
        spec: SendSpec,
        settings: MediaSettings,
        emit: Callable[[EngineEvent], None],
        end: Callable[[str], None],
    ) -> None:
        if not 20 <= spec.packet_ms <= 180:
            raise Refused("media.packet-ms", packet_ms=spec.packet_ms)
        self.stream_id = spec.stream_id
        self._spec = spec
        self._settings = settings
        self._emit = emit
        self._end = end
        self._loop = asyncio.get_running_loop()
        self._pacer = SpeechPacer(
            ssrc=spec.ssrc,
            payload_type=spec.payload_type,
            packet_ms=spec.packet_ms,
            start=(secrets.randbits(16), secrets.randbits(32)),
            most_s=settings.speech_queue_s,
        )
        self._line: Line | None = None
        self._speaker: Speaker | None = None
        self._format = SoundFormat.PCMA
        self._half = b""
        self._unsent = 0
        self._heard = self._waiting_since = self._loop.time()
        self._report_due = 0.0
        self._timer: asyncio.TimerHandle | None = None

    async def open(self, pool: PortPool) -> int:
        """Take a port, as SDP will say; listen on it if the device is to connect. The port."""
        events = LineEvents(self._opened, self._closed, self._end)
        host = self._settings.rtp_host
        if self._spec.transport is Transport.UDP:
            self._line = UdpLine(pool, host, events)
        elif self._spec.transport is Transport.TCP_ACTIVE:
            self._line = CallingLine(pool, host, events)
        else:
            self._line = listening = ListeningLine(pool, host, events, self._spec.source_host)
            await listening.listen()
        return self._line.port

    def connect(self, host: str, port: int) -> None:
        """See `MediaEngine.connect`."""
        if self._line is None or isinstance(self._line, ListeningLine):
            raise Refused("media.not-caller", stream_id=self.stream_id)
        self._line.call(host, port)

    def close(self, code: str) -> None:
        """End it: the speaker is told, the port rests."""
        self._stop()
        if self._speaker is not None:
            self._speaker.dismiss(code)
            self._speaker = None
        if self._line is not None:
            self._line.close(self._loop.time())

    # -- the speaker

    def join(self, speaker: Speaker, fmt: SoundFormat) -> bool:
        """Let a person speak; False when another one does."""
        if self._speaker is not None:
            return False
        self._speaker, self._format, self._half = speaker, fmt, b""
        self._heard = self._loop.time()
        speaker.tell({"type": "speak", "format": fmt.value, "rate": g711.RATE})
        return True

    def leave(self, speaker: Speaker) -> None:
        """The person is gone."""
        if self._speaker is speaker:
            self._speaker = None
            self._heard = self._loop.time()

    def hear(self, data: bytes) -> None:
        """What the page sent, in the format it was admitted with; pieces may end within a sample."""
        if self._format is SoundFormat.PCM16:
            data = self._half + data
            self._half = data[len(data) & ~1 :]
            data = g711.encode(data)
        self._pacer.put(data, self._loop.time())

    # -- once a second

    def tick(self, now: float, *, awaited: bool) -> str | None:
        """Look after it; the code to end it with, or None. ``awaited``: somebody holds a ticket."""
        if self._line is None:
            return None
        if not self._line.peer and now - self._waiting_since >= self._settings.speech_wait_s:
            return "media.device-absent"
        if self._speaker is not None or awaited:
            self._heard = now
        elif now - self._heard >= self._settings.linger_s:
            self._heard = now
            self._emit(Idle(self.stream_id))
        if self._line.peer and now >= self._report_due:
            self._report_due = now + self._settings.rtcp_interval_s
            self._line.report(self._pacer.report(_ntp(time.time())))
        return None

    def tell_stats(self) -> None:
        """How it goes, to the speaker."""
        if self._speaker is not None:
            stats = self.stats()
            told = {"peer": stats.peer, "waiting_ms": stats.waiting_ms, "dropped_ms": stats.dropped_ms}
            self._speaker.tell({"type": "speech", **told})

    def stats(self) -> SpeechStats:
        """The figures of this moment."""
        pacer = self._pacer
        return SpeechStats(
            stream_id=self.stream_id,
            peer=self._line.peer if self._line is not None else "",
            packets=pacer.sent - self._unsent,
            silent=pacer.silent,
            dropped_ms=pacer.dropped * 1000 // g711.RATE + self._unsent * self._spec.packet_ms,
            waiting_ms=pacer.waiting_ms,
            speaking=self._speaker is not None,
        )

    # -- the line

    def _opened(self) -> None:
        assert self._line is not None
        self._pacer.start(self._loop.time())
        self._emit(SpeechStarted(self.stream_id, self._line.peer))
        self._send()

    def _closed(self) -> None:
        self._stop()
        self._waiting_since = self._loop.time()

    def _stop(self) -> None:
        self._pacer.stop()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _send(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._line is None:
            return
        for packet in self._pacer.packets(self._loop.time()):
            if not self._line.send(packet):
                self._unsent += 1
        if self._pacer.due is not None:
            self._timer = self._loop.call_at(self._pacer.due, self._send)


def _ntp(unix: float) -> int:
    """The 64-bit NTP time of a moment (RFC 5905 §6)."""
    return int((unix + _NTP_EPOCH) * 2**32)
