"""A-law as FFmpeg writes it."""

from __future__ import annotations

import struct
from typing import Any

import av
import numpy as np

from civicam.media.core import g711


def test_every_sample_has_ffmpegs_code_or_its_neighbour() -> None:
    samples = np.arange(-32768, 32768, dtype=np.int16)
    encoder: Any = av.CodecContext.create("pcm_alaw", "w")
    encoder.sample_rate, encoder.format, encoder.layout = 8000, "s16", "mono"
    frame: Any = av.AudioFrame.from_ndarray(samples.reshape(1, -1), "s16", "mono")
    frame.sample_rate = 8000
    theirs = b"".join(bytes(packet) for packet in encoder.encode(frame))
    ours = g711.encode(samples.tobytes())
    assert len(ours) == len(theirs) == 65536
    # FFmpeg rounds between codes where the table of the standard cuts off: never more than one step apart
    plain = [np.frombuffer(each, np.uint8).astype(int) ^ 0x55 for each in (ours, theirs)]
    level = [np.where(each & 0x80, each & 0x7F, -1 - (each & 0x7F)) for each in plain]
    assert np.abs(level[0] - level[1]).max() <= 1
    assert (level[0] == level[1]).mean() > 0.49


def test_the_corners_of_table_1a() -> None:
    samples = (0, -1, 32767, -32768, 8, -9, 16, 512, -513)
    assert g711.encode(struct.pack("<9h", *samples)).hex() == "d555aa2ad555d4f575"
    assert g711.encode(b"\0\0" * 3 + b"\x7f") == g711.SILENCE * 3, "half a sample is left out"
