"""ConfigDownload and DeviceConfig, both ways."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.signalling.gb28181.bodies import CAM, check_both_ways, check_round_trip, ids, read, reasons, sns

from civicam.kernel.errors import Refused
from civicam.signalling.gb28181.manscdp import Message
from civicam.signalling.gb28181.manscdp.config import (
    MAX_CONFIGS,
    ConfigDownloadQuery,
    ConfigDownloadResponse,
    DeviceConfig,
    DeviceConfigResponse,
    find_config,
)
from civicam.signalling.gb28181.manscdp.config_types import (
    BasicParam,
    ConfigType,
    FrameMirror,
    Mirror,
    VideoParamOpt,
)

BASIC = BasicParam("东门", heartbeat_interval=60)
BASIC_XML = "<BasicParam><Name>东门</Name><HeartBeatInterval>60</HeartBeatInterval></BasicParam>\r\n"
MIRROR_XML = "<FrameMirror>1</FrameMirror>\r\n"
CASES: list[tuple[Message, str]] = [
    (ConfigDownloadQuery(4, CAM, ()), "<ConfigType></ConfigType>\r\n"),
    (
        ConfigDownloadQuery(4, CAM, (ConfigType.BASIC, ConfigType.VIDEO_OPT)),
        "<ConfigType>BasicParam/VideoParamOpt</ConfigType>\r\n",
    ),
    (ConfigDownloadResponse(4, CAM), "<Result>OK</Result>\r\n"),
    (
        ConfigDownloadResponse(4, CAM, (BASIC, FrameMirror(Mirror.LEFT_RIGHT))),
        "<Result>OK</Result>\r\n" + BASIC_XML + MIRROR_XML,
    ),
    (
        ConfigDownloadResponse(4, CAM, ok=False, reason="忙"),
        "<Result>ERROR</Result>\r\n<Reason>忙</Reason>\r\n",
    ),
    (DeviceConfig(4, CAM, (FrameMirror(Mirror.LEFT_RIGHT), BASIC)), MIRROR_XML + BASIC_XML),
    (DeviceConfig(4, CAM, ()), ""),
    (DeviceConfigResponse(4, CAM), "<Result>OK</Result>\r\n"),
    (DeviceConfigResponse(4, CAM, ok=False), "<Result>ERROR</Result>\r\n"),
]


@pytest.mark.parametrize(("command", "content"), CASES)
def test_both_ways(command: Message, content: str) -> None:
    check_both_ways(command, content)


@given(
    st.builds(ConfigDownloadQuery, sns, ids, st.lists(st.sampled_from(ConfigType), unique=True).map(tuple))
    | st.builds(ConfigDownloadResponse, sns, ids, ok=st.booleans(), reason=reasons)
    | st.builds(DeviceConfigResponse, sns, ids, ok=st.booleans(), reason=reasons)
)
def test_round_trip(command: Message) -> None:
    check_round_trip(command)


@pytest.mark.parametrize(
    ("asked", "types"),
    [
        ("basicparam / VIDEOPARAMOPT", (ConfigType.BASIC, ConfigType.VIDEO_OPT)),
        ("BasicParam/BasicParam", (ConfigType.BASIC,)),
        ("Weather/SnapShot", (ConfigType.SNAPSHOT,)),
        ("", ()),
        ("/" * 4000 + "BasicParam", ()),
    ],
)
def test_types_as_askers_write_them(asked: str, types: tuple[ConfigType, ...]) -> None:
    assert read(ConfigDownloadQuery, f"<ConfigType>{asked}</ConfigType>").types == types


def test_a_question_without_types() -> None:
    assert read(ConfigDownloadQuery, "").types == ()


def test_what_is_missing_is_unsupported_and_what_is_unreadable_is_counted() -> None:
    found = read(
        ConfigDownloadResponse,
        "<Result>OK</Result><BASICPARAM><Name>a</Name></BASICPARAM><FrameMirror>9</FrameMirror><New/>",
    )
    assert (found.ok, found.items, found.rejected, found.sum_num) == (True, (BasicParam("a"),), 1, None)
    assert find_config(found.items, BasicParam) == BasicParam("a")
    assert find_config(found.items, VideoParamOpt) is None


def test_an_order_is_obeyed_whole_or_not() -> None:
    with pytest.raises(Refused) as caught:
        read(DeviceConfig, BASIC_XML + "<FrameMirror>9</FrameMirror>")
    assert (caught.value.code, caught.value.data["field"]) == ("signalling.bad-field", "FrameMirror")


@pytest.mark.parametrize("kind", [ConfigDownloadResponse, DeviceConfig])
def test_elements_are_bounded(kind: type[Message]) -> None:
    assert read(kind, MIRROR_XML * MAX_CONFIGS).sn == 17
    with pytest.raises(Refused) as caught:
        read(kind, MIRROR_XML * (MAX_CONFIGS + 1))
    assert caught.value.code == "signalling.bad-field"
