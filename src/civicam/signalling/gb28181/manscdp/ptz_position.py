"""PTZPosition: query, response, notice of a subscription (PTZ 精准状态; GB/T 28181-2022 Annex A)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from civicam.signalling.gb28181.manscdp.fields import (
    Root,
    lines,
    number,
    read_float,
    read_id,
    read_ok,
    read_sn,
    read_text,
)
from civicam.signalling.gb28181.manscdp.message import Message, PlainQuery, Readers, Response
from civicam.signalling.gb28181.xml import Element


@dataclass(frozen=True, slots=True)
class PtzPosition:
    """Where a camera looks; None where it does not say.

    ``pan`` degrees clockwise seen from above, 0..360; ``tilt`` degrees, down is larger, -30..90; ``zoom`` at
    least 1; field angles in degrees; ``max_view_m`` metres. Read within wider bounds: makers differ.
    """

    pan: float | None = None
    tilt: float | None = None
    zoom: float | None = None
    horizontal_angle: float | None = None
    vertical_angle: float | None = None
    max_view_m: float | None = None

    @classmethod
    def from_xml(cls, place: Element) -> Self:
        """Read the fields out of ``place``; never raises."""
        return cls(
            pan=read_float(place, "Pan", -360.0, 360.0),
            tilt=read_float(place, "Tilt", -360.0, 360.0),
            zoom=read_float(place, "Zoom", 0.0, 10_000.0),
            horizontal_angle=read_float(place, "HorizontalFieldAngle", 0.0, 360.0),
            vertical_angle=read_float(place, "VerticalFieldAngle", 0.0, 360.0),
            max_view_m=read_float(place, "MaxViewDistance", 0.0, 1_000_000.0),
        )

    def to_xml(self) -> str:
        """The fields, one a line."""
        return lines(
            ("Pan", number(self.pan)),
            ("Tilt", number(self.tilt)),
            ("Zoom", number(self.zoom)),
            ("HorizontalFieldAngle", number(self.horizontal_angle)),
            ("VerticalFieldAngle", number(self.vertical_angle)),
            ("MaxViewDistance", number(self.max_view_m)),
        )


class PtzPositionQuery(PlainQuery):
    """Ask once, or, as the body of a SUBSCRIBE, for every change."""

    __slots__ = ()
    CMD_TYPE = "PTZPosition"


@dataclass(frozen=True, slots=True)
class PtzPositionResponse(Response):
    """The answer; some makers refuse with a reason."""

    CMD_TYPE = "PTZPosition"

    position: PtzPosition = PtzPosition()

    @classmethod
    def from_xml(cls, root: Element) -> PtzPositionResponse:
        """Read; raises `Refused` when SN or DeviceID is wrong."""
        return cls(
            sn=read_sn(root),
            device_id=read_id(root),
            position=PtzPosition.from_xml(root),
            ok=read_ok(root),
            reason=read_text(root, "Reason"),
        )

    def content(self) -> str:
        """The children after DeviceID."""
        return self.refusal() + self.position.to_xml()


@dataclass(frozen=True, slots=True)
class PtzPositionNotify(Message):
    """A change, inside a subscription."""

    ROOT = Root.NOTIFY
    CMD_TYPE = "PTZPosition"

    position: PtzPosition = PtzPosition()

    @classmethod
    def from_xml(cls, root: Element) -> PtzPositionNotify:
        """Read; raises `Refused` when SN or DeviceID is wrong."""
        return cls(read_sn(root), read_id(root), PtzPosition.from_xml(root))

    def content(self) -> str:
        """The children after DeviceID."""
        return self.position.to_xml()


READERS: Readers = {
    (Root.QUERY, "ptzposition"): PtzPositionQuery.from_xml,
    (Root.RESPONSE, "ptzposition"): PtzPositionResponse.from_xml,
    (Root.NOTIFY, "ptzposition"): PtzPositionNotify.from_xml,
    (Root.QUERY, "ptzprecisestatusquery"): PtzPositionQuery.from_xml,
    (Root.RESPONSE, "ptzprecisestatusquery"): PtzPositionResponse.from_xml,
}
