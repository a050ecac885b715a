"""DeviceInfo query and response (GB/T 28181-2022 A.2.4.4, A.2.6.5)."""

from __future__ import annotations

from dataclasses import dataclass

from civicam.signalling.gb28181.ids import GbId
from civicam.signalling.gb28181.manscdp.fields import Root, document, element, read_id, read_int, read_sn
from civicam.signalling.gb28181.xml import Element, text_of

CMD_TYPE = "DeviceInfo"
MAX_CHANNELS = 100_000


@dataclass(frozen=True, slots=True)
class DeviceInfoQuery:
    """Ask a device who made it."""

    sn: int
    device_id: GbId

    @classmethod
    def from_xml(cls, root: Element) -> DeviceInfoQuery:
        """Read; raises `Refused` when SN or DeviceID is wrong."""
        return cls(sn=read_sn(root), device_id=read_id(root))

    def to_xml(self, encoding: str = "GB18030") -> bytes:
        """Write the body."""
        return document(Root.QUERY, CMD_TYPE, self.sn, element("DeviceID", self.device_id) + "\r\n", encoding)


@dataclass(frozen=True, slots=True)
class DeviceInfoResponse:
    """What it says of itself; texts are as sent, ``channels`` counts video inputs."""

    sn: int
    device_id: GbId
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

    def to_xml(self, encoding: str = "GB18030") -> bytes:
        """Write the body."""
        fields = (
            ("DeviceID", self.device_id),
            ("DeviceName", self.device_name or None),
            ("Result", self.result),
            ("Manufacturer", self.manufacturer or None),
            ("Model", self.model or None),
            ("Firmware", self.firmware or None),
            ("Channel", self.channels),
        )
        content = "".join(element(name, value) + "\r\n" for name, value in fields if value is not None)
        return document(Root.RESPONSE, CMD_TYPE, self.sn, content, encoding)
