"""Situation, tree, sites, channels, search, RTSP sources."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from civicam.fleet.facts import DeviceId
from civicam.fleet.sources import SourceHome, new_source
from civicam.fleet.views import ChannelFilter, ChannelPage, ChannelRow, Hit, Node, SiteRow, SourceRow
from civicam.usability.facts import Leg, State
from civicam.web.api.records import CameraIn
from civicam.web.auth import Inside
from civicam.web.situation import Situation

router = APIRouter(tags=["fleet"])

Q = Annotated[str, Query(max_length=100)]
Short = Annotated[str, Field(min_length=1, max_length=200)]


@dataclass(frozen=True, slots=True)
class Nodes:
    """Children of a tree node."""

    nodes: list[Node]


@dataclass(frozen=True, slots=True)
class Sites:
    """All sites."""

    sites: list[SiteRow]


@dataclass(frozen=True, slots=True)
class SiteOut:
    """A site with its channels."""

    site: SiteRow
    channels: list[ChannelRow]


@dataclass(frozen=True, slots=True)
class Hits:
    """Results of a search."""

    hits: list[Hit]


@dataclass(frozen=True, slots=True)
class Sources:
    """RTSP sources, without their passwords."""

    sources: list[SourceRow]


@dataclass(frozen=True, slots=True)
class Made:
    """The id of what was added."""

    id: str


class NewSource(BaseModel):
    """A third-party camera or encoder that speaks RTSP; ``url`` carries no credentials."""

    model_config = ConfigDict(extra="forbid")

    name: Short
    url: Annotated[str, Field(min_length=8, max_length=1000)]
    username: Annotated[str, Field(max_length=200)] | None = None
    password: Annotated[str, Field(max_length=200)] | None = None
    site_id: Annotated[str, Field(max_length=64)] | None = None
    camera: CameraIn | None = None
    """Its record in the register; without a complete one it does not go live."""


@router.get("/situation")
async def situation(request: Request) -> Situation:
    """Counts by state, streams, newest transitions."""
    found: Situation = await request.app.state.situation.now()
    return found


@router.get("/tree")
async def tree(inside: Inside, parent: Annotated[str, Query(max_length=64)] = "") -> Nodes:
    """Children of a node; the districts for none."""
    return Nodes(await inside.fleet.tree(parent))


@router.get("/sites")
async def sites(inside: Inside) -> Sites:
    """All sites with the state of their channels, for the map."""
    return Sites(await inside.fleet.sites())


@router.get("/sites/{site_id}")
async def site(site_id: str, inside: Inside) -> SiteOut:
    """One site and its channels."""
    row, channels = await inside.fleet.site(site_id)
    return SiteOut(row, channels)


class ChannelsQuery(BaseModel):
    """Which channels, and which page. ``usable``: those in this state, or with ``leg`` those whose leg is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    q: Annotated[str, Field(max_length=100)] = ""
    state: Literal["", "online", "offline", "unknown"] = ""
    district: Annotated[str, Field(max_length=12)] = ""
    usable: State | Literal[""] = ""
    leg: Leg | Literal[""] = ""
    after: Annotated[str, Field(max_length=500)] = ""
    limit: Annotated[int, Field(ge=1, le=1000)] = 100


@router.get("/channels")
async def channels(inside: Inside, asked: Annotated[ChannelsQuery, Query()]) -> ChannelPage:
    """A page of channels by name; ``next`` goes back as ``after``."""
    among = None
    if asked.usable:
        among = inside.usability.channels_in(asked.usable, asked.leg or None)
    wanted = ChannelFilter(asked.q.strip(), asked.state, asked.district, among)
    return await inside.fleet.channels(wanted, asked.after, asked.limit)


@router.get("/channels/{channel_id}")
async def channel(channel_id: str, inside: Inside) -> ChannelRow:
    """One channel."""
    return await inside.fleet.channel(channel_id)


@router.get("/search")
async def search(inside: Inside, q: Q = "", limit: Annotated[int, Query(ge=1, le=100)] = 20) -> Hits:
    """Districts, sites, devices and channels whose name or code contains ``q``."""
    return Hits(await inside.fleet.search(q, limit))


@router.get("/sources")
async def sources(inside: Inside) -> Sources:
    """Third-party RTSP sources."""
    return Sources(await inside.fleet.sources())


@router.post("/sources", status_code=201)
async def add_source(body: NewSource, inside: Inside) -> Made:
    """Enrol a source; it is watched from now on."""
    wanted = new_source(
        secrets.token_hex(16),
        body.name.strip(),
        body.url.strip(),
        body.username or "",
        SourceHome(body.site_id or None, None if body.camera is None else body.camera.record()),
    )
    return Made(await inside.fleet.add_source(wanted, body.password or ""))


@router.delete("/sources/{source_id}", status_code=204)
async def remove_source(source_id: str, inside: Inside) -> None:
    """Remove a source and its channel."""
    await inside.fleet.remove_source(DeviceId(source_id))
