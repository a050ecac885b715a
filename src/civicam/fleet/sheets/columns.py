"""The columns of each sheet. Data: what a column means is in `civicam.fleet.sheets.schema`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from civicam.fleet.cityparts import LONGEST_BATTERY
from civicam.fleet.law import Choice
from civicam.fleet.register import LANES, Lists, Role
from civicam.fleet.sheets.schema import Column, Kind, Option, Sheet, SheetName
from civicam.fleet.sheets.words import (
    CAMERA_KINDS,
    DEVICE_KINDS,
    MEDIA,
    NODE_KINDS,
    PARTY_KINDS,
    ROLES,
    SITE_KINDS,
    SOURCES,
    SYSTEMS,
)


def _options(labels: Mapping[Any, tuple[str, str]]) -> tuple[Option, ...]:
    return tuple(Option(str(code), *pair) for code, pair in labels.items())


def _id(zh: str, en: str, note: tuple[str, str] = ("", "")) -> Column:
    return Column("id", zh, en, Kind.ID, *note, most=64, is_key=True, required=True)


def _party(key: str, zh: str, en: str) -> Column:
    return Column(
        key,
        zh,
        en,
        Kind.ID,
        "填“单位”表中的编号",
        "An id of the sheet parties",
        most=64,
        to=SheetName.PARTIES,
    )


def _site(required: bool) -> Column:
    note = ("填“点位”表中的编号", "An id of the sheet sites")
    return Column("site", "点位编号", "site", Kind.ID, *note, most=64, required=required, to=SheetName.SITES)


def _place() -> tuple[Column, ...]:
    """Longitude and latitude for each reference system: the header says which it is."""
    note = (
        "坐标系写在表头里；每行只填一个坐标系的经纬度，不要换算",
        "The reference system is in the header; fill in one pair a row, converted by nobody",
    )
    found = []
    for system, name in SYSTEMS:
        for key, zh, en in (("lon", "经度", "longitude"), ("lat", "纬度", "latitude")):
            header = (f"{zh}（{name}）", f"{en} ({name})")
            found.append(Column(key, *header, Kind.NUMBER, *note, most=40, system=system))
    return tuple(found)


_NAME = Column("name", "名称", "name", required=True, width=28)
_GB_NOTE = (
    "20 位国标编码，单元格须为文本格式",
    "The 20-digit code; the cell has to be text",
)


def sheets(lists: Lists) -> tuple[Sheet, ...]:
    """All sheets; ``lists``: what camera records may choose from here."""

    def listed(key: str, zh: str, en: str, choices: Mapping[str, Choice]) -> Column:
        allowed = tuple(
            Option(each.code, each.zh, each.en) for each in choices.values() if not each.forbidden
        )
        refused = tuple(Option(each.code, each.zh, each.en) for each in choices.values() if each.forbidden)
        return Column(key, zh, en, Kind.CHOICE, most=40, choices=allowed, refused=refused, width=24)

    return (
        Sheet(
            SheetName.PARTIES,
            "单位",
            "parties",
            (
                _id("单位编号", "party id", ("自定，不重复", "Of your own choice, unique")),
                _NAME,
                Column("kind", "类型", "kind", Kind.CHOICE, required=True, choices=_options(PARTY_KINDS)),
                Column(
                    "contact",
                    "值班电话",
                    "duty desk",
                    note_zh="值班电话，不填个人",
                    note_en="A desk, no person",
                ),
            ),
        ),
        Sheet(
            SheetName.AREAS,
            "区域",
            "areas",
            (
                Column(
                    "id",
                    "区域编码",
                    "area code",
                    Kind.ID,
                    "区县或街道的行政区划代码",
                    "Administrative code of a district or street",
                    most=12,
                    is_key=True,
                    required=True,
                ),
                _NAME,
                Column("name_en", "英文名称", "English name", width=24),
                Column(
                    "district",
                    "所属区县编码",
                    "district of the street",
                    Kind.ID,
                    "街道填所属区县；区县留空",
                    "Of a street; empty for a district",
                    most=12,
                    to=SheetName.AREAS,
                ),
            ),
        ),
        Sheet(
            SheetName.SITES,
            "点位",
            "sites",
            (
                _id("点位编号", "site id", ("自定，不重复", "Of your own choice, unique")),
                _NAME,
                Column("name_en", "英文名称", "English name", width=24),
                Column(
                    "district", "区县编码", "district", Kind.ID, most=12, required=True, to=SheetName.AREAS
                ),
                Column("street", "街道编码", "street", Kind.ID, most=12, to=SheetName.AREAS),
                Column(
                    "kind",
                    "点位类型",
                    "kind",
                    Kind.CHOICE,
                    required=True,
                    choices=_options(SITE_KINDS),
                ),
                Column(
                    "lanes",
                    "车道数",
                    "lanes",
                    Kind.CHOICE,
                    "仅卡口填写",
                    "Of checkpoints only",
                    choices=tuple(Option(str(n), str(n), str(n)) for n in sorted(LANES)),
                ),
                *_place(),
                Column(
                    "source",
                    "坐标来源",
                    "source of the place",
                    Kind.CHOICE,
                    "留空即“导入资料”；现场测绘的坐标不会被其他来源覆盖",
                    "Empty: import. A survey is overwritten by no other source",
                    choices=_options(SOURCES),
                ),
                Column("surveyed_on", "测绘日期", "surveyed on", Kind.DATE),
                Column(
                    "system",
                    "坐标系",
                    "reference system",
                    Kind.CHOICE,
                    choices=tuple(Option(system.value, name, name) for system, name in SYSTEMS),
                    hidden=True,
                ),
                *(_party(role.value, *ROLES[role]) for role in Role),
            ),
        ),
        Sheet(
            SheetName.DEVICES,
            "设备",
            "devices",
            (
                Column(
                    "id",
                    "设备国标编码",
                    "device GB id",
                    Kind.GB_ID,
                    *_GB_NOTE,
                    most=20,
                    is_key=True,
                    required=True,
                    width=24,
                ),
                _NAME,
                Column(
                    "kind",
                    "设备类型",
                    "kind",
                    Kind.CHOICE,
                    most=20,
                    required=True,
                    choices=_options(DEVICE_KINDS),
                    open=True,
                ),
                _site(required=False),
                Column(
                    "protocol",
                    "接入协议",
                    "protocol",
                    Kind.CHOICE,
                    "留空即 GB/T 28181",
                    "Empty: GB/T 28181",
                    choices=(
                        Option("gb28181", "GB/T 28181", "GB/T 28181"),
                        Option("rtsp", "RTSP", "RTSP"),
                    ),
                ),
                Column(
                    "heartbeat_s",
                    "心跳间隔（秒）",
                    "heartbeat (s)",
                    Kind.WHOLE,
                    "5 至 255，留空按系统设置",
                    "5 to 255; empty: as the system is set",
                    most=255,
                    least=5,
                ),
                Column("url", "RTSP 地址", "RTSP address", most=1000, width=36),
                Column(
                    "username",
                    "认证用户名",
                    "user name",
                    note_zh="与国标编码不同时才填",
                    note_en="Only where it is not the code",
                ),
                Column(
                    "secret",
                    "认证密码",
                    "password",
                    Kind.SECRET,
                    "新设备必填；已登记的设备留空即不变；从不导出",
                    "Needed for a new device; empty leaves what is there; never exported",
                ),
            ),
        ),
        Sheet(
            SheetName.CHANNELS,
            "图像",
            "channels",
            (
                Column(
                    "device",
                    "设备国标编码",
                    "device GB id",
                    Kind.GB_ID,
                    *_GB_NOTE,
                    most=20,
                    is_key=True,
                    required=True,
                    to=SheetName.DEVICES,
                    width=24,
                ),
                Column(
                    "id",
                    "图像国标编码",
                    "channel GB id",
                    Kind.GB_ID,
                    *_GB_NOTE,
                    most=64,
                    is_key=True,
                    required=True,
                    width=24,
                ),
                _NAME,
                _site(required=False),
                Column("kind", "摄像机类型", "camera kind", Kind.CHOICE, choices=_options(CAMERA_KINDS)),
                Column(
                    "lane",
                    "车道号",
                    "lane",
                    Kind.WHOLE,
                    "仅卡口车道填写",
                    "Of checkpoints only",
                    most=max(LANES),
                ),
                listed("place", "场所类别", "place class", lists.places),
                listed("ground", "法律依据", "legal ground", lists.grounds),
                Column("ground_note", "依据文号", "number of the ground", width=24),
                listed("purpose", "用途", "purpose", lists.purposes),
                _party("owner", "权属单位", "owner"),
                Column("filed_on", "备案日期", "filed on", Kind.DATE),
                Column("filing_no", "备案编号", "filing number", most=100, width=20),
            ),
        ),
        Sheet(
            SheetName.NODES,
            "供电与光缆节点",
            "power and fibre nodes",
            (
                _id("节点编号", "node id", ("自定，不重复", "Of your own choice, unique")),
                _NAME,
                Column("kind", "节点类型", "kind", Kind.CHOICE, required=True, choices=_options(NODE_KINDS)),
                _site(required=False),
                Column(
                    "battery_minutes",
                    "电池时长（分钟）",
                    "battery (minutes)",
                    Kind.WHOLE,
                    "仅不间断电源填写",
                    "Of a UPS only",
                    most=LONGEST_BATTERY,
                ),
                _party("party", "责任单位", "responsible party"),
                Column("lon", "经度（WGS-84）", "longitude (WGS-84)", Kind.NUMBER, normal=True),
                Column("lat", "纬度（WGS-84）", "latitude (WGS-84)", Kind.NUMBER, normal=True),
            ),
        ),
        Sheet(
            SheetName.EDGES,
            "供电与光缆连接",
            "power and fibre links",
            (
                Column(
                    "upper",
                    "上级",
                    "upper end",
                    Kind.ID,
                    "节点编号或设备国标编码",
                    "A node's id or a device's GB id",
                    most=64,
                    is_key=True,
                    required=True,
                    width=26,
                ),
                Column(
                    "lower",
                    "下级",
                    "lower end",
                    Kind.ID,
                    "节点编号或设备国标编码。一个下级的连接须写全：没写的连接会被移除",
                    "A node's id or a device's GB id. All links of a lower end have to be here: others go",
                    most=64,
                    is_key=True,
                    required=True,
                    width=26,
                ),
                Column(
                    "medium",
                    "介质",
                    "medium",
                    Kind.CHOICE,
                    is_key=True,
                    required=True,
                    choices=_options(MEDIA),
                ),
                Column("backup", "备用", "backup", Kind.YES_NO),
            ),
        ),
    )
