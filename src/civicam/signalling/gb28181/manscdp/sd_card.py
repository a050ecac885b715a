"""SDCardStatus query and response (存储卡状态; GB/T 28181-2022 Annex A)."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from civicam.signalling.gb28181.manscdp.fields import (
    Root,
    group,
    lines,
    need_int,
    read_id,
    read_int,
    read_ok,
    read_sn,
    read_text,
    read_word,
)
from civicam.signalling.gb28181.manscdp.lists import read_items, read_sum, write_list
from civicam.signalling.gb28181.manscdp.message import PlainQuery, Readers, Response
from civicam.signalling.gb28181.xml import Element, child

MAX_CARDS = 64
"""The standard says 8."""
MAX_MB = 2**40


class CardStatus(enum.StrEnum):
    """How a card is."""

    OK = "ok"
    FORMATTING = "formatting"
    UNFORMATTED = "unformatted"
    IDLE = "idle"
    ERROR = "error"
    UNKNOWN = ""
    """A word outside the standard."""


class SdCardStatusQuery(PlainQuery):
    """Ask a device for its storage cards."""

    __slots__ = ()
    CMD_TYPE = "SDCardStatus"


@dataclass(frozen=True, slots=True)
class SdCard:
    """One card; ``progress`` 0..100 while it is formatted, sizes in MB."""

    card_id: int
    name: str = ""
    status: CardStatus = CardStatus.UNKNOWN
    progress: int | None = None
    capacity_mb: int | None = None
    free_mb: int | None = None

    @classmethod
    def from_xml(cls, item: Element) -> SdCard:
        """Read; raises ``signalling.bad-field`` when ID is wrong."""
        return cls(
            need_int(item, "ID", 0, 255),
            read_text(item, "HddName"),
            read_word(item, "Status", CardStatus) or CardStatus.UNKNOWN,
            read_int(item, "FormatProgress", 0, 100),
            read_int(item, "Capacity", 0, MAX_MB),
            read_int(item, "FreeSpace", 0, MAX_MB),
        )

    @property
    def identity(self) -> int:
        """What makes it distinct."""
        return self.card_id

    def to_xml(self) -> str:
        """The ``Item``."""
        return group(
            "Item",
            ("ID", self.card_id),
            ("HddName", self.name),
            ("Status", self.status),
            ("FormatProgress", self.progress),
            ("Capacity", self.capacity_mb),
            ("FreeSpace", self.free_mb),
        )


@dataclass(frozen=True, slots=True)
class SdCardStatusResponse(Response):
    """One part of an answer; ``sum_num`` is None when the total is not told."""

    CMD_TYPE = "SDCardStatus"

    sum_num: int | None
    items: tuple[SdCard, ...] = ()
    rejected: int = 0

    @classmethod
    def from_xml(cls, root: Element) -> SdCardStatusResponse:
        """Read; raises `Refused` when SN, DeviceID or SumNum is wrong. Bad items are counted, not fatal."""
        listing = child(root, "SDCardStatusInfo")
        items, rejected = read_items(listing, "Item", SdCard.from_xml, MAX_CARDS)
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
        listing = write_list("SDCardStatusInfo", [each.to_xml() for each in self.items])
        return lines(("SumNum", self.sum_num)) + listing


READERS: Readers = {
    (Root.QUERY, "sdcardstatus"): SdCardStatusQuery.from_xml,
    (Root.RESPONSE, "sdcardstatus"): SdCardStatusResponse.from_xml,
    (Root.QUERY, "storagecardstatusquery"): SdCardStatusQuery.from_xml,
    (Root.RESPONSE, "storagecardstatusquery"): SdCardStatusResponse.from_xml,
}
