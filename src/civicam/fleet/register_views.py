"""What people are shown of the register: frozen rows, ready to be written as JSON. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from civicam.fleet.crs import Calibration, System
from civicam.fleet.law import Choice
from civicam.fleet.placing import Doubt, Source, Statement, Suspicion, derive, remedy
from civicam.fleet.register import CameraRecord, Party


@dataclass(frozen=True, slots=True)
class ListsOut:
    """What a record may choose from, and what no camera may look at (``forbidden``)."""

    places: list[Choice]
    grounds: list[Choice]
    purposes: list[Choice]


@dataclass(frozen=True, slots=True)
class PartyUse:
    """A party and how often it is named: as owner of cameras, for sites, at nodes."""

    party: Party
    cameras: int
    sites: int
    nodes: int


@dataclass(frozen=True, slots=True)
class CameraRow:
    """A camera in the register. ``gaps``: codes of what is missing; ``dark``: the code of why it may not go
    live now, empty when it may; ``grace_until``: gaps are let pass before it; ``filing_due`` only while it is
    not filed."""

    channel_id: str
    gb_id: str
    name: str
    site_id: str | None
    record: CameraRecord | None
    gaps: list[str]
    dark: str
    grace_until: datetime | None
    filing_due: datetime | None


@dataclass(frozen=True, slots=True)
class CameraPage:
    """A page by name; ``next`` is what to send as ``after``, None at the end."""

    cameras: list[CameraRow]
    next: str | None
    total: int


@dataclass(frozen=True, slots=True)
class StatementRow:
    """What one source says of a place: as written, and the WGS-84 place derived from it, if it is one.
    ``counts``: this is the one that is shown."""

    source: Source
    raw_lon: str
    raw_lat: str
    system: System
    surveyed_on: str | None
    at: datetime | None
    by: str
    lon: float | None
    lat: float | None
    counts: bool


@dataclass(frozen=True, slots=True)
class RemedyRow:
    """What the statement was likely meant to say, and where that is (WGS-84)."""

    raw_lon: str
    raw_lat: str
    system: System
    lon: float
    lat: float


@dataclass(frozen=True, slots=True)
class SuspicionRow:
    """A statement that looks wrong; ``off_m`` metres from what it was compared with."""

    kind: str
    subject: str
    doubt: Doubt
    source: Source
    raw_lon: str
    raw_lat: str
    system: System
    lon: float | None
    lat: float | None
    off_m: float | None
    remedy: RemedyRow | None


@dataclass(frozen=True, slots=True)
class SuspicionPage:
    """A page of suspicions in the order of their subjects; ``counts`` by doubt, ``accepted`` are left out of
    all of it. ``next`` is what to send as ``after``."""

    suspicious: list[SuspicionRow]
    next: int | None
    counts: dict[Doubt, int]
    accepted: int


@dataclass(frozen=True, slots=True)
class Unplaced:
    """A site that is nowhere yet; ``lon`` and ``lat`` are a proposal, where its channels' reports agree."""

    site_id: str
    name_zh: str
    name_en: str
    channels: int
    lon: float | None
    lat: float | None


@dataclass(frozen=True, slots=True)
class FitRow:
    """How one system explains the known sites: residuals in metres in their order."""

    system: System
    swapped: bool
    residuals: list[float]
    worst: float


@dataclass(frozen=True, slots=True)
class CalibrationOut:
    """The systems, the best first; ``decided`` only when it fits and the next clearly does not."""

    decided: bool
    fits: list[FitRow]


def statement_row(said: Statement, best: Statement | None) -> StatementRow:
    """A statement as it is shown; ``best`` is the one that counts."""
    place = derive(said.raw, said.system)
    return StatementRow(
        said.source,
        said.raw[0],
        said.raw[1],
        said.system,
        None if said.surveyed_on is None else said.surveyed_on.isoformat(),
        said.at,
        said.by,
        None if place is None else place[0],
        None if place is None else place[1],
        said is best,
    )


def suspicion_row(found: Suspicion) -> SuspicionRow:
    """A suspicion as it is shown."""
    said, place, better = found.statement, found.place, remedy(found)
    return SuspicionRow(
        found.kind,
        found.subject,
        found.doubt,
        said.source,
        said.raw[0],
        said.raw[1],
        said.system,
        None if place is None else place[0],
        None if place is None else place[1],
        None if found.off_m is None else round(found.off_m, 1),
        None if better is None else RemedyRow(*better.raw, better.system, *better.place),
    )


def calibration_out(found: Calibration) -> CalibrationOut:
    """A calibration as it is shown, metres to the centimetre."""
    return CalibrationOut(
        found.decided,
        [
            FitRow(fit.system, fit.swapped, [round(each, 2) for each in fit.residuals], round(fit.worst, 2))
            for fit in found.fits
        ],
    )
