"""Positions of mobile devices (移动设备位置; GB/T 28181-2016 flat, -2022 as a list; A.2.4, A.2.5).

The newest position of a device is all that is kept, from this door on: of several in one message only the
last stays. A position of 0,0 or without coordinates is none.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from civicam.kernel.errors import Refused
from civicam.signalling.gb28181.ids import GbId
from civicam.signalling.gb28181.manscdp.fields import (
    Root,
    bad_field,
    lines,
    number,
    read_float,
    read_id,
    read_int,
    read_sn,
    read_time,
)
from civicam.signalling.gb28181.manscdp.message import Message, Readers
from civicam.signalling.gb28181.xml import Element, child, local_name, text_of

MAX_ITEMS = 10_000
DEFAULT_INTERVAL = 5


@dataclass(frozen=True, slots=True)
class MobilePositionQuery(Message):
    """Body of a subscription: a position every ``interval`` seconds (1..86 400)."""

    ROOT = Root.QUERY
    CMD_TYPE = "MobilePosition"

    interval: int = DEFAULT_INTERVAL

    @classmethod
    def from_xml(cls, root: Element) -> MobilePositionQuery:
        """Read; raises `Refused` when SN or DeviceID is wrong."""
        return cls(read_sn(root), read_id(root), read_int(root, "Interval", 1, 86_400) or DEFAULT_INTERVAL)

    def content(self) -> str:
        """The children after DeviceID."""
        return lines(("Interval", self.interval))


@dataclass(frozen=True, slots=True)
class Fix:
    """Where a device is: WGS-84 degrees, ``speed`` km/h, ``direction`` degrees from north in [0, 360),
    ``altitude`` and ``height`` (above ground) in metres. ``time`` aware UTC, the device's clock.
    """

    device_id: str
    longitude: float
    latitude: float
    time: datetime | None = None
    speed: float | None = None
    direction: float | None = None
    altitude: float | None = None
    height: float | None = None

    def rows(self, time_name: str) -> str:
        """The elements, ``Height`` only where there is one."""
        return lines(
            (time_name, self.time),
            ("Longitude", number(self.longitude)),
            ("Latitude", number(self.latitude)),
            ("Speed", number(self.speed)),
            ("Direction", number(self.direction)),
            ("Altitude", number(self.altitude)),
            ("Height", number(self.height)),
        )


@dataclass(frozen=True, slots=True)
class MobilePosition(Message):
    """A notification. ``flat`` is the form of 2016: one fix, of the device itself.

    ``dropped`` counts what was no position: 0,0, no coordinates, no id.
    """

    ROOT = Root.NOTIFY
    CMD_TYPE = "MobilePosition"

    fixes: tuple[Fix, ...] = ()
    time: datetime | None = None
    flat: bool = False
    dropped: int = 0

    @classmethod
    def from_xml(cls, root: Element) -> MobilePosition:
        """Read either form; raises `Refused` when SN or DeviceID is wrong. A list that is there decides,
        even when it is empty.
        """
        sn, device_id, time = read_sn(root), read_id(root), read_time(root, "Time")
        listing = child(root, "DeviceList")
        if listing is not None:
            fixes, dropped = _list(listing, time)
            return cls(sn, device_id, fixes, time, dropped=dropped)
        fix = _fix(root, device_id, time)
        return cls(sn, device_id, () if fix is None else (fix,), time, flat=True, dropped=int(fix is None))

    def content(self) -> str:
        """The children after DeviceID."""
        if self.flat:
            return "".join(each.rows("Time") for each in self.fixes[:1]) or lines(("Time", self.time))
        items = "".join(
            f"<Item>\r\n{lines(('DeviceID', each.device_id))}{each.rows('CaptureTime')}</Item>\r\n"
            for each in self.fixes
        )
        head = lines(("Time", self.time), ("SumNum", len(self.fixes)))
        return head + f'<DeviceList Num="{len(self.fixes)}">\r\n{items}</DeviceList>\r\n'


def _list(listing: Element, time: datetime | None) -> tuple[tuple[Fix, ...], int]:
    newest: dict[str, Fix] = {}
    seen = dropped = 0
    for each in listing:
        if local_name(each).lower() != "item":
            continue
        seen += 1
        if seen > MAX_ITEMS:
            raise bad_field("DeviceList", str(seen))
        fix = _item(each, time)
        if fix is None:
            dropped += 1
        else:
            newest[fix.device_id] = _newer(newest.get(fix.device_id), fix)
    return tuple(newest.values()), dropped


def _newer(old: Fix | None, new: Fix) -> Fix:
    if old is None or old.time is None or new.time is None or new.time >= old.time:
        return new
    return old


def _item(item: Element, time: datetime | None) -> Fix | None:
    try:
        device_id = GbId.parse(text_of(item, "DeviceID") or "")
    except Refused:
        return None
    return _fix(item, device_id, read_time(item, "CaptureTime") or time)


def _fix(place: Element, device_id: str, time: datetime | None) -> Fix | None:
    longitude = read_float(place, "Longitude", -180.0, 180.0)
    latitude = read_float(place, "Latitude", -90.0, 90.0)
    if longitude is None or latitude is None or (longitude, latitude) == (0.0, 0.0):
        return None
    direction = read_float(place, "Direction", 0.0, 360.0)
    return Fix(
        device_id,
        longitude,
        latitude,
        time,
        read_float(place, "Speed", 0.0, 2000.0),
        0.0 if direction == 360.0 else direction,
        read_float(place, "Altitude", -1000.0, 100_000.0),
        read_float(place, "Height", -1000.0, 100_000.0),
    )


READERS: Readers = {
    (Root.QUERY, "mobileposition"): MobilePositionQuery.from_xml,
    (Root.NOTIFY, "mobileposition"): MobilePosition.from_xml,
}
