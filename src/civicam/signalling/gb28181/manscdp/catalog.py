"""Catalog query and response (目录; GB/T 28181-2022 A.2.4.3, A.2.6.4, Annex J and Annex M).

A response comes in parts with one SN; ``SumNum`` is the total over all parts, ``Num`` the items of
this one. Only what the first floor needs is typed; every other plain child of an item is kept in
``extra`` as sent, except passwords and everything that describes persons or faces: those are dropped
at this door and never stored.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Self

from civicam.signalling.gb28181.ids import parse_node_id
from civicam.signalling.gb28181.manscdp.fields import (
    MAX_SN,
    Root,
    bad_field,
    element,
    lines,
    read_float,
    read_int,
    read_ok,
    read_sn,
    read_text,
)
from civicam.signalling.gb28181.manscdp.lists import pages, read_items, read_sum, write_list
from civicam.signalling.gb28181.manscdp.message import PlainQuery, Readers, Response
from civicam.signalling.gb28181.xml import Element, child, local_name, text_of


class ItemStatus(enum.StrEnum):
    """What a catalogue says of an item; UNKNOWN when it says nothing we know."""

    ON = "ON"
    OFF = "OFF"
    UNKNOWN = "UNKNOWN"


_STATUS = {
    "ON": ItemStatus.ON,
    "ONLINE": ItemStatus.ON,
    "OK": ItemStatus.ON,
    "1": ItemStatus.ON,
    "OFF": ItemStatus.OFF,
    "OFFLINE": ItemStatus.OFF,
    "0": ItemStatus.OFF,
}

_TYPED = frozenset(
    {
        *("deviceid", "name", "manufacturer", "model", "civilcode", "address", "parental", "parentid"),
        *("status", "longitude", "latitude", "businessgroupid", "info", "ptztype", "streamnumberlist"),
        *("registerway", "secrecy"),
    }
)
_DROPPED = frozenset({"password", "functiontype", "event"})


class CatalogQuery(PlainQuery):
    """Ask for everything under ``device_id`` (a device, system, group or region)."""

    __slots__ = ()
    CMD_TYPE = "Catalog"

    @classmethod
    def from_xml(cls, root: Element) -> Self:
        """Read; raises `Refused` when SN or DeviceID is wrong."""
        return cls(sn=read_sn(root), device_id=read_node_id(root))


@dataclass(frozen=True, slots=True)
class CatalogItem:
    """One node. ``device_id`` is a `GbId`, or a region code; coordinates are WGS-84 degrees.

    ``streams`` is StreamNumberList (2022), e.g. ``(0, 1)`` for main and sub.
    """

    device_id: str
    name: str = ""
    manufacturer: str = ""
    model: str = ""
    civil_code: str = ""
    address: str = ""
    parental: bool = False
    parent_id: str = ""
    status: ItemStatus = ItemStatus.UNKNOWN
    longitude: float | None = None
    latitude: float | None = None
    business_group_id: str = ""
    ptz_type: int | None = None
    streams: tuple[int, ...] = ()
    extra: tuple[tuple[str, str], ...] = ()

    @classmethod
    def from_xml(cls, item: Element) -> CatalogItem:
        """Read one ``Item``; raises ``signalling.bad-id`` when its DeviceID is wrong."""
        info = child(item, "Info")
        parent = text_of(item, "ParentID") or ""
        return cls(
            device_id=parse_node_id(text_of(item, "DeviceID") or ""),
            name=text_of(item, "Name") or "",
            manufacturer=text_of(item, "Manufacturer") or "",
            model=text_of(item, "Model") or "",
            civil_code=text_of(item, "CivilCode") or "",
            address=text_of(item, "Address") or "",
            parental=text_of(item, "Parental") not in (None, "", "0"),
            parent_id="" if parent.lower() == "null" else parent,
            status=_STATUS.get((text_of(item, "Status") or "").upper(), ItemStatus.UNKNOWN),
            longitude=read_float(item, "Longitude", -180.0, 180.0),
            latitude=read_float(item, "Latitude", -90.0, 90.0),
            # 2016 wrote BusinessGroupID inside Info; some keep PTZType at the item itself
            business_group_id=text_of(item, "BusinessGroupID") or text_of(info, "BusinessGroupID") or "",
            ptz_type=_ptz_type(info, item),
            streams=_streams(text_of(info, "StreamNumberList")),
            extra=_extra(item) + (_extra(info) if info is not None else ()),
        )

    @property
    def identity(self) -> str:
        """What makes it distinct."""
        return self.device_id

    def to_xml(self) -> str:
        """The ``Item`` element, in the order of the standard."""
        info = "".join(
            element(name, value)
            for name, value in (
                ("PTZType", self.ptz_type),
                ("StreamNumberList", "/".join(map(str, self.streams)) or None),
            )
        )
        fields: tuple[tuple[str, object], ...] = (
            ("DeviceID", self.device_id),
            ("Name", self.name),
            ("Manufacturer", self.manufacturer),
            ("Model", self.model),
            ("CivilCode", self.civil_code),
            ("Address", self.address),
            ("Parental", int(self.parental)),
            ("ParentID", self.parent_id or None),
            ("RegisterWay", 1),
            ("Secrecy", 0),
            ("Status", None if self.status is ItemStatus.UNKNOWN else self.status),
            ("Longitude", self.longitude),
            ("Latitude", self.latitude),
            ("BusinessGroupID", self.business_group_id or None),
        )
        plain = "".join(element(name, value) for name, value in fields)
        return f"<Item>{plain}" + (f"<Info>{info}</Info>" if info else "") + "</Item>"


@dataclass(frozen=True, slots=True)
class CatalogResponse(Response):
    """One part of an answer; ``sum_num`` is None when the total is not told (a bare Result).

    ``rejected`` counts items of this part that could not be read.
    """

    CMD_TYPE = "Catalog"

    sum_num: int | None
    items: tuple[CatalogItem, ...] = ()
    rejected: int = 0

    @classmethod
    def from_xml(cls, root: Element) -> CatalogResponse:
        """Read; raises `Refused` when DeviceID or SumNum is wrong. Bad items are counted, not fatal; an SN
        that is missing is 0.
        """
        listing = child(root, "DeviceList")
        items, rejected = read_items(listing, "Item", CatalogItem.from_xml)
        return cls(
            sn=read_int(root, "SN", 0, MAX_SN) or 0,
            device_id=read_node_id(root),
            sum_num=read_sum(root, listing, len(items) + rejected),
            items=items,
            rejected=rejected,
            ok=read_ok(root),
            reason=read_text(root, "Reason"),
        )

    def content(self) -> str:
        """SumNum and the list; no list at all when there are no items (Annex M)."""
        content = self.refusal() + lines(("SumNum", self.sum_num))
        if self.items:
            content += write_list("DeviceList", [each.to_xml() for each in self.items])
        return content


READERS: Readers = {
    (Root.QUERY, "catalog"): CatalogQuery.from_xml,
    (Root.RESPONSE, "catalog"): CatalogResponse.from_xml,
}


def read_node_id(root: Element) -> str:
    """DeviceID as a Catalog has it: 20 digits or a region code. Raises `Refused`."""
    text = text_of(root, "DeviceID")
    if text is None:
        raise bad_field("DeviceID", None)
    return parse_node_id(text)


def in_parts(sn: int, device_id: str, items: tuple[CatalogItem, ...], size: int) -> list[CatalogResponse]:
    """Cut an answer into parts of at most ``size`` items; one empty part when there are none."""
    return [CatalogResponse(sn, device_id, len(items), page) for page in pages(items, size)]


def _ptz_type(info: Element | None, item: Element) -> int | None:
    for place in (info, item):
        if place is not None and (value := read_int(place, "PTZType", 0, 99)) is not None:
            return value
    return None


def _streams(text: str | None) -> tuple[int, ...]:
    parts = (text or "").split("/")[:8]
    return tuple(int(each) for each in parts if each in {"0", "1", "2", "3", "4", "5", "6", "7"})


def _extra(place: Element) -> tuple[tuple[str, str], ...]:
    """Plain children nobody typed, as sent, at most 64."""
    found: list[tuple[str, str]] = []
    for each in place:
        name = local_name(each)
        key = name.lower()
        if len(each) or key in _TYPED or key in _DROPPED or len(found) >= 64:
            continue
        if value := (each.text or "").strip():
            found.append((name, value[:1024]))
    return tuple(found)
