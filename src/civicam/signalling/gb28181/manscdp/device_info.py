"""DeviceInfo query and response (GB/T 28181-2022 A.2.4.4, A.2.6.5)."""

from __future__ import annotations

from dataclasses import dataclass

from civicam.signalling.gb28181.manscdp.fields import Root, element, read_id, read_int, read_sn
from civicam.signalling.gb28181.manscdp.message import Message, PlainQuery, Readers
from civicam.signalling.gb28181.xml import Element, text_of

MAX_CHANNELS = 100_000


class DeviceInfoQuery(PlainQuery):
    """Ask a device who made it."""

    __slots__ = ()
    CMD_TYPE = "DeviceInfo"


@dataclass(frozen=True, slots=True)
class DeviceInfoResponse(Message):
    """What it says of itself; texts are as sent, ``channels`` counts video inputs."""

    ROOT = Root.RESPONSE
    CMD_TYPE = "DeviceInfo"

    result: str = "OK"
    device_name: str = ""
    manufacturer: str = ""
    model: str = ""
    firmware: str = ""
    channels: int | None = None

    @classmethod
    def from_xml(cls, root: Element) -> DeviceInfoResponse:
        """Read; raises `Refused` when SN or DeviceID is wrong. A missing Result counts as OK."""
        return cls(
            sn=read_sn(root),
            device_id=read_id(root),
            result=(text_of(root, "Result") or "OK").upper(),
            device_name=text_of(root, "DeviceName") or "",
            manufacturer=text_of(root, "Manufacturer") or "",
            model=text_of(root, "Model") or "",
            firmware=text_of(root, "Firmware") or "",
            channels=read_int(root, "Channel", 0, MAX_CHANNELS),
        )

    def content(self) -> str:
        """The children after DeviceID."""
        fields = (
            ("DeviceName", self.device_name or None),
            ("Result", self.result),
            ("Manufacturer", self.manufacturer or None),
            ("Model", self.model or None),
            ("Firmware", self.firmware or None),
            ("Channel", self.channels),
        )
        return "".join(element(name, value) + "\r\n" for name, value in fields if value is not None)


READERS: Readers = {
    (Root.QUERY, "deviceinfo"): DeviceInfoQuery.from_xml,
    (Root.RESPONSE, "deviceinfo"): DeviceInfoResponse.from_xml,
}
