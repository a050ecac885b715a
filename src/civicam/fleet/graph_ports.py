"""What the graph's service needs of its store: Protocols and what goes through them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from civicam.fleet.graph import NodeId, Path
from civicam.fleet.topology import Edit, Topology


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A graph and the revision of the store that it is."""

    revision: int
    topology: Topology


@dataclass(frozen=True, slots=True)
class Changed:
    """After an edit: ``touched`` are the nodes whose ways it may have changed."""

    after: Snapshot
    touched: frozenset[NodeId]


class Footing(NamedTuple):
    """What a channel stands on: its own node where it has one, else its device."""

    channel_id: str
    device_id: str
    site_id: str


class GraphStore(Protocol):
    """The graph's tables inside one transaction; synchronous."""

    def fresh(self, known: Snapshot | None) -> Snapshot:
        """What is known, when it is still the store's; else what the store has."""
        ...

    def apply(self, edit: Edit, known: Snapshot | None) -> Changed:
        """Write an edit and trace anew what it touched, or refuse all of it.

        `Refused`: what `Topology.edited` says, ``fleet.graph-device``, ``fleet.unknown-site``,
        ``fleet.unknown-party``.
        """
        ...

    def paths(self, node: NodeId) -> list[Path]:
        """The kept ways of a device or channel node."""
        ...

    def footings(self) -> list[Footing]:
        """Every channel."""
        ...

    def devices_of(self, site_id: str) -> Sequence[NodeId] | None:
        """The nodes of a site's devices, also of those that only show pictures of it; None: no such site."""
        ...
