"""Alarms on both databases: one row an alarm, pages, resets, what is forgotten, what must not be kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, func, select

from civicam.alarms.facts import AlarmId, AlarmRaised, AlarmReset, AlarmSeen
from civicam.alarms.ports import AlarmFilter
from civicam.alarms.service import FACTS, AlarmService
from civicam.alarms.settings import AlarmSettings
from civicam.alarms.store import AlarmStore
from civicam.alarms.tables import alarm_event
from civicam.db.engine import Database
from civicam.db.outbox import Dispatcher
from civicam.db.schema import outbox
from civicam.db.unit import UnitOfWork
from civicam.fleet.facts import ChannelId, DeviceId, DeviceRecord, Presence
from civicam.gateway.alarms import seen_of
from civicam.gateway.roster import Entry
from civicam.kernel.clock import ManualClock
from civicam.kernel.errors import Operational, Refused
from civicam.signalling.gb28181.manscdp import parse_message
from civicam.signalling.gb28181.manscdp.alarm import AlarmNotify
from civicam.signalling.gb28181.manscdp.alarm_names import alarm_names

BEGAN = ManualClock().now()


def alarm(number: int, *, device: str = "d1", method: int = 2, priority: int | None = 1) -> AlarmSeen:
    """An alarm of its own, received ``number`` seconds after the beginning."""
    at = BEGAN + timedelta(seconds=number)
    return AlarmSeen(
        DeviceId(device),
        "34020000001310000001",
        ChannelId("c1"),
        at,
        "message",
        "设备防拆报警",
        "device tampered with",
        priority=priority,
        method=method,
        type=2,
        at=at,
        description=f"箱门 {number}",
        lon=118.433,
        lat=31.352,
    )


class Room:
    """The service on a real store, and what it published."""

    def __init__(self, url: str, clock: ManualClock, waiting: int) -> None:
        self.database = Database(url)
        self.clock = clock
        settings = AlarmSettings(keep_days=30, waiting=waiting)
        self.service = AlarmService(UnitOfWork(self.database, AlarmStore), clock, settings)
        self.heard: list[object] = []
        self.heard_both = asyncio.Event()

    async def hear(self, _fact_id: str, fact: object) -> None:
        self.heard.append(fact)
        if len(self.heard) == 2:
            self.heard_both.set()

    async def count(self) -> int:
        query = select(func.count()).select_from(alarm_event)
        return int(await self.database.read(lambda connection: connection.execute(query).scalar_one()))


@asynccontextmanager
async def opened(url: str, waiting: int = 20_000) -> AsyncIterator[Room]:
    room = Room(url, ManualClock(), waiting)
    try:
        yield room
    finally:
        await room.database.aclose()


def tell(url: str, story: Callable[[Room], Awaitable[None]]) -> None:
    async def main() -> None:
        async with opened(url) as room:
            await story(room)

    asyncio.run(main())


def test_an_alarm_is_kept_whole_and_told_of_once(url: str) -> None:
    async def story(room: Room) -> None:
        dispatcher = Dispatcher(room.database, room.clock, FACTS)
        dispatcher.watch("test", room.hear)
        await dispatcher.start()
        seen = alarm(1)
        first = await room.service.take(seen)
        copies = [await room.service.take(replace(seen, how="notify")) for _ in range(2)]
        assert [first.new, *(each.new for each in copies)] == [True, False, False]
        kept = await room.service.alarm(first.alarm_id)
        assert (kept.seen, kept.reset, kept.reset_at) == (seen, "open", None)
        await room.service.reset(first.alarm_id, "done", "wang")
        async with asyncio.timeout(10):
            await room.heard_both.wait()
        await dispatcher.aclose()
        reset = AlarmReset(first.alarm_id, "done", "wang", room.clock.now())
        assert room.heard == [AlarmRaised(first.alarm_id, seen), reset]
        again = await room.service.alarm(first.alarm_id)
        assert (again.reset, again.reset_by, again.reset_at) == ("done", "wang", room.clock.now())
        assert (room.service.taken, room.service.copies) == (1, 2)

    tell(url, story)


def test_a_flood_is_written_in_few_groups(url: str) -> None:
    async def story(room: Room) -> None:
        seen = [alarm(number % 500) for number in range(1000)]
        taken = await asyncio.gather(*(room.service.take(each) for each in seen))
        # the second half are copies of the first, and stand in the same groups
        assert len({each.alarm_id for each in taken}) == 500
        assert await room.count() == room.service.taken == 500
        assert room.database.counters.groups < 20

    tell(url, story)


def test_pages_go_through_all_newest_first(url: str) -> None:
    async def story(room: Room) -> None:
        together = [replace(alarm(7), source_id=f"3402000000131000000{n}") for n in range(3)]
        for each in (*map(alarm, range(5)), *together):
            await room.service.take(each)
        found: list[AlarmId] = []
        after, pages = "", 0
        while True:
            page = await room.service.page(AlarmFilter(), after, 3)
            assert 0 < len(page.alarms) <= 3
            found += [each.alarm_id for each in page.alarms]
            pages += 1
            if page.next is None:
                break
            after = page.next
        whole = [each.alarm_id for each in (await room.service.page(AlarmFilter(), "", 100)).alarms]
        assert (pages, found) == (3, whole)
        assert len(set(found)) == 8
        times = [each.seen.received_at for each in (await room.service.page(AlarmFilter(), "", 100)).alarms]
        assert times == sorted(times, reverse=True)

    tell(url, story)


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        (AlarmFilter(device_id="d2"), [3]),
        (AlarmFilter(priority=4), [2]),
        (AlarmFilter(method=6), [1]),
        (AlarmFilter(since=BEGAN + timedelta(seconds=2)), [3, 2]),
        (AlarmFilter(until=BEGAN + timedelta(seconds=2)), [1, 0]),
        (AlarmFilter(device_id="d1", method=2), [2, 0]),
        (AlarmFilter(device_id="nobody"), []),
    ],
)
def test_filters(url: str, wanted: AlarmFilter, numbers: list[int]) -> None:
    async def story(room: Room) -> None:
        for each in (alarm(0), alarm(1, method=6), alarm(2, priority=4), alarm(3, device="d2")):
            await room.service.take(each)
        page = await room.service.page(wanted, "", 100)
        seconds = [int((each.seen.received_at - BEGAN).total_seconds()) for each in page.alarms]
        assert (seconds, page.next) == (numbers, None)

    tell(url, story)


def test_what_is_not_there_is_refused(url: str) -> None:
    async def story(room: Room) -> None:
        with pytest.raises(Refused, match=r"alarms\.unknown-alarm"):
            await room.service.alarm("a0")
        with pytest.raises(Refused, match=r"alarms\.unknown-alarm"):
            await room.service.reset(AlarmId("a0"), "done", "")
        for cursor in ("!", "YQ", "YQoyMDI2LTAxLTAx", "/w"):
            with pytest.raises(Refused, match=r"alarms\.bad-cursor"):
                await room.service.page(AlarmFilter(), cursor, 10)

    tell(url, story)


def test_old_alarms_are_forgotten(url: str) -> None:
    async def story(room: Room) -> None:
        for number in range(3):
            await room.service.take(alarm(number))
        room.clock.advance(30 * 86400 + 1.5)
        assert await room.service.sweep() == 2
        assert [each.seen for each in (await room.service.page(AlarmFilter())).alarms] == [alarm(2)]
        room.clock.advance(86400)
        await room.service.start()  # the first sweep comes at once
        async with asyncio.timeout(10):
            while await room.count():  # noqa: ASYNC110 -- the store offers no event for a deletion
                await asyncio.sleep(0)
        await room.service.aclose()

    tell(url, story)


def test_too_many_waiting_are_refused(url: str) -> None:
    async def main() -> None:
        async with opened(url, waiting=2) as room:
            outcomes = await asyncio.gather(
                *(room.service.take(alarm(number)) for number in range(5)), return_exceptions=True
            )
            refused = [each for each in outcomes if isinstance(each, Operational)]
            assert {each.code for each in refused} == {"db.busy"}
            assert await room.count() == 5 - len(refused) == 2

    asyncio.run(main())


CANARIES = (
    "京A12345",
    "苏B·67890",
    "张三",
    "330102199001011234",
    "Zm9ydHktdHdvIGJ5dGVz",
    "https://192.0.2.8/f.jpg",
)
"""Things that must not be kept: plates, a name, an identity number, a picture and where one lies."""
WITH_MORE = """<?xml version="1.0" encoding="UTF-8"?>
<Notify><CmdType>Alarm</CmdType><SN>1</SN><DeviceID>34020000001310000001</DeviceID>
<AlarmPriority>2</AlarmPriority><AlarmMethod>{method}</AlarmMethod><AlarmTime>2026-03-02T09:00:01</AlarmTime>
<AlarmDescription>{a} {c}</AlarmDescription><PlateNumber>{a}</PlateNumber><Name>{c}</Name><Image>{e}</Image>
<Info><AlarmType>{kind}</AlarmType><AlarmTypeParam><EventType>1</EventType><Plate>{b}</Plate>
<Face id="{d}"><Feature>{e}</Feature></Face></AlarmTypeParam><PicUrl>{f}</PicUrl></Info>
<FaceList Num="1"><Item><FaceImage>{e}</FaceImage><IDNumber>{d}</IDNumber></Item></FaceList></Notify>"""


@pytest.mark.parametrize(("method", "kind"), [(5, 6), (5, 9), (5, 12), (5, 201), (7, 1), (1, 0), (3, 0)])
def test_no_plate_face_or_name_reaches_the_store(url: str, method: int, kind: int) -> None:
    async def story(room: Room) -> None:
        letters = dict(zip("abcdef", CANARIES, strict=True))
        command = parse_message(WITH_MORE.format(method=method, kind=kind, **letters).encode())
        assert isinstance(command, AlarmNotify)
        record = DeviceRecord(
            DeviceId("d1"), "34020000001180000001", "gb28181", "recorder", "", True, 60, 3, Presence.ONLINE
        )
        await room.service.take(seen_of(Entry(record), command, "message", BEGAN))

        def everything(connection: Connection) -> str:
            tables = (alarm_event, outbox)
            return "\n".join(str(tuple(row)) for table in tables for row in connection.execute(select(table)))

        kept = await room.database.read(everything)
        assert (f"'{alarm_names(method, kind)[0]}'" in kept, "alarms.raised" in kept) == (True, True)
        assert [each for each in CANARIES if each in kept] == []

    tell(url, story)


def test_times_come_back_aware(url: str) -> None:
    async def story(room: Room) -> None:
        taken = await room.service.take(alarm(1))
        kept = await room.service.alarm(taken.alarm_id)
        assert kept.seen.received_at.tzinfo is UTC
        assert isinstance(kept.seen.at, datetime)

    tell(url, story)
