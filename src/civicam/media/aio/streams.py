"""The streams of one worker, and what may be asked of them. The `MediaEngine` in one process."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from civicam.kernel.errors import Operational, Refused
from civicam.media.aio.door import DoorRights, DoorSettings, ViewerDoor
from civicam.media.aio.gather import Gather, Sockets
from civicam.media.aio.hub import FrameSink, Hub, HubLimits
from civicam.media.aio.ports import PortPool
from civicam.media.aio.receivers import make_receiver, make_source, reads
from civicam.media.aio.recordings import Recordings
from civicam.media.aio.rtsp_source import RtspSettings, RtspSource
from civicam.media.aio.snapshot import Snapshots
from civicam.media.aio.speeches import Speeches
from civicam.media.aio.stream import LiveStream, Patience
from civicam.media.aio.tcp_active import TcpCaller
from civicam.media.aio.tickets import Admission, TicketBook
from civicam.media.aio.viewer import ViewerLimits
from civicam.media.aio.wire import Close
from civicam.media.core.codecs import VideoParameters
from civicam.media.engine import (
    Door,
    EngineEvent,
    Port,
    PullSpec,
    ReceiveSpec,
    SendSpec,
    SoundFormat,
    StreamEnded,
    StreamStats,
    ViewerLeft,
    WireFormat,
)
from civicam.media.settings import MediaSettings, WorkerSettings

_log = logging.getLogger("civicam.media.worker")

TICK_S = 1.0


class Streams:
    """Everything one worker does; ``emit`` takes its events."""

    def __init__(self, settings: WorkerSettings, emit: Callable[[EngineEvent], None]) -> None:
        media = settings.media
        self._settings = settings
        self._media = media
        self._emit = emit
        self._loop = asyncio.get_running_loop()
        first, last = settings.rtp_port_first, settings.rtp_port_last
        start = secrets.randbelow(max(1, (last + 1 - first) // 2))
        self._pool = PortPool(first, last, media.quarantine_s, start)
        rarely = max(media.gather_s, media.gather_unwatched_s) if media.gather_s else 0.0
        self._sockets = Sockets(self._pool, Gather(media.gather_s), Gather(rarely))
        self._streams: dict[str, LiveStream] = {}
        self._tickets = TicketBook()
        self.recordings = Recordings(emit)
        self.speeches = Speeches(self._pool, media, emit, self.close)
        self._snapshots = Snapshots(media.snapshots_at_once)
        self._wall = time.time() - self._loop.time()
        self._patience = Patience(
            media.no_packets_s,
            media.no_pictures_s,
            media.stream_timeout_s,
            media.linger_s,
            media.pause_timeout_s,
        )
        limits = ViewerLimits(media.viewer_queue_bytes, media.viewer_skips, media.viewer_skips_s)
        self.door = ViewerDoor(
            DoorSettings(media.viewer_path, media.allowed_origins, media.handshake_s, media.ping_s, limits),
            DoorRights(self._enter, self._hub, self._left, self.speeches.get),
        )
        self._ticks = 0
        self._timer: asyncio.TimerHandle | None = None

    async def start(self) -> int:
        """Open the door; its port. ``media.door-taken`` when another program has it."""
        try:
            port = await self.door.listen(self._media.viewer_host, self._settings.viewer_port)
        except OSError as error:
            raise Operational(
                "media.door-taken", port=self._settings.viewer_port, reason=error.strerror or ""
            ) from error
        self._timer = self._loop.call_later(TICK_S, self._tick)
        return port

    # -- what the engine asks

    async def open_receiver(self, spec: ReceiveSpec) -> Port:
        """See `MediaEngine.open_receiver`."""
        stream = self._new(spec.stream_id)
        receiver = make_receiver(spec, self._media.reorder_s)
        try:
            source = await make_source(
                spec,
                self._media,
                self._sockets,
                receiver,
                stream.hub.push,
                partial(self.close, spec.stream_id),
            )
        except BaseException:
            del self._streams[spec.stream_id]
            raise
        if spec.stream_id not in self._streams:  # closed while the port was being opened
            source.close(self._loop.time())
            raise Operational("media.no-stream", stream_id=spec.stream_id)
        stream.source, stream.receiver = source, receiver
        stream.play(spec.kind)
        if spec.source_host is not None:
            source.pin(None, spec.source_host)
        return Port(spec.stream_id, media_host(self._media), source.port)

    async def open_sender(self, spec: SendSpec) -> Port:
        """See `MediaEngine.open_sender`."""
        if spec.stream_id in self._streams:
            raise Refused("media.stream-exists", stream_id=spec.stream_id)
        return Port(spec.stream_id, media_host(self._media), await self.speeches.open(spec))

    def pin(self, stream_id: str, ssrc: int | None, source_host: str | None, encoding: str) -> None:
        """See `MediaEngine.pin`."""
        stream = self._get(stream_id)
        if stream.receiver is not None:
            stream.receiver.strict = False
            reads(stream.receiver, encoding)
        if stream.source is not None:
            stream.source.pin(ssrc, source_host)
        stream.expect(self._loop.time())

    def connect(self, stream_id: str, host: str, port: int) -> None:
        """See `MediaEngine.connect`."""
        speech = self.speeches.get(stream_id)
        if speech is not None:
            speech.connect(host, port)
            return
        stream = self._get(stream_id)
        if not isinstance(stream.source, TcpCaller):
            raise Refused("media.not-caller", stream_id=stream_id)
        stream.source.call(host, port)
        stream.expect(self._loop.time())

    def pause(self, stream_id: str, paused: bool) -> None:
        """See `MediaEngine.pause`."""
        self._get(stream_id).pause(paused, self._loop.time())

    def scale(self, stream_id: str, scale: float) -> None:
        """See `MediaEngine.scale`."""
        self._get(stream_id).rescale(scale)

    def seek(self, stream_id: str) -> None:
        """See `MediaEngine.seek`."""
        self._get(stream_id).seek(self._loop.time())

    def record(self, stream_id: str, path: Path) -> None:
        """See `MediaEngine.record`."""
        self.recordings.start(stream_id, self._get(stream_id).hub, path)

    def pull(self, spec: PullSpec) -> None:
        """See `MediaEngine.pull`."""
        media, stream = self._media, self._new(spec.stream_id)
        settings = RtspSettings(
            media.rtsp_allow_basic,
            media.rtsp_timeout_s,
            media.rtsp_retry_first_s,
            media.rtsp_retry_most_s,
            media.rtcp_interval_s,
            secrets.randbits(32),
            media.rtsp_transport,
            media.rtp_host,
            media.rcvbuf_bytes,
            media.reorder_s,
        )
        try:
            end = partial(self.close, spec.stream_id)
            stream.source = RtspSource(spec, settings, stream.hub.push, end, pool=self._pool)
        except Refused:
            del self._streams[spec.stream_id]
            raise
        stream.expect(self._loop.time())

    def close(self, stream_id: str, code: str = "media.closed") -> None:
        """See `MediaEngine.close`."""
        stream = self._streams.pop(stream_id, None)
        if stream is not None:
            stream.close(code, self._loop.time())
        elif not self.speeches.close(stream_id, code):
            return
        self._tickets.drop_stream(stream_id)
        self._emit(StreamEnded(stream_id, code))

    def admit(self, stream_id: str, ticket: str, fmt: WireFormat, client: str, ttl: float) -> Door:
        """See `MediaEngine.admit`."""
        now = self._loop.time()
        self._get(stream_id).wanted(now)
        self._tickets.add(ticket, stream_id, fmt, client, now + ttl)
        return Door(self.door.port, self._media.viewer_path)

    def admit_speaker(self, stream_id: str, ticket: str, fmt: SoundFormat, client: str, ttl: float) -> Door:
        """See `MediaEngine.admit_speaker`."""
        if self.speeches.get(stream_id) is None:
            raise Operational("media.no-stream", stream_id=stream_id)
        self._tickets.add(ticket, stream_id, fmt, client, self._loop.time() + ttl)
        return Door(self.door.port, self._media.viewer_path)

    def revoke(self, ticket: str) -> None:
        """See `MediaEngine.revoke`."""
        self._tickets.drop(ticket)
        self.door.close_key(TicketBook.key(ticket), Close.TICKET, "media.ticket-revoked")

    def attach(self, stream_id: str, sink: FrameSink) -> None:
        """Let ``sink`` have every frame of a stream until it ends: where recording comes in."""
        self._get(stream_id).hub.sinks.append(sink)

    async def snapshot(self, stream_id: str) -> bytes:
        """See `MediaEngine.snapshot`."""
        stream = self._get(stream_id)
        stream.wanted(self._loop.time())
        frame = stream.hub.key_frame()
        if frame is None:
            raise Operational("media.no-key-frame", stream_id=stream_id)
        return await self._snapshots.jpeg(frame.codec, frame.data)

    def avoid(self, ports: Sequence[int]) -> None:
        """See `MediaEngine.avoid`."""
        for port in ports:
            self._pool.avoid(port)

    def allow(self, ports: Sequence[int]) -> None:
        """See `MediaEngine.allow`."""
        for port in ports:
            self._pool.allow(port, self._loop.time())

    def stats(self) -> list[StreamStats]:
        """See `MediaEngine.stats`."""
        now = self._loop.time()
        return [stream.stats(now) for stream in self._streams.values()]

    def holdings(self) -> dict[str, int]:
        """What is held at this moment, by name."""
        return {
            "streams": len(self._streams),
            "ports": self._pool.used,
            "ports_resting": self._pool.resting,
            "tickets": len(self._tickets),
            "viewers": self.door.viewers,
            "tasks": len(asyncio.all_tasks()),
        }

    async def aclose(self) -> None:
        """End everything: viewers hear 1001, files are finished, ports are closed."""
        if self._timer is not None:
            self._timer.cancel()
        await self.door.aclose()
        for stream_id in [*self._streams, *self.speeches.ids()]:
            self.close(stream_id, "media.worker-stopping")
        await self.recordings.aclose()
        self._sockets.gather.close()
        self._sockets.relaxed.close()
        self._snapshots.close()
        await asyncio.sleep(0)  # lets transports close

    # -- inside

    def _new(self, stream_id: str) -> LiveStream:
        if stream_id in self._streams or self.speeches.get(stream_id) is not None:
            raise Refused("media.stream-exists", stream_id=stream_id)
        stream = LiveStream(stream_id, self._patience, self._emit, self._make_hub, self._loop.time())
        self._streams[stream_id] = stream
        return stream

    def _make_hub(self, on_parameters: Callable[[VideoParameters], None]) -> Hub:
        limits = HubLimits(self._media.gop_bytes, self._media.gop_frames)
        return Hub(limits, lambda: self._wall, on_parameters)

    def _get(self, stream_id: str) -> LiveStream:
        stream = self._streams.get(stream_id)
        if stream is None:
            raise Operational("media.no-stream", stream_id=stream_id)
        return stream

    def _enter(self, ticket: str, client: str) -> Admission | None:
        return self._tickets.take(ticket, client, self._loop.time())

    def _left(self, admission: Admission) -> None:
        if admission.stream_id in self._streams or self.speeches.get(admission.stream_id) is not None:
            self._emit(ViewerLeft(admission.stream_id, admission.key.hex()))

    def _hub(self, stream_id: str) -> Hub | None:
        stream = self._streams.get(stream_id)
        return None if stream is None else stream.hub

    def _tick(self) -> None:
        """Once a second: watch the streams, ping the viewers, forget old tickets."""
        now = self._loop.time()
        self._timer = self._loop.call_later(TICK_S, self._tick)
        self._wall = time.time() - now
        self._ticks += 1
        for unused in self._tickets.expire(now):
            self._left(unused)
        self.door.tick(now)
        self.speeches.tick(now, self._tickets.waits_for, stats=self._ticks % 2 == 0)
        for stream_id, stream in list(self._streams.items()):
            code = stream.tick(now, awaited=self._tickets.waits_for(stream_id))
            if code is not None:
                self.close(stream_id, code)
            elif self._ticks % 2 == 0 and stream.hub.viewers:
                stream.hub.tell({"type": "stats", **stats_body(stream.stats(now))})


def media_host(media: MediaSettings) -> str:
    """What goes into SDP as our address; a wildcard is the gateway's to replace."""
    return media.advertise_host or media.rtp_host


def stats_body(stats: StreamStats) -> dict[str, object]:
    """`StreamStats` as a JSON object."""
    body: dict[str, object] = {name: getattr(stats, name) for name in StreamStats.__slots__}
    body["codec"] = stats.codec.value if stats.codec else None
    return body
