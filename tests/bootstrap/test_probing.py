"""Between probes and the ledger: nothing is lost while the store fails, questions reach whoever can ask."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from civicam.bootstrap.probing import AskedNodes, EvidenceForOutages
from civicam.fleet.graph import NodeId
from civicam.kernel.clock import ManualClock
from civicam.kernel.errors import Operational
from civicam.outages import facts as outages
from civicam.outages.facts import EvidenceKind, Fact, Wish
from civicam.probes.evidence import Evidence, What

AT = datetime(2026, 3, 2, tzinfo=UTC)


class Ledger:
    """Keeps facts; fails as often as it is told."""

    def __init__(self, failures: int = 0) -> None:
        self.kept: list[Fact] = []
        self.failures = failures
        self.wrote = asyncio.Event()

    async def take(self, facts: Sequence[Fact]) -> int:
        if self.failures:
            self.failures -= 1
            raise Operational("db.busy")
        self.kept += facts
        self.wrote.set()
        return len(facts)


def found(what: What, source: Any = "snmp-poll") -> Evidence:
    return Evidence("onu5", what, AT, source, "olt1", "port 5")


def test_a_finding_is_evidence_with_the_time_it_may_have_happened_in() -> None:
    async def story() -> None:
        ledger = Ledger()
        sink = EvidenceForOutages(ledger, 30.0)  # type: ignore[arg-type]  # only `take` is asked of it
        for each in (found(What.PORT_DOWN), found(What.LAST_GASP, "snmp-trap"), found(What.RESTARTED)):
            sink.take(each)
        await ledger.wrote.wait()
        await sink.aclose()
        assert ledger.kept == [
            outages.Evidence(NodeId("onu5"), EvidenceKind.PORT_DOWN, AT, 30.0, "olt1"),
            outages.Evidence(NodeId("onu5"), EvidenceKind.LAST_GASP, AT, 0.0, "olt1"),
        ]

    asyncio.run(story())


def test_what_the_store_refuses_is_written_at_the_end() -> None:
    async def story() -> None:
        ledger = Ledger(failures=1)
        sink = EvidenceForOutages(ledger, 30.0)  # type: ignore[arg-type]
        sink.take(found(What.ON_BATTERY))
        while ledger.failures:  # noqa: ASYNC110 -- the failure offers no event
            await asyncio.sleep(0)
        sink.take(found(What.MAINS_BACK))
        await sink.aclose()
        kinds = [each.kind for each in ledger.kept if isinstance(each, outages.Evidence)]
        assert kinds == [EvidenceKind.ON_BATTERY, EvidenceKind.MAINS_BACK]

    asyncio.run(story())


def test_the_ledger_s_questions_go_to_the_probes() -> None:
    class Known:
        async def ask(self, wishes: Sequence[Wish]) -> Sequence[Fact]:
            return [outages.LastHeard(wishes[0].node, AT, AT, 60.0)]

    class Probes:
        async def probe(self, node_ids: Iterable[str]) -> dict[str, bool | None]:
            return dict(zip(node_ids, (True, False, None), strict=True))

    async def story() -> None:
        clock = ManualClock()
        asked = AskedNodes(Known(), clock)
        wishes = [Wish(NodeId(each)) for each in ("a", "b", "c")]
        assert len(await asked.ask(wishes)) == 1
        asked.probes = Probes()  # type: ignore[assignment]  # only `probe` is asked of it
        told = (await asked.ask(wishes))[1:]
        assert told == [
            outages.Evidence(NodeId("a"), EvidenceKind.ANSWERED, clock.now(), 0.0, "a"),
            outages.Evidence(NodeId("b"), EvidenceKind.SILENT, clock.now(), 0.0, ""),
        ]

    asyncio.run(story())
