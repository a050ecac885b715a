"""The media benchmark on a load so small that only its shape can be looked at."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from civicam.bench import media
from civicam.bench.media import FLOORS, KINDS, Size, lines
from civicam.bench.media_clip import Picture, Sender, encode
from civicam.bench.report import Report

SMALL = Size(0.3, turn_s=0.3, rounds=1, streams=2, many=3, viewers=2)


@pytest.fixture(scope="module")
def clip() -> list[Picture]:
    """Two seconds of 160x120."""
    return encode(2, 160, 120)


@pytest.mark.long
@pytest.mark.parametrize("name", ["udp", "tcp"])
def test_a_transport_has_its_floors_figures_ratios_and_goals(
    clip: list[Picture], tmp_path: Path, name: str
) -> None:
    report = Report("media")
    media._transport(report, clip, SMALL, name == "tcp", str(tmp_path))
    for kind in ("floor", "bare"):
        assert report.floors[f"{name}_{kind}"] == FLOORS[name, kind]
        assert report.floors[f"{name}_{kind}_cpu_percent_a_stream"] is not None
    assert set(report.goals) == {f"{name}_record_null", f"{name}_record_file"}
    for kind in set(KINDS) - {"floor", "bare"}:
        assert report.figures[f"{name}_{kind}_lost"] == 0
        assert {f"{name}_{kind}_to_floor", f"{name}_{kind}_to_bare"} <= set(report.ratios)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["stream-0.mp4", "stream-1.mp4"]
    assert f"{name}_record_null" in lines(report)


@pytest.mark.long
def test_many_streams_lose_nothing_and_viewers_get_their_bytes(clip: list[Picture]) -> None:
    report = Report("media")
    media._many(report, clip, SMALL)
    media._fan_out(report, clip, SMALL)
    assert report.figures["many_packets_lost"] == 0
    assert report.goals["many_lost"].met
    least = report.figures["fanout_least_viewer_bytes"]
    assert isinstance(least, int)
    assert least > 0


def test_the_start_is_told_for_both_cameras(clip: list[Picture]) -> None:
    report = Report("media")
    media._start(report, clip)
    assert {"start_video_only_s", "start_audio_announced_s"} == set(report.figures)


def test_a_sender_goes_on_where_it_was(clip: list[Picture]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(10)
        sender = Sender(clip, [[sock.getsockname()[1]]], tcp=False)
        count = sum(sender.send(0, 0.08).packets for _ in range(2))
        sender.close()
        numbers = [int.from_bytes(sock.recv(2048)[2:4], "big") for _ in range(count)]
    assert numbers == list(range(count))
