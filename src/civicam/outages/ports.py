"""What the outages room needs: a store inside a transaction, the fleet's register, somebody who asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from civicam.outages.facts import (
    Attribution,
    CauseKind,
    Fact,
    OutageFact,
    OutageId,
    Overruled,
    Wish,
    WorkPlanned,
)
from civicam.outages.ledger import Affected, Outage, RowState
from civicam.outages.plant import Register


@dataclass(frozen=True, slots=True)
class Kept:
    """A fact in the store: ``seq`` is its place, facts are never changed."""

    seq: int
    fact: Fact


@dataclass(frozen=True, slots=True)
class Step:
    """The engine stepped at ``at`` (whole milliseconds) with all facts up to ``upto``."""

    number: int
    at: datetime
    upto: int


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The engine's state after a step, so that a start need not read everything."""

    step: Step
    state: bytes


@dataclass(frozen=True, slots=True)
class OutageFilter:
    """Which rows; None and empty mean all. ``since`` and ``until`` bound the time of the outage: a row counts
    when it was open at any moment between them. Merged rows come only when asked for by ``state``."""

    state: RowState | None = None
    kind: CauseKind | None = None
    attribution: Attribution | None = None
    place: str = ""
    channel: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class OutageRow:
    """A row with the person's answer beside it; ``outage.affected`` may be left out (empty) in lists."""

    outage: Outage
    overruled: Overruled | None = None

    @property
    def kind(self) -> CauseKind:
        """The person's word, else the machine's."""
        mine = self.overruled
        return self.outage.verdict.kind if mine is None or mine.kind is None else mine.kind

    @property
    def place(self) -> str:
        """The element, likewise."""
        mine = self.overruled
        return self.outage.verdict.place if mine is None or mine.kind is None else mine.place

    @property
    def attribution(self) -> Attribution:
        """Whose it is, likewise."""
        mine = self.overruled
        return self.outage.verdict.attribution if mine is None or mine.kind is None else mine.attribution


@dataclass(frozen=True, slots=True)
class OutagePage:
    """Newest first; ``next`` goes back as ``after``, None at the end."""

    rows: list[OutageRow]
    next: str | None


@dataclass(frozen=True, slots=True)
class AffectedPage:
    """The channels of a row by id; ``next`` as above."""

    affected: list[Affected]
    next: str | None


@dataclass(frozen=True, slots=True)
class WorksPage:
    """Planned work that is over, what ended last first; ``next`` as above."""

    works: list[WorkPlanned]
    next: str | None


@dataclass(frozen=True, slots=True)
class Taken:
    """A cause that took a channel away, without its other channels, and what it took of this one."""

    row: OutageRow
    channel: Affected


@dataclass(frozen=True, slots=True)
class Recomputed:
    """The digest of the ledger as it is kept and as it was computed again, and how many rows there are."""

    kept: str
    computed: str
    rows: int
    steps: int

    @property
    def same(self) -> bool:
        """Byte for byte."""
        return self.kept == self.computed


class OutageStore(Protocol):
    """The tables inside one transaction; synchronous."""

    def append(self, facts: Sequence[Fact], at: datetime) -> int:
        """Keep facts that are not there yet; how many there were. A fact is itself wherever it comes from."""
        ...

    def facts(self, after: int, most: int, upto: int | None = None) -> list[Kept]:
        """In their order."""
        ...

    def last_seq(self) -> int:
        """The newest fact's place, 0 without."""
        ...

    def steps(self, after: int, most: int) -> list[Step]:
        """In their order."""
        ...

    def last_step(self) -> Step | None:
        """The newest."""
        ...

    def checkpoint(self) -> Checkpoint | None:
        """The newest."""
        ...

    def keep_checkpoint(self, checkpoint: Checkpoint) -> None:
        """In the place of older ones."""
        ...

    def alive(self) -> datetime | None:
        """When the service was last seen at work."""
        ...

    def keep_alive(self, at: datetime) -> None:
        """It is at work."""
        ...

    def record(self, step: Step, rows: Sequence[Outage]) -> None:
        """A step and the rows that it changed.

        Raises `Operational` ``outages.stepped-elsewhere`` when that step is there: another process steps too.
        """
        ...

    def register(self, digest: str) -> bytes | None:
        """A register by its digest."""
        ...

    def graph_at(self, upto: int) -> str | None:
        """The digest that the newest `GraphSeen` up to this fact names."""
        ...

    def keep_register(self, digest: str, document: bytes) -> None:
        """Keep a register, once."""
        ...

    def bodies(self) -> list[tuple[str, bytes]]:
        """(id, canonical bytes) of every row."""
        ...

    def replace_all(self, rows: Sequence[Outage]) -> None:
        """Other rows in the place of all."""
        ...

    def page(self, wanted: OutageFilter, after: str, limit: int) -> OutagePage:
        """Newest first, without the channels. `Refused` ``outages.bad-cursor``."""
        ...

    def outage(self, outage_id: str, *, whole: bool = False) -> OutageRow | None:
        """One row; ``whole`` with its channels."""
        ...

    def affected(self, outage_id: str, after: str, limit: int) -> AffectedPage:
        """The channels of a row by id."""
        ...

    def of_channel(self, channel_id: str, wanted: OutageFilter, most: int) -> list[Taken]:
        """The causes that took a channel away, newest first."""
        ...

    def overrules(self, outage_id: str) -> list[Overruled]:
        """What people said of a row, oldest first."""
        ...

    def works(self, since: datetime | None) -> list[WorkPlanned]:
        """Planned work that ends after ``since`` (None: all), the newest word of each, not cancelled."""
        ...

    def past_works(self, before: datetime, after: str, limit: int) -> WorksPage:
        """Planned work that ended before a moment, not cancelled. `Refused` ``outages.bad-cursor``."""
        ...

    def work(self, work_id: str) -> WorkPlanned | None:
        """One, if it was not cancelled."""
        ...

    def publish(self, facts: Sequence[tuple[str, OutageFact]], at: datetime) -> None:
        """Into the outbox, in this transaction."""
        ...


class Registers(Protocol):
    """The fleet's side: the graph as it is now."""

    async def register(self) -> Register:
        """Nodes, edges, channels, who watches what, parties."""
        ...


class Prober(Protocol):
    """Whoever can ask nodes: the gateway, ICMP, SNMP. Answers come back as facts, now or later."""

    async def ask(self, wishes: Sequence[Wish]) -> Sequence[Fact]:
        """What is known at once; what takes time is handed to `OutageService.take` when it is there."""
        ...


__all__ = [
    "AffectedPage",
    "Checkpoint",
    "Kept",
    "OutageFilter",
    "OutageId",
    "OutagePage",
    "OutageRow",
    "OutageStore",
    "Prober",
    "Recomputed",
    "Registers",
    "Step",
    "Taken",
    "WorksPage",
]
