"""DeviceStatus, both ways."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.signalling.gb28181.bodies import (
    BAD_IDS,
    CAM,
    OTHER,
    check_both_ways,
    check_round_trip,
    ids,
    moments,
    read,
    reasons,
    sns,
)

from civicam.kernel.errors import Refused
from civicam.signalling.gb28181.manscdp import Message
from civicam.signalling.gb28181.manscdp.device_status import (
    MAX_ALARM_INPUTS,
    AlarmInput,
    DeviceStatusQuery,
    DeviceStatusResponse,
    Duty,
)

AT = datetime(2026, 3, 2, 1, 15, 31, tzinfo=UTC)
CASES: list[tuple[Message, str]] = [
    (DeviceStatusQuery(3, CAM), ""),
    (DeviceStatusResponse(3, CAM), "<Result>OK</Result>\r\n"),
    (
        DeviceStatusResponse(3, CAM, ok=False, reason="忙"),
        "<Result>ERROR</Result>\r\n<Reason>忙</Reason>\r\n",
    ),
    (
        DeviceStatusResponse(
            3,
            CAM,
            online=True,
            working=False,
            encoding=True,
            recording=False,
            device_time=AT,
            alarm_inputs=(AlarmInput(OTHER, Duty.ARMED), AlarmInput(CAM, Duty.UNKNOWN)),
            reason="disk",
        ),
        "<Result>OK</Result>\r\n<Online>ONLINE</Online>\r\n<Status>ERROR</Status>\r\n<Reason>disk</Reason>\r\n"
        "<Encode>ON</Encode>\r\n<Record>OFF</Record>\r\n<DeviceTime>2026-03-02T09:15:31</DeviceTime>\r\n"
        '<Alarmstatus Num="2">\r\n'
        f"<Item><DeviceID>{OTHER}</DeviceID><DutyStatus>ONDUTY</DutyStatus></Item>\r\n"
        f"<Item><DeviceID>{CAM}</DeviceID><DutyStatus></DutyStatus></Item>\r\n</Alarmstatus>\r\n",
    ),
]


@pytest.mark.parametrize(("command", "content"), CASES)
def test_both_ways(command: Message, content: str) -> None:
    check_both_ways(command, content)


@given(
    st.builds(
        DeviceStatusResponse,
        sns,
        ids,
        online=st.none() | st.booleans(),
        working=st.none() | st.booleans(),
        encoding=st.none() | st.booleans(),
        recording=st.none() | st.booleans(),
        device_time=st.none() | moments,
        alarm_inputs=st.lists(st.builds(AlarmInput, ids, st.sampled_from(Duty)), max_size=5).map(tuple),
        ok=st.booleans(),
        reason=reasons,
    )
)
def test_round_trip(command: DeviceStatusResponse) -> None:
    check_round_trip(command)


def test_words_as_devices_write_them_in_any_order() -> None:
    found = read(
        DeviceStatusResponse,
        f'<AlarmStatus Num="3"><Item><DeviceID>{OTHER}</DeviceID><DutyStatus>onduty</DutyStatus></Item>'
        "<Item><DeviceID>none</DeviceID></Item><Note/></AlarmStatus>"
        "<DeviceTime>2026-3-2 9:15:31</DeviceTime><Record>0</Record><Encode>on</Encode>"
        "<Status>Ok</Status><Online>online</Online><Result>ok</Result>",
    )
    assert found == DeviceStatusResponse(
        17, CAM, True, True, True, False, AT, (AlarmInput(OTHER, Duty.ARMED),), rejected=1
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-02T09:15:31.999", AT),
        ("2026-03-02T01:15:31Z", AT),
        ("2026-03-02T02:15:31+01:00", AT),
        ("2026-3-2 9:15:31", AT),
        ("9999-12-31T23:59:59", datetime(9999, 12, 31, 15, 59, 59, tzinfo=UTC)),
        ("9999-12-31T23:59:59Z", None),
        ("1970-01-01T00:00:00", datetime(1969, 12, 31, 16, tzinfo=UTC)),
        ("0001-01-01T00:00:00", None),
        ("0800-01-01T00:00:00", None),
        ("2026-02-30T00:00:00", None),
        ("", None),
        ("NaN", None),
    ],
)
def test_device_times(text: str, expected: datetime | None) -> None:
    found = read(DeviceStatusResponse, f"<DeviceTime>{text}</DeviceTime>")
    assert found.device_time == expected
    check_round_trip(found)


@pytest.mark.parametrize("fields", ["", "<Online>?</Online><Status/><Encode>2</Encode><Record>x</Record>"])
def test_what_is_not_said_is_not_known(fields: str) -> None:
    assert read(DeviceStatusResponse, fields) == DeviceStatusResponse(17, CAM)


@pytest.mark.parametrize("word", ["ERROR", "error", "Fail", "FAILED"])
def test_a_refusal_is_one_in_any_words(word: str) -> None:
    found = read(DeviceStatusResponse, f"<Result>{word}</Result><Reason>busy</Reason>")
    assert (found.ok, found.reason) == (False, "busy")


def test_alarm_inputs_are_bounded_and_bad_ids_counted() -> None:
    item = "<Item><DeviceID>{}</DeviceID><DutyStatus>ALARM</DutyStatus></Item>"
    bad = "".join(item.format(each) for each in BAD_IDS)
    assert read(DeviceStatusResponse, f"<Alarmstatus>{bad}</Alarmstatus>").rejected == len(BAD_IDS)
    many = item.format(CAM) * (MAX_ALARM_INPUTS + 1)
    with pytest.raises(Refused) as caught:
        read(DeviceStatusResponse, f"<Alarmstatus>{many}</Alarmstatus>")
    assert caught.value.code == "signalling.bad-field"
