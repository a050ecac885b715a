"""RecordInfo, both ways; then what recorders send instead."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.signalling.gb28181.bodies import (
    BAD_IDS,
    CAM,
    NVR,
    OTHER,
    WILD_SUMS,
    check_both_ways,
    check_round_trip,
    ids,
    moments,
    read,
    reasons,
    sns,
    streams,
    texts,
)

from civicam.kernel.errors import Refused
from civicam.signalling.gb28181.manscdp import Message
from civicam.signalling.gb28181.manscdp.lists import MAX_ITEMS
from civicam.signalling.gb28181.manscdp.record_info import (
    RecordInfoQuery,
    RecordInfoResponse,
    RecordItem,
    RecordType,
)

START = datetime(2026, 3, 1, 16, 0, tzinfo=UTC)
END = START + timedelta(days=1, seconds=-1)
WINDOW = "<StartTime>2026-03-02T00:00:00</StartTime>\r\n<EndTime>2026-03-02T23:59:59</EndTime>\r\n"
ITEM = RecordItem(
    CAM,
    "东门",
    START,
    END,
    RecordType.ALARM,
    "/mnt/a&b",
    "Gate",
    True,
    "rec-1",
    5_368_709_120,
    NVR,
    1,
)

CASES: list[tuple[Message, str]] = [
    (RecordInfoQuery(5, CAM, START, END), WINDOW + "<Secrecy>0</Secrecy>\r\n<Type>all</Type>\r\n"),
    (
        RecordInfoQuery(5, CAM, START, END, RecordType.TIME, "64", "here", True, "r", False, 1, "2/5", "2"),
        WINDOW + "<FilePath>64</FilePath>\r\n<Address>here</Address>\r\n<Secrecy>1</Secrecy>\r\n"
        "<Type>time</Type>\r\n<RecorderID>r</RecorderID>\r\n<IndistinctQuery>0</IndistinctQuery>\r\n"
        "<StreamNumber>1</StreamNumber>\r\n<AlarmMethod>2/5</AlarmMethod>\r\n<AlarmType>2</AlarmType>\r\n",
    ),
    (RecordInfoResponse(5, CAM, 0), "<Name></Name>\r\n<SumNum>0</SumNum>\r\n"),
    (
        RecordInfoResponse(5, CAM, None, ok=False, reason="no disk"),
        "<Result>ERROR</Result>\r\n<Reason>no disk</Reason>\r\n<Name></Name>\r\n",
    ),
    (
        RecordInfoResponse(5, CAM, 299, (ITEM, RecordItem(OTHER)), "东门枪机"),
        "<Name>东门枪机</Name>\r\n<SumNum>299</SumNum>\r\n"
        '<RecordList Num="2">\r\n'
        f"<Item><DeviceID>{CAM}</DeviceID><Name>东门</Name><FilePath>/mnt/a&amp;b</FilePath>"
        "<Address>Gate</Address><StartTime>2026-03-02T00:00:00</StartTime>"
        "<EndTime>2026-03-02T23:59:59</EndTime><Secrecy>1</Secrecy><Type>alarm</Type>"
        "<RecorderID>rec-1</RecorderID><FileSize>5368709120</FileSize>"
        f"<RecordLocation>{NVR}</RecordLocation><StreamNumber>1</StreamNumber></Item>\r\n"
        f"<Item><DeviceID>{OTHER}</DeviceID><Name></Name><Secrecy>0</Secrecy></Item>\r\n"
        "</RecordList>\r\n",
    ),
]


@pytest.mark.parametrize(("command", "content"), CASES)
def test_both_ways(command: Message, content: str) -> None:
    check_both_ways(command, content)


ITEMS = st.builds(
    RecordItem,
    ids,
    texts,
    st.none() | moments,
    st.none() | moments,
    st.none() | st.sampled_from(RecordType),
    texts,
    texts,
    st.booleans(),
    texts,
    st.none() | st.integers(0, 2**63 - 1),
    texts,
    streams(),
)


@given(
    st.builds(
        RecordInfoQuery,
        sns,
        ids,
        moments,
        moments,
        st.sampled_from(RecordType),
        texts,
        texts,
        st.booleans(),
        texts,
        st.none() | st.booleans(),
        streams(),
        st.sampled_from(["", "0", "2/5"]),
        texts,
    )
)
def test_queries_round_trip(command: RecordInfoQuery) -> None:
    check_round_trip(command)


@given(
    st.builds(
        RecordInfoResponse,
        sns,
        ids,
        st.integers(0, 1_000_000),
        st.lists(ITEMS, max_size=4).map(tuple),
        texts,
        ok=st.just(True),
    )
    | st.builds(RecordInfoResponse, sns, ids, st.none(), ok=st.just(False), reason=reasons)
)
def test_answers_round_trip(command: RecordInfoResponse) -> None:
    check_round_trip(command)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-3-2T0:00:00", "2026-3-2 23:59:59"),
        ("2026-03-01T16:00:00Z", "2026-03-02T15:59:59.500Z"),
        ("2026-03-02T00:00:00+08:00", "2026-03-02T23:59:59+0800"),
    ],
)
def test_times_as_askers_write_them(start: str, end: str) -> None:
    found = read(RecordInfoQuery, f"<EndTime>{end}</EndTime><StartTime>{start}</StartTime><Type>Any</Type>")
    assert found == RecordInfoQuery(17, CAM, START, END)


def test_an_open_end_is_a_moment_too() -> None:
    found = read(
        RecordInfoQuery, "<StartTime>2026-03-02T00:00:00</StartTime><EndTime>9999-12-31T23:59:59</EndTime>"
    )
    assert found.end.year == 9999
    check_round_trip(found)


@pytest.mark.parametrize("text", ["", "today", "NaN", "9999-12-31T23:59:59Z", "2026-13-01T00:00:00"])
@pytest.mark.parametrize("name", ["StartTime", "EndTime"])
def test_a_query_without_a_window_is_refused(name: str, text: str) -> None:
    fields = "".join(
        f"<{each}>{text if each == name else '2026-03-02T00:00:00'}</{each}>"
        for each in ("StartTime", "EndTime")
    )
    with pytest.raises(Refused) as caught:
        read(RecordInfoQuery, fields)
    assert caught.value.code == "signalling.bad-field"
    assert caught.value.data["field"] == name


def test_items_as_recorders_write_them() -> None:
    found = read(
        RecordInfoResponse,
        "<SumNum>4</SumNum><RecordList Num='4'>"
        "<item><StartTime>2026-3-2 0:00:00</StartTime><EndTime>never</EndTime><type>ALARM</type>"
        "<FileSize>12 MB</FileSize><Secrecy>no</Secrecy></item>"
        f"<Item><DeviceID>{OTHER}</DeviceID><FileSize>99999999999999999999</FileSize><Type>?</Type></Item>"
        "<Item><DeviceID>3402000000131000000</DeviceID></Item></RecordList>",
    )
    assert found.items == (RecordItem(CAM, start=START, type=RecordType.ALARM), RecordItem(OTHER))
    assert (found.sum_num, found.rejected) == (4, 1)


@pytest.mark.parametrize("device_id", [each for each in BAD_IDS if each])
def test_bad_ids_cost_only_their_item(device_id: str) -> None:
    escaped = device_id.replace("<", "&lt;")
    found = read(
        RecordInfoResponse,
        f"<RecordList><Item><DeviceID>{escaped}</DeviceID></Item><Item><Name/></Item></RecordList>",
    )
    assert (found.items, found.rejected, found.sum_num) == ((RecordItem(CAM),), 1, 2)


def test_an_empty_item_is_no_recording() -> None:
    found = read(RecordInfoResponse, "<RecordList><Item/><Item Name='a'/></RecordList>")
    assert (found.items, found.rejected) == ((RecordItem(CAM, "a"),), 1)


@pytest.mark.parametrize("total", WILD_SUMS)
def test_absurd_totals_are_refused(total: str) -> None:
    with pytest.raises(Refused) as caught:
        read(RecordInfoResponse, f"<SumNum>{total}</SumNum>")
    assert caught.value.code == "signalling.bad-field"


def test_totals_that_are_not_told() -> None:
    assert read(RecordInfoResponse, "<Result>OK</Result>").sum_num is None
    assert read(RecordInfoResponse, "<SumNum/><RecordList Num='0'/>").sum_num == 0


def test_too_many_items_are_refused() -> None:
    with pytest.raises(Refused) as caught:
        read(RecordInfoResponse, f"<RecordList>{'<Item/>' * (MAX_ITEMS + 1)}</RecordList>")
    assert caught.value.code == "signalling.bad-field"


@given(st.integers(0, 40), st.integers(1, 12))
def test_parts_are_the_whole(count: int, size: int) -> None:
    items = tuple(RecordItem(CAM, start=START + timedelta(hours=number)) for number in range(count))
    parts = RecordInfoResponse(5, CAM, None, items, "东门").in_parts(size)
    assert tuple(each for part in parts for each in part.items) == items
    assert {(part.sum_num, part.name, part.sn) for part in parts} == {(count, "东门", 5)}
    assert all(len(part.items) <= size for part in parts)


def test_two_files_of_one_minute_are_two_recordings() -> None:
    first, second = (RecordItem(CAM, start=START, end=END, file_path=path) for path in ("/a", "/b"))
    assert first.identity != second.identity
    assert first.identity == RecordItem(CAM, start=START, end=END, file_path="/a").identity
