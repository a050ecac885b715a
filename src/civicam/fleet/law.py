"""The lists a camera record chooses from: place classes, legal grounds, purposes. Data, no behaviour.

The articles are those of State Council decree 799 (《公共安全视频图像信息系统管理条例》, in force since
2025-04-01), shortened; show the decree itself to whoever asks. An installation adds place classes and grounds
of its own by setting; it can neither take one of these away nor allow what article 8 forbids. Purposes cannot
be added to: cameras in public places serve public safety only (Personal Information Protection Law, 26).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Choice:
    """One entry: ``basis`` is the article it rests on, empty for an installation's own."""

    code: str
    zh: str
    en: str
    basis: str = ""
    forbidden: bool = False


PLACES: tuple[Choice, ...] = (
    Choice("main-road", "城乡主要路段", "Main road", "799/7"),
    Choice("junction", "道路交叉口", "Road junction", "799/7"),
    Choice("checkpoint", "公安交通卡口", "Vehicle checkpoint", "799/7"),
    Choice("district-border", "行政区域边界", "Border of an administrative area", "799/7"),
    Choice("bridge-tunnel", "桥梁、隧道、地下通道", "Bridge, tunnel, underpass", "799/7"),
    Choice("square", "广场", "Square", "799/7"),
    Choice("key-unit-surroundings", "治安保卫重点单位周边", "Around a key protected unit", "799/7"),
    Choice("high-point", "城区高点", "High point over public streets", "799/7"),
    Choice("commerce", "商贸中心", "Shopping centre", "799/7"),
    Choice("exhibition", "会展中心", "Exhibition centre", "799/7"),
    Choice("scenic-area", "旅游景区", "Scenic area", "799/7"),
    Choice("culture-sports", "文化体育娱乐场所", "Culture, sports and entertainment venue", "799/7"),
    Choice("school", "教育机构", "School or university, public parts", "799/7"),
    Choice("medical", "医疗机构", "Hospital, public parts", "799/7"),
    Choice("service-hall", "政务服务大厅", "Government service hall", "799/7"),
    Choice("park", "公园", "Park", "799/7"),
    Choice("parking", "公共停车场", "Public car park", "799/7"),
    Choice("port-of-entry", "出境入境口岸（通道）", "Port of entry", "799/7"),
    Choice("station", "机场、港口、车站", "Airport, harbour, railway or bus station", "799/7"),
    Choice("vehicle", "大中型公共交通工具", "Large public transport vehicle", "799/7"),
    Choice("service-area", "公路服务区", "Motorway or trunk road service area", "799/7"),
    Choice("waters", "江河堤防、防汛点", "Dyke or flood control point"),
    Choice("residential-entrance", "住宅小区出入口", "Entrance of a residential area", "799/9"),
    Choice(
        "guest-room", "旅馆客房、包间内部", "Inside a guest room or private room", "799/8", forbidden=True
    ),
    Choice("dormitory", "宿舍、内部住宿休息房间", "Inside a dormitory or rest room", "799/8", forbidden=True),
    Choice("bath", "公共浴室", "Inside a public bath", "799/8", forbidden=True),
    Choice("toilet", "公共卫生间", "Inside a public toilet", "799/8", forbidden=True),
    Choice("changing-room", "更衣室、试衣间", "Inside a changing or fitting room", "799/8", forbidden=True),
    Choice("nursing-room", "哺乳室", "Inside a nursing room", "799/8", forbidden=True),
    Choice("privacy", "能拍摄他人隐私的部位", "Where others' privacy can be seen", "799/8", forbidden=True),
)

GROUNDS: tuple[Choice, ...] = (
    Choice(
        "799-7-government",
        "条例第七条：政府组织建设的公共场所",
        "Decree 799, 7: public place, built by government",
        "799/7",
    ),
    Choice(
        "799-7-operator",
        "条例第七条：经营管理单位建设",
        "Decree 799, 7: built by who runs the place",
        "799/7",
    ),
    Choice(
        "799-9-duty",
        "条例第九条：负有安全防范义务",
        "Decree 799, 9: by who has a duty of protection",
        "799/9",
    ),
    Choice("local-rule", "地方性法规或规章", "Local law or rule; its number stands in the note"),
)

PURPOSES: tuple[Choice, ...] = (
    Choice("public-order", "社会治安防控", "Public order"),
    Choice("traffic-safety", "道路交通安全", "Road safety"),
    Choice("crowd-safety", "人员密集场所安全", "Safety where crowds gather"),
    Choice("emergency", "应急处置与消防", "Emergencies and fire"),
    Choice("flood", "防汛防灾", "Floods and disasters"),
    Choice("facility", "重点部位与公共设施防护", "Protection of key sites and public facilities"),
)
