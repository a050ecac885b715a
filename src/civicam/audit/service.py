"""The log's use cases: entries in groups, signed checkpoints, proofs, search, erasure.

Entries that come in while one transaction is on its way to the disk are the next one's, in their order: many
who append cost one commit. Places are given inside the transaction from what stands there, so several
processes can write one log (a command beside the server), and a crash leaves neither gap nor half an entry.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import structlog

from civicam.audit.export import checkpoint_line, entry_line, header_line
from civicam.audit.facts import (
    REQUEST,
    Checkpoint,
    Entry,
    Moment,
    Part,
    Proof,
    SigningKey,
    Stamped,
    Wanted,
)
from civicam.audit.keeper import Keeper
from civicam.audit.model import SALTS_BYTES, stamp
from civicam.audit.ports import AuditStore, KeyRing, Random, Witness
from civicam.audit.settings import AuditSettings
from civicam.audit.tree import Frontier, consistency_proof, frontier_of, inclusion_proof, leaf_hash, subtree
from civicam.kernel.clock import Clock
from civicam.kernel.errors import CivicamError, Refused
from civicam.kernel.work import Work

log = structlog.get_logger("civicam.audit")

PAGE = 2_000
"""Entries read at once for an export."""


@dataclass(slots=True, eq=False)
class _Waiting:
    """An entry and who waits for its place."""

    entry: Entry
    when: Moment
    future: asyncio.Future[int]


@dataclass(slots=True)
class AuditCounters:
    """What the log has done since the start."""

    entries: int = 0
    groups: int = 0
    refused: int = 0
    erased: int = 0


class AuditService:
    """One for the process; fills `civicam.audit.ports.AuditLog`."""

    def __init__(
        self,
        work: Work[AuditStore],
        keys: KeyRing,
        clock: Clock,
        settings: AuditSettings,
        random: Random,
    ) -> None:
        self._work = work
        self._clock = clock
        self._settings = settings
        self._random = random
        self._boot = random(8).hex()
        self._edge = Frontier()
        self._waiting: deque[_Waiting] = deque()
        self._writer: asyncio.Task[None] | None = None
        self.counters = AuditCounters()
        self.failing = ""
        """Why the last group could not be written; empty when it could."""
        self.keeper = Keeper(work, keys, clock, settings)

    # -- writing

    async def start(self, witnesses: Sequence[Witness] = ()) -> None:
        """Read or make the key, write that the server began, sign from now on. `Operational`: key, store."""
        await self.keeper.open(self.append)
        await self.append(Entry("audit.start", facts={"log": self.keeper.log_id}))
        self.keeper.start(witnesses)

    async def aclose(self) -> None:
        """Write what waits, sign it, tell the witnesses once more."""
        while self._writer is not None:
            await asyncio.wait([self._writer])
        await self.keeper.aclose()

    async def append(self, entry: Entry) -> int:
        """Write an entry; durable when this returns its place in the log.

        `Refused` ``audit.no-entry`` when it cannot be written: whoever wanted to record may not go on.
        """
        if len(self._waiting) >= self._settings.queue:
            self.counters.refused += 1
            raise Refused("audit.no-entry", reason="db.busy")
        entry = replace(entry, request=entry.request or REQUEST.get())
        when = Moment(self._clock.now(), int(self._clock.monotonic() * 1e9), self._boot)
        waiting = _Waiting(entry, when, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        if self._writer is None:
            self._writer = asyncio.create_task(self._write(), name="audit-writer")
        return await waiting.future

    async def _write(self) -> None:
        """Group after group, until nobody waits."""
        while self._waiting:
            count = min(len(self._waiting), self._settings.group)
            group = [self._waiting.popleft() for _ in range(count)]
            try:
                edge = await self._work.write(partial(self._append, group))
            except Exception as error:  # noqa: BLE001 -- whatever happened, all who wait must hear of it
                self._refuse(group, error)
                continue
            self._edge, self.failing = edge, ""
            self.counters.groups += 1
            self.counters.entries += count
            for place, each in enumerate(group, edge.size - count):
                if not each.future.done():
                    each.future.set_result(place)
            self.keeper.grown(edge.size)
        self._writer = None

    def _append(self, group: Sequence[_Waiting], store: AuditStore) -> Frontier:
        """Inside the transaction; gives the right edge as it will be when this is committed."""
        size = store.size()
        edge = self._edge.copy() if self._edge.size == size else frontier_of(store, size)
        salts = self._random(SALTS_BYTES * len(group))
        stamped: list[Stamped] = []
        nodes: list[tuple[int, int, bytes]] = []
        for place, each in enumerate(group):
            mine = salts[place * SALTS_BYTES : (place + 1) * SALTS_BYTES]
            made = stamp(each.entry, size + place, each.when, mine)
            stamped.append(made)
            nodes += edge.append(leaf_hash(made.record))
        store.append(stamped, nodes)
        return edge

    def _refuse(self, group: Sequence[_Waiting], error: Exception) -> None:
        self.failing = error.code if isinstance(error, CivicamError) else type(error).__name__
        self.counters.refused += len(group)
        log.error("audit.not-written", reason=self.failing, entries=len(group))
        for each in group:
            if not each.future.done():
                refused = Refused("audit.no-entry", reason=self.failing)
                refused.__cause__ = error
                each.future.set_exception(refused)

    # -- reading

    async def size(self) -> int:
        """Entries in the log."""
        return await self._work.read(lambda store: store.size())

    async def entry(self, seq: int) -> Stamped:
        """By its place; `Refused` ``audit.unknown-entry``."""
        found = await self._work.read(lambda store: store.entries(seq, 1))
        if not found:
            raise Refused("audit.unknown-entry", seq=seq)
        return found[0]

    async def entries(self, first: int, count: int) -> list[Stamped]:
        """A run of the log, for exports."""
        return await self._work.read(lambda store: store.entries(first, count))

    async def search(self, wanted: Wanted) -> list[Stamped]:
        """Newest first."""
        return await self._work.read(lambda store: store.search(wanted))

    async def inclusion(self, seq: int, size: int | None = None) -> Proof:
        """That an entry is in the tree of ``size`` (the whole log). `Refused` ``audit.unknown-…``."""

        def prove(store: AuditStore) -> Proof:
            whole = _known(store, size)
            if not 0 <= seq < whole:
                raise Refused("audit.unknown-entry", seq=seq)
            return Proof(whole, subtree(store, 0, whole), inclusion_proof(store, seq, whole))

        return await self._work.read(prove)

    async def consistency(self, old: int, size: int | None = None) -> Proof:
        """That the tree of ``size`` begins with that of ``old``. `Refused` ``audit.unknown-size``."""

        def prove(store: AuditStore) -> Proof:
            whole = _known(store, size)
            if not 0 < old <= whole:
                raise Refused("audit.unknown-size", size=old)
            return Proof(whole, subtree(store, 0, whole), consistency_proof(store, old, whole))

        return await self._work.read(prove)

    async def checkpoints(self, limit: int | None = None) -> list[Checkpoint]:
        """The newest ones, oldest of them first."""
        return await self._work.read(lambda store: store.checkpoints(limit))

    async def keys(self) -> list[SigningKey]:
        """All public keys there were."""
        return await self._work.read(lambda store: store.keys())

    async def lines(self) -> AsyncIterator[str]:
        """The export, page by page, of the log as it is when this begins; no line breaks."""
        size, keys = await self.size(), await self.keys()
        yield header_line(keys, size)
        for place in range(0, size, PAGE):
            for each in await self.entries(place, min(PAGE, size - place)):
                yield entry_line(each)
        for checkpoint in await self.checkpoints():
            if checkpoint.size <= size:
                yield checkpoint_line(checkpoint.note)

    # -- erasing

    async def erase(self, seq: int, parts: Sequence[Part], by: Entry) -> None:
        """Erase personal parts of an entry, and write ``by``: who did it and on what ground.

        The entry stays in the tree and every proof holds. `Refused` ``audit.unknown-entry``.
        """
        await self.entry(seq)
        names = [part.value for part in parts]
        await self.append(replace(by, action="audit.erase", facts={"seq": seq, "parts": list(names)}))
        if await self._work.write(lambda store: store.erase(seq, parts)):
            self.counters.erased += 1


def _known(store: AuditStore, size: int | None) -> int:
    have = store.size()
    if size is None:
        return have
    if not 0 <= size <= have:
        raise Refused("audit.unknown-size", size=size)
    return size
