"""The outage ledger on both databases: facts once, steps once, rows as computed, the same after a kill."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Table, func, select
from tests.outages.town import BEGAN, at, back, cameras, dark, gasps, no_light, register
from tests.web.pretend_outages import PretendProber, PretendRegisters

from civicam.db.engine import Database
from civicam.db.schema import outbox
from civicam.db.unit import UnitOfWork
from civicam.fleet.graph import NodeId
from civicam.kernel.clock import ManualClock
from civicam.kernel.errors import Operational, Refused
from civicam.outages import tables as t
from civicam.outages.facts import Attribution, CauseKind, Fact, OutageId, Overruled, WorkId, WorkPlanned
from civicam.outages.ports import OutageFilter, Step
from civicam.outages.service import OutageService
from civicam.outages.settings import OutageSettings
from civicam.outages.store import OutageStore

CUT = [*gasps("a1", "a2", "a3", since=60), *no_light("a1", "a2", "a3", since=60)]


class Desk:
    """The service on a store, with a clock that is moved by hand."""

    def __init__(self, url: str, checkpoint_steps: int = 500) -> None:
        self.database = Database(url)
        self.clock = ManualClock(BEGAN)
        self.registers = PretendRegisters(register())
        self.service = OutageService(
            UnitOfWork(self.database, OutageStore),
            self.clock,
            OutageSettings(register_s=1, checkpoint_steps=checkpoint_steps),
            self.registers,
            PretendProber(),
        )

    async def count(self, table: Table) -> int:
        """Rows of a table."""
        query = select(func.count()).select_from(table)
        return int(await self.database.read(lambda c: c.execute(query).scalar_one()))

    async def pass_time(self, facts: Sequence[Fact], until: float) -> None:
        """Facts arrive at their time, the service steps every five seconds."""
        waiting = sorted(facts, key=lambda fact: getattr(fact, "at", BEGAN))
        while self.clock.now() < at(until):
            self.clock.advance(5)
            due = [fact for fact in waiting if getattr(fact, "at", BEGAN) <= self.clock.now()]
            waiting = waiting[len(due) :]
            if due:
                await self.service.take(due)
            await self.service.step()


def ask(url: str, test: Callable[[Desk], Awaitable[None]], checkpoint_steps: int = 500) -> None:
    async def main() -> None:
        desk = Desk(url, checkpoint_steps)
        try:
            await test(desk)
        finally:
            await desk.database.aclose()

    asyncio.run(main())


async def cut_a_feed(desk: Desk, until: float = 400) -> None:
    """Feed a fails a minute after the beginning."""
    devices = cameras("a1", "a2", "a3")
    await desk.pass_time([*CUT, *dark(*devices, since=60)], until)


def test_a_fact_is_kept_once(url: str) -> None:
    async def test(desk: Desk) -> None:
        assert await desk.service.take(CUT) == 6
        assert await desk.service.take([*CUT, *dark(*cameras("a1"), since=60)]) == 2

    ask(url, test)


def test_one_cut_is_one_row_and_three_news(url: str) -> None:
    async def test(desk: Desk) -> None:
        await cut_a_feed(desk)
        page = await desk.service.page(OutageFilter())
        (row,) = page.rows
        assert (row.kind, row.place, row.outage.channels) == (CauseKind.SUPPLY, "feed-a", 6)
        assert row.attribution is Attribution.POWER_COMPANY
        await desk.pass_time(list(back(*cameras("a1", "a2", "a3"), when=1000)), 1700)
        (row,) = (await desk.service.page(OutageFilter())).rows
        assert (row.outage.state, row.outage.ended_at) == ("closed", at(1000))
        names = await desk.database.read(lambda c: list(c.execute(select(outbox.c.name)).scalars()))
        assert (names[0], names[-1]) == ("outages.opened", "outages.closed")
        assert names.count("outages.opened") == names.count("outages.closed") == 1

    ask(url, test)


def test_recomputed_rows_are_the_same_bytes(url: str) -> None:
    async def test(desk: Desk) -> None:
        await cut_a_feed(desk)
        await desk.pass_time(list(back(*cameras("a1", "a2"), when=900)), 1500)
        found = await desk.service.recompute()
        assert found.same
        assert found.rows >= 1
        await desk.database.write(
            lambda c: c.execute(t.channel.delete().where(t.channel.c.channel_id == "cam-a1-0-ch"))
        )
        assert not (await desk.service.recompute()).same
        assert not (await desk.service.recompute(replace_rows=True)).same
        assert (await desk.service.recompute()).same

    ask(url, test)


@pytest.mark.parametrize("every", [1, 3, 100])
def test_a_service_that_starts_again_goes_on(url: str, every: int) -> None:
    """From a checkpoint and the steps after it, the same as from one life."""

    async def test(desk: Desk) -> None:
        await cut_a_feed(desk, until=255)
        desk.service._player = None  # all that a new process lacks
        await cut_a_feed_rest(desk)
        (row,) = (await desk.service.page(OutageFilter())).rows
        assert (row.place, row.outage.channels) == ("feed-a", 6)
        assert (await desk.service.recompute()).same

    async def cut_a_feed_rest(desk: Desk) -> None:
        late = [fact for fact in dark(*cameras("a1", "a2", "a3"), since=60) if fact.at > desk.clock.now()]
        await desk.pass_time([*late, *back(*cameras("a1"), when=700)], 900)

    ask(url, test, checkpoint_steps=every)


def test_a_step_that_fails_never_happened(url: str) -> None:
    async def test(desk: Desk) -> None:
        await cut_a_feed(desk, until=230)
        before = await desk.count(t.step)
        last = await desk.database.read(lambda c: OutageStore(c).last_step())
        assert last is not None

        def foreign(connection: object) -> None:
            OutageStore(connection).record(Step(last.number + 1, at(231), last.upto), [])  # type: ignore[arg-type]

        await desk.database.write(foreign)
        await desk.service.take(dark(NodeId("cam-b1-0"), since=60))
        desk.clock.advance(5)
        with pytest.raises(Operational, match="stepped-elsewhere"):
            await desk.service.step()
        await desk.service.step()
        assert await desk.count(t.step) == before + 2
        assert (await desk.service.recompute()).same

    ask(url, test)


def test_a_persons_answer_stands_beside_the_machines(url: str) -> None:
    async def test(desk: Desk) -> None:
        await cut_a_feed(desk)
        (row,) = (await desk.service.page(OutageFilter())).rows
        word = Overruled(
            row.outage.outage_id,
            CauseKind.FIBRE,
            "fibre-1",
            Attribution.THIRD_PARTY,
            "挖断光缆",
            "wang",
            BEGAN,
        )
        said = await desk.service.overrule(word)
        assert (said.kind, said.place, said.attribution) == (
            CauseKind.FIBRE,
            "fibre-1",
            Attribution.THIRD_PARTY,
        )
        assert said.outage.verdict.place == "feed-a"
        assert said.overruled is not None
        assert said.overruled.at == desk.clock.now()
        desk.clock.advance(10)
        taken = await desk.service.overrule(replace(word, kind=None, reason="看错了"))
        assert (taken.place, taken.overruled) == ("feed-a", None)
        assert [each.reason for each in await desk.service.overrules(word.outage_id)] == [
            "挖断光缆",
            "看错了",
        ]
        assert (await desk.service.recompute()).same
        with pytest.raises(Refused, match="needs-reason"):
            await desk.service.overrule(replace(word, reason=" "))
        with pytest.raises(Refused, match="unknown-outage"):
            await desk.service.overrule(replace(word, outage_id=OutageId("o0")))

    ask(url, test)


def planned(work_id: str = "", hours: float = 2) -> WorkPlanned:
    end = at(hours * 3600)
    return WorkPlanned(
        WorkId(work_id), NodeId("feed-a"), at(0), end, "换表", "li", BEGAN, Attribution.POWER_COMPANY
    )


def test_planned_work_is_kept_changed_and_taken_back(url: str) -> None:
    async def test(desk: Desk) -> None:
        made = await desk.service.plan(planned())
        assert made.work_id
        desk.clock.advance(5)
        await desk.service.plan(replace(made, end=at(9000)))
        (found,) = await desk.service.works()
        assert (found.work_id, found.end) == (made.work_id, at(9000))
        desk.clock.advance(5)
        await desk.service.cancel(made.work_id, "li")
        assert await desk.service.works(past=True) == []
        with pytest.raises(Refused, match="unknown-work"):
            await desk.service.cancel(made.work_id, "li")
        for bad, code in (
            (planned(hours=0), "work-needs-end"),
            (planned(hours=24 * 400), "work-needs-end"),
            (replace(planned(), reason=""), "needs-reason"),
            (planned("w0"), "unknown-work"),
            (replace(planned(), node=NodeId("nowhere")), "unknown-node"),
        ):
            with pytest.raises(Refused, match=code):
                await desk.service.plan(bad)

    ask(url, test)


def test_planned_work_explains_what_is_below_it(url: str) -> None:
    async def test(desk: Desk) -> None:
        await desk.service.plan(planned())
        await cut_a_feed(desk)
        (row,) = (await desk.service.page(OutageFilter())).rows
        assert (row.kind, row.place, row.attribution) == (
            CauseKind.PLANNED,
            "feed-a",
            Attribution.POWER_COMPANY,
        )

    ask(url, test)


def test_filters_and_pages(url: str) -> None:
    async def test(desk: Desk) -> None:
        await cut_a_feed(desk)
        more = [*dark(NodeId("cam-b1-0"), since=700), *dark(NodeId("cam-b2-1"), since=1200)]
        await desk.pass_time(more, 1500)
        whole = await desk.service.page(OutageFilter())
        assert len(whole.rows) == 3
        first = await desk.service.page(OutageFilter(), limit=2)
        assert first.next is not None
        second = await desk.service.page(OutageFilter(), first.next, 2)
        assert [r.outage.outage_id for r in [*first.rows, *second.rows]] == [
            r.outage.outage_id for r in whole.rows
        ]
        assert second.next is None

        async def count(**wanted: object) -> int:
            return len((await desk.service.page(OutageFilter(**wanted))).rows)  # type: ignore[arg-type]

        assert await count(kind=CauseKind.SUPPLY) == 1
        assert await count(place="feed-a") == 1
        assert await count(channel="cam-a1-0-ch") == 1
        assert await count(attribution=Attribution.OPERATOR) == 0
        assert await count(state="open") == 3
        assert await count(until=at(600)) == 1
        with pytest.raises(Refused, match="bad-cursor"):
            await desk.service.page(OutageFilter(), "!")

    ask(url, test)


def test_a_gap_of_ours_is_a_row_of_its_own(url: str) -> None:
    async def test(desk: Desk) -> None:
        await desk.service.start()
        await desk.service.aclose()
        desk.clock.advance(600)
        await desk.service.start()
        await desk.service.aclose()
        desk.clock.advance(5)
        await desk.service.step()
        (row,) = (await desk.service.page(OutageFilter(kind=CauseKind.PLATFORM))).rows
        assert (row.outage.started_at, row.outage.ended_at) == (BEGAN, at(600))
        assert (row.attribution, row.outage.channels) == (Attribution.OPERATOR, 12)
        word = Overruled(row.outage.outage_id, CauseKind.MAINS, "T", Attribution.NOBODY, "no", "wang", BEGAN)
        with pytest.raises(Refused, match="platform-row"):
            await desk.service.overrule(word)

    ask(url, test)


KILLED = """
import asyncio, sys
from datetime import timedelta
from tests.stores.test_outage_store import Desk, CUT
from tests.outages.town import cameras, dark, at

async def main(url):
    desk = Desk(url, checkpoint_steps=2)
    await desk.service.take([])
    facts = [*CUT, *dark(*cameras("a1", "a2", "a3"), since=60)]
    waiting = sorted(facts, key=lambda fact: fact.at)
    print("ready", flush=True)
    while True:
        desk.clock.advance(5)
        due = [fact for fact in waiting if fact.at <= desk.clock.now()]
        waiting = waiting[len(due):]
        if due:
            await desk.service.take(due)
            print("kept", len(facts) - len(waiting), flush=True)
        await desk.service.step()

asyncio.run(main(sys.argv[1]))
"""


def test_kill_9_at_any_point_loses_no_fact_and_doubles_no_row(url: str, repository: Path) -> None:
    """The process is killed after its n-th promise, for every n; another one goes on."""
    for promises in range(1, 6):
        process = subprocess.Popen(
            [sys.executable, "-c", KILLED, url],
            cwd=repository,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": str(repository)},
        )
        assert process.stdout is not None
        kept = 0
        with process.stdout as told:
            for line in told:
                if line.startswith("kept"):
                    kept, promises = int(line.split()[1]), promises - 1
                if promises == 0:
                    process.send_signal(signal.SIGKILL)
                    break
        process.wait()

        async def look(desk: Desk, kept: int = kept) -> None:
            assert await desk.count(t.fact) >= kept
            assert (await desk.service.recompute()).same

        ask(url, look)

    async def finish(desk: Desk) -> None:
        desk.clock.advance(3600)
        await desk.service.take([*CUT, *dark(*cameras("a1", "a2", "a3"), since=60)])
        for _ in range(12):
            desk.clock.advance(5)
            await desk.service.step()
        found = await desk.service.page(OutageFilter())
        assert [(row.place, row.outage.channels) for row in found.rows] == [("feed-a", 6)]
        bodies = await desk.database.read(lambda c: OutageStore(c).bodies())
        assert len({key for key, _ in bodies}) == len(bodies)
        assert (await desk.service.recompute()).same

    ask(url, finish)


def test_what_is_kept_can_be_read_by_people(url: str) -> None:
    """Facts and rows are plain JSON in the store."""

    async def test(desk: Desk) -> None:
        await cut_a_feed(desk)
        bodies = await desk.database.read(lambda c: OutageStore(c).bodies())
        assert all(json.loads(body) for _, body in bodies)
        times = await desk.database.read(lambda c: list(c.execute(select(t.row.c.started_at)).scalars()))
        assert abs(times[0] - at(60)) < timedelta(seconds=5)
        assert times[0].tzinfo is not None
        assert datetime.now(UTC) > BEGAN

    ask(url, test)
