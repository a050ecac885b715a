"""Draws and codes feeds by their deadlines; told what to draw and what time it is.

The pictures of a feed are due every 1/25 second, so nothing drifts. A feed that is more than five late leaves
pictures out, which are counted. One thread uses a workshop; the program around it is
`civicam.simulator.workshop_process`.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np

from civicam.simulator.encoder import Encoder
from civicam.simulator.osd import Osd
from civicam.simulator.picture import RATE, TICKS
from civicam.simulator.workshop_wire import Delivery, Gone, Look
from civicam.simulator.yuv import Bytes, Planes, planes

Source = Callable[[int], Bytes]
"""Gives the I420 picture of a tick (25 a second); the caller does not write to it."""

_LATE_FRAMES = 5
_BLACK_LUMA = 16


@dataclass(eq=False)
class Feed:
    """One channel at one profile. ``number`` and ``pts`` are those of its next picture."""

    id: int
    encoder: Encoder
    source: Source
    osd: Osd
    look: Look = field(default_factory=Look)
    number: int = 1
    pts: int = 0
    wants_key: bool = True
    due: float = 0.0
    fresh: bool = True
    _canvas: Bytes | None = field(default=None, repr=False)
    _parts: Planes | None = field(default=None, repr=False)

    def produce(self, wall: float) -> Delivery | None:
        """Draw and code the next picture; ``wall`` is Unix time."""
        canvas = self._draw(wall)
        key, self.wants_key = self.wants_key, False
        coded = self.encoder.encode(canvas, self.pts, key=key)
        number, self.number = self.number, self.number + 1
        self.pts += TICKS
        return Delivery(self.id, number, coded[0]) if coded else None

    def _draw(self, wall: float) -> Bytes:
        look = self.look
        if look.frozen and self._canvas is not None:
            return self._canvas
        picture = self.source(round(wall * RATE))
        if self._canvas is None or self._parts is None:
            self._canvas = np.empty_like(picture)
            self._parts = planes(self._canvas)
        if look.black:
            self._parts.y[:] = _BLACK_LUMA
            self._parts.uv[:] = 128
        else:
            np.copyto(self._canvas, picture)
        shown = datetime.fromtimestamp(wall + look.ahead, UTC)
        self.osd.write(self._parts, shown, int(wall * 1000), self.number)
        return self._canvas


class Workshop:
    """The feeds of one thread."""

    def __init__(self) -> None:
        self._feeds: dict[int, Feed] = {}
        self._heap: list[tuple[float, int]] = []
        self.skipped = 0
        """Pictures left out because their time had passed."""

    def add(self, feed: Feed, now: float) -> None:
        """Serve ``feed`` from now on."""
        feed.due = now
        self._feeds[feed.id] = feed
        heapq.heappush(self._heap, (now, feed.id))

    def find(self, feed: int) -> Feed | None:
        """A feed that is served."""
        return self._feeds.get(feed)

    def remove(self, feed: int) -> None:
        """End a feed; fine for one that is not served."""
        found = self._feeds.pop(feed, None)
        if found is not None:
            found.encoder.close()

    def wait(self, now: float) -> float | None:
        """Seconds until a picture is due, 0 when one is; None when nothing is drawn."""
        while self._heap and self._heap[0][1] not in self._feeds:
            heapq.heappop(self._heap)
        return max(self._heap[0][0] - now, 0.0) if self._heap else None

    def serve(self, now: float, wall: float) -> Delivery | Gone | None:
        """Make the one picture that is due for longest, if any is."""
        if self.wait(now) != 0.0:
            return None
        feed = self._feeds[heapq.heappop(self._heap)[1]]
        try:
            made = feed.produce(wall)
        except Exception as error:  # noqa: BLE001 -- the other feeds go on
            self.remove(feed.id)
            return Gone(feed.id, str(error))
        self._later(feed, now)
        return made

    def _later(self, feed: Feed, now: float) -> None:
        """The next deadline; the first picture's own time is what the others count from.

        Unless a feed of the same scene has a rhythm already: they are then served one behind the other, and
        the scene is drawn once for both, late or not.
        """
        late = now - feed.due - 1 / RATE
        if feed.fresh:
            rhythm = next((each.due for each in self._feeds.values() if _share(each, feed)), now)
            shift = (rhythm - now) % (1 / RATE)
            feed.fresh, feed.due = False, now + shift - (1 / RATE if shift > 0.5 / RATE else 0.0)
        elif late > _LATE_FRAMES / RATE:
            left_out = int(late * RATE)
            self.skipped += left_out
            feed.due += left_out / RATE
            feed.pts += left_out * TICKS
        feed.due += 1 / RATE
        heapq.heappush(self._heap, (feed.due, feed.id))

    def close(self) -> None:
        """End all feeds."""
        for feed in list(self._feeds):
            self.remove(feed)


def _share(one: Feed, other: Feed) -> bool:
    return one is not other and not one.fresh and one.source == other.source
