"""Draws and codes feeds by their deadlines; told what to draw and what time it is.

The pictures of a feed are due every 1/25 second, so nothing drifts. A feed that is more than five late leaves
pictures out, which are counted. One thread uses a workshop; the program around it is
`civicam.simulator.workshop_process`.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np

from civicam.simulator.encoder import Encoder
from civicam.simulator.osd import Osd
from civicam.simulator.picture import RATE, TICKS, Coded
from civicam.simulator.workshop_wire import Delivery, Gone, Labour, Look
from civicam.simulator.yuv import Bytes, Planes, planes

Source = Callable[[int], Bytes]
"""Gives the I420 picture of a tick (25 a second); the caller leaves it as it was."""

_LATE_FRAMES = 5
_BLACK_LUMA = 16


@dataclass(slots=True)
class Stopwatch:
    """Processor time of this thread, by what it was spent on."""

    drawing_s: float = 0.0
    writing_s: float = 0.0
    coding_s: float = 0.0
    _since: float = 0.0

    def start(self) -> None:
        """From now on."""
        self._since = time.thread_time()

    def _lap(self) -> float:
        before, self._since = self._since, time.thread_time()
        return self._since - before

    def drawn(self) -> None:
        """Up to now a scene was drawn."""
        self.drawing_s += self._lap()

    def written(self) -> None:
        """Up to now a picture was written on."""
        self.writing_s += self._lap()

    def coded(self) -> None:
        """Up to now a picture was coded."""
        self.coding_s += self._lap()


@dataclass(frozen=True, slots=True)
class _Shot:
    """What a picture is of: the Unix time it shows, its number, what is wrong with it."""

    wall: float
    number: int
    look: Look


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
    _last: _Shot | None = field(default=None, repr=False)
    _still: Bytes | None = field(default=None, repr=False)
    _black: Bytes | None = field(default=None, repr=False)
    _picture: Bytes | None = field(default=None, repr=False)
    _parts: Planes | None = field(default=None, repr=False)

    def produce(self, wall: float, watch: Stopwatch) -> Delivery | None:
        """Draw and code the next picture; ``wall`` is Unix time."""
        watch.start()
        shot = _Shot(wall, self.number, self.look)
        key, self.wants_key = self.wants_key, False
        if not self.look.frozen:
            self._still, self._last = None, shot
            coded = self._code(shot, key, watch)
        else:
            if self._still is None:
                self._still = self._stand_still(self._last or shot)
            coded = self.encoder.encode(self._still, self.pts, key=key)
        watch.coded()
        self.number += 1
        self.pts += TICKS
        return Delivery(self.id, shot.number, coded[0]) if coded else None

    def _code(self, shot: _Shot, key: bool, watch: Stopwatch) -> list[Coded]:
        """The picture is written on where it stands, coded, and wiped: other cameras show it, too."""
        picture = self._drawn(shot)
        if self._parts is None or picture is not self._picture:
            self._picture, self._parts = picture, planes(picture)
        watch.drawn()
        under = self.osd.under(self._parts)
        try:
            self._write(self._parts, shot)
            watch.written()
            coded = self.encoder.encode(picture, self.pts, key=key)
            watch.coded()
        finally:
            self.osd.lift(self._parts, under)
        watch.written()
        return coded

    def _stand_still(self, shot: _Shot) -> Bytes:
        """The last picture once more: everything is a function of time."""
        picture = self._drawn(shot).copy()
        self._write(planes(picture), shot)
        return picture

    def _write(self, parts: Planes, shot: _Shot) -> None:
        shown = datetime.fromtimestamp(shot.wall + shot.look.ahead, UTC)
        self.osd.write(parts, shown, int(shot.wall * 1000), shot.number)

    def _drawn(self, shot: _Shot) -> Bytes:
        picture = self.source(round(shot.wall * RATE))
        if not shot.look.black:
            return picture
        if self._black is None:
            self._black = np.empty_like(picture)
            parts = planes(self._black)
            parts.y[:], parts.uv[:] = _BLACK_LUMA, 128
        return self._black


class Workshop:
    """The feeds of one thread."""

    def __init__(self) -> None:
        self._feeds: dict[int, Feed] = {}
        self._heap: list[tuple[float, int]] = []
        self._watch = Stopwatch()
        self.skipped = 0
        """Pictures left out because their time had passed."""

    @property
    def done(self) -> Labour:
        """What was done since the beginning; processor time is the whole process's."""
        watch = self._watch
        return Labour(self.skipped, time.process_time(), watch.drawing_s, watch.writing_s, watch.coding_s)

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
            made = feed.produce(wall, self._watch)
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
