"""The parts of the live benchmark that need no browser."""

from __future__ import annotations

import json
import math
import struct
import time
from pathlib import Path

import pytest
from websockets.sync.client import connect

from civicam.bench.live import Pick, picks, quantile
from civicam.bench.live_floor import echo_server


@pytest.mark.parametrize(
    ("values", "share", "want"),
    [
        ([5.0], 0.5, 5.0),
        ([4.0, 1.0, 3.0, 2.0], 0.5, 2.0),
        (list(range(1, 21)), 0.95, 19),
        (list(range(1, 101)), 0.95, 95),
        ([1.0, 2.0], 1.0, 2.0),
        ([1.0, 2.0], 0.0, 1.0),
    ],
)
def test_quantiles_are_nearest_rank(values: list[float], share: float, want: float) -> None:
    assert quantile(values, share) == want


def test_nothing_measured_is_no_figure() -> None:
    assert math.isnan(quantile([], 0.5))


def test_only_channels_the_browser_can_decode_are_picked(tmp_path: Path) -> None:
    city = {
        "devices": [{"gb_id": "D1", "protocol": "gb28181"}, {"gb_id": "D2", "protocol": "rtsp"}],
        "channels": [
            {"gb_id": "C1", "device": "D1", "name": "one", "codec": "h264"},
            {"gb_id": "C2", "device": "D1", "name": "two", "codec": "h265"},
            {"gb_id": "C3", "device": "D2", "name": "three"},
            {"gb_id": "C4", "device": "D1", "name": "four"},
        ],
    }
    file = tmp_path / "city.json"
    file.write_text(json.dumps(city), encoding="utf-8")
    assert picks(file) == [Pick("C1", "one"), Pick("C4", "four")]


def test_the_floor_sends_stamped_messages_of_the_asked_size() -> None:
    with echo_server(2000, 0.001) as url, connect(url, compression=None) as client:
        message = client.recv(timeout=5)
    assert isinstance(message, bytes)
    assert len(message) == 2000
    (sent_ms,) = struct.unpack("!d", message[:8])
    assert 0 <= time.time() * 1000 - sent_ms < 60_000
