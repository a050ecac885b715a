"""The MediaEngine port: what the rest of the house asks of whatever moves the pictures.

The embedded engine (`civicam.media.aio.embedded`: our worker processes) fills it today; an adapter to
an outside engine fills it later. One contract suite runs against every implementation.
Everything crosses as frozen dataclasses; nothing here does I/O.
"""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from civicam.media.core.unit import Codec


class Transport(enum.StrEnum):
    """How a GB/T 28181 device sends its RTP."""

    UDP = "udp"
    TCP_PASSIVE = "tcp-passive"
    """We listen, the device connects (a=setup:passive in our offer)."""
    TCP_ACTIVE = "tcp-active"
    """We connect to the device, from the port in our offer (a=setup:active): `MediaEngine.connect`."""


class StreamKind(enum.StrEnum):
    """What a device was asked for (``s=`` of the SDP); decides what silence means and how viewers pace."""

    LIVE = "live"
    PLAYBACK = "playback"
    DOWNLOAD = "download"
    """Nobody has to watch: `Idle` is never told."""


class SoundFormat(enum.StrEnum):
    """What a person's page sends to be said through a loudspeaker: mono, 8 kHz."""

    PCMA = "pcma"
    """G.711 A-law, one byte a sample."""
    PCM16 = "pcm16"
    """Linear, 16 bits, little-endian."""


class WireFormat(enum.StrEnum):
    """What a viewer receives over its WebSocket; see docs/reference/media-websocket.md."""

    ANNEXB = "annexb"
    FMP4 = "fmp4"


@dataclass(frozen=True, slots=True)
class ReceiveSpec:
    """Open a port for a device that will push PS over RTP.

    ``ssrc`` is the value we offered: until `MediaEngine.pin` nothing else is taken (a device of before our
    restart may still push here), from then on another is tolerated. ``source_host`` pins the sender once the
    SDP answer is known (None until then).
    """

    stream_id: str
    transport: Transport
    ssrc: int
    source_host: str | None = None
    kind: StreamKind = StreamKind.LIVE


@dataclass(frozen=True, slots=True)
class SendSpec:
    """Sound for a device's loudspeaker: G.711 A-law over RTP, ``packet_ms`` (20 to 180) a packet.

    ``transport`` as seen from us, like that of a receiver. ``source_host``: who may connect (TCP passive).
    """

    stream_id: str
    transport: Transport
    ssrc: int
    source_host: str | None = None
    payload_type: int = 8
    packet_ms: int = 20


@dataclass(frozen=True, slots=True)
class PullSpec:
    """Pull an RTSP source, over TCP interleaved or UDP. ``url`` carries no credentials."""

    stream_id: str
    url: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Port:
    """Where the device should send: goes into the SDP offer."""

    stream_id: str
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Door:
    """Where a viewer connects: ``ws://<host of the console>:<port><path>`` with the ticket as subprotocol."""

    port: int
    path: str


@dataclass(frozen=True, slots=True)
class StreamStats:
    """What a stream did in the last few seconds; rates are per second over the window.

    ``loss`` is lost / expected packets (0..1); ``jitter_ms`` as RFC 3550 §6.4.1, in milliseconds.
    """

    stream_id: str
    codec: Codec | None
    width: int
    height: int
    kbps: float
    fps: float
    packets: int
    lost: int
    loss: float
    jitter_ms: float
    gop_frames: int
    key_age_s: float | None
    viewers: int
    viewer_drops: int
    source: str
    """``host:port`` the packets come from, empty before the first."""
    warnings: tuple[str, ...] = ()
    """Stable codes, e.g. ``media.loss``, ``media.ssrc-mismatch``, ``media.rcvbuf-small``."""
    foreign: int = 0
    """Packets of another sender or SSRC that were not taken."""
    kind: StreamKind = StreamKind.LIVE
    paused: bool = False
    scale: float = 1.0


@dataclass(frozen=True, slots=True)
class RecordingStats:
    """A recording under way. ``media_s`` is what was written, in seconds of the recording's own time (a hole
    in the source counts what it took to arrive)."""

    stream_id: str
    path: str
    bytes: int
    media_s: float
    sound: bool
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SpeechStats:
    """A way to a loudspeaker. ``silent`` packets had nobody's voice in them; ``dropped_ms`` came faster than
    it could be said, or could not be sent; ``waiting_ms`` is said next."""

    stream_id: str
    peer: str
    """``host:port`` it goes to, empty before there is one."""
    packets: int
    silent: int
    dropped_ms: int
    waiting_ms: int
    speaking: bool


@dataclass(frozen=True, slots=True)
class StreamStarted:
    """The first decodable picture is in the hub."""

    stream_id: str
    codec: Codec
    codec_string: str
    """RFC 6381, e.g. ``avc1.640028`` or ``hvc1.1.6.L120.90``."""
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class StreamStalled:
    """Nothing came for the configured time (``media.no-packets``), or no picture (``media.no-pictures``)."""

    stream_id: str
    code: str
    seconds: float


@dataclass(frozen=True, slots=True)
class StreamEnded:
    """The stream is gone from the engine and its port is in quarantine; ``code`` says why."""

    stream_id: str
    code: str


@dataclass(frozen=True, slots=True)
class RecordingEnded:
    """The file is whole and safe under its name when ``code`` is ``media.recorded``; else there is no file
    (``media.disk-full``, ``media.disk-failed``, ``media.record-empty``). Told after the stream's own end when
    that ended it."""

    stream_id: str
    path: str
    code: str
    bytes: int
    sha256: str
    """Hex, empty without a file."""
    media_s: float
    sound: bool


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """The way to a loudspeaker is open: packets go to ``peer`` (``host:port``)."""

    stream_id: str
    peer: str


@dataclass(frozen=True, slots=True)
class ViewerLeft:
    """One who was admitted watches (or speaks) no more, or never came while the ticket was good.
    ``viewer`` is the `viewer_name` of the ticket. Not told when the stream itself ended."""

    stream_id: str
    viewer: str


@dataclass(frozen=True, slots=True)
class Idle:
    """Nobody has watched (or spoken) for the linger time: the owner should end the source session.
    Told again after each further linger time, so an owner that was busy misses nothing."""

    stream_id: str


@dataclass(frozen=True, slots=True)
class EngineRestarted:
    """A worker died and was started again: these streams are lost and must be asked for anew."""

    stream_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Probe:
    """What a source that is pulled answered. ``code`` is empty when it is there, else a stable reason:
    ``media.rtsp-unreachable``, ``-timeout``, ``-unauthorized``, ``-basic-only``, ``-not-found``,
    ``-refused``, ``-no-video``, ``-broken``, ``-closed`` or ``media.rtsp-bad-url``."""

    alive: bool
    code: str = ""
    codecs: tuple[str, ...] = ()
    server: str = ""


EngineEvent = (
    StreamStarted
    | StreamStalled
    | StreamEnded
    | RecordingEnded
    | SpeechStarted
    | ViewerLeft
    | Idle
    | EngineRestarted
)


def viewer_name(ticket: str) -> str:
    """What a viewer is called once the ticket is used: its SHA-256 in hex, which opens nothing."""
    return hashlib.sha256(ticket.encode("utf-8", "surrogatepass")).hexdigest()


class MediaEngine(Protocol):
    """Every call may raise `Operational` (``media.*`` codes); none blocks the loop."""

    async def open_receiver(self, spec: ReceiveSpec) -> Port:
        """Listen for one stream; the port is open when this returns. ``media.no-ports`` when none is free."""
        ...

    async def pin(
        self, stream_id: str, *, ssrc: int | None, source_host: str | None, encoding: str = "PS"
    ) -> None:
        """What the SDP answer said: the SSRC to prefer, the host that may send, and the rtpmap's encoding
        (``PS``, ``H264``, ``H265``, ``MP2T``; PS is told from TS by what comes)."""
        ...

    async def connect(self, stream_id: str, host: str, port: int) -> None:
        """The address in the device's SDP. TCP active: call it, from the port offered, and again when it
        hangs up; three tries in a row that fail end the stream with ``media.connect-failed``. A sender: say
        it there from now on. ``media.not-caller`` for any other stream."""
        ...

    async def pause(self, stream_id: str, paused: bool) -> None:
        """A history stream stands still, or goes on: silence means nothing meanwhile and `Idle` is not told,
        for ``pause_timeout_s`` at most (then ``media.pause-timeout`` ends it). ``media.not-history``."""
        ...

    async def scale(self, stream_id: str, scale: float) -> None:
        """A history stream is sent at ``scale`` times its speed, negative backwards; viewers are told, since
        PTS stay in the recording's time. ``media.not-history``."""
        ...

    async def seek(self, stream_id: str) -> None:
        """Call before the device is asked to jump: viewers throw away what waits, and the new place is shown
        from its first key frame. ``media.not-history``."""
        ...

    async def record(self, stream_id: str, path: Path) -> None:
        """Write a stream to a new fragmented MP4 from its next key frame on, to ``path`` + ``.part`` until it
        is whole; ends with the stream or `stop_record`. ``media.record-exists``, ``media.disk-failed``."""
        ...

    async def stop_record(self, stream_id: str) -> None:
        """Finish the recording; `RecordingEnded` tells when the file is safe. Idempotent."""
        ...

    async def recordings(self) -> list[RecordingStats]:
        """All recordings under way."""
        ...

    async def open_sender(self, spec: SendSpec) -> Port:
        """A port to send sound from, for the SDP answer. UDP and TCP active begin with `connect`; TCP passive
        listens and begins when the device connects. Ends by `close`, or ``media.device-absent``."""
        ...

    async def admit_speaker(
        self, stream_id: str, ticket: str, fmt: SoundFormat, client: str, ttl: float
    ) -> Door:
        """Let one person speak through a sender; as `admit`. One at a time: a second is closed with 4409."""
        ...

    async def speeches(self) -> list[SpeechStats]:
        """All senders."""
        ...

    async def pull(self, spec: PullSpec) -> None:
        """Start pulling; returns at once, success shows as `StreamStarted`, failure as `StreamEnded`."""
        ...

    async def close(self, stream_id: str) -> None:
        """End a stream: viewers get an ``end`` message, the port goes into quarantine. Idempotent."""
        ...

    async def avoid(self, ports: Sequence[int]) -> None:
        """Devices may still send to these, from before our start: none is handed out until `allow`."""
        ...

    async def allow(self, ports: Sequence[int]) -> None:
        """They no longer do: the quarantine of these begins. Fine for any that was not avoided."""
        ...

    async def admit(self, stream_id: str, ticket: str, fmt: WireFormat, client: str, ttl: float) -> Door:
        """Let one viewer in: ``ticket`` is valid ``ttl`` seconds until first use, for one connection from
        ``client`` (an address, or ``*``)."""
        ...

    async def revoke(self, ticket: str) -> None:
        """Drop the ticket and the viewer that came in by it. Idempotent."""
        ...

    async def snapshot(self, stream_id: str) -> bytes:
        """The newest key frame as JPEG. ``media.no-key-frame`` when there is none yet."""
        ...

    async def stats(self) -> list[StreamStats]:
        """All open streams that are received."""
        ...

    async def next_event(self) -> EngineEvent:
        """Wait for the next event; one consumer."""
        ...

    async def aclose(self) -> None:
        """End all streams and workers."""
        ...
