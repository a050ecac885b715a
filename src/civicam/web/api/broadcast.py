"""``/api/channels/{id}/broadcast``, ``/api/devices/{id}/broadcast``: speaking, recorded before it begins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict

from civicam.access.facts import Purpose
from civicam.media.engine import SoundFormat
from civicam.web.api.live import DoorOut
from civicam.web.auth import Client, Inside, Who
from civicam.web.broadcast import BroadcastDesk, SpeakWish
from civicam.web.live import LiveSession
from civicam.web.ports import Services

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
    wish = SpeakWish(channel_id, False, SoundFormat(body.format), body.purpose, client)
    return _ticket(await _desk(request).open(user, wish), inside, body)


@router.delete("/channels/{channel_id}/broadcast", status_code=204)
async def close(channel_id: str, user: Who, request: Request) -> None:
    """The person has said enough; idempotent."""
    await _desk(request).close(user, channel_id)


@router.post("/devices/{device_id}/broadcast")
async def speak_to_device(
    device_id: str, body: BroadcastRequest, inside: Inside, user: Who, client: Client, request: Request
) -> SpeakTicket:
    """The same through the loudspeaker of a device itself: an encoder, a recorder, a pole with a horn."""
    wish = SpeakWish(device_id, True, SoundFormat(body.format), body.purpose, client)
    return _ticket(await _desk(request).open(user, wish), inside, body)


@router.delete("/devices/{device_id}/broadcast", status_code=204)
async def close_device(device_id: str, user: Who, request: Request) -> None:
    """The person has said enough; idempotent."""
    await _desk(request).close(user, device_id)


def _ticket(session: LiveSession, inside: Services, body: BroadcastRequest) -> SpeakTicket:
    door = DoorOut(session.door.port, session.door.path)
    return SpeakTicket(
        session.session_id, session.stream_id, door, session.ticket, inside.ticket_ttl_s, body.format
    )
