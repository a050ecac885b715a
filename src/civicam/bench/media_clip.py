"""The load of the media benchmark: one clip, sent as many cameras would send it.

1080p25 H.264 at 4 Mbit/s with noise in the picture, so that the bit rate is real. Every stream gets the same
packets (each has a port of its own), shifted in time so that key frames do not come all at once.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from civicam.media.core.packetise import RtpPacketiser
from civicam.media.core.ps_mux import PsMuxer
from civicam.media.core.rfc4571 import frame as length_frame
from civicam.media.core.unit import Codec

FPS = 25
STEP = 90000 // FPS
GOP = 50
BITRATE = 4_000_000
SSRC = 200000017


@dataclass(frozen=True, slots=True)
class Picture:
    """One coded picture, Annex B."""

    data: bytes
    key: bool


def encode(seconds: int = 4, width: int = 1920, height: int = 1080) -> list[Picture]:
    """The clip: a moving gradient under noise, two seconds a group, no B pictures, as cameras do."""
    import av  # the receiving processes never need them
    import numpy as np

    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, FPS), Fraction(FPS)
    encoder.bit_rate, encoder.gop_size, encoder.max_b_frames = BITRATE, GOP, 0
    rate = BITRATE // 1000
    encoder.options = {
        "preset": "ultrafast",
        "tune": "zerolatency",
        "x264-params": f"keyint={GOP}:min-keyint={GOP}:scenecut=0:vbv-maxrate={rate}:vbv-bufsize={rate}:"
        "repeat-headers=1:force-cfr=1:threads=1:sliced-threads=0",
    }
    random = np.random.default_rng(28181)
    ramp = np.arange(width, dtype=np.int32)[None, :] // 12
    noise = random.integers(-6, 7, (height, 2 * width), dtype=np.int32)
    pictures: list[Picture] = []
    for number in range(seconds * FPS):
        planes = np.full((height * 3 // 2, width), 128, np.uint8)
        shift = 7 * number % width
        luma = 40 + (ramp + 3 * number) % 160 + noise[:, shift : shift + width]
        planes[:height] = np.clip(luma, 16, 235).astype(np.uint8)
        source = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        source.pts = number
        pictures += [Picture(bytes(packet), packet.is_keyframe) for packet in encoder.encode(source)]
    return pictures + [Picture(bytes(packet), packet.is_keyframe) for packet in encoder.encode(None)]


class Camera:
    """Turns the clip, round and round, into RTP packets with times that go on."""

    def __init__(self, clip: Sequence[Picture], audio: Codec | None = None) -> None:
        self._clip = clip
        self._muxer = PsMuxer(Codec.H264, audio)
        self._packetiser = RtpPacketiser(ssrc=SSRC)
        self._number = 0

    def picture(self) -> list[bytes]:
        """The packets of the next picture."""
        picture = self._clip[self._number % len(self._clip)]
        pts = 90000 + self._number * STEP
        self._number += 1
        return self._packetiser.packets(self._muxer.video(picture.data, pts, key=picture.key), pts)


@dataclass(frozen=True, slots=True)
class Sent:
    """What the sender did; ``late_s``: the worst delay behind its own schedule."""

    packets: int
    octets: int
    late_s: float


class Sender:
    """Sends to groups of ports on the loopback, each group a set of cameras of its own.

    A camera writes the packets of one picture back to back, one ``send`` each (TCP: its length in front),
    then waits for its next picture; the cameras of a group take turns, evenly spread over a picture's time.
    """

    def __init__(self, clip: Sequence[Picture], groups: Sequence[Sequence[int]], *, tcp: bool) -> None:
        self._tcp = tcp
        self._groups = [[_connect(port, tcp=tcp) for port in ports] for ports in groups]
        self._cameras = [Camera(clip) for _ in groups]

    def send(self, group: int, seconds: float) -> Sent:
        """Send for so long; blocks. The figures are those of all streams of the group together."""
        lines, camera = self._groups[group], self._cameras[group]
        packets = octets = 0
        late, start = 0.0, time.monotonic() + 0.2
        gap = 1 / FPS / len(lines)
        for number in range(int(seconds * FPS)):
            unit = camera.picture()
            blob = [length_frame(packet) for packet in unit] if self._tcp else unit
            for index, line in enumerate(lines):
                wait = start + number / FPS + index * gap - time.monotonic()
                if wait > 0:
                    time.sleep(wait)
                else:
                    late = max(late, -wait)
                for data in blob:
                    line.sendall(data)
            packets += len(unit) * len(lines)
            octets += sum(map(len, unit)) * len(lines)
        return Sent(packets, octets, late)

    def close(self) -> None:
        """Hang up."""
        for lines in self._groups:
            for line in lines:
                line.close()


def send(clip: Sequence[Picture], ports: Sequence[int], seconds: float, *, tcp: bool) -> Sent:
    """`Sender.send` to one group."""
    sender = Sender(clip, [ports], tcp=tcp)
    try:
        return sender.send(0, seconds)
    finally:
        sender.close()


def _connect(port: int, *, tcp: bool) -> socket.socket:
    line = socket.socket(socket.AF_INET, socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM)
    line.connect(("127.0.0.1", port))
    return line
