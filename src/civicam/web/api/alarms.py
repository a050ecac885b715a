"""``/api/alarms``: what devices raised, and its reset. ``/api/positions``: where mobile devices are now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from civicam.alarms.ports import AlarmFilter
from civicam.web.alarms import AlarmRow, rows
from civicam.web.auth import Inside, Who

router = APIRouter(tags=["alarms"])

AlarmKey = Annotated[str, Path(min_length=1, max_length=32)]


class AlarmQuery(BaseModel):
    """Which alarms. ``from`` and ``to`` are received times with a zone; the first is included."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    device: Annotated[str, Field(max_length=32)] = ""
    priority: Annotated[int, Field(ge=1, le=4)] | None = None
    method: Annotated[int, Field(ge=1, le=99)] | None = None
    since: Annotated[AwareDatetime | None, Field(alias="from")] = None
    until: Annotated[AwareDatetime | None, Field(alias="to")] = None
    after: Annotated[str, Field(max_length=200)] = ""
    limit: Annotated[int, Field(ge=1, le=1000)] = 100


@dataclass(frozen=True, slots=True)
class AlarmsOut:
    """A page of alarms, newest first; ``next`` goes back as ``after``."""

    alarms: list[AlarmRow]
    next: str | None


@dataclass(frozen=True, slots=True)
class PositionOut:
    """Where a mobile device is, and how old that is. There is no earlier one."""

    device_id: str
    device_name: str | None
    gb_id: str
    lon: float
    lat: float
    at: datetime | None
    received_at: datetime
    speed: float | None
    direction: float | None


@dataclass(frozen=True, slots=True)
class PositionsOut:
    """The newest position of each mobile device, those heard last first."""

    positions: list[PositionOut]


@router.get("/alarms")
async def alarms(
    inside: Inside,
    wanted: Annotated[AlarmQuery, Query()],
) -> AlarmsOut:
    """A page of alarms."""
    chosen = AlarmFilter(wanted.device, wanted.priority, wanted.method, wanted.since, wanted.until)
    page = await inside.alarms.page(chosen, wanted.after, wanted.limit)
    return AlarmsOut(await rows(inside.fleet, page.alarms), page.next)


@router.post("/alarms/{alarm_id}/reset")
async def reset(alarm_id: AlarmKey, inside: Inside, who: Who) -> AlarmRow:
    """Ask the device to reset an alarm, and keep what came of it. Answered with the alarm as it is then."""
    alarm = await inside.alarms.alarm(alarm_id)
    await inside.operator.operations.alarms.reset(alarm, who.name)
    (row,) = await rows(inside.fleet, [await inside.alarms.alarm(alarm_id)])
    return row


@router.get("/positions")
async def positions(inside: Inside) -> PositionsOut:
    """Where mobile devices are now."""
    found = inside.operator.operations.positions.newest()
    names = await inside.fleet.device_names(list({each.device_id for each in found}))
    return PositionsOut(
        [
            PositionOut(
                device_id=each.device_id,
                device_name=names.get(each.device_id),
                gb_id=each.gb_id,
                lon=each.lon,
                lat=each.lat,
                at=each.at,
                received_at=each.received_at,
                speed=each.speed,
                direction=each.direction,
            )
            for each in found
        ]
    )
