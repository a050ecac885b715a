"""What imports and exports need of their store: Protocols and what goes through them. Pure."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from civicam.fleet.sheets.compare import Preview, Standing
from civicam.fleet.sheets.grid import ReadSheet
from civicam.fleet.sheets.schema import Row, SheetName
from civicam.kernel.errors import Datum


class BatchState(enum.StrEnum):
    """How far a batch is."""

    READY = "ready"
    """Compared, without a fault: it waits to be confirmed."""
    FAULTY = "faulty"
    """It has faults and cannot be confirmed."""
    APPLYING = "applying"
    APPLIED = "applied"
    UNDONE = "undone"
    DISCARDED = "discarded"


OPEN = (BatchState.READY, BatchState.FAULTY, BatchState.APPLYING)
"""States in which the uploaded file is kept."""
Counts = Mapping[str, Mapping[str, int]]
"""Rows by sheet and state."""


@dataclass(frozen=True, slots=True)
class Batch:
    """One import. ``code`` and ``data``: why it could not be applied the last time, else empty."""

    import_id: str
    file_name: str
    sha256: str
    size: int
    by: str
    at: datetime
    state: BatchState
    counts: Counts
    digest: str
    code: str = ""
    data: Mapping[str, Datum] = field(default_factory=dict)
    applied_at: datetime | None = None
    applied_by: str = ""
    undone_at: datetime | None = None
    undone_by: str = ""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Why a batch cannot be taken back. ``column`` is empty where a whole row is meant; ``wrote`` and
    ``found`` are what the batch wrote and what is there now, empty for secrets."""

    table: str
    key: str
    column: str
    code: str
    wrote: str = ""
    found: str = ""


@dataclass(frozen=True, slots=True)
class Secrets:
    """How passwords are compared and kept. ``same``: whether a device's row (of the table) has the user name
    and password of a sheet's row; ``columns``: what a sheet's row becomes in this realm."""

    same: Callable[[Mapping[str, Any], Row], bool]
    columns: Callable[[Row, str], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Ask:
    """What is to be applied, and on which terms. ``tell`` hears, from another thread, which sheet comes."""

    import_id: str
    read: Sequence[ReadSheet]
    digest: str
    at: datetime
    by: str
    tell: Callable[[SheetName], None]


@dataclass(frozen=True, slots=True)
class ExportFilter:
    """Which rows. ``q``, ``state``, ``district``, ``protocol`` as the lists of channels and devices have
    them, ``gap`` as the register's; empty texts do not filter."""

    q: str = ""
    state: str = ""
    district: str = ""
    protocol: str = ""
    gap: str = ""


class ImportStore(Protocol):
    """The tables inside one transaction; synchronous."""

    def compare(self, read: Sequence[ReadSheet]) -> Preview:
        """What a file would change."""
        ...

    def add(self, batch: Batch) -> None:
        """Keep a new batch."""
        ...

    def get(self, import_id: str) -> Batch | None:
        """One."""
        ...

    def page(self, after: str, limit: int) -> tuple[list[Batch], str | None]:
        """The newest first, and what to send for the next page. `Refused` ``fleet.bad-cursor``."""
        ...

    def count(self, states: Sequence[BatchState]) -> int:
        """How many are in one of these states."""
        ...

    def old(self, states: Sequence[BatchState], before: datetime) -> list[str]:
        """Ids of those from before a moment."""
        ...

    def turn(self, import_id: str, states: Sequence[BatchState], batch: Mapping[str, Any]) -> bool:
        """Change columns of a batch that is in one of ``states``; False when it is not."""
        ...

    def apply(self, ask: Ask) -> Batch:
        """Write all of it and its journal, or nothing. `Refused` ``fleet.import-outdated`` when the register
        has changed since the preview, ``fleet.import-state``."""
        ...

    def conflicts(self, import_id: str) -> list[Conflict]:
        """What speaks against taking it back. `Refused` ``fleet.import-state``."""
        ...

    def undo(self, import_id: str, at: datetime, by: str) -> Batch:
        """Take it back whole. `Refused` ``fleet.undo-changed``, ``fleet.import-state``."""
        ...

    def export(self, sheets: Sequence[SheetName], wanted: ExportFilter) -> dict[SheetName, list[Row]]:
        """Rows of the register, by key."""
        ...

    def standing(self) -> Standing:
        """The register in the words of the sheets."""
        ...
