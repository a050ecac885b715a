"""Unified 20-digit codes (统一编码规则: GB/T 28181-2016 Annex D, 2022 Annex E) and the shorter region codes.

An id is text, never a number: leading zeros count. What it says about the thing is a hint, not a
capability; ids of different vendors collide, so everything is keyed by (registered device, channel).
"""

from __future__ import annotations

import enum
from functools import lru_cache

from civicam.kernel.errors import Refused, Side

_ASCII_DIGITS = frozenset("0123456789")
_REGION_LENGTHS = (2, 4, 6, 8)
DEFAULT_PORT = 5060


class Kind(enum.StrEnum):
    """What a type code (digits 11-13) announces."""

    RECORDER = "recorder"
    """111-130: DVR, encoder, NVR, checkpoint unit …: a main device with children."""
    CAMERA = "camera"
    """131 camera, 132 network camera."""
    PERIPHERAL = "peripheral"
    """133-199 without video: displays, alarm and audio inputs and outputs, barriers …"""
    PLATFORM = "platform"
    """200-214, 217-299: servers of a centre; 200 is the central signalling server."""
    BUSINESS_GROUP = "business-group"
    """215."""
    ORGANISATION = "organisation"
    """216: virtual organisation."""
    USER = "user"
    """300-499."""
    EXTERNAL = "external"
    """500-599: other systems' servers."""
    REGION = "region"
    """A civil code of 2, 4, 6 or 8 digits, not a 20-digit id."""
    OTHER = "other"


def bad_id(value: str) -> Refused:
    """The refusal of an id, with what came, shortened and made printable."""
    return Refused("signalling.bad-id", side=Side.REMOTE, value=ascii(value[:40]))


def _is_digits(text: str) -> bool:
    """ASCII digits only: ``str.isdigit`` also accepts full-width and other scripts' digits."""
    return bool(text) and _ASCII_DIGITS.issuperset(text)


class GbId(str):
    """A valid 20-digit id. Make one with `GbId.parse`; it is a plain ``str`` everywhere else."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> GbId:
        """Accept exactly 20 ASCII digits (surrounding blanks are dropped).

        Raises `Refused` ``signalling.bad-id`` for anything else.
        """
        if len(text) != 20 or not (text.isascii() and text.isdigit()):
            text = text.strip(" \t\r\n")
            if len(text) != 20 or not _is_digits(text):
                raise bad_id(text)
        return cls(text)

    @property
    def civil_code(self) -> str:
        """Digits 1-6: province, city, county (GB/T 2260)."""
        return self[0:6]

    @property
    def domain(self) -> str:
        """Digits 1-10: the SIP surveillance domain (监控域)."""
        return self[0:10]

    @property
    def industry(self) -> str:
        """Digits 9-10."""
        return self[8:10]

    @property
    def type_code(self) -> int:
        """Digits 11-13, 0..999."""
        return int(self[10:13])

    @property
    def network(self) -> str:
        """Digit 14."""
        return self[13]

    @property
    def serial(self) -> str:
        """Digits 15-20."""
        return self[14:20]

    @property
    def kind(self) -> Kind:
        """The announced kind; see `Kind`."""
        return _kind(self.type_code)

    def is_video_channel(self) -> bool:
        """Whether Play may be offered on a catalogue item with this id (131 and 132)."""
        return self.kind is Kind.CAMERA


_RANGES: tuple[tuple[int, int, Kind], ...] = (
    (111, 130, Kind.RECORDER),
    (131, 132, Kind.CAMERA),
    (133, 199, Kind.PERIPHERAL),
    (215, 215, Kind.BUSINESS_GROUP),
    (216, 216, Kind.ORGANISATION),
    (200, 299, Kind.PLATFORM),
    (300, 499, Kind.USER),
    (500, 599, Kind.EXTERNAL),
)


def _kind(type_code: int) -> Kind:
    for low, high, kind in _RANGES:
        if low <= type_code <= high:
            return kind
    return Kind.OTHER


@lru_cache(1000)
def kind_of(type_code: str) -> Kind:
    """The kind that three digits announce; asked for with every registration."""
    return _kind(int(type_code)) if type_code.isdecimal() else Kind.OTHER


def parse_node_id(text: str) -> str:
    """An id as it may stand in a Catalog: 20 digits, or a region code of 2, 4, 6 or 8 digits.

    Returns a `GbId` for the former, a plain string for the latter; raises ``signalling.bad-id``.
    """
    text = text.strip(" \t\r\n")
    if len(text) in _REGION_LENGTHS and _is_digits(text):
        return text
    return GbId.parse(text)


def node_kind(node_id: str) -> Kind:
    """The kind of a catalogue node by its (already parsed) id."""
    return Kind.REGION if len(node_id) in _REGION_LENGTHS else GbId(node_id).kind
