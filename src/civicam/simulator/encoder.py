"""Video coding as cameras do it: no B pictures, a key frame every two seconds, parameter sets before each."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import av
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType

from civicam.media.core.unit import Codec
from civicam.simulator.yuv import Bytes

RATE = 25
GOP = 2 * RATE
TICKS = 90_000 // RATE
"""90 kHz ticks a frame."""


@dataclass(frozen=True, slots=True)
class Profile:
    """One stream of a camera."""

    width: int
    height: int
    kbps: int


MAIN = Profile(1920, 1080, 4096)
SUB = Profile(640, 360, 640)


@dataclass(frozen=True, slots=True)
class Coded:
    """One coded picture: Annex B, with its parameter sets when it is a key frame; ``pts`` in 90 kHz."""

    data: bytes
    pts: int
    key: bool


class Encoder:
    """One running encoder; one thread uses it at a time. libx264 or libx265 give the threads' lock free."""

    def __init__(self, codec: Codec, profile: Profile) -> None:
        name = "libx264" if codec is Codec.H264 else "libx265"
        context = av.CodecContext.create(name, "w")
        if not isinstance(context, VideoCodecContext):
            raise TypeError(name)
        context.width, context.height = profile.width, profile.height
        context.pix_fmt = "yuv420p"
        context.time_base = Fraction(1, 90_000)
        context.framerate = Fraction(RATE)
        context.bit_rate = profile.kbps * 1000
        context.gop_size = GOP
        context.max_b_frames = 0
        context.thread_count = 1
        options = {"preset": "ultrafast", "tune": "zerolatency", "forced-idr": "1"}
        limits = f"vbv-maxrate={profile.kbps}:vbv-bufsize={profile.kbps}"
        if codec is Codec.H264:
            options["x264-params"] = f"{limits}:scenecut=0:repeat-headers=1:force-cfr=1"
        else:
            options["x265-params"] = (
                f"{limits}:scenecut=0:repeat-headers=1:bframes=0:keyint={GOP}:min-keyint={GOP}"
                ":frame-threads=1:pools=none:log-level=none:open-gop=0"
            )
        context.options = options
        self._context = context
        self._pts = -1

    def encode(self, picture: Bytes, pts: int, *, key: bool) -> list[Coded]:
        """Code one I420 picture; ``key`` asks for an IDR now. ``pts`` grows."""
        frame = av.VideoFrame.from_ndarray(picture, format="yuv420p")
        frame.pts = pts
        frame.time_base = Fraction(1, 90_000)
        frame.pict_type = PictureType.I if key else PictureType.NONE
        coded = []
        for packet in self._context.encode(frame):
            stamp = pts if packet.pts is None else packet.pts
            coded.append(Coded(bytes(packet), int(stamp), bool(packet.is_keyframe)))
        return coded

    def close(self) -> None:
        """Free the encoder."""
        for _ in self._context.encode(None):
            continue
