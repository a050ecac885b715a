"""MPEG-TS in place of PS: FFmpeg writes it, and every picture must come out as it went in."""

from __future__ import annotations

import io
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from civicam.media.core.packetise import RtpPacketiser
from civicam.media.core.ps import PsDemuxer
from civicam.media.core.receive import RtpReceiver
from civicam.media.core.sniff import FormatSniffer
from civicam.media.core.ts import PACKET, TsDemuxer, looks_like_ts
from civicam.media.core.unit import Codec, Frame

PICTURES = 40


def film(encoder: str, sound: str | None = None, size: tuple[int, int] = (320, 240)) -> bytes:
    """A transport stream of moving noise, a key frame every ten pictures."""
    import numpy as np

    file = io.BytesIO()
    with av.open(file, "w", format="mpegts") as container:
        video: Any = container.add_stream(encoder, rate=25)
        video.width, video.height, video.pix_fmt = *size, "yuv420p"
        video.options = {
            "x265-params": "log-level=none:keyint=10",
            "preset": "ultrafast",
            "tune": "zerolatency",
        }
        video.gop_size = 10
        audio: Any = container.add_stream(sound, rate=16000) if sound else None
        rng = np.random.default_rng(1)
        for index in range(PICTURES):
            picture = av.VideoFrame.from_ndarray(rng.integers(0, 255, (size[1], size[0], 3), np.uint8))
            picture.pts, picture.time_base = index, Fraction(1, 25)
            container.mux(video.encode(picture))
            if audio is not None:
                run: Any = av.AudioFrame.from_ndarray(np.zeros((1, 640), np.float32), "fltp", "mono")
                run.sample_rate, run.pts, run.time_base = 16000, index * 640, Fraction(1, 16000)
                container.mux(audio.encode(run))
        container.mux(video.encode(None))
        if audio is not None:
            container.mux(audio.encode(None))
    return file.getvalue()


def originals(data: bytes) -> list[bytes]:
    """FFmpeg's own reading: the packets of the video, Annex B."""
    with av.open(io.BytesIO(data), "r", format="mpegts") as container:
        return [bytes(packet) for packet in container.demux(video=0) if packet.size]


def rtp(data: bytes, per_packet: int = 7) -> list[bytes]:
    packetiser = RtpPacketiser(ssrc=1, payload_type=33, payload_size=per_packet * PACKET)
    return packetiser.packets(data, 0)


def receive(packets: Sequence[bytes]) -> tuple[list[Frame], RtpReceiver]:
    """As a stream does it: PS is agreed, what comes decides."""
    sniffer = FormatSniffer(PsDemuxer())
    receiver = RtpReceiver(sniffer, ssrc=1)
    sniffer.adopt = receiver.adopt
    frames: list[Frame] = []
    for number, packet in enumerate(packets):
        frames.extend(receiver.feed_all([packet], number / 1000))
    frames.extend(receiver.flush(1e3))
    return frames, receiver


@pytest.fixture(scope="module")
def h264() -> bytes:
    return film("libx264", "aac")


def bare(data: bytes) -> bytes:
    """The slices of a picture without what a muxer adds (delimiters) or we do (nothing): NAL units joined."""
    from civicam.media.core.annexb import nal_units

    return b"".join(nal for nal in nal_units(data))


@pytest.mark.parametrize("encoder", ["libx264", "libx265"])
def test_every_picture_of_ffmpegs_stream_comes_whole_and_in_time(encoder: str) -> None:
    data = film(encoder)
    frames, receiver = receive(rtp(data))
    wanted = originals(data)
    assert [bare(frame.data) for frame in frames] == [bare(each) for each in wanted]
    assert {frame.codec for frame in frames} == {Codec.H264 if encoder == "libx264" else Codec.H265}
    assert [frame.pts for frame in frames] == [3600 * index for index in range(PICTURES)]
    assert [frame.key for frame in frames] == [index % 10 == 0 for index in range(PICTURES)]
    assert not any(frame.damaged for frame in frames)
    assert receiver.warnings() == ("media.ts-not-ps",)
    assert isinstance(receiver.depacketiser, TsDemuxer), "nothing stands between any more"


def test_sound_beside_it_comes_too(h264: bytes) -> None:
    frames, _ = receive(rtp(h264))
    sound = [frame for frame in frames if frame.codec is Codec.AAC]
    assert sum(not frame.codec.is_video for frame in frames) == len(sound) > 5
    assert len(frames) - len(sound) == PICTURES


def test_a_lost_packet_damages_what_depends_on_it_and_no_more(h264: bytes) -> None:
    packets = rtp(h264)
    del packets[len(packets) // 2]
    frames, receiver = receive(packets)
    video = [frame for frame in frames if frame.codec.is_video]
    assert len(video) >= PICTURES - 2
    marks = [frame.damaged for frame in video]
    assert 0 < sum(marks) <= 11, "to the next key frame"
    assert not marks[-1]
    assert receiver.lost == 1


def test_a_packet_lost_before_rtp_is_told_by_its_counter(h264: bytes) -> None:
    video = [at for at in range(0, len(h264), PACKET) if h264[at + 1] & 0x1F == 1 and h264[at + 2] == 0]
    at = video[len(video) // 2]
    frames, _ = receive(rtp(h264[:at] + h264[at + PACKET :]))
    assert any(frame.damaged for frame in frames if frame.codec.is_video)


def test_bytes_that_are_no_packet_are_passed_over(h264: bytes) -> None:
    demuxer = TsDemuxer()
    half = len(h264) // PACKET // 2 * PACKET
    frames = [*demuxer.push(h264[:half], 0, False, 0.0), *demuxer.push(b"\xff" * 77, 0, False, 0.0)]
    frames += [*demuxer.push(h264[half:], 0, False, 0.0), *demuxer.flush(0.0)]
    assert sum(frame.codec.is_video for frame in frames) == PICTURES
    assert demuxer.garbage_bytes == 77
    assert "media.rtp-payload" in demuxer.warnings()


def test_a_picture_without_end_is_cut_at_the_limit(h264: bytes) -> None:
    demuxer = TsDemuxer(max_frame=2000)
    frames = [*demuxer.push(h264, 0, False, 0.0), *demuxer.flush(0.0)]
    assert "media.frame-too-big" in demuxer.warnings()
    assert all(len(frame.data) < 2400 for frame in frames)


def test_a_restart_begins_with_new_tables_on_a_new_time_line(h264: bytes) -> None:
    demuxer = TsDemuxer()
    first = [*demuxer.push(h264, 0, False, 1.0), *demuxer.restart(1.0)]
    second = [*demuxer.push(h264, 0, False, 2.0), *demuxer.flush(2.0)]
    video = [frame for frame in second if frame.codec.is_video]
    assert len(video) == PICTURES
    assert video[0].discontinuity
    assert video[0].dts > max(frame.dts for frame in first if frame.codec.is_video)


def test_ps_and_bytes_that_tell_nothing_stay_with_the_agreed_demuxer(make_camera: Any) -> None:
    device = make_camera()
    packets = [packet for index in range(20) for packet in device.packets(index)]
    frames, receiver = receive(packets[2:])  # into the middle of a picture
    assert isinstance(receiver.depacketiser, PsDemuxer)
    assert (len(frames), frames[0].key) == (10, True), "all from the first key frame on"
    _, receiver = receive(RtpPacketiser(ssrc=1).packets(b"\x61" * 1400 * 80, 0))
    assert isinstance(receiver.depacketiser, PsDemuxer)


@given(st.lists(st.binary(max_size=600), max_size=8), st.randoms(use_true_random=False))
def test_no_bytes_raise(pieces: list[bytes], random: Any) -> None:
    demuxer = TsDemuxer(max_frame=5000)
    for piece in pieces:
        dressed = b"".join(
            bytes((0x47, random.choice((0x40, 0x41, 0x00)), random.choice((0, 17)), random.randrange(256)))
            + piece[at : at + 184].ljust(184, b"\xff")
            for at in range(0, len(piece), 184)
        )
        demuxer.push(random.choice((piece, dressed)), 0, False, 0.0)
    demuxer.lost(0.0)
    demuxer.flush(0.0)


@pytest.mark.parametrize(
    ("payload", "verdict"),
    [
        (b"", False),
        (b"\x47" + bytes(187), True),
        ((b"\x47" + bytes(187)) * 7, True),
        (b"\x47" + bytes(375), False),
        (b"\x47" + bytes(186), False),
        (b"\0\0\1\xba" + bytes(184), False),
    ],
)
def test_what_looks_like_ts(payload: bytes, verdict: bool) -> None:
    assert looks_like_ts(payload) is verdict
