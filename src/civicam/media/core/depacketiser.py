"""What stands between packets and frames, as the receiver sees it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from civicam.media.core.timeline import Timeline
from civicam.media.core.unit import Codec, Frame


class Depacketiser(Protocol):
    """Turns RTP payloads, in order, into frames: `PsDemuxer`, `H26xDepacketiser`, ..."""

    @property
    def clock_rate(self) -> int:
        """Of the RTP time stamps, in Hz."""
        ...

    @property
    def timeline(self) -> Timeline:
        """The time of the pictures (of the sound where there is nothing else)."""
        ...

    @property
    def codec(self) -> Codec | None:
        """The video codec once known (the audio codec of an audio depacketiser)."""
        ...

    def push(self, payload: bytes, timestamp: int, marker: bool, now: float) -> Sequence[Frame]:
        """The next payload in order; the frames it completes."""
        ...

    def lost(self, now: float) -> Sequence[Frame]:
        """Packets are missing before the next `push`."""
        ...

    def restart(self, now: float) -> Sequence[Frame]:
        """A new source (SSRC) starts with the next `push`; gives out what was pending."""
        ...

    def flush(self, now: float) -> Sequence[Frame]:
        """The stream is over: give out what is pending."""
        ...

    def warnings(self) -> tuple[str, ...]:
        """Stable codes of what was odd so far, e.g. ``media.no-psm``."""
        ...


@runtime_checkable
class TakesRuns(Protocol):
    """A `Depacketiser` that takes all packets of one picture at once, if they arrived together."""

    opening: int
    """The first four bytes of a payload that may begin a run and never goes on in one."""

    def push_run(
        self, run: list[bytes], size: int, timestamp: int, marker: bool, now: float
    ) -> Sequence[Frame]:
        """`push` of each of ``run`` (at least one; ``size`` bytes in all; it is the callee's now).

        Every payload has four bytes at least; ``marker`` is that of the last, the others have none.
        """
        ...
