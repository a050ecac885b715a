"""Notify/Catalog: what changed in a subscribed catalogue (目录订阅; 2016 Annex P, 2022 Annex N).

``SumNum`` equals ``Num`` of this message, it is no total. Devices leave Event out, write it small, send ADD
for what is there and ON for what nobody knows: the receiver treats every change as news about one item.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from civicam.signalling.gb28181.manscdp.catalog import CatalogItem, read_node_id
from civicam.signalling.gb28181.manscdp.fields import Root, bad_field, element, lines, read_sn
from civicam.signalling.gb28181.manscdp.lists import read_items
from civicam.signalling.gb28181.manscdp.message import Message, Readers
from civicam.signalling.gb28181.xml import Element, child, text_of


class CatalogEvent(enum.StrEnum):
    """What happened to an item."""

    ON = "ON"
    OFF = "OFF"
    VLOST = "VLOST"
    DEFECT = "DEFECT"
    ADD = "ADD"
    DEL = "DEL"
    UPDATE = "UPDATE"

    @property
    def carries_fields(self) -> bool:
        """Whether the item comes with all its fields."""
        return self in {CatalogEvent.ADD, CatalogEvent.UPDATE}


_EVENTS = {each.value: each for each in CatalogEvent} | {"DELETE": CatalogEvent.DEL, "": CatalogEvent.UPDATE}


@dataclass(frozen=True, slots=True)
class CatalogChange:
    """One item and its news; with events other than ADD and UPDATE only the id is meant."""

    event: CatalogEvent
    item: CatalogItem

    @classmethod
    def from_xml(cls, place: Element) -> CatalogChange:
        """Read; raises `Refused` when DeviceID or Event is wrong."""
        word = text_of(place, "Event", 16) or ""
        event = _EVENTS.get(word.upper())
        if event is None:
            raise bad_field("Event", word)
        return cls(event, CatalogItem.from_xml(place))

    def to_xml(self) -> str:
        """The ``Item``: everything for ADD and UPDATE, else id and event."""
        event = element("Event", self.event)
        if self.event.carries_fields:
            # Annex N: Event stands right after the DeviceID
            return self.item.to_xml().replace("</DeviceID>", f"</DeviceID>{event}", 1)
        return f"<Item>{element('DeviceID', self.item.device_id)}{event}</Item>"


@dataclass(frozen=True, slots=True)
class CatalogNotify(Message):
    """Changes under ``device_id`` (what was subscribed). ``rejected`` counts items that could not be read."""

    ROOT = Root.NOTIFY
    CMD_TYPE = "Catalog"

    changes: tuple[CatalogChange, ...] = ()
    rejected: int = 0

    @classmethod
    def from_xml(cls, root: Element) -> CatalogNotify:
        """Read; raises `Refused` when SN or DeviceID is wrong. Bad items are counted, not fatal."""
        changes, rejected = read_items(child(root, "DeviceList"), "Item", CatalogChange.from_xml)
        return cls(read_sn(root), read_node_id(root), changes, rejected)

    def content(self) -> str:
        """SumNum and the list."""
        inner = "".join(each.to_xml() + "\r\n" for each in self.changes)
        return lines(("SumNum", len(self.changes))) + (
            f'<DeviceList Num="{len(self.changes)}">\r\n{inner}</DeviceList>\r\n'
        )


READERS: Readers = {(Root.NOTIFY, "catalog"): CatalogNotify.from_xml}
