"""``civicam bench usability``: what the history of a city costs to write, and to ask.

Thirty days of changes of 5,892 channels, which flap as a city's do, are kept by the room's store in SQLite
and asked as the console asks. Floors in the same run: counting the same rows, and adding up the same days, by
one bare statement each.
"""

from __future__ import annotations

import asyncio
import os
import random
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from statistics import median
from typing import Any

from sqlalchemy import text

from civicam.bench.report import Goal, Report
from civicam.db.engine import Database
from civicam.db.migrate import migrate
from civicam.db.unit import UnitOfWork
from civicam.fleet.facts import ChannelId, DeviceId, Presence
from civicam.fleet.views import ChannelCard
from civicam.kernel.clock import ManualClock
from civicam.usability.board import Standing
from civicam.usability.facts import Leg, LegChanged, Proof, State
from civicam.usability.history import DAY_S, moment, second
from civicam.usability.model import NOTHING, Vector, with_leg
from civicam.usability.ports import Entry
from civicam.usability.rates import Wanted
from civicam.usability.service import UsabilityService
from civicam.usability.settings import UsabilitySettings
from civicam.usability.store import UsabilityStore

CHANNELS, SITES, DAYS = 5_892, 2_343, 30
ANSWER_MS = 200.0
_BEGAN = datetime(2026, 3, 1, 16, tzinfo=UTC)
_GROUP = 20_000
_PROOF = Proof("fleet.heartbeat-lost", "fleet", 3.0, 3.0, "misses")


class _City:
    """The directory: sites of one to four channels in three districts."""

    def __init__(self, channels: int, sites: int) -> None:
        self.all = [
            ChannelCard(
                ChannelId(f"c{n:016x}"),
                DeviceId(f"d{n % sites:016x}"),
                Presence.ONLINE,
                "",
                _BEGAN,
                "dome" if n % 9 == 0 else "camera",
                "gb28181",
                f"S{n % sites:05}",
                f"34020{n % 3}",
                f"34020{n % 3}00{n % 12:x}",
            )
            for n in range(channels)
        ]

    async def cards(self, device_ids: Sequence[DeviceId] | None = None) -> list[ChannelCard]:
        return self.all if device_ids is None else [c for c in self.all if c.device_id in device_ids]


def flapping(city: _City, days: int, seed: int) -> list[Entry]:
    """Changes as a city makes them: a site's outage every four days, a clock once, one channel in fifty that
    flaps six times an hour for half a day. In the order of their time."""
    chance = random.Random(seed)
    start, span = second(_BEGAN), days * DAY_S
    entries: list[Entry] = []
    outages = {
        f"S{n:05}": sorted(chance.uniform(0, span) for _ in range(max(1, days // 4))) for n in range(SITES)
    }
    for card in city.all:
        moves: list[tuple[float, Leg, State]] = [(0, Leg.SIGNALLING, State.GOOD), (60, Leg.CLOCK, State.GOOD)]
        for began in outages[card.site_id or ""]:
            moves += [
                (began + chance.uniform(0, 60), Leg.SIGNALLING, State.BAD),
                (began + chance.uniform(600, 7200), Leg.SIGNALLING, State.GOOD),
            ]
        clock = chance.uniform(0, span)
        moves += [(clock, Leg.CLOCK, State.BAD), (clock + 21_600, Leg.CLOCK, State.GOOD)]
        for _ in range(days):  # somebody looks at it once a day
            looked = chance.uniform(0, span)
            moves += [(looked, Leg.MEDIA, State.GOOD), (looked + 900, Leg.MEDIA, State.NOT_CONFIGURED)]
        if chance.random() < 0.02:
            flaps = chance.uniform(0, span - DAY_S / 2)
            for each in range(72):
                state = State.BAD if each % 2 == 0 else State.GOOD
                moves.append((flaps + each * 300, Leg.SIGNALLING, state))
        entries += _entries(card.channel_id, moves, start, span)
    entries.sort(key=lambda entry: entry.at)
    return entries


def _entries(channel: ChannelId, moves: list[tuple[float, Leg, State]], start: int, span: int) -> list[Entry]:
    vector, found = NOTHING, []
    for offset, leg, state in sorted(moves, key=lambda move: move[0]):
        if offset >= span:
            break
        at, before = moment(start) + timedelta(seconds=offset), vector
        vector = with_leg(vector, leg, state)
        if vector != before:
            changed = LegChanged(channel, leg, State.UNKNOWN, state, at, _PROOF)
            found.append(Entry(channel, at, vector, changed))
    return found


def _save(group: Sequence[Entry], standings: Sequence[Standing], store: UsabilityStore) -> None:
    store.save(group, standings)


async def _ms(repetitions: int, ask: Callable[[], Awaitable[Any]]) -> float:
    """The median of some answers, milliseconds; the first, which warms up, does not count."""
    took = []
    for _ in range(repetitions + 1):
        began = time.perf_counter()
        await ask()
        took.append((time.perf_counter() - began) * 1000)
    return median(took[1:])


async def _measure(url: str, days: int, seed: int, repetitions: int) -> Report:
    city, clock = _City(CHANNELS, SITES), ManualClock(_BEGAN + timedelta(days=days))
    entries = flapping(city, days, seed)
    report = Report("usability", {"channels": CHANNELS, "days": days, "changes": len(entries), "seed": seed})
    database = Database(url)
    try:
        work = UnitOfWork(database, UsabilityStore)
        service = UsabilityService(work, city, clock, UsabilitySettings())
        last: dict[ChannelId, Vector] = {}
        began = time.perf_counter()
        for place in range(0, len(entries), _GROUP):
            group = entries[place : place + _GROUP]
            last.update({each.channel_id: each.vector for each in group})
            standings = [
                Standing(key, last[key], clock.now(), {}) for key in {each.channel_id for each in group}
            ]
            await work.write(partial(_save, group, standings))
        write_s = time.perf_counter() - began
        began = time.perf_counter()
        rolled = await service.roll()
        roll_s = time.perf_counter() - began
        one, now = city.all[4_000].channel_id, clock.now()
        start = now - timedelta(days=days)
        odd = start + timedelta(hours=7, minutes=13)
        figures = {
            "state_of_a_channel_ms": lambda: service.at(one, now - timedelta(days=11, seconds=7)),
            "state_of_all_ms": lambda: service.all_at(now - timedelta(days=11, seconds=7)),
            "strip_of_a_channel_ms": lambda: service.strip(one, start, now),
            "rates_30_days_ms": lambda: service.rates(Wanted(), "district", start, now),
            "rates_30_days_leg_ms": lambda: service.rates(Wanted(), "", start, now, Leg.CLOCK),
            "rates_odd_hours_ms": lambda: service.rates(Wanted(), "street", odd, now),
            "rates_a_day_ms": lambda: service.rates(Wanted(), "site", now - timedelta(days=1), now),
            "rates_a_list_ms": lambda: service.rates(
                Wanted(channels=tuple(each.channel_id for each in city.all[:50])), "channel", odd, now
            ),
        }
        for name, ask in figures.items():
            took = await _ms(repetitions, ask)
            report.figures[name] = took
            report.goals[name] = Goal(ANSWER_MS, took, "ms")
        report.figures |= {
            "changes_written_per_s": len(entries) / write_s,
            "a_day_summed_up_ms": roll_s * 1000 / max(1, rolled),
            "file_mib": await asyncio.to_thread(os.path.getsize, url.removeprefix("sqlite:///")) / 2**20,
        }
        count = text("SELECT count(*), sum(vector) FROM usability_change")
        report.floors["count_all_changes_ms"] = await _ms(
            repetitions, lambda: database.read(lambda c: c.execute(count).one())
        )
        sums = text("SELECT sum(usable_good), sum(usable_bad), sum(usable_unknown) FROM usability_day")
        report.floors["sum_all_days_ms"] = await _ms(
            repetitions, lambda: database.read(lambda c: c.execute(sums).one())
        )
        floor = float(report.floors["sum_all_days_ms"])  # type: ignore[arg-type]  # a number by the line above
        report.ratios["rates_30_days_to_sum"] = float(report.figures["rates_30_days_ms"] or 0) / floor
    finally:
        await database.aclose()
    return report


def run(days: int, seed: int, repetitions: int) -> Report:
    """Make the city, ask it, and say whether every answer came in time."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/bench.db"
        migrate(url)
        return asyncio.run(_measure(url, days, seed, repetitions))
