"""Recordings on devices: ``/api/channels/{id}/recordings``, ``/api/playback``, ``/api/downloads``.

Playing and fetching are on record with their purpose before a picture leaves, as live view is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from civicam.access.facts import Purpose
from civicam.fleet.facts import ChannelId
from civicam.fleet.orders import Download, Outcome, Recordings
from civicam.fleet.views import Text
from civicam.kernel.errors import Refused
from civicam.kernel.messages import message
from civicam.media.engine import WireFormat
from civicam.web.api.live import DoorOut, Ticket
from civicam.web.auth import Client, Inside, Who
from civicam.web.playback import PlaybackDesk, PlayWish

router = APIRouter(tags=["playback"])

Id = Annotated[str, Field(min_length=1, max_length=64)]


class PlaybackRequest(BaseModel):
    """Which channel, from when to when, how, and why."""

    model_config = ConfigDict(extra="forbid")

    channel_id: Id
    start: AwareDatetime
    end: AwareDatetime
    format: Literal["annexb", "fmp4"] = "annexb"
    purpose: Purpose = Purpose.DUTY


class ControlRequest(BaseModel):
    """``seek`` needs ``at``, ``scale`` needs ``value``."""

    model_config = ConfigDict(extra="forbid")

    action: Literal["pause", "resume", "seek", "scale"]
    at: AwareDatetime | None = None
    value: Annotated[float, Field(gt=0, le=16)] = 1.0


class DownloadRequest(BaseModel):
    """Which channel, from when to when, and why; ``speed`` times faster than it was recorded."""

    model_config = ConfigDict(extra="forbid")

    channel_id: Id
    start: AwareDatetime
    end: AwareDatetime
    speed: Annotated[int, Field(ge=1, le=16)] = 4
    purpose: Purpose = Purpose.DUTY


@dataclass(frozen=True, slots=True)
class DownloadsOut:
    """Newest first; ``why``: the codes of those that failed, in words."""

    downloads: list[Download]
    why: dict[str, Text]


def _desk(request: Request) -> PlaybackDesk:
    found: PlaybackDesk = request.app.state.playback
    return found


@router.get("/channels/{channel_id}/recordings")
async def recordings(
    channel_id: str,
    inside: Inside,
    start: Annotated[AwareDatetime, Query()],
    end: Annotated[AwareDatetime, Query()],
) -> Recordings:
    """What the device recorded in a period of two days at most."""
    return await inside.operator.operations.playbacks.search(ChannelId(channel_id), start, end)


@router.post("/playback")
async def play(body: PlaybackRequest, inside: Inside, user: Who, client: Client, request: Request) -> Ticket:
    """Play a recording; the viewing is on record before this answers."""
    wish = PlayWish(
        ChannelId(body.channel_id), body.start, body.end, WireFormat(body.format), body.purpose, client
    )
    session = await _desk(request).open(user, wish)
    door = DoorOut(session.door.port, session.door.path)
    return Ticket(session.session_id, session.stream_id, door, session.ticket, inside.ticket_ttl_s)


@router.post("/playback/{session_id}/control")
async def control(session_id: str, body: ControlRequest, user: Who, request: Request) -> Outcome:
    """Pause, go on, jump, change the speed."""
    if body.action == "seek" and body.at is None:
        raise Refused("gateway.bad-period")
    return await _desk(request).control(user, session_id, body.action, (body.value, body.at))


@router.delete("/playback/{session_id}", status_code=204)
async def close(session_id: str, user: Who, request: Request) -> None:
    """The person has seen enough; idempotent."""
    await _desk(request).close(user, session_id)


@router.post("/downloads", status_code=202)
async def ask_download(body: DownloadRequest, inside: Inside, user: Who, client: Client) -> Download:
    """Fetch a recording as a file; on record before it begins."""
    viewing = await inside.access.begin_viewing(user, body.channel_id, "download", (body.purpose, client))
    try:
        return await inside.operator.operations.downloads.ask(
            ChannelId(body.channel_id), body.start, body.end, owner=user.user_id, speed=body.speed
        )
    finally:
        await inside.access.end_viewing(viewing.viewing_id)


@router.get("/downloads")
async def downloads(inside: Inside, user: Who) -> DownloadsOut:
    """My files and how far they are."""
    jobs = await inside.operator.operations.downloads.all(user.user_id)
    return DownloadsOut(jobs, {job.code: _words(job) for job in jobs if job.code})


@router.get("/downloads/{download_id}/file")
async def download_file(download_id: str, inside: Inside, user: Who, client: Client) -> FileResponse:
    """The finished file; taking it is on record too."""
    job, path = inside.operator.operations.downloads.file(download_id)
    if job.owner != user.user_id:
        raise Refused("gateway.no-download")
    viewing = await inside.access.begin_viewing(user, job.channel_id, "download-file", (Purpose.DUTY, client))
    await inside.access.end_viewing(viewing.viewing_id)
    name = f"{job.channel}-{_stamp(job.start)}-{_stamp(job.end)}.mp4"
    return FileResponse(path, media_type="video/mp4", filename=name, headers={"Cache-Control": "no-store"})


@router.delete("/downloads/{download_id}", status_code=204)
async def remove_download(download_id: str, inside: Inside, user: Who) -> None:
    """Cancel it, or remove its file; idempotent."""
    desk = inside.operator.operations.downloads
    if any(job.download_id == download_id for job in await desk.all(user.user_id)):
        await desk.remove(download_id)


def _words(job: Download) -> Text:
    data = {"device": job.channel, "channel": job.channel}
    return Text(message(job.code, "zh-CN", data), message(job.code, "en", data))


def _stamp(moment: datetime) -> str:
    return f"{moment:%Y%m%dT%H%M%SZ}"
