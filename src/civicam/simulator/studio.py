"""Draws and codes on demand: one `Feed` a channel and profile, however many look at it.

A few threads each own some feeds and serve them by deadline, frame ``n`` of a feed at its start plus
``n / 25`` seconds, so nothing drifts; a thread that is more than five frames late leaves frames out
and counts them. The coders and numpy let other threads run, so two cores are used.
"""

from __future__ import annotations

import heapq
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime

from civicam.media.core.unit import Codec
from civicam.simulator.encoder import RATE, TICKS, Coded, Encoder, Profile
from civicam.simulator.faults import Condition
from civicam.simulator.osd import Osd
from civicam.simulator.yuv import Bytes, planes

_log = logging.getLogger("civicam.simulator.studio")

Sink = Callable[[Coded, int], None]
"""Gets each coded picture and its number, on a studio thread; must not block."""
Source = Callable[[int], Bytes]
"""Gives the I420 picture of a tick (25 a second); the caller does not write to it."""

_LATE_FRAMES = 5
_BUILDERS = 2
_BLACK_LUMA = 16


@dataclass(eq=False)
class Feed:
    """One channel at one profile, running while it has sinks."""

    key: tuple[str, Profile]
    encoder: Encoder
    source: Source
    osd: Osd
    condition: Condition
    sinks: list[Sink] = field(default_factory=list)
    wants_key: bool = True
    due: float = 0.0
    number: int = 0
    pts: int = 0
    _held: Bytes | None = None

    def produce(self, now_wall: float) -> Coded | None:
        """Draw and code the next picture."""
        tick = round(now_wall * RATE)
        picture = self._picture(tick, now_wall)
        key, self.wants_key = self.wants_key, False
        coded = self.encoder.encode(picture, self.pts, key=key)
        self.number += 1
        self.pts += TICKS
        return coded[0] if coded else None

    def _picture(self, tick: int, now_wall: float) -> Bytes:
        condition = self.condition
        if condition.frozen and self._held is not None:
            return self._held
        picture = self.source(tick).copy()
        parts = planes(picture)
        if condition.black:
            parts.y[:] = _BLACK_LUMA
            parts.u[:] = parts.v[:] = 128
        shown = datetime.fromtimestamp(now_wall + condition.clock + condition.drift, UTC)
        self.osd.write(parts, shown, int(now_wall * 1000), self.number)
        self._held = picture
        return picture


class Studio:
    """Feeds on ``threads`` threads. `open` and `close` may be called from any thread."""

    def __init__(self, threads: int, make: Callable[[str, Profile], Feed]) -> None:
        self._make = make
        self._feeds: dict[tuple[str, Profile], Feed] = {}
        self._lock = threading.Lock()
        self._building: dict[tuple[str, Profile], list[Sink]] = {}
        self._builder = ThreadPoolExecutor(_BUILDERS, thread_name_prefix="studio-build")
        self._workers = [_Worker(index, self._give_up) for index in range(threads)]
        self._closed = False
        self.broken = 0
        """Feeds given up: their pictures could not be had."""

    @property
    def skipped(self) -> int:
        """Pictures left out because a thread was late."""
        return sum(worker.skipped for worker in self._workers)

    @property
    def drawn(self) -> int:
        """Pictures drawn and coded."""
        return sum(worker.drawn for worker in self._workers)

    @property
    def running(self) -> int:
        """Feeds with at least one sink."""
        return len(self._feeds)

    def open(self, channel: str, profile: Profile, sink: Sink) -> None:
        """Let ``sink`` have the pictures of a channel, from the next key frame, which comes at once."""
        key = (channel, profile)
        with self._lock:
            feed = self._feeds.get(key)
            if feed is not None:
                feed.sinks = [*feed.sinks, sink]
                feed.wants_key = True
                return
            waiting = self._building.get(key)
            if waiting is not None:
                waiting.append(sink)
                return
            if self._closed:
                return
            self._building[key] = [sink]
        self._builder.submit(self._build, key)

    def _build(self, key: tuple[str, Profile]) -> None:
        """Make a feed for those who still wait for it when it is made."""
        feed = None
        try:
            if self._building[key]:
                feed = self._make(*key)
        except Exception as error:  # noqa: BLE001 -- a recording that cannot be read stops alone
            self._report(key[0], error)
        finally:
            with self._lock:
                sinks = self._building.pop(key)
                if feed is not None and sinks:
                    feed.sinks = sinks
                    self._feeds[key] = feed
        if feed is not None and sinks:
            min(self._workers, key=lambda worker: worker.load).take(feed)
        elif feed is not None:
            feed.encoder.close()

    def close(self, channel: str, profile: Profile, sink: Sink) -> None:
        """Take ``sink`` away; the last one ends the feed."""
        key = (channel, profile)
        with self._lock:
            waiting = self._building.get(key)
            if waiting is not None:
                self._building[key] = [each for each in waiting if each is not sink]
            feed = self._feeds.get(key)
            if feed is None:
                return
            feed.sinks = [each for each in feed.sinks if each is not sink]
            if not feed.sinks:
                del self._feeds[key]

    def _give_up(self, feed: Feed, error: Exception) -> None:
        """On a worker's thread: a feed whose pictures cannot be had is over for all its sinks."""
        with self._lock:
            if self._feeds.get(feed.key) is feed:
                del self._feeds[feed.key]
        self._report(feed.key[0], error)

    def _report(self, channel: str, error: Exception) -> None:
        self.broken += 1
        _log.warning("no more pictures of %s: %s", channel, error)

    def stop(self) -> None:
        """End all threads."""
        self._closed = True
        self._builder.shutdown(wait=True, cancel_futures=True)
        for worker in self._workers:
            worker.stop()


class _Worker:
    """One thread and its feeds, served in the order of their deadlines."""

    def __init__(self, index: int, give_up: Callable[[Feed, Exception], None]) -> None:
        self._give_up = give_up
        self._heap: list[tuple[float, int, Feed]] = []
        self._wake = threading.Condition()
        self._running = True
        self._count = 0
        self.skipped = 0
        self.drawn = 0
        self._thread = threading.Thread(target=self._run, name=f"studio-{index}", daemon=True)
        self._thread.start()

    @property
    def load(self) -> int:
        """Pixels of its feeds."""
        return sum(feed.key[1].width * feed.key[1].height for _, _, feed in list(self._heap))

    def take(self, feed: Feed) -> None:
        """Serve ``feed`` from now on, until its sinks are gone."""
        with self._wake:
            feed.due = time.monotonic()
            self._push(feed)
            self._wake.notify()

    def _push(self, feed: Feed) -> None:
        self._count += 1
        heapq.heappush(self._heap, (feed.due, self._count, feed))

    def stop(self) -> None:
        """End the thread."""
        with self._wake:
            self._running = False
            self._wake.notify()
        self._thread.join()

    def _run(self) -> None:
        while (feed := self._next()) is not None:
            if not feed.sinks:
                feed.encoder.close()
                continue
            try:
                coded = feed.produce(time.time())
            except Exception as error:  # noqa: BLE001 -- the other feeds of this thread go on
                self._give_up(feed, error)
                feed.encoder.close()
                continue
            self.drawn += 1
            if coded is not None:
                for sink in feed.sinks:
                    sink(coded, feed.number)
            feed.due += 1 / RATE
            late = time.monotonic() - feed.due
            if late > _LATE_FRAMES / RATE:
                left_out = int(late * RATE)
                self.skipped += left_out
                feed.due += left_out / RATE
                feed.pts += left_out * TICKS
            with self._wake:
                self._push(feed)

    def _next(self) -> Feed | None:
        """The feed whose time has come; None at the end."""
        with self._wake:
            while self._running:
                if not self._heap:
                    self._wake.wait()
                    continue
                wait = self._heap[0][0] - time.monotonic()
                if wait <= 0:
                    return heapq.heappop(self._heap)[2]
                self._wake.wait(wait)
        return None


def codec_of(name: str) -> Codec:
    """The codec of a description's word."""
    return Codec.H265 if name == "h265" else Codec.H264
