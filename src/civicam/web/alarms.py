"""Alarms as the console shows them: the row of the room, with the names of its device and channel."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from civicam.alarms.facts import Alarm, AlarmId, AlarmRaised, AlarmReset, How, ResetState
from civicam.alarms.service import AlarmService
from civicam.fleet.service import FleetService
from civicam.fleet.views import Text

_EVENTS: dict[int | None, Literal["enter", "leave"]] = {1: "enter", 2: "leave"}
PENDING = 500
"""Alarms told to consoles between two batches; of a flood the newest."""


@dataclass(frozen=True, slots=True)
class Reset:
    """What came of the newest asking for a reset; ``by`` is empty when the platform did it by itself."""

    state: ResetState
    at: datetime | None
    by: str


@dataclass(frozen=True, slots=True)
class AlarmRow:
    """One alarm. ``at`` is the device's clock; names are None for what is no longer there."""

    id: str
    device_id: str
    device_name: str | None
    channel_id: str | None
    channel_name: str | None
    source_id: str
    priority: int | None
    method: int | None
    type: int | None
    event: Literal["enter", "leave"] | None
    name: Text
    description: str
    lon: float | None
    lat: float | None
    at: datetime | None
    received_at: datetime
    how: How
    reset: Reset


async def rows(fleet: FleetService, found: Sequence[Alarm]) -> list[AlarmRow]:
    """The rows of some alarms, in their order."""
    devices = await fleet.device_names(list({each.seen.device_id for each in found}))
    channels = await fleet.channel_names(list({each.seen.channel_id for each in found} - {""}))
    return [_row(each, devices, channels) for each in found]


def _row(alarm: Alarm, devices: dict[str, str], channels: dict[str, str]) -> AlarmRow:
    seen = alarm.seen
    return AlarmRow(
        id=alarm.alarm_id,
        device_id=seen.device_id,
        device_name=devices.get(seen.device_id),
        channel_id=seen.channel_id or None,
        channel_name=channels.get(seen.channel_id),
        source_id=seen.source_id,
        priority=seen.priority,
        method=seen.method,
        type=seen.type,
        event=_EVENTS.get(seen.event),
        name=Text(seen.name_zh, seen.name_en),
        description=seen.description,
        lon=seen.lon,
        lat=seen.lat,
        at=seen.at,
        received_at=seen.received_at,
        how=seen.how,
        reset=Reset(alarm.reset, alarm.reset_at, alarm.reset_by),
    )


class AlarmNews:
    """Alarms that consoles have not been told of yet; bounded."""

    def __init__(self, alarms: AlarmService, fleet: FleetService) -> None:
        self._alarms = alarms
        self._fleet = fleet
        self._pending: OrderedDict[AlarmId, None] = OrderedDict()

    def note(self, fact: object) -> None:
        """A fact of the outbox; what is no alarm is left alone."""
        if isinstance(fact, AlarmRaised | AlarmReset):
            self._pending[fact.alarm_id] = None
            while len(self._pending) > PENDING:
                self._pending.popitem(last=False)

    async def take(self) -> list[AlarmRow]:
        """Their rows as they are now, newest first."""
        if not self._pending:
            return []
        wanted = list(self._pending)
        found = await self._alarms.some(wanted)
        for alarm_id in wanted:
            self._pending.pop(alarm_id, None)
        return await rows(self._fleet, found)
