"""Every command at once: what all readers must survive, whatever they read."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.signalling.gb28181.bodies import BAD_IDS, CAM, body

from civicam.kernel.errors import Refused
from civicam.signalling.gb28181.manscdp import READERS, Message, Root, UnknownCommand, parse_message

COMMANDS = sorted(READERS)
NAMES = (
    *("Item", "DeviceList", "RecordList", "PresetList", "CruiseTrackList", "CruiseTrack", "CruisePointList"),
    *("CruisePoint", "SDCardStatusInfo", "Alarmstatus", "Info", "HomePosition", "BasicParam", "FrameMirror"),
    *(
        "VideoParamOpt",
        "VideoParamAttribute",
        "VideoRecordPlan",
        "RecordSchedule",
        "TimeSegment",
        "OSDConfig",
    ),
    *("VideoAlarmRecord", "PictureMask", "RegionList", "AlarmReport", "SnapShotConfig", "SVACEncodeConfig"),
    *("DeviceID", "SumNum", "Number", "StartTime", "EndTime", "Result", "Status", "Online", "PresetID", "ID"),
    *("ConfigType", "WeekDayNum", "StartHour", "StopHour", "RecordEnable", "On", "Seq", "Point", "X", "Y"),
    *(
        "StreamNumber",
        "SnapNum",
        "Interval",
        "Enabled",
        "Pan",
        "FileSize",
        "DeviceTime",
        "Longitude",
        "PTZCmd",
    ),
    *("AlarmMethod", "AlarmPriority", "AlarmTime", "Time", "NotifyType", "SessionID", "Event", "Speed"),
)
VALUES = (
    *(
        "",
        "0",
        "1",
        "-1",
        "255",
        "256",
        "NaN",
        "1e999",
        "9" * 25,
        "9" * 5000,
        "１",
        "ON",
        "OK",
        "ERROR",
        "24",
    ),
    *("9999-12-31T23:59:59", "9999-12-31T23:59:59Z", "2026-3-2 9:15:31", "0001-01-01T00:00:00", "1,2,3,4"),
    *(
        CAM,
        "340200000013100000",
        "BasicParam/SnapShot",
        "../../etc/passwd",
        "&lt;b&gt;",
        "东门",
        "A50F01000000",
    ),
)


def leaf(name: str, value: str) -> str:
    return f"<{name}>{value}</{name}>"


LEAVES = st.builds(leaf, st.sampled_from(NAMES), st.sampled_from(VALUES))
TREES = st.recursive(
    LEAVES,
    lambda inner: st.builds(leaf, st.sampled_from(NAMES), st.lists(inner, max_size=6).map("".join)),
    max_leaves=25,
)


@settings(suppress_health_check=[HealthCheck.too_slow])  # a busy machine draws deep trees slowly
@given(st.sampled_from(COMMANDS), st.lists(TREES, max_size=8).map("".join))
def test_any_fields_anywhere_are_read_or_refused(command: tuple[Root, str], fields: str) -> None:
    """What was read can be written, and what was written can be read."""
    try:
        found = parse_message(body(command[0], command[1], fields))
    except Refused:
        return
    assert isinstance(found, Message)
    again = parse_message(found.to_xml("UTF-8"))
    assert isinstance(again, type(found))
    assert (again.sn, again.device_id) == (found.sn, found.device_id)


@pytest.mark.parametrize(("root", "cmd_type"), COMMANDS)
def test_every_command_wants_an_sn_and_whom_it_is_about(root: Root, cmd_type: str) -> None:
    for sn in ("", "-1", "x", "9223372036854775808", "1.0", "９"):
        if cmd_type == "keepalive" or (root, cmd_type) == (Root.RESPONSE, "catalog"):
            break  # a heartbeat counts whatever its SN; a list without ours is 0, and proves little
        with pytest.raises(Refused) as caught:
            parse_message(body(root, cmd_type, "", sn=sn))
        assert caught.value.code == "signalling.bad-field"
    for device_id in BAD_IDS:
        with pytest.raises(Refused):
            parse_message(body(root, cmd_type, "", device_id))


@pytest.mark.parametrize(("root", "cmd_type"), COMMANDS)
def test_hostile_samples_under_every_name(torture: Path, root: Root, cmd_type: str) -> None:
    """The samples are heartbeats; told to be something else they are read, unknown or refused."""
    for path in sorted((torture / "manscdp").glob("*.xml")):
        sample = path.read_bytes().replace(b"Keepalive", cmd_type.encode())
        try:
            found = parse_message(sample.replace(b"Notify", root.encode()))
        except Refused:
            continue
        known = isinstance(found, Message) and (found.ROOT, found.device_id) == (root, "34020000001320000001")
        assert known or (isinstance(found, UnknownCommand) and path.stem == "wrong_cmdtype"), path.name
