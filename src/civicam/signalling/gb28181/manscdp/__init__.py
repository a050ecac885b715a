"""MANSCDP commands (GB/T 28181 Annex A), one file a command, each readable and writable.

`parse_message` is the only door for a body: it returns a typed command or `UnknownCommand`, and raises
`Malformed` or `Refused` (``signalling.bad-id``) for what cannot be read. A new command is a module with
``READERS`` and a line in ``_MODULES``; its classes are imported from that module.
"""

from __future__ import annotations

from civicam.signalling.gb28181.manscdp import (
    alarm,
    broadcast,
    catalog,
    catalog_notify,
    config,
    cruise,
    device_control,
    device_info,
    device_status,
    home_position,
    keepalive,
    media_status,
    mobile_position,
    preset,
    ptz_position,
    record_info,
    sd_card,
    snapshot_finished,
    upgrade_result,
    video_upload,
)
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
from civicam.signalling.gb28181.manscdp.message import Command, Message, Readers, UnknownCommand
from civicam.signalling.gb28181.xml import DEFAULT_LIMITS, XmlLimits, local_name, parse, text_of

CONTENT_TYPE = "Application/MANSCDP+xml"


_MODULES = (
    alarm,
    broadcast,
    catalog,
    catalog_notify,
    config,
    cruise,
    device_control,
    device_info,
    device_status,
    home_position,
    keepalive,
    media_status,
    mobile_position,
    preset,
    ptz_position,
    record_info,
    sd_card,
    snapshot_finished,
    upgrade_result,
    video_upload,
)
READERS: Readers = {key: reader for module in _MODULES for key, reader in module.READERS.items()}
"""Every command that can be read, by root and lower-case CmdType."""
_ROOTS = {each.value.lower(): each for each in Root}


def parse_message(body: bytes, limits: XmlLimits = DEFAULT_LIMITS) -> Command:
    """Read one MANSCDP body; names are compared without case."""
    beat = keepalive.read_plain(body)
    if beat is not None and len(body) <= limits.size:
        return beat
    element = parse(body, limits)
    root = _ROOTS.get(local_name(element).lower())
    if root is None:
        raise bad_field("root", local_name(element))
    cmd_type = text_of(element, "CmdType", 64)
    if not cmd_type:
        raise bad_field("CmdType", cmd_type)
    reader = READERS.get((root, cmd_type.lower()))
    if reader is not None:
        return reader(element)
    return UnknownCommand(
        root, cmd_type, read_int(element, "SN", 1, MAX_SN), text_of(element, "DeviceID", 64)
    )


def to_xml(command: Message, encoding: str = "GB18030") -> bytes:
    """The body of ``command``, declared and written in ``encoding``."""
    return command.to_xml(encoding)


__all__ = [
    "CONTENT_TYPE",
    "READERS",
    "CatalogItem",
    "CatalogQuery",
    "CatalogResponse",
    "Command",
    "DeviceInfoQuery",
    "DeviceInfoResponse",
    "ItemStatus",
    "Keepalive",
    "Message",
    "Root",
    "UnknownCommand",
    "in_parts",
    "parse_message",
    "to_xml",
]
