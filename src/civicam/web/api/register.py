"""``/api/register``: parties, camera records, where things are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from civicam.fleet.crs import System
from civicam.fleet.placing import Doubt, Source, Statement
from civicam.fleet.register import Party, PartyId, PartyKind, Role
from civicam.fleet.register_ports import Accepted, CameraFilter, DoubtFilter, SubjectKind
from civicam.fleet.register_views import (
    CalibrationOut,
    CameraPage,
    CameraRow,
    ListsOut,
    PartyUse,
    StatementRow,
    SuspicionRow,
    Unplaced,
)
from civicam.fleet.views import Text
from civicam.web.api.records import CameraIn
from civicam.web.auth import Inside, Who

router = APIRouter(prefix="/register", tags=["register"])

PartyKey = Annotated[str, Path(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._-]+$")]
Number = Annotated[str, Field(max_length=40)]
"""A coordinate as somebody wrote it; the text is kept."""


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PartyIn(_Body):
    """An office or company; ``contact`` is a desk's, not a private one."""

    kind: PartyKind
    name: Annotated[str, Field(min_length=1, max_length=200)]
    contact: Annotated[str, Field(max_length=200)] = ""


class RolesIn(_Body):
    """Who does what for a site, by party id; empty takes the role away, not named leaves it."""

    owner: Annotated[str, Field(max_length=64)] | None = None
    maintainer: Annotated[str, Field(max_length=64)] | None = None
    power: Annotated[str, Field(max_length=64)] | None = None
    carrier: Annotated[str, Field(max_length=64)] | None = None


class RecordsIn(_Body):
    """The same record for some channels, all of them or none."""

    channels: Annotated[list[Annotated[str, Field(max_length=32)]], Field(min_length=1, max_length=1000)]
    record: CameraIn


class StatementIn(_Body):
    """Where something is, as one source says; ``lon`` and ``lat`` are kept as written."""

    lon: Number
    lat: Number
    system: System = System.WGS84
    surveyed_on: date | None = None


class KnownSite(_Body):
    """The two numbers of a list, in their order, and where that site is in truth (WGS-84)."""

    first: float
    second: float
    lon: Annotated[float, Field(ge=-180, le=180)]
    lat: Annotated[float, Field(ge=-90, le=90)]


class CalibrateIn(_Body):
    """At least three different sites."""

    known: Annotated[list[KnownSite], Field(max_length=1000)]


@dataclass(frozen=True, slots=True)
class Parties:
    """All parties."""

    parties: list[PartyUse]


@dataclass(frozen=True, slots=True)
class Roles:
    """Who does what for a site, by party id."""

    parties: dict[Role, str]


@dataclass(frozen=True, slots=True)
class Statements:
    """What is said of one place."""

    statements: list[StatementRow]


class AcceptIn(_Body):
    """What somebody looked at and found right: the numbers are those of the suspicion."""

    kind: SubjectKind
    subject: Annotated[str, Field(min_length=1, max_length=64)]
    source: Source
    doubt: Doubt
    raw_lon: Number
    raw_lat: Number


@dataclass(frozen=True, slots=True)
class SuspicionOut:
    """A suspicion, and what its site or channel is called."""

    row: SuspicionRow
    name: Text


@dataclass(frozen=True, slots=True)
class Suspicions:
    """What to look at; ``counts`` by doubt, without what was accepted. ``next`` goes back as ``after``."""

    suspicious: list[SuspicionOut]
    next: int | None
    counts: dict[Doubt, int]
    accepted: int


@dataclass(frozen=True, slots=True)
class Tray:
    """Sites that are nowhere yet."""

    unplaced: list[Unplaced]


@router.get("/lists")
async def lists(inside: Inside) -> ListsOut:
    """Place classes, legal grounds and purposes that records choose from."""
    return inside.register.lists()


@router.get("/parties")
async def parties(inside: Inside) -> Parties:
    """All parties and how often each is named."""
    return Parties(await inside.register.parties())


@router.put("/parties/{party_id}", status_code=204)
async def put_party(party_id: PartyKey, body: PartyIn, inside: Inside) -> None:
    """Add or change a party."""
    await inside.register.put_party(
        Party(PartyId(party_id), body.kind, body.name.strip(), body.contact.strip())
    )


@router.delete("/parties/{party_id}", status_code=204)
async def drop_party(party_id: str, inside: Inside) -> None:
    """Remove a party that nothing names."""
    await inside.register.drop_party(party_id)


@router.get("/cameras")
async def cameras(
    inside: Inside,
    q: Annotated[str, Query(max_length=100)] = "",
    gap: Literal["", "any", "owner", "ground", "purpose", "place", "filing"] = "",
    after: Annotated[str, Query(max_length=500)] = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> CameraPage:
    """A page of cameras by name, those with a gap alone if one is named; ``next`` goes back as ``after``."""
    return await inside.register.cameras(CameraFilter(q.strip(), gap), after, limit)


@router.put("/cameras", status_code=204)
async def put_records(body: RecordsIn, inside: Inside, who: Who) -> None:
    """Give channels their record, all of them or none."""
    await inside.register.put_records(body.channels, body.record.record(), who.name)


@router.get("/cameras/{channel_id}")
async def camera(channel_id: str, inside: Inside) -> CameraRow:
    """One camera's record, its gaps, and whether it may go live."""
    return await inside.register.camera(channel_id)


@router.get("/sites/{site_id}/parties")
async def site_parties(site_id: str, inside: Inside) -> Roles:
    """Who does what for a site."""
    return Roles(await inside.register.site_parties(site_id))


@router.put("/sites/{site_id}/parties")
async def put_site_parties(site_id: str, body: RolesIn, inside: Inside) -> Roles:
    """Say who does what for a site."""
    named = {Role(role): party for role, party in body.model_dump().items() if party is not None}
    await inside.register.put_site_parties(site_id, named)
    return Roles(await inside.register.site_parties(site_id))


@router.get("/places/suspicious")
async def suspicious(
    inside: Inside,
    doubt: Doubt | Literal[""] = "",
    kind: SubjectKind | Literal[""] = "",
    after: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Suspicions:
    """Coordinates that look wrong, and why, and what they were likely meant to say."""
    page = await inside.register.suspicious(DoubtFilter(doubt, kind), after, limit)
    channels = await inside.fleet.channel_names(
        [each.subject for each in page.suspicious if each.kind == "channel"]
    )
    places = await inside.directory.place_names()
    rows = []
    for each in page.suspicious:
        plain = channels.get(each.subject, each.subject)
        rows.append(SuspicionOut(each, places.get(each.subject, Text(plain, plain))))
    return Suspicions(rows, page.next, page.counts, page.accepted)


@router.post("/places/accept", status_code=204)
async def accept(body: AcceptIn, inside: Inside, who: Who) -> None:
    """A suspicious coordinate is right; it is listed again when its source says something else."""
    raw = (body.raw_lon, body.raw_lat)
    await inside.register.accept(Accepted(body.kind, body.subject, body.source, body.doubt, raw), who.name)


@router.get("/places/unplaced")
async def unplaced(inside: Inside) -> Tray:
    """Sites without a place, with a proposal where their channels' reports agree."""
    return Tray(await inside.register.unplaced())


@router.post("/places/calibrate")
async def calibrate(body: CalibrateIn, inside: Inside) -> CalibrationOut:
    """Which reference system a list is in, from sites whose place is known."""
    return await inside.register.calibrate([((e.first, e.second), (e.lon, e.lat)) for e in body.known])


@router.get("/places/{kind}/{subject}")
async def statements(kind: SubjectKind, subject: str, inside: Inside) -> Statements:
    """What each source says of where a site or channel is."""
    return Statements(await inside.register.statements(kind, subject))


@router.put("/places/{kind}/{subject}/{source}")
async def state(
    kind: SubjectKind, subject: str, source: Source, body: StatementIn, inside: Inside, who: Who
) -> Statements:
    """Take down what a source says; a survey is replaced by a later one only."""
    said = Statement(source, (body.lon.strip(), body.lat.strip()), body.system, body.surveyed_on)
    return Statements(await inside.register.state(kind, subject, said, who.name))


@router.delete("/places/{kind}/{subject}/{source}", status_code=204)
async def unstate(kind: SubjectKind, subject: str, source: Source, inside: Inside) -> None:
    """Take back what a source says."""
    await inside.register.unstate(kind, subject, source)
