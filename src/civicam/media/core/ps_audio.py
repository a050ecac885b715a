"""The sound beside the pictures of a program stream: which codec, and what time."""

from __future__ import annotations

from civicam.media.core.aac import adts_frames
from civicam.media.core.timeline import TICKS, Timeline
from civicam.media.core.unit import Codec, Frame

_G711_RATE = 8000


class AudioAssembler:
    """Makes audio frames on the pictures' timeline.

    Sound stamps that are off the pictures' clock (G.711 counted at 8 kHz, a 32-bit counter of its own) are
    not used: the sound is then timed by its length.
    """

    def __init__(self, timeline: Timeline) -> None:
        self.hint: Codec | None = None
        self.codec: Codec | None = None
        self._timeline = timeline
        self._next = 0

    def run(self, data: bytes, pts: int | None, arrival: float, damaged: bool) -> Frame:
        """One PES of sound. Without a PSM it is AAC when it begins like ADTS, else G.711 A-law."""
        self.codec = self.hint or (Codec.AAC if data[0] == 0xFF and data[1:2] >= b"\xf0" else Codec.PCMA)
        ticks = self._timeline.near(pts) if pts is not None else None
        ticks = self._next if ticks is None else max(ticks, self._next - TICKS // 10)
        self._next = ticks + duration(self.codec, data)
        return Frame(self.codec, ticks, ticks, True, data, arrival, damaged)


def duration(codec: Codec, data: bytes) -> int:
    """Ticks of 90 kHz that a run of sound lasts."""
    if codec is Codec.AAC:
        return sum(1024 * TICKS // header.rate for header, _ in adts_frames(data))
    return len(data) * TICKS // _G711_RATE
