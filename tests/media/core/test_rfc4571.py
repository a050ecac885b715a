"""Framing over TCP: any split, RTSP framing, vendor headers, resynchronisation."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from civicam.media.core.rfc4571 import HOPELESS_BYTES, StreamFramer, frame, interleave
from civicam.media.core.rtp import RtpPacket, build


def _packets(count: int, size: int = 100) -> list[bytes]:
    rng = random.Random(count)
    return [build(RtpPacket(96, False, index, 0, 1, rng.randbytes(size))) for index in range(count)]


@settings(max_examples=60, deadline=None)
@given(count=st.integers(1, 12), cuts=st.lists(st.integers(1, 300), max_size=30), dollar=st.booleans())
def test_any_split_gives_the_packets(count: int, cuts: list[int], dollar: bool) -> None:
    packets = _packets(count)
    stream = b"".join(interleave(packet, 0) if dollar else frame(packet) for packet in packets)
    framer, got, position = StreamFramer(), [], 0
    for cut in [*cuts, len(stream)]:
        got += framer.feed(stream[position : position + cut])
        position += cut
    assert got == packets
    assert (framer.resyncs, framer.skipped_bytes) == (0, 0)


def test_a_vendor_header_in_front_is_skipped() -> None:
    packets = _packets(5)
    framer = StreamFramer()
    got = framer.feed(b"\x01" * 256 + b"".join(map(frame, packets)))
    assert got == packets
    assert (framer.resyncs, framer.skipped_bytes) == (1, 256)


def test_a_hole_costs_what_it_tore() -> None:
    packets = _packets(8)
    stream = b"".join(map(frame, packets))
    torn = stream[:250] + stream[300:]
    framer = StreamFramer()
    got = [packet for start in range(0, len(torn), 64) for packet in framer.feed(torn[start : start + 64])]
    assert got[-4:] == packets[-4:]
    assert framer.resyncs == 1


def test_an_ssrc_in_the_wrong_place_is_not_taken_for_a_frame() -> None:
    packets = _packets(6)
    ssrc = packets[0][8:12]
    framer = StreamFramer()
    assert framer.feed(b"".join(map(frame, packets[:3]))) == packets[:3]
    assert framer.feed(b"\x01" * 40 + ssrc + b"\x01" * 40 + ssrc + b"\x01" * 40) == []
    assert framer.feed(b"".join(map(frame, packets[3:]))) == packets[3:]


def test_what_looks_like_a_frame_but_is_not_followed_by_one_is_passed_over() -> None:
    packets = _packets(4)
    lure = b"\x00\x14\x80\x60" + b"\x01" * 18 + b"\x01" * 30
    assert StreamFramer().feed(lure + b"".join(map(frame, packets)))[-4:] == packets


def test_a_frame_as_long_as_a_dollar_sign_is_no_interleaving() -> None:
    packets = _packets(2, size=0x2400)
    assert StreamFramer().feed(b"".join(map(frame, packets))) == packets


def test_endless_garbage_is_hopeless_and_held_in_bounds() -> None:
    framer = StreamFramer()
    for _ in range(HOPELESS_BYTES // 4096 + 2):
        assert framer.feed(b"\x01" * 4096) == []
    assert framer.hopeless
    assert len(framer.feed(b"")) == 0


@settings(max_examples=200, deadline=None)
@given(st.lists(st.binary(max_size=200), max_size=10))
def test_never_raises(chunks: list[bytes]) -> None:
    framer = StreamFramer()
    for chunk in chunks:
        framer.feed(chunk)
    assert not framer.hopeless


@pytest.mark.parametrize("wrap", [frame, partial(interleave, channel=0)])
def test_a_camera_may_change_its_payload_type(wrap: Callable[[bytes], bytes]) -> None:
    framer = StreamFramer()
    packets = [
        build(RtpPacket(kind, False, number, 1, 7, b"x" * 50))
        for number, kind in enumerate((96, 96, 97, 97, 98, 96))
    ]
    assert [packet for one in packets for packet in framer.feed(wrap(one))] == packets
    assert StreamFramer().feed(b"".join(map(wrap, packets))) == packets
