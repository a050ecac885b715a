"""``/api/channels/{id}/broadcast``: speaking through a device's loudspeaker, recorded before it begins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict

from civicam.access.facts import Purpose
from civicam.fleet.facts import ChannelId
from civicam.media.engine import SoundFormat
from civicam.web.api.live import DoorOut
from civicam.web.auth import Client, Inside, Who
from civicam.web.broadcast import BroadcastDesk, SpeakWish

router = APIRouter(tags=["broadcast"])


class BroadcastRequest(BaseModel):
    """Why, and what the page will send: mono, 8 kHz."""

    model_config = ConfigDict(extra="forbid")

    format: Literal["pcm16", "pcma"] = "pcm16"
    purpose: Purpose = Purpose.DUTY


@dataclass(frozen=True, slots=True)
class SpeakTicket:
    """Where to connect and what to show there, once, within ``expires_in_s``; then send ``format``."""

    session_id: str
    stream_id: str
    door: DoorOut
    ticket: str
    expires_in_s: float
    format: Literal["pcm16", "pcma"]


def _desk(request: Request) -> BroadcastDesk:
    found: BroadcastDesk = request.app.state.broadcast
    return found


@router.post("/channels/{channel_id}/broadcast")
async def speak(
    channel_id: str, body: BroadcastRequest, inside: Inside, user: Who, client: Client, request: Request
) -> SpeakTicket:
    """Open the way to the loudspeaker; this answers when the device takes sound, which may be 20 s later."""
    wish = SpeakWish(ChannelId(channel_id), SoundFormat(body.format), body.purpose, client)
    session = await _desk(request).open(user, wish)
    door = DoorOut(session.door.port, session.door.path)
    return SpeakTicket(
        session.session_id, session.stream_id, door, session.ticket, inside.ticket_ttl_s, body.format
    )


@router.delete("/channels/{channel_id}/broadcast", status_code=204)
async def close(channel_id: str, user: Who, request: Request) -> None:
    """The person has said enough; idempotent."""
    await _desk(request).close(user, ChannelId(channel_id))
