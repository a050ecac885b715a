"""Draws backdrops in processes of their own, so that a first picture does not wait behind running ones.

A backdrop is a third of a second of Python in small steps. In a thread beside running encoders each step
waits for the interpreter's lock, which makes seconds of it; a process next door waits for nobody. The wire
is a line of JSON in (the mood and the size) and one I420 picture out; the painter ends with its input, so
none is left behind however the simulator ends.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
from concurrent.futures import CancelledError
from dataclasses import asdict
from typing import IO

import numpy as np

from civicam.simulator.scene.mood import Mood
from civicam.simulator.scene.scene import ground
from civicam.simulator.yuv import Bytes


class Painters:
    """A few painters, started when first needed. `paint` blocks and may be called from any thread."""

    def __init__(self, count: int = 2, nice: int = 0) -> None:
        """``nice`` is added to their niceness: for what is drawn ahead, while others wait for a picture."""
        self._closed = False
        self._free: queue.LifoQueue[_Painter] = queue.LifoQueue()
        self._all = [_Painter(nice) for _ in range(count)]
        for painter in self._all:
            self._free.put(painter)

    def paint(self, mood: Mood, width: int, height: int) -> Bytes:
        """The still part of a scene as I420; drawn here when no painter can be had.

        Raises:
            CancelledError: closed.
        """
        painter = self._free.get()
        try:
            return painter.paint(mood, width, height)
        except (OSError, EOFError):
            if self._closed:
                raise CancelledError from None
            return ground(mood, width, height)
        finally:
            self._free.put(painter)

    def processes(self) -> list[int]:
        """Ids of the painters that run."""
        return [painter.process.pid for painter in self._all if painter.process is not None]

    def close(self) -> None:
        """End the painters; one that still draws is not waited for."""
        self._closed = True
        for painter in self._all:
            painter.close()


class _Painter:
    """One process; a new one is started after it died."""

    def __init__(self, nice: int) -> None:
        self.process: subprocess.Popen[bytes] | None = None
        self._nice = nice
        self._closed = False

    def paint(self, mood: Mood, width: int, height: int) -> Bytes:
        process = self.process
        if self._closed:
            raise EOFError
        if process is None or process.poll() is not None:
            process = self.process = subprocess.Popen(  # noqa: S603 -- our own interpreter and module
                [sys.executable, "-m", __name__, str(self._nice)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
        assert process.stdin is not None
        assert process.stdout is not None
        wish = {**asdict(mood), "width": width, "height": height}
        process.stdin.write(json.dumps(wish).encode() + b"\n")
        process.stdin.flush()
        rows = height * 3 // 2
        data = process.stdout.read(rows * width)
        if len(data) < rows * width:
            raise EOFError
        return np.frombuffer(data, dtype=np.uint8).reshape(rows, width)

    def close(self) -> None:
        """Kill it."""
        self._closed = True
        if self.process is not None:
            self.process.kill()
            self.process.wait()


def serve(wishes: IO[bytes], pictures: IO[bytes]) -> None:
    """Paint what is wished until there are no more wishes, or nobody takes the pictures."""
    with contextlib.suppress(BrokenPipeError):
        for line in wishes:
            wish = json.loads(line)
            width, height = int(wish.pop("width")), int(wish.pop("height"))
            pictures.write(ground(Mood(**wish), width, height).tobytes())
            pictures.flush()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the whole group; the simulator ends us
    os.nice(int(sys.argv[1]))
    serve(sys.stdin.buffer, sys.stdout.buffer)
