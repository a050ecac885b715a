"""What a camera's stream is made of: sizes, the rate, and one coded picture."""

from __future__ import annotations

from dataclasses import dataclass

from civicam.media.core.unit import Codec

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

    @property
    def pixels(self) -> int:
        """Of one picture."""
        return self.width * self.height


MAIN = Profile(1920, 1080, 4096)
SUB = Profile(640, 360, 640)


@dataclass(frozen=True, slots=True)
class Coded:
    """One coded picture: Annex B, with its parameter sets when it is a key frame; ``pts`` in 90 kHz."""

    data: bytes
    pts: int
    key: bool


def codec_of(name: str) -> Codec:
    """The codec of a description's word."""
    return Codec.H265 if name == "h265" else Codec.H264
