"""What the register's service needs of its store: Protocols and what goes through them. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from civicam.fleet.crs import Point, System
from civicam.fleet.placing import Doubt, Outline, Source, Stated, Statement
from civicam.fleet.register import CameraRecord, Party, Role
from civicam.fleet.register_views import PartyUse

SubjectKind = Literal["site", "channel"]


@dataclass(frozen=True, slots=True)
class StoredCamera:
    """A channel and its record; ``enrolled_at`` None: it was there before the register was."""

    channel_id: str
    gb_id: str
    name: str
    site_id: str | None
    record: CameraRecord | None
    enrolled_at: datetime | None


@dataclass(frozen=True, slots=True)
class CameraFilter:
    """Which cameras. ``gap``: ``owner``, ``ground``, ``purpose``, ``place``, ``filing``, ``any`` of the first
    four, or empty for all; ``q`` is found in names and codes."""

    q: str = ""
    gap: str = ""


@dataclass(frozen=True, slots=True)
class Lost:
    """A site without a place, and where its channels say they are (WGS-84)."""

    site_id: str
    name_zh: str
    name_en: str
    channels: int
    points: Sequence[Point]


@dataclass(frozen=True, slots=True)
class Accepted:
    """Somebody looked at a suspicious statement and says that it is right. It holds for these numbers only:
    what says something else is looked at again."""

    kind: SubjectKind
    subject: str
    source: Source
    doubt: Doubt
    raw: tuple[str, str]


@dataclass(frozen=True, slots=True)
class DoubtFilter:
    """Which suspicions; empty means all."""

    doubt: Doubt | Literal[""] = ""
    kind: SubjectKind | Literal[""] = ""


class RegisterStore(Protocol):
    """The register's tables inside one transaction; synchronous."""

    def since(self) -> datetime | None:
        """When the register came, where cameras ran before it."""
        ...

    def parties(self) -> list[PartyUse]:
        """All, and how often each is named."""
        ...

    def put_party(self, party: Party) -> None:
        """Add or change."""
        ...

    def drop_party(self, party_id: str) -> None:
        """Remove. `Refused` ``fleet.unknown-party``, ``fleet.party-in-use``."""
        ...

    def cameras(
        self, wanted: CameraFilter, after: str, limit: int
    ) -> tuple[list[StoredCamera], str | None, int]:
        """A page by name, what to send for the next, how many there are. `Refused` ``fleet.bad-cursor``."""
        ...

    def camera(self, channel_id: str) -> StoredCamera | None:
        """One."""
        ...

    def put_records(self, channel_ids: Sequence[str], record: CameraRecord, at: datetime, by: str) -> None:
        """The same record for some channels. `Refused` ``fleet.unknown-channel``, ``fleet.unknown-party``,
        ``fleet.wrong-lane`` for a lane that the channel's checkpoint does not have."""
        ...

    def site_parties(self, site_id: str) -> dict[Role, str]:
        """Who does what. `Refused` ``fleet.unknown-site``."""
        ...

    def put_site_parties(self, site_id: str, roles: Mapping[Role, str]) -> None:
        """An empty party takes the role away. `Refused` ``fleet.unknown-site``, ``fleet.unknown-party``."""
        ...

    def statements(self, kind: SubjectKind, subject: str) -> list[Statement]:
        """Everything said about one. `Refused` ``fleet.unknown-site``, ``fleet.unknown-channel``."""
        ...

    def state(self, kind: SubjectKind, subject: str, said: Statement) -> None:
        """Take a statement down; a site gets the place that counts now. `Refused` as `statements`."""
        ...

    def unstate(self, kind: SubjectKind, subject: str, source: Source) -> bool:
        """Take a statement back; False when there is none."""
        ...

    def stated(self, catalogue: System) -> list[Stated]:
        """Everything said about all sites and channels, the catalogues' reports in this system too."""
        ...

    def accepted(self) -> set[Accepted]:
        """All that was accepted."""
        ...

    def accept(self, said: Accepted, at: datetime, by: str) -> None:
        """Keep it. `Refused` as `statements`."""
        ...

    def outline(self, radius_m: float) -> Outline | None:
        """The city's; None before anything was imported."""
        ...

    def unplaced(self, catalogue: System) -> list[Lost]:
        """Sites without a place."""
        ...
