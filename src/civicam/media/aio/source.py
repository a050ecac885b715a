"""What the stream asks of its source, and the part every RTP source shares."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from civicam.media.core.receive import RtpReceiver
from civicam.media.core.unit import Frame

Push = Callable[[Sequence[Frame]], None]
"""Where frames go: `Hub.push`."""


@dataclass(frozen=True, slots=True)
class SourceFigures:
    """What a source counted since it began; ``jitter_ms`` is the present value."""

    packets: int
    lost: int
    expected: int
    jitter_ms: float
    peer: str
    """``host:port``, empty before the first packet."""
    last_packet: float | None
    """Monotonic seconds."""
    warnings: tuple[str, ...]
    foreign: int = 0
    """Packets that were not taken: another SSRC, another host."""


class Source(Protocol):
    """A receiver, or a client that pulls."""

    def figures(self) -> SourceFigures:
        """The counters."""
        ...

    def pin(self, ssrc: int | None, host: str | None) -> None:
        """What the SDP answer said."""
        ...

    def tick(self, now: float) -> None:
        """Periodic work, about once a second: reports, time-outs."""
        ...

    def relax(self, relaxed: bool) -> None:
        """Whether nobody watches, so that packets may wait longer before they are read. Idempotent."""
        ...

    def close(self, now: float) -> None:
        """Stop and give back what was taken; frames still pending are pushed."""
        ...


class RtpIntake:
    """An `RtpReceiver` with its timer: packets that wait for a missing one are let go in time."""

    def __init__(self, receiver: RtpReceiver, push: Push) -> None:
        self.receiver = receiver
        self._push = push
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None

    def feed(self, packets: Sequence[bytes], now: float) -> None:
        """Packets that arrived together."""
        self.take(self.receiver.feed_all(packets, now))

    def take(self, frames: Sequence[Frame]) -> None:
        """Frames the receiver gave for packets somebody else fed it."""
        if frames:
            self._push(frames)
        if self._timer is None and self.receiver.waiting:
            self._arm()

    def reconnected(self, now: float) -> None:
        """Push what is pending: packets of another connection follow."""
        self._push(self.receiver.reconnected(now))

    def close(self, now: float) -> None:
        """Push what is pending and stop the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._push(self.receiver.flush(now))

    def _arm(self) -> None:
        deadline = self.receiver.deadline
        self._timer = None if deadline is None else self._loop.call_at(deadline, self._let_go)

    def _let_go(self) -> None:
        self._push(self.receiver.poll(self._loop.time()))
        self._arm()
