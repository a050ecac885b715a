"""What the codes of the register are called in drop-downs: code → (Chinese, English). Data."""

from __future__ import annotations

from civicam.fleet.crs import System
from civicam.fleet.graph import Medium, NodeKind
from civicam.fleet.placing import Source
from civicam.fleet.register import CameraKind, PartyKind, Role

SYSTEMS = ((System.WGS84, "WGS-84"), (System.GCJ02, "GCJ-02"), (System.BD09, "BD-09"))
SITE_KINDS = {
    "camera": ("普通点位", "camera site"),
    "dome": ("球机点位", "dome site"),
    "checkpoint": ("卡口", "checkpoint"),
    "highpoint": ("高点监控", "high point"),
    "third-party": ("社会资源", "third party"),
}
PARTY_KINDS = {
    PartyKind.GOVERNMENT: ("政府单位", "government"),
    PartyKind.CONTRACTOR: ("承建运维单位", "contractor"),
    PartyKind.POWER_COMPANY: ("供电公司", "power company"),
    PartyKind.CARRIER: ("通信运营商", "carrier"),
    PartyKind.THIRD_PARTY: ("社会单位", "third party"),
    PartyKind.OTHER: ("其他", "other"),
}
CAMERA_KINDS = {
    CameraKind.FIXED: ("固定枪机", "fixed"),
    CameraKind.DOME: ("球机", "dome"),
    CameraKind.SDI: ("HD-SDI 球机", "HD-SDI dome"),
    CameraKind.CHECKPOINT: ("卡口车道", "checkpoint lane"),
    CameraKind.HIGH_POINT: ("高点", "high point"),
    CameraKind.THIRD_PARTY: ("社会资源", "third party"),
}
NODE_KINDS = {
    NodeKind.TRANSFORMER: ("变压器", "transformer"),
    NodeKind.METER_BOX: ("电表箱", "meter box"),
    NodeKind.FEED: ("馈线", "feed"),
    NodeKind.CABINET: ("机柜", "cabinet"),
    NodeKind.UPS: ("不间断电源", "UPS"),
    NodeKind.ODF: ("光配线架", "ODF"),
    NodeKind.FIBRE: ("光缆段", "fibre segment"),
    NodeKind.SPLITTER: ("分光器", "splitter"),
    NodeKind.OLT: ("光线路终端", "OLT"),
    NodeKind.ONU: ("光网络单元", "ONU"),
    NodeKind.SWITCH: ("交换机", "switch"),
    NodeKind.CORE: ("核心节点", "core"),
    NodeKind.CHANNEL: ("前端摄像头", "camera head"),
}
MEDIA = {
    Medium.POWER: ("供电", "power"),
    Medium.FIBRE: ("光缆", "fibre"),
    Medium.LOGICAL: ("逻辑", "logical"),
}
DEVICE_KINDS = {
    "camera": ("摄像机", "camera"),
    "recorder": ("录像机", "recorder"),
    "encoder": ("编码器", "encoder"),
}
SOURCES = {
    Source.IMPORT: ("导入资料", "import"),
    Source.SURVEY: ("现场测绘", "survey"),
    Source.MANUAL: ("人工标注", "manual"),
}
ROLES = {
    Role.OWNER: ("权属单位", "owner"),
    Role.MAINTAINER: ("维护单位", "maintainer"),
    Role.POWER: ("供电单位", "power supplier"),
    Role.CARRIER: ("线路单位", "carrier"),
}
