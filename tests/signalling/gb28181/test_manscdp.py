"""Commands in both directions, from one table of cases; then what strangers send instead."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civicam.kernel.errors import Refused
from civicam.signalling.gb28181 import manscdp
from civicam.signalling.gb28181.ids import GbId
from civicam.signalling.gb28181.manscdp import (
    CatalogItem,
    CatalogQuery,
    CatalogResponse,
    DeviceInfoQuery,
    DeviceInfoResponse,
    ItemStatus,
    Keepalive,
    Message,
    Root,
    UnknownCommand,
    in_parts,
    parse_message,
    to_xml,
)
from civicam.signalling.gb28181.manscdp.keepalive import MAX_FAULTY
from civicam.signalling.gb28181.manscdp.lists import MAX_ITEMS

NVR = GbId("34020000001180000001")
CAM = "34020000001310000001"
ITEM = CatalogItem(
    CAM,
    "东门枪机 <A&B>",
    "SimCo",
    "IPC-1",
    "340200",
    "East gate",
    False,
    NVR,
    ItemStatus.ON,
    118.433,
    31.352,
    "34020000002150000001",
    3,
    (0, 1),
)

CASES: list[Message] = [
    Keepalive(1, NVR),
    Keepalive(412, NVR, "ERROR", (GbId(CAM), GbId("34020000001310000002"))),
    CatalogQuery(1087, NVR),
    CatalogQuery(2**31 - 1, "3402"),
    CatalogResponse(1087, NVR, 0),
    CatalogResponse(1087, NVR, 2, (ITEM,)),
    CatalogResponse(1, NVR, 1, (CatalogItem("340203", "镜湖区"),)),
    DeviceInfoQuery(9, NVR),
    DeviceInfoResponse(9, NVR, "OK", "东门录像机", "SimCo", "NVR-4", "V1.0", 4),
    DeviceInfoResponse(9, NVR, "ERROR"),
]


@pytest.mark.parametrize("encoding", ["GB18030", "GB2312", "UTF-8"])
@pytest.mark.parametrize("command", CASES, ids=lambda each: type(each).__name__)
def test_what_is_written_is_read_back(command: Message, encoding: str) -> None:
    body = to_xml(command, encoding)
    assert body.startswith(f'<?xml version="1.0" encoding="{encoding}"?>'.encode())
    assert parse_message(body) == command


def test_exact_form_of_a_query() -> None:
    assert to_xml(CatalogQuery(1087, NVR)).decode() == (
        '<?xml version="1.0" encoding="GB18030"?>\r\n'
        "<Query>\r\n<CmdType>Catalog</CmdType>\r\n<SN>1087</SN>\r\n"
        "<DeviceID>34020000001180000001</DeviceID>\r\n</Query>\r\n"
    )


def test_rare_characters_are_not_lost_to_the_declaration() -> None:
    item = CatalogItem(CAM, "𠮷野街")
    found = parse_message(to_xml(CatalogResponse(1, NVR, 1, (item,)), "GB2312"))
    assert isinstance(found, CatalogResponse)
    assert found.items[0].name == "𠮷野街"


def read_item(fields: str) -> CatalogItem:
    body = (
        f"<Response><CmdType>Catalog</CmdType><SN>1</SN><DeviceID>{NVR}</DeviceID><SumNum>1</SumNum>"
        f'<DeviceList Num="1"><Item><DeviceID>{CAM}</DeviceID>{fields}</Item></DeviceList></Response>'
    )
    found = parse_message(body.encode())
    assert isinstance(found, CatalogResponse)
    return found.items[0]


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("ON", ItemStatus.ON),
        ("On", ItemStatus.ON),
        ("ONLINE", ItemStatus.ON),
        ("OK", ItemStatus.ON),
        ("1", ItemStatus.ON),
        ("OFF", ItemStatus.OFF),
        ("offline", ItemStatus.OFF),
        ("0", ItemStatus.OFF),
        ("", ItemStatus.UNKNOWN),
        ("maybe", ItemStatus.UNKNOWN),
    ],
)
def test_states_as_devices_write_them(word: str, status: ItemStatus) -> None:
    assert read_item(f"<Status>{word}</Status>").status is status


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ("<Longitude>118.4</Longitude><Latitude>31.3</Latitude>", (118.4, 31.3)),
        ("<Longitude>NaN</Longitude><Latitude>1e999</Latitude>", (None, None)),
        ("<Longitude>-inf</Longitude><Latitude>91</Latitude>", (None, None)),
        ("<Longitude></Longitude><Latitude>north</Latitude>", (None, None)),
        ("<Longitude>" + "1" * 50 + "</Longitude>", (None, None)),
    ],
)
def test_coordinates(fields: str, where: tuple[float | None, float | None]) -> None:
    found = read_item(fields)
    assert (found.longitude, found.latitude) == where


def test_odd_values_of_the_field() -> None:
    found = read_item(
        "<Parental>65535</Parental><ParentID>null</ParentID><Info><PTZType>1</PTZType>"
        "<BusinessGroupID>34020000002150000001</BusinessGroupID>"
        "<StreamNumberList>0/1/x/99</StreamNumberList></Info>"
    )
    assert found.parental
    assert (found.parent_id, found.business_group_id, found.ptz_type) == ("", "34020000002150000001", 1)
    assert found.streams == (0, 1)
    assert read_item("<PTZType>2</PTZType>").ptz_type == 2
    assert read_item("<Info/>").ptz_type is None


def test_rest_is_kept_and_passwords_and_person_functions_are_not() -> None:
    found = read_item(
        "<Block>B1</Block><Password>secret</Password><Empty/><Nested><a>1</a></Nested>"
        "<Info><RoomType>2</RoomType><FunctionType>01</FunctionType></Info>"
    )
    assert found.extra == (("Block", "B1"), ("RoomType", "2"))


def test_extra_is_bounded() -> None:
    many = "".join(f"<E{number}>{'x' * 3000}</E{number}>" for number in range(100))
    found = read_item(many)
    assert len(found.extra) == 64
    assert len(found.extra[0][1]) == 1024


def listing(items: str, total: str = "<SumNum>3</SumNum>") -> CatalogResponse:
    body = (
        f"<Response><CmdType>catalog</CmdType><SN>1</SN><DeviceID>{NVR}</DeviceID>{total}"
        f"<DeviceList>{items}</DeviceList></Response>"
    )
    found = parse_message(body.encode())
    assert isinstance(found, CatalogResponse)
    return found


def test_bad_items_are_counted_and_the_good_ones_kept() -> None:
    good = f"<Item><DeviceID>{CAM}</DeviceID></Item>"
    found = listing(good + "<Item><DeviceID>../etc</DeviceID></Item><Item/><Other/>")
    assert ([each.device_id for each in found.items], found.rejected) == ([CAM], 2)


def test_list_without_a_total_is_all_there_is() -> None:
    assert listing(f"<Item><DeviceID>{CAM}</DeviceID></Item>", "").sum_num == 1
    assert listing("", "<SumNum/>").sum_num == 0


@pytest.mark.parametrize("total", ["99999999999999999999", "-1", "three", "１", "1000001"])
def test_absurd_totals_are_refused(total: str) -> None:
    with pytest.raises(Refused) as caught:
        listing("", f"<SumNum>{total}</SumNum>")
    assert caught.value.code == "signalling.bad-field"


def test_too_many_items_in_one_part_are_refused() -> None:
    with pytest.raises(Refused):
        listing(f"<Item><DeviceID>{CAM}</DeviceID></Item>" * (MAX_ITEMS + 1))


def test_faulty_children() -> None:
    many = f"<DeviceID>{CAM}</DeviceID>" * (MAX_FAULTY + 5)
    body = (
        f"<Notify><CmdType>Keepalive</CmdType><SN>1</SN><DeviceID>{NVR}</DeviceID><Status>Whatever</Status>"
        f"<Info><DeviceID>none</DeviceID><Other/>{many}</Info></Notify>"
    )
    found = parse_message(body.encode())
    assert isinstance(found, Keepalive)
    assert (found.status, len(found.faulty)) == ("OK", MAX_FAULTY)


def test_fields_in_attributes_and_any_order() -> None:
    body = f'<NOTIFY SN="3" CmdType="keepalive"><Info/><DeviceID>{NVR}</DeviceID></NOTIFY>'
    assert parse_message(body.encode()) == Keepalive(3, NVR)


@pytest.mark.parametrize(
    ("field", "sn"),
    [
        ("<SN>1795485484355</SN>", 1_795_485_484_355),
        ("<SN>0</SN>", 0),
        ("<SN>９</SN>", 0),
        ("<SN></SN>", 0),
        ("<SN>99999999999999999999</SN>", 0),
        ("", 0),
    ],
)
def test_a_heartbeat_counts_whatever_its_serial_number(field: str, sn: int) -> None:
    """Milliseconds since 1970 were met in a public simulator, and a device that was there went offline."""
    body = f"<Notify><CmdType>Keepalive</CmdType>{field}<DeviceID>{NVR}</DeviceID></Notify>"
    assert parse_message(body.encode()) == Keepalive(sn, NVR)


def test_unknown_commands_are_told_by_name() -> None:
    body = f"<Control><CmdType>VendorMagic</CmdType><SN>x</SN><DeviceID>{NVR}</DeviceID></Control>"
    assert parse_message(body.encode()) == UnknownCommand(Root.CONTROL, "VendorMagic", None, NVR)


@pytest.mark.parametrize(
    "body",
    [
        "<Other><CmdType>Keepalive</CmdType></Other>",
        "<Notify><SN>1</SN></Notify>",
        "<Notify><CmdType></CmdType></Notify>",
        f"<Query><CmdType>Catalog</CmdType><DeviceID>{NVR}</DeviceID></Query>",
        f"<Query><CmdType>Catalog</CmdType><SN>-1</SN><DeviceID>{NVR}</DeviceID></Query>",
        f"<Query><CmdType>Catalog</CmdType><SN>９</SN><DeviceID>{NVR}</DeviceID></Query>",
        f"<Query><CmdType>Catalog</CmdType><SN>9223372036854775808</SN><DeviceID>{NVR}</DeviceID></Query>",
        "<Notify><CmdType>Keepalive</CmdType><SN>1</SN></Notify>",
        "<Query><CmdType>Catalog</CmdType><SN>1</SN></Query>",
        "<Response><CmdType>Catalog</CmdType><SN>1</SN></Response>",
    ],
)
def test_missing_or_wrong_fields(body: str) -> None:
    with pytest.raises(Refused) as caught:
        parse_message(body.encode())
    assert caught.value.code == "signalling.bad-field"


PASSES = {
    *("ok_keepalive", "bad_gb2312_bytes", "enc_says_gb2312_is_utf8", "enc_unknown", "lon_lat_nan"),
    *("name_html", "nul_byte", "recordinfo_time_9999", "sumnum_huge"),
}
"""A heartbeat with nonsense beside it is still a heartbeat."""


def test_every_hostile_sample_is_a_heartbeat_or_refused(torture: Path) -> None:
    taken = set()
    for path in sorted((torture / "manscdp").glob("*.xml")):
        try:
            command = parse_message(path.read_bytes())
        except Refused:
            continue
        if isinstance(command, UnknownCommand):
            assert path.stem == "wrong_cmdtype"
            continue
        assert command == Keepalive(1, GbId("34020000001320000001")), path.name
        taken.add(path.stem)
    assert taken == PASSES


@given(st.integers(0, 40), st.integers(1, 12))
def test_parts_are_the_whole(count: int, size: int) -> None:
    items = tuple(CatalogItem(f"340200000013100{number:05}") for number in range(count))
    parts = in_parts(5, NVR, items, size)
    assert tuple(each for part in parts for each in part.items) == items
    assert {part.sum_num for part in parts} == {count}
    assert all(len(part.items) <= size for part in parts)


@given(st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), max_size=40))
def test_any_name_survives(name: str) -> None:
    item = CatalogItem(CAM, name.strip())
    found = parse_message(to_xml(CatalogResponse(1, NVR, 1, (item,))))
    assert isinstance(found, CatalogResponse)
    assert found.items[0].name.split() == item.name.split()


def test_no_two_modules_read_the_same_command() -> None:
    rows = [key for module in manscdp._MODULES for key in module.READERS]
    assert len(rows) == len(set(rows)) == len(manscdp.READERS)
    assert all(name == name.lower() for _, name in rows)
