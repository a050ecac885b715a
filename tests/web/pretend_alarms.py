"""The gateway's side of alarms and positions, pretended."""

from __future__ import annotations

from dataclasses import dataclass, field

from civicam.alarms.facts import Alarm, ResetState
from civicam.alarms.service import AlarmService
from civicam.fleet.sight import Position


@dataclass
class PretendAlarmDesk:
    """Devices answer every reset with ``state``; ``fault`` is raised instead when it is set."""

    alarms: AlarmService
    state: ResetState = "done"
    fault: Exception | None = None

    async def reset(self, alarm: Alarm, by: str) -> None:
        if self.fault is not None:
            raise self.fault
        await self.alarms.reset(alarm.alarm_id, self.state, by)


@dataclass
class PretendPositions:
    """Says where the test put them."""

    places: list[Position] = field(default_factory=list)

    def newest(self) -> list[Position]:
        return self.places
