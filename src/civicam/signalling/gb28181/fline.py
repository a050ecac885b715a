"""The ``f=`` line of an SDP (GB/T 28181-2016 Annex F, -2022 Annex G): which codecs and how much.

    v/codec/resolution/fps/rate type/kbit/s a/codec/bit rate/sample rate        v/2/6/25/1/4096a/1/8/1

Empty places stay: video only is ``v/2/6/25/1/4096a///``, nothing ``v/////a///``. Devices write zeros
where nothing is known and a blank before ``a``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

VIDEO_CODECS: Mapping[int, str] = MappingProxyType({1: "MPEG4", 2: "H264", 3: "SVAC", 4: "3GP", 5: "H265"})
AUDIO_CODECS: Mapping[int, str] = MappingProxyType(
    {1: "G711", 2: "G7231", 3: "G729", 4: "G7221", 5: "SVAC", 6: "AAC"}
)
RESOLUTIONS: Mapping[str, tuple[int, int]] = MappingProxyType(
    {"1": (176, 144), "2": (352, 288), "3": (704, 576), "4": (704, 576), "5": (1280, 720), "6": (1920, 1080)}
)
"""Code → width and height; a size may also be written ``1920x1080``."""
_SIZE = re.compile(r"(\d{2,5})[xX*](\d{2,5})", re.ASCII)
_LINE = re.compile(r"\s*v([/0-9xX*]*)\s*(?:a([/0-9]*))?\s*", re.IGNORECASE | re.ASCII)
MAX_LENGTH = 200


@dataclass(frozen=True, slots=True)
class FLine:
    """Codes as they stand; 0 and "" mean not said. ``rate_type`` 1 constant, 2 variable."""

    video: int = 0
    resolution: str = ""
    fps: int = 0
    rate_type: int = 0
    kbps: int = 0
    audio: int = 0
    audio_rate: int = 0
    audio_sample: int = 0

    @property
    def video_codec(self) -> str | None:
        """The name of the video codec, None when it is not said or not known."""
        return VIDEO_CODECS.get(self.video)

    @property
    def audio_codec(self) -> str | None:
        """The name of the audio codec, None when it is not said or not known."""
        return AUDIO_CODECS.get(self.audio)

    @property
    def size(self) -> tuple[int, int] | None:
        """Width and height in pixels."""
        if (match := _SIZE.fullmatch(self.resolution)) is not None:
            return int(match[1]), int(match[2])
        return RESOLUTIONS.get(self.resolution)

    def __str__(self) -> str:
        video = (self.video, self.resolution, self.fps, self.rate_type, self.kbps)
        audio = (self.audio, self.audio_rate, self.audio_sample)
        return (
            "v/"
            + "/".join(str(each or "") for each in video)
            + "a/"
            + "/".join(str(each or "") for each in audio)
        )

    @classmethod
    def parse(cls, text: str) -> FLine | None:
        """Read the value after ``f=``; None when it is no such line: it is only a hint."""
        match = _LINE.fullmatch(text) if len(text) <= MAX_LENGTH else None
        if match is None:
            return None
        video = [*(match[1] or "").split("/")[1:], *[""] * 5]
        audio = [*(match[2] or "").split("/")[1:], *[""] * 3]
        return cls(
            _code(video[0], 99),
            "" if video[1] == "0" else video[1],
            _code(video[2], 99),
            _code(video[3], 2),
            _code(video[4], 100_000),
            _code(audio[0], 99),
            _code(audio[1], 99),
            _code(audio[2], 99),
        )


def _code(text: str, high: int) -> int:
    value = int(text) if text.isdigit() and len(text) <= 6 else 0
    return value if value <= high else 0


NOTHING = FLine()
G711A = FLine(audio=1, audio_rate=8, audio_sample=1)
"""Voice both ways: G.711, 64 kbit/s, 8 kHz: ``v/////a/1/8/1``."""
