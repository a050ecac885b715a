"""What the usability room needs: a store inside a transaction, the directory of channels, rooms that judge
pictures and recordings. Protocols and their values only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from civicam.fleet.facts import ChannelId, DeviceId
from civicam.fleet.views import ChannelCard
from civicam.usability.board import Standing
from civicam.usability.facts import CollectorGap, Leg, LegChanged, Reading, UsabilityFact
from civicam.usability.history import Gap, Row, Seconds
from civicam.usability.model import Vector


class Directory(Protocol):
    """Which channels there are, and where: the fleet."""

    async def cards(self, device_ids: Sequence[DeviceId] | None = None) -> list[ChannelCard]:
        """The channels of some devices, or all."""
        ...


class Findings(Protocol):
    """Where a room that judges a leg puts what it found: `quality` for pictures, `recording` for recordings.

    A leg is not configured until the first finding; a finding `State.NOT_CONFIGURED` takes it out again.
    Findings of one leg may come up to ``hold.late_s`` late and in any order.
    """

    def take(self, reading: Reading) -> None:
        """One finding; cheap, never raises, never blocks."""
        ...


class PictureJudge(Protocol):
    """The room that looks at pictures (`quality`). Bootstrap calls `report_to` once, before any start."""

    def report_to(self, findings: Findings) -> None:
        """Where findings about `Leg.PICTURE` go from now on."""
        ...


class RecordingJudge(Protocol):
    """The room that knows what should be on disk (`recording`)."""

    def report_to(self, findings: Findings) -> None:
        """Where findings about `Leg.RECORDING` go from now on."""
        ...


@dataclass(frozen=True, slots=True)
class Life:
    """A run of the collector: ``last_at`` is its newest durable sign, ``stopped_at`` an orderly end."""

    number: int
    started_at: datetime
    last_at: datetime
    stopped_at: datetime | None


@dataclass(frozen=True, slots=True)
class Entry:
    """A change as it is kept: the channel's vector from ``at`` on, and the changed leg's proof. ``leg`` None:
    the vector is said again after changes were lost."""

    channel_id: ChannelId
    at: datetime
    vector: Vector
    leg: LegChanged | None


@dataclass(frozen=True, slots=True)
class LegAt:
    """A leg at a moment: the change that made it so. None: it has been so since before history began."""

    leg: Leg
    changed: LegChanged | None


class UsabilityStore(Protocol):
    """The tables inside one transaction; synchronous. Times of history are whole seconds."""

    def life(self) -> Life | None:
        """The newest run."""
        ...

    def begin(self, at: datetime) -> int:
        """A new run; its number."""
        ...

    def sign(self, number: int, at: datetime, stopped: bool = False) -> None:
        """A sign of life, or the orderly end."""
        ...

    def add_gap(self, gap: CollectorGap) -> None:
        """Keep a gap."""
        ...

    def gaps(self, start: int, end: int) -> list[CollectorGap]:
        """Those that touch a period, oldest first."""
        ...

    def standings(self) -> list[Standing]:
        """What was believed of every channel."""
        ...

    def save(self, entries: Sequence[Entry], standings: Sequence[Standing]) -> None:
        """Keep changes, and what is believed now of the channels they are about."""
        ...

    def rows(self, channel_id: str, start: int, end: int) -> tuple[Vector, list[Row]] | None:
        """A channel's vector before ``start`` and its rows up to before ``end``; None for an unknown one."""
        ...

    def legs_at(self, channel_id: str, at: int) -> list[LegAt]:
        """For each leg the change that holds at a moment."""
        ...

    def all_rows(self, start: int, end: int) -> dict[str, tuple[Vector, list[Row]]]:
        """As `rows`, of every channel."""
        ...

    def vectors(self, at: int) -> dict[str, Vector]:
        """Every channel's vector at a moment, without the gaps."""
        ...

    def rolled(self) -> set[int]:
        """The days whose seconds are kept."""
        ...

    def first_row(self) -> int | None:
        """When history begins."""
        ...

    def roll(self, day: int, sums: Mapping[str, Mapping[Vector, int]]) -> None:
        """Keep a day's seconds, by channel and vector."""
        ...

    def sums(self, days: Gap, leg: Leg | None) -> dict[str, Seconds]:
        """Seconds in each state over days that are rolled (first included, last not); what is missing of a
        channel's day was not configured."""
        ...

    def sweep(self, before: int) -> None:
        """Forget history before a moment; what held at it stays."""
        ...

    def publish(self, facts: Sequence[tuple[str, UsabilityFact]], at: datetime) -> None:
        """Into the outbox, in this transaction."""
        ...
