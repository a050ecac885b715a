"""ffmpeg and ffprobe read what the media core writes; pictures come from libx264 and libx265."""

from __future__ import annotations

import shutil
import subprocess
from fractions import Fraction
from typing import Any

import av
import numpy as np
import pytest

from civicam.media.core.codecs import read_parameters
from civicam.media.core.fmp4 import Fragmenter
from civicam.media.core.mp4_boxes import read_audio_parameters
from civicam.media.core.packetise import RtpPacketiser
from civicam.media.core.ps import PsDemuxer
from civicam.media.core.ps_mux import PsMuxer
from civicam.media.core.receive import RtpReceiver
from civicam.media.core.unit import Codec, Frame

pytestmark = [
    pytest.mark.interop,
    pytest.mark.skipif(
        shutil.which("ffprobe") is None, reason="ffprobe is not installed: apt install ffmpeg"
    ),
]

COUNT = 40
ENCODERS = [(Codec.H264, "libx264", "h264"), (Codec.H265, "libx265", "hevc")]


def _encode(encoder: str) -> list[tuple[bytes, bool]]:
    """Forty pictures of moving noise, a key frame every twenty, no B pictures."""
    context: Any = av.CodecContext.create(encoder, "w")
    context.width, context.height, context.pix_fmt = 320, 240, "yuv420p"
    context.time_base, context.framerate, context.gop_size = Fraction(1, 25), Fraction(25), 20
    context.options = {
        "preset": "ultrafast",
        "tune": "zerolatency",
        "x265-params": "log-level=error:repeat-headers=1:bframes=0:keyint=20:pools=1",
    }
    noise = np.random.default_rng(1).integers(0, 255, (360, 320), dtype=np.uint8)
    packets = []
    for index in range(COUNT):
        frame = av.VideoFrame.from_ndarray(np.roll(noise, index * 3, 1), format="yuv420p")
        frame.pts = index
        packets += context.encode(frame)
    packets += context.encode(None)
    return [(bytes(packet), packet.is_keyframe) for packet in packets]


def _probe(data: bytes, *options: str) -> tuple[list[str], str]:
    """One line a stream (codec, pictures or packets read), and what ffprobe complained about."""
    entries = "stream=codec_name,nb_read_frames"
    command = ["ffprobe", "-v", "warning", *options, "-count_frames", "-show_entries", entries]
    command += ["-of", "csv=p=0", "-"]
    done = subprocess.run(command, input=data, capture_output=True, check=False, timeout=60)
    return sorted(done.stdout.decode().split()), done.stderr.decode()


def _receive(codec: Codec, units: list[tuple[bytes, bool]]) -> list[Frame]:
    muxer, rtp, receiver = PsMuxer(codec), RtpPacketiser(ssrc=1), RtpReceiver(PsDemuxer())
    frames: list[Frame] = []
    for index, (data, key) in enumerate(units):
        for packet in rtp.packets(muxer.video(data, index * 3600, key=key), index * 3600):
            frames.extend(receiver.feed(packet, index * 0.04))
    return frames


@pytest.mark.parametrize(("codec", "encoder", "name"), ENCODERS)
def test_ffprobe_reads_our_program_stream(codec: Codec, encoder: str, name: str) -> None:
    muxer = PsMuxer(codec)
    units = _encode(encoder)
    data = b"".join(muxer.video(unit, i * 3600, key=key) for i, (unit, key) in enumerate(units))
    streams, complaints = _probe(data, "-f", "mpeg")
    assert streams == [f"{name},{COUNT}"]
    assert "error" not in complaints.lower()


@pytest.mark.parametrize(("codec", "encoder", "name"), ENCODERS)
def test_ffprobe_decodes_our_fragmented_mp4(codec: Codec, encoder: str, name: str) -> None:
    frames = _receive(codec, _encode(encoder))
    assert [frame.key for frame in frames].count(True) == 2
    parameters = read_parameters(codec, frames[0].data)
    assert parameters is not None
    writer = Fragmenter(parameters)
    data = writer.init_segment()
    for start in (0, 20):
        data += b"".join(writer.fragment(frames[start : start + 20], frames[start].dts + 20 * 3600))
    assert _probe(data) == ([f"{name},{COUNT}"], "")


def test_ffprobe_decodes_g711_beside_the_pictures() -> None:
    frames = _receive(Codec.H264, _encode("libx264"))
    sound = [Frame(Codec.PCMA, i * 3600, i * 3600, True, b"\xd5" * 320, i * 0.04) for i in range(COUNT)]
    parameters = read_parameters(Codec.H264, frames[0].data)
    assert parameters is not None
    writer = Fragmenter(parameters, read_audio_parameters(sound[0]))
    data = writer.init_segment() + b"".join(writer.fragment([*frames, *sound]))
    streams, complaints = _probe(data)
    assert streams == [f"h264,{COUNT}", f"pcm_alaw,{COUNT}"]
    assert "error" not in complaints.lower()


def test_most_pictures_decode_after_one_percent_of_loss() -> None:
    """Pictures go on after loss instead of waiting for a key frame; a decoder conceals what is missing."""
    units = _encode("libx264")
    muxer, rtp, receiver = PsMuxer(Codec.H264), RtpPacketiser(ssrc=1), RtpReceiver(PsDemuxer(), window_s=0.0)
    frames: list[Frame] = []
    sent = 0
    for index, (data, key) in enumerate(units):
        for packet in rtp.packets(muxer.video(data, index * 3600, key=key), index * 3600):
            sent += 1
            if sent % 97:
                frames.extend(receiver.feed(packet, index * 0.04))
    assert receiver.lost > 0
    decoder: Any = av.CodecContext.create("h264", "r")
    decoded = 0
    for frame in frames:
        try:
            decoded += len(decoder.decode(av.Packet(frame.data)))
        except av.error.InvalidDataError:
            continue
    decoded += len(decoder.decode(None))
    assert decoded >= COUNT * 9 // 10
