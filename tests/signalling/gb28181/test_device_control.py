"""Orders to devices: every one written and read back, as the field spells them, and what is not obeyed."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civicam.kernel.errors import Refused
from civicam.signalling.gb28181.ids import GbId
from civicam.signalling.gb28181.manscdp import parse_message, to_xml
from civicam.signalling.gb28181.manscdp.config_types import SnapShotConfig
from civicam.signalling.gb28181.manscdp.control_actions import (
    ANSWERED,
    AlarmReset,
    ControlAction,
    DragZoom,
    FormatSdCard,
    Guard,
    HomePosition,
    KeyFrame,
    PrecisePtz,
    Ptz,
    Reboot,
    Record,
    Snapshot,
    UnknownControl,
    Upgrade,
)
from civicam.signalling.gb28181.manscdp.device_control import DeviceControl, DeviceControlResponse
from civicam.signalling.gb28181.ptz import Move, Preset, PresetAction

CAM = GbId("34020000001310000001")

ACTIONS: list[ControlAction] = [
    Ptz.of(Move(pan=1, pan_speed=50)),
    Ptz.of(Preset(PresetAction.SET, 2), preset_name="东门 <2>"),
    Ptz("A50F0101320000E8", 5, "", "夜间巡航"),
    Reboot(),
    Record(start=True),
    Record(start=False, stream=0),
    Guard(armed=True),
    Guard(armed=False),
    AlarmReset(),
    AlarmReset(2, 5),
    KeyFrame("IFameCmd"),
    KeyFrame("IFrameCmd"),
    DragZoom(True, 1920, 1080, 960, 540, 200, 100),
    DragZoom(False, 704, 576, 0, 0, 704, 576),
    HomePosition(enabled=True, reset_s=30, preset=0),
    HomePosition(enabled=False),
    PrecisePtz(359.99, -30.0, 1.0),
    PrecisePtz(tilt=12.5),
    Upgrade("V2", "http://192.0.2.10/fw.bin?a=1&b=2", "SimCo", "0123456789abcdef0123456789abcdef"),
    FormatSdCard(0),
    FormatSdCard(8),
    Snapshot(SnapShotConfig(3, 2, "http://192.0.2.10/up?a=1&b=2", "0123456789abcdef0123456789abcdef")),
]


def order(fields: str) -> ControlAction:
    body = f"<Control><CmdType>DeviceControl</CmdType><SN>7</SN><DeviceID>{CAM}</DeviceID>{fields}</Control>"
    found = parse_message(body.encode())
    assert isinstance(found, DeviceControl)
    return found.action


@pytest.mark.parametrize("encoding", ["GB18030", "UTF-8"])
@pytest.mark.parametrize("action", ACTIONS, ids=lambda each: type(each).__name__)
def test_what_is_written_is_read_back(action: ControlAction, encoding: str) -> None:
    command = DeviceControl(7, CAM, action)
    assert parse_message(to_xml(command, encoding)) == command


def test_every_kind_of_order_is_in_the_cases() -> None:
    assert {type(each) for each in ACTIONS} | {UnknownControl} == set(get_args(ControlAction))


def test_exact_form_of_a_ptz_order() -> None:
    command = DeviceControl(7, CAM, Ptz("A50F0101320000E8", 5))
    assert to_xml(command).decode().split("\r\n") == [
        '<?xml version="1.0" encoding="GB18030"?>',
        "<Control>",
        "<CmdType>DeviceControl</CmdType>",
        "<SN>7</SN>",
        f"<DeviceID>{CAM}</DeviceID>",
        "<PTZCmd>A50F0101320000E8</PTZCmd>",
        "<Info>",
        "<ControlPriority>5</ControlPriority>",
        "</Info>",
        "</Control>",
        "",
    ]


def test_which_orders_the_standard_has_answered() -> None:
    assert set(ANSWERED) == set(get_args(ControlAction))
    assert {kind for kind, answered in ANSWERED.items() if answered} == {
        Record,
        Guard,
        AlarmReset,
        HomePosition,
        Snapshot,
        Upgrade,
    }
    assert DeviceControl(1, CAM, Guard(armed=True)).answered
    assert not DeviceControl(1, CAM, Reboot()).answered


def test_key_frames_are_asked_for_in_the_peers_spelling() -> None:
    assert KeyFrame.for_version("3.0") == KeyFrame("IFrameCmd")
    assert KeyFrame.for_version("2.0") == KeyFrame.for_version("") == KeyFrame("IFameCmd")
    assert order("<IFameCmd>Send</IFameCmd>") == KeyFrame("IFameCmd")
    assert order("<iframecmd/>") == KeyFrame("IFrameCmd")


def test_snapshots_ordered_as_a_control() -> None:
    found = order("<SnapShot><SnapNum>2</SnapNum><UploadURL>http://192.0.2.10/</UploadURL></SnapShot>")
    assert found == Snapshot(SnapShotConfig(2, 1, "http://192.0.2.10/"))


def test_addresses_and_sessions_are_not_printed() -> None:
    assert "192.0.2.10" not in repr(ACTIONS)


def test_a_target_is_never_followed() -> None:
    found = order("<TargetTrack>Auto</TargetTrack><DeviceID2>x</DeviceID2>")
    assert found == UnknownControl(("TargetTrack", "DeviceID2"))
    assert not DeviceControl(1, CAM, found).answered
    assert found.content() == ""


def test_unknown_orders_are_told_by_name_and_bounded() -> None:
    assert order("") == UnknownControl()
    many = "".join(f"<X{number}/>" for number in range(20))
    assert order(many) == UnknownControl(tuple(f"X{number}" for number in range(8)))


@pytest.mark.parametrize(
    ("fields", "action"),
    [
        ("<PTZCmd>a50f0101320000e8</PTZCmd>", Ptz("a50f0101320000e8")),
        ("<PTZCmd></PTZCmd><ControlPriority>3</ControlPriority>", Ptz("", 3)),
        ("<PTZCmd>nonsense</PTZCmd><info><ControlPriority>x</ControlPriority></info>", Ptz("nonsense")),
        ("<RecordCmd>record</RecordCmd>", Record(start=True)),
        ("<TeleBoot>boot</TeleBoot>", Reboot()),
        ("<AlarmCmd>ResetAlarm</AlarmCmd><AlarmMethod>2</AlarmMethod>", AlarmReset(2)),
        ("<PTZPreciseCtrl><Pan>400</Pan><Tilt>-91</Tilt><Zoom>0</Zoom></PTZPreciseCtrl>",
         PrecisePtz(360.0, -30.0, 1.0)),
        ("<PTZPreciseCtrl><Pan>NaN</Pan></PTZPreciseCtrl>", PrecisePtz()),
        ("<Junk/><GuardCmd>SetGuard</GuardCmd><RecordCmd>Record</RecordCmd>", Guard(armed=True)),
    ],
)  # fmt: skip
def test_orders_as_they_come(fields: str, action: ControlAction) -> None:
    assert order(fields) == action


@pytest.mark.parametrize(
    "fields",
    [
        "<RecordCmd>Maybe</RecordCmd>",
        "<TeleBoot/>",
        "<GuardCmd>1</GuardCmd>",
        "<AlarmCmd>SetAlarm</AlarmCmd>",
        "<HomePosition><Enabled>2</Enabled></HomePosition>",
        "<HomePosition/>",
        "<DragZoomIn><Length>1</Length></DragZoomIn>",
        "<DragZoomOut><Length>99999</Length></DragZoomOut>",
        "<DeviceUpgrade><FileURL>http://192.0.2.1/</FileURL></DeviceUpgrade>",
        "<DeviceUpgrade><SessionID>x</SessionID></DeviceUpgrade>",
        "<SnapShotConfig><SnapNum>11</SnapNum></SnapShotConfig>",
        "<FormatSDCard></FormatSDCard>",
        "<FormatSDCard>-1</FormatSDCard>",
        "<FormatSDCard>all</FormatSDCard>",
    ],
)
def test_a_broken_order_is_refused_not_guessed(fields: str) -> None:
    with pytest.raises(Refused) as caught:
        order(fields)
    assert caught.value.code == "signalling.bad-field"


@pytest.mark.parametrize(
    "answer", [DeviceControlResponse(7, CAM), DeviceControlResponse(7, CAM, False, "忙")]
)
def test_answers(answer: DeviceControlResponse) -> None:
    assert parse_message(to_xml(answer)) == answer


def test_an_answer_without_a_result_counts_as_ok() -> None:
    body = f"<Response><CmdType>DeviceControl</CmdType><SN>7</SN><DeviceID>{CAM}</DeviceID></Response>"
    assert parse_message(body.encode()) == DeviceControlResponse(7, CAM)


@given(st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), max_size=60))
def test_no_text_in_an_order_does_anything_but_stand_or_be_refused(text: str) -> None:
    for name in ("PTZCmd", "RecordCmd", "FormatSDCard", "GuardCmd", "TeleBoot"):
        try:
            found = order(f"<{name}><![CDATA[{text.replace(']', '')}]]></{name}>")
        except Refused:
            continue
        if isinstance(found, Ptz):
            try:
                assert found.decoded.address <= 4095
            except Refused:
                continue
