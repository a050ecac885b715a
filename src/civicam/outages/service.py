"""The use cases of outages: facts are taken, the ledger is brought up to date by a timer, people ask.

Whoever hands over facts gets them kept at once (`OutageStore.append`, also inside a handler of the outbox).
The stepping task reads what is new, lets the engine step, and writes the step, the rows that it changed and
what is published in one transaction. If that fails, or the process is killed, the engine is made anew from
the store: a step that was not written never happened.
"""

from __future__ import annotations

import asyncio
import math
import secrets
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

import structlog

from civicam.fleet.graph import Node, NodeKind
from civicam.kernel.clock import Clock
from civicam.kernel.errors import CivicamError, Refused
from civicam.kernel.work import Work
from civicam.outages.codec import write_state
from civicam.outages.engine import Outcome
from civicam.outages.facts import (
    CauseKind,
    CollectorGap,
    Fact,
    GraphSeen,
    OutageChanged,
    OutageClosed,
    OutageFact,
    OutageId,
    OutageOpened,
    Overruled,
    WorkId,
    WorkPlanned,
)
from civicam.outages.ledger import Outage, digest, pieces
from civicam.outages.model import check_work, moment
from civicam.outages.plant import digest_of
from civicam.outages.ports import (
    AffectedPage,
    Checkpoint,
    OutageFilter,
    OutagePage,
    OutageRow,
    OutageStore,
    Prober,
    Recomputed,
    Registers,
    Step,
    Taken,
    WorksPage,
)
from civicam.outages.replay import Player, recompute, start
from civicam.outages.settings import OutageSettings

log = structlog.get_logger("civicam.outages")

OPENED, CHANGED, CLOSED = "outages.opened", "outages.changed", "outages.closed"
FACTS: dict[str, type[OutageFact]] = {OPENED: OutageOpened, CHANGED: OutageChanged, CLOSED: OutageClosed}
"""Names of this room's facts in the outbox."""

_ALIVE_S = 10.0
_RETRY_S = 2.0
_MOST = 5_000
"""Facts read for one step; what is more waits for the next."""


class OutageService:
    """One for the process. `start` begins to step, `aclose` stops it."""

    def __init__(
        self,
        work: Work[OutageStore],
        clock: Clock,
        settings: OutageSettings,
        registers: Registers,
        prober: Prober,
    ) -> None:
        self._work = work
        self._clock = clock
        self._settings = settings
        self._registers = registers
        self._prober = prober
        self._player: Player | None = None
        self._known: set[OutageId] = set()
        self._checked = -math.inf
        self._alive = -math.inf
        self._digest = ""
        self._nodes: dict[str, Node] = {}
        self._lock = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self.steps = 0
        self.opened = 0
        self.failures = 0

    async def start(self) -> None:
        """Enter the gap since the service was last seen at work, and begin to step."""
        if not self._settings.enabled:
            return
        await self._work.write(partial(_enter_gap, now=self._clock.now()))
        self._task = asyncio.create_task(self._run(), name="outages")

    async def aclose(self) -> None:
        """Stop; what has not been stepped is stepped after the next start."""
        if self._task is None:
            return
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._task = None
        now = self._clock.now()
        await self._work.write(lambda store: store.keep_alive(now))

    async def _run(self) -> None:
        while True:
            try:
                await self.step()
            except CivicamError as error:
                self.failures += 1
                log.warning("outages.step-failed", code=error.code)
                await asyncio.sleep(_RETRY_S)
            except Exception as error:
                self.failures += 1
                log.error("outages.bug", error=repr(error), exc_info=error)
                await asyncio.sleep(_RETRY_S)
            await asyncio.sleep(self._settings.step_s)

    # -- what the world causes

    async def take(self, facts: Sequence[Fact]) -> int:
        """Keep facts; durable when this returns. How many were new: one that is there changes nothing."""
        at = self._clock.now()
        return await self._work.write(lambda store: store.append(facts, at))

    async def step(self) -> int:
        """Bring the ledger up to date; how many rows changed. Raises `Operational` ``db.…``."""
        async with self._lock:
            try:
                return await self._step()
            except BaseException:
                self._player = None  # what was computed and not written never happened
                raise

    async def _step(self) -> int:
        await self._see_register()
        if self._player is None:
            self._player = await self._work.read(start)
            self._known = await self._work.read(_living)
        player, now = self._player, moment(self._clock.now().timestamp())
        if player.step is not None and now <= player.step.at:
            return 0
        kept = await self._work.read(lambda store: store.facts(player.upto, _MOST))
        timer = player.engine.get_timer()
        if not kept and (timer is None or timer > now.timestamp()):
            await self._seen_alive(now)
            return 0
        number = 1 if player.step is None else player.step.number + 1
        step = Step(number, now, kept[-1].seq if kept else player.upto)
        outcome = await self._work.read(lambda store: player.take(step, [each.fact for each in kept], store))
        await self._write(player, step, outcome)
        if outcome.wishes:
            answers = await self._prober.ask(outcome.wishes)
            if answers:
                await self.take(answers)
        return len(outcome.changed)

    async def _write(self, player: Player, step: Step, outcome: Outcome) -> None:
        news = [self._news(row, step.at) for row in outcome.changed]
        state = (
            write_state(player.engine.state) if step.number % self._settings.checkpoint_steps == 0 else None
        )

        def work(store: OutageStore) -> None:
            store.record(step, outcome.changed)
            store.keep_alive(step.at)
            store.publish(news, step.at)
            if state is not None:
                store.keep_checkpoint(Checkpoint(step, state))

        await self._work.write(work)
        self.steps += 1
        self.opened += sum(name == OPENED for name, _ in news)
        for row in outcome.changed:
            if row.state in ("closed", "merged"):
                self._known.discard(row.outage_id)
            else:
                self._known.add(row.outage_id)

    def _news(self, row: Outage, at: datetime) -> tuple[str, OutageFact]:
        verdict = row.verdict
        if row.state in ("closed", "merged"):
            ended = row.ended_at or at
            return CLOSED, OutageClosed(
                row.outage_id, verdict.kind, verdict.place, ended, at, row.merged_into
            )
        size = (row.sites, row.channels, verdict.confidence, at)
        if row.outage_id in self._known:
            return CHANGED, OutageChanged(row.outage_id, verdict.kind, verdict.place, *size)
        return OPENED, OutageOpened(row.outage_id, verdict.kind, verdict.place, row.started_at, *size)

    async def _seen_alive(self, now: datetime) -> None:
        if self._clock.monotonic() - self._alive >= _ALIVE_S:
            await self._work.write(lambda store: store.keep_alive(now))
            self._alive = self._clock.monotonic()

    async def _see_register(self) -> None:
        """Compare the fleet's graph with the one in use; another one becomes a fact."""
        if self._clock.monotonic() - self._checked < self._settings.register_s:
            return
        register = await self._registers.register()
        document = await asyncio.to_thread(register.document)
        self._nodes = {node.node_id: node for node in register.nodes}
        name, at = digest_of(document), self._clock.now()

        def work(store: OutageStore) -> None:
            if store.graph_at(store.last_seq()) != name:
                store.keep_register(name, document)
                store.append([GraphSeen(name, at)], at)

        if name != self._digest:
            await self._work.write(work)
            self._digest = name
        self._checked = self._clock.monotonic()

    # -- what people ask

    def name_of(self, node: str) -> str:
        """What the register calls a node; its id when it is not there, or no longer."""
        known = self._nodes.get(node)
        return known.name or node if known is not None else node

    def elements(self, kinds: Collection[NodeKind]) -> list[Node]:
        """The register's nodes of these kinds by id, as they were when it was last compared."""
        found = [node for node in self._nodes.values() if node.kind in kinds]
        return sorted(found, key=lambda node: node.node_id)

    async def page(self, wanted: OutageFilter, after: str = "", limit: int = 100) -> OutagePage:
        """Newest first, without their channels. `Refused` ``outages.bad-cursor``."""
        return await self._work.read(lambda store: store.page(wanted, after, limit))

    async def outage(self, outage_id: str, *, whole: bool = False) -> OutageRow:
        """One row, ``whole`` with its channels. `Refused` ``outages.unknown-outage``."""
        found = await self._work.read(lambda store: store.outage(outage_id, whole=whole))
        if found is None:
            raise Refused("outages.unknown-outage", outage_id=outage_id)
        return found

    async def affected(self, outage_id: str, after: str = "", limit: int = 500) -> AffectedPage:
        """The channels of a row by id. `Refused` ``outages.unknown-outage``."""
        await self.outage(outage_id)
        return await self._work.read(lambda store: store.affected(outage_id, after, limit))

    async def of_channel(self, channel_id: str, wanted: OutageFilter, most: int = 500) -> list[Taken]:
        """The causes that took one channel away, newest first, each with what it took of this one."""
        return await self._work.read(lambda store: store.of_channel(channel_id, wanted, most))

    async def overrules(self, outage_id: str) -> list[Overruled]:
        """What people said of it, oldest first."""
        return await self._work.read(lambda store: store.overrules(outage_id))

    async def overrule(self, word: Overruled) -> OutageRow:
        """Put a person's answer beside the machine's; ``kind`` None takes the last one back.

        `Refused` ``outages.unknown-outage``, ``outages.needs-reason``, ``outages.platform-row``.
        """
        found = await self.outage(word.outage_id)
        if not word.reason.strip():
            raise Refused("outages.needs-reason")
        if found.outage.verdict.kind is CauseKind.PLATFORM and found.outage.gap_id:
            raise Refused("outages.platform-row")
        await self.take([replace(word, at=self._clock.now())])
        await self.step()
        return await self.outage(word.outage_id)

    async def works(self, *, past: bool = False) -> list[WorkPlanned]:
        """Planned work by its end; with ``past`` that which is over, too."""
        since = None if past else self._clock.now()
        return await self._work.read(lambda store: store.works(since))

    async def past_works(self, after: str = "", limit: int = 100) -> WorksPage:
        """Planned work that is over, what ended last first. `Refused` ``outages.bad-cursor``."""
        now = self._clock.now()
        return await self._work.read(lambda store: store.past_works(now, after, limit))

    async def work(self, work_id: str) -> WorkPlanned:
        """One. `Refused` ``outages.unknown-work``."""
        found = await self._work.read(lambda store: store.work(work_id))
        if found is None:
            raise Refused("outages.unknown-work", work_id=work_id)
        return found

    async def plan(self, work: WorkPlanned) -> WorkPlanned:
        """Announce work, or say it anew under its id; an empty id gets one. `Refused` as `plan_all`."""
        (said,) = await self.plan_all([work])
        return said

    async def plan_all(self, works: Sequence[WorkPlanned]) -> list[WorkPlanned]:
        """As `plan`, for several nodes: all of them or none.

        `Refused` ``outages.work-needs-end``, ``outages.needs-reason``, ``outages.unknown-work``,
        ``outages.unknown-node``.
        """
        register = await self._registers.register()
        known = {node.node_id for node in register.nodes} | register.channels.keys()
        now, said = self._clock.now(), []
        for work in works:
            check_work(work)
            if not work.reason.strip():
                raise Refused("outages.needs-reason")
            if work.work_id:
                await self.work(work.work_id)
            if work.node not in known:
                raise Refused("outages.unknown-node", node=work.node)
            work_id = WorkId(work.work_id or f"w{secrets.token_hex(6)}")
            said.append(replace(work, work_id=work_id, said_at=now, cancelled=False))
        await self.take(said)
        await self.step()
        return said

    async def cancel(self, work_id: str, by: str) -> None:
        """Take announced work back. `Refused` ``outages.unknown-work``."""
        known = await self.work(work_id)
        await self.take([replace(known, by=by, said_at=self._clock.now(), cancelled=True)])
        await self.step()

    # -- checking

    async def recompute(self, *, replace_rows: bool = False) -> Recomputed:
        """The ledger again from its facts; with ``replace_rows`` it takes the place of the one kept."""
        found = await self._work.read(_recompute)
        if replace_rows:
            rows = list(found[1].rows.values())
            await self._work.write(lambda store: store.replace_all(rows))
        return found[0]


def _recompute(store: OutageStore) -> tuple[Recomputed, Player]:
    player = recompute(store)
    computed = digest(piece for row in player.rows.values() for piece in pieces(row))
    steps = 0 if player.step is None else player.step.number
    return Recomputed(digest(store.bodies()), computed, len(player.rows), steps), player


def _enter_gap(store: OutageStore, now: datetime) -> None:
    """From when the service was last seen until now nobody looked."""
    seen = store.alive()
    if seen is not None and seen < now:
        last = store.last_step()
        number = 0 if last is None else last.number
        gap = CollectorGap(f"{number}-{int(seen.timestamp())}", seen, now, "restart")
        store.append([gap], now)
    store.keep_alive(now)


def _living(store: OutageStore) -> set[OutageId]:
    """Rows that are not closed."""
    pages = [store.page(OutageFilter(state=state), "", _MOST) for state in ("open", "recovering")]
    return {row.outage.outage_id for page in pages for row in page.rows}
