"""Usability on both databases: history survives a kill, and the gaps of our own are recorded."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from sqlalchemy import select
from tests.stores.usability_room import (
    BAD,
    BEGAN,
    FINE,
    GOOD,
    NOT,
    UNKNOWN,
    House,
    card,
    running,
)

from civicam.db.outbox import Dispatcher
from civicam.fleet.facts import (
    ChannelId,
    DeviceId,
    Presence,
)
from civicam.usability.collector import FACTS
from civicam.usability.facts import CollectorGap, Leg, LegChanged, UsableChanged
from civicam.usability.history import second
from civicam.usability.store import UsabilityStore
from civicam.usability.tables import life


@running
async def test_a_change_is_in_history_from_its_beginning(house: House) -> None:
    """c1 lost at 00:10:00, back at 00:30:00."""
    async with house.process() as room:
        await room.later(600)
        await room.turn(Presence.OFFLINE, "d1", "c1", reason="fleet.heartbeat-lost")
        await room.later(1200)
        await room.turn(Presence.ONLINE, "d1", "c1")
        await room.later(600)
        strip = await room.service.strip("c1", BEGAN, room.clock.now())
        assert [(each.start - second(BEGAN), each.usable) for each in strip.spans] == [
            (0, GOOD),
            (600, BAD),
            (1800, GOOD),
        ]
        assert strip.seconds == (0, 1200, 1200, 0)
        there = await room.service.at("c1", BEGAN + timedelta(seconds=700))
        assert there.legs[0].changed is not None
        assert there.legs[0].changed.proof.code == "fleet.heartbeat-lost"
        assert there.legs[1].changed is None
        assert await room.service.all_at(BEGAN + timedelta(seconds=700)) == {
            "c1": BAD,
            "c2": GOOD,
            "c3": GOOD,
        }
        now = await room.service.now("c1")
        assert (now.state, now.since) == (GOOD, BEGAN + timedelta(seconds=1800))


@running
async def test_a_kill_loses_nothing_that_was_written_and_its_gap_is_unknown(house: House) -> None:
    """c1 lost at 600, killed at 700, back at 1000; the last sign of life is from 700."""
    async with house.process() as room:
        await room.later(600)
        await room.turn(Presence.OFFLINE, "d1", "c1")
        await room.later(100)
    house.clock.advance(300)
    house.town.cards_there[0] = card(1, 1, Presence.OFFLINE)
    async with house.process() as room:
        await room.later(100)
        strip = await room.service.strip("c1", BEGAN, room.clock.now())
        assert [(each.start - second(BEGAN), each.end - each.start, each.usable) for each in strip.spans] == [
            (0, 600, GOOD),
            (600, 100, BAD),
            (700, 300, UNKNOWN),
            (1000, 100, BAD),
        ]
        in_gap = await room.service.at("c2", BEGAN + timedelta(seconds=800))
        assert in_gap.gap is not None
        assert in_gap.gap.kind == "crashed"
        assert (await room.service.all_at(BEGAN + timedelta(seconds=800)))["c2"] is UNKNOWN


@running
async def test_an_orderly_stop_is_a_gap_too_and_says_so(house: House) -> None:
    async with house.process(orderly=True) as room:
        await room.later(600)
    house.clock.advance(60)
    async with house.process() as room:
        await room.later(60)
        gaps = await room.database.read(lambda c: UsabilityStore(c).gaps(0, 1 << 40))
        assert gaps == [
            CollectorGap(BEGAN + timedelta(seconds=600), BEGAN + timedelta(seconds=660), "stopped")
        ]
        lives = await room.database.read(lambda c: c.execute(select(life).order_by(life.c.number)).all())
        assert [each.stopped_at is None for each in lives] == [False, True]


@running
async def test_the_sign_of_life_is_young_enough_at_any_kill(house: House) -> None:
    """The real loops, for some real moments: the store holds a sign younger than ``life_s``."""
    async with house.process() as room:
        room.service.collector.start()
        for _ in range(200):
            await asyncio.sleep(0)
        await room.service.collector.flush()
        room.service.collector.tick()
        found = await room.database.read(lambda c: UsabilityStore(c).life())
        assert found is not None
        assert (room.clock.now() - found.last_at).total_seconds() <= room.service.settings.life_s
        await room.service.aclose()


@running
async def test_facts_go_out_with_what_they_tell_of(house: House) -> None:
    async with house.process() as room:
        dispatcher = Dispatcher(room.database, room.clock, FACTS)
        dispatcher.watch("test", room.hear)
        await dispatcher.start()
        await room.later(60)
        await room.turn(Presence.OFFLINE, "d2", "c2", "c3", reason="fleet.heartbeat-lost")
        await room.later(60)
        await room.heard_all.wait()
        await dispatcher.aclose()
    changes = [each for each in room.heard if isinstance(each, LegChanged)]
    assert [(each.channel_id, each.before, each.after) for each in changes[3:]] == [
        ("c2", GOOD, BAD),
        ("c3", GOOD, BAD),
    ]
    usable = [each for each in room.heard if isinstance(each, UsableChanged)]
    assert [(each.channel_id, each.after, each.legs) for each in usable[3:]] == [
        ("c2", BAD, (Leg.SIGNALLING,)),
        ("c3", BAD, (Leg.SIGNALLING,)),
    ]


@running
async def test_three_legs_from_three_sides(house: House) -> None:
    """Signalling by the fleet, media by a stream, the clock by its device; two of them by proof."""
    async with house.process() as room:
        service = room.service
        service.clock_told(DeviceId("d1"), 12.5, 1.0)
        service.clock_told(DeviceId("d2"), None, 1.0)
        service.stream(ChannelId("c1"), FINE)
        service.open_failed(ChannelId("c2"), "gateway.no-media")
        await room.later(60)
        one, two = await service.now("c1"), await service.now("c2")
        assert {leg: each.state for leg, each in one.legs.items()} == {
            Leg.SIGNALLING: GOOD,
            Leg.MEDIA: GOOD,
            Leg.CLOCK: BAD,
        }
        assert (one.legs[Leg.CLOCK].proof.measured, one.legs[Leg.CLOCK].proof.limit) == (12.5, 1.0)
        assert (one.state, two.state) == (BAD, BAD)
        assert two.legs[Leg.MEDIA].proof.code == "gateway.no-media"
        assert two.legs[Leg.CLOCK].state is NOT
        await room.later(1000)
        assert (await service.now("c1")).legs[Leg.MEDIA].state is NOT
        assert (await service.now("c2")).legs[Leg.MEDIA].state is UNKNOWN
        assert (await service.now("c2")).state is UNKNOWN


@running
async def test_renewed_findings_survive_a_kill(house: House) -> None:
    """A stream good for an hour, then killed: the leg does not grow old by its first finding."""
    async with house.process() as room:
        for _ in range(360):
            room.service.stream(ChannelId("c1"), FINE)
            await room.later(10)
    async with house.process() as room:
        await room.later(60)
        assert (await room.service.now("c1")).legs[Leg.MEDIA].state is GOOD
