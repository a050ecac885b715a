"""The usability room on a real store, moved by hand: a process that can be killed, a store that fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, event, select

from civicam.db.engine import Database
from civicam.db.unit import UnitOfWork
from civicam.fleet.facts import (
    ChannelId,
    ChannelsChanged,
    ChannelState,
    DeviceId,
    Presence,
)
from civicam.fleet.views import ChannelCard
from civicam.kernel.clock import ManualClock
from civicam.kernel.errors import Operational
from civicam.usability.facts import State
from civicam.usability.judging import StreamMeasured
from civicam.usability.service import UsabilityService
from civicam.usability.settings import UsabilitySettings
from civicam.usability.store import UsabilityStore
from civicam.usability.tables import change

GOOD, BAD, UNKNOWN, NOT = State.GOOD, State.BAD, State.UNKNOWN, State.NOT_CONFIGURED
BEGAN = datetime(2026, 3, 1, 16, tzinfo=UTC)
"""Midnight in China."""
FINE = StreamMeasured(4000, 0, 1, 25)


@dataclass
class Town:
    """The fleet as this room sees it: three cameras, the third behind the second's recorder."""

    cards_there: list[ChannelCard] = field(default_factory=list)

    async def cards(self, device_ids: Sequence[DeviceId] | None = None) -> list[ChannelCard]:
        return [each for each in self.cards_there if device_ids is None or each.device_id in device_ids]


def card(number: int, device: int, state: Presence = Presence.ONLINE) -> ChannelCard:
    return ChannelCard(
        ChannelId(f"c{number}"),
        DeviceId(f"d{device}"),
        state,
        "",
        BEGAN,
        "camera",
        "gb28181",
        f"s{device}",
        "340202",
        None,
    )


class Room:
    """One process: the service on a store, moved by hand. `kill` leaves it without a word."""

    def __init__(self, url: str, clock: ManualClock, town: Town, waiting: int) -> None:
        self.database = Database(url)
        self.clock = clock
        self.service = UsabilityService(
            UnitOfWork(self.database, UsabilityStore), town, clock, UsabilitySettings(waiting=waiting)
        )
        self.heard: list[object] = []
        self.heard_all = asyncio.Event()

    async def hear(self, _fact_id: str, fact: object) -> None:
        self.heard.append(fact)
        if len(self.heard) == 10:
            self.heard_all.set()

    async def start(self) -> None:
        await self.service.collector.begin()
        await self.service.sync()

    async def later(self, seconds: float) -> None:
        """Time goes by, step by step as sleepy loops would, with one write at the end."""
        end = self.clock.now() + timedelta(seconds=seconds)
        while self.clock.now() < end:
            self.clock.advance(min(25.0, (end - self.clock.now()).total_seconds()))
            self.service.collector.tick()
        await self.service.collector.flush()

    async def turn(self, state: Presence, device: str, *channels: str, reason: str = "") -> None:
        """The fleet says that channels have changed."""
        states = tuple(ChannelState(ChannelId(each), state, reason) for each in channels)
        await self.service.hear("", ChannelsChanged(DeviceId(device), self.clock.now(), states))

    async def rows(self) -> int:
        return await self.database.read(lambda c: len(c.execute(select(change)).all()))


@dataclass
class House:
    """What outlives a process."""

    url: str
    clock: ManualClock = field(default_factory=lambda: ManualClock(BEGAN))
    town: Town = field(default_factory=lambda: Town([card(1, 1), card(2, 2), card(3, 2)]))

    @asynccontextmanager
    async def process(self, *, orderly: bool = False, waiting: int = 200_000) -> AsyncIterator[Room]:
        room = Room(self.url, self.clock, self.town, waiting)
        await room.start()
        try:
            yield room
            if orderly:
                await room.service.aclose()
        finally:
            await room.database.aclose()


def running(story: Callable[[House], Awaitable[None]]) -> Callable[[str], None]:
    """A story as a test on the database ``url``."""

    def test(url: str) -> None:
        asyncio.run(asyncio.wait_for(story(House(url)), 60))

    test.__name__, test.__doc__ = story.__name__, story.__doc__
    return test


class broken:  # noqa: N801 -- a context manager
    """While it is open every write fails as a full disk does."""

    def __init__(self, database: Database) -> None:
        self._engine = database._writer

    def __enter__(self) -> None:
        event.listen(self._engine, "begin", self._fail)

    def __exit__(self, *_: object) -> None:
        event.remove(self._engine, "begin", self._fail)

    @staticmethod
    def _fail(_connection: Connection) -> None:
        raise Operational("db.full")
