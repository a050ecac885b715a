"""HomePositionQuery and its response (看守位; GB/T 28181-2022 Annex A)."""

from __future__ import annotations

from dataclasses import dataclass

from civicam.signalling.gb28181.manscdp.fields import (
    Root,
    bad_field,
    flag,
    group,
    read_flag,
    read_id,
    read_int,
    read_ok,
    read_sn,
    read_text,
)
from civicam.signalling.gb28181.manscdp.message import PlainQuery, Readers, Response
from civicam.signalling.gb28181.xml import Element, child, text_of

MAX_RESET_S = 86_400


@dataclass(frozen=True, slots=True)
class HomePosition:
    """Where a camera turns when nobody has moved it for ``reset_s`` seconds: preset 0..255."""

    enabled: bool
    reset_s: int | None = None
    preset: int | None = None

    @classmethod
    def from_xml(cls, position: Element) -> HomePosition:
        """Read; raises ``signalling.bad-field`` when Enabled is missing or wrong."""
        enabled = read_flag(position, "Enabled")
        if enabled is None:
            raise bad_field("Enabled", text_of(position, "Enabled"))
        return cls(
            enabled,
            read_int(position, "ResetTime", 0, MAX_RESET_S),
            read_int(position, "PresetIndex", 0, 255),
        )

    def to_xml(self) -> str:
        """The ``HomePosition`` element, the same in DeviceControl and in answers."""
        return group(
            "HomePosition",
            ("Enabled", flag(self.enabled)),
            ("ResetTime", self.reset_s),
            ("PresetIndex", self.preset),
        )


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
        found = child(root, "HomePosition")
        readable = found is not None and read_flag(found, "Enabled") is not None
        return cls(
            sn=read_sn(root),
            device_id=read_id(root),
            position=HomePosition.from_xml(found) if found is not None and readable else None,
            ok=read_ok(root),
            reason=read_text(root, "Reason"),
        )

    def content(self) -> str:
        """The children after DeviceID."""
        position = "" if self.position is None else self.position.to_xml() + "\r\n"
        return self.refusal() + position


READERS: Readers = {
    (Root.QUERY, "homepositionquery"): HomePositionQuery.from_xml,
    (Root.RESPONSE, "homepositionquery"): HomePositionResponse.from_xml,
    # a dome answers under the name of the control (reported of DH-3H3405)
    (Root.RESPONSE, "homeposition"): HomePositionResponse.from_xml,
}
