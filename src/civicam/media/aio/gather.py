"""One look at the sockets of many streams at a time, as network drivers do it (NAPI).

    quiet ──a packet──► busy: all ready sockets are read, again every ``period_s`` ──none was ready──► quiet

A camera writes a picture as fifteen packets and more; read as they come, they are wake-ups that cost more
than what is done with the packets. While packets come, this waits some milliseconds between two looks: the
kernel keeps what arrives in the sockets' buffers meanwhile, and one look finds whole pictures of several
cameras. The wait bounds what is added to the delay, the sockets' buffers what gathers (over TCP the window
closes then); the first packet after silence is read at once.

Of streams that somebody watches and streams that nobody does each kind has a look of its own, the second a
rarer one. What it finds is more, so the loop has its turn after every dozen sockets.
"""

from __future__ import annotations

import asyncio
import contextlib
import select
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from civicam.media.aio.ports import PortPool

_AT_ONCE = 1024
"""Sockets read in one look; the others have their turn in the next."""
_TOGETHER = 16
"""Sockets read before what they gave is worked on, and then the loop has its turn: bounds the memory, and how
long everybody else waits."""
_SOON_S = 0.001
"""Until the next look when a socket had more than could be read."""

Read = Callable[[], Any]
"""Reads a socket, a bounded amount; what came, or None. Must not raise."""
Take = Callable[[Any], None]
"""Works on what the socket's ``Read`` returned. Must not raise."""


class Gather:
    """The sockets of one event loop. ``period_s`` 0 reads every socket as soon as it has something.

    Reading and working are apart, some dozen sockets at a time: an interpreter that comes back from a system
    call for every picture finds its caches full of the kernel, and takes half as long again.
    """

    def __init__(self, period_s: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._period = period_s
        self._poll = select.epoll()
        self._watched: dict[int, tuple[Read, Take]] = {}
        self._more = False
        self._timer: asyncio.TimerHandle | None = None
        self._loop.add_reader(self._poll.fileno(), self._wake)

    def watch(self, descriptor: int, read: Read, take: Take) -> None:
        """Read when there is something, within the period, and take it soon after."""
        self._watched[descriptor] = (read, take)
        self._poll.register(descriptor, select.EPOLLIN)

    def unwatch(self, descriptor: int) -> None:
        """No longer; call it before the number is another socket's. Idempotent."""
        if self._watched.pop(descriptor, None) is not None:
            with contextlib.suppress(OSError):  # somebody closed it, and with that the kernel forgot it
                self._poll.unregister(descriptor)

    def more(self) -> None:
        """From ``Read``: more is there or surely on its way, so the next look comes at once."""
        self._more = True

    def close(self) -> None:
        """Watch nothing any more. Idempotent."""
        if self._poll.closed:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._loop.remove_reader(self._poll.fileno())
        self._watched.clear()
        self._poll.close()

    def _wake(self) -> None:
        """The first packet after silence."""
        if self._period > 0:
            self._loop.remove_reader(self._poll.fileno())
        self._look()

    def _look(self) -> None:
        """Read every socket that has something."""
        found = self._poll.poll(0, _AT_ONCE)
        if len(found) == _AT_ONCE:
            self._more = True
        if found:
            self._read(found, 0)
        elif self._period > 0:
            self._timer = None
            self._loop.add_reader(self._poll.fileno(), self._wake)

    def _read(self, found: list[tuple[int, int]], first: int) -> None:
        """Read and work on some of ``found``, from ``first`` on; then on the rest, or wait for more."""
        watched = self._watched
        last = first + _TOGETHER
        came = []
        for descriptor, _ in found[first:last]:
            pair = watched.get(descriptor)
            if pair is not None:  # another one's packets may have ended it
                read, take = pair
                data = read()
                if data:
                    came.append((take, data))
        for take, data in came:
            take(data)
        if self._poll.closed:
            return
        if last < len(found):
            self._timer = self._loop.call_later(0, self._read, found, last)
        elif self._period > 0:
            period = min(_SOON_S, self._period) if self._more else self._period
            self._more = False
            self._timer = self._loop.call_later(period, self._look)


@dataclass(frozen=True, slots=True)
class Sockets:
    """What every receiver opens its port with."""

    pool: PortPool
    gather: Gather
    relaxed: Gather
    """Reads those that nobody watches."""
