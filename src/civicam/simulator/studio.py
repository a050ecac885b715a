"""Pictures on demand: who looks at which channel, and which workshop draws it.

A feed is one channel at one profile, however many look at it. It is drawn and coded by a workshop, a
process of its own (`civicam.simulator.workshop_process`); here its pictures are handed to those who look, in
the event loop. A workshop that dies is replaced, and its feeds go on where they were.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import cast

from civicam.simulator.faults import Condition
from civicam.simulator.picture import RATE, TICKS, Coded, Profile
from civicam.simulator.scene.mood import Mood
from civicam.simulator.workshop_wire import (
    Change,
    Close,
    Delivery,
    Gone,
    Key,
    Labour,
    Look,
    NewsReader,
    Open,
    Order,
    Part,
    Rehearse,
    write_order,
)

_log = logging.getLogger("civicam.simulator.studio")

Sink = Callable[[Coded, int], None]
"""Gets each coded picture and its number, in the event loop; must not block."""

_RESTART_S = 1.0
_END_S = 5.0
_SHARED_WORTH = 4
"""A workshop that shows a feed's scene already may have so many pictures' pixels more to do than another."""


@dataclass(eq=False, slots=True)
class _Feed:
    """One channel at one profile, while somebody looks. ``number`` and ``pts`` are the next picture's."""

    id: int
    key: tuple[str, Profile]
    part: Part
    condition: Condition
    workshop: _Workshop
    look: Look
    sinks: list[Sink] = field(default_factory=list)
    number: int = 1
    pts: int = 0

    def order(self) -> Open:
        """What lets a workshop begin, or go on."""
        return Open(self.id, self.part, self.look, self.number, self.pts)


class Studio:
    """Feeds in ``workshops`` processes. `start` first; everything in one event loop.

    ``part`` says what a channel shows at a profile, and in which condition its device is: looked at with
    every picture, so a fault shows from the next but one.
    """

    def __init__(self, workshops: int, part: Callable[[str, Profile], tuple[Part, Condition]]) -> None:
        self._part = part
        self._feeds: dict[tuple[str, Profile], _Feed] = {}
        self._by_id: dict[int, _Feed] = {}
        self._ids = 0
        self._workshops = [_Workshop(self._news, self._begun) for _ in range(workshops)]
        self.drawn = 0
        """Pictures drawn and coded."""
        self.sending_s = 0.0
        """Processor time of this process in which sinks were given pictures."""
        self.broken = 0
        """Feeds given up: their pictures could not be had."""

    @property
    def done(self) -> Labour:
        """What the workshops did, and those they replaced."""
        return sum((workshop.done for workshop in self._workshops), Labour())

    @property
    def running(self) -> int:
        """Feeds with at least one sink."""
        return len(self._feeds)

    def processes(self) -> list[int]:
        """Ids of the workshops that run."""
        return [workshop.process.pid for workshop in self._workshops if workshop.process is not None]

    def loads(self) -> list[int]:
        """Pixels a workshop has to draw a tick, of each."""
        return [workshop.load for workshop in self._workshops]

    async def start(self, rehearsed: Iterable[Mood] = ()) -> None:
        """Open the workshops; they draw ``rehearsed`` ahead, each its share."""
        moods = list(rehearsed)
        for index, workshop in enumerate(self._workshops):
            workshop.moods = tuple(moods[index :: len(self._workshops)])
            await workshop.start()
            if workshop.moods:
                workshop.tell(Rehearse(workshop.moods))

    async def stop(self) -> None:
        """Close the workshops."""
        await asyncio.gather(*(workshop.stop() for workshop in self._workshops))

    def open(self, channel: str, profile: Profile, sink: Sink, condition: Condition | None = None) -> None:
        """Let ``sink`` have the pictures of a channel, from the next key frame, which comes at once.

        A name with ``@`` and something after it is a feed of its own of that channel, in its own
        ``condition``: a recording, whose clock shows another time.
        """
        key = (channel, profile)
        feed = self._feeds.get(key)
        if feed is not None:
            feed.sinks = [*feed.sinks, sink]
            feed.workshop.tell(Key(feed.id))
            return
        part, usual = self._part(channel.partition("@")[0], profile)
        condition = usual if condition is None else condition
        self._ids += 1
        feed = _Feed(self._ids, key, part, condition, self._least_busy(part), _look(condition), [sink])
        self._feeds[key] = self._by_id[feed.id] = feed
        feed.workshop.feeds[feed.id] = part
        feed.workshop.tell(feed.order())

    def close(self, channel: str, profile: Profile, sink: Sink) -> None:
        """Take ``sink`` away; the last one ends the feed."""
        feed = self._feeds.get((channel, profile))
        if feed is None:
            return
        feed.sinks = [each for each in feed.sinks if each is not sink]
        if not feed.sinks:
            self._forget(feed)
            feed.workshop.tell(Close(feed.id))

    def _forget(self, feed: _Feed) -> None:
        del self._feeds[feed.key], self._by_id[feed.id], feed.workshop.feeds[feed.id]

    def _least_busy(self, part: Part) -> _Workshop:
        """The workshop with least to do, or one that has the scene and little more."""
        worth = _SHARED_WORTH * part.profile.pixels
        return min(self._workshops, key=lambda each: each.load - (worth if each.shows(part.mood) else 0))

    def _news(self, news: Delivery | Gone) -> None:
        feed = self._by_id.get(news.feed)
        if feed is None:
            return  # closed meanwhile
        if isinstance(news, Gone):
            self.broken += 1
            _log.warning("no more pictures of %s: %s", feed.key[0], news.reason)
            self._forget(feed)
            return
        self.drawn += 1
        feed.number, feed.pts = news.number + 1, news.coded.pts + TICKS
        look = _look(feed.condition)
        if look != feed.look:
            feed.look = look
            feed.workshop.tell(Change(feed.id, look))
        since = time.thread_time()
        for sink in feed.sinks:
            sink(news.coded, news.number)
        self.sending_s += time.thread_time() - since

    def _begun(self, workshop: _Workshop) -> None:
        """A workshop was replaced: its feeds go on, a second later."""
        for number in workshop.feeds:
            feed = self._by_id[number]
            feed.pts += round(_RESTART_S * RATE) * TICKS
            workshop.tell(feed.order())


def _look(condition: Condition) -> Look:
    return Look(condition.frozen, condition.black, condition.clock + condition.drift)


class _Workshop(asyncio.Protocol):
    """One workshop's process and the socket to it."""

    def __init__(self, news: Callable[[Delivery | Gone], None], begun: Callable[[_Workshop], None]) -> None:
        self._news = news
        self._begun = begun
        self._reader = NewsReader()
        self._transport: asyncio.Transport | None = None
        self._past = Labour()
        self._closing = False
        self._restart: asyncio.Task[None] | None = None
        self.process: asyncio.subprocess.Process | None = None
        self.feeds: dict[int, Part] = {}
        self.moods: tuple[Mood, ...] = ()

    @property
    def done(self) -> Labour:
        """What the process did, and those it replaced."""
        return self._past + self._reader.done

    @property
    def load(self) -> int:
        """Pixels of its feeds."""
        return sum(part.profile.pixels for part in self.feeds.values())

    def shows(self, mood: Mood | None) -> bool:
        """Whether it has this scene, or draws it ahead."""
        return mood is not None and (
            mood in self.moods or any(part.mood == mood for part in self.feeds.values())
        )

    def tell(self, order: Order) -> None:
        """Send an order; a process that is being replaced hears it from `Studio` when it is there."""
        if self._transport is not None:
            self._transport.write(write_order(order))

    async def start(self) -> None:
        """Start the process."""
        ours, theirs = socket.socketpair()
        with theirs:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "civicam.simulator.workshop_process", str(theirs.fileno()),
                stdin=subprocess.DEVNULL, pass_fds=(theirs.fileno(),),
            )  # fmt: skip
        ours.setblocking(False)
        await asyncio.get_running_loop().create_unix_connection(lambda: self, sock=ours)

    async def stop(self) -> None:
        """End it."""
        self._closing = True
        if self._restart is not None:
            self._restart.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._restart
        if self._transport is not None:
            self._transport.abort()
        if self.process is not None:
            await _end(self.process)
            self.process = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is no instance of it

    def data_received(self, data: bytes) -> None:
        for news in self._reader.feed(data):
            self._news(news)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._past = self.done
        self._reader = NewsReader()
        if not self._closing:
            _log.warning("a workshop ended by itself; another takes its place")
            self._restart = asyncio.get_running_loop().create_task(self._again())

    async def _again(self) -> None:
        await asyncio.sleep(_RESTART_S)
        if self.process is not None:
            await _end(self.process)
        await self.start()
        self._begun(self)


async def _end(process: asyncio.subprocess.Process) -> None:
    """Wait for a process whose socket is closed; kill it when it does not end."""
    try:
        await asyncio.wait_for(process.wait(), _END_S)
    except TimeoutError:
        process.kill()
        await process.wait()
