"""The hub of one stream: the newest group of pictures, who watches, and what they get.

Frames come in once; each message is built once, with its WebSocket head, and the same bytes go to every
viewer. Nothing is built for a format nobody watches. After loss frames are passed on, flagged: a browser
shows 99 % of them, while waiting for a clean key frame would show a tenth (docs/reference/benchmarks.md).
Single-threaded; no I/O of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from civicam.media.aio.viewer import Viewer
from civicam.media.aio.wire import CODEC_NUMBER, Close, Flag, Kind, binary, text
from civicam.media.core.codecs import VideoParameters, read_parameters
from civicam.media.core.fmp4 import Fragmenter, mime_type
from civicam.media.core.stats import StreamRates
from civicam.media.core.unit import Frame
from civicam.media.engine import WireFormat

_DEFAULT_STEP = 3600
"""Duration of a picture in 90 kHz ticks before a second one told: 25 a second, China's habit."""


class FrameSink(Protocol):
    """Something else that takes every frame: a recorder."""

    def frame(self, frame: Frame, parameters: VideoParameters | None) -> None:
        """Take one frame; must not raise and not wait."""
        ...

    def close(self) -> None:
        """The stream is over."""
        ...


@dataclass(slots=True)
class _Kept:
    """A cached frame, its sequence number, and its messages once somebody wanted them."""

    frame: Frame
    sequence: int
    annexb: bytes = b""
    fragment: bytes = b""


@dataclass(frozen=True, slots=True)
class HubLimits:
    """How much of a group of pictures is kept: bytes and frames."""

    gop_bytes: int
    gop_frames: int


@dataclass(slots=True)
class _Mse:
    """The fragmented MP4 of a stream; lives while an MSE viewer is there."""

    fragmenter: Fragmenter
    init: bytes = field(default=b"")


def _nobody(_parameters: VideoParameters) -> None:
    """Who hears of new parameters after the end."""


class Hub:
    """``wall_offset()`` turns monotonic seconds into Unix seconds; ``on_parameters`` hears of new ones."""

    def __init__(
        self,
        limits: HubLimits,
        wall_offset: Callable[[], float],
        on_parameters: Callable[[VideoParameters], None],
    ) -> None:
        self.rates = StreamRates()
        self.parameters: VideoParameters | None = None
        self.last_picture: float | None = None
        """Monotonic arrival of the newest picture."""
        self.damaged = 0
        self.viewer_drops = 0
        """Messages not given to viewers that have left."""
        self.sinks: list[FrameSink] = []
        self._limits = limits
        self._wall_offset = wall_offset
        self._on_parameters = on_parameters
        self._parameter_head = b""
        self._viewers: dict[WireFormat, set[Viewer]] = {f: set() for f in WireFormat}
        self._watched = False
        """Whether there is any viewer: asked for every frame."""
        self._gop: list[_Kept] = []
        self._gop_bytes = 0
        self._key: Frame | None = None
        self._sequence = 0
        self._step = _DEFAULT_STEP
        self._last_dts: int | None = None
        self._mse: _Mse | None = None
        self._state: dict[str, Any] = {"type": "state", "state": "playing", "reason": None}
        self._play: dict[str, Any] | None = None

    # -- frames in

    def push(self, frames: Sequence[Frame]) -> None:
        """Take frames in decoding order."""
        for frame in frames:
            self.rates.frame(frame)
            sequence = self._sequence = self._sequence + 1
            kept = _Kept(frame, sequence)
            if frame.codec.is_video:
                self._picture(kept, frame)
            if self._watched:
                self._give(kept)
            for sink in self.sinks:
                sink.frame(frame, self.parameters)

    def _picture(self, kept: _Kept, frame: Frame) -> None:
        _, _, dts, key, data, self.last_picture, damaged, _, _ = frame
        if damaged:
            self.damaged += 1
        last, self._last_dts = self._last_dts, dts
        if last is not None and 0 < dts - last < 90000:
            self._step = dts - last
        if key:
            self._key = frame
            self._gop = [kept]
            self._gop_bytes = len(data)
            self._read_parameters(frame)
            return
        gop = self._gop
        if gop:
            gop.append(kept)
            size = self._gop_bytes = self._gop_bytes + len(data)
            if len(gop) > self._limits.gop_frames or size > self._limits.gop_bytes:
                self._gop = []

    def _read_parameters(self, frame: Frame) -> None:
        """Parameter sets stand before the first slice, so an equal head means nothing changed."""
        if self._parameter_head and frame.data.startswith(self._parameter_head):
            return
        parameters = read_parameters(frame.codec, frame.data)
        if parameters is None:
            return
        last = (parameters.pps or parameters.sps)[-1]
        end = frame.data.find(last) + len(last)
        self._parameter_head = frame.data[: end + 3]
        if parameters == self.parameters:
            return
        self.parameters = parameters
        self._on_parameters(parameters)
        self._announce()

    # -- messages out

    def _header(self, kind: Kind, kept: _Kept) -> tuple[int, int, int, int, int, int]:
        frame = kept.frame
        flags = (
            (Flag.KEY if frame.key else 0)
            | (Flag.DAMAGED if frame.damaged else 0)
            | (Flag.DISCONTINUITY if frame.discontinuity else 0)
        )
        wall = int((frame.arrival + self._wall_offset()) * 1_000_000)
        return (kind, int(flags), CODEC_NUMBER[frame.codec], kept.sequence & 0xFFFFFFFF,
                frame.pts * 100 // 9, wall)  # fmt: skip

    def _annexb(self, kept: _Kept) -> bytes:
        if not kept.annexb:
            kind = Kind.VIDEO if kept.frame.codec.is_video else Kind.AUDIO
            kept.annexb = binary(self._header(kind, kept), kept.frame.data)
        return kept.annexb

    def _fragment(self, kept: _Kept, mse: _Mse) -> bytes:
        if not kept.frame.codec.is_video:  # browsers' MSE knows no G.711: sound goes raw
            return self._annexb(kept)
        if not kept.fragment:
            frame = kept.frame
            parts = mse.fragmenter.fragment((frame,), frame.dts + self._step)
            kept.fragment = binary(self._header(Kind.FRAGMENT, kept), *parts)
        return kept.fragment

    def _give(self, kept: _Kept) -> None:
        key = kept.frame.key and kept.frame.codec.is_video
        viewers = self._viewers[WireFormat.ANNEXB]
        if viewers and self.parameters is not None:
            message = self._annexb(kept)
            for viewer in tuple(viewers):
                viewer.media(message, key=key)
        viewers = self._viewers[WireFormat.FMP4]
        if viewers and self._mse is not None:
            message = self._fragment(kept, self._mse)
            for viewer in tuple(viewers):
                viewer.media(message, key=key)

    def _init_messages(self, fmt: WireFormat) -> list[bytes]:
        """What a viewer must know before its first picture."""
        parameters = self.parameters
        if parameters is None:
            return []
        init: dict[str, Any] = {
            "type": "init",
            "format": fmt.value,
            "codec": parameters.codec_string,
            "mime": mime_type(parameters),
            "width": parameters.width,
            "height": parameters.height,
        }
        messages = [text(init)]
        if fmt is WireFormat.FMP4:
            if self._mse is None:
                fragmenter = Fragmenter(parameters)
                codec = CODEC_NUMBER[parameters.codec]
                segment = fragmenter.init_segment()
                self._mse = _Mse(fragmenter, binary((Kind.INIT, 0, codec, 0, 0, 0), segment))
            messages.append(self._mse.init)
        return messages

    def _announce(self) -> None:
        """New parameter sets: every viewer gets ``init`` before the key frame that uses them."""
        self._forget_mse()
        for fmt, viewers in self._viewers.items():
            if viewers:
                for message in self._init_messages(fmt):
                    for viewer in tuple(viewers):
                        viewer.control(message)

    # -- viewers

    @property
    def viewers(self) -> int:
        """How many watch now."""
        return sum(map(len, self._viewers.values()))

    def drops(self) -> int:
        """Messages viewers did not get, since the stream began."""
        return self.viewer_drops + sum(v.drops for group in self._viewers.values() for v in group)

    def join(self, viewer: Viewer) -> None:
        """Let a viewer in: ``init``, then the whole cached group, then what comes."""
        for message in self._init_messages(viewer.fmt):
            viewer.control(message)
        viewer.control(text(self._state))
        if self._play is not None:
            viewer.control(text(self._play))
        if self._gop and self.parameters is not None:
            mse = self._mse
            if viewer.fmt is WireFormat.FMP4 and mse is not None:
                viewer.burst([self._fragment(kept, mse) for kept in self._gop])
            else:
                viewer.burst([self._annexb(kept) for kept in self._gop])
        self._viewers[viewer.fmt].add(viewer)
        self._watched = True

    def leave(self, viewer: Viewer) -> None:
        """A viewer is gone. Idempotent."""
        group = self._viewers[viewer.fmt]
        if viewer in group:
            group.remove(viewer)
            self.viewer_drops += viewer.drops
        self._watched = self.viewers > 0
        if not self._viewers[WireFormat.FMP4]:
            self._forget_mse()

    def _forget_mse(self) -> None:
        self._mse = None
        for kept in self._gop:
            kept.fragment = b""

    def tell_state(self, state: str, reason: str | None) -> None:
        """``playing``, ``degraded`` or ``stalled``: to everybody now, to newcomers when they join."""
        self._state = {"type": "state", "state": state, "reason": reason}
        self.tell(self._state)

    def tell_play(self, kind: str, scale: float) -> None:
        """A recording is sent at ``scale`` times its speed: to everybody now, to newcomers when they join."""
        self._play = {"type": "play", "kind": kind, "scale": scale}
        self.tell(self._play)

    def seek(self) -> None:
        """Another place of a recording comes: what waits is thrown away, what is kept forgotten."""
        self._gop, self._gop_bytes = [], 0
        for group in self._viewers.values():
            for viewer in group:
                viewer.flush()
        self.tell({"type": "seek"})

    def tell(self, body: dict[str, Any]) -> None:
        """Send one text message to every viewer."""
        message = text(body)
        for group in self._viewers.values():
            for viewer in tuple(group):
                viewer.control(message)

    def key_frame(self) -> Frame | None:
        """The newest key frame."""
        return self._key

    def gop_frames(self) -> int:
        """Frames in the cache."""
        return len(self._gop)

    def end(self, code: str) -> None:
        """The stream is over: tell the viewers and the sinks."""
        self.tell({"type": "end", "code": code})
        for group in self._viewers.values():
            for viewer in tuple(group):
                viewer.close(Close.GONE, code)
            group.clear()
        self._watched = False
        for sink in self.sinks:
            sink.close()
        self.sinks.clear()
        # no cycle may hold megabytes of pictures until the collector comes by, which it seldom does
        self._gop.clear()
        self._key = self._mse = None
        self._on_parameters = _nobody
