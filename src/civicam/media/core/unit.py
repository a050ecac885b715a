"""The one type that stands between protocols: a coded picture or a run of coded sound.

PS over RTP, RTSP, and whatever comes later all end in `Frame`; the hub, the writers for browsers
and the recorders start from it. Immutable, so one object is shared by every viewer.
"""

from __future__ import annotations

import enum
from typing import NamedTuple


class Codec(enum.StrEnum):
    """Elementary stream codecs that civicam carries without transcoding."""

    H264 = "h264"
    H265 = "h265"
    PCMA = "pcma"
    PCMU = "pcmu"
    AAC = "aac"

    is_video: bool

    def __init__(self, value: str) -> None:
        self.is_video = value in ("h264", "h265")


class Frame(NamedTuple):
    """One access unit of video, or one run of audio.

    Attributes:
        codec: what ``data`` is.
        pts: presentation time in 90 kHz ticks, unwrapped and rebased: grows from 0, never wraps.
        dts: decoding time, same clock; equals ``pts`` where the stream has no B pictures.
        key: a decoder may start here (IDR/IRAP with its parameter sets in ``data``); True for audio.
        data: video as Annex B with 4-byte start codes; audio raw (G.711) or ADTS (AAC).
        arrival: monotonic seconds when the last byte of the unit arrived.
        damaged: packets of this unit, or of one it depends on since the last clean key, were lost.
        discontinuity: first unit of a new timeline (time stamp jump, new SSRC, reconnect).
        nals: offset in ``data`` of each NAL unit's 4-byte start code, found once by whoever made the
            frame so that no later writer has to search again (`VideoAssembler` tells where it relies on what
            the stream's pictures were before); empty when unknown, and for audio.
    """

    codec: Codec
    pts: int
    dts: int
    key: bool
    data: bytes
    arrival: float
    damaged: bool = False
    discontinuity: bool = False
    nals: tuple[int, ...] = ()
