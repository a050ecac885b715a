"""Program streams: what is muxed comes out; loss is flagged, never fatal; each quirk of the field."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from civicam.media.core.packetise import RtpPacketiser
from civicam.media.core.ps import PsDemuxer
from civicam.media.core.ps_mux import PsMuxer, pack_header, pes, program_stream_map
from civicam.media.core.receive import RtpReceiver
from civicam.media.core.unit import Codec, Frame

Receive = Callable[..., list[Frame]]
CAPTURES = sorted((Path(__file__).parents[2] / "wire" / "media").glob("ps-*.json"))


@settings(max_examples=40, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 70_000), min_size=1, max_size=6),
    payload_size=st.integers(20, 9000),
    codec=st.sampled_from([Codec.H264, Codec.H265]),
)
def test_what_is_muxed_comes_out(
    make_camera: Any, receive_all: Receive, sizes: list[int], payload_size: int, codec: Codec
) -> None:
    camera = make_camera(codec, payload_size=payload_size)
    sent = [camera.picture(index, size=size) for index, size in enumerate(sizes)]
    packets = [
        (packet, index * 0.04)
        for index, size in enumerate(sizes)
        for packet in camera.packets(index, size=size)
    ]
    frames = receive_all(packets)
    assert [frame.data for frame in frames] == sent
    assert [frame.pts for frame in frames] == [index * 3600 for index in range(len(sizes))]
    assert [frame.key for frame in frames] == [index == 0 for index in range(len(sizes))]
    assert not any(frame.damaged or frame.discontinuity for frame in frames)
    for frame in frames:
        assert all(frame.data.startswith(b"\0\0\0\1", offset) for offset in frame.nals)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), share=st.floats(0.01, 0.3))
def test_loss_is_flagged_and_never_fatal(
    make_camera: Any, receive_all: Receive, seed: int, share: float
) -> None:
    rng = random.Random(seed)
    camera = make_camera()
    sent = {camera.picture(index) for index in range(25)}
    packets = [(packet, index * 0.04) for index in range(25) for packet in camera.packets(index)]
    first, rest = packets[0], packets[1:]
    receiver = RtpReceiver(PsDemuxer(), window_s=0.0)
    frames = receive_all([first, *(item for item in rest if rng.random() > share)], receiver)
    for frame in frames:
        assert frame.damaged or frame.data in sent
    assert receiver.lost + receiver.packets == receiver.expected


def test_frames_stay_damaged_until_a_clean_key(make_camera: Any, receive_all: Receive) -> None:
    camera = make_camera()
    packets = [(packet, index * 0.04) for index in range(12) for packet in camera.packets(index)]
    per_picture = len(packets) // 12
    del packets[3 * per_picture + 1]
    frames = receive_all(packets, RtpReceiver(PsDemuxer(), window_s=0.0))
    assert [frame.damaged for frame in frames] == [False] * 3 + [True] * 7 + [False] * 2


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.stem)
def test_capture(path: Path) -> None:
    """Hand-written payloads, named for the fault; ``expect`` says what must come of them."""
    case = json.loads(path.read_text())
    demuxer = PsDemuxer()
    frames: list[Frame] = []
    for packet in case["packets"]:
        if packet.get("lost"):
            frames.extend(demuxer.lost(0.0))
        payload = bytes.fromhex("".join(packet["payload"]))
        frames.extend(demuxer.push(payload, packet["stamp"], packet["marker"], packet["at"]))
    frames.extend(demuxer.flush(99.0))
    seen = [
        {"codec": str(f.codec), "pts": f.pts, "key": f.key, "damaged": f.damaged, "data": f.data.hex()}
        for f in frames
    ]
    assert seen == case["expect"]["frames"]
    assert sorted(demuxer.warnings()) == case["expect"]["warnings"]


def test_there_are_captures() -> None:
    assert len(CAPTURES) >= 15


def test_announced_sound_that_never_comes_delays_nothing(make_camera: Any) -> None:
    plain, promising = make_camera(), make_camera(audio=Codec.AAC)
    counts = []
    for camera in (plain, promising):
        receiver = RtpReceiver(PsDemuxer())
        counts.append(sum(len(receiver.feed(packet, 0.0)) for packet in camera.packets(0)))
    assert counts == [1, 1]


def test_sound_is_kept_on_the_pictures_clock(make_picture: Any) -> None:
    muxer, demuxer = PsMuxer(Codec.H264, Codec.PCMA), PsDemuxer()
    frames: list[Frame] = []
    for index in range(4):
        pts = 5_000_000 + index * 3600
        video = muxer.video(make_picture(index, key=index == 0), pts, key=index == 0)
        frames.extend(demuxer.push(video + muxer.audio(b"\xd5" * 320, pts), pts, True, index * 0.04))
    sound = [frame for frame in frames if frame.codec is Codec.PCMA]
    assert demuxer.audio is Codec.PCMA
    assert len(sound) == 4
    assert [frame.pts for frame in sound] == [0, 3600, 7200, 10_800]


def test_sound_with_a_clock_of_its_own_is_timed_by_its_length(make_picture: Any) -> None:
    muxer, demuxer = PsMuxer(Codec.H264, Codec.PCMU), PsDemuxer()
    demuxer.push(muxer.video(make_picture(0, key=True), 8_000_000_000, key=True), 1, True, 0.0)
    sound = [
        demuxer.push(muxer.audio(b"\xff" * 160, index * 160), 2 + index, True, 0.1)[0] for index in range(3)
    ]
    assert [frame.pts for frame in sound] == [0, 1800, 3600]


def test_adts_is_told_without_a_map() -> None:
    demuxer = PsDemuxer()
    frames = demuxer.push(pack_header(0) + pes(0xC0, b"\xff\xf1\x6c\x40\x01\x00\xfc\x00", 0), 1, True, 0.0)
    assert [frame.codec for frame in frames] == [Codec.AAC]


def test_a_huge_picture_is_cut_and_named(make_camera: Any, receive_all: Receive) -> None:
    camera = make_camera()
    receiver = RtpReceiver(PsDemuxer(max_frame=20_000))
    frames = receive_all(((packet, 0.0) for packet in camera.packets(0, size=100_000)), receiver)
    assert frames
    assert frames[0].damaged
    assert "media.frame-too-big" in receiver.warnings()


def test_a_new_source_is_a_new_timeline(make_picture: Any) -> None:
    muxer, demuxer = PsMuxer(Codec.H264), PsDemuxer()
    first = demuxer.push(muxer.video(make_picture(0, key=True), 90_000, key=True), 1, True, 0.0)
    demuxer.restart(1.0)
    second = demuxer.push(muxer.video(make_picture(9, key=True), 7, key=True), 1, True, 1.0)
    assert (first[0].pts, first[0].discontinuity) == (0, False)
    assert (second[0].pts, second[0].discontinuity, second[0].damaged) == (90_000, True, False)


def test_a_new_codec_is_followed(make_picture: Any) -> None:
    demuxer = PsDemuxer()
    frames = list(
        demuxer.push(PsMuxer(Codec.H264).video(make_picture(0, key=True), 0, key=True), 1, True, 0.0)
    )
    hevc = make_picture(1, key=True, codec=Codec.H265)
    frames += demuxer.push(PsMuxer(Codec.H265).video(hevc, 3600, key=True), 3601, True, 0.04)
    assert [frame.codec for frame in frames] == [Codec.H264, Codec.H265]


def test_key_frames_get_the_parameter_sets_that_came_once(make_picture: Any) -> None:
    muxer, demuxer = PsMuxer(Codec.H264), PsDemuxer()
    full = make_picture(0, key=True)
    bare = b"\0\0\0\1" + full[full.index(b"\x65\0" if b"\x65\0" in full else b"\0\0\0\1\x65") + 4 :]
    frames = list(demuxer.push(muxer.video(full, 0, key=True), 1, True, 0.0))
    frames += demuxer.push(muxer.video(bare, 3600, key=True), 3601, True, 0.04)
    assert [frame.key for frame in frames] == [True, True]
    assert frames[1].data == full


def test_a_map_with_the_wrong_crc_is_read() -> None:
    table = bytearray(program_stream_map(Codec.H265, None))
    table[-1] ^= 0xFF
    demuxer = PsDemuxer()
    picture = b"\0\0\0\1\x02\x01\xaa"
    frames = demuxer.push(pack_header(0) + bytes(table) + pes(0xE0, picture, 0), 1, True, 0.0)
    assert [(frame.codec, frame.key) for frame in frames] == [(Codec.H265, False)]


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.tuples(st.binary(max_size=400), st.integers(0, 3), st.booleans(), st.booleans()), max_size=20)
)
def test_garbage_is_bounded_and_never_raises(chunks: list[tuple[bytes, int, bool, bool]]) -> None:
    demuxer = PsDemuxer(max_frame=1000)
    for payload, stamp, marker, lost in chunks:
        if lost:
            demuxer.lost(0.0)
        demuxer.push(payload, stamp, marker, 0.0)
    demuxer.flush(1.0)


def test_mutated_streams_never_raise(make_camera: Any) -> None:
    """The quick, seeded form of fuzz/fuzz_ps.py."""
    rng = random.Random(20_260_302)
    camera = make_camera(audio=Codec.PCMA)
    packets = [packet for index in range(6) for packet in camera.packets(index)]
    for _ in range(300):
        receiver = RtpReceiver(PsDemuxer())
        for index, packet in enumerate(packets):
            data = bytearray(packet)
            for _ in range(rng.randrange(3)):
                data[rng.randrange(12, min(60, len(data)))] = rng.choice(
                    (0, 1, 0xBA, 0xBC, 0xE0, 0xFF, rng.randrange(256))
                )
            receiver.feed(bytes(data), index * 0.005)
        for frame in receiver.flush(9.0):
            assert frame.codec in (Codec.H264, Codec.H265, Codec.PCMA, Codec.AAC, Codec.PCMU)


def test_pictures_shown_out_of_order_keep_both_times(make_picture: Any) -> None:
    muxer, demuxer = PsMuxer(Codec.H264), PsDemuxer()
    frames = list(demuxer.push(muxer.video(make_picture(0, key=True), 7200, key=True, dts=0), 0, True, 0.0))
    frames += demuxer.push(
        muxer.video(make_picture(1, key=False), 3600, key=False, dts=3600), 3600, True, 0.04
    )
    assert [(frame.pts, frame.dts) for frame in frames] == [(7200, 0), (3600, 3600)]


def test_an_mpeg1_pack_and_the_program_end_are_passed(make_picture: Any) -> None:
    demuxer = PsDemuxer()
    data = b"\0\0\1\xba\x21" + bytes(7) + pes(0xE0, make_picture(0, key=True), 0) + b"\0\0\1\xb9"
    assert [frame.key for frame in demuxer.push(data, 1, True, 0.0)] == [True]


@pytest.mark.parametrize("cut", [5, 16, 22])
def test_elements_may_be_cut_anywhere(make_picture: Any, cut: int) -> None:
    pack = pack_header(0) + pes(0xE0, make_picture(0, key=True), 0)
    demuxer = PsDemuxer()
    assert demuxer.push(pack[:cut], 1, True, 0.0) == []
    assert [frame.data for frame in demuxer.push(pack[cut:], 1, True, 0.0)] == [make_picture(0, key=True)]
    other = PsDemuxer()
    other.push(pack[:cut], 1, False, 0.0)
    assert other.flush(1.0) == []


def test_time_jumps_are_named(make_picture: Any) -> None:
    muxer, demuxer = PsMuxer(Codec.H264), PsDemuxer()
    for index, pts in enumerate([0, 3600, 90_000_000, 90_003_600, 90_007_200]):
        demuxer.push(
            muxer.video(make_picture(index, key=index == 0), pts, key=index == 0), pts, True, index / 25
        )
    assert demuxer.codec is Codec.H264
    assert demuxer.warnings() == ("media.timeline-jump",)


def test_a_map_cut_short_is_named(make_picture: Any) -> None:
    demuxer = PsDemuxer()
    table = b"\0\0\1\xbc\0\2\xe1\xff"
    demuxer.push(pack_header(0) + table + pes(0xE0, make_picture(0, key=True), 0), 1, True, 0.0)
    assert demuxer.warnings() == ("media.psm-broken",)


@pytest.mark.parametrize("marks", [True, False])
def test_a_pack_header_on_one_picture_in_fifteen_is_enough(
    make_picture: Callable[..., bytes], receive_all: Receive, marks: bool
) -> None:
    """Seen of a public device simulator: pictures between are bare PES, some of them without a marker."""
    packetiser = RtpPacketiser(ssrc=1)
    sent, packets = [], []
    for index in range(45):
        data = make_picture(index, key=index % 15 == 0, size=5000)
        unit = pes(0xE0, data, 9000 + 3600 * index)
        if index % 15 == 0:
            unit = pack_header(9000 + 3600 * index) + program_stream_map(Codec.H264, None) + unit
        sent.append(data)
        for packet in packetiser.packets(unit, 3600 * index):
            plain = packet[:1] + bytes((packet[1] & 0x7F,)) + packet[2:]
            packets.append((packet if marks else plain, index * 0.04))
    frames = receive_all(packets)
    assert [frame.data for frame in frames] == sent
    assert [frame.pts for frame in frames] == [3600 * index for index in range(45)]
    assert not any(frame.damaged or frame.discontinuity for frame in frames)
