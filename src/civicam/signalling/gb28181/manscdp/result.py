"""Answers that only say whether it went well: ``<Response>`` with ``Result`` OK or ERROR (Annex A.2.6).

One class a CmdType; each subclass stands in the module of the command it answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from civicam.signalling.gb28181.manscdp.catalog import read_node_id
from civicam.signalling.gb28181.manscdp.fields import Root, lines, read_ok, read_sn
from civicam.signalling.gb28181.manscdp.message import Message
from civicam.signalling.gb28181.xml import Element, text_of


@dataclass(frozen=True, slots=True)
class ResultResponse(Message):
    """``reason`` is what some devices add to an ERROR; shown to the operator as it came."""

    ROOT = Root.RESPONSE

    ok: bool = True
    reason: str = ""

    @classmethod
    def from_xml(cls, root: Element) -> Self:
        """Read; raises `Refused` when SN or DeviceID is wrong. A missing Result counts as OK."""
        return cls(read_sn(root), read_node_id(root), read_ok(root), text_of(root, "Reason", 256) or "")

    def content(self) -> str:
        """The children after DeviceID."""
        return lines(("Result", "OK" if self.ok else "ERROR"), ("Reason", self.reason))
