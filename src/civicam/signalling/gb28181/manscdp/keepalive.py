"""Notify/Keepalive (心跳, 状态信息报送; GB/T 28181-2022 §9.6, A.2.5).

Answered by an empty 200 only. Hik sends an empty ``Info``; faulty children stand in it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from civicam.kernel.errors import Refused
from civicam.signalling.gb28181.ids import GbId
from civicam.signalling.gb28181.manscdp.fields import MAX_SN, Root, element, read_id, read_int
from civicam.signalling.gb28181.manscdp.message import Message, Readers
from civicam.signalling.gb28181.xml import Element, child, local_name, text_of

MAX_FAULTY = 1024
_BLANK = rb"[ \t\r\n]*+"
_PLAIN = re.compile(
    _BLANK.join(
        (
            rb"",
            rb'(?:<\?xml version="1\.0"(?: encoding="[A-Za-z0-9\-]{1,20}")?[ ]?\?>)?',
            rb"<Notify>",
            rb"<CmdType>Keepalive</CmdType>",
            rb"<SN>([1-9][0-9]{0,8})</SN>",
            rb"<DeviceID>([0-9]{20})</DeviceID>",
            rb"<Status>(OK|ERROR)</Status>",
            rb"(?:<Info>[ \t\r\n]*+</Info>|<Info/>)?",
            rb"</Notify>",
            rb"",
        )
    )
)
"""A heartbeat as nearly every device writes it. `Keepalive.from_xml` reads the same out of it.
Blanks are taken for good (``*+``): two runs of them side by side would be parted in every way there is.
"""
USUAL = re.sub(r"\((?!\?)", "(?:", _PLAIN.pattern.decode())
"""The same as text, capturing nothing: what follows the head of a datagram that is a heartbeat."""


@dataclass(frozen=True, slots=True)
class Keepalive(Message):
    """``status`` is ``OK`` or ``ERROR`` (anything else a device writes counts as OK: it is alive)."""

    ROOT = Root.NOTIFY
    CMD_TYPE = "Keepalive"

    status: str = "OK"
    faulty: tuple[GbId, ...] = ()

    @classmethod
    def from_xml(cls, root: Element) -> Keepalive:
        """Read; raises `Refused` when DeviceID is wrong. An SN nobody can read costs no heartbeat."""
        status = (text_of(root, "Status") or "OK").upper()
        return cls(
            sn=read_int(root, "SN", 0, MAX_SN) or 0,
            device_id=read_id(root),
            status="ERROR" if status == "ERROR" else "OK",
            faulty=_faulty(child(root, "Info")),
        )

    def content(self) -> str:
        """The children after DeviceID."""
        content = element("Status", self.status) + "\r\n"
        if self.faulty:
            inner = "".join(element("DeviceID", each) for each in self.faulty)
            content += f"<Info>{inner}</Info>\r\n"
        return content


def _faulty(info: Element | None) -> tuple[GbId, ...]:
    found: list[GbId] = []
    for each in () if info is None else info:
        if local_name(each).lower() != "deviceid" or len(found) >= MAX_FAULTY:
            continue
        try:
            found.append(GbId.parse(each.text or ""))
        except Refused:
            continue  # one unreadable child must not cost the device its heartbeat
    return tuple(found)


def read_plain(body: bytes) -> Keepalive | None:
    """A heartbeat written as nearly every device does; ``None`` for everything else: parse that.

    A city's most frequent message, and two thirds of its cost were its XML.
    """
    found = _PLAIN.fullmatch(body)
    if found is None:
        return None
    sn, device_id, status = found.groups()
    return Keepalive(int(sn), GbId(device_id.decode()), status.decode())


READERS: Readers = {(Root.NOTIFY, "keepalive"): Keepalive.from_xml}
