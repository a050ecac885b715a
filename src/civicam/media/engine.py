"""The MediaEngine port: what the rest of the house asks of whatever moves the pictures.

The embedded engine (`civicam.media.aio.embedded`: our worker processes) fills it today; an adapter to
an outside engine fills it later. One contract suite runs against every implementation.
Everything crosses as frozen dataclasses; nothing here does I/O.
"""

from __future__ import annotations

import enum
import hashlib
from dataclasses import dataclass, field
from typing import Protocol

from civicam.media.core.unit import Codec


class Transport(enum.StrEnum):
    """How a GB/T 28181 device sends its RTP."""

    UDP = "udp"
    TCP_PASSIVE = "tcp-passive"
    """We listen, the device connects (a=setup:passive in our offer)."""


class WireFormat(enum.StrEnum):
    """What a viewer receives over its WebSocket; see docs/reference/media-websocket.md."""

    ANNEXB = "annexb"
    FMP4 = "fmp4"


@dataclass(frozen=True, slots=True)
class ReceiveSpec:
    """Open a port for a device that will push PS over RTP.

    ``ssrc`` is the value we offered (tolerated when the device uses another);
    ``source_host`` pins the sender once the SDP answer is known (None until then).
    """

    stream_id: str
    transport: Transport
    ssrc: int
    source_host: str | None = None


@dataclass(frozen=True, slots=True)
class PullSpec:
    """Pull an RTSP source over TCP interleaved. ``url`` carries no credentials."""

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
class ViewerLeft:
    """One who was admitted watches no more, or never came while the ticket was good. ``viewer`` is the
    `viewer_name` of the ticket. Not told when the stream itself ended."""

    stream_id: str
    viewer: str


@dataclass(frozen=True, slots=True)
class Idle:
    """Nobody has watched for the linger time: the owner should end the source session. Told again after each
    further linger time, so an owner that was busy misses nothing."""

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


EngineEvent = StreamStarted | StreamStalled | StreamEnded | ViewerLeft | Idle | EngineRestarted


def viewer_name(ticket: str) -> str:
    """What a viewer is called once the ticket is used: its SHA-256 in hex, which opens nothing."""
    return hashlib.sha256(ticket.encode("utf-8", "surrogatepass")).hexdigest()


class MediaEngine(Protocol):
    """Every call may raise `Operational` (``media.*`` codes); none blocks the loop."""

    async def open_receiver(self, spec: ReceiveSpec) -> Port:
        """Listen for one stream; the port is open when this returns. ``media.no-ports`` when none is free."""
        ...

    async def pin(self, stream_id: str, *, ssrc: int | None, source_host: str | None) -> None:
        """What the SDP answer said: the SSRC to prefer and the host that may send."""
        ...

    async def pull(self, spec: PullSpec) -> None:
        """Start pulling; returns at once, success shows as `StreamStarted`, failure as `StreamEnded`."""
        ...

    async def close(self, stream_id: str) -> None:
        """End a stream: viewers get an ``end`` message, the port goes into quarantine. Idempotent."""
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
        """All open streams."""
        ...

    async def next_event(self) -> EngineEvent:
        """Wait for the next event; one consumer."""
        ...

    async def aclose(self) -> None:
        """End all streams and workers."""
        ...
