"""``/api/live`` and snapshots: looking at a channel, recorded before it begins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from civicam.access.facts import Purpose
from civicam.fleet.facts import ChannelId
from civicam.media.engine import WireFormat
from civicam.web.auth import Client, Inside, Who
from civicam.web.live import LiveDesk, Wish
from civicam.web.situation import LiveStream, SituationDesk

router = APIRouter(tags=["live"])


class LiveRequest(BaseModel):
    """Which channel, how, and why."""

    model_config = ConfigDict(extra="forbid")

    channel_id: Annotated[str, Field(min_length=1, max_length=64)]
    stream: Literal["main", "sub"] = "sub"
    format: Literal["annexb", "fmp4"] = "annexb"
    purpose: Purpose = Purpose.DUTY


@dataclass(frozen=True, slots=True)
class DoorOut:
    """``ws://<host of the console>:<port><path>``."""

    port: int
    path: str


@dataclass(frozen=True, slots=True)
class Ticket:
    """Where to connect and what to show there, once, within ``expires_in_s``."""

    session_id: str
    stream_id: str
    door: DoorOut
    ticket: str
    expires_in_s: float


@dataclass(frozen=True, slots=True)
class LiveStreams:
    """All open streams."""

    streams: list[LiveStream]


def _desk(request: Request) -> LiveDesk:
    found: LiveDesk = request.app.state.live
    return found


@router.post("/live")
async def open_live(body: LiveRequest, inside: Inside, user: Who, client: Client, request: Request) -> Ticket:
    """Open or join a stream and get a ticket for its door; the viewing is on record before this answers."""
    fmt = WireFormat(body.format)
    wish = Wish(ChannelId(body.channel_id), body.stream, fmt, body.purpose, client)
    session = await _desk(request).open(user, wish)
    door = DoorOut(session.door.port, session.door.path)
    return Ticket(session.session_id, session.stream_id, door, session.ticket, inside.ticket_ttl_s)


@router.get("/live")
async def live_streams(request: Request) -> LiveStreams:
    """Open streams with their measurements."""
    situation: SituationDesk = request.app.state.situation
    return LiveStreams(await situation.streams())


@router.delete("/live/{session_id}", status_code=204)
async def close_live(session_id: str, user: Who, request: Request) -> None:
    """The pane was closed; idempotent."""
    await _desk(request).close(user, session_id)


@router.get("/channels/{channel_id}/snapshot", response_class=Response)
async def snapshot(
    channel_id: str,
    user: Who,
    client: Client,
    request: Request,
    purpose: Annotated[Purpose, Query()] = Purpose.DUTY,
) -> Response:
    """The channel's newest key frame as JPEG; recorded as a viewing."""
    wish = Wish(ChannelId(channel_id), "sub", WireFormat.ANNEXB, purpose, client)
    picture = await _desk(request).snapshot(user, wish)
    return Response(picture, media_type="image/jpeg", headers={"Cache-Control": "no-store"})
