"""G.711 (RFC 3551 §4.5.14) and AAC (RFC 3640, mode AAC-hbr) over RTP."""

from __future__ import annotations

from collections.abc import Sequence

from civicam.media.core.aac import AacHeader
from civicam.media.core.timeline import Timeline
from civicam.media.core.unit import Codec, Frame

NOTHING: tuple[Frame, ...] = ()
_MAX_ACCESS_UNIT = 8184


class _Audio:
    """What both have in common: every packet stands for itself, a lost one is a hole in the sound."""

    def __init__(self, codec: Codec, clock_rate: int) -> None:
        self.clock_rate = clock_rate
        self._codec = codec
        self.timeline = Timeline(32, clock_rate)
        self._hole = False
        self._warnings: dict[str, None] = {}

    @property
    def codec(self) -> Codec | None:
        """The codec of the description."""
        return self._codec

    def warnings(self) -> tuple[str, ...]:
        """Stable codes of what was odd so far."""
        return tuple(self._warnings)

    def lost(self, now: float) -> Sequence[Frame]:
        """Packets are missing before the next `push`."""
        self._hole = True
        return NOTHING

    def restart(self, now: float) -> Sequence[Frame]:
        """A new source starts with the next `push`."""
        self.timeline.cut()
        self._hole = False
        return NOTHING

    def flush(self, now: float) -> Sequence[Frame]:
        """Nothing is ever pending."""
        return NOTHING

    def _frame(self, data: bytes, timestamp: int, now: float) -> Frame:
        ticks, cut = self.timeline.map(timestamp, now)
        hole, self._hole = self._hole, False
        return Frame(self._codec, ticks, ticks, True, data, now, hole, cut)


class G711Depacketiser(_Audio):
    """A-law or µ-law: the payload is the sound."""

    def push(self, payload: bytes, timestamp: int, marker: bool, now: float) -> Sequence[Frame]:
        """One packet, one run of sound."""
        return (self._frame(payload, timestamp, now),) if payload else NOTHING


class AacDepacketiser(_Audio):
    """AAC-hbr: AU headers, then access units; each goes out behind an ADTS header.

    ``lengths`` are sizeLength and indexLength of the description, in bits. An access unit that is spread over
    several packets is joined (RFC 3640 §3.1).
    """

    def __init__(self, header: AacHeader, clock_rate: int, lengths: tuple[int, int]) -> None:
        super().__init__(Codec.AAC, clock_rate)
        self._header = header
        self._size_bits, self._index_bits = lengths
        self._part = b""

    def push(self, payload: bytes, timestamp: int, marker: bool, now: float) -> Sequence[Frame]:
        """One packet: its access units as one run of ADTS."""
        sizes, data = self._sizes(payload)
        if sizes is None:
            self._part = b""
            self._warnings["media.rtp-payload"] = None
            return NOTHING
        if len(sizes) == 1 and sizes[0] > len(data):
            self._part = data = self._part + data
            if len(data) < sizes[0]:
                return NOTHING
        self._part = b""
        run = []
        position = 0
        for size in sizes:
            unit = data[position : position + size]
            position += size
            if 0 < size <= _MAX_ACCESS_UNIT and len(unit) == size:
                run.append(self._header.adts(unit))
        return (self._frame(b"".join(run), timestamp, now),) if run else NOTHING

    def lost(self, now: float) -> Sequence[Frame]:
        """An access unit that was being joined is lost with the packet."""
        self._part = b""
        return super().lost(now)

    def _sizes(self, payload: bytes) -> tuple[list[int] | None, bytes]:
        """The sizes the AU headers tell, and the bytes behind them; None when they do not fit."""
        each = self._size_bits + self._index_bits
        bits = int.from_bytes(payload[:2], "big")
        start = 2 + (bits + 7) // 8
        if len(payload) < 2 or not each or bits < each or start > len(payload):
            return None, b""
        value = int.from_bytes(payload[2:start], "big") >> (-bits % 8)
        sizes = []
        for index in range(bits // each):
            shift = bits - each * (index + 1) + self._index_bits
            sizes.append(value >> shift & ((1 << self._size_bits) - 1))
        return sizes, payload[start:]
