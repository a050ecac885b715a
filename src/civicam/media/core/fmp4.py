"""Fragmented MP4 (ISO/IEC 14496-12 §8.8): an init segment, then fragments with absolute decode times.

One writer serves the browser (a fragment a frame) and recordings (a fragment a GOP, one ``writev``). Coded
pictures are not copied where they are a single NAL unit: its length goes out before a view of the frame.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from civicam.media.core import mp4_boxes
from civicam.media.core.aac import adts_frames
from civicam.media.core.annexb import to_length_prefixed
from civicam.media.core.codecs import VideoParameters
from civicam.media.core.mp4_boxes import AudioParameters
from civicam.media.core.unit import Codec, Frame

TIME_SCALE = 90_000
Buffer = bytes | memoryview

_KEY, _NOT_KEY = 0x02000000, 0x01010000
"""Sample flags: depends on no other; depends on others and is no sync sample."""
_DEFAULT_BASE_IS_MOOF = 0x020000
_TRUN = 0x000701
"""data offset, and per sample duration, size and flags."""
_TRUN_OFFSETS = 0x000F01
_TRUN_AUDIO = 0x000301
_HEAD = struct.Struct("!I4s")
_LENGTH = struct.Struct("!I")
_MFHD = struct.Struct("!I4sII")
_TFHD = struct.Struct("!I4sII")
_TFDT = struct.Struct("!I4sIQ")
_TRUN_HEAD = struct.Struct("!I4sIII")


def mime_type(video: VideoParameters, audio: Codec | None = None) -> str:
    """For MSE: ``video/mp4; codecs="avc1.640028"``."""
    names = [video.codec_string]
    if audio is Codec.AAC:
        names.append("mp4a.40.2")
    return f'video/mp4; codecs="{", ".join(names)}"'


class Fragmenter:
    """Writes a track of video (time scale 90,000) and, for recordings, one of sound (its sampling rate)."""

    def __init__(self, video: VideoParameters, audio: AudioParameters | None = None) -> None:
        self._video = video
        self._audio = audio
        self._sequence = 0
        self._step = TIME_SCALE // 25

    def init_segment(self) -> bytes:
        """ftyp + moov."""
        return mp4_boxes.ftyp() + mp4_boxes.moov(self._video, self._audio, TIME_SCALE)

    def fragment(self, frames: Sequence[Frame], end_dts: int | None = None) -> list[Buffer]:
        """moof + mdat for ``frames``: buffers for ``writev``, two a frame at most (mind IOV_MAX).

        At least one frame, in order; sound goes to the sound track when there is one, else is left out.
        ``end_dts`` is the dts of the next picture, for the last duration.
        """
        self._sequence += 1
        samples: list[Buffer] = []
        video = self._video_run(
            [frame for frame in frames if frame.codec is self._video.codec], end_dts, samples
        )
        video_bytes = sum(map(len, samples))
        audio = self._audio_run(frames, samples) if self._audio is not None else None
        size = sum(map(len, samples))
        runs = [run for run in (video, audio) if run is not None]
        moof_size = 8 + 16 + sum(len(head) + 20 + len(table) for head, _, _, table in runs)
        moof = [_HEAD.pack(moof_size, b"moof"), _MFHD.pack(16, b"mfhd", 0, self._sequence)]
        offset = moof_size + 8
        for head, flags, count, table in runs:
            moof += (_HEAD.pack(len(head) + 20 + len(table), b"traf"), head[8:])
            moof.append(_TRUN_HEAD.pack(20 + len(table), b"trun", flags, count, offset))
            moof.append(table)
            offset += video_bytes
        moof.append(_HEAD.pack(size + 8, b"mdat"))
        return [b"".join(moof), *samples]

    def _video_run(self, frames: list[Frame], end_dts: int | None, samples: list[Buffer]) -> _Run | None:
        if not frames:
            return None
        if len(frames) > 1:
            self._step = max(1, (frames[-1].dts - frames[0].dts) // (len(frames) - 1))
        ends = [frame.dts for frame in frames[1:]]
        ends.append(frames[-1].dts + self._step if end_dts is None else end_dts)
        reordered = any(frame.pts != frame.dts for frame in frames)
        table: list[int] = []
        for frame, end in zip(frames, ends, strict=True):
            duration = end - frame.dts
            if duration <= 0:
                duration = 1
            table += (duration, _add_picture(frame, samples), _KEY if frame.key else _NOT_KEY)
            if reordered:
                table.append(frame.pts - frame.dts & 0xFFFFFFFF)
        flags = 1 << 24 | _TRUN_OFFSETS if reordered else _TRUN
        return _track_head(1, frames[0].dts), flags, len(frames), struct.pack(f"!{len(table)}I", *table)

    def _audio_run(self, frames: Sequence[Frame], samples: list[Buffer]) -> _Run | None:
        assert self._audio is not None
        first = None
        table: list[int] = []
        for frame in frames:
            if frame.codec is not self._audio.codec:
                continue
            first = frame.dts if first is None else first
            if frame.codec is Codec.AAC:
                for _, raw in adts_frames(frame.data):
                    samples.append(raw)
                    table += (1024, len(raw))
            else:
                samples.append(frame.data)
                table += (len(frame.data), len(frame.data))
        if first is None or not table:
            return None
        head = _track_head(2, first * self._audio.rate // TIME_SCALE)
        return head, _TRUN_AUDIO, len(table) // 2, struct.pack(f"!{len(table)}I", *table)


_Run = tuple[bytes, int, int, bytes]
"""Track head (8 bytes kept for the traf header, tfhd, tfdt), trun flags, sample count, sample table."""


def _track_head(track: int, decode_time: int) -> bytes:
    return (
        bytes(8)
        + _TFHD.pack(16, b"tfhd", _DEFAULT_BASE_IS_MOOF, track)
        + _TFDT.pack(20, b"tfdt", 1 << 24, decode_time)
    )


def _add_picture(frame: Frame, samples: list[Buffer]) -> int:
    """Append the sample of a picture (4-byte lengths); its size."""
    data = frame.data
    if len(frame.nals) == 1:
        samples.append(_LENGTH.pack(len(data) - 4))
        samples.append(memoryview(data)[4:])
        return len(data)
    sample = to_length_prefixed(data, frame.nals)
    samples.append(sample)
    return len(sample)
