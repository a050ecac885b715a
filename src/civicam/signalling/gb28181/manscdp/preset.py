"""PresetQuery and its response (预置位查询; GB/T 28181-2022 Annex A). SumNum is of 2022."""

from __future__ import annotations

from dataclasses import dataclass, replace

from civicam.signalling.gb28181.manscdp.fields import (
    Root,
    group,
    lines,
    need_int,
    read_id,
    read_ok,
    read_sn,
    read_text,
)
from civicam.signalling.gb28181.manscdp.lists import pages, read_items, read_sum, write_list
from civicam.signalling.gb28181.manscdp.message import PlainQuery, Readers, Response
from civicam.signalling.gb28181.xml import Element, child

MAX_PRESET = 65_535
"""Listed; only 1..255 fit into a PTZ code (A.3)."""


class PresetQuery(PlainQuery):
    """Ask a channel for its presets."""

    __slots__ = ()
    CMD_TYPE = "PresetQuery"


@dataclass(frozen=True, slots=True)
class Preset:
    """One preset; its name as sent."""

    preset_id: int
    name: str = ""

    @classmethod
    def from_xml(cls, item: Element) -> Preset:
        """Read; raises ``signalling.bad-field`` when PresetID is wrong."""
        return cls(need_int(item, "PresetID", 0, MAX_PRESET), read_text(item, "PresetName"))

    @property
    def identity(self) -> int:
        """What makes it distinct."""
        return self.preset_id

    def to_xml(self) -> str:
        """The ``Item``."""
        return group("Item", ("PresetID", self.preset_id), ("PresetName", self.name))


@dataclass(frozen=True, slots=True)
class PresetResponse(Response):
    """One part of an answer; ``sum_num`` is None when the total is not told."""

    CMD_TYPE = "PresetQuery"

    sum_num: int | None
    items: tuple[Preset, ...] = ()
    rejected: int = 0

    @classmethod
    def from_xml(cls, root: Element) -> PresetResponse:
        """Read; raises `Refused` when SN, DeviceID or SumNum is wrong. Bad items are counted, not fatal."""
        listing = child(root, "PresetList")
        items, rejected = read_items(listing, "Item", Preset.from_xml)
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
        """The children after DeviceID; ``PresetList Num="0"`` when there are none."""
        if not self.ok:
            return self.refusal()
        listing = write_list("PresetList", [each.to_xml() for each in self.items])
        return lines(("SumNum", self.sum_num)) + listing

    def in_parts(self, size: int) -> list[PresetResponse]:
        """This whole answer, cut into parts of at most ``size`` presets."""
        return [replace(self, items=page, sum_num=len(self.items)) for page in pages(self.items, size)]


READERS: Readers = {
    (Root.QUERY, "presetquery"): PresetQuery.from_xml,
    (Root.QUERY, "persetquery"): PresetQuery.from_xml,
    (Root.RESPONSE, "presetquery"): PresetResponse.from_xml,
    (Root.RESPONSE, "persetquery"): PresetResponse.from_xml,
}
