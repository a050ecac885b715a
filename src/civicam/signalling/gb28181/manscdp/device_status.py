"""DeviceStatus query and response (设备状态; GB/T 28181-2022 Annex A)."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime

from civicam.signalling.gb28181.ids import GbId
from civicam.signalling.gb28181.manscdp.fields import (
    Root,
    group,
    lines,
    read_flag,
    read_id,
    read_ok,
    read_sn,
    read_text,
    read_time,
    read_word,
)
from civicam.signalling.gb28181.manscdp.lists import read_items, write_list
from civicam.signalling.gb28181.manscdp.message import PlainQuery, Readers, Response
from civicam.signalling.gb28181.xml import Element, child

MAX_ALARM_INPUTS = 1024


class Duty(enum.StrEnum):
    """What an alarm input does (DutyStatus)."""

    ARMED = "ONDUTY"
    """布防."""
    DISARMED = "OFFDUTY"
    """撤防."""
    ALARM = "ALARM"
    UNKNOWN = ""
    """A word outside the standard."""


@dataclass(frozen=True, slots=True)
class AlarmInput:
    """One alarm input and its state."""

    device_id: GbId
    duty: Duty

    @classmethod
    def from_xml(cls, item: Element) -> AlarmInput:
        """Read; raises `Refused` when DeviceID is wrong."""
        return cls(read_id(item), read_word(item, "DutyStatus", Duty) or Duty.UNKNOWN)

    def to_xml(self) -> str:
        """The ``Item``."""
        return group("Item", ("DeviceID", self.device_id), ("DutyStatus", self.duty))


class DeviceStatusQuery(PlainQuery):
    """Ask a device or channel how it is."""

    __slots__ = ()
    CMD_TYPE = "DeviceStatus"


@dataclass(frozen=True, slots=True)
class DeviceStatusResponse(Response):
    """None where the device says nothing. ``working`` is Status, ``encoding`` Encode, ``recording`` Record.

    ``device_time`` is aware UTC, whatever zone the device wrote; ``rejected`` counts unreadable alarm inputs.
    """

    CMD_TYPE = "DeviceStatus"

    online: bool | None = None
    working: bool | None = None
    encoding: bool | None = None
    recording: bool | None = None
    device_time: datetime | None = None
    alarm_inputs: tuple[AlarmInput, ...] = ()
    rejected: int = 0

    @classmethod
    def from_xml(cls, root: Element) -> DeviceStatusResponse:
        """Read; raises `Refused` when SN or DeviceID is wrong."""
        alarm_inputs, rejected = read_items(
            child(root, "Alarmstatus"), "Item", AlarmInput.from_xml, MAX_ALARM_INPUTS
        )
        return cls(
            sn=read_sn(root),
            device_id=read_id(root),
            online=_ONLINE.get(read_text(root, "Online").upper()),
            working=_WORKING.get(read_text(root, "Status").upper()),
            encoding=read_flag(root, "Encode"),
            recording=read_flag(root, "Record"),
            device_time=read_time(root, "DeviceTime"),
            alarm_inputs=alarm_inputs,
            rejected=rejected,
            ok=read_ok(root),
            reason=read_text(root, "Reason"),
        )

    def content(self) -> str:
        """The children after DeviceID."""
        content = lines(
            ("Result", "OK" if self.ok else "ERROR"),
            ("Online", _word(self.online, "ONLINE", "OFFLINE")),
            ("Status", _word(self.working, "OK", "ERROR")),
            ("Reason", self.reason),
            ("Encode", _word(self.encoding, "ON", "OFF")),
            ("Record", _word(self.recording, "ON", "OFF")),
            ("DeviceTime", self.device_time),
        )
        if self.alarm_inputs:
            content += write_list("Alarmstatus", [each.to_xml() for each in self.alarm_inputs])
        return content


_ONLINE = {"ONLINE": True, "ON": True, "1": True, "OFFLINE": False, "OFF": False, "0": False}
_WORKING = {"OK": True, "ON": True, "ERROR": False, "OFF": False}


def _word(value: bool | None, yes: str, no: str) -> str | None:
    return None if value is None else yes if value else no


READERS: Readers = {
    (Root.QUERY, "devicestatus"): DeviceStatusQuery.from_xml,
    (Root.RESPONSE, "devicestatus"): DeviceStatusResponse.from_xml,
}
