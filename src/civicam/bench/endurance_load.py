"""What goes on in the city while it is watched: people who look and leave, devices that restart and call.

Every stream that is opened belongs to a device that had its peace before, so it has to start: one that does
not is a failure. People leave in every way there is: in order, by closing the page, by a connection that
breaks, by never coming to the door at all.
"""

from __future__ import annotations

import asyncio
import random
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

from civicam.bench.endurance_city import City
from civicam.bench.endurance_client import FAULTS, Api, Json, leave, watch

Kind = Literal["live", "playback"]

PEACE_S = 45.0
"""A device that was restarted is left alone for so long before a stream of it has to start."""
_PAUSE_S = 5.0
_MOST_WHY = 50
_TAPE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Pace:
    """How lively it is. Seconds; a range is drawn from evenly."""

    viewers: int = 4
    """Panes, each opening one stream after the other."""
    watch_s: tuple[float, float] = (8.0, 30.0)
    consoles: int = 3
    console_s: tuple[float, float] = (15.0, 60.0)
    playback_s: tuple[float, float] = (8.0, 25.0)
    restart_every_s: float = 8.0
    alarm_every_s: float = 5.0


@dataclass(slots=True)
class Told:
    """What happened."""

    counts: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    """By kind and code."""
    why: list[str] = field(default_factory=list)
    """Every start that failed, in words: when, what, how long it had taken, and what was said."""
    first_picture_s: list[float] = field(default_factory=list)
    restarted: list[tuple[str, datetime]] = field(default_factory=list)
    """Devices switched off and on, with the moment."""
    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    """All were online then. On a busy machine some register later than their patience after our own start."""


class Load:
    """One load on one city; `run` until its time is up, and everybody has left."""

    def __init__(self, city: City, api: Api, channels: Sequence[Json], pace: Pace, seed: int) -> None:
        self.told = Told()
        self._city = city
        self._api = api
        self._pace = pace
        self._random = random.Random(seed)
        self._channels = list(channels)
        self._gb_ids = {str(each["device_id"]): str(each["device_gb_id"]) for each in self._channels}
        self._quiet_from: dict[str, float] = {}
        """By device: when it has its peace."""
        self._opening: Counter[str] = Counter()
        self._watched: Counter[str] = Counter()
        self._ends_at = 0.0

    async def run(self, seconds: float) -> None:
        """Keep it up for so long."""
        self._ends_at = time.monotonic() + seconds
        pace = self._pace
        async with asyncio.TaskGroup() as group:
            for _ in range(pace.viewers):
                group.create_task(self._repeat(self._look))
            for _ in range(pace.consoles):
                group.create_task(self._repeat(self._console))
            group.create_task(self._repeat(self._play))
            group.create_task(self._repeat(self._restart, pace.restart_every_s))
            group.create_task(self._repeat(self._alarm, pace.alarm_every_s))

    async def _repeat(self, work: Callable[[], Awaitable[None]], pause_s: float = 0.2) -> None:
        while time.monotonic() < self._ends_at:
            await work()
            await asyncio.sleep(pause_s)

    def _left(self, limits: tuple[float, float]) -> float:
        """A time drawn from ``limits``, cut at the end of the run."""
        return max(0.0, min(self._random.uniform(*limits), self._ends_at - time.monotonic()))

    # -- looking

    async def _look(self) -> None:
        """A pane opens a stream, watches, and leaves in one of four ways."""
        channel = self._pick()
        way = self._random.choice(("closes", "closes", "leaves", "breaks", "never comes"))
        stream = self._random.choice(("sub", "sub", "sub", "main"))
        asked = time.monotonic()
        body = {"channel_id": channel["id"], "stream": stream, "format": "annexb", "purpose": "duty"}
        await self._shown("live", channel, body, way, asked)

    async def _play(self) -> None:
        """A recording of an hour ago."""
        channel = self._pick()
        start = datetime.now(UTC) - timedelta(hours=1)
        body = {
            "channel_id": channel["id"],
            "start": start.isoformat(),
            "end": (start + _TAPE).isoformat(),
            "format": "annexb",
            "purpose": "duty",
        }
        await self._shown(
            "playback", channel, body, self._random.choice(("closes", "breaks")), time.monotonic()
        )

    async def _shown(self, kind: Kind, channel: Json, body: Json, way: str, asked: float) -> None:
        """Open, watch and leave; what fails is written down with its code."""
        told, device = self.told, str(channel["device_id"])
        self._opening[device] += 1
        told.counts[f"{kind}_asked"] += 1
        limits = self._pace.watch_s if kind == "live" else self._pace.playback_s
        try:
            ticket = await self._api.ask("POST", f"/api/{kind}", body)
            if way == "never comes":
                told.counts["never_came"] += 1
                return
            socket = await self._api.show(ticket)
        except FAULTS as fault:
            told.failures[f"{kind} {str(fault) or type(fault).__name__}"] += 1
            self._explain(kind, channel, fault, asked)
            return
        finally:
            self._opening[device] -= 1
        told.first_picture_s.append(time.monotonic() - asked)
        told.counts[f"{kind}_shown"] += 1
        self._watched[device] += 1
        try:
            till_the_end = await watch(socket, self._left(limits))
            told.counts["ended_by_the_other_side"] += not till_the_end
            await leave(socket, politely=way != "breaks")
            if way == "closes":
                await self._api.ask("DELETE", f"/api/{kind}/{ticket['session_id']}")
        except FAULTS as fault:
            told.failures[f"leaving {kind} {str(fault) or type(fault).__name__}"] += 1
        finally:
            self._watched[device] -= 1

    def _explain(self, kind: Kind, channel: Json, fault: BaseException, asked: float) -> None:
        """Keep why a start failed, and say it at once: the platform's log has the same moment."""
        seconds = time.monotonic() - asked
        words = (
            f"{datetime.now(UTC):%H:%M:%S} {kind} of {channel['gb_id']} after {seconds:.2f} s: "
            f"{type(fault).__name__} {fault} {getattr(fault, 'words', '')}"
        )
        if len(self.told.why) < _MOST_WHY:
            self.told.why.append(words)
        print(f"        {words}", file=sys.stderr)

    def _pick(self) -> Json:
        """A channel whose device had its peace."""
        now = time.monotonic()
        while True:
            channel = self._random.choice(self._channels)
            if self._quiet_from.get(str(channel["device_id"]), 0.0) <= now:
                return channel

    # -- the rest of the day

    async def _console(self) -> None:
        """A console opens its event stream, loads its pages, and is closed or killed."""
        try:
            socket = await self._api.console()
            self.told.counts["consoles"] += 1
            for path in ("/api/situation", "/api/tree", "/api/channels?limit=100", "/api/live"):
                await self._api.ask("GET", path)
            await watch(socket, self._left(self._pace.console_s))
            await leave(socket, politely=self._random.random() < 0.5)
        except FAULTS as fault:
            self.told.failures[f"console {str(fault) or type(fault).__name__}"] += 1
            await asyncio.sleep(_PAUSE_S)

    async def _restart(self) -> None:
        """A device is switched off and on; one in four times one that is being watched.

        Never one of which a stream is just being opened: nobody is promised anything of a device that is cut
        off at that moment.
        """
        watched = [device for device, count in self._watched.items() if count > 0]
        while_watched = bool(watched) and self._random.random() < 0.25
        device = self._random.choice(watched) if while_watched else str(self._pick()["device_id"])
        if self._opening[device] or (not while_watched and self._watched[device]):
            return
        gb_id = self._gb_ids[device]
        self._quiet_from[device] = time.monotonic() + PEACE_S
        self.told.restarted.append((gb_id, datetime.now(UTC)))
        done = await asyncio.to_thread(self._city.order, {"do": "reboot", "target": gb_id})
        self.told.counts["restarts"] += done
        self.told.counts["restarts_while_watched"] += done and while_watched

    async def _alarm(self) -> None:
        """A channel reports motion."""
        order = {"do": "alarm", "target": self._pick()["gb_id"], "method": 5, "type": 2, "priority": 3}
        self.told.counts["alarms"] += await asyncio.to_thread(self._city.order, order)
