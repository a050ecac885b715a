"""CruiseTrackListQuery, CruiseTrackQuery and their responses (巡航轨迹; GB/T 28181-2022 Annex A)."""

from __future__ import annotations

from dataclasses import dataclass

from civicam.signalling.gb28181.manscdp.fields import (
    Root,
    element,
    group,
    lines,
    need_int,
    read_id,
    read_int,
    read_ok,
    read_sn,
    read_text,
)
from civicam.signalling.gb28181.manscdp.lists import read_items, read_sum, write_list
from civicam.signalling.gb28181.manscdp.message import Message, PlainQuery, Readers, Response
from civicam.signalling.gb28181.xml import Element, child

MAX_TRACKS = 256
MAX_POINTS = 1024


class CruiseTrackListQuery(PlainQuery):
    """Ask a channel which tracks it has."""

    __slots__ = ()
    CMD_TYPE = "CruiseTrackListQuery"


@dataclass(frozen=True, slots=True)
class CruiseTrack:
    """One track; number 0 is the first."""

    number: int
    name: str = ""

    @classmethod
    def from_xml(cls, item: Element) -> CruiseTrack:
        """Read; raises ``signalling.bad-field`` when Number is wrong."""
        return cls(need_int(item, "Number", 0, 255), read_text(item, "Name"))

    @property
    def identity(self) -> int:
        """What makes it distinct."""
        return self.number

    def to_xml(self) -> str:
        """The ``CruiseTrack`` element."""
        return group("CruiseTrack", ("Number", self.number), ("Name", self.name or None))


@dataclass(frozen=True, slots=True)
class CruiseTrackListResponse(Response):
    """One part of an answer; ``sum_num`` is None when the total is not told."""

    CMD_TYPE = "CruiseTrackListQuery"

    sum_num: int | None
    items: tuple[CruiseTrack, ...] = ()
    rejected: int = 0

    @classmethod
    def from_xml(cls, root: Element) -> CruiseTrackListResponse:
        """Read; raises `Refused` when SN, DeviceID or SumNum is wrong. Bad items are counted, not fatal."""
        listing = child(root, "CruiseTrackList")
        items, rejected = read_items(listing, "CruiseTrack", CruiseTrack.from_xml, MAX_TRACKS)
        return cls(
            sn=read_sn(root),
            device_id=read_id(root),
            sum_num=read_sum(root, listing, len(items) + rejected),
            items=items,
            rejected=rejected,
            ok=read_ok(root),
            reason=read_text(root, "Reason"),
        )

    def content(self) -> str:
        """The children after DeviceID."""
        if not self.ok:
            return self.refusal()
        listing = write_list("CruiseTrackList", [each.to_xml() for each in self.items])
        return lines(("SumNum", self.sum_num)) + listing


@dataclass(frozen=True, slots=True)
class CruiseTrackQuery(Message):
    """Ask for the points of track ``number``."""

    ROOT = Root.QUERY
    CMD_TYPE = "CruiseTrackQuery"

    number: int

    @classmethod
    def from_xml(cls, root: Element) -> CruiseTrackQuery:
        """Read; raises `Refused` when SN, DeviceID or Number is wrong."""
        return cls(read_sn(root), read_id(root), need_int(root, "Number", 0, 255))

    def content(self) -> str:
        """The children after DeviceID."""
        return lines(("Number", self.number))


@dataclass(frozen=True, slots=True)
class CruisePoint:
    """Stay ``stay_s`` seconds at a preset, then go on with ``speed`` 1..15; None where it is not told."""

    preset: int
    stay_s: int | None = None
    speed: int | None = None

    @classmethod
    def from_xml(cls, item: Element) -> CruisePoint:
        """Read; raises ``signalling.bad-field`` when PresetIndex is wrong."""
        return cls(
            need_int(item, "PresetIndex", 0, 255),
            read_int(item, "StayTime", 0, 86_400),
            read_int(item, "Speed", 0, 255),
        )

    def to_xml(self) -> str:
        """The ``CruisePoint`` element."""
        return group(
            "CruisePoint", ("PresetIndex", self.preset), ("StayTime", self.stay_s), ("Speed", self.speed)
        )


@dataclass(frozen=True, slots=True)
class CruiseTrackResponse(Response):
    """A track with its points in order, in one message: points cannot be told apart, so not counted."""

    CMD_TYPE = "CruiseTrackQuery"

    number: int
    name: str = ""
    points: tuple[CruisePoint, ...] = ()
    sum_num: int | None = None
    """As announced; more than ``points`` when the device left some out."""
    rejected: int = 0

    @classmethod
    def from_xml(cls, root: Element) -> CruiseTrackResponse:
        """Read; raises `Refused` when SN, DeviceID, Number or SumNum is wrong (a refusal needs no Number)."""
        ok = read_ok(root)
        listing = child(root, "CruisePointList")
        points, rejected = read_items(listing, "CruisePoint", CruisePoint.from_xml, MAX_POINTS)
        return cls(
            sn=read_sn(root),
            device_id=read_id(root),
            number=need_int(root, "Number", 0, 255, missing=None if ok else 0),
            name=read_text(root, "Name"),
            points=points,
            sum_num=read_sum(root, listing, len(points) + rejected),
            rejected=rejected,
            ok=ok,
            reason=read_text(root, "Reason"),
        )

    def content(self) -> str:
        """The children after DeviceID."""
        if not self.ok:
            return element("Number", self.number) + "\r\n" + self.refusal()
        return lines(("Number", self.number), ("Name", self.name), ("SumNum", self.sum_num)) + write_list(
            "CruisePointList", [each.to_xml() for each in self.points]
        )


READERS: Readers = {
    (Root.QUERY, "cruisetracklistquery"): CruiseTrackListQuery.from_xml,
    (Root.RESPONSE, "cruisetracklistquery"): CruiseTrackListResponse.from_xml,
    (Root.QUERY, "cruisetracklist"): CruiseTrackListQuery.from_xml,
    (Root.RESPONSE, "cruisetracklist"): CruiseTrackListResponse.from_xml,
    (Root.QUERY, "cruisetrackquery"): CruiseTrackQuery.from_xml,
    (Root.RESPONSE, "cruisetrackquery"): CruiseTrackResponse.from_xml,
}
