"""Video coding as cameras do it: no B pictures, a key frame every two seconds, parameter sets before each."""

from __future__ import annotations

from fractions import Fraction

import av
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType

from civicam.media.core.unit import Codec
from civicam.simulator.picture import GOP, RATE, Coded, Profile
from civicam.simulator.scene.mood import Mood
from civicam.simulator.yuv import Bytes

_DEAD = ":deadzone-inter=32:deadzone-intra=32"
"""With a fixed quantiser: small differences are dropped. A tenth to a fifth fewer bits and 4 % less work."""


class Encoder:
    """One running encoder; one thread uses it at a time. libx264 or libx265 give the interpreter's lock free.

    ``quality`` is a fixed quantiser, 0 to 51 and the lower the better, which costs two thirds of what keeping
    to the profile's rate does; without it the rate is kept.
    """

    def __init__(self, codec: Codec, profile: Profile, quality: int | None = None) -> None:
        name = "libx264" if codec is Codec.H264 else "libx265"
        context = av.CodecContext.create(name, "w")
        if not isinstance(context, VideoCodecContext):
            raise TypeError(name)
        context.width, context.height = profile.width, profile.height
        context.pix_fmt = "yuv420p"
        context.time_base = Fraction(1, 90_000)
        context.framerate = Fraction(RATE)
        context.gop_size = GOP
        context.max_b_frames = 0
        context.thread_count = 1
        rate = f"qp={quality}"
        if codec is Codec.H264:
            rate += _DEAD
        if quality is None:
            context.bit_rate = profile.kbps * 1000
            rate = f"vbv-maxrate={profile.kbps}:vbv-bufsize={profile.kbps}"
        options = {"preset": "ultrafast", "tune": "zerolatency", "forced-idr": "1"}
        if codec is Codec.H264:
            options["x264-params"] = f"{rate}:scenecut=0:repeat-headers=1:force-cfr=1"
        else:
            options["x265-params"] = (
                f"{rate}:scenecut=0:repeat-headers=1:bframes=0:keyint={GOP}:min-keyint={GOP}"
                ":frame-threads=1:pools=none:log-level=none:open-gop=0"
            )
        context.options = options
        self._context = context
        self._picture: Bytes | None = None
        self._frame: av.VideoFrame | None = None

    def encode(self, picture: Bytes, pts: int, *, key: bool) -> list[Coded]:
        """Code one I420 picture; ``key`` asks for an IDR now. ``pts`` grows.

        The same array may be drawn into and given again; it is not copied on the way.
        """
        if self._frame is None or picture is not self._picture:
            self._picture, self._frame = picture, av.VideoFrame.from_numpy_buffer(picture, format="yuv420p")
        frame = self._frame
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


def quality_of(mood: Mood) -> int:
    """The quantiser at which a drawn scene comes to half its profile's rate, or all of it in bad weather.

    Falling rain and snow change every part of the picture.
    """
    return 31 if mood.weather in ("rain", "snow") else 26
