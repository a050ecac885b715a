"""A day and a night of a town that does what towns do; and whatever it brought is gone at the end of it.

What runs: the gateway, the fleet and alarm rooms on their store, the SIP endpoints of both sides, simulated
devices, the real pool of ports and the source sessions. What cannot run on virtual time: sockets, packets,
pictures, viewers' WebSockets, worker processes, the web, the store's threads. For those there is
``civicam bench endurance``, an hour of real time at city size.

The town is 1 : 58 of the city (40 devices of 2,343). ``CIVICAM_STORY_DEVICES=2343`` plays the whole.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from tests.gateway.wire import run
from tests.stories.day import Day, Tally
from tests.stories.town import Town

SEED = 28181
DEVICES = int(os.environ.get("CIVICAM_STORY_DEVICES", "40"))


def empty(tally: Tally, town: Town) -> None:
    """Nobody watches and nothing is wrong: what is there belongs to devices that are online."""
    devices = len(town.posts)
    assert tally.gauges["devices_online"] == devices
    gone = ("sessions", "ssrcs", "history_ssrcs", "playbacks", "broadcasts", "commands_under_way",
            "registrations_under_way", "resync_waiting", "resync_running", "devices_offline")  # fmt: skip
    assert {name: tally.gauges[name] for name in gone} == dict.fromkeys(gone, 0)
    assert (tally.takes, tally.ports) == (0, 0)
    assert (tally.sip["requests_waiting"], tally.sip["invitations"]) == (0, 0)
    on_tcp = sum(post.tcp for post in town.posts)
    assert tally.sip["connections"] == tally.lines == on_tcp
    assert tally.sip["transactions"] <= 4 * devices
    assert tally.sip["timer_entries"] <= 2 * tally.sip["timers"] + 256
    assert tally.most_of_one <= 202


def flat(early: Tally, late: Tally, town: Town) -> None:
    """The same as hours ago, but for what chance does to heartbeats that are just on their way.

    A class may grow by one object a channel (heads that were turned for the first time), and no further:
    meanwhile ten times as many streams were opened.
    """
    assert late.gauges["subscriptions"] == early.gauges["subscriptions"]
    assert late.gauges["subscriptions_standing"] == early.gauges["subscriptions_standing"]
    assert abs(late.gauges["tasks"] - early.gauges["tasks"]) <= 4
    assert abs(late.tasks - early.tasks) <= 8
    assert abs(late.loop_timers - early.loop_timers) <= 12
    grown = {
        name: (early.classes[name], count)
        for name, count in late.classes.items()
        if count > 1.05 * early.classes[name] + 12 + len(town.city.channels)
    }
    assert grown == {}
    assert late.blocks <= 1.02 * early.blocks


@pytest.mark.long
@pytest.mark.timeout(900 if DEVICES <= 40 else 36_000)
def test_twenty_four_hours(tmp_path: Path) -> None:
    """From midnight to midnight.

        [FEED]──┬──[NVR, UDP]──[FIBRE]──┐        ┌──[4 × DESK]
         ...    ├──[CAM, UDP]──[FIBRE]──┼──[PLATFORM ✝ 12:30:00, back 12:30:10]──[STORE]
        [FEED]──┴──[NVR, TCP]──[NAT]────┘   every hundredth datagram is lost
         ✝ 16:00 to 16:20, all of them

    The devices register, beat (every third once a minute, the others every four), refresh every 48 minutes
    and list their channels; catalogue and alarms are subscribed to. Every few minutes one of them has a
    trouble: it restarts, loses its power or its fibre, its TCP connection breaks or dies silently, its NAT
    gives it another port, it hears nothing, answers late, loses BYEs, unregisters, registers anew, a channel
    goes dark. Four desks open live streams and recordings all day and leave in every way there is. At 12:30
    the platform is killed. At 16:00 the whole town loses its power for twenty minutes and comes back within
    ten seconds.

    Nobody is called offline who could be heard; whoever was at peace could be watched; every registration and
    alarm that got its 200 is in the store; and what stood at 06:00 stands at 24:00, and no more.
    """

    async def story() -> None:
        town = Town(tmp_path, DEVICES, SEED)
        await town.open()
        day = Day(town, SEED)
        await day.begin()
        dawn = await day.count(6)
        empty(dawn, town)
        noon = await day.count(12)
        empty(noon, town)
        flat(dawn, noon, town)

        await day.until(12.5)
        await day.platform_dies(10)
        await day.until(16)
        await day.blackout(20 * 60)
        back = asyncio.get_running_loop().time()
        while town.gateway.gauges()["devices_online"] < DEVICES:
            await day.until(asyncio.get_running_loop().time() / 3600 + 1 / 3600)
            assert asyncio.get_running_loop().time() - back <= 60

        evening = await day.count(19)
        empty(evening, town)
        midnight = await day.count(24)
        empty(midnight, town)
        flat(evening, midnight, town)
        flat(dawn, midnight, town)

        assert day.broken() == []
        assert town.gateway.counters().get("task_failed", 0) == 0
        assert town.false == []
        assert day.seen.failed_at_peace == []
        assert day.seen.shown > 500
        assert len(day.seen.troubles) == 12  # every kind happened
        kept = town.kept_registrations()
        for post in town.posts:
            promised = post.promises.registered
            assert promised is not None
            assert (promised - kept[post.gb_id]).total_seconds() <= 1
        alarms = set().union(*(post.promises.alarms for post in town.posts))
        assert len(alarms) > 100
        assert alarms <= town.kept_alarms()

    run(story())


@pytest.mark.slow
def test_the_same_seed_is_the_same_day(tmp_path: Path) -> None:
    """[9 × CAM]──[PLATFORM], three hours, twice: every transition comes at the same moment."""
    digests = []
    for name in ("one", "two"):

        async def story(folder: Path) -> None:
            town = Town(folder, 9, 7)
            await town.open()
            day = Day(town, 7)
            await day.begin()
            await day.until(3)
            assert town.transitions > 9
            digests.append((town.digest.hexdigest(), town.wires.carried, day.seen.shown))

        (tmp_path / name).mkdir()
        run(story(tmp_path / name))
    assert digests[0] == digests[1]
