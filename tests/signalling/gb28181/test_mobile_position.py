"""Positions: both editions, only the newest, and nothing that is no position."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from civicam.kernel.errors import Refused
from civicam.signalling.gb28181.ids import GbId
from civicam.signalling.gb28181.manscdp import Message, parse_message, to_xml
from civicam.signalling.gb28181.manscdp.mobile_position import (
    MAX_ITEMS,
    Fix,
    MobilePosition,
    MobilePositionQuery,
)

CAR = GbId("34020000001310000001")
BOAT = GbId("34020000001310000002")
AT = datetime(2026, 3, 2, 1, 41, 7, tzinfo=UTC)

CASES: list[Message] = [
    MobilePositionQuery(3, CAR),
    MobilePositionQuery(3, CAR, 30),
    MobilePosition(4, CAR, (Fix(CAR, 118.4, 31.3, AT, 60.5, 90.0, 12.0),), AT, flat=True),
    MobilePosition(4, CAR, (Fix(CAR, 118.4, 31.3),), flat=True),
    MobilePosition(4, CAR, (), AT),
    MobilePosition(4, CAR, (Fix(CAR, 118.4, 31.3, AT), Fix(BOAT, -0.5, 0.0, AT, 1.0, 0.0, 2.0, 3.0)), AT),
]


@pytest.mark.parametrize("command", CASES, ids=lambda each: type(each).__name__)
def test_what_is_written_is_read_back(command: Message) -> None:
    assert parse_message(to_xml(command)) == command


def notify(fields: str) -> MobilePosition:
    body = f"<Notify><CmdType>MobilePosition</CmdType><SN>1</SN><DeviceID>{CAR}</DeviceID>{fields}</Notify>"
    found = parse_message(body.encode())
    assert isinstance(found, MobilePosition)
    return found


def item(device_id: str, fields: str) -> str:
    return f"<Item><DeviceID>{device_id}</DeviceID>{fields}</Item>"


WHERE = "<Longitude>118.4</Longitude><Latitude>31.3</Latitude>"


@pytest.mark.parametrize(
    "fields",
    [
        "",
        "<Longitude>0</Longitude><Latitude>0.0</Latitude>",
        "<Longitude></Longitude><Latitude></Latitude>",
        "<Longitude>118.4</Longitude>",
        "<Longitude>NaN</Longitude><Latitude>31.3</Latitude>",
        "<Longitude>181</Longitude><Latitude>31.3</Latitude>",
    ],
)
def test_what_is_no_position_is_dropped(fields: str) -> None:
    flat = notify(fields)
    assert (flat.fixes, flat.flat, flat.dropped) == ((), True, 1)
    listed = notify(f"<DeviceList>{item(CAR, fields)}</DeviceList>")
    assert (listed.fixes, listed.flat, listed.dropped) == ((), False, 1)


def test_an_empty_list_does_not_fall_back_to_the_root() -> None:
    found = notify(f'{WHERE}<SumNum>0</SumNum><DeviceList Num="0"/>')
    assert (found.fixes, found.flat, found.dropped) == ((), False, 0)


def test_only_the_newest_of_a_device_stays() -> None:
    early = "<CaptureTime>2026-03-02T09:41:00</CaptureTime>"
    late = "<CaptureTime>2026-03-02T09:41:07</CaptureTime>"
    found = notify(
        "<DeviceList>"
        + item(CAR, late + WHERE)
        + item(CAR, early + "<Longitude>1</Longitude><Latitude>1</Latitude>")
        + item(BOAT, "<Longitude>1</Longitude><Latitude>1</Latitude>")
        + item(BOAT, WHERE)
        + "<Other/></DeviceList>"
    )
    assert found.fixes == (Fix(CAR, 118.4, 31.3, AT), Fix(BOAT, 118.4, 31.3))


def test_items_without_an_id_or_time() -> None:
    found = notify(
        f"<Time>2026-03-02T09:41:07</Time><DeviceList>{item('x', WHERE)}{item(BOAT, WHERE)}</DeviceList>"
    )
    assert (found.fixes, found.dropped) == ((Fix(BOAT, 118.4, 31.3, AT),), 1)


def test_wild_numbers_beside_a_good_position() -> None:
    found = notify(WHERE + "<Speed>fast</Speed><Direction>360</Direction><Altitude>1e99</Altitude>")
    assert found.fixes == (Fix(CAR, 118.4, 31.3, direction=0.0),)


def test_a_subscription_without_a_usable_interval() -> None:
    body = (
        f"<Query><CmdType>MobilePosition</CmdType><SN>1</SN><DeviceID>{CAR}</DeviceID>"
        "<Interval>0</Interval></Query>"
    )
    assert parse_message(body.encode()) == MobilePositionQuery(1, CAR, 5)


def test_too_many_items_are_refused() -> None:
    with pytest.raises(Refused):
        notify("<DeviceList>" + item(CAR, WHERE) * (MAX_ITEMS + 1) + "</DeviceList>")


def test_nothing_to_tell_in_the_old_form() -> None:
    found = parse_message(to_xml(MobilePosition(4, CAR, (), AT, flat=True)))
    assert found == MobilePosition(4, CAR, (), AT, flat=True, dropped=1)


@given(st.floats(-180, 180), st.floats(-90, 90), st.integers(0, 10**6), st.booleans())
def test_any_position_survives(longitude: float, latitude: float, second: int, flat: bool) -> None:
    longitude, latitude, time = round(longitude, 7), round(latitude, 7), AT + timedelta(seconds=second)
    assume(longitude or latitude)
    command = MobilePosition(1, CAR, (Fix(CAR, longitude, latitude, time),), time, flat=flat)
    assert parse_message(to_xml(command)) == command
