"""Rolling figures of a stream: bit rate, frame rate, GOP length, age of the newest key frame.

Counted in buckets of one second, so that a frame costs a few additions whatever the window.
"""

from __future__ import annotations

from civicam.media.core.unit import Frame


class StreamRates:
    """Counts over a sliding window of ``window_s`` whole seconds; ``now`` is monotonic seconds."""

    def __init__(self, window_s: float = 5.0) -> None:
        self.gop_frames = 0
        """Frames from one key frame to the next, of the last whole GOP; of the running one before that."""
        self._window = max(1, round(window_s))
        self._buckets: dict[int, list[int]] = {}
        self._second = -1
        self._bucket = [0, 0]
        self._since: float | None = None
        self._last_key: float | None = None
        self._running = 0

    def frame(self, frame: Frame) -> None:
        """Count one frame; sound counts for the bit rate only."""
        codec, _, _, key, data, arrival, _, _, _ = frame
        if not self._second <= arrival < self._second + 1:
            self._turn(int(arrival), arrival)
        bucket = self._bucket
        bucket[1] += len(data)
        if not codec.is_video:
            return
        bucket[0] += 1
        if key:
            if self._last_key is not None:
                self.gop_frames = self._running
            self._last_key = arrival
            self._running = 0
        running = self._running = self._running + 1
        if running > self.gop_frames:
            self.gop_frames = running

    def fps(self, now: float) -> float:
        """Pictures per second."""
        return self._rate(0, now)

    def kbps(self, now: float) -> float:
        """Kilobits of coded data per second."""
        return self._rate(1, now) * 8 / 1000

    def key_age_s(self, now: float) -> float | None:
        """Seconds since the newest key frame; None before the first."""
        return None if self._last_key is None else max(0.0, now - self._last_key)

    def _turn(self, second: int, now: float) -> None:
        if self._since is None:
            self._since = now
        self._second = second
        self._bucket = self._buckets.setdefault(second, [0, 0])
        for old in [key for key in self._buckets if key < second - self._window - 1]:
            del self._buckets[old]

    def _rate(self, column: int, now: float) -> float:
        """The window ends with the last whole second; a young stream is measured over its age."""
        if self._since is None:
            return 0.0
        end = int(now)
        if now - self._since < 2.0:
            total = sum(bucket[column] for bucket in self._buckets.values())
            return total / max(now - self._since, 1.0)
        first = max(end - self._window, int(self._since) + 1)
        total = sum(bucket[column] for second, bucket in self._buckets.items() if first <= second < end)
        return total / max(1, end - first)
