"""What is known when symptoms are explained, as the inference reads it. Pure; times: seconds since 1970."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from civicam.fleet.graph import NodeId
from civicam.outages.facts import EvidenceKind

LONGEST_S = 3600.0
"""No interval and no plateau counts as longer."""


@dataclass(frozen=True, slots=True)
class Dark:
    """A device that is dark: it was heard at ``lo`` and would have been heard by ``hi`` had it worked until
    then. ``beat_s`` is its interval, 0 when ``lo`` to ``hi`` is known from something better than heartbeats.
    ``lo`` is minus infinity when it was dark already, with a cause that has ended since.
    """

    node: NodeId
    lo: float
    hi: float
    beat_s: float

    @property
    def log_span(self) -> float:
        """What it costs to hit this interval: its density is one over its length."""
        return math.log(min(max(self.hi - self.lo, 1.0), LONGEST_S))


@dataclass(frozen=True, slots=True)
class Hush:
    """A node that should have been heard between ``lo`` and ``hi`` or after, and was not; nothing more is
    known. ``weight``: how unlikely that is when it works."""

    node: NodeId
    lo: float
    hi: float
    weight: float


@dataclass(frozen=True, slots=True)
class Proof:
    """Direct evidence, with the interval in which it happened."""

    node: NodeId
    kind: EvidenceKind
    lo: float
    hi: float


@dataclass(frozen=True, slots=True)
class Work:
    """Planned work at a node: what fails there between ``begin`` and ``end`` is planned."""

    work_id: str
    place: NodeId
    begin: float
    end: float


@dataclass(frozen=True, slots=True)
class Standing:
    """A cause that is in the ledger already and began between ``lo`` and ``hi``. ``width``: how many branches
    it took away."""

    row: str
    place: NodeId
    lo: float
    hi: float
    work: str = ""
    width: int = 1


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything that is to be explained at ``now``, and everything that speaks against an explanation."""

    now: float
    dark: Mapping[NodeId, Dark]
    lit: Mapping[NodeId, float] = field(default_factory=dict)
    """node → the last time it showed that it worked, or that it could be reached."""
    hush: Mapping[NodeId, Hush] = field(default_factory=dict)
    proofs: Mapping[NodeId, tuple[Proof, ...]] = field(default_factory=dict)
    works: tuple[Work, ...] = ()
    standing: tuple[Standing, ...] = ()
    out: frozenset[NodeId] = frozenset()
    """Nodes above which something was dark before: they cannot tell any more."""
