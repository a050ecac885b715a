"""Notify/DeviceUpgradeResult (2022): how a firmware upgrade ended; the device has registered again before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from civicam.signalling.gb28181.manscdp.fields import Root, bad_field, lines, read_id, read_sn
from civicam.signalling.gb28181.manscdp.message import Message, Readers
from civicam.signalling.gb28181.xml import Element, text_of

REASONS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "01": ("升级超时", "the upgrade took too long"),
        "02": ("升级文件损坏", "the firmware file is corrupt"),
        "03": ("系统错误", "the device's system failed"),
        "99": ("其他原因", "another reason"),
    }
)
"""UpgradeFailedReason → zh-CN, en."""


@dataclass(frozen=True, slots=True)
class UpgradeResult(Message):
    """``session_id`` is that of the order; ``firmware`` the version that runs now; ``reason`` as in
    `REASONS` (other numbers occur), empty when it went well.
    """

    ROOT = Root.NOTIFY
    CMD_TYPE = "DeviceUpgradeResult"

    session_id: str
    ok: bool = True
    firmware: str = ""
    reason: str = ""

    @classmethod
    def from_xml(cls, root: Element) -> UpgradeResult:
        """Read; raises `Refused` when SN, DeviceID, SessionID or UpgradeResult is missing or wrong."""
        session = text_of(root, "SessionID", 128)
        if not session:
            raise bad_field("SessionID", session)
        result = (text_of(root, "UpgradeResult", 16) or "").upper()
        if result not in {"OK", "ERROR"}:
            raise bad_field("UpgradeResult", result)
        reason = text_of(root, "UpgradeFailedReason", 16) or ""
        firmware = text_of(root, "Firmware", 256) or ""
        return cls(read_sn(root), read_id(root), session, result == "OK", firmware, reason)

    def content(self) -> str:
        """The children after DeviceID."""
        return lines(
            ("SessionID", self.session_id),
            ("UpgradeResult", "OK" if self.ok else "ERROR"),
            ("Firmware", self.firmware),
            ("UpgradeFailedReason", self.reason),
        )


READERS: Readers = {(Root.NOTIFY, "deviceupgraderesult"): UpgradeResult.from_xml}
