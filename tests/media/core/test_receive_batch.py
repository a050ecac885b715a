"""Packets taken together give what they give one by one, whatever was lost, doubled or put out of order."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from civicam.media.core.assemble import VideoAssembler
from civicam.media.core.framed import FramedReceiver
from civicam.media.core.packetise import RtpPacketiser
from civicam.media.core.ps import PsDemuxer
from civicam.media.core.ps_mux import PsMuxer
from civicam.media.core.receive import RtpReceiver
from civicam.media.core.rfc4571 import StreamFramer, frame
from civicam.media.core.timeline import Timeline
from civicam.media.core.unit import Codec, Frame

SETS = b"\0\0\0\1\x67\x42\xc0\x1e\xda\x02\x80\xf6\x80\x6d\x0a\x13\x50" + b"\0\0\0\1\x68\xce\x3c\x80"


def packets() -> list[bytes]:
    muxer, packetiser = PsMuxer(Codec.H264), RtpPacketiser(ssrc=7, payload_size=100)
    made: list[bytes] = []
    for number in range(12):
        key = number % 6 == 0
        unit = (SETS + b"\0\0\0\1\x65" if key else b"\0\0\0\1\x41") + bytes([200 + number]) * 450
        made += packetiser.packets(muxer.video(unit, 3600 * number, key=key), 3600 * number)
    return made


PACKETS = packets()


@given(st.lists(st.integers(0, len(PACKETS) - 1), max_size=8), st.integers(1, 9))
def test_a_batch_is_its_packets(broken: list[int], size: int) -> None:
    sent = list(PACKETS)
    for number, index in enumerate(broken):
        if number % 4 == 0:
            sent[index % len(sent)] = b"\x80"
        elif number % 4 == 1:
            del sent[index % len(sent)]
        elif number % 4 == 2:
            sent.insert(index % len(sent), sent[index % len(sent)])
        else:
            sent.insert(index % len(sent), sent.pop(min(index, len(sent) - 1)))
    one, other = RtpReceiver(PsDemuxer()), RtpReceiver(PsDemuxer())
    single: list[Frame] = []
    together: list[Frame] = []
    for start in range(0, len(sent), size):
        now = start / 100
        for packet in sent[start : start + size]:
            single += one.feed(packet, now)
        together += other.feed_all(sent[start : start + size], now)
    assert together == single
    for name in (
        "packets",
        "lost",
        "expected",
        "octets",
        "malformed",
        "duplicates",
        "waiting",
        "last_packet",
    ):
        assert getattr(other, name) == getattr(one, name), name
    assert other.jitter_ms == pytest.approx(one.jitter_ms)


def broken_stream(broken: list[int]) -> list[bytes]:
    """`PACKETS` with a packet cut, missing, doubled, out of order, of another sender or as RTCP."""
    sent = list(PACKETS)
    for number, index in enumerate(broken):
        at = index % len(sent)
        packet = sent[at]
        match number % 6:
            case 0:
                sent[at] = packet[:20]
            case 1:
                del sent[at]
            case 2:
                sent.insert(at, packet)
            case 3:
                sent.insert(at, sent.pop(min(index, len(sent) - 1)))
            case 4:
                sent[at] = packet[:8] + b"\0\0\0\x09" + packet[12:]
            case _:
                sent.insert(at, b"\x81\xc9\0\x07" + bytes(28))
    return sent


@example(
    broken=[0, 0, 1, 0, 2], cuts=[348], garbage=b"\0garbage \x80"
)  # after a stray packet the stream is found
@example(broken=[0, 0, 10, 0, 11, 0, 1], cuts=[1350, 7977], garbage=b"$\0\0\5hello")
@given(
    st.lists(st.integers(0, len(PACKETS) - 1), max_size=8),
    st.lists(st.integers(1, 12_000), max_size=30),
    st.sampled_from([b"", b"\0garbage \x80", b"$\0\0\5hello"]),
)
def test_a_connection_read_in_one_pass_is_its_packets(
    broken: list[int], cuts: list[int], garbage: bytes
) -> None:
    frames = [frame(packet) for packet in broken_stream(broken)]
    frames.insert(len(frames) // 2, garbage)
    stream = b"".join(frames)
    one, other = RtpReceiver(PsDemuxer(), window_s=0.0), RtpReceiver(PsDemuxer(), window_s=0.0)
    framer, framed = StreamFramer(), FramedReceiver(other)
    single: list[Frame] = []
    together: list[Frame] = []
    at = 0
    for cut in [*sorted({cut % len(stream) for cut in cuts}), len(stream)]:
        for packet in framer.feed(stream[at:cut]):
            single += one.feed(packet, at / 1e5)
        together += framed.feed(stream[at:cut], at / 1e5)
        at = cut
    assert together == single
    for name in ("packets", "lost", "expected", "octets", "malformed", "duplicates", "foreign"):
        assert getattr(other, name) == getattr(one, name), name
    assert other.jitter_ms == pytest.approx(one.jitter_ms)
    assert not framed.hopeless


def test_the_sequence_number_wraps_in_the_middle_of_a_read() -> None:
    muxer, packetiser = PsMuxer(Codec.H264), RtpPacketiser(ssrc=7, payload_size=100, sequence=65_530)
    made: list[bytes] = []
    for number in range(4):
        unit = (SETS + b"\0\0\0\1\x65" if number == 0 else b"\0\0\0\1\x41") + b"\xd5" * 450
        made += packetiser.packets(muxer.video(unit, 3600 * number, key=number == 0), 3600 * number)
    receiver = RtpReceiver(PsDemuxer(), window_s=0.0)
    assert len(FramedReceiver(receiver).feed(b"".join(map(frame, made)), 0.0)) == 4
    assert (receiver.packets, receiver.lost) == (len(made), 0)


@given(
    st.sampled_from([Codec.H264, Codec.H265]),
    st.lists(
        st.tuples(
            st.sampled_from([b"\0\0\0\1", b"\0\0\1", b"\0\0\0\0\1", b""]),
            st.sampled_from([b"\x41", b"\x01", b"\x61", b"\x02\x01", b"\x06\x05", b"\x65", b"\x26\x01", b""]),
            st.binary(max_size=6),
        ),
        max_size=3,
    ),
    st.booleans(),
)
def test_one_slice_is_a_picture_like_any_other(
    codec: Codec, nals: list[tuple[bytes, bytes, bytes]], damaged: bool
) -> None:
    data = b"".join(code + head + rest for code, head, rest in nals)
    short, long = VideoAssembler(codec), VideoAssembler(codec)
    long._one_slice = lambda data: False  # type: ignore[method-assign]
    assert short.picture(data, 5, 5, 0.0, damaged) == long.picture(data, 5, 5, 0.0, damaged)
    after = b"\0\0\0\1\x41\x9a\x01" if codec is Codec.H264 else b"\0\0\0\1\x02\x01\x9a"
    assert short.picture(after, 9, 9, 0.1, False) == long.picture(after, 9, 9, 0.1, False)


def _slices(*sizes: int) -> bytes:
    return b"".join(b"\0\0\0\1\x41" + b"\x9a" * size for size in sizes)


def _key(size: int = 50) -> bytes:
    return SETS + b"\0\0\0\1\x65" + b"\x88" * size


def _nals(pictures: list[bytes]) -> list[int]:
    assembler = VideoAssembler(Codec.H264)
    frames = [assembler.picture(data, 3600 * n, 3600 * n, n / 25, False) for n, data in enumerate(pictures)]
    return [len(frame.nals) for frame in frames if frame is not None]


def test_a_larger_picture_than_any_before_is_searched() -> None:
    assert _nals([_key(), _slices(500), _slices(100), _slices(300, 300)]) == [3, 1, 1, 2]


def test_the_key_frames_only_slice_proves_for_pictures_not_larger_once_one_was_searched() -> None:
    small, middle, large = _slices(100), _slices(300, 300), _slices(600, 600)
    assert _nals([_key(1000), small, middle, large]) == [3, 1, 1, 2]
    assert _nals([_key(1000), middle, small, middle]) == [3, 2, 1, 2]


def test_a_slice_longer_than_any_packet_shows_that_size_cuts_none() -> None:
    assert _nals([_key(70_000), _slices(100), _slices(60_000, 60_000), _key(), _slices(9, 9)]) == [
        3,
        1,
        1,
        3,
        2,
    ]


def test_every_group_proves_its_slices_anew() -> None:
    assert _nals([_key(), _slices(500), _key(), _slices(100, 100)]) == [3, 1, 3, 2]


def test_filler_is_found_in_small_pictures() -> None:
    filler = b"\0\0\0\1\x0c" + b"\xff" * 20 + b"\x80"
    assert _nals([_key(), _slices(500), _slices(100) + filler]) == [3, 1, 2]


@pytest.mark.parametrize("first", [[_key(), _slices(300, 300)], [_key() + b"\0\0\0\1\x65" + b"\x88" * 50]])
def test_a_camera_that_once_cut_a_picture_is_always_searched(first: list[bytes]) -> None:
    assert _nals([*first, _key(), _slices(500), _slices(100, 100)])[-2:] == [1, 2]


@given(st.lists(st.tuples(st.integers(0, 2**33 - 1) | st.integers(0, 10**6), st.floats(0, 9)), max_size=12))
def test_the_usual_next_stamp_is_mapped_like_any_other(stamps: list[tuple[int, float]]) -> None:
    short, long = Timeline(), Timeline()
    long._plain = False
    now = 0.0
    for raw, wait in stamps:
        now += wait
        assert short.map(raw, now) == long.map(raw, now)
        assert short.jumps == long.jumps


@given(st.lists(st.integers(1, 12_000), max_size=30))
def test_a_stream_cut_anywhere_gives_its_packets(cuts: list[int]) -> None:
    stream = b"".join(map(frame, PACKETS))
    framer, found, at = StreamFramer(), list[bytes](), 0
    for cut in [*sorted({cut % len(stream) for cut in cuts}), len(stream)]:
        found += framer.feed(stream[at:cut])
        at = cut
    assert found == PACKETS
    assert framer.skipped_bytes == 0
