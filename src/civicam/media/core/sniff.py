"""Which format a device really sends: PS is agreed, MPEG-TS comes as well (as payload type 33, or as 96), and
bare H.264 or H.265 from programs that take payload 98 or 100 of our offer without a word.

Stands in front of the agreed demuxer for the first packets only: as soon as they tell, the receiver adopts
the right one and nothing more stands between.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from civicam.media.core import h264, h265
from civicam.media.core.depacketise import depacketiser
from civicam.media.core.depacketise_video import H26xDepacketiser
from civicam.media.core.depacketiser import Depacketiser
from civicam.media.core.ps import PsDemuxer
from civicam.media.core.ps_elements import PREFIX
from civicam.media.core.timeline import Timeline
from civicam.media.core.ts import TsDemuxer, looks_like_ts
from civicam.media.core.unit import Codec, Frame

PATIENCE = 64
"""So many payloads that tell nothing (we came into the middle of a picture), and we believe the SDP."""

_LONGEST_SET = 256
"""Bytes of a packet with parameter sets; a slice of PS that happens to begin like one is longer."""
_H264_PROFILES = frozenset({44, 66, 77, 83, 86, 88, 100, 110, 118, 122, 128, 244})
_Held = tuple[bytes, int, bool, float]


class FormatSniffer:
    """A `Depacketiser` that gives way. ``agreed`` gets every payload until then; ``adopt`` is told once."""

    def __init__(self, agreed: Depacketiser) -> None:
        self.agreed = agreed
        self.adopt: Callable[[Depacketiser], None] = lambda _: None
        self._seen = 0
        self._held: list[_Held] = []
        """Short payloads of one time stamp: the sets that stand before the one that tells."""

    @property
    def clock_rate(self) -> int:
        """That of what was agreed; all the formats here have 90 kHz."""
        return self.agreed.clock_rate

    @property
    def timeline(self) -> Timeline:
        """That of what was agreed."""
        return self.agreed.timeline

    @property
    def codec(self) -> Codec | None:
        """See `Depacketiser`."""
        return self.agreed.codec

    def push(self, payload: bytes, timestamp: int, marker: bool, now: float) -> Sequence[Frame]:
        """The next payload in order; the frames it completes."""
        self._seen += 1
        chosen = self._choose(payload)
        if chosen is not None:
            self.agreed = chosen
            self.adopt(chosen)
            if isinstance(chosen, H26xDepacketiser):
                return self._with_what_was_held(payload, timestamp, marker, now)
        self._hold((payload, timestamp, marker, now))
        return self.agreed.push(payload, timestamp, marker, now)

    def _hold(self, held: _Held) -> None:
        kept = [each for each in self._held if each[1] == held[1]]
        self._held = [*kept, held][-4:] if len(held[0]) <= _LONGEST_SET else []

    def _with_what_was_held(
        self, payload: bytes, timestamp: int, marker: bool, now: float
    ) -> Sequence[Frame]:
        held = [each for each in self._held if each[1] == timestamp]
        frames: list[Frame] = []
        for each in (*held, (payload, timestamp, marker, now)):
            frames += self.agreed.push(*each)
        return frames

    def _choose(self, payload: bytes) -> Depacketiser | None:
        """The demuxer this payload asks for, None while it does not tell."""
        is_ps = isinstance(self.agreed, PsDemuxer)
        if payload.startswith(PREFIX):  # no NAL unit begins so
            return self.agreed if is_ps else PsDemuxer()
        if looks_like_ts(payload):
            return TsDemuxer()
        codec = elementary(payload) if is_ps else None
        if codec is not None:
            return depacketiser(codec, clock_rate=90_000)
        return self.agreed if self._seen >= PATIENCE else None

    def lost(self, now: float) -> Sequence[Frame]:
        """Packets are missing before the next `push`."""
        return self.agreed.lost(now)

    def restart(self, now: float) -> Sequence[Frame]:
        """A new source starts with the next `push`; gives out what was pending."""
        return self.agreed.restart(now)

    def flush(self, now: float) -> Sequence[Frame]:
        """The stream is over: give out what is pending."""
        return self.agreed.flush(now)

    def warnings(self) -> tuple[str, ...]:
        """Of what was agreed."""
        return self.agreed.warnings()


def elementary(payload: bytes) -> Codec | None:
    """The codec of a packet that is, or begins with, a sequence parameter set (RFC 6184, RFC 7798)."""
    if not 8 <= len(payload) <= _LONGEST_SET:
        return None
    nal = _first_of_many(payload)
    if nal[0] & 0x9F == 0x07 and nal[1] in _H264_PROFILES:
        return Codec.H264 if h264.parse_sps(nal) is not None else None
    if nal[:2] == b"\x42\x01":
        return Codec.H265 if h265.parse_sps(nal) is not None else None
    return None


def _first_of_many(payload: bytes) -> bytes:
    """The SPS of an aggregate, or what begins it; the payload itself when it is none."""
    start = {24: 1, 48: 2}.get(payload[0] & 0x1F if payload[0] & 0x1F == 24 else payload[0] >> 1 & 0x3F, 0)
    while start and start + 4 <= len(payload):
        size = payload[start] << 8 | payload[start + 1]
        nal = payload[start + 2 : start + 2 + size]
        if size < 8 or len(nal) < size:
            break
        if nal[0] & 0x9F == 0x07 or nal[:2] == b"\x42\x01":
            return nal
        start += 2 + size
    return payload
