"""Elementary streams over RTP: what is packetised comes out; fragments, aggregates, loss, sound."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from civicam.media.core.aac import AacHeader
from civicam.media.core.codecs import read_parameters, sprop_fmtp
from civicam.media.core.depacketise import depacketiser
from civicam.media.core.packetise import NalPacketiser
from civicam.media.core.receive import RtpReceiver
from civicam.media.core.unit import Codec, Frame

VIDEO = st.sampled_from([Codec.H264, Codec.H265])


@settings(max_examples=40, deadline=None)
@given(
    codec=VIDEO,
    sizes=st.lists(st.integers(1, 5000), min_size=1, max_size=5),
    payload_size=st.integers(20, 1500),
)
def test_what_is_packetised_comes_out(
    make_picture: Any, receive_all: Any, codec: Codec, sizes: list[int], payload_size: int
) -> None:
    packetiser = NalPacketiser(codec, ssrc=1, payload_size=payload_size, sequence=65_530)
    sent = [make_picture(index, key=index == 0, size=size, codec=codec) for index, size in enumerate(sizes)]
    packets = [
        (packet, index * 0.04)
        for index, unit in enumerate(sent)
        for packet in packetiser.packets(unit, index * 3600)
    ]
    frames = receive_all(packets, RtpReceiver(depacketiser(codec, clock_rate=90_000)))
    assert [(frame.data, frame.pts, frame.key) for frame in frames] == [
        (unit, index * 3600, index == 0) for index, unit in enumerate(sent)
    ]
    assert packetiser.packet_count == len(packets)


@pytest.mark.parametrize("codec", [Codec.H264, Codec.H265])
def test_a_lost_fragment_damages_until_the_next_key(
    make_picture: Any, receive_all: Any, codec: Codec
) -> None:
    packetiser = NalPacketiser(codec, ssrc=1, payload_size=100)
    units = [make_picture(index, key=index % 4 == 0, size=900, codec=codec) for index in range(6)]
    packets = [packetiser.packets(unit, index * 3600) for index, unit in enumerate(units)]
    del packets[1][3]
    del packets[2][0]
    flat = [(packet, index * 0.04) for index, group in enumerate(packets) for packet in group]
    receiver = RtpReceiver(depacketiser(codec, clock_rate=90_000), window_s=0.0)
    frames = receive_all(flat, receiver)
    assert [(frame.pts // 3600, frame.damaged) for frame in frames] == [
        (0, False), (1, True), (3, True), (4, False), (5, False),
    ]  # fmt: skip


def _one(codec: Codec, payloads: list[bytes], fmtp: str = "") -> tuple[list[Frame], tuple[str, ...]]:
    parts = depacketiser(codec, clock_rate=90_000, fmtp=fmtp)
    frames: list[Frame] = []
    for index, payload in enumerate(payloads):
        frames += parts.push(payload, 0, index == len(payloads) - 1, 0.0)
    frames += parts.flush(0.0)
    return frames, parts.warnings()


def _sized(nal: bytes) -> bytes:
    return len(nal).to_bytes(2, "big") + nal


def test_aggregates_are_taken_apart(make_picture: Any) -> None:
    for codec, head in ((Codec.H264, b"\x78"), (Codec.H265, b"\x60\1")):
        picture = make_picture(0, key=True, codec=codec, size=20)
        aggregate = head + b"".join(map(_sized, picture.split(b"\0\0\0\1")[1:]))
        assert [frame.data for frame in _one(codec, [aggregate])[0]] == [picture]
        assert _one(codec, [aggregate[:-3]])[0] == []


ODD = [
    (Codec.H264, b"\x7a\0\0\0"),
    (Codec.H264, b""),
    (Codec.H264, b"\x7c\x85"),
    (Codec.H265, b"\x64\1\0\0"),
    (Codec.H265, b"\x62\1"),
]


@pytest.mark.parametrize(("codec", "payload"), ODD)
def test_payloads_nobody_agreed_on_are_named(codec: Codec, payload: bytes) -> None:
    assert _one(codec, [payload]) == ([], ("media.rtp-payload",))


def test_parameter_sets_from_sdp_complete_a_key_frame(make_picture: Any) -> None:
    for codec in (Codec.H264, Codec.H265):
        full = make_picture(0, key=True, codec=codec, size=30)
        parameters = read_parameters(codec, full)
        assert parameters is not None
        slice_nal = full.split(b"\0\0\0\1")[-1]
        (frame,), _ = _one(codec, [slice_nal], sprop_fmtp(parameters))
        assert (frame.data, frame.key) == (full, True)
        (bare,), _ = _one(codec, [slice_nal], "sprop-parameter-sets=%%%,A; x; profile=1")
        assert not bare.key


def test_a_picture_without_end_is_cut() -> None:
    parts = depacketiser(Codec.H264, clock_rate=90_000)
    parts.push(b"\x67\x64\0\x28", 0, False, 0.0)
    for index in range(140):
        parts.push(
            b"\x7c" + (b"\x81" if index == 0 else b"\x01") + bytes(60_000).replace(b"\0", b"\1"),
            0,
            False,
            0.0,
        )
    assert "media.frame-too-big" in parts.warnings()


def test_a_new_source_continues_the_time(make_picture: Any) -> None:
    parts = depacketiser(Codec.H264, clock_rate=90_000)
    packets = make_picture(0, key=True, size=10).split(b"\0\0\0\1")[1:]
    seen: list[Frame] = []
    for start, now in ((0, 0.0), (77, 2.0)):
        for index, nal in enumerate(packets):
            seen += parts.push(nal, start, index == 2, now)
        seen += parts.restart(now)
    assert [(frame.pts, frame.discontinuity) for frame in seen] == [(0, False), (180_000, True)]


def test_g711() -> None:
    parts = depacketiser(Codec.PCMA, clock_rate=8000)
    frames = [*parts.push(b"a" * 160, 0, True, 0.0), *parts.push(b"", 80, True, 0.01)]
    frames += parts.lost(0.02)
    frames += parts.push(b"b" * 160, 320, True, 0.04)
    frames += [*parts.restart(1.0), *parts.push(b"c", 5, True, 1.0), *parts.flush(2.0)]
    assert [(frame.pts, frame.damaged, frame.discontinuity) for frame in frames] == [
        (0, False, False), (3600, True, False), (90_000, False, True),
    ]  # fmt: skip
    assert (parts.codec, parts.warnings()) == (Codec.PCMA, ())


HEADER = AacHeader(2, 16_000, 1)


def _aac() -> Any:
    return depacketiser(
        Codec.AAC, clock_rate=16_000, fmtp="mode=AAC-hbr;config=1408;sizeLength=13;indexLength=3"
    )


def test_aac_access_units() -> None:
    payload = b"\0\x20" + (3 << 3).to_bytes(2, "big") + (5 << 3).to_bytes(2, "big") + b"onethree"
    (frame,) = _aac().push(payload, 0, True, 0.0)
    assert frame.data == HEADER.adts(b"one") + HEADER.adts(b"three")


def test_an_empty_access_unit_among_others_makes_no_sound() -> None:
    sizes = b"".join((size << 3).to_bytes(2, "big") for size in (3, 0, 5))
    (frame,) = _aac().push(b"\0\x30" + sizes + b"onethree", 0, True, 0.0)
    assert frame.data == HEADER.adts(b"one") + HEADER.adts(b"three")


def test_an_access_unit_over_two_packets_is_joined() -> None:
    head = b"\0\x10" + (8 << 3).to_bytes(2, "big")
    parts = _aac()
    assert parts.push(head + b"onet", 0, False, 0.0) == ()
    assert [frame.data for frame in parts.push(head + b"hree", 0, True, 0.0)] == [HEADER.adts(b"onethree")]
    parts.push(head + b"onet", 0, False, 0.0)
    parts.lost(0.0)
    assert parts.push(head + b"hree", 0, True, 0.0) == ()


@pytest.mark.parametrize("payload", [b"", b"\0", b"\0\0abc", b"\xff\xff\0"])
def test_broken_aac_headers_are_named(payload: bytes) -> None:
    parts = _aac()
    assert parts.push(payload, 0, True, 0.0) == ()
    assert parts.warnings() == ("media.rtp-payload",)


@pytest.mark.parametrize("sets", ["=", "Z2QA", "Z\u00e9", "\ufffd", "Z2QA,!,", "A"])
def test_parameter_sets_that_are_no_base64_are_left_out(sets: str) -> None:
    """Text beyond ASCII there ended the session with an exception (fuzz/fuzz_media.py rtspsdp)."""
    depacketiser(Codec.H264, clock_rate=90_000, fmtp=f"sprop-parameter-sets={sets}")


@pytest.mark.parametrize("fmtp", ["", "config=zz;sizeLength=-1", "config=ffff;sizeLength=99"])
def test_odd_descriptions_of_aac_fall_back(fmtp: str) -> None:
    parts = depacketiser(Codec.AAC, clock_rate=16_000, fmtp=fmtp)
    (frame,) = parts.push(b"\0\x10" + (3 << 3).to_bytes(2, "big") + b"one", 0, True, 0.0)
    assert frame.data == HEADER.adts(b"one")


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(list(Codec)),
    st.lists(st.tuples(st.binary(max_size=60), st.integers(0, 2), st.booleans())),
)
def test_never_raises(codec: Codec, payloads: list[tuple[bytes, int, bool]]) -> None:
    parts = depacketiser(codec, clock_rate=90_000)
    for payload, stamp, marker in payloads:
        parts.push(payload, stamp, marker, 0.0)
        if stamp == 2:
            parts.lost(0.0)
    parts.flush(0.0)


def test_the_stream_proves_its_codec_against_the_description(make_picture: Any) -> None:
    """Described as H.264, sent as H.265 in single NAL units whose types H.264 also knows."""
    parts = depacketiser(Codec.H264, clock_rate=90_000)
    nals = make_picture(0, key=True, codec=Codec.H265, size=30).split(b"\0\0\0\1")[1:]
    stamps = [*range(0, 3600 * 3, 3600), 90_000 * 900, 90_000 * 901, 90_000 * 902]
    for stamp in stamps:
        parts.push(b"\x67" + make_picture(0, key=True)[5:30], stamp, False, stamp / 1e9)
        parts.push(b"\x65\x88\x80", stamp, True, stamp / 1e9)
    parts.push(nals[1], 1, True, 0.1)
    assert parts.codec is Codec.H265
    assert set(parts.warnings()) == {"media.codec-mismatch", "media.timeline-jump"}
