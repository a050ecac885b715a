"""Configuration with lists in it: recording plan, recording on alarm, picture mask, text on the picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from civicam.signalling.gb28181.manscdp.config_types import MAX_STREAM, Config, ConfigType, whole_items
from civicam.signalling.gb28181.manscdp.fields import (
    bad_field,
    element,
    flag,
    group,
    need_int,
    read_flag,
    read_int,
    read_text,
)
from civicam.signalling.gb28181.xml import Element, child, text_of

DAY_S = 86_400
MAX_PIXEL = 65_535
MAX_SEGMENTS = 64
"""The standard says 8."""
MAX_DAYS = 7
MAX_REGIONS = 16
"""The standard says 4."""
MAX_TEXTS = 64
"""The standard says 8."""


def _need_flag(place: Element, name: str) -> bool:
    value = read_flag(place, name)
    if value is None:
        raise bad_field(name, text_of(place, name))
    return value


@dataclass(frozen=True, slots=True)
class TimeSegment:
    """Seconds after midnight, Beijing time; ``stop`` may be 86400 (24:00:00)."""

    start: int
    stop: int

    @classmethod
    def from_xml(cls, place: Element) -> TimeSegment:
        """Read; raises ``signalling.bad-field``. Missing seconds are 0."""
        return cls(_clock(place, "Start"), _clock(place, "Stop"))

    def to_xml(self) -> str:
        """The ``TimeSegment`` element."""
        rows = tuple(
            (head + part, value)
            for head, moment in (("Start", self.start), ("Stop", self.stop))
            for part, value in (("Hour", moment // 3600), ("Min", moment // 60 % 60), ("Sec", moment % 60))
        )
        return group("TimeSegment", *rows)


@dataclass(frozen=True, slots=True)
class DaySchedule:
    """One day of the week, 1 Monday .. 7 Sunday."""

    week_day: int
    segments: tuple[TimeSegment, ...] = ()

    @classmethod
    def from_xml(cls, place: Element) -> DaySchedule:
        """Read; raises ``signalling.bad-field``."""
        segments = whole_items(place, "TimeSegment", TimeSegment.from_xml, MAX_SEGMENTS)
        return cls(need_int(place, "WeekDayNum", 1, 7), segments)

    def to_xml(self) -> str:
        """The ``RecordSchedule`` element."""
        head = element("WeekDayNum", self.week_day) + element("TimeSegmentSumNum", len(self.segments))
        return f"<RecordSchedule>{head}{''.join(each.to_xml() for each in self.segments)}</RecordSchedule>"


@dataclass(frozen=True, slots=True)
class VideoRecordPlan(Config):
    """When the device records by itself (录像计划), at most seven days; ``stream`` 0 main, 1 sub …"""

    TYPE = ConfigType.RECORD_PLAN

    enabled: bool
    days: tuple[DaySchedule, ...] = ()
    stream: int | None = None

    @classmethod
    def from_xml(cls, place: Element) -> Self:
        """Read; raises ``signalling.bad-field``."""
        return cls(
            _need_flag(place, "RecordEnable"),
            whole_items(place, "RecordSchedule", DaySchedule.from_xml, MAX_DAYS),
            read_int(place, "StreamNumber", 0, MAX_STREAM),
        )

    def to_xml(self) -> str:
        """The element."""
        head = element("RecordEnable", flag(self.enabled)) + element("RecordScheduleSumNum", len(self.days))
        days = "".join(each.to_xml() for each in self.days)
        return f"<{self.TYPE}>{head}{days}{element('StreamNumber', self.stream)}</{self.TYPE}>"


@dataclass(frozen=True, slots=True)
class VideoAlarmRecord(Config):
    """Recording on alarm: ``after_s`` seconds after it, ``before_s`` before."""

    TYPE = ConfigType.ALARM_RECORD

    enabled: bool
    after_s: int | None = None
    before_s: int | None = None
    stream: int | None = None

    @classmethod
    def from_xml(cls, place: Element) -> Self:
        """Read; raises ``signalling.bad-field`` when RecordEnable is wrong."""
        return cls(
            _need_flag(place, "RecordEnable"),
            read_int(place, "RecordTime", 0, DAY_S),
            read_int(place, "PreRecordTime", 0, DAY_S),
            read_int(place, "StreamNumber", 0, MAX_STREAM),
        )

    def to_xml(self) -> str:
        """The element."""
        return group(
            self.TYPE,
            ("RecordEnable", flag(self.enabled)),
            ("RecordTime", self.after_s),
            ("PreRecordTime", self.before_s),
            ("StreamNumber", self.stream),
        )


@dataclass(frozen=True, slots=True)
class MaskRegion:
    """A rectangle, pixels from the top left; ``seq`` 1..4."""

    seq: int
    left: int
    top: int
    right: int
    bottom: int

    @classmethod
    def from_xml(cls, item: Element) -> MaskRegion:
        """Read; raises ``signalling.bad-field`` when Seq or Point is wrong."""
        text = read_text(item, "Point")
        parts = [each.strip() for each in text.split(",")]
        right = all(each.isascii() and each.isdigit() and len(each) <= 5 for each in parts)
        if len(parts) != 4 or not right or max(map(int, parts)) > MAX_PIXEL:
            raise bad_field("Point", text)
        return cls(need_int(item, "Seq", 1, MAX_REGIONS), *map(int, parts))

    def to_xml(self) -> str:
        """The ``Item``."""
        point = f"{self.left},{self.top},{self.right},{self.bottom}"
        return group("Item", ("Seq", self.seq), ("Point", point))


@dataclass(frozen=True, slots=True)
class PictureMask(Config):
    """Parts of the picture that are covered (视频画面遮挡): privacy zones the device itself draws."""

    TYPE = ConfigType.PICTURE_MASK

    enabled: bool
    regions: tuple[MaskRegion, ...] = ()

    @classmethod
    def from_xml(cls, place: Element) -> Self:
        """Read; raises ``signalling.bad-field``: a mask read in half would uncover the rest."""
        regions = whole_items(child(place, "RegionList"), "Item", MaskRegion.from_xml, MAX_REGIONS)
        return cls(_need_flag(place, "On"), regions)

    def to_xml(self) -> str:
        """The element."""
        count = len(self.regions)
        inner = "".join(each.to_xml() for each in self.regions)
        head = element("On", flag(self.enabled)) + element("SumNum", count)
        return f'<{self.TYPE}>{head}<RegionList Num="{count}">{inner}</RegionList></{self.TYPE}>'


@dataclass(frozen=True, slots=True)
class OsdText:
    """One line of text on the picture; the standard allows 32 characters."""

    text: str
    x: int
    y: int

    @classmethod
    def from_xml(cls, item: Element) -> OsdText:
        """Read; raises ``signalling.bad-field`` when X or Y is wrong."""
        return cls(
            read_text(item, "Text"), need_int(item, "X", 0, MAX_PIXEL), need_int(item, "Y", 0, MAX_PIXEL)
        )

    def to_xml(self) -> str:
        """The ``Item``."""
        return group("Item", ("Text", self.text), ("X", self.x), ("Y", self.y))


@dataclass(frozen=True, slots=True)
class OsdConfig(Config):
    """Time and text on the picture, in a window of ``length`` × ``width`` pixels.

    ``time_type``: 0 ``YYYY-MM-DD hh:mm:ss``, 1 the Chinese form. None where the device does not say.
    """

    TYPE = ConfigType.OSD

    length: int | None = None
    width: int | None = None
    time_x: int | None = None
    time_y: int | None = None
    time_enabled: bool | None = None
    time_type: int | None = None
    text_enabled: bool | None = None
    texts: tuple[OsdText, ...] = ()

    @classmethod
    def from_xml(cls, place: Element) -> Self:
        """Read; raises ``signalling.bad-field`` when a text cannot be read."""
        return cls(
            length=read_int(place, "Length", 0, MAX_PIXEL),
            width=read_int(place, "Width", 0, MAX_PIXEL),
            time_x=read_int(place, "TimeX", 0, MAX_PIXEL),
            time_y=read_int(place, "TimeY", 0, MAX_PIXEL),
            time_enabled=read_flag(place, "TimeEnable"),
            time_type=read_int(place, "TimeType", 0, 9),
            text_enabled=read_flag(place, "TextEnable"),
            texts=whole_items(place, "Item", OsdText.from_xml, MAX_TEXTS),
        )

    def to_xml(self) -> str:
        """The element."""
        head = (
            ("Length", self.length),
            ("Width", self.width),
            ("TimeX", self.time_x),
            ("TimeY", self.time_y),
            ("TimeEnable", flag(self.time_enabled)),
            ("TimeType", self.time_type),
            ("TextEnable", flag(self.text_enabled)),
            ("SumNum", len(self.texts)),
        )
        rows = "".join(element(name, value) for name, value in head)
        return f"<{self.TYPE}>{rows}{''.join(each.to_xml() for each in self.texts)}</{self.TYPE}>"


def _clock(place: Element, head: str) -> int:
    hour = need_int(place, head + "Hour", 0, 24)
    minute = need_int(place, head + "Min", 0, 59, missing=0)
    second = need_int(place, head + "Sec", 0, 59, missing=0)
    moment = hour * 3600 + minute * 60 + second
    if moment > DAY_S:
        raise bad_field(head + "Hour", str(hour))
    return moment
