"""Everything the engine knows between two steps. Pure values; `civicam.outages.codec` keeps them."""

from __future__ import annotations

from dataclasses import dataclass, field

from civicam.fleet.graph import NodeId
from civicam.outages.book import Book, Episode
from civicam.outages.facts import Attribution, OutageId, Symptom
from civicam.outages.rows import Gap, Row
from civicam.outages.scene import Work


@dataclass(slots=True)
class State:
    """Everything the engine knows; kept between steps and in checkpoints."""

    held: list[Symptom] = field(default_factory=list)
    window: float | None = None
    book: Book = field(default_factory=Book)
    rows: dict[OutageId, Row] = field(default_factory=dict)
    works: dict[str, Work] = field(default_factory=dict)
    whose: dict[str, Attribution] = field(default_factory=dict)
    """Planned work → to whom it is attributed."""
    gaps: dict[str, Gap] = field(default_factory=dict)
    waiting: list[Episode] = field(default_factory=list)
    """Dark, but a gap of ours keeps us from saying why."""
    again: set[OutageId] = field(default_factory=set)
    """Rows to be explained again when the window closes."""
    serial: int = 0
    asked: dict[NodeId, float] = field(default_factory=dict)
