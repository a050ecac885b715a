"""``/api/overview``: the situation page in one answer. ``/api/outages/{id}/map``: a cause on the map."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter, Request

from civicam.fleet.graph import NodeId
from civicam.fleet.graph_map import MapLine, MapNode, spread
from civicam.outages.facts import WorkPlanned
from civicam.usability.rates import Rate
from civicam.web.api.outages import OutageKey, OutageOut, outage_out
from civicam.web.auth import Inside
from civicam.web.overview import (
    ByKind,
    ByParty,
    CauseCounts,
    LegCounts,
    Overview,
    StateCounts,
    UnknownWhy,
)

router = APIRouter(tags=["overview"])


@dataclass(frozen=True, slots=True)
class WorkNow:
    """Planned work that runs, and what the register calls its place."""

    work: WorkPlanned
    place_name: str


@dataclass(frozen=True, slots=True)
class OverviewOut:
    """How much is usable, why the rest is not. ``day``: the 24 hours up to ``day_at``; ``open``: all open
    causes, of which ``top`` are those that take away most."""

    at: datetime
    channels: StateCounts
    legs: list[LegCounts]
    unknown: list[UnknownWhy]
    day: Rate
    day_at: datetime
    open: CauseCounts
    kinds: list[ByKind]
    parties: list[ByParty]
    top: list[OutageOut]
    works: list[WorkNow]


@dataclass(frozen=True, slots=True)
class SiteHit:
    """A site with channels that a cause took away."""

    site_id: str
    channels: int


@dataclass(frozen=True, slots=True)
class CauseMap:
    """A cause on the map: the sites it took away, and its element with what hangs on that. ``nodes`` is empty
    for a cause without an element or one that is no longer in the graph; its own place is the first."""

    outage: OutageOut
    sites: list[SiteHit]
    nodes: list[MapNode]
    lines: list[MapLine]


@router.get("/overview")
async def overview(request: Request, inside: Inside) -> OverviewOut:
    """Usable now and over the last day, open causes, what is unknown and why, work that runs."""
    found: Overview = await request.app.state.overview.now()
    return OverviewOut(
        found.at,
        found.channels,
        found.legs,
        found.unknown,
        found.day,
        found.day_at,
        found.open,
        found.kinds,
        found.parties,
        [outage_out(each, inside) for each in found.top],
        [WorkNow(each, inside.outages.name_of(each.node)) for each in found.works],
    )


@router.get("/outages/{outage_id}/map")
async def cause_map(outage_id: OutageKey, inside: Inside) -> CauseMap:
    """Where a cause is and what hangs on it, to be drawn."""
    row = await inside.outages.outage(outage_id, whole=True)
    hit = Counter(each.site_id for each in row.outage.affected if each.site_id)
    points = {
        each.id: (each.lon, each.lat)
        for each in await inside.fleet.sites()
        if each.lon is not None and each.lat is not None
    }
    drawn = spread(await inside.graph.topology(), NodeId(row.place), points)
    sites = [SiteHit(site, channels) for site, channels in sorted(hit.items())]
    return CauseMap(outage_out(row, inside), sites, drawn.nodes, drawn.lines)
