"""The small notifications: end of file, upgrade, snapshots, offered video, broadcast."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from civicam.kernel.errors import Refused
from civicam.signalling.gb28181.ids import GbId
from civicam.signalling.gb28181.manscdp import Message, parse_message, to_xml
from civicam.signalling.gb28181.manscdp.broadcast import Broadcast, BroadcastResponse
from civicam.signalling.gb28181.manscdp.media_status import MediaStatus
from civicam.signalling.gb28181.manscdp.snapshot_finished import MAX_FILES, SnapshotFinished
from civicam.signalling.gb28181.manscdp.upgrade_result import REASONS, UpgradeResult
from civicam.signalling.gb28181.manscdp.video_upload import VideoUpload

OWN = GbId("34020000002000000001")
CAM = GbId("34020000001310000001")
SPEAKER = GbId("34020000001370000001")
AT = datetime(2026, 3, 2, 1, 41, 7, tzinfo=UTC)
SESSION = "0123456789abcdef0123456789abcdef"
PICTURE = f"{CAM}022026030209410700000"

CASES: list[Message] = [
    MediaStatus(1, CAM),
    MediaStatus(1, CAM, 122),
    UpgradeResult(2, CAM, SESSION, True, "V2"),
    UpgradeResult(2, CAM, SESSION, False, "V1", "02"),
    SnapshotFinished(3, CAM, SESSION),
    SnapshotFinished(3, CAM, SESSION, (f"{PICTURE}1", f"{PICTURE}2")),
    VideoUpload(4, CAM),
    VideoUpload(4, CAM, AT, 118.4, 31.3),
    Broadcast(5, SPEAKER, OWN),
    BroadcastResponse(5, SPEAKER),
    BroadcastResponse(5, SPEAKER, ok=False),
]


@pytest.mark.parametrize("encoding", ["GB18030", "UTF-8"])
@pytest.mark.parametrize("command", CASES, ids=lambda each: type(each).__name__)
def test_what_is_written_is_read_back(command: Message, encoding: str) -> None:
    assert parse_message(to_xml(command, encoding)) == command


def notify(cmd_type: str, fields: str, device: str = f"<DeviceID>{CAM}</DeviceID>") -> object:
    body = f"<Notify><CmdType>{cmd_type}</CmdType><SN>1</SN>{device}{fields}</Notify>"
    return parse_message(body.encode())


def test_only_121_is_the_end_of_a_file() -> None:
    assert MediaStatus(1, CAM).finished
    assert not MediaStatus(1, CAM, 122).finished
    assert notify("MediaStatus", "") == MediaStatus(1, CAM, 0)


def test_broadcast_has_no_device_id_of_its_own() -> None:
    body = to_xml(Broadcast(5, SPEAKER, OWN)).decode()
    assert "<DeviceID>" not in body
    assert f"<SourceID>{OWN}</SourceID>\r\n<TargetID>{SPEAKER}</TargetID>" in body


def test_broadcast_with_a_device_id_instead_of_a_target() -> None:
    assert notify("Broadcast", f"<SourceID>{OWN}</SourceID>") == Broadcast(1, CAM, OWN)


def test_snapshots_are_bounded_and_blank_names_ignored() -> None:
    names = "<SnapShotFileID/>" + "".join(
        f"<SnapShotFileID>{number}</SnapShotFileID>" for number in range(200)
    )
    found = notify(
        "UploadSnapShotFinished", f"<SessionID>s</SessionID><SnapShotList><X/>{names}</SnapShotList>"
    )
    assert isinstance(found, SnapshotFinished)
    assert found.files == tuple(str(number) for number in range(MAX_FILES))
    assert notify("UploadSnapShotFinished", "<SessionID>s</SessionID>") == SnapshotFinished(1, CAM, "s")


def test_reasons_have_words() -> None:
    assert all(zh and en for zh, en in REASONS.values())


@pytest.mark.parametrize(
    ("cmd_type", "fields", "device"),
    [
        ("MediaStatus", "", ""),
        ("DeviceUpgradeResult", "<UpgradeResult>OK</UpgradeResult>", f"<DeviceID>{CAM}</DeviceID>"),
        ("DeviceUpgradeResult", "<SessionID>s</SessionID>", f"<DeviceID>{CAM}</DeviceID>"),
        ("UploadSnapShotFinished", "", f"<DeviceID>{CAM}</DeviceID>"),
        ("Broadcast", f"<SourceID>{OWN}</SourceID>", ""),
        ("Broadcast", f"<TargetID>{SPEAKER}</TargetID>", ""),
        ("Broadcast", f"<SourceID>{OWN}</SourceID><TargetID>x</TargetID>", ""),
    ],
)
def test_what_names_nothing_is_refused(cmd_type: str, fields: str, device: str) -> None:
    with pytest.raises(Refused):
        notify(cmd_type, fields, device)
