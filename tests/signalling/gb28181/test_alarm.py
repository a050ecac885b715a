"""Alarms: the exchange of the standard, the places devices put the type, and what an alarm survives."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from civicam.kernel.errors import Refused
from civicam.signalling.gb28181.ids import GbId
from civicam.signalling.gb28181.manscdp import Message, parse_message, to_xml
from civicam.signalling.gb28181.manscdp.alarm import AlarmNotify, AlarmQuery, AlarmResponse
from civicam.signalling.gb28181.manscdp.alarm_names import METHODS, TYPES, AlarmMethod, alarm_names

NVR = GbId("34020000001180000001")
CAM = GbId("34020000001310000001")
AT = datetime(2026, 3, 2, 1, 41, 7, tzinfo=UTC)
FULL = AlarmNotify(2051, CAM, 2, 5, AT, "周界入侵", 118.433, 31.352, 6, 1)

CASES: list[Message] = [
    FULL,
    AlarmNotify(1, CAM),
    AlarmNotify(1, CAM, 1, 2, AT),
    AlarmNotify(1, "3402000000", 1, 2, AT, alarm_type=5),
    AlarmQuery(77, NVR),
    AlarmQuery(77, NVR, 1, 4, (2, 5), 6, AT, AT),
    AlarmResponse(2051, CAM),
    AlarmResponse(2051, CAM, False, "忙"),
    AlarmResponse(2051, "3402000000"),
]


@pytest.mark.parametrize("command", CASES, ids=lambda each: type(each).__name__)
def test_what_is_written_is_read_back(command: Message) -> None:
    assert parse_message(to_xml(command)) == command


def test_the_composed_exchange() -> None:
    body = (
        '<?xml version="1.0" encoding="GB18030"?>\r\n'
        f"<Notify><CmdType>Alarm</CmdType><SN>2051</SN><DeviceID>{CAM}</DeviceID><AlarmPriority>2</AlarmPriority>"
        "<AlarmMethod>5</AlarmMethod>\r\n<AlarmTime>2026-03-02T09:41:07</AlarmTime>"
        "<AlarmDescription>周界入侵</AlarmDescription><Longitude>118.4330</Longitude>"
        "<Latitude>31.3520</Latitude><Info>\r\n<AlarmType>6</AlarmType><AlarmTypeParam>"
        "<EventType>1</EventType></AlarmTypeParam></Info>\r\n</Notify>\r\n"
    ).encode("gb18030")
    found = parse_message(body)
    assert found == FULL
    answer = to_xml(AlarmResponse.to(FULL)).decode()
    assert f"<SN>2051</SN>\r\n<DeviceID>{CAM}</DeviceID>\r\n<Result>OK</Result>" in answer


def test_exact_form_of_a_subscription_body() -> None:
    assert to_xml(AlarmQuery(77, NVR)).decode().split("\r\n")[2:-2] == [
        "<CmdType>Alarm</CmdType>",
        "<SN>77</SN>",
        f"<DeviceID>{NVR}</DeviceID>",
        "<StartAlarmPriority>0</StartAlarmPriority>",
        "<EndAlarmPriority>0</EndAlarmPriority>",
        "<AlarmMethod>0</AlarmMethod>",
    ]


def notify(fields: str) -> AlarmNotify:
    body = f"<Notify><CmdType>Alarm</CmdType><SN>1</SN><DeviceID>{CAM}</DeviceID>{fields}</Notify>"
    found = parse_message(body.encode())
    assert isinstance(found, AlarmNotify)
    return found


@pytest.mark.parametrize(
    ("fields", "alarm_type", "event_type"),
    [
        ("<Info><AlarmType>2</AlarmType></Info>", 2, None),
        ("<AlarmType>2</AlarmType>", 2, None),
        ("<info><alarmtype>2</alarmtype></info>", 2, None),
        ("<Info/><AlarmType>2</AlarmType>", 2, None),
        ("<Info><AlarmType>6</AlarmType><EventType>2</EventType></Info>", 6, 2),
        ("<Info><AlarmType>wild</AlarmType></Info>", None, None),
        ("", None, None),
    ],
)
def test_the_type_stands_in_several_places(
    fields: str, alarm_type: int | None, event_type: int | None
) -> None:
    found = notify(fields)
    assert (found.alarm_type, found.event_type) == (alarm_type, event_type)


def test_an_alarm_is_never_refused_for_a_detail() -> None:
    found = notify(
        "<AlarmPriority>9</AlarmPriority><AlarmMethod>two</AlarmMethod><AlarmTime>yesterday</AlarmTime>"
        f"<Longitude>999</Longitude><AlarmDescription>{'x' * 3000}</AlarmDescription>"
    )
    assert found == AlarmNotify(1, CAM, description="x" * 1024)


def test_copies_of_one_alarm_have_one_key() -> None:
    again = AlarmNotify(2052, CAM, 1, 5, AT, "again", alarm_type=6)
    assert FULL.key == again.key
    assert AlarmNotify(2052, CAM, 1, 5, AT, alarm_type=5).key != FULL.key


def query(fields: str) -> AlarmQuery:
    body = f"<Query><CmdType>Alarm</CmdType><SN>1</SN><DeviceID>{NVR}</DeviceID>{fields}</Query>"
    found = parse_message(body.encode())
    assert isinstance(found, AlarmQuery)
    return found


@pytest.mark.parametrize(
    ("text", "methods"),
    [("0", ()), ("", ()), ("5", (5,)), ("1/2", (1, 2)), (" 5 / 2 ", (2, 5)), ("0/5", ()), ("a/5/123", (5,))],
)
def test_methods_asked_for(text: str, methods: tuple[int, ...]) -> None:
    assert query(f"<AlarmMethod>{text}</AlarmMethod>").methods == methods


def test_times_of_a_query_under_either_name() -> None:
    found = query(
        "<StartTime>2026-03-02T09:41:07</StartTime><EndAlarmTime>2026-03-02 09:41:07</EndAlarmTime>"
    )
    assert (found.start, found.end) == (AT, AT)


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        (AlarmQuery(1, NVR), True),
        (AlarmQuery(1, NVR, 1, 2), True),
        (AlarmQuery(1, NVR, 3), False),
        (AlarmQuery(1, NVR, 1, 1), False),
        (AlarmQuery(1, NVR, methods=(5,)), True),
        (AlarmQuery(1, NVR, methods=(2,)), False),
        (AlarmQuery(1, NVR, alarm_type=6), True),
        (AlarmQuery(1, NVR, alarm_type=2), False),
    ],
)
def test_only_what_was_asked_for_is_sent(asked: AlarmQuery, wanted: bool) -> None:
    assert asked.wants(FULL) is wanted


def test_an_alarm_without_priority_is_wanted_by_all() -> None:
    assert AlarmQuery(1, NVR, 1, 1).wants(AlarmNotify(1, CAM))


@pytest.mark.parametrize("device_id", ["", "abc", "12345", "３４０２０００００0", "340200000a"])
def test_a_wrong_id_is_refused(device_id: str) -> None:
    for root in ("Notify", "Query", "Response"):
        body = f"<{root}><CmdType>Alarm</CmdType><SN>1</SN><DeviceID>{device_id}</DeviceID></{root}>"
        with pytest.raises(Refused):
            parse_message(body.encode())


def test_a_missing_id_is_refused() -> None:
    with pytest.raises(Refused):
        parse_message(b"<Notify><CmdType>Alarm</CmdType><SN>1</SN></Notify>")


def test_words_for_every_number() -> None:
    assert alarm_names(5, 6) == TYPES[(AlarmMethod.VIDEO, 6)]
    assert alarm_names(2, None) == METHODS[2]
    assert alarm_names(2, 0) == METHODS[2]
    assert alarm_names(5, 77) == ("视频报警（类型 77）", "video alarm (type 77)")
    assert alarm_names(42, 1) == ("其他报警（类型 1）", "other alarm (type 1)")
    assert alarm_names(None, None) == METHODS[AlarmMethod.OTHER]
    assert set(METHODS) == set(AlarmMethod)
    assert all(zh and en for zh, en in (*METHODS.values(), *TYPES.values()))
