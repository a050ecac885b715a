"""The log on both databases: groups, places without gaps, proofs, erasure, what refuses to be changed."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from civicam.audit.facts import Actor, Entry, Part, Result, Target, Wanted
from civicam.audit.keys import KeyFiles
from civicam.audit.model import commitment
from civicam.audit.service import AuditService
from civicam.audit.settings import AuditSettings
from civicam.audit.store import AuditStore
from civicam.audit.tables import APPEND_ONLY
from civicam.audit.tree import is_consistent, is_included, leaf_hash
from civicam.db.engine import Database
from civicam.db.unit import UnitOfWork
from civicam.kernel.clock import ManualClock
from civicam.kernel.errors import CivicamError, Refused

LI = Actor("u-1", "li", "operator", "bureau", "192.0.2.7")


def log(
    url: str,
    folder: Path,
    story: Callable[[AuditService, Database, ManualClock], Awaitable[None]],
    settings: AuditSettings | None = None,
) -> None:
    """One process with a log, from its start to its end."""

    async def life() -> None:
        database, clock = Database(url), ManualClock()
        work = UnitOfWork(database, AuditStore)
        service = AuditService(
            work, KeyFiles(folder / "audit.key"), clock, settings or AuditSettings(), os.urandom
        )
        try:
            await service.start()
            await story(service, database, clock)
            await service.aclose()
        finally:
            await database.aclose()

    asyncio.run(life())


def entry(number: int) -> Entry:
    return Entry("view.live", LI, Target("channel", f"c{number}", f"东门 {number}"), facts={"n": number})


def test_many_at_once_are_few_commits_without_a_gap(url: str, tmp_path: Path) -> None:
    async def story(audit: AuditService, database: Database, clock: ManualClock) -> None:
        places = await asyncio.gather(*(audit.append(entry(n)) for n in range(700)))
        assert sorted(places) == list(range(1, 701))
        assert audit.counters.groups < 20
        found = await audit.entries(0, 2_000)
        assert [each.seq for each in found] == list(range(701))
        assert [json.loads(each.record)["seq"] for each in found] == list(range(701))
        assert [json.loads(each.record)["facts"] for each in found[1:]] == [{"n": n} for n in range(700)]

    log(url, tmp_path, story)


def test_the_next_process_goes_on_where_the_last_ended(url: str, tmp_path: Path) -> None:
    """Every proof of every size holds over three lives; the middle one ends in the middle of a node."""
    sizes: list[tuple[int, bytes]] = []

    async def story(audit: AuditService, database: Database, clock: ManualClock) -> None:
        await asyncio.gather(*(audit.append(entry(n)) for n in range(300)))
        made = await audit.keeper.checkpoint()
        sizes.append((made.size, made.root))
        for size, root in sizes:
            proof = await audit.consistency(size)
            assert is_consistent(size, proof.size, root, proof.root, proof.hashes)
        for seq in (0, 255, 256, 300):
            proof, found = await audit.inclusion(seq), await audit.entry(seq)
            assert is_included(leaf_hash(found.record), seq, proof.size, proof.hashes, proof.root)
            older = await audit.inclusion(seq, 301)
            assert is_included(leaf_hash(found.record), seq, 301, older.hashes, sizes[0][1])

    for _ in range(3):
        log(url, tmp_path, story)
    assert [size for size, _ in sizes] == [301, 602, 903]


def test_two_processes_write_one_log(url: str, tmp_path: Path) -> None:
    async def story(audit: AuditService, database: Database, clock: ManualClock) -> None:
        other = AuditService(
            UnitOfWork(Database(url), AuditStore),
            *(KeyFiles(tmp_path / "audit.key"), clock, AuditSettings(), os.urandom),
        )
        for n in range(20):
            await asyncio.gather(audit.append(entry(n)), other.append(entry(n)))
        proof = await audit.inclusion(3)
        made = await audit.keeper.checkpoint()
        assert (proof.size, proof.root) == (41, made.root) == (await audit.size(), made.root)
        await other._work._database.aclose()  # type: ignore[attr-defined]  # its own store

    log(url, tmp_path, story)


def test_the_database_refuses_to_change_the_log(url: str, tmp_path: Path) -> None:
    async def story(audit: AuditService, database: Database, clock: ManualClock) -> None:
        await asyncio.gather(*(audit.append(entry(n)) for n in range(300)))
        await audit.keeper.checkpoint()
        columns = {"audit_entry": "record", "audit_node": "hash", "audit_checkpoint": "note"}
        for table in (*APPEND_ONLY, "audit_personal"):
            orders = [f"DELETE FROM {table}"]
            if table != "audit_personal":
                column = columns.get(table, "public")
                orders.append(f"UPDATE {table} SET {column} = {column}")
            if database.dialect == "postgresql":
                orders.append(f"TRUNCATE {table}")
            for order in orders:
                with pytest.raises(CivicamError, match="only grows"):
                    await database.write(lambda c, order=order: c.execute(text(order)))  # type: ignore[misc]

    log(url, tmp_path, story)


def test_what_names_somebody_can_be_erased_and_every_proof_holds(url: str, tmp_path: Path) -> None:
    async def story(audit: AuditService, database: Database, clock: ManualClock) -> None:
        seq = await audit.append(entry(1))
        before, checkpoint = await audit.entry(seq), await audit.keeper.checkpoint()
        assert [commitment(part, kept) for part, kept in before.parts.items()] == [
            json.loads(before.record)[part.value] for part in before.parts
        ]
        await audit.erase(seq, [Part.WHO, Part.CHANGE], Entry("", LI, note="statute 17"))
        after = await audit.entry(seq)
        assert (set(after.parts), after.user_id, after.target_id) == ({Part.WHAT}, "", "c1")
        assert after.record == before.record
        assert "li" not in str(await database.read(lambda c: c.execute(_ROW, {"seq": seq}).one()))
        proof = await audit.inclusion(seq, checkpoint.size)
        assert is_included(leaf_hash(after.record), seq, checkpoint.size, proof.hashes, checkpoint.root)
        said = (await audit.entries(seq + 1, 1))[0]
        assert (said.action, json.loads(said.record)["facts"]) == (
            "audit.erase",
            {"parts": ["who", "change"], "seq": seq},
        )
        await audit.erase(seq, [Part.WHO], Entry("", LI))
        assert audit.counters.erased == 1

    log(url, tmp_path, story)


_ROW = text("SELECT who, user_id, salts FROM audit_personal WHERE seq = :seq")


def test_search_is_newest_first_and_by_every_word(url: str, tmp_path: Path) -> None:
    async def story(audit: AuditService, database: Database, clock: ManualClock) -> None:
        began = clock.now()
        for n in range(5):
            clock.advance(1)
            await audit.append(entry(n))
        await audit.append(Entry("session.begin", result=Result.REFUSED, code="access.bad-password"))
        found: dict[str, list[int]] = {}
        for name, wanted in {
            "all": Wanted(limit=3),
            "page": Wanted(before=4, limit=2),
            "user": Wanted(user_id="u-1"),
            "target": Wanted(target_id="c3"),
            "action": Wanted(action="view."),
            "result": Wanted(result="refused"),
            "time": Wanted(begin=began + timedelta(seconds=2), end=began + timedelta(seconds=4)),
        }.items():
            found[name] = [each.seq for each in await audit.search(wanted)]
        assert found == {
            "all": [6, 5, 4],
            "page": [3, 2],
            "user": [5, 4, 3, 2, 1],
            "target": [4],
            "action": [5, 4, 3, 2, 1],
            "result": [6],
            "time": [3, 2],
        }

    log(url, tmp_path, story)


def test_what_is_not_there_is_refused_by_name(url: str, tmp_path: Path) -> None:
    async def story(audit: AuditService, database: Database, clock: ManualClock) -> None:
        for ask, code in (
            (audit.entry(9), "audit.unknown-entry"),
            (audit.inclusion(9), "audit.unknown-entry"),
            (audit.inclusion(0, 9), "audit.unknown-size"),
            (audit.consistency(0), "audit.unknown-size"),
            (audit.consistency(1, 9), "audit.unknown-size"),
            (audit.erase(9, [Part.WHO], Entry("")), "audit.unknown-entry"),
        ):
            with pytest.raises(Refused) as refused:
                await ask
            assert refused.value.code == code
        assert not await audit._work.write(lambda store: store.erase(9, [Part.WHO]))

    log(url, tmp_path, story)


def test_a_log_that_cannot_be_written_says_so_and_recovers(url: str, tmp_path: Path) -> None:
    async def story(audit: AuditService, database: Database, clock: ManualClock) -> None:
        await database.write(lambda c: c.execute(text("ALTER TABLE audit_entry RENAME TO gone")))
        with pytest.raises(Refused) as refused:
            await audit.append(entry(1))
        assert (refused.value.code, refused.value.data["reason"]) == ("audit.no-entry", audit.failing)
        await database.write(lambda c: c.execute(text("ALTER TABLE gone RENAME TO audit_entry")))
        assert await audit.append(entry(2)) == 1
        assert (audit.failing, audit.counters.refused) == ("", 1)

    log(url, tmp_path, story)


def test_a_queue_that_is_full_refuses(url: str, tmp_path: Path) -> None:
    async def story(audit: AuditService, database: Database, clock: ManualClock) -> None:
        answers = await asyncio.gather(*(audit.append(entry(n)) for n in range(30)), return_exceptions=True)
        refused = [each for each in answers if isinstance(each, Refused)]
        assert len(refused) == 10
        assert {each.data["reason"] for each in refused} == {"db.busy"}

    log(url, tmp_path, story, AuditSettings(queue=20, group=8))
