"""The plain configuration elements, both ways, and what devices write into them."""

from __future__ import annotations

from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.signalling.gb28181.bodies import CAM, check_both_ways, check_round_trip, decimals, read, texts

from civicam.kernel.errors import Refused
from civicam.signalling.gb28181.manscdp.config import CONFIGS, DeviceConfig, find_config
from civicam.signalling.gb28181.manscdp.config_types import (
    MAX_OPAQUE,
    MAX_STREAMS,
    AlarmReport,
    BasicParam,
    Config,
    ConfigType,
    FrameMirror,
    Mirror,
    SnapShotConfig,
    StreamAttribute,
    SvacDecodeConfig,
    SvacEncodeConfig,
    VideoParamAttribute,
    VideoParamOpt,
)

C = TypeVar("C", bound=Config)
SESSION = "0123456789abcdef-0123456789ABCDEF"
CASES: list[tuple[Config, str]] = [
    (BasicParam(), "<BasicParam></BasicParam>"),
    (
        BasicParam(
            "东门", 86_400, 60, 3, 1, 118.433, 31.352, "34020000002000000001", "192.0.2.10", 5060, "34"
        ),
        "<BasicParam><Name>东门</Name><Expiration>86400</Expiration>"
        "<HeartBeatInterval>60</HeartBeatInterval><HeartBeatCount>3</HeartBeatCount>"
        "<PositionCapability>1</PositionCapability><Longitude>118.433</Longitude><Latitude>31.352</Latitude>"
        "<SIPServerID>34020000002000000001</SIPServerID><SIPServerIP>192.0.2.10</SIPServerIP>"
        "<SIPServerPort>5060</SIPServerPort><DomainName>34</DomainName></BasicParam>",
    ),
    (VideoParamOpt(), "<VideoParamOpt></VideoParamOpt>"),
    (
        VideoParamOpt(("1", "2", "4"), ("5", "6", "1920x1080")),
        "<VideoParamOpt><DownloadSpeed>1/2/4</DownloadSpeed><Resolution>5/6/1920x1080</Resolution></VideoParamOpt>",
    ),
    (
        VideoParamAttribute((StreamAttribute(0, "5", "6", 25, 2, 4096), StreamAttribute(1))),
        '<VideoParamAttribute Num="2"><Item><StreamNumber>0</StreamNumber><VideoFormat>5</VideoFormat>'
        "<Resolution>6</Resolution><FrameRate>25</FrameRate><BitRateType>2</BitRateType>"
        "<VideoBitRate>4096</VideoBitRate></Item><Item><StreamNumber>1</StreamNumber></Item>"
        "</VideoParamAttribute>",
    ),
    (FrameMirror(Mirror.BOTH), "<FrameMirror>3</FrameMirror>"),
    (
        AlarmReport(True, False),
        "<AlarmReport><MotionDetection>1</MotionDetection><FieldDetection>0</FieldDetection></AlarmReport>",
    ),
    (AlarmReport(), "<AlarmReport></AlarmReport>"),
    (
        SnapShotConfig(3, 2, "http://192.0.2.10/s?a=1&b=2", SESSION),
        "<SnapShotConfig><SnapNum>3</SnapNum><Interval>2</Interval>"
        f"<UploadURL>http://192.0.2.10/s?a=1&amp;b=2</UploadURL><SessionID>{SESSION}</SessionID></SnapShotConfig>",
    ),
    (SvacEncodeConfig(), "<SVACEncodeConfig></SVACEncodeConfig>"),
    (
        SvacDecodeConfig('<SVCParam Mode="1"><Space>2 &lt; 3</Space></SVCParam><Other/>'),
        '<SVACDecodeConfig><SVCParam Mode="1"><Space>2 &lt; 3</Space></SVCParam><Other/></SVACDecodeConfig>',
    ),
]


@pytest.mark.parametrize(("config", "xml"), CASES)
def test_both_ways(config: Config, xml: str) -> None:
    assert config.to_xml() == xml
    check_both_ways(DeviceConfig(9, CAM, (config,)), xml + "\r\n")


def small(high: int) -> st.SearchStrategy[int | None]:
    return st.none() | st.integers(0, high)


WORDS = st.lists(st.from_regex(r"\A[0-9a-z]{1,9}\Z"), max_size=6).map(tuple)


@given(
    st.builds(
        BasicParam,
        texts,
        small(2**31 - 1),
        small(2**31 - 1),
        small(2**31 - 1),
        small(9),
        decimals(-180, 180),
        decimals(-90, 90),
        texts,
        texts,
        small(65_535),
        texts,
    )
    | st.builds(VideoParamOpt, WORDS, WORDS)
    | st.builds(
        VideoParamAttribute,
        st.lists(
            st.builds(StreamAttribute, st.integers(0, 15), texts, texts, small(99), small(9), small(100_000)),
            max_size=4,
        ).map(tuple),
    )
    | st.builds(FrameMirror, st.sampled_from(Mirror))
    | st.builds(AlarmReport, st.none() | st.booleans(), st.none() | st.booleans())
    | st.builds(SnapShotConfig, st.integers(1, 10), st.integers(1, 86_400), texts, st.just(SESSION))
)
def test_round_trip(config: Config) -> None:
    check_round_trip(DeviceConfig(9, CAM, (config,)))


def read_one(kind: type[C], xml: str) -> C:
    found = find_config(read(DeviceConfig, xml).items, kind)
    assert found is not None
    return found


def test_a_recorders_basic_parameters_without_its_password() -> None:
    found = read_one(
        BasicParam,
        "<BasicParam><DeviceID>34020000001180000001</DeviceID><Password>hunter2</Password>"
        "<SIPServerIP>192.0.2.10</SIPServerIP><HeartBeatInterval>0</HeartBeatInterval>"
        "<HeartBeatCount>-3</HeartBeatCount><Expiration>NaN</Expiration><Longitude>181</Longitude>"
        "<Latitude>NaN</Latitude><SIPServerPort>99999</SIPServerPort></BasicParam>",
    )
    assert found == BasicParam(server_host="192.0.2.10", heartbeat_interval=0)
    assert "hunter2" not in repr(found)


def test_lists_of_the_offer_are_bounded_and_trimmed() -> None:
    speeds = "/".join(["1 ", "", "x" * 99, *map(str, range(99))])
    found = read_one(VideoParamOpt, f"<VideoParamOpt><DownloadSpeed>{speeds}</DownloadSpeed></VideoParamOpt>")
    assert found.download_speeds[:3] == ("1", "x" * 32, "0")
    assert (len(found.download_speeds), found.resolutions) == (32, ())


STREAM = "<Item><StreamNumber>{}</StreamNumber></Item>"


@pytest.mark.parametrize(
    "xml",
    [
        f"<VideoParamAttribute>{STREAM.format(0)}{STREAM.format('x')}</VideoParamAttribute>",
        f"<VideoParamAttribute>{STREAM.format(16)}</VideoParamAttribute>",
        f"<VideoParamAttribute>{STREAM.format(0) * (MAX_STREAMS + 1)}</VideoParamAttribute>",
        "<FrameMirror/>",
        "<FrameMirror>4</FrameMirror>",
        "<FrameMirror>１</FrameMirror>",
        "<FrameMirror>01</FrameMirror>",
        "<SnapShotConfig/>",
        "<SnapShotConfig><SnapNum>0</SnapNum></SnapShotConfig>",
        "<SnapShotConfig><SnapNum>11</SnapNum></SnapShotConfig>",
        "<SnapShotConfig><SnapNum>1</SnapNum><Interval>0</Interval></SnapShotConfig>",
        f"<SVACEncodeConfig><a>{'x' * 4000}</a>{'<b/>' * (MAX_OPAQUE // 4)}</SVACEncodeConfig>",
    ],
)
def test_half_a_setting_is_none(xml: str) -> None:
    with pytest.raises(Refused) as caught:
        read(DeviceConfig, xml)
    assert caught.value.code == "signalling.bad-field"


def test_snapshots_under_their_other_name_and_without_an_interval() -> None:
    found = read_one(SnapShotConfig, "<SnapShot><SnapNum>2</SnapNum></SnapShot>")
    assert found == SnapShotConfig(2, 1)


def test_who_may_upload_is_not_printed() -> None:
    shown = repr(SnapShotConfig(1, 1, "http://192.0.2.10/secret", SESSION))
    assert "secret" not in shown
    assert SESSION not in shown


def test_every_type_has_its_element_and_is_counted_by_it() -> None:
    assert {each.TYPE for each in CONFIGS} == set(ConfigType)
    assert FrameMirror(Mirror.NONE).identity is FrameMirror(Mirror.BOTH).identity is ConfigType.FRAME_MIRROR
