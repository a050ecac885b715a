"""H.264 (RFC 6184) and H.265 (RFC 7798) over RTP: single NAL units, aggregates, fragments → access units.

A picture ends with its marker or with the next time stamp. A fragmented NAL unit that lost its beginning is
dropped; one that lost its end is kept as far as it goes. Either way the picture goes out, flagged.
"""

from __future__ import annotations

from collections.abc import Sequence

from civicam.media.core.annexb import START_CODE
from civicam.media.core.assemble import VideoAssembler
from civicam.media.core.unit import Codec, Frame

NOTHING: tuple[Frame, ...] = ()
MAX_PICTURE = 8 * 1024 * 1024


class H26xDepacketiser:
    """A `Depacketiser` for one video codec. ``sets`` are parameter sets from SDP."""

    def __init__(self, codec: Codec, clock_rate: int, sets: list[bytes]) -> None:
        self.clock_rate = clock_rate
        self._pictures = VideoAssembler(codec, bits=32, clock_rate=clock_rate)
        self._pictures.learn(sets)
        self.timeline = self._pictures.timeline
        self._h264 = codec is Codec.H264
        self._stamp = -1
        self._now = 0.0
        self._parts: list[bytes] = []
        self._size = 0
        self._in_fragment = False
        self._damaged = False
        self._warnings: dict[str, None] = {}

    @property
    def codec(self) -> Codec | None:
        """The codec of the description, or what the parameter sets prove it to be."""
        return self._pictures.codec

    def warnings(self) -> tuple[str, ...]:
        """Stable codes of what was odd so far."""
        found = dict(self._warnings)
        if self._pictures.contradicted:
            found["media.codec-mismatch"] = None
        if self.timeline.jumps:
            found["media.timeline-jump"] = None
        return tuple(found)

    def push(self, payload: bytes, timestamp: int, marker: bool, now: float) -> Sequence[Frame]:
        """The next payload in order; the frames it completes."""
        out: list[Frame] = []
        if timestamp != self._stamp:
            self._finish(out)
            self._stamp = timestamp
        self._now = now
        if self._size + len(payload) > MAX_PICTURE:
            self._warnings["media.frame-too-big"] = None
            self._damaged = True
            self._finish(out)
        if self._h264:
            self._take_h264(payload)
        else:
            self._take_h265(payload)
        if marker:
            self._finish(out)
        return out

    def lost(self, now: float) -> Sequence[Frame]:
        """Packets are missing before the next `push`."""
        self._in_fragment = False
        if self._parts:
            self._damaged = True
        else:
            self._pictures.lose()
        return NOTHING

    def restart(self, now: float) -> Sequence[Frame]:
        """A new source starts with the next `push`; gives out what was pending."""
        out = self.flush(now)
        self._pictures.restart()
        self._stamp = -1
        return out

    def flush(self, now: float) -> Sequence[Frame]:
        """The stream is over: give out what is pending."""
        out: list[Frame] = []
        self._finish(out)
        return out

    def _take_h264(self, payload: bytes) -> None:
        kind = payload[0] & 0x1F if payload else 0
        if 1 <= kind <= 23:
            self._whole(payload)
        elif kind == 28 and len(payload) > 2:  # FU-A
            head = bytes((payload[0] & 0xE0 | payload[1] & 0x1F,))
            self._fragment(payload[1], head, payload[2:])
        elif kind == 24:  # STAP-A
            self._aggregate(payload, 1)
        else:
            self._unknown()

    def _take_h265(self, payload: bytes) -> None:
        kind = payload[0] >> 1 & 0x3F if len(payload) > 2 else 63
        if kind < 48:
            self._whole(payload)
        elif kind == 49 and len(payload) > 3:  # FU
            head = bytes((payload[0] & 0x81 | (payload[2] & 0x3F) << 1, payload[1]))
            self._fragment(payload[2], head, payload[3:])
        elif kind == 48:  # AP
            self._aggregate(payload, 2)
        else:
            self._unknown()

    def _unknown(self) -> None:
        """PACI, interleaved modes, an empty payload: nothing we asked for."""
        self._damaged = True
        self._warnings["media.rtp-payload"] = None

    def _whole(self, nal: bytes) -> None:
        self._in_fragment = False
        self._parts += (START_CODE, nal)
        self._size += len(nal) + 4

    def _fragment(self, flags: int, head: bytes, piece: bytes) -> None:
        if flags & 0x80:
            self._parts += (START_CODE, head)
            self._in_fragment = True
        elif not self._in_fragment:
            self._damaged = True
            return
        self._parts.append(piece)
        self._size += len(piece)
        if flags & 0x40:
            self._in_fragment = False

    def _aggregate(self, payload: bytes, position: int) -> None:
        while position + 2 < len(payload):
            size = payload[position] << 8 | payload[position + 1]
            position += 2
            if not size or position + size > len(payload):
                self._damaged = True
                return
            self._whole(payload[position : position + size])
            position += size

    def _finish(self, out: list[Frame]) -> None:
        if not self._parts:
            if self._damaged:
                self._damaged = False
                self._pictures.lose()
            return
        damaged = self._damaged or self._in_fragment
        data = b"".join(self._parts)
        self._parts.clear()
        self._size = 0
        self._damaged = self._in_fragment = False
        frame = self._pictures.picture(data, self._stamp, self._stamp, self._now, damaged)
        if frame is not None:
            out.append(frame)
