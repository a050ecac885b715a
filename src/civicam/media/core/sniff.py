"""Which format a device really sends: PS is agreed, MPEG-TS comes as well (as payload type 33, or as 96).

Stands in front of the agreed demuxer for the first packets only: as soon as they tell, the receiver adopts
the right one and nothing more stands between.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from civicam.media.core.depacketiser import Depacketiser
from civicam.media.core.ps import PsDemuxer
from civicam.media.core.ps_elements import PREFIX
from civicam.media.core.timeline import Timeline
from civicam.media.core.ts import TsDemuxer, looks_like_ts
from civicam.media.core.unit import Codec, Frame

PATIENCE = 64
"""So many payloads that tell nothing (we came into the middle of a picture), and we believe the SDP."""


class FormatSniffer:
    """A `Depacketiser` that gives way. ``agreed`` gets every payload until then; ``adopt`` is told once."""

    def __init__(self, agreed: Depacketiser) -> None:
        self.agreed = agreed
        self.adopt: Callable[[Depacketiser], None] = lambda _: None
        self._seen = 0

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
        return self.agreed.push(payload, timestamp, marker, now)

    def _choose(self, payload: bytes) -> Depacketiser | None:
        """The demuxer this payload asks for, None while it does not tell."""
        is_ps = isinstance(self.agreed, PsDemuxer)
        if payload.startswith(PREFIX):  # no NAL unit begins so
            return self.agreed if is_ps else PsDemuxer()
        if looks_like_ts(payload):
            return TsDemuxer()
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
