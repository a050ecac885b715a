"""A workshop as a process of its own: ``python -m civicam.simulator.workshop_process FD``.

Drawing and coding share no interpreter lock with signalling, nor with the workshop next door. Orders come
over the inherited socket ``FD`` and pictures go back over it; a slow reader makes the workshop late, which
leaves pictures out. The process ends when the socket does, however the simulator ended.
"""

from __future__ import annotations

import contextlib
import select
import signal
import socket
import sys
import threading
import time
from collections import deque
from concurrent.futures import CancelledError, ThreadPoolExecutor
from pathlib import Path

from civicam.simulator.encoder import Encoder, quality_of
from civicam.simulator.footage import Footage
from civicam.simulator.osd import Osd
from civicam.simulator.painter import Painters
from civicam.simulator.picture import SUB, codec_of
from civicam.simulator.scene.mood import Mood
from civicam.simulator.scenes import SceneStore
from civicam.simulator.workshop import Feed, Source, Workshop
from civicam.simulator.workshop_wire import (
    Change,
    Close,
    Delivery,
    Gone,
    Key,
    Look,
    Open,
    Order,
    Rehearse,
    read_order,
    write_news,
)

_BUILDERS = 2
_MAX_ORDER = 1 << 20
_TOGETHER = 4
"""Pictures that wait for each other: 2 ms at most for the first."""


class Stage:
    """Where pictures come from: drawn scenes, or recordings."""

    def __init__(self) -> None:
        self._painters = Painters(1)
        self._understudy = Painters(1, nice=10)
        self._scenes = SceneStore(paint=self._painters.paint)

    def feed(self, order: Open) -> Feed:
        """A feed, ready to be served."""
        part = order.part
        return Feed(
            id=order.feed,
            source=self._source(order),
            encoder=Encoder(codec_of(part.codec), part.profile, quality_of(part.mood) if part.mood else None),
            osd=Osd(part.name, part.channel, part.profile.width, part.profile.height),
            look=order.look,
            number=order.number,
            pts=order.pts,
        )

    def _source(self, order: Open) -> Source:
        part = order.part
        width, height = part.profile.width, part.profile.height
        if part.mood is None or part.footage:
            return Footage(Path(part.footage), width, height).draw
        return self._scenes.get(part.mood, width, height).draw

    def rehearse(self, moods: tuple[Mood, ...]) -> None:
        """Draw the scenes of the sub streams ahead of who asks for them, one after the other."""
        with contextlib.suppress(CancelledError):
            for mood in moods:
                self._scenes.get(mood, SUB.width, SUB.height, self._understudy.paint)
        self._understudy.close()

    def close(self) -> None:
        """End the painters."""
        self._painters.close()
        self._understudy.close()


class Shift:
    """Serves one socket until its other end is closed."""

    def __init__(self, orders: socket.socket) -> None:
        self._orders = orders
        self._rest = b""
        self._workshop = Workshop()
        self._stage = Stage()
        self._builders = ThreadPoolExecutor(_BUILDERS, thread_name_prefix="workshop-build")
        self._wanted: dict[int, Look] = {}
        self._built: deque[tuple[int, Feed | Exception]] = deque()
        self._bell, self._ring = socket.socketpair()
        self._bell.setblocking(False)

    def run(self) -> None:
        """Work until the other end is gone."""
        poll = select.poll()
        poll.register(self._orders, select.POLLIN)
        poll.register(self._bell, select.POLLIN)
        try:
            while True:
                wait = self._workshop.wait(time.monotonic())
                ready = poll.poll(None if wait is None else wait * 1000)
                for number, _ in ready:
                    if number == self._orders.fileno():
                        self._read()
                    else:
                        self._take_built()
                self._serve()
        except (EOFError, ConnectionError):
            return
        finally:
            self._builders.shutdown(wait=False, cancel_futures=True)
            self._workshop.close()
            self._stage.close()
            self._bell.close()

    def _serve(self) -> None:
        """A few pictures, if they are due: each wakes the simulator, so they go together."""
        news: list[Delivery | Gone] = []
        while len(news) < _TOGETHER and (made := self._workshop.serve(time.monotonic(), time.time())):
            if isinstance(made, Gone):
                self._wanted.pop(made.feed, None)
            news.append(made)
        if news:
            self._tell(*news)

    def _tell(self, *news: Delivery | Gone) -> None:
        done = self._workshop.done
        self._orders.sendall(b"".join(write_news(each, done) for each in news))

    def _read(self) -> None:
        data = self._orders.recv(1 << 16)
        *lines, self._rest = (self._rest + data).split(b"\n")
        if not data or len(self._rest) > _MAX_ORDER:
            raise EOFError
        for line in lines:
            self._do(read_order(line))

    def _do(self, order: Order) -> None:
        match order:
            case Open():
                self._wanted[order.feed] = order.look
                self._builders.submit(self._build, order)
            case Key(feed=feed):
                found = self._workshop.find(feed)
                if found is not None:
                    found.wants_key = True
            case Change(feed=feed, look=look):
                found = self._workshop.find(feed)
                if found is not None:
                    found.look = look
                elif feed in self._wanted:
                    self._wanted[feed] = look
            case Close(feed=feed):
                self._wanted.pop(feed, None)
                self._workshop.remove(feed)
            case Rehearse(moods=moods):
                threading.Thread(
                    target=self._stage.rehearse, args=(moods,), name="rehearsal", daemon=True
                ).start()

    def _build(self, order: Open) -> None:
        """On a builder's thread."""
        if order.feed not in self._wanted:
            return
        try:
            self._built.append((order.feed, self._stage.feed(order)))
        except Exception as error:  # noqa: BLE001 -- a recording that cannot be read stops alone
            self._built.append((order.feed, error))
        with contextlib.suppress(OSError):  # the shift is over
            self._ring.send(b"\0")

    def _take_built(self) -> None:
        self._bell.recv(1 << 10)
        while self._built:
            number, made = self._built.popleft()
            look = self._wanted.get(number)
            if isinstance(made, Exception):
                if self._wanted.pop(number, None) is not None:
                    self._tell(Gone(number, str(made)))
            elif look is None:
                made.encoder.close()
            else:
                made.look = look
                self._workshop.add(made, time.monotonic())


def main(fd: int) -> None:
    """Work for whoever holds the other end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the whole group; the simulator ends us
    with socket.socket(fileno=fd) as orders:
        Shift(orders).run()


if __name__ == "__main__":
    main(int(sys.argv[1]))
