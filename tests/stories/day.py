"""A day in the town: who watches, what goes wrong, and what is counted at the end of it."""

from __future__ import annotations

import asyncio
import gc
import random
import sys
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from tests.gateway.wire import later
from tests.stories.post import Post
from tests.stories.town import Town

from civicam.fleet.facts import ChannelId
from civicam.fleet.model import channel_id_for
from civicam.fleet.orders import Drive
from civicam.gateway.sessions import StreamName
from civicam.kernel.errors import CivicamError

DESKS = 4
WATCH_S = (20.0, 240.0)
TROUBLE_EVERY_S = (120.0, 600.0)
CALM_S = 35 * 60.0
"""Before a count nothing goes wrong: a device that lost its registration may wait 16 minutes and a bit."""
EMPTY_S = 6 * 60.0
"""And nobody watches: an unanswered BYE takes 33 s, a lost device 30 s, its port rests 30 s more."""


@dataclass
class Seen:
    """What people saw."""

    shown: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    """Of devices in trouble, by code."""
    failed_at_peace: list[str] = field(default_factory=list)
    troubles: Counter[str] = field(default_factory=Counter)


class Day:
    """Drives a town. Hours are those since midnight of the town's clock."""

    def __init__(self, town: Town, seed: int) -> None:
        self.town = town
        self.seen = Seen()
        self._rng = random.Random(seed + 2)
        self._open = asyncio.Event()
        self._lively = asyncio.Event()
        self._people: list[asyncio.Task[None]] = []
        self._mending: set[asyncio.Task[None]] = set()
        self.up_since = 0.0

    async def begin(self) -> None:
        """Power for everyone, over two minutes; then people and troubles."""
        for post in self.town.posts:
            self._later(self._rng.uniform(0, 120), post.boot)
        self.populate()

    def populate(self) -> None:
        """Desks are manned; after a restart of the platform their pages are new, too."""
        self.up_since = self._now()
        for task in self._people:
            task.cancel()
        desks: list[Coroutine[Any, Any, None]] = [self._desk(number) for number in range(DESKS)]
        self._people = [asyncio.create_task(work) for work in [*desks, self._misfortune(), self._alarms()]]
        self._open.set()
        self._lively.set()

    async def platform_dies(self, seconds: float) -> None:
        """kill -9, and a new process after so long; people's pages are new then."""
        for task in self._people:
            task.cancel()
        await self.town.crash()
        await later(seconds)
        await self.town.start()
        self.populate()

    def broken(self) -> list[str]:
        """Desks and others whose work ended by an error of ours."""
        return [repr(task) for task in self._people if task.done()]

    async def until(self, hour: float) -> None:
        """Let time pass."""
        await later(max(0.0, hour * 3600.0 - self._now()))

    async def count(self, hour: float) -> Tally:
        """Calm, then empty, then count at this hour; afterwards life goes on."""
        await self.until(hour - CALM_S / 3600)
        self._lively.clear()
        self.mend()
        await self.until(hour - EMPTY_S / 3600)
        self._open.clear()
        await self.until(hour)
        tally = measure(self.town)
        self._open.set()
        self._lively.set()
        return tally

    def mend(self) -> None:
        """Whatever is wrong is put right."""
        for task in list(self._mending):
            task.cancel()
        for post in self.town.posts:
            if post.agent.address[0] in self.town.wires.dark:
                post.cut_fibre(False)
            if post.deaf or post.answers_after > 1 or post.device.calls.no_bye_answer:
                post.mood()
            post.boot()
            if post.device.calls.dark:
                post.darken(frozenset())

    async def blackout(self, seconds: float) -> None:
        """No power anywhere; then everyone at once, within ten seconds."""
        self.mend()
        for post in self.town.posts:
            post.lose_power()
        await later(seconds)
        for post in self.town.posts:
            self._later(self._rng.uniform(0, 10), post.boot)

    # -- people

    async def _desk(self, number: int) -> None:
        rng = random.Random(f"{number}/{self._rng.random()}")
        while True:
            await self._open.wait()
            post = rng.choice(self.town.posts)
            channel = rng.choice(post.identity.channels).gb_id
            await self._look(rng, post, channel)
            await later(rng.uniform(1, 40))

    async def _look(self, rng: random.Random, post: Post, channel: str) -> None:
        """Somebody wants to see a channel, live or of an hour ago."""
        well, channel_id = self._well(post, channel), channel_id_for(post.gb_id, channel)
        live = rng.random() < 0.7
        try:
            if live:
                name: StreamName = rng.choice(("main", "sub", "sub"))
                stream = await self.town.gateway.open_live(channel_id, name)
            else:
                stream = await self._recording(rng, channel_id)
        except CivicamError as error:
            if well and self._well(post, channel):
                self.seen.failed_at_peace.append(f"{self.town.wall():%H:%M:%S} {post.gb_id} {error.code}")
            self.seen.failed[error.code] += 1
            return
        self.seen.shown += 1
        if rng.random() < 0.15:
            return  # the page was closed before its socket was open
        if not self.town.studio.watch(stream):
            return
        try:
            await self._watch(rng, stream, channel_id, live=live)
        finally:
            self.town.studio.leave(stream)
        if rng.random() < 0.5:
            await self.town.gateway.release(stream)

    def _well(self, post: Post, channel: str) -> bool:
        up = self._now() - self.up_since > 300 and post.at_peace
        return up and channel not in post.device.calls.dark

    async def _recording(self, rng: random.Random, channel_id: ChannelId) -> str:
        playbacks = self.town.gateway.operations.playbacks
        start = self.town.wall() - timedelta(hours=1)
        end = start + timedelta(seconds=rng.uniform(40, 400))
        if rng.random() < 0.5:
            await playbacks.search(channel_id, start, end)
        return await playbacks.play(channel_id, start, end)

    async def _watch(self, rng: random.Random, stream: str, channel_id: ChannelId, *, live: bool) -> None:
        """Look, and touch something now and then; what does not work is no harm."""
        operations = self.town.gateway.operations
        await later(rng.uniform(*WATCH_S) / 2)
        try:
            if live and rng.random() < 0.2:
                await operations.ptz.drive(channel_id, "u1", Drive(pan=1))
            elif not live and rng.random() < 0.4:
                await operations.playbacks.pause(stream)
                if rng.random() < 0.5:
                    await later(10)
                    await operations.playbacks.resume(stream)
        except CivicamError as error:
            self.seen.failed[error.code] += 1
        await later(rng.uniform(*WATCH_S) / 2)

    async def _alarms(self) -> None:
        while True:
            await later(self._rng.uniform(20, 240))
            post = self._rng.choice(self.town.posts)
            post.raise_alarm(self._rng.choice(post.identity.channels).gb_id)

    # -- troubles

    async def _misfortune(self) -> None:
        troubles: dict[str, Callable[[Post], None]] = {
            "restarts": lambda post: self._for(post, 20, 90, post.lose_power, post.boot),
            "loses its power": lambda post: self._for(post, 600, 1800, post.lose_power, post.boot),
            "loses its fibre": self._fibre,
            "its TCP connection breaks": Post.break_line,
            "its TCP connection dies": Post.line_dies,
            "gets another address": lambda post: post.move(self._rng.randint(10_000, 60_000)),
            "hears nothing": lambda post: self._moody(post, deaf=True),
            "answers late": lambda post: self._moody(post, answers_after=25.0),
            "loses BYEs": lambda post: self._moody(post, loses_byes=True),
            "unregisters": lambda post: self._for(post, 60, 600, post.leave, post.register_anew),
            "registers anew": Post.register_anew,
            "a channel goes dark": self._dark,
        }
        names = list(troubles)
        while True:
            await later(self._rng.uniform(*TROUBLE_EVERY_S))
            await self._lively.wait()
            post, name = self._rng.choice(self.town.posts), self._rng.choice(names)
            if post.at_peace:
                self.seen.troubles[name] += 1
                troubles[name](post)

    def _fibre(self, post: Post) -> None:
        self._for(post, 300, 1800, lambda: post.cut_fibre(True), lambda: post.cut_fibre(False))

    def _moody(self, post: Post, **mood: Any) -> None:
        self._for(post, 300, 900, lambda: post.mood(**mood), post.mood)

    def _dark(self, post: Post) -> None:
        one = frozenset({self._rng.choice(post.identity.channels).gb_id})
        self._for(post, 300, 1800, lambda: post.darken(one), lambda: post.darken(frozenset()))

    def _for(
        self, post: Post, least: float, most: float, begin: Callable[[], None], end: Callable[[], None]
    ) -> None:
        """Trouble for a while."""
        begin()

        async def mended() -> None:
            await later(self._rng.uniform(least, most))
            end()

        task = asyncio.create_task(mended())
        self._mending.add(task)
        task.add_done_callback(self._mending.discard)

    def _later(self, seconds: float, work: Callable[[], None]) -> None:
        asyncio.get_running_loop().call_later(seconds, work)

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()


@dataclass(frozen=True)
class Tally:
    """Everything that could leak, counted while nobody watches and nothing is wrong."""

    gauges: dict[str, int]
    sip: dict[str, int]
    tasks: int
    loop_timers: int
    ports: int
    takes: int
    lines: int
    trace_messages: int
    most_of_one: int
    classes: Counter[str]
    blocks: int


def measure(town: Town) -> Tally:
    """Count. The trace is counted first and then let go: it fills for days, by design, up to its bound."""
    loop: Any = asyncio.get_running_loop()
    trace = town.gateway.trace
    kept = {post.gb_id: len(trace.read(post.gb_id)) for post in town.posts}
    for gb_id in kept:
        trace.forget(gb_id)
    gc.collect()
    return Tally(
        gauges=town.gateway.gauges(),
        sip=town.agent.gauges(),
        tasks=len(asyncio.all_tasks()),
        loop_timers=sum(not handle.cancelled() for handle in loop._scheduled),
        ports=town.studio.pool.used,
        takes=len(town.studio.takes),
        lines=len(town.wires.lines),
        trace_messages=sum(kept.values()),
        most_of_one=max(kept.values()),
        classes=_classes(),
        blocks=sys.getallocatedblocks(),
    )


def _classes() -> Counter[str]:
    """Live objects of our classes, the story's own left out."""
    found: Counter[str] = Counter()
    for each in gc.get_objects():
        kind = type(each)
        if str(kind.__module__).startswith("civicam."):
            found[f"{kind.__module__}.{kind.__qualname__}"] += 1
    return found
