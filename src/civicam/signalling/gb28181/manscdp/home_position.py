"""HomePositionQuery and its response (看守位; GB/T 28181-2022 Annex A)."""

from __future__ import annotations

from dataclasses import dataclass

from civicam.signalling.gb28181.manscdp.control_actions import HomePosition
from civicam.signalling.gb28181.manscdp.fields import Root, read_id, read_ok, read_sn, read_text
from civicam.signalling.gb28181.manscdp.message import PlainQuery, Readers, Response
from civicam.signalling.gb28181.xml import Element, Malformed


class HomePositionQuery(PlainQuery):
    """Ask a channel for its home position."""

    __slots__ = ()
    CMD_TYPE = "HomePositionQuery"


@dataclass(frozen=True, slots=True)
class HomePositionResponse(Response):
    """``position`` is None when the device has none, or writes one that cannot be read."""

    CMD_TYPE = "HomePositionQuery"

    position: HomePosition | None = None

    @classmethod
    def from_xml(cls, root: Element) -> HomePositionResponse:
        """Read; raises `Refused` when SN or DeviceID is wrong."""
        try:
            position = HomePosition.from_xml(root)
        except Malformed:
            position = None
        return cls(
            sn=read_sn(root),
            device_id=read_id(root),
            position=position,
            ok=read_ok(root),
            reason=read_text(root, "Reason"),
        )

    def content(self) -> str:
        """The children after DeviceID."""
        return self.refusal() + ("" if self.position is None else self.position.content())


READERS: Readers = {
    (Root.QUERY, "homepositionquery"): HomePositionQuery.from_xml,
    (Root.RESPONSE, "homepositionquery"): HomePositionResponse.from_xml,
    # a dome answers under the name of the control (reported of DH-3H3405)
    (Root.RESPONSE, "homeposition"): HomePositionResponse.from_xml,
}
