"""What the ledger's codes say to people, for exports: code → (zh-CN, en)."""

from __future__ import annotations

from typing import Literal

from civicam.outages.facts import Attribution, CauseKind, EvidenceKind

Language = Literal["zh-CN", "en"]

KINDS: dict[str, tuple[str, str]] = {
    CauseKind.MAINS: ("市电", "mains power"),
    CauseKind.SUPPLY: ("机柜或馈线供电", "power of a cabinet or feed"),
    CauseKind.FIBRE: ("光缆中断", "fibre or cable cut"),
    CauseKind.NETWORK: ("ONU 或交换机", "ONU or switch"),
    CauseKind.DEVICE: ("设备", "device"),
    CauseKind.STORAGE: ("存储或录像机", "storage or recorder"),
    CauseKind.PLATFORM: ("平台自身", "platform itself"),
    CauseKind.PLANNED: ("计划检修", "planned work"),
    CauseKind.UNKNOWN: ("未知", "unknown"),
}
PARTIES: dict[str, tuple[str, str]] = {
    Attribution.POWER_COMPANY: ("供电公司", "power company"),
    Attribution.CARRIER: ("运营商", "carrier"),
    Attribution.THIRD_PARTY: ("第三方", "road works or other third party"),
    Attribution.CONTRACTOR: ("承建单位", "contractor"),
    Attribution.OWNER: ("第三方相机业主", "owner of a third-party camera"),
    Attribution.OPERATOR: ("平台运营方", "platform operator"),
    Attribution.NOBODY: ("待定", "nobody yet"),
}
STATES: dict[str, tuple[str, str]] = {
    "open": ("未恢复", "open"),
    "recovering": ("已恢复，观察中", "recovering"),
    "closed": ("已关闭", "closed"),
    "merged": ("已并入其他记录", "merged"),
}
EVIDENCE: dict[str, tuple[str, str]] = {
    EvidenceKind.LAST_GASP: ("断电告警 (dying gasp)", "last gasp"),
    EvidenceKind.SIGNAL_LOST: ("OLT 侧光信号丢失", "no light seen by the OLT"),
    EvidenceKind.FRAME_LOST: ("OLT 侧帧丢失，有光", "light without frames seen by the OLT"),
    EvidenceKind.MAINS_FAIL: ("市电中断告警", "mains failed"),
    EvidenceKind.ON_BATTERY: ("UPS 电池供电", "UPS on battery"),
    EvidenceKind.PORT_DOWN: ("上级端口断开", "port down, seen from above"),
    "window": ("起始时间范围", "it began between"),
    "work": ("计划检修", "planned work"),
    "gap": ("平台未采集", "the platform did not look"),
    "share": ("该处下级离线设备数", "devices below it that are dark"),
    "below": ("该处下级设备总数", "devices below it"),
    "not-below": ("同时离线，但登记中不在其下级", "dark at the same moment, not below it in the register"),
    "works": ("其下级仍在工作", "below it, and works"),
    "silent": ("询问无应答", "asked, no answer"),
    "heard": ("最后心跳与应到时间", "last heard, and next due"),
    "more": ("其余未列出", "more, not listed"),
}


def say(words: dict[str, tuple[str, str]], code: str, language: Language) -> str:
    """The words for a code; the code itself when it has none."""
    pair = words.get(code)
    return code if pair is None else pair[0 if language == "zh-CN" else 1]
