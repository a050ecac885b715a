"""``/api/devices``: the list, one device with what is stored and what is now, and its SIP ladder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from civicam.fleet.facts import DeviceId
from civicam.fleet.sight import DeviceSight, TraceRow
from civicam.fleet.views import DeviceDetail, DeviceFilter, DevicePage
from civicam.web.auth import Inside

router = APIRouter(tags=["devices"])

After = Annotated[int, Query(ge=0, le=2**53)]


@dataclass(frozen=True, slots=True)
class DeviceOut:
    """``sight`` is None for what is no GB/T 28181 device: of an RTSP source there is no more to see."""

    stored: DeviceDetail
    sight: DeviceSight | None


@dataclass(frozen=True, slots=True)
class Ladder:
    """Messages in order; ask again with the last ``number`` as ``after``."""

    rows: list[TraceRow]


@dataclass(frozen=True, slots=True)
class Asked:
    """Whether something was started, or was under way already."""

    started: bool


@router.get("/devices")
async def devices(
    inside: Inside,
    q: Annotated[str, Query(max_length=100)] = "",
    state: Literal["", "online", "offline", "unknown"] = "",
    protocol: Literal["", "gb28181", "rtsp"] = "",
    after: Annotated[str, Query(max_length=500)] = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> DevicePage:
    """A page of devices by name; ``next`` goes back as ``after``."""
    return await inside.fleet.device_page(DeviceFilter(q.strip(), state, protocol), after, limit)


@router.get("/strangers/trace")
async def strangers_trace(inside: Inside, after: After = 0) -> Ladder:
    """What came lately from those who are no devices of ours, and what they were told."""
    return Ladder(inside.operator.operations.sights.strangers(after))


@router.get("/devices/{device_id}")
async def device(device_id: str, inside: Inside) -> DeviceOut:
    """One device: what is stored, and what is known at this moment."""
    stored = await inside.fleet.device(device_id)
    if stored.device.protocol != "gb28181" or not stored.device.enabled:
        return DeviceOut(stored, None)
    return DeviceOut(stored, inside.operator.operations.sights.sight(DeviceId(device_id)))


@router.get("/devices/{device_id}/trace")
async def trace(device_id: str, inside: Inside, after: After = 0) -> Ladder:
    """The SIP ladder: the last messages between the device and us, secrets masked."""
    return Ladder(inside.operator.operations.sights.ladder(DeviceId(device_id), after))


@router.get("/devices/{device_id}/trace.txt", response_class=Response)
async def trace_text(device_id: str, inside: Inside) -> Response:
    """The same as text; ``text2pcap -l 101`` makes a capture of it."""
    text = inside.operator.operations.sights.trace_text(DeviceId(device_id))
    stored = await inside.fleet.device(device_id)
    name = stored.device.gb_id if stored.device.gb_id.isalnum() else "device"
    headers = {"Content-Disposition": f'attachment; filename="{name}-sip.txt"', "Cache-Control": "no-store"}
    return Response(text, media_type="text/plain; charset=utf-8", headers=headers)


@router.post("/devices/{device_id}/catalogue", status_code=202)
async def read_catalogue(device_id: str, inside: Inside) -> Asked:
    """Ask the device for its channels anew; how far that came is in its sight."""
    inside.operator.operations.sights.sight(DeviceId(device_id))  # refuses what is unknown
    return Asked(inside.operator.read_catalogue(DeviceId(device_id)))
