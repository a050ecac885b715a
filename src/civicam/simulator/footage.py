"""Recordings instead of drawn scenes: any video file PyAV can read, looped, scaled, paced to 25 a second."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np

from civicam.kernel.errors import Refused
from civicam.simulator.picture import RATE
from civicam.simulator.yuv import Bytes

_SLACK_S = 1e-6
"""Sums of frame times are not exact."""


class Footage:
    """One file at one size. Pictures follow the file's own time; a slow file repeats pictures."""

    def __init__(self, path: Path, width: int, height: int) -> None:
        self._path = path
        self._size = (width, height)
        self._pictures = self._endless()
        self._until, self._picture = next(self._pictures)
        self._first_tick: int | None = None

    def draw(self, tick: int) -> Bytes:
        """The I420 picture of ``tick``; ticks grow."""
        if self._first_tick is None:
            self._first_tick = tick
        at = (tick - self._first_tick) / RATE
        while self._until <= at + _SLACK_S:
            self._until, self._picture = next(self._pictures)
        return self._picture

    def _endless(self) -> Iterator[tuple[float, Bytes]]:
        """(end in seconds since the start, picture) without end."""
        start = 0.0
        for _ in itertools.count():
            end = start
            for end, picture in self._once(start):
                yield end, picture
            if end <= start:
                raise Refused("simulator.bad-footage", path=str(self._path))
            start = end

    def _once(self, start: float) -> Iterator[tuple[float, Bytes]]:
        width, height = self._size
        try:
            with av.open(str(self._path)) as container:
                step = 1 / float(container.streams.video[0].average_rate or RATE)
                for count, frame in enumerate(container.decode(video=0), start=1):
                    picture = frame.reformat(width=width, height=height, format="yuv420p").to_ndarray()
                    yield start + count * step, np.ascontiguousarray(picture, dtype=np.uint8)
        except (av.FFmpegError, IndexError) as error:
            raise Refused("simulator.bad-footage", path=str(self._path)) from error
