"""Synthetic pictures: real parameter sets, invented slices. A picture is told by its first bytes."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable

import pytest

from civicam.media.core.packetise import RtpPacketiser
from civicam.media.core.ps import PsDemuxer
from civicam.media.core.ps_mux import PsMuxer
from civicam.media.core.receive import RtpReceiver
from civicam.media.core.unit import Codec, Frame

S = b"\0\0\0\1"
H264_SPS = bytes.fromhex("67640028acd940780227e5c044000003000400000300c83c60c658")
H264_PPS = bytes.fromhex("68ebe3cb22c0")
H265_VPS = bytes.fromhex("40010c01ffff01600000030090000003000003003cba0240")
H265_SPS = bytes.fromhex("42010101600000030090000003000003003ca00a080f165ba4a4c2e68080000003008000000c84")
H265_PPS = bytes.fromhex("4401c0718312")


def picture(index: int, *, key: bool, size: int = 3000, codec: Codec = Codec.H264) -> bytes:
    """An access unit whose slice bytes hold no start code."""
    body = bytes(random.Random(index).choices(range(1, 256), k=size))
    if codec is Codec.H264:
        sets = S + H264_SPS + S + H264_PPS if key else b""
        return sets + S + (b"\x65" if key else b"\x41") + body
    sets = S + H265_VPS + S + H265_SPS + S + H265_PPS if key else b""
    return sets + S + (b"\x26\x01" if key else b"\x02\x01") + body


class Camera:
    """A camera that sends PS over RTP: its packets, and what it meant."""

    def __init__(
        self, codec: Codec = Codec.H264, audio: Codec | None = None, payload_size: int = 1400
    ) -> None:
        self.codec = codec
        self.muxer = PsMuxer(codec, audio)
        self.rtp = RtpPacketiser(ssrc=0x0BEBC211, payload_size=payload_size, sequence=65_500)

    def picture(self, index: int, *, gop: int = 10, size: int = 3000) -> bytes:
        return picture(index, key=index % gop == 0, size=size, codec=self.codec)

    def packets(self, index: int, *, gop: int = 10, size: int = 3000) -> list[bytes]:
        data = self.picture(index, gop=gop, size=size)
        pack = self.muxer.video(data, index * 3600 + 9000, key=index % gop == 0)
        return self.rtp.packets(pack, index * 3600 + 500)


def run(packets: Iterable[tuple[bytes, float]], receiver: RtpReceiver | None = None) -> list[Frame]:
    """Feed packets at their times, then flush."""
    receiver = receiver or RtpReceiver(PsDemuxer())
    frames: list[Frame] = []
    now = 0.0
    for data, now in packets:
        frames.extend(receiver.feed(data, now))
    frames.extend(receiver.poll(now + 1))
    frames.extend(receiver.flush(now + 1))
    return frames


@pytest.fixture(scope="session")
def make_camera() -> type[Camera]:
    """Test modules cannot import each other, so the camera comes as a fixture."""
    return Camera


@pytest.fixture(scope="session")
def make_picture() -> Callable[..., bytes]:
    return picture


@pytest.fixture(scope="session")
def receive_all() -> Callable[..., list[Frame]]:
    return run
