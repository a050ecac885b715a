"""Pictures devices take when asked: ``/api/channels/{id}/snapshots``, ``/api/snapshots``.

The ask is on record with its purpose before the device hears of it, and every picture a person takes leaves a
line of its own, with the purpose of the ask.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict, Field

from civicam.access.facts import Purpose
from civicam.fleet.facts import ChannelId
from civicam.fleet.orders import Snapshot
from civicam.fleet.views import Text
from civicam.kernel.errors import Refused
from civicam.kernel.messages import message
from civicam.web.auth import Client, Inside, Who

router = APIRouter(tags=["snapshots"])

Key = Annotated[str, Path(min_length=1, max_length=32)]


class SnapshotRequest(BaseModel):
    """How many pictures, how many seconds apart, and why."""

    model_config = ConfigDict(extra="forbid")

    count: Annotated[int, Field(ge=1, le=10)] = 1
    interval_s: Annotated[int, Field(ge=1, le=60)] = 1
    purpose: Purpose = Purpose.DUTY


@dataclass(frozen=True, slots=True)
class SnapshotOut:
    """An ask; ``why`` is its code in words."""

    snapshot: Snapshot
    why: Text | None


@dataclass(frozen=True, slots=True)
class SnapshotsOut:
    """Newest first."""

    snapshots: list[SnapshotOut]


def _out(job: Snapshot) -> SnapshotOut:
    data = {"device": job.channel, "channel": job.channel, "reason": job.detail}
    words = Text(message(job.code, "zh-CN", data), message(job.code, "en", data)) if job.code else None
    return SnapshotOut(job, words)


@router.post("/channels/{channel_id}/snapshots", status_code=202)
async def ask(
    channel_id: str, body: SnapshotRequest, inside: Inside, user: Who, client: Client
) -> SnapshotOut:
    """Have the device take pictures and upload them; on record before it is asked."""
    viewing = await inside.access.begin_viewing(user, channel_id, "snapshot-ask", (body.purpose, client))
    try:
        job = await inside.operator.operations.snapshots.ask(
            ChannelId(channel_id),
            body.count,
            body.interval_s,
            owner=user.user_id,
            purpose=body.purpose.value,
        )
    finally:
        await inside.access.end_viewing(viewing.viewing_id)
    return _out(job)


@router.get("/snapshots")
async def snapshots(
    inside: Inside, user: Who, channel: Annotated[str, Query(max_length=64)] = ""
) -> SnapshotsOut:
    """What I asked for, and how far it is; looking at this list shows no picture."""
    found = inside.operator.operations.snapshots.all(user.user_id, channel)
    return SnapshotsOut([_out(job) for job in found])


@router.get("/snapshots/{snapshot_id}/pictures/{number}", response_class=FileResponse)
async def picture(
    snapshot_id: Key, number: Annotated[int, Path(ge=1, le=10)], inside: Inside, user: Who, client: Client
) -> FileResponse:
    """One picture, on record before it leaves."""
    job, path = inside.operator.operations.snapshots.picture(snapshot_id, number)
    if job.owner != user.user_id:
        raise Refused("gateway.no-snapshot")
    about = (Purpose(job.purpose), client)
    viewing = await inside.access.begin_viewing(user, job.channel_id, "device-picture", about)
    await inside.access.end_viewing(viewing.viewing_id)
    name = f"{job.channel}-{job.asked_at:%Y%m%dT%H%M%SZ}-{number:02d}.jpg"
    return FileResponse(
        path,
        media_type="image/jpeg",
        filename=name,
        content_disposition_type="inline",
        headers={"Cache-Control": "no-store"},
    )


@router.delete("/snapshots/{snapshot_id}", status_code=204)
async def remove(snapshot_id: Key, inside: Inside, user: Who) -> None:
    """Stop waiting, or remove the pictures; idempotent."""
    desk = inside.operator.operations.snapshots
    if any(job.snapshot_id == snapshot_id for job in desk.all(user.user_id)):
        await desk.remove(snapshot_id)
