"""Checkpoints, keys and witnesses: signed in time, handed on, counted when they fail, a key that changes."""

from __future__ import annotations

import asyncio
import base64
import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.schema import migrated

from civicam.audit import notes
from civicam.audit.facts import Actor, Checkpoint, Entry, SigningKey
from civicam.audit.keeper import _add_first
from civicam.audit.keys import KeyFiles, is_signed
from civicam.audit.ports import Witness
from civicam.audit.service import AuditService
from civicam.audit.settings import AuditSettings
from civicam.audit.store import AuditStore
from civicam.audit.verifier import Verifier
from civicam.audit.witnesses import FileWitness, HttpWitness
from civicam.db.engine import Database
from civicam.db.unit import UnitOfWork
from civicam.kernel.clock import ManualClock
from civicam.kernel.errors import Operational, Refused

BY = Entry("", Actor("", "command line", "system"), note="every year")


class Room:
    """The log on a real store, and what its tests reach into."""

    def __init__(self, folder: Path, settings: AuditSettings) -> None:
        self.folder = folder
        self.database = Database(migrated(folder / "store.db"))
        self.clock = ManualClock()
        self.work: UnitOfWork[AuditStore] = UnitOfWork(self.database, AuditStore)
        self.keys = KeyFiles(folder / "audit.key")
        self.audit = AuditService(self.work, self.keys, self.clock, settings, os.urandom)

    async def verdict(self) -> list[str]:
        """What the verifier says of an export."""
        verifier = Verifier()
        async for line in self.audit.lines():
            verifier.export([line])
        return [each.word for each in verifier.finish().findings]


Story = Callable[[Room], Awaitable[None]]


def room(folder: Path, story: Story, settings: AuditSettings | None = None) -> None:
    async def life() -> None:
        found = Room(folder, settings or AuditSettings(checkpoint_s=0.001))
        try:
            await story(found)
        finally:
            await found.audit.aclose()
            await found.database.aclose()

    asyncio.run(life())


class Ear:
    """A witness that fails as often as it is told to."""

    name = "ear"

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.heard: list[Checkpoint] = []
        self.told = asyncio.Event()

    async def tell(self, checkpoint: Checkpoint) -> None:
        if self.failures:
            self.failures -= 1
            raise Operational("audit.witness-failed", name=self.name, reason="away")
        self.heard.append(checkpoint)
        self.told.set()


def test_witnesses_hear_of_every_checkpoint_and_a_failure_is_tried_again(tmp_path: Path) -> None:
    async def story(r: Room) -> None:
        ear, file = Ear(failures=2), tmp_path / "deep" / "witness.jsonl"
        await r.audit.start([ear, FileWitness(file)])
        await ear.told.wait()
        (state, kept) = r.audit.keeper.witnesses()
        assert (state.size, state.failures, state.error) == (1, 2, "")
        assert (kept.name, kept.size, kept.failures) == ("witness.jsonl", 1, 0)
        assert await r.verdict() == []
        assert json.loads(file.read_text())["checkpoint"] == ear.heard[0].note
        await r.audit.append(Entry("x"))
        await r.audit.aclose()
        assert [each.size for each in ear.heard] == [1, 2]

    room(tmp_path, story)


def test_many_entries_are_signed_before_their_time(tmp_path: Path) -> None:
    async def story(r: Room) -> None:
        ear = Ear()
        await r.audit.start([ear])
        await ear.told.wait()
        ear.told.clear()
        await asyncio.gather(*(r.audit.append(Entry("x")) for _ in range(5)))
        await ear.told.wait()
        assert ear.heard[-1].size == 6

    room(tmp_path, story, AuditSettings(checkpoint_s=60, checkpoint_entries=5))


def test_nothing_new_is_not_signed_again(tmp_path: Path) -> None:
    async def story(r: Room) -> None:
        await r.audit.start()
        one = await r.audit.keeper.checkpoint()
        r.clock.advance(100)
        assert await r.audit.keeper.checkpoint() is one
        assert await r.audit.checkpoints() == [one]

    room(tmp_path, story, AuditSettings(checkpoint_s=60))


def test_a_store_that_fails_is_counted_and_the_next_step_signs(tmp_path: Path) -> None:
    async def story(r: Room) -> None:
        await r.audit.keeper.open(r.audit.append)
        work, r.audit.keeper._work = r.audit.keeper._work, Broken()
        await r.audit.keeper._step()
        assert r.audit.keeper.failures == 1
        r.audit.keeper._work = work
        await r.audit.keeper._step()
        assert r.audit.keeper.signed == 1

    room(tmp_path, story)


class Broken:
    """A store that is away."""

    async def write(self, work: Any) -> Any:
        raise Operational("db.unreachable", reason="away")

    read = write


def test_a_key_hands_on_to_the_next(tmp_path: Path) -> None:
    """What each signed stays right; the log itself holds the chain; the file is the new key's."""

    async def story(r: Room) -> None:
        await r.audit.start()
        before = await r.audit.keeper.checkpoint()
        old = r.keys.current().public
        key = await r.audit.keeper.rotate(BY)
        after = r.audit.keeper.last
        assert after is not None
        assert after.key_id != before.key_id
        assert r.keys.current().public != old
        assert await r.audit.keys() == [(await r.audit.keys())[0], key]
        assert await r.verdict() == []
        (entry,) = [each for each in await r.audit.entries(0, 99) if each.action == "audit.key"]
        assert json.loads(entry.record)["facts"]["statement"] == key.statement

    room(tmp_path, story)


def test_a_change_of_key_that_a_crash_cut_short_is_finished(tmp_path: Path) -> None:
    async def story(r: Room) -> None:
        await r.audit.keeper.open(r.audit.append)
        old, new = r.keys.current(), r.keys.prepared()
        size = await r.audit.size()
        statement = notes.rotation(r.audit.keeper.log_id, old.public, new.public, size)
        text = (await r.audit.keys())[0]
        signature = base64.b64encode(old.sign(statement.encode())).decode()
        public = base64.b64encode(new.public).decode()
        key = SigningKey(1, public, size, text.at, statement, signature)
        await r.work.write(lambda store: store.add_key(key))
        again = AuditService(r.work, r.keys, r.clock, AuditSettings(), os.urandom)
        await again.start()
        await again.keeper.checkpoint()
        assert r.keys.current().public == new.public
        assert await r.verdict() == []
        await again.aclose()

    room(tmp_path, story)


def test_the_first_key_is_the_first(tmp_path: Path) -> None:
    """Two processes that start together: the second finds the log named already."""

    async def story(r: Room) -> None:
        await r.audit.keeper.open(r.audit.append)
        (first,) = await r.audit.keys()
        await r.work.write(lambda store: _add_first(store, first))
        assert await r.audit.keys() == [first]

    room(tmp_path, story)


def test_another_logs_key_is_refused(tmp_path: Path) -> None:
    async def story(r: Room) -> None:
        await r.audit.keeper.open(r.audit.append)
        (tmp_path / "audit.key").unlink()
        with pytest.raises(Operational, match=r"audit\.key-foreign"):
            await r.audit.keeper.open(r.audit.append)

    room(tmp_path, story)


def test_a_key_is_for_its_owner_alone_and_read_again(tmp_path: Path) -> None:
    keys = KeyFiles(tmp_path / "a" / "audit.key")
    made = keys.current()
    assert (tmp_path / "a" / "audit.key").stat().st_mode & 0o777 == 0o600
    assert KeyFiles(tmp_path / "a" / "audit.key").current().public == made.public
    assert is_signed(made.public, b"m", made.sign(b"m"))
    assert not is_signed(made.public, b"n", made.sign(b"m"))
    assert not is_signed(b"short", b"m", made.sign(b"m"))
    (tmp_path / "a" / "audit.key").write_text("?")
    with pytest.raises(Operational, match=r"audit\.key-unreadable"):
        keys.current()
    (tmp_path / "a" / "audit.key").unlink()
    (tmp_path / "a" / "audit.key").mkdir()
    (tmp_path / "a" / "audit.key" / "x").touch()
    with pytest.raises(Operational, match=r"audit\.key-unreadable"):
        keys.adopt()


NOTE = notes.signed(notes.body("ab", 3, bytes(32), ManualClock().now()), "ab", "00ff00ff", bytes(64))
CHECKPOINT = Checkpoint(3, bytes(32), ManualClock().now(), "00ff00ff", NOTE)


@pytest.mark.parametrize("status", [200, 204, 500, None])
def test_an_endpoint_is_a_witness_when_it_says_so(status: int | None) -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        if status is None:
            raise httpx.ConnectError("")
        return httpx.Response(status)

    transport = httpx.MockTransport(answer)
    witness: Witness = HttpWitness("https://w.example/keep?x=1", 1.0, "t" if status == 200 else "", transport)
    assert witness.name == "https://w.example/keep"
    if status in (200, 204):
        asyncio.run(witness.tell(CHECKPOINT))
        assert json.loads(seen[0].content) == {"checkpoint": NOTE}
        assert seen[0].headers.get("authorization") == ("Bearer t" if status == 200 else None)
    else:
        with pytest.raises(Operational) as failed:
            asyncio.run(witness.tell(CHECKPOINT))
        assert failed.value.data["reason"] == ("HTTP 500" if status else "ConnectError")


def test_a_file_that_cannot_be_written_is_no_witness(tmp_path: Path) -> None:
    with pytest.raises(Operational, match=r"audit\.witness-failed"):
        asyncio.run(FileWitness(tmp_path).tell(CHECKPOINT))


def test_who_is_gone_is_not_told_his_place(tmp_path: Path) -> None:
    """A request that is cancelled while its entry is written: the entry stands, nothing breaks."""

    async def story(r: Room) -> None:
        await r.audit.keeper.open(r.audit.append)
        gone = asyncio.create_task(r.audit.append(Entry("x")))
        await asyncio.sleep(0)
        gone.cancel()
        assert await r.audit.append(Entry("y")) == 1
        r.audit._work = Broken()
        gone = asyncio.create_task(r.audit.append(Entry("x")))
        await asyncio.sleep(0)
        gone.cancel()
        with pytest.raises(Refused, match="unreachable"):
            await r.audit.append(Entry("z"))

    room(tmp_path, story)


def test_what_waits_is_written_before_the_log_closes(tmp_path: Path) -> None:
    async def story(r: Room) -> None:
        await r.audit.keeper.open(r.audit.append)
        waiting = asyncio.create_task(r.audit.append(Entry("x", request="asked before")))
        await asyncio.sleep(0)
        await r.audit.aclose()
        assert await waiting == 0
        assert json.loads((await r.audit.entry(0)).record)["request"] == "asked before"

    room(tmp_path, story)


def test_an_export_holds_what_it_began_with(tmp_path: Path) -> None:
    """Entries and checkpoints that come while it is read are the next one's."""

    async def story(r: Room) -> None:
        await r.audit.start()
        lines = r.audit.lines()
        found = [await anext(lines)]
        await r.audit.append(Entry("x"))
        await r.audit.keeper.checkpoint()
        found += [line async for line in lines]
        told = [json.loads(line) for line in found]
        assert [told[0]["size"], [each for each in told if "record" in each]] == [1, [told[1]]]
        assert all(each["checkpoint"].split("\n")[1] == "1" for each in told[2:])

    room(tmp_path, story, AuditSettings(checkpoint_s=60, checkpoint_entries=99))
