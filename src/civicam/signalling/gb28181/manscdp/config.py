"""ConfigDownload and DeviceConfig (设备配置查询, 设备配置; GB/T 28181-2022 Annex A).

A device answers Result OK without the element of a type it does not support: what is missing from a whole
answer is unsupported. The answer may come in several messages with one SN. After a DeviceConfig read back:
its "OK" does not prove a change. Bodies may hold a device's password in clear: it is not read, and these
bodies are never logged.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from civicam.kernel.errors import Refused
from civicam.signalling.gb28181.manscdp.config_plans import (
    OsdConfig,
    PictureMask,
    VideoAlarmRecord,
    VideoRecordPlan,
)
from civicam.signalling.gb28181.manscdp.config_types import (
    AlarmReport,
    BasicParam,
    Config,
    ConfigType,
    FrameMirror,
    SnapShotConfig,
    SvacDecodeConfig,
    SvacEncodeConfig,
    VideoParamAttribute,
    VideoParamOpt,
)
from civicam.signalling.gb28181.manscdp.fields import (
    Root,
    bad_field,
    element,
    lines,
    read_id,
    read_ok,
    read_sn,
    read_text,
)
from civicam.signalling.gb28181.manscdp.message import Message, Readers, Response
from civicam.signalling.gb28181.manscdp.result import ResultResponse
from civicam.signalling.gb28181.xml import Element, local_name, text_of

MAX_CONFIGS = 32
"""Elements in one message; the standard knows twelve."""

CONFIGS: tuple[type[Config], ...] = (
    BasicParam,
    VideoParamOpt,
    SvacEncodeConfig,
    SvacDecodeConfig,
    VideoParamAttribute,
    VideoRecordPlan,
    VideoAlarmRecord,
    PictureMask,
    FrameMirror,
    AlarmReport,
    OsdConfig,
    SnapShotConfig,
)
# The answer's element is SnapShot in one reading of the standard.
_BY_NAME: dict[str, type[Config]] = {each.TYPE.lower(): each for each in CONFIGS} | {
    "snapshot": SnapShotConfig
}

C = TypeVar("C", bound=Config)


@dataclass(frozen=True, slots=True)
class ConfigDownloadQuery(Message):
    """Ask for some types; empty when the asker named none that is known."""

    ROOT = Root.QUERY
    CMD_TYPE = "ConfigDownload"

    types: tuple[ConfigType, ...]

    @classmethod
    def from_xml(cls, root: Element) -> ConfigDownloadQuery:
        """Read; raises `Refused` when SN or DeviceID is wrong. Unknown types are left out, as unsupported."""
        names = (text_of(root, "ConfigType") or "").split("/")[:MAX_CONFIGS]
        kinds = (_BY_NAME.get(each.strip().lower()) for each in names)
        return cls(read_sn(root), read_id(root), tuple(dict.fromkeys(each.TYPE for each in kinds if each)))

    def content(self) -> str:
        """The children after DeviceID."""
        return element("ConfigType", "/".join(self.types)) + "\r\n"


@dataclass(frozen=True, slots=True)
class ConfigDownloadResponse(Response):
    """One part of an answer; ``rejected`` counts elements that are there but cannot be read."""

    CMD_TYPE = "ConfigDownload"

    items: tuple[Config, ...] = ()
    rejected: int = 0

    @property
    def sum_num(self) -> int | None:
        """Never told: the asker knows how many types were asked for."""
        return None

    @classmethod
    def from_xml(cls, root: Element) -> ConfigDownloadResponse:
        """Read; raises `Refused` when SN or DeviceID is wrong."""
        items, rejected = _configs(root)
        return cls(
            sn=read_sn(root),
            device_id=read_id(root),
            items=items,
            rejected=len(rejected),
            ok=read_ok(root),
            reason=read_text(root, "Reason"),
        )

    def content(self) -> str:
        """The children after DeviceID."""
        head = lines(("Result", "OK" if self.ok else "ERROR"), ("Reason", self.reason))
        return head + "".join(each.to_xml() + "\r\n" for each in self.items)


@dataclass(frozen=True, slots=True)
class DeviceConfig(Message):
    """Set what ``items`` say; empty when the body names nothing that is known."""

    ROOT = Root.CONTROL
    CMD_TYPE = "DeviceConfig"

    items: tuple[Config, ...]

    @classmethod
    def from_xml(cls, root: Element) -> DeviceConfig:
        """Read; raises `Refused` when SN, DeviceID or any element is wrong: obeyed whole or not."""
        items, rejected = _configs(root)
        if rejected:
            raise bad_field(rejected[0], None)
        return cls(read_sn(root), read_id(root), items)

    def content(self) -> str:
        """The children after DeviceID."""
        return "".join(each.to_xml() + "\r\n" for each in self.items)


class DeviceConfigResponse(ResultResponse):
    """Whether the device took it, as it says."""

    __slots__ = ()
    CMD_TYPE = "DeviceConfig"


def find_config(items: tuple[Config, ...], kind: type[C]) -> C | None:
    """The first item of ``kind``; None when the device does not support it."""
    return next((each for each in items if isinstance(each, kind)), None)


def _configs(root: Element) -> tuple[tuple[Config, ...], list[str]]:
    """What can be read, and the names of the elements that cannot."""
    items: list[Config] = []
    rejected: list[str] = []
    for each in root:
        kind = _BY_NAME.get(local_name(each).lower())
        if kind is None:
            continue
        if len(items) + len(rejected) >= MAX_CONFIGS:
            raise bad_field(kind.TYPE, f"more than {MAX_CONFIGS} elements")
        try:
            items.append(kind.from_xml(each))
        except Refused:
            rejected.append(kind.TYPE)
    return tuple(items), rejected


READERS: Readers = {
    (Root.QUERY, "configdownload"): ConfigDownloadQuery.from_xml,
    (Root.RESPONSE, "configdownload"): ConfigDownloadResponse.from_xml,
    (Root.CONTROL, "deviceconfig"): DeviceConfig.from_xml,
    (Root.RESPONSE, "deviceconfig"): DeviceConfigResponse.from_xml,
}
