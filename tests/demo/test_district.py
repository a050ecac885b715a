"""The district's file: written once, moved to another RTSP port when needed, taken over once per content."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from civicam.demo import district
from civicam.kernel.errors import Operational

CITY = {
    "platform": "34020000002000000001",
    "realm": "3402000000",
    "sites": [{"id": "S0001"}],
    "devices": [
        {"gb_id": "34020200001320000001", "protocol": "gb28181", "transport": "udp"},
        {"gb_id": "34020200001320000002", "protocol": "rtsp", "url": "rtsp://127.0.0.1:8554/a/b"},
    ],
    "channels": [
        {"gb_id": "34020200001310000001", "device": "34020200001320000001", "sub_codec": "h265"},
        {"gb_id": "34020200001310000002", "device": "34020200001320000001", "sub_codec": "h264"},
        {"gb_id": "34020200001310000003", "device": "34020200001320000002"},
    ],
}
KINDS = {
    "34020200001310000001": "gb28181/udp/h265",
    "34020200001310000002": "gb28181/udp/h264",
    "34020200001310000003": "rtsp/tcp/h264",
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A district on disk."""
    target = tmp_path / "data" / "district.json"
    district.write(target, json.dumps(CITY))
    return target


def test_it_is_readable_by_its_owner_alone(path: Path) -> None:
    """It holds the devices' secrets."""
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_it_promises_what_is_in_it(path: Path) -> None:
    """The counts a headless run is held against, and the platform's identity."""
    seen = district.read(path)
    assert (seen.sites, seen.devices, seen.channels) == (1, 2, 3)
    assert seen.identity() == {
        "CIVICAM_GATEWAY__GB_ID": "34020000002000000001",
        "CIVICAM_GATEWAY__REALM": "3402000000",
    }


def test_it_knows_what_kinds_of_channels_there_are(path: Path) -> None:
    """So that a headless run misses none of them."""
    assert district.read(path).kinds == KINDS


def test_moving_the_rtsp_port_changes_only_the_addresses(path: Path) -> None:
    """And makes the platform take the district over again."""
    district.mark_taken_over(path)
    assert district.taken_over(path)
    district.move_rtsp(path, 9554)
    moved = json.loads(path.read_text())
    assert moved["devices"][1]["url"] == "rtsp://127.0.0.1:9554/a/b"
    assert moved["devices"][0] == CITY["devices"][0]
    assert not district.taken_over(path)


def test_an_unmoved_port_leaves_the_file_alone(path: Path) -> None:
    """The second start imports nothing."""
    before = path.read_bytes()
    district.move_rtsp(path, 8554)
    assert path.read_bytes() == before


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"devices": 3}'])
def test_a_file_that_is_no_district_is_refused(tmp_path: Path, text: str) -> None:
    """With the way out in the message."""
    target = tmp_path / "district.json"
    district.write(target, text)
    with pytest.raises(Operational, match=r"demo\.bad-district"):
        district.read(target)
