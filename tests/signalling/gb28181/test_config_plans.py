"""Configuration with lists in it, both ways: plans, masks, text on the picture."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.signalling.gb28181.bodies import CAM, check_both_ways, check_round_trip, read, streams, texts

from civicam.kernel.errors import Refused
from civicam.signalling.gb28181.manscdp.config import DeviceConfig, find_config
from civicam.signalling.gb28181.manscdp.config_plans import (
    DAY_S,
    MAX_REGIONS,
    MAX_SEGMENTS,
    MAX_TEXTS,
    DaySchedule,
    MaskRegion,
    OsdConfig,
    OsdText,
    PictureMask,
    TimeSegment,
    VideoAlarmRecord,
    VideoRecordPlan,
)
from civicam.signalling.gb28181.manscdp.config_types import Config

NIGHT = TimeSegment(22 * 3600 + 30 * 60 + 5, DAY_S)
NIGHT_XML = (
    "<TimeSegment><StartHour>22</StartHour><StartMin>30</StartMin><StartSec>5</StartSec>"
    "<StopHour>24</StopHour><StopMin>0</StopMin><StopSec>0</StopSec></TimeSegment>"
)
CASES: list[tuple[Config, str]] = [
    (
        VideoRecordPlan(False),
        "<VideoRecordPlan><RecordEnable>0</RecordEnable><RecordScheduleSumNum>0</RecordScheduleSumNum>"
        "</VideoRecordPlan>",
    ),
    (
        VideoRecordPlan(True, (DaySchedule(1, (NIGHT, NIGHT)), DaySchedule(7)), 0),
        "<VideoRecordPlan><RecordEnable>1</RecordEnable><RecordScheduleSumNum>2</RecordScheduleSumNum>"
        "<RecordSchedule><WeekDayNum>1</WeekDayNum><TimeSegmentSumNum>2</TimeSegmentSumNum>"
        f"{NIGHT_XML}{NIGHT_XML}</RecordSchedule><RecordSchedule><WeekDayNum>7</WeekDayNum>"
        "<TimeSegmentSumNum>0</TimeSegmentSumNum></RecordSchedule><StreamNumber>0</StreamNumber>"
        "</VideoRecordPlan>",
    ),
    (VideoAlarmRecord(False), "<VideoAlarmRecord><RecordEnable>0</RecordEnable></VideoAlarmRecord>"),
    (
        VideoAlarmRecord(True, 30, 5, 1),
        "<VideoAlarmRecord><RecordEnable>1</RecordEnable><RecordTime>30</RecordTime>"
        "<PreRecordTime>5</PreRecordTime><StreamNumber>1</StreamNumber></VideoAlarmRecord>",
    ),
    (
        PictureMask(False),
        '<PictureMask><On>0</On><SumNum>0</SumNum><RegionList Num="0"></RegionList></PictureMask>',
    ),
    (
        PictureMask(True, (MaskRegion(1, 10, 20, 300, 400),)),
        '<PictureMask><On>1</On><SumNum>1</SumNum><RegionList Num="1"><Item><Seq>1</Seq>'
        "<Point>10,20,300,400</Point></Item></RegionList></PictureMask>",
    ),
    (OsdConfig(), "<OSDConfig><SumNum>0</SumNum></OSDConfig>"),
    (
        OsdConfig(1920, 1080, 10, 20, True, 1, False, (OsdText("东门 1", 0, 900),)),
        "<OSDConfig><Length>1920</Length><Width>1080</Width><TimeX>10</TimeX><TimeY>20</TimeY>"
        "<TimeEnable>1</TimeEnable><TimeType>1</TimeType><TextEnable>0</TextEnable><SumNum>1</SumNum>"
        "<Item><Text>东门 1</Text><X>0</X><Y>900</Y></Item></OSDConfig>",
    ),
]


@pytest.mark.parametrize(("config", "xml"), CASES)
def test_both_ways(config: Config, xml: str) -> None:
    assert config.to_xml() == xml
    check_both_ways(DeviceConfig(9, CAM, (config,)), xml + "\r\n")


PIXELS = st.integers(0, 65_535)
SECONDS = st.integers(0, DAY_S)
SEGMENTS = st.lists(st.builds(TimeSegment, SECONDS, SECONDS), max_size=8).map(tuple)


@given(
    st.builds(
        VideoRecordPlan,
        st.booleans(),
        st.lists(st.builds(DaySchedule, st.integers(1, 7), SEGMENTS), max_size=7).map(tuple),
        streams(),
    )
    | st.builds(VideoAlarmRecord, st.booleans(), st.none() | SECONDS, st.none() | SECONDS, streams())
    | st.builds(
        PictureMask,
        st.booleans(),
        st.lists(st.builds(MaskRegion, st.integers(1, 16), PIXELS, PIXELS, PIXELS, PIXELS), max_size=4).map(
            tuple
        ),
    )
    | st.builds(
        OsdConfig,
        st.none() | PIXELS,
        st.none() | PIXELS,
        st.none() | PIXELS,
        st.none() | PIXELS,
        st.none() | st.booleans(),
        st.none() | st.integers(0, 9),
        st.none() | st.booleans(),
        st.lists(st.builds(OsdText, texts, PIXELS, PIXELS), max_size=8).map(tuple),
    )
)
def test_round_trip(config: Config) -> None:
    check_round_trip(DeviceConfig(9, CAM, (config,)))


def test_a_plan_without_minutes_and_seconds() -> None:
    found = find_config(
        read(
            DeviceConfig,
            "<VideoRecordPlan><RecordSchedule><TimeSegment><StopHour>6</StopHour><StartHour>0</StartHour>"
            "</TimeSegment><WeekDayNum>2</WeekDayNum></RecordSchedule><RecordEnable>on</RecordEnable>"
            "</VideoRecordPlan>",
        ).items,
        VideoRecordPlan,
    )
    assert found == VideoRecordPlan(True, (DaySchedule(2, (TimeSegment(0, 6 * 3600),)),))


def plan(day: str) -> str:
    return f"<VideoRecordPlan><RecordEnable>1</RecordEnable>{day}</VideoRecordPlan>"


def day(segment: str, number: str = "1") -> str:
    inner = f"<WeekDayNum>{number}</WeekDayNum>{segment}"
    return plan(f"<RecordSchedule>{inner}</RecordSchedule>")


def mask(point: str, seq: str = "1") -> str:
    item = f"<Item><Seq>{seq}</Seq><Point>{point}</Point></Item>"
    return f"<PictureMask><On>1</On><RegionList>{item}</RegionList></PictureMask>"


SEGMENT = "<TimeSegment><StartHour>{}</StartHour><StopHour>{}</StopHour><StopMin>{}</StopMin></TimeSegment>"
TEXT = "<Item><Text>a</Text><X>1</X><Y>{}</Y></Item>"


@pytest.mark.parametrize(
    "xml",
    [
        "<VideoRecordPlan/>",
        plan("<RecordSchedule/>" * 8),
        day("", "0"),
        day("", "8"),
        day(SEGMENT.format("", "1", "0")),
        day(SEGMENT.format("25", "1", "0")),
        day(SEGMENT.format("0", "24", "1")),
        day(SEGMENT.format("0", "1", "60")),
        day(SEGMENT.format("0", "1", "-1")),
        day(SEGMENT.format("0", "1", "0") * (MAX_SEGMENTS + 1)),
        "<VideoAlarmRecord><RecordEnable>?</RecordEnable></VideoAlarmRecord>",
        "<PictureMask><RegionList/></PictureMask>",
        mask("1,2,3"),
        mask("1,2,3,4,5"),
        mask("1,2,3,65536"),
        mask("1,2,3,-4"),
        mask("1,2,3,４"),
        mask("1,2,3,1e1"),
        mask("1,2,3," + "9" * 200),
        mask(""),
        mask("1,2,3,4", "0"),
        f"<PictureMask><On>1</On><RegionList>{'<Item/>' * (MAX_REGIONS + 1)}</RegionList></PictureMask>",
        f"<OSDConfig>{TEXT.format('x')}</OSDConfig>",
        f"<OSDConfig>{TEXT.format('1') * (MAX_TEXTS + 1)}</OSDConfig>",
    ],
)
def test_half_a_setting_is_none(xml: str) -> None:
    with pytest.raises(Refused) as caught:
        read(DeviceConfig, xml)
    assert caught.value.code == "signalling.bad-field"


def test_points_with_blanks() -> None:
    found = find_config(read(DeviceConfig, mask("1, 2 ,3,4")).items, PictureMask)
    assert found == PictureMask(True, (MaskRegion(1, 1, 2, 3, 4),))
