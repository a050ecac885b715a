"""The probes at work: who is asked when, what the answers mean, what traps mean; evidence of every change.

`Probes.probe` asks at once, out of turn: before a cause is named, the suspected places are asked again.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

import structlog

from civicam.fleet.agents import Agent
from civicam.kernel.clock import Clock
from civicam.kernel.errors import CivicamError, Operational
from civicam.probes.agents import Agents
from civicam.probes.evidence import Evidence, EvidenceSink, Source, What
from civicam.probes.icmp import Pinger
from civicam.probes.mapping import (
    STANDARD,
    SYS_UP_TIME,
    Statement,
    TrapRule,
    statements,
    trap_statement,
    wanted,
)
from civicam.probes.schedule import Schedule
from civicam.probes.settings import ProbesSettings, TrapRuleSettings
from civicam.probes.snmp import Asker, Trap, TrapReceiver
from civicam.probes.trapdoor import Trapdoor

log = structlog.get_logger("civicam.probes")

_IDLE_S = 1.0


@dataclass(frozen=True, slots=True)
class Seen:
    """An agent as it answers. ``icmp``, ``snmp``: whether by this way, None: not asked so, or not known yet;
    ``answered_at``: the newest answer by any way; ``why``: why the newest SNMP question failed;
    ``said``: its newest findings, what they are about and since when."""

    icmp: bool | None
    snmp: bool | None
    answered_at: datetime | None
    why: CivicamError | None
    said: list[Evidence]


class Probes:
    """One for the process. `start`, `aclose`; `changed` after the register of agents was edited."""

    def __init__(self, agents: Agents, sink: EvidenceSink, clock: Clock, settings: ProbesSettings) -> None:
        self._register = agents
        self._sink = sink
        self._clock = clock
        self._settings = settings
        self._agents: dict[str, Agent] = {}
        self._by_host: dict[str, Agent] = {}
        plan = (settings.every_s, settings.misses, settings.back_off_most_s)
        self._snmp, self._icmp = Schedule(*plan), Schedule(*plan)
        self._running: Counter[str] = Counter()
        self._asker: Asker | None = None
        self._pinger: Pinger | None = None
        self._door = Trapdoor(settings.trap_rate, settings.trap_burst)
        self._traps: TrapReceiver | None = None
        self._rules = (*(_rule(each) for each in settings.trap_rules), *STANDARD)
        self._uptimes: dict[str, int] = {}
        self._said: dict[tuple[str, str], What] = {}
        """The newest statement of each kind about a node: polls tell changes only."""
        self._answered: dict[str, datetime] = {}
        self._why: dict[str, CivicamError] = {}
        self._findings: dict[str, dict[tuple[str, str], Evidence]] = {}
        """Of each agent the newest finding about each subject: as few as it has ports."""
        self._tasks: set[asyncio.Task[object]] = set()
        self._wake = asyncio.Event()
        self.trap_port = 0
        self.icmp_refused = ""
        """Why no echo can be sent, a code; empty when they can."""
        self._counters: Counter[str] = Counter()

    @property
    def counters(self) -> Counter[str]:
        """What was counted, the trap door's drops among it."""
        return self._counters + self._door.counters

    @property
    def gauges(self) -> dict[str, int]:
        """What stands now."""
        return {
            "agents": len(self._agents),
            "snmp_out_of_reach": self._snmp.out_of_reach(),
            "icmp_out_of_reach": self._icmp.out_of_reach(),
            "under_way": sum(self._running.values()),
        }

    async def start(self) -> None:
        """Read the register and begin. Raises `Operational` ``probes.trap-port``."""
        self._asker = Asker(self._settings.timeout_s)
        try:
            self._pinger = Pinger(self._settings.timeout_s)
        except Operational as error:
            self.icmp_refused = error.code
            log.warning(error.code, reason=error.data.get("reason"), text=error.text())
        await self.changed()
        if self._settings.trap_port:
            self._traps = TrapReceiver(self._admits, self._trap, self._wrong_trap)
            host, port = self._settings.trap_host, self._settings.trap_port
            self.trap_port = await self._traps.listen(host, port, list(self._agents.values()))
        self._spawn(self._run())

    async def aclose(self) -> None:
        """Ask no more."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._traps is not None:
            self._traps.close()
        if self._asker is not None:
            self._asker.close()

    async def changed(self) -> None:
        """Read the register of agents again."""
        found = await self._register.agents()
        now = self._clock.monotonic()
        self._agents = {agent.node_id: agent for agent in found}
        self._by_host = {agent.host: agent for agent in found}
        for gone in self._heard_of - self._agents.keys():
            self._forget(gone)
        self._snmp.change([each.node_id for each in found if each.version != "none"], now)
        self._icmp.change([each.node_id for each in found if each.icmp], now)
        self._door.change(self._by_host, now)
        if self._asker is not None:
            self._asker.change(found)
        if self._traps is not None:
            self._traps.change(found)
        self._wake.set()

    @property
    def _heard_of(self) -> set[str]:
        return self._answered.keys() | self._why.keys() | self._findings.keys()

    def _forget(self, node_id: str) -> None:
        self._answered.pop(node_id, None)
        self._why.pop(node_id, None)
        self._findings.pop(node_id, None)

    async def probe(self, node_ids: Iterable[str]) -> dict[str, bool | None]:
        """Ask some nodes now, out of turn; whether each answered by any way, None for one nobody can ask.
        What is found goes to the sink as always."""
        asked = [node_id for node_id in node_ids if node_id in self._agents]
        works = [self._ask(node_id, way) for node_id in asked for way in self._ways(node_id)]
        answers = await asyncio.gather(*works)
        found: dict[str, bool | None] = dict.fromkeys(node_ids)
        for node_id, answered in answers:
            found[node_id] = bool(found.get(node_id)) or answered
        return found

    def seen(self) -> dict[str, Seen]:
        """Every agent as it answers now."""
        return {
            node_id: Seen(
                self._icmp.reachable(node_id),
                self._snmp.reachable(node_id),
                self._answered.get(node_id),
                self._why.get(node_id),
                list(self._findings.get(node_id, {}).values()),
            )
            for node_id in self._agents
        }

    # -- asking

    def _ways(self, node_id: str) -> list[Source]:
        agent, ways = self._agents[node_id], list[Source]()
        if agent.version != "none":
            ways.append("snmp-poll")
        if agent.icmp and self._pinger is not None:
            ways.append("icmp")
        return ways

    async def _run(self) -> None:
        while True:
            now = self._clock.monotonic()
            plans: tuple[tuple[Schedule, Source], ...] = ((self._snmp, "snmp-poll"), (self._icmp, "icmp"))
            for plan, way in plans:
                for node_id in plan.due(now):
                    self._begin(node_id, way)
            timers = [at for plan, _ in plans if (at := plan.get_timer()) is not None]
            pause = min(timers, default=now + _IDLE_S) - self._clock.monotonic()
            self._wake.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(min(max(pause, 0.005), _IDLE_S)):
                    await self._wake.wait()

    def _begin(self, node_id: str, way: Source) -> None:
        if way == "icmp" and self._pinger is None:
            return
        if self._running[way] >= self._settings.concurrent:
            self._counters["skipped_busy"] += 1
            return
        self._spawn(self._ask(node_id, way))

    async def _ask(self, node_id: str, way: Source) -> tuple[str, bool]:
        """One question; gives whether it was answered."""
        self._running[way] += 1
        try:
            answered = await (self._ping(node_id) if way == "icmp" else self._get(node_id))
        finally:
            self._running[way] -= 1
        return node_id, answered

    async def _ping(self, node_id: str) -> bool:
        agent = self._agents.get(node_id)
        if agent is None or self._pinger is None:
            return False
        answered = await self._pinger.alive(agent.host)
        self._counters["icmp_answered" if answered else "icmp_silent"] += 1
        self._reached(self._icmp, agent, "icmp", answered)
        return answered

    async def _get(self, node_id: str) -> bool:
        agent = self._agents.get(node_id)
        if agent is None or self._asker is None:
            return False
        try:
            values = await self._asker.get(agent, wanted(agent))
        except CivicamError as error:
            self._counters["snmp_refused" if error.code == "probes.refused" else "snmp_silent"] += 1
            self._why[node_id] = error
            self._reached(self._snmp, agent, "snmp-poll", False)
            return False
        self._counters["snmp_answered"] += 1
        self._why.pop(node_id, None)
        self._reached(self._snmp, agent, "snmp-poll", True)
        for statement in statements(agent, values, self._uptimes.get(node_id)):
            self._tell(agent, statement, "snmp-poll", changes_only=statement.what is not What.RESTARTED)
        uptime = values.get(SYS_UP_TIME)
        if isinstance(uptime, int):
            self._uptimes[node_id] = uptime
        return True

    def _reached(self, plan: Schedule, agent: Agent, way: Source, answered: bool) -> None:
        now = self._clock.monotonic()
        if answered:
            self._answered[agent.node_id] = self._clock.now()
        news = plan.answered(agent.node_id, now) if answered else plan.missed(agent.node_id)
        if answered and news:
            self._wake.set()
        if news:
            what = What.REACHABLE if answered else What.UNREACHABLE
            self._tell(agent, Statement(agent.node_id, what, agent.host), way)

    def _tell(
        self, agent: Agent, statement: Statement, source: Source, *, changes_only: bool = False
    ) -> None:
        key = (statement.node_id, _SUBJECT.get(statement.what, statement.what.value))
        if changes_only and self._said.get(key) is statement.what:
            return
        self._said[key] = statement.what
        self._counters[f"evidence_{statement.what}"] += 1
        found = Evidence(
            statement.node_id, statement.what, self._clock.now(), source, agent.node_id, statement.detail
        )
        self._findings.setdefault(agent.node_id, {})[key] = found
        self._sink.take(found)

    # -- traps

    def _admits(self, host: str, size: int) -> bool:
        return self._door.admits(host, size, self._clock.monotonic())

    def _trap(self, trap: Trap) -> None:
        host, oid, varbinds = trap
        self._counters["trap_understood"] += 1
        agent = self._by_host.get(host)
        statement = None if agent is None else trap_statement(agent, oid, varbinds, self._rules)
        if agent is None or statement is None:
            self._counters["trap_without_meaning"] += 1
            return
        self._tell(agent, statement, "snmp-trap")

    def _wrong_trap(self, _host: str) -> None:
        self._counters["trap_wrong"] += 1

    def _spawn(self, work: Awaitable[object]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[object]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._counters["task_failed"] += 1
            log.error("probes.task-failed", error=repr(error))


_SUBJECT = {
    What.PORT_DOWN: "port",
    What.PORT_UP: "port",
    What.SIGNAL_LOST: "signal",
    What.SIGNAL_BACK: "signal",
    What.ON_BATTERY: "mains",
    What.MAINS_FAILED: "mains",
    What.MAINS_BACK: "mains",
}
"""Statements that take each other back."""


def _rule(settings: TrapRuleSettings) -> TrapRule:
    return TrapRule(
        settings.oid,
        settings.what,
        settings.where or "",
        settings.equals,
        settings.port or "",
        settings.port_in_index,
    )
