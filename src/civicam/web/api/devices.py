"""``/api/devices``: the list, one device with what is stored and what is now, and its SIP ladder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from civicam.access.facts import Purpose
from civicam.fleet.facts import ChannelId, DeviceId, Presence
from civicam.fleet.sight import Checkup, DeviceSight, TraceRow
from civicam.fleet.views import DeviceDetail, DeviceFilter, DevicePage
from civicam.web.auth import Client, Inside, Who

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


@dataclass(frozen=True, slots=True)
class CheckupOut:
    """``checkup`` None: this device was not tested since our start."""

    checkup: Checkup | None


@router.post("/devices/{device_id}/checkup", status_code=202)
async def start_checkup(device_id: str, inside: Inside, user: Who, client: Client) -> CheckupOut:
    """Test a device: register, heartbeat, status, clock, catalogue, live, stop. Watching is on record."""
    stored = await inside.fleet.device(device_id)
    able = next((each for each in stored.channels if each.state is not Presence.OFFLINE), None)
    if able is not None:  # no line, no picture
        viewing = await inside.access.begin_viewing(user, able.id, "checkup", (Purpose.MAINTENANCE, client))
        await inside.access.end_viewing(viewing.viewing_id)
    found = inside.operator.operations.checkups.start(
        DeviceId(device_id), None if able is None else ChannelId(able.id)
    )
    return CheckupOut(found)


@router.get("/devices/{device_id}/checkup")
async def checkup(device_id: str, inside: Inside) -> CheckupOut:
    """The newest test of a device and how far it is."""
    await inside.fleet.device(device_id)
    return CheckupOut(inside.operator.operations.checkups.last(DeviceId(device_id)))
