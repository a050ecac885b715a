"""Between probes and the ledger: what probes find becomes evidence, what the ledger asks is asked now."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Sequence

import structlog

from civicam.fleet.graph import NodeId
from civicam.kernel.clock import Clock
from civicam.kernel.errors import CivicamError
from civicam.outages import facts as outages
from civicam.outages.facts import EvidenceKind, Fact, Wish
from civicam.outages.ports import Prober
from civicam.outages.service import OutageService
from civicam.probes.evidence import Evidence, What
from civicam.probes.watch import Probes

log = structlog.get_logger("civicam.probes")

WAITING = 20_000
"""Findings that may wait for the store; the oldest go first, and are counted."""
_RETRY_S = 1.0
_KIND = {
    What.UNREACHABLE: EvidenceKind.SILENT,
    What.REACHABLE: EvidenceKind.ANSWERED,
    What.PORT_DOWN: EvidenceKind.PORT_DOWN,
    What.PORT_UP: EvidenceKind.PORT_UP,
    What.SIGNAL_LOST: EvidenceKind.SIGNAL_LOST,
    What.SIGNAL_BACK: EvidenceKind.SIGNAL_BACK,
    What.ON_BATTERY: EvidenceKind.ON_BATTERY,
    What.MAINS_FAILED: EvidenceKind.MAINS_FAIL,
    What.MAINS_BACK: EvidenceKind.MAINS_BACK,
    What.LAST_GASP: EvidenceKind.LAST_GASP,
}
"""A restart is no evidence of anything the ledger knows."""


class EvidenceForOutages:
    """Fills `civicam.probes.evidence.EvidenceSink`: kept by the ledger, in groups, in their order."""

    def __init__(self, service: OutageService, every_s: float) -> None:
        self._service = service
        self._every = every_s
        self._waiting: deque[Evidence] = deque()
        self._running: asyncio.Task[None] | None = None
        self.counters: Counter[str] = Counter()

    def take(self, evidence: Evidence) -> None:
        """One finding; written soon."""
        if evidence.what not in _KIND:
            return
        if len(self._waiting) >= WAITING:
            self._waiting.popleft()
            self.counters["evidence_lost"] += 1
        self._waiting.append(evidence)
        if self._running is None or self._running.done():
            self._running = asyncio.get_running_loop().create_task(self._write(), name="evidence")

    async def aclose(self) -> None:
        """Write what waits, once."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
        if self._waiting:
            await self._service.take([fact_of(each, self._every) for each in self._waiting])
            self._waiting.clear()

    async def _write(self) -> None:
        while self._waiting:
            group = list(self._waiting)
            try:
                await self._service.take([fact_of(each, self._every) for each in group])
            except CivicamError as error:
                log.warning("probes.evidence-waits", code=error.code, waiting=len(group))
                await asyncio.sleep(_RETRY_S)
                continue
            for each in group:
                if self._waiting and self._waiting[0] is each:
                    self._waiting.popleft()


def fact_of(evidence: Evidence, every_s: float) -> Fact:
    """As the ledger wants it: a poll saw what happened since the one before, a trap tells it at once."""
    within = 0.0 if evidence.source == "snmp-trap" else every_s
    kind = _KIND[evidence.what]
    return outages.Evidence(NodeId(evidence.node_id), kind, evidence.at, within, evidence.agent_id)


class AskedNodes:
    """Fills `civicam.outages.ports.Prober`: what is known without asking, and what probes are told now."""

    def __init__(self, known: Prober, clock: Clock) -> None:
        self._known = known
        self._clock = clock
        self.probes: Probes | None = None
        """Set once they run."""

    async def ask(self, wishes: Sequence[Wish]) -> list[Fact]:
        """Last heartbeats, and of each node that can be probed whether it answers."""
        found = list(await self._known.ask(wishes))
        if self.probes is None:
            return found
        answers = await self.probes.probe([str(wish.node) for wish in wishes])
        at = self._clock.now()
        kinds = {True: EvidenceKind.ANSWERED, False: EvidenceKind.SILENT}
        return found + [
            outages.Evidence(NodeId(node), kinds[answered], at, 0.0, node if answered else "")
            for node, answered in answers.items()
            if answered is not None
        ]
