"""Alarm notification, its subscription or query body, and its answer (报警; GB/T 28181-2022 §9.4, A.2.5).

An alarm comes as MESSAGE (the platform then owes a `AlarmResponse`) or as NOTIFY in a subscription (it does
not); Hik sends MESSAGEs even when subscribed. What a device says it saw is an event of that device, stored
as its two numbers; the names are in `civicam.signalling.gb28181.manscdp.alarm_names`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from civicam.signalling.gb28181.ids import parse_node_id
from civicam.signalling.gb28181.manscdp.fields import (
    Root,
    bad_field,
    lines,
    number,
    read_float,
    read_int,
    read_ok,
    read_sn,
    read_time,
)
from civicam.signalling.gb28181.manscdp.message import Message, Readers
from civicam.signalling.gb28181.manscdp.result import ResultResponse
from civicam.signalling.gb28181.xml import Element, child, text_of

MAX_METHOD = 99
MAX_TYPE = 999
_CENTRE_LENGTH = 10
AlarmKey = tuple[str, int | None, int | None, datetime | None]


@dataclass(frozen=True, slots=True)
class AlarmNotify(Message):
    """One alarm of ``device_id``: a channel, an alarm input, a device, or (10 digits) an alarm centre.

    ``priority`` 1 (highest) .. 4; ``method`` and ``alarm_type`` as in `alarm_names`; ``time`` aware UTC, the
    device's own clock. ``event_type`` 1 enters, 2 leaves (with type 6). What cannot be read is None: an
    alarm is never refused for a detail.
    """

    ROOT = Root.NOTIFY
    CMD_TYPE = "Alarm"

    priority: int | None = None
    method: int | None = None
    time: datetime | None = None
    description: str = ""
    longitude: float | None = None
    latitude: float | None = None
    alarm_type: int | None = None
    event_type: int | None = None

    @property
    def key(self) -> AlarmKey:
        """What two copies of one alarm have in common."""
        return self.device_id, self.method, self.alarm_type, self.time

    @classmethod
    def from_xml(cls, root: Element) -> AlarmNotify:
        """Read; raises `Refused` when SN or DeviceID is wrong."""
        info = child(root, "Info")
        params = None if info is None else child(info, "AlarmTypeParam")
        return cls(
            sn=read_sn(root),
            device_id=_read_id(root),
            priority=read_int(root, "AlarmPriority", 1, 4),
            method=read_int(root, "AlarmMethod", 1, MAX_METHOD),
            time=read_time(root, "AlarmTime"),
            description=text_of(root, "AlarmDescription", 1024) or "",
            longitude=read_float(root, "Longitude", -180.0, 180.0),
            latitude=read_float(root, "Latitude", -90.0, 90.0),
            alarm_type=_first((info, root), "AlarmType", MAX_TYPE),
            event_type=_first((params, info, root), "EventType", 9),
        )

    def content(self) -> str:
        """The children after DeviceID."""
        return (
            lines(
                ("AlarmPriority", self.priority),
                ("AlarmMethod", self.method),
                ("AlarmTime", self.time),
                ("AlarmDescription", self.description),
                ("Longitude", number(self.longitude)),
                ("Latitude", number(self.latitude)),
            )
            + self._info()
        )

    def _info(self) -> str:
        event = lines(("EventType", self.event_type))
        inner = lines(("AlarmType", self.alarm_type))
        inner += f"<AlarmTypeParam>\r\n{event}</AlarmTypeParam>\r\n" if event else ""
        return f"<Info>\r\n{inner}</Info>\r\n" if inner else ""


@dataclass(frozen=True, slots=True)
class AlarmQuery(Message):
    """Body of a subscription (and query): which alarms. Priorities 0 mean all; no ``methods`` mean all."""

    ROOT = Root.QUERY
    CMD_TYPE = "Alarm"

    start_priority: int = 0
    end_priority: int = 0
    methods: tuple[int, ...] = ()
    alarm_type: int | None = None
    start: datetime | None = None
    end: datetime | None = None

    def wants(self, alarm: AlarmNotify) -> bool:
        """Whether ``alarm`` is one that was asked for (the notifier's side)."""
        if self.methods and alarm.method not in self.methods:
            return False
        if self.alarm_type is not None and alarm.alarm_type != self.alarm_type:
            return False
        low, high = self.start_priority or 1, self.end_priority or 4
        return alarm.priority is None or low <= alarm.priority <= high

    @classmethod
    def from_xml(cls, root: Element) -> AlarmQuery:
        """Read; raises `Refused` when SN or DeviceID is wrong."""
        return cls(
            sn=read_sn(root),
            device_id=_read_id(root),
            start_priority=read_int(root, "StartAlarmPriority", 0, 4) or 0,
            end_priority=read_int(root, "EndAlarmPriority", 0, 4) or 0,
            methods=_methods(text_of(root, "AlarmMethod", 64) or ""),
            alarm_type=read_int(root, "AlarmType", 0, MAX_TYPE),
            start=_first_time(root, "StartAlarmTime", "StartTime"),
            end=_first_time(root, "EndAlarmTime", "EndTime"),
        )

    def content(self) -> str:
        """The children after DeviceID."""
        return lines(
            ("StartAlarmPriority", self.start_priority),
            ("EndAlarmPriority", self.end_priority),
            ("AlarmMethod", "/".join(map(str, self.methods)) or "0"),
            ("AlarmType", self.alarm_type),
            ("StartAlarmTime", self.start),
            ("EndAlarmTime", self.end),
        )


class AlarmResponse(ResultResponse):
    """What the platform owes an alarm that came as MESSAGE: same SN, same DeviceID."""

    __slots__ = ()
    CMD_TYPE = "Alarm"

    @classmethod
    def from_xml(cls, root: Element) -> Self:
        """Read; the DeviceID may be an alarm centre's."""
        return cls(read_sn(root), _read_id(root), read_ok(root), text_of(root, "Reason", 256) or "")

    @classmethod
    def to(cls, alarm: AlarmNotify) -> Self:
        """The answer to ``alarm``."""
        return cls(alarm.sn, alarm.device_id)


def _read_id(root: Element) -> str:
    text = text_of(root, "DeviceID")
    if text is None:
        raise bad_field("DeviceID", None)
    if len(text) == _CENTRE_LENGTH and text.isascii() and text.isdigit():
        return text
    return parse_node_id(text)


def _first(places: tuple[Element | None, ...], name: str, high: int) -> int | None:
    for place in places:
        if place is not None and (value := read_int(place, name, 0, high)) is not None:
            return value
    return None


def _first_time(root: Element, *names: str) -> datetime | None:
    return next((value for name in names if (value := read_time(root, name)) is not None), None)


def _methods(text: str) -> tuple[int, ...]:
    parts = [part.strip() for part in text.split("/")]
    found = {int(part) for part in parts if part.isascii() and part.isdigit() and len(part) <= 2}
    return () if 0 in found else tuple(sorted(found))


READERS: Readers = {
    (Root.NOTIFY, "alarm"): AlarmNotify.from_xml,
    (Root.QUERY, "alarm"): AlarmQuery.from_xml,
    (Root.RESPONSE, "alarm"): AlarmResponse.from_xml,
}
