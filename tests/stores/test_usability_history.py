"""History asked on both databases: days add up to their rows, rates, what is removed and forgotten."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Connection
from tests.stores.usability_room import (
    BAD,
    BEGAN,
    GOOD,
    NOT,
    UNKNOWN,
    House,
    Room,
    broken,
    card,
    running,
)

from civicam.fleet.facts import (
    CatalogueApplied,
    DeviceId,
    Presence,
)
from civicam.kernel.errors import Operational, Refused
from civicam.usability.facts import Leg
from civicam.usability.history import Seconds, day_of, second
from civicam.usability.rates import Wanted
from civicam.usability.service import pieces, seconds_of
from civicam.usability.store import UsabilityStore


@running
async def test_days_say_what_the_rows_say(house: House) -> None:
    """Three days with a gap over midnight, a channel that comes on the second day: any period, both ways."""
    async with house.process() as room:
        for hour in range(20):
            await room.turn(Presence.OFFLINE if hour % 5 == 0 else Presence.ONLINE, "d1", "c1")
            await room.later(3600)
    house.clock.advance(6 * 3600)
    house.town.cards_there.append(card(4, 4))
    async with house.process() as room:
        for hour in range(40):
            await room.turn(Presence.OFFLINE if hour % 7 == 0 else Presence.ONLINE, "d2", "c2", "c3")
            await room.later(3600)
        start, now = second(BEGAN), second(room.clock.now())
        periods = [
            (start, now),
            (start + 1, now - 5),
            (start + 86_400, start + 172_800),
            (start - 99, start + 9),
        ]
        before = [await _all_seconds(room, period) for period in periods]
        assert await room.service.roll() == 2
        assert await room.service.roll() == 0
        after = [await _all_seconds(room, period) for period in periods]
        assert after == before
        for (left, right), found in zip(periods, after, strict=True):
            for seconds in found.values():
                assert sum(seconds) == right - left
        whole = await room.service.rates(Wanted(), "channel", BEGAN, room.clock.now())
        assert [each.channels for each in whole.groups] == [1, 1, 1, 1]
        assert whole.groups[3].rate.exclusions[1].minutes == pytest.approx(26 * 60, abs=0.1)
        assert whole.groups[0].rate.exclusions[0].minutes == 6 * 60  # nobody collected


async def _all_seconds(room: Room, period: tuple[int, int]) -> dict[str, Seconds]:
    """Of the channels and of two legs, of who was there at all."""
    found: dict[str, Seconds] = {}

    def read(connection: Connection) -> None:
        for leg in (None, Leg.SIGNALLING, Leg.CLOCK):
            for key, each in seconds_of(UsabilityStore(connection), period, leg).items():
                if each[3] != period[1] - period[0]:
                    found[f"{leg} {key}"] = each

    await room.database.read(read)
    return found


@running
async def test_a_group_s_rate_has_everything_beside_it(house: House) -> None:
    async with house.process() as room:
        await room.turn(Presence.OFFLINE, "d1", "c1")
        await room.later(3600)
        found = await room.service.rates(Wanted(), "site", BEGAN, room.clock.now() + timedelta(days=1))
        assert found.end == room.clock.now()
        by_site = {each.key: each.rate.value for each in found.groups}
        assert by_site == {"s1": 0.0, "s2": 1.0}
        (all_,) = (await room.service.rates(Wanted(), "", BEGAN, room.clock.now())).groups
        assert all_.rate.value == pytest.approx(2 / 3)
        assert (all_.rate.numerator, all_.rate.denominator, all_.rate.coverage) == (120.0, 180.0, 1.0)
        (media,) = (await room.service.rates(Wanted(), "", BEGAN, room.clock.now(), Leg.MEDIA)).groups
        assert (media.rate.value, media.rate.code) == (None, "usability.nothing-known")


@running
async def test_a_channel_that_is_removed_is_not_looked_at_any_more(house: House) -> None:
    async with house.process() as room:
        await room.later(600)
        house.town.cards_there.pop()
        await room.service.sync()
        await room.later(600)
        strip = await room.service.strip("c3", BEGAN, room.clock.now())
        assert [each.usable for each in strip.spans] == [GOOD, NOT]


@running
async def test_new_channels_of_a_catalogue_are_looked_up(house: House) -> None:
    async with house.process() as room:
        house.town.cards_there.append(card(9, 2))
        await room.service.hear("", CatalogueApplied(DeviceId("d2"), 1, 0, 0, complete=True))
        await room.later(60)
        assert (await room.service.now("c9")).state is GOOD


@running
async def test_a_store_that_fails_for_a_while_gets_everything_later(house: House) -> None:
    async with house.process() as room:
        await room.later(60)
        with broken(room.database):
            await room.turn(Presence.OFFLINE, "d1", "c1")
            with pytest.raises(Operational):
                await room.later(60)
            assert room.service.collector.waiting == 1
        await room.later(60)
        strip = await room.service.strip("c1", BEGAN, room.clock.now())
        assert [(each.start - second(BEGAN), each.usable) for each in strip.spans] == [(0, GOOD), (60, BAD)]


@running
async def test_changes_that_were_given_up_are_a_gap(house: House) -> None:
    """More changes wait than may: the time since the first of them is unknown, the end is right again."""
    async with house.process(waiting=1) as room:
        await room.later(60)
        with broken(room.database):
            await room.turn(Presence.OFFLINE, "d2", "c2", "c3")
            with pytest.raises(Operational):
                await room.later(60)
        await room.later(60)
        await room.later(60)
        strip = await room.service.strip("c2", BEGAN + timedelta(seconds=60), room.clock.now())
        assert [each.usable for each in strip.spans] == [UNKNOWN, BAD]
        assert room.service.collector.counters["changes_lost"] >= 2


@running
async def test_a_process_that_stood_still_records_it(house: House) -> None:
    async with house.process() as room:
        await room.later(60)
        room.clock.advance(300)
        await room.later(10)
        gaps = await room.database.read(lambda c: UsabilityStore(c).gaps(0, 1 << 40))
        assert [(each.kind, (each.end - each.start).total_seconds()) for each in gaps] == [("stalled", 310.0)]


@running
async def test_what_is_asked_wrongly_is_refused(house: House) -> None:
    async with house.process() as room:
        await room.later(60)
        now = room.clock.now()
        for asked in (
            room.service.strip("nobody", BEGAN, now),
            room.service.at("nobody", BEGAN),
            room.service.now("nobody"),
        ):
            with pytest.raises(Refused, match=r"fleet\.unknown-channel"):
                await asked
        future = now + timedelta(seconds=1)
        for too_early in (
            room.service.strip("c1", now, future),
            room.service.at("c1", future),
            room.service.all_at(future),
            room.service.rates(Wanted(), "", now, now),
        ):
            with pytest.raises(Refused, match=r"usability\.bad-period"):
                await too_early


@running
async def test_old_history_goes_and_what_held_stays(house: House) -> None:
    async with house.process() as room:
        await room.later(600)
        await room.turn(Presence.OFFLINE, "d1", "c1")
        await room.later(600)
        await room.turn(Presence.ONLINE, "d1", "c1")
        await room.later(600)
        assert await room.rows() == 5
        await room.database.write(lambda c: UsabilityStore(c).sweep(second(BEGAN) + 900))
        assert await room.rows() == 4
        at = await room.service.all_at(BEGAN + timedelta(seconds=900))
        assert at["c1"] is BAD


def test_a_period_is_cut_at_days_that_are_summed_up() -> None:
    day = day_of(second(BEGAN))
    start = second(BEGAN)
    assert pieces((start, start + 3 * 86_400), {day, day + 1}) == [
        (start, start + 2 * 86_400, True),
        (start + 2 * 86_400, start + 3 * 86_400, False),
    ]
    assert pieces((start + 1, start + 86_400), {day}) == [(start + 1, start + 86_400, False)]
    assert pieces((start, start), {day}) == []
