"""Positions of mobile devices (移动设备位置): the newest of each, in memory, and nothing else.

No position is stored and none is kept beside the newest: where a device was before is nobody's business here
(README, boundary). After our start there are none until devices report.
"""

from __future__ import annotations

from collections import OrderedDict

from civicam.fleet.facts import DeviceId
from civicam.fleet.sight import Position
from civicam.gateway.desk import Desk
from civicam.gateway.roster import Entry
from civicam.signalling.gb28181.manscdp import Message
from civicam.signalling.gb28181.manscdp.mobile_position import Fix, MobilePosition
from civicam.signalling.sip.events import RequestReceived

_MOST = 20_000
"""Mobile devices remembered; those heard longest ago are forgotten first."""


class Positions:
    """The use case."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._newest: OrderedDict[tuple[DeviceId, str], Position] = OrderedDict()

    def __len__(self) -> int:
        return len(self._newest)

    def message(self, entry: Entry, _event: RequestReceived, report: Message) -> None:
        """A position as MESSAGE."""
        self.notice(entry, report)

    def notice(self, entry: Entry, report: Message) -> None:
        """A position as NOTIFY."""
        if not isinstance(report, MobilePosition):
            return
        self._desk.counters["position_unusable"] += report.dropped
        for fix in report.fixes:
            self._take(entry.device_id, fix)

    def _take(self, device_id: DeviceId, fix: Fix) -> None:
        key = (device_id, str(fix.device_id))
        before = self._newest.pop(key, None)
        made = Position(
            device_id=device_id,
            gb_id=str(fix.device_id),
            lon=fix.longitude,
            lat=fix.latitude,
            at=fix.time,
            received_at=self._desk.clock.now(),
            speed=fix.speed,
            direction=fix.direction,
        )
        self._newest[key] = made if before is None or not _older(made, before) else before
        self._desk.counters["position"] += 1
        while len(self._newest) > _MOST:
            self._newest.popitem(last=False)

    def newest(self) -> list[Position]:
        """One for each mobile device, those heard last first."""
        return list(reversed(self._newest.values()))

    def gone(self, device_id: DeviceId) -> None:
        """The device went away: where it is, is not known any more."""
        for key in [key for key in self._newest if key[0] == device_id]:
            del self._newest[key]


def _older(new: Position, before: Position) -> bool:
    """Whether a report was overtaken on its way, by the device's own clock."""
    return new.at is not None and before.at is not None and new.at < before.at
