"""Invented names for invented places. Nothing here is a real street, school or shop of a real town."""

from __future__ import annotations

from civicam.simulator.description import Name

CITY = Name("样例市", "Sample City")

DISTRICTS: tuple[tuple[str, Name], ...] = (
    ("340202", Name("星湖区(样例)", "Xinghu District (sample)")),
    ("340203", Name("云汀区(样例)", "Yunting District (sample)")),
    ("340207", Name("望岭区(样例)", "Wangling District (sample)")),
)

STREET_OFFICES: tuple[Name, ...] = (
    Name("星湖街道", "Xinghu Subdistrict"),
    Name("梧桐街道", "Wutong Subdistrict"),
    Name("白鹭街道", "Bailu Subdistrict"),
    Name("青荷街道", "Qinghe Subdistrict"),
    Name("银杏街道", "Yinxing Subdistrict"),
    Name("晴川街道", "Qingchuan Subdistrict"),
    Name("松涛街道", "Songtao Subdistrict"),
    Name("海棠街道", "Haitang Subdistrict"),
    Name("月桥街道", "Yueqiao Subdistrict"),
    Name("枫林街道", "Fenglin Subdistrict"),
    Name("芦洲街道", "Luzhou Subdistrict"),
    Name("橘园街道", "Juyuan Subdistrict"),
    Name("云台街道", "Yuntai Subdistrict"),
    Name("雁行街道", "Yanxing Subdistrict"),
    Name("石榴街道", "Shiliu Subdistrict"),
    Name("荷塘街道", "Hetang Subdistrict"),
    Name("竹溪街道", "Zhuxi Subdistrict"),
    Name("霞光街道", "Xiaguang Subdistrict"),
)

_STEMS: tuple[tuple[str, str], ...] = (
    ("星湖", "Xinghu"),
    ("白鹭", "Bailu"),
    ("青荷", "Qinghe"),
    ("晴川", "Qingchuan"),
    ("松涛", "Songtao"),
    ("月桥", "Yueqiao"),
    ("云汀", "Yunting"),
    ("望岭", "Wangling"),
    ("鹤鸣", "Heming"),
    ("芳草", "Fangcao"),
    ("听雨", "Tingyu"),
    ("观澜", "Guanlan"),
    ("朝霞", "Zhaoxia"),
    ("清泉", "Qingquan"),
    ("远帆", "Yuanfan"),
    ("翠屏", "Cuiping"),
    ("和风", "Hefeng"),
    ("长歌", "Changge"),
    ("明镜", "Mingjing"),
    ("飞虹", "Feihong"),
    ("南薰", "Nanxun"),
    ("玉带", "Yudai"),
    ("碧波", "Bibo"),
    ("流云", "Liuyun"),
)
_TREES: tuple[tuple[str, str], ...] = (
    ("梧桐", "Wutong"),
    ("银杏", "Yinxing"),
    ("海棠", "Haitang"),
    ("枫林", "Fenglin"),
    ("石榴", "Shiliu"),
    ("竹溪", "Zhuxi"),
    ("橘园", "Juyuan"),
    ("荷塘", "Hetang"),
    ("杏花", "Xinghua"),
    ("丹桂", "Dangui"),
    ("紫藤", "Ziteng"),
    ("垂柳", "Chuiliu"),
    ("香樟", "Xiangzhang"),
    ("蔷薇", "Qiangwei"),
    ("玉兰", "Yulan"),
    ("合欢", "Hehuan"),
    ("青松", "Qingsong"),
    ("红棉", "Hongmian"),
    ("木槿", "Mujin"),
    ("芦苇", "Luwei"),
    ("茉莉", "Moli"),
    ("山茶", "Shancha"),
    ("樱桃", "Yingtao"),
    ("枇杷", "Pipa"),
)
_ORDER = (
    ("", ""),
    ("东", " East"),
    ("西", " West"),
    ("一", " 1st"),
    ("二", " 2nd"),
    ("三", " 3rd"),
    ("四", " 4th"),
)

THIRD_PARTY: tuple[Name, ...] = (
    Name("样例商场", "Sample Mall"),
    Name("样例中学校门", "Sample School gate"),
    Name("样例公园入口", "Sample Park entrance"),
    Name("样例停车场", "Sample car park"),
    Name("样例农贸市场", "Sample market"),
    Name("样例加油站", "Sample filling station"),
    Name("样例小区东门", "Sample Estate east gate"),
    Name("样例体育馆", "Sample gymnasium"),
)


def road_name(index: int, *, east_west: bool, avenue: bool) -> Name:
    """The name of the ``index``-th road of its direction; unique for the first 168 of each."""
    stems = _STEMS if east_west else _TREES
    zh, en = stems[index % len(stems)]
    order_zh, order_en = _ORDER[index // len(stems) % len(_ORDER)]
    if avenue:
        return Name(f"{zh}{order_zh}大道", f"{en}{order_en} Avenue")
    return Name(
        f"{zh}{order_zh}{'路' if east_west else '街'}", f"{en}{order_en} {'Road' if east_west else 'Street'}"
    )
