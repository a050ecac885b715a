"""ffmpeg decodes what the hub hands to its viewers, without a word of complaint."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from civicam.bench.media_clip import Camera, encode
from civicam.media.aio.hub import Hub, HubLimits
from civicam.media.aio.viewer import Viewer, ViewerLimits
from civicam.media.aio.wire import HEADER, Kind
from civicam.media.core.ps import PsDemuxer
from civicam.media.core.receive import RtpReceiver
from civicam.media.engine import WireFormat

pytestmark = pytest.mark.interop


class Wire:
    """Stands for the socket: keeps the messages of the WebSocket frames written to it."""

    def __init__(self) -> None:
        self.messages: list[bytes] = []

    def write(self, data: bytes) -> None:
        start = {126: 4, 127: 10}.get(data[1], 2)
        if data[0] == 0x82:
            self.messages.append(data[start:])

    def payload(self, *kinds: Kind) -> bytes:
        return b"".join(message[HEADER.size :] for message in self.messages if message[0] in kinds)


@pytest.fixture(scope="module")
def wires() -> dict[WireFormat, Wire]:
    """What a viewer of each format got of three seconds, the second joining in the middle of a group."""
    hub = Hub(HubLimits(16 << 20, 600), lambda: 0.0, lambda _parameters: None)
    receiver = RtpReceiver(PsDemuxer())
    camera = Camera(encode(3, 320, 240))
    wires = {fmt: Wire() for fmt in WireFormat}
    for number in range(75):
        for packet in camera.picture():
            hub.push(receiver.feed(packet, number / 25))
        if number == 10:
            for fmt, wire in wires.items():
                limits = ViewerLimits(1 << 20, 8, 60.0)
                hub.join(Viewer(wire, fmt, limits, lambda _c, _r: None, lambda: 0.0))  # type: ignore[arg-type]
    hub.push(receiver.flush(3.0))
    return wires


def decoded(program: str, path: Path) -> int:
    """Frames that ffprobe decodes of a file; whatever it complains about fails the test."""
    command = [program, "-v", "warning", "-count_frames", "-select_streams", "v", "-show_entries",
               "stream=nb_read_frames", "-of", "csv=p=0", str(path)]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert done.stderr == ""
    return int(done.stdout.strip().strip(","))


def test_annexb(wires: dict[WireFormat, Wire], program: Callable[[str, str], str], tmp_path: Path) -> None:
    path = tmp_path / "out.h264"
    path.write_bytes(wires[WireFormat.ANNEXB].payload(Kind.VIDEO))
    assert decoded(program("ffprobe", "ffmpeg"), path) == 75


def test_fmp4(wires: dict[WireFormat, Wire], program: Callable[[str, str], str], tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    path.write_bytes(wires[WireFormat.FMP4].payload(Kind.INIT, Kind.FRAGMENT))
    assert decoded(program("ffprobe", "ffmpeg"), path) == 75
