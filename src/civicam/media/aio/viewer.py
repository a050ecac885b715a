"""One viewer's end of a stream: a bounded queue in front of its socket.

While the socket takes everything nothing is copied or queued. When it does not, up to ``limit`` bytes wait
here; beyond that the waiting pictures are thrown away and the viewer goes on at the next key frame. Ingest
and the other viewers never notice. A viewer that skips again and again is closed (4408).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from civicam.media.aio.wire import Close
from civicam.media.engine import WireFormat


@dataclass(frozen=True, slots=True)
class ViewerLimits:
    """``limit`` bytes may wait; ``skips`` skips within ``skips_s`` seconds are too many."""

    limit: int
    skips: int
    skips_s: float


class Viewer:
    """The queue between a hub and one WebSocket.

    ``close(code, reason)`` ends the connection; ``clock`` is monotonic.
    """

    def __init__(
        self,
        transport: asyncio.WriteTransport,
        fmt: WireFormat,
        limits: ViewerLimits,
        close: Callable[[Close, str], None],
        clock: Callable[[], float],
    ) -> None:
        self.fmt = fmt
        self.drops = 0
        """Media messages this viewer did not get."""
        self.close = close
        self._transport = transport
        self._limits = limits
        self._clock = clock
        self._queue: deque[tuple[bytes, bool]] = deque()  # (frame, may be thrown away)
        self._queued = 0
        self._allowance = limits.limit
        self._paused = False
        self._skipping = True  # until the first key frame
        self._started = False  # waiting for the first key frame is nobody's fault and counts as no drop
        self._stuck = False  # skipped, and the socket took nothing since
        self._skips: deque[float] = deque()

    @property
    def queued(self) -> int:
        """Bytes waiting here, those in the socket's own buffer not counted."""
        return self._queued

    @property
    def skipping(self) -> bool:
        """True while the viewer waits for a key frame."""
        return self._skipping

    def control(self, data: bytes) -> None:
        """Queue a message that must arrive: never thrown away, in order with the pictures."""
        if self._queued > self._allowance:  # only control messages pile up: nobody reads at all
            self.close(Close.TOO_SLOW, "media.viewer-too-slow")
        else:
            self._put(data, droppable=False)

    def media(self, data: bytes, *, key: bool) -> None:
        """Offer a media message; ``key``: a decoder may start with it."""
        if self._skipping:
            if not key:
                self.drops += self._started
                return
            if self._stuck:  # the socket took nothing since the skip: starting again is pointless
                self._skip(1)
                return
            self._skipping, self._started = False, True
        if self._paused and self._queued + len(data) > self._allowance:
            self._skip(1)
            return
        self._put(data, droppable=True)

    def burst(self, messages: list[bytes]) -> None:
        """The cached group of pictures for a newcomer; it may be larger than the limit, once."""
        self._allowance = self._limits.limit + sum(map(len, messages))
        self._skipping, self._started = False, True
        for message in messages:
            self._put(message, droppable=True)

    def flush(self) -> None:
        """Forget the pictures that wait, they are of another place; the next key frame comes next."""
        self._queue = deque(entry for entry in self._queue if not entry[1])
        self._queued = sum(len(data) for data, _ in self._queue)
        self._allowance = self._limits.limit
        self._skipping, self._started = True, False

    def pause(self) -> None:
        """The socket's buffer is full."""
        self._paused = True

    def resume(self) -> None:
        """The socket takes bytes again."""
        self._paused = self._stuck = False
        queue = self._queue
        while queue and not self._paused:  # write() may call pause() at once
            data, _ = queue.popleft()
            self._queued -= len(data)
            self._transport.write(data)
        if not queue:
            self._allowance = self._limits.limit

    def _put(self, data: bytes, *, droppable: bool) -> None:
        if self._paused or self._queue:
            self._queue.append((data, droppable))
            self._queued += len(data)
        else:
            self._transport.write(data)

    def _skip(self, messages: int) -> None:
        """Throw away the waiting pictures and wait for the next key frame."""
        kept = deque((data, False) for data, droppable in self._queue if not droppable)
        self.drops += len(self._queue) - len(kept) + messages
        self._queue = kept
        self._queued = sum(len(data) for data, _ in kept)
        self._allowance = self._limits.limit
        self._skipping = True
        self._stuck = self._paused
        now = self._clock()
        self._skips.append(now)
        while self._skips[0] < now - self._limits.skips_s:
            self._skips.popleft()
        if len(self._skips) >= self._limits.skips:
            self.close(Close.TOO_SLOW, "media.viewer-too-slow")
