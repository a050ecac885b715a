"""What can be configured on a device: the base of all types, and the plain ones (GB/T 28181-2022 Annex A).

The same element stands in an answer to ConfigDownload and in a DeviceConfig. What a device leaves out is
None or empty, and is left out again when written. Where a number steers the device and is wrong, the whole
element is refused: half a setting, written back, would be another setting.

Codes are those of the ``f=`` line in SDP: video 1 MPEG-4, 2 H.264, 3 SVAC, 4 3GP, 5 H.265; resolution
1 QCIF, 2 CIF, 3 4CIF, 4 D1, 5 720p, 6 1080p, else ``WxH``; rate type 1 constant, 2 variable.
"""

from __future__ import annotations

import enum
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar, Self, TypeVar

from lxml import etree

from civicam.signalling.gb28181.manscdp.fields import (
    bad_field,
    element,
    flag,
    group,
    need_int,
    number,
    read_flag,
    read_float,
    read_int,
    read_text,
)
from civicam.signalling.gb28181.manscdp.lists import read_items
from civicam.signalling.gb28181.xml import Element, local_name, text_of

MAX_NUMBER = 2**31 - 1
MAX_STREAM = 15
MAX_STREAMS = 64
MAX_OPAQUE = 65_536
MAX_LIST = 32

T = TypeVar("T")


class ConfigType(enum.StrEnum):
    """The names in ConfigType; the first four are of 2016. Each is the name of its element too."""

    BASIC = "BasicParam"
    VIDEO_OPT = "VideoParamOpt"
    SVAC_ENCODE = "SVACEncodeConfig"
    SVAC_DECODE = "SVACDecodeConfig"
    VIDEO_ATTRIBUTE = "VideoParamAttribute"
    RECORD_PLAN = "VideoRecordPlan"
    ALARM_RECORD = "VideoAlarmRecord"
    PICTURE_MASK = "PictureMask"
    FRAME_MIRROR = "FrameMirror"
    ALARM_REPORT = "AlarmReport"
    OSD = "OSDConfig"
    SNAPSHOT = "SnapShotConfig"


class Config(ABC):
    """One element of a configuration; subclasses are frozen dataclasses."""

    __slots__ = ()
    TYPE: ClassVar[ConfigType]

    @classmethod
    @abstractmethod
    def from_xml(cls, place: Element) -> Self:
        """Read the element; raises ``signalling.bad-field``."""

    @abstractmethod
    def to_xml(self) -> str:
        """The element, on one line."""

    @property
    def identity(self) -> ConfigType:
        """Answers are counted by type."""
        return self.TYPE


@dataclass(frozen=True, slots=True)
class BasicParam(Config):
    """Name, registration ``expiration`` s, heartbeat interval s and count, as the device says: unclamped.

    2016 lets a device say ``position_capability`` (0 none, 1 GPS, 2 BeiDou) and where it stands, WGS-84
    degrees. Some makers add which server they register with; the password beside it is never read.
    """

    TYPE = ConfigType.BASIC

    name: str = ""
    expiration: int | None = None
    heartbeat_interval: int | None = None
    heartbeat_count: int | None = None
    position_capability: int | None = None
    longitude: float | None = None
    latitude: float | None = None
    server_id: str = ""
    server_host: str = ""
    server_port: int | None = None
    domain: str = ""

    @classmethod
    def from_xml(cls, place: Element) -> Self:
        """Read; a wrong number is none."""
        return cls(
            name=read_text(place, "Name"),
            expiration=read_int(place, "Expiration", 0, MAX_NUMBER),
            heartbeat_interval=read_int(place, "HeartBeatInterval", 0, MAX_NUMBER),
            heartbeat_count=read_int(place, "HeartBeatCount", 0, MAX_NUMBER),
            position_capability=read_int(place, "PositionCapability", 0, 9),
            longitude=read_float(place, "Longitude", -180.0, 180.0),
            latitude=read_float(place, "Latitude", -90.0, 90.0),
            server_id=read_text(place, "SIPServerID", 64),
            server_host=read_text(place, "SIPServerIP", 64),
            server_port=read_int(place, "SIPServerPort", 0, 65_535),
            domain=read_text(place, "DomainName", 64),
        )

    def to_xml(self) -> str:
        """The element; what is not set is left as it is on the device."""
        return group(
            self.TYPE,
            ("Name", self.name or None),
            ("Expiration", self.expiration),
            ("HeartBeatInterval", self.heartbeat_interval),
            ("HeartBeatCount", self.heartbeat_count),
            ("PositionCapability", self.position_capability),
            ("Longitude", number(self.longitude)),
            ("Latitude", number(self.latitude)),
            ("SIPServerID", self.server_id or None),
            ("SIPServerIP", self.server_host or None),
            ("SIPServerPort", self.server_port),
            ("DomainName", self.domain or None),
        )


@dataclass(frozen=True, slots=True)
class VideoParamOpt(Config):
    """What a device offers: download speeds, and resolutions as codes or ``WxH``: ``("5", "1920x1080")``."""

    TYPE = ConfigType.VIDEO_OPT

    download_speeds: tuple[str, ...] = ()
    resolutions: tuple[str, ...] = ()

    @classmethod
    def from_xml(cls, place: Element) -> Self:
        """Read both lists; never raises."""
        return cls(_slashes(place, "DownloadSpeed"), _slashes(place, "Resolution"))

    def to_xml(self) -> str:
        """The element."""
        return group(
            self.TYPE,
            ("DownloadSpeed", "/".join(self.download_speeds) or None),
            ("Resolution", "/".join(self.resolutions) or None),
        )


@dataclass(frozen=True, slots=True)
class StreamAttribute:
    """How a stream (0 main, 1 sub …) is encoded, in codes; ``bit_rate`` kbit/s, ``frame_rate`` fps."""

    stream: int
    video_format: str = ""
    resolution: str = ""
    frame_rate: int | None = None
    rate_type: int | None = None
    bit_rate: int | None = None

    @classmethod
    def from_xml(cls, item: Element) -> StreamAttribute:
        """Read; raises ``signalling.bad-field`` when StreamNumber is wrong."""
        return cls(
            need_int(item, "StreamNumber", 0, MAX_STREAM),
            read_text(item, "VideoFormat", 32),
            read_text(item, "Resolution", 32),
            read_int(item, "FrameRate", 0, 99),
            read_int(item, "BitRateType", 0, 9),
            read_int(item, "VideoBitRate", 0, 100_000),
        )

    def to_xml(self) -> str:
        """The ``Item``."""
        return group(
            "Item",
            ("StreamNumber", self.stream),
            ("VideoFormat", self.video_format or None),
            ("Resolution", self.resolution or None),
            ("FrameRate", self.frame_rate),
            ("BitRateType", self.rate_type),
            ("VideoBitRate", self.bit_rate),
        )


@dataclass(frozen=True, slots=True)
class VideoParamAttribute(Config):
    """How each stream is encoded."""

    TYPE = ConfigType.VIDEO_ATTRIBUTE

    streams: tuple[StreamAttribute, ...] = ()

    @classmethod
    def from_xml(cls, place: Element) -> Self:
        """Read; one bad item refuses the element."""
        return cls(whole_items(place, "Item", StreamAttribute.from_xml, MAX_STREAMS))

    def to_xml(self) -> str:
        """The element."""
        inner = "".join(each.to_xml() for each in self.streams)
        return f'<{self.TYPE} Num="{len(self.streams)}">{inner}</{self.TYPE}>'


class Mirror(enum.IntEnum):
    """How the picture is turned over."""

    NONE = 0
    LEFT_RIGHT = 1
    UP_DOWN = 2
    BOTH = 3


@dataclass(frozen=True, slots=True)
class FrameMirror(Config):
    """The picture turned over (画面翻转)."""

    TYPE = ConfigType.FRAME_MIRROR

    mode: Mirror = Mirror.NONE

    @classmethod
    def from_xml(cls, place: Element) -> Self:
        """Read; raises ``signalling.bad-field`` for anything but 0..3."""
        text = (place.text or "").strip()
        if text not in {"0", "1", "2", "3"}:
            raise bad_field(cls.TYPE, text)
        return cls(Mirror(int(text)))

    def to_xml(self) -> str:
        """The element: a bare number."""
        return element(self.TYPE, int(self.mode))


@dataclass(frozen=True, slots=True)
class AlarmReport(Config):
    """Whether the device reports motion, and intrusion into a field; None where it does not say."""

    TYPE = ConfigType.ALARM_REPORT

    motion: bool | None = None
    intrusion: bool | None = None

    @classmethod
    def from_xml(cls, place: Element) -> Self:
        """Read; never raises."""
        return cls(read_flag(place, "MotionDetection"), read_flag(place, "FieldDetection"))

    def to_xml(self) -> str:
        """The element."""
        return group(
            self.TYPE, ("MotionDetection", flag(self.motion)), ("FieldDetection", flag(self.intrusion))
        )


@dataclass(frozen=True, slots=True)
class SnapShotConfig(Config):
    """Take ``count`` pictures (1..10), ``interval`` s apart, and upload them over HTTP under ``session_id``.

    Whoever knows URL and session may upload: neither is shown in ``repr``.
    """

    TYPE = ConfigType.SNAPSHOT

    count: int
    interval: int
    upload_url: str = field(default="", repr=False)
    session_id: str = field(default="", repr=False)
    """32..128 letters, digits and hyphens; empty in answers of some devices."""

    @classmethod
    def from_xml(cls, place: Element) -> Self:
        """Read; raises ``signalling.bad-field`` when SnapNum or Interval is wrong."""
        return cls(
            need_int(place, "SnapNum", 1, 10),
            need_int(place, "Interval", 1, 86_400, missing=1),
            read_text(place, "UploadURL", 1024),
            read_text(place, "SessionID", 128),
        )

    def to_xml(self) -> str:
        """The element."""
        return group(
            self.TYPE,
            ("SnapNum", self.count),
            ("Interval", self.interval),
            ("UploadURL", self.upload_url or None),
            ("SessionID", self.session_id or None),
        )


@dataclass(frozen=True, slots=True)
class OpaqueConfig(Config):
    """An element carried as it came: ``xml`` are its children, at most 64 Ki characters."""

    xml: str = ""

    @classmethod
    def from_xml(cls, place: Element) -> Self:
        """Keep; raises ``signalling.bad-field`` when it is too large."""
        xml = "".join(etree.tostring(each, encoding="unicode", with_tail=False) for each in place)
        if len(xml) > MAX_OPAQUE:
            raise bad_field(local_name(place), f"{len(xml)} characters")
        return cls(xml)

    def to_xml(self) -> str:
        """The element, as it came."""
        return f"<{self.TYPE}>{self.xml}</{self.TYPE}>"


class SvacEncodeConfig(OpaqueConfig):
    """SVAC encoding (GB/T 25724): carried, not used."""

    __slots__ = ()
    TYPE = ConfigType.SVAC_ENCODE


class SvacDecodeConfig(OpaqueConfig):
    """SVAC decoding: carried, not used."""

    __slots__ = ()
    TYPE = ConfigType.SVAC_DECODE


def whole_items(place: Element | None, name: str, read: Callable[[Element], T], limit: int) -> tuple[T, ...]:
    """Items of a setting: all of them, or ``signalling.bad-field``."""
    items, rejected = read_items(place, name, read, limit)
    if rejected:
        raise bad_field(name, f"{rejected} unreadable")
    return items


def _slashes(place: Element, name: str) -> tuple[str, ...]:
    parts = (text_of(place, name) or "").split("/")
    return tuple(each.strip()[:32] for each in parts if each.strip())[:MAX_LIST]
