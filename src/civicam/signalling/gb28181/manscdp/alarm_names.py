"""What the numbers of an alarm mean (GB/T 28181-2022 A.2.5, AlarmMethod and AlarmType), in zh and en.

The types of method 5 are what the device's own analysis says; civicam analyses nothing itself.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from types import MappingProxyType

Names = tuple[str, str]
"""zh-CN, en."""


class AlarmMethod(enum.IntEnum):
    """How the alarm was raised."""

    TELEPHONE = 1
    DEVICE = 2
    SMS = 3
    GPS = 4
    VIDEO = 5
    FAULT = 6
    OTHER = 7


METHODS: Mapping[int, Names] = MappingProxyType(
    {
        AlarmMethod.TELEPHONE: ("电话报警", "telephone alarm"),
        AlarmMethod.DEVICE: ("设备报警", "device alarm"),
        AlarmMethod.SMS: ("短信报警", "text message alarm"),
        AlarmMethod.GPS: ("GPS 报警", "GPS alarm"),
        AlarmMethod.VIDEO: ("视频报警", "video alarm"),
        AlarmMethod.FAULT: ("设备故障报警", "device fault"),
        AlarmMethod.OTHER: ("其他报警", "other alarm"),
    }
)

TYPES: Mapping[tuple[int, int], Names] = MappingProxyType(
    {
        (AlarmMethod.DEVICE, 1): ("视频丢失报警", "video lost"),
        (AlarmMethod.DEVICE, 2): ("设备防拆报警", "device tampered with"),
        (AlarmMethod.DEVICE, 3): ("存储设备磁盘满报警", "disk full"),
        (AlarmMethod.DEVICE, 4): ("设备高温报警", "device too hot"),
        (AlarmMethod.DEVICE, 5): ("设备低温报警", "device too cold"),
        (AlarmMethod.VIDEO, 1): ("人工视频报警", "raised by hand"),
        (AlarmMethod.VIDEO, 2): ("运动目标检测报警", "motion"),
        (AlarmMethod.VIDEO, 3): ("遗留物检测报警", "object left behind"),
        (AlarmMethod.VIDEO, 4): ("物体移除检测报警", "object taken away"),
        (AlarmMethod.VIDEO, 5): ("绊线检测报警", "line crossed"),
        (AlarmMethod.VIDEO, 6): ("入侵检测报警", "area entered or left"),
        (AlarmMethod.VIDEO, 7): ("逆行检测报警", "wrong direction"),
        (AlarmMethod.VIDEO, 8): ("徘徊检测报警", "long stay in an area"),
        (AlarmMethod.VIDEO, 9): ("流量统计报警", "flow count"),
        (AlarmMethod.VIDEO, 10): ("密度检测报警", "area too full"),
        (AlarmMethod.VIDEO, 11): ("视频异常检测报警", "picture abnormal"),
        (AlarmMethod.VIDEO, 12): ("快速移动报警", "fast movement"),
        (AlarmMethod.VIDEO, 13): ("图像遮挡报警", "picture covered"),
        (AlarmMethod.FAULT, 1): ("存储设备磁盘故障报警", "disk fault"),
        (AlarmMethod.FAULT, 2): ("存储设备风扇故障报警", "fan fault"),
    }
)


def alarm_names(method: int | None, alarm_type: int | None) -> Names:
    """The best words for an alarm: its type, else its method, else "other", with the unknown number said."""
    if method is not None and alarm_type is not None and (found := TYPES.get((method, alarm_type))):
        return found
    zh, en = METHODS.get(method or AlarmMethod.OTHER, METHODS[AlarmMethod.OTHER])
    if not alarm_type:
        return zh, en
    return f"{zh}（类型 {alarm_type}）", f"{en} (type {alarm_type})"
