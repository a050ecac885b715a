"""RecordInfo query and response (设备视音频文件检索; GB/T 28181-2022 Annex A and M).

DeviceID is the channel. Answers come in parts; items overlap, repeat, cross midnight and are unsorted, and
fewer may come than announced. Times are aware UTC here and Beijing time on the wire, by the device's clock.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from civicam.signalling.gb28181.clock import format_time
from civicam.signalling.gb28181.ids import GbId
from civicam.signalling.gb28181.manscdp.fields import (
    Root,
    bad_field,
    element,
    flag,
    group,
    lines,
    read_flag,
    read_id,
    read_int,
    read_ok,
    read_sn,
    read_text,
    read_time,
    read_word,
)
from civicam.signalling.gb28181.manscdp.lists import pages, read_items, read_sum, write_list
from civicam.signalling.gb28181.manscdp.message import Message, Readers, Response
from civicam.signalling.gb28181.xml import Element, child, text_of

MAX_STREAM = 15
MAX_FILE_SIZE = 2**63 - 1


class RecordType(enum.StrEnum):
    """Why something was recorded."""

    TIME = "time"
    ALARM = "alarm"
    MANUAL = "manual"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class RecordInfoQuery(Message):
    """Ask for the recordings of a channel between two moments (aware; ``end`` may be open: year 9999).

    ``type`` is always written: a maker's recorders need it. ``indistinct``: 0 the place the To id names (its
    device, or a centre's store), 1 both. ``stream_number``, ``alarm_method`` and ``alarm_type`` are of 2022.
    """

    ROOT = Root.QUERY
    CMD_TYPE = "RecordInfo"

    start: datetime
    end: datetime
    type: RecordType = RecordType.ALL
    file_path: str = ""
    address: str = ""
    secret: bool = False
    recorder_id: str = ""
    indistinct: bool | None = None
    stream_number: int | None = None
    alarm_method: str = ""
    alarm_type: str = ""

    @classmethod
    def from_xml(cls, root: Element) -> RecordInfoQuery:
        """Read; raises `Refused` when SN, DeviceID, StartTime or EndTime is missing or wrong."""
        return cls(
            sn=read_sn(root),
            device_id=read_id(root),
            start=_need_time(root, "StartTime"),
            end=_need_time(root, "EndTime"),
            type=read_word(root, "Type", RecordType) or RecordType.ALL,
            file_path=read_text(root, "FilePath", 1024),
            address=read_text(root, "Address", 1024),
            secret=read_flag(root, "Secrecy") or False,
            recorder_id=read_text(root, "RecorderID"),
            indistinct=read_flag(root, "IndistinctQuery"),
            stream_number=read_int(root, "StreamNumber", 0, MAX_STREAM),
            alarm_method=read_text(root, "AlarmMethod"),
            alarm_type=read_text(root, "AlarmType"),
        )

    def content(self) -> str:
        """The children after DeviceID."""
        return lines(
            ("StartTime", self.start),
            ("EndTime", self.end),
            ("FilePath", self.file_path),
            ("Address", self.address),
            ("Secrecy", flag(self.secret)),
            ("Type", self.type),
            ("RecorderID", self.recorder_id),
            ("IndistinctQuery", flag(self.indistinct)),
            ("StreamNumber", self.stream_number),
            ("AlarmMethod", self.alarm_method),
            ("AlarmType", self.alarm_type),
        )


@dataclass(frozen=True, slots=True)
class RecordItem:
    """One recording. ``file_size`` in bytes; ``location`` (2022) is the id of where it lies.

    ``type`` is None when the device says nothing we know. Two copies are the same recording when every field
    is the same: recorders write several files with the same times.
    """

    device_id: GbId
    name: str = ""
    start: datetime | None = None
    end: datetime | None = None
    type: RecordType | None = None
    file_path: str = ""
    address: str = ""
    secret: bool = False
    recorder_id: str = ""
    file_size: int | None = None
    location: str = ""
    stream_number: int | None = None

    @classmethod
    def from_xml(cls, item: Element, channel: GbId) -> RecordItem:
        """Read one ``Item`` of an answer about ``channel``, which is meant where DeviceID is left empty.

        Raises ``signalling.bad-id`` when DeviceID is wrong.
        """
        return cls(
            device_id=read_id(item) if text_of(item, "DeviceID") else channel,
            name=read_text(item, "Name"),
            start=read_time(item, "StartTime"),
            end=read_time(item, "EndTime"),
            type=read_word(item, "Type", RecordType),
            file_path=read_text(item, "FilePath", 1024),
            address=read_text(item, "Address", 1024),
            secret=read_flag(item, "Secrecy") or False,
            recorder_id=read_text(item, "RecorderID"),
            file_size=read_int(item, "FileSize", 0, MAX_FILE_SIZE),
            location=read_text(item, "RecordLocation"),
            stream_number=read_int(item, "StreamNumber", 0, MAX_STREAM),
        )

    @property
    def identity(self) -> RecordItem:
        """What makes it distinct: everything."""
        return self

    def to_xml(self) -> str:
        """The ``Item``, in the order of the standard."""
        return group(
            "Item",
            ("DeviceID", self.device_id),
            ("Name", self.name),
            ("FilePath", self.file_path or None),
            ("Address", self.address or None),
            ("StartTime", self.start and format_time(self.start)),
            ("EndTime", self.end and format_time(self.end)),
            ("Secrecy", flag(self.secret)),
            ("Type", self.type),
            ("RecorderID", self.recorder_id or None),
            ("FileSize", self.file_size),
            ("RecordLocation", self.location or None),
            ("StreamNumber", self.stream_number),
        )


@dataclass(frozen=True, slots=True)
class RecordInfoResponse(Response):
    """One part of an answer; ``sum_num`` is None when the total is not told, ``name`` the channel's."""

    CMD_TYPE = "RecordInfo"

    sum_num: int | None
    items: tuple[RecordItem, ...] = ()
    name: str = ""
    rejected: int = 0

    @classmethod
    def from_xml(cls, root: Element) -> RecordInfoResponse:
        """Read; raises `Refused` when SN, DeviceID or SumNum is wrong. Bad items are counted, not fatal."""
        channel = read_id(root)
        listing = child(root, "RecordList")
        items, rejected = read_items(listing, "Item", partial(RecordItem.from_xml, channel=channel))
        return cls(
            sn=read_sn(root),
            device_id=channel,
            sum_num=read_sum(root, listing, len(items) + rejected),
            items=items,
            name=read_text(root, "Name"),
            rejected=rejected,
            ok=read_ok(root),
            reason=read_text(root, "Reason"),
        )

    def content(self) -> str:
        """The children after DeviceID; no list at all when there are no items (Annex M)."""
        content = self.refusal() + element("Name", self.name) + "\r\n" + lines(("SumNum", self.sum_num))
        if self.items:
            content += write_list("RecordList", [each.to_xml() for each in self.items])
        return content

    def in_parts(self, size: int) -> list[RecordInfoResponse]:
        """This whole answer, cut into parts of at most ``size`` items."""
        return [replace(self, items=page, sum_num=len(self.items)) for page in pages(self.items, size)]


def _need_time(root: Element, name: str) -> datetime:
    moment = read_time(root, name)
    if moment is None:
        raise bad_field(name, text_of(root, name))
    return moment


READERS: Readers = {
    (Root.QUERY, "recordinfo"): RecordInfoQuery.from_xml,
    (Root.RESPONSE, "recordinfo"): RecordInfoResponse.from_xml,
}
