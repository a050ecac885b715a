"""MANSCDP commands (GB/T 28181 Annex A), one file a command, each readable and writable.

`parse_message` is the only door for a body: it returns a typed command or `UnknownCommand`, and raises
`Malformed` or `Refused` (``signalling.bad-id``) for what cannot be read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from civicam.signalling.gb28181.manscdp import catalog, device_info, keepalive
from civicam.signalling.gb28181.manscdp.catalog import (
    CatalogItem,
    CatalogQuery,
    CatalogResponse,
    ItemStatus,
    in_parts,
)
from civicam.signalling.gb28181.manscdp.device_info import DeviceInfoQuery, DeviceInfoResponse
from civicam.signalling.gb28181.manscdp.fields import MAX_SN, Root, bad_field, read_int
from civicam.signalling.gb28181.manscdp.keepalive import Keepalive
from civicam.signalling.gb28181.xml import DEFAULT_LIMITS, Element, XmlLimits, local_name, parse, text_of

CONTENT_TYPE = "Application/MANSCDP+xml"


@dataclass(frozen=True, slots=True)
class UnknownCommand:
    """A readable body whose command this floor does not handle yet."""

    root: Root
    cmd_type: str
    sn: int | None
    device_id: str | None


Command = Keepalive | CatalogQuery | CatalogResponse | DeviceInfoQuery | DeviceInfoResponse | UnknownCommand
KnownCommand = Keepalive | CatalogQuery | CatalogResponse | DeviceInfoQuery | DeviceInfoResponse

_READERS: dict[tuple[Root, str], Callable[[Element], Command]] = {
    (Root.NOTIFY, keepalive.CMD_TYPE.lower()): Keepalive.from_xml,
    (Root.QUERY, catalog.CMD_TYPE.lower()): CatalogQuery.from_xml,
    (Root.RESPONSE, catalog.CMD_TYPE.lower()): CatalogResponse.from_xml,
    (Root.QUERY, device_info.CMD_TYPE.lower()): DeviceInfoQuery.from_xml,
    (Root.RESPONSE, device_info.CMD_TYPE.lower()): DeviceInfoResponse.from_xml,
}
_ROOTS = {each.value.lower(): each for each in Root}


def parse_message(body: bytes, limits: XmlLimits = DEFAULT_LIMITS) -> Command:
    """Read one MANSCDP body; names are compared without case."""
    element = parse(body, limits)
    root = _ROOTS.get(local_name(element).lower())
    if root is None:
        raise bad_field("root", local_name(element))
    cmd_type = text_of(element, "CmdType", 64)
    if not cmd_type:
        raise bad_field("CmdType", cmd_type)
    reader = _READERS.get((root, cmd_type.lower()))
    if reader is not None:
        return reader(element)
    return UnknownCommand(
        root, cmd_type, read_int(element, "SN", 1, MAX_SN), text_of(element, "DeviceID", 64)
    )


def to_xml(command: KnownCommand, encoding: str = "GB18030") -> bytes:
    """The body of ``command``, declared and written in ``encoding``."""
    return command.to_xml(encoding)


__all__ = [
    "CONTENT_TYPE",
    "CatalogItem",
    "CatalogQuery",
    "CatalogResponse",
    "Command",
    "DeviceInfoQuery",
    "DeviceInfoResponse",
    "ItemStatus",
    "Keepalive",
    "KnownCommand",
    "Root",
    "UnknownCommand",
    "in_parts",
    "parse_message",
    "to_xml",
]
