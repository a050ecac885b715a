"""Parameter sets, Annex B, lengths, sound headers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civicam.media.core import aac, h264, h265
from civicam.media.core.annexb import join, nal_units, normalise, to_length_prefixed
from civicam.media.core.bits import BitReader, BitsExhausted
from civicam.media.core.codecs import decoder_configuration, identify, read_parameters, sprop_fmtp
from civicam.media.core.unit import Codec

NALS = st.lists(
    st.binary(min_size=1, max_size=40).map(lambda body: b"\x41" + body.replace(b"\0", b"\1") + b"\x80"),
    max_size=6,
)


@given(nals=NALS, short=st.booleans(), zeros=st.integers(0, 3))
def test_every_annexb_form_comes_out_in_one_shape(nals: list[bytes], short: bool, zeros: int) -> None:
    code = b"\0\0\1" if short else b"\0\0\0\1"
    data = b"".join(code + nal + bytes(zeros) for nal in nals)
    clean, offsets = normalise(data)
    assert clean == join(nals)
    assert [clean[offset : offset + 4] for offset in offsets] == [b"\0\0\0\1"] * len(nals)
    assert nal_units(data) == nals
    if not short and not zeros and nals:
        assert clean is data


@pytest.mark.parametrize(
    "data", [b"", b"\0\0\1", b"\0\0\0\1", b"\0\0\0\1\0\0\0\1", b"\x41\x42", b"\0\0\0\0\1\0"]
)
def test_empty_nal_units_vanish(data: bytes) -> None:
    assert normalise(data) == (b"", ())


def test_what_stands_before_the_first_code_is_dropped() -> None:
    assert normalise(b"\x99\0\0\1\x41\x80") == (b"\0\0\0\1\x41\x80", (0,))
    assert normalise(b"\x99\0\0\0\1\x41\x80\0\0\0\1\x41\x81")[1] == (0, 6)


@given(NALS.filter(bool))
def test_lengths_take_the_place_of_codes(nals: list[bytes]) -> None:
    expected = b"".join(len(nal).to_bytes(4, "big") + nal for nal in nals)
    assert to_length_prefixed(join(nals)) == expected
    assert to_length_prefixed(*normalise(join(nals))) == expected


def _ue(value: int) -> str:
    return "0" * (len(f"{value + 1:b}") - 1) + f"{value + 1:b}"


def _h264_sps(width: int, height: int, depth: int = 8) -> bytes:
    """A High profile SPS of so many macroblocks a side."""
    bits = "1" + _ue(1) + _ue(depth - 8) * 2 + "00" + _ue(0) + _ue(2) + _ue(0) + "0"
    bits += _ue(width - 1) + _ue(height - 1) + "11000" + "1"
    return b"\x67\x64\0\x28" + int(bits.ljust(-len(bits) % 8 + len(bits), "0"), 2).to_bytes(
        -(-len(bits) // 8), "big"
    )


@pytest.mark.parametrize(
    ("width", "height", "depth", "sound"),
    [
        (120, 68, 8, True),
        (1055, 1, 8, True),
        (4096, 68, 8, False),
        (120, 4096, 8, False),
        (120, 68, 15, False),
    ],
)
def test_a_picture_nobody_can_make_is_refused(width: int, height: int, depth: int, sound: bool) -> None:
    """A side of 65,536 did not fit into an MP4 box and ended the stream's worker (fuzz/fuzz_media.py sps)."""
    found = read_parameters(Codec.H264, join([_h264_sps(width, height, depth), b"\x68\xeb\xe3"]))
    assert (found is not None) is sound
    if found is not None:
        assert (found.width, found.height) == (width * 16, height * 16)


@pytest.mark.parametrize("codec", [Codec.H264, Codec.H265])
def test_a_flood_of_parameter_sets_is_cut(make_picture: Any, codec: Codec) -> None:
    """Thousands of them, or one of 64 KiB: the first sound ones count, and the record can be written."""
    head = b"\x68" if codec is Codec.H264 else b"\x44\x01"
    flood = [head + number.to_bytes(3, "big") + b"\x80" for number in range(20_000)]
    unit = make_picture(0, key=True, codec=codec) + join([*flood, head + b"\x81" * 70_000])
    found = read_parameters(codec, unit)
    assert found is not None
    assert len(found.pps) == 31
    assert len(decoder_configuration(found)) < 1000


def test_h264_parameters(make_picture: Any) -> None:
    found = read_parameters(Codec.H264, make_picture(0, key=True))
    assert found is not None
    assert (found.codec_string, found.width, found.height) == ("avc1.640028", 1920, 1080)
    assert found.fps == pytest.approx(25.0)
    record = decoder_configuration(found)
    assert record[:6] == b"\1\x64\0\x28\xff\xe1"
    assert record.endswith(b"\xfd\xf8\xf8\0")
    assert sprop_fmtp(found).startswith(
        "packetization-mode=1;profile-level-id=640028;sprop-parameter-sets=Z2QAKK"
    )


def test_h265_parameters(make_picture: Any) -> None:
    found = read_parameters(Codec.H265, make_picture(0, key=True, codec=Codec.H265))
    assert found is not None
    assert (found.codec_string, found.width, found.height) == ("hvc1.1.6.L60.90", 320, 240)
    assert decoder_configuration(found)[:2] == b"\1\1"
    assert sprop_fmtp(found).count("sprop-") == 3


def test_parameters_that_are_not_there(make_picture: Any) -> None:
    assert read_parameters(Codec.H264, make_picture(1, key=False)) is None
    assert read_parameters(Codec.H264, join([b"\x67\x64", b"\x68\x80"])) is None
    assert read_parameters(Codec.H265, join([b"\x42\x01\x01", b"\x44\x01\x80"])) is None
    hevc = read_parameters(Codec.H265, make_picture(0, key=True, codec=Codec.H265))
    assert hevc is not None
    assert read_parameters(Codec.H265, join([*hevc.sps, *hevc.pps])) is None


def test_codec_by_parameter_sets(make_picture: Any) -> None:
    assert identify(*normalise(make_picture(0, key=True))) is Codec.H264
    assert identify(*normalise(make_picture(0, key=True, codec=Codec.H265))) is Codec.H265
    assert identify(*normalise(make_picture(1, key=False))) is None


@given(st.binary(max_size=80))
def test_parameter_sets_never_raise(data: bytes) -> None:
    h264.parse_sps(b"\x67" + data)
    h264.parse_sps(b"\x67\x64\0\x28" + data)
    h265.parse_sps(b"\x42\x01" + data)
    h265.parse_sps(b"\x42\x01\x01" + data)


def _bits(text: str) -> bytes:
    text = text.replace(" ", "")
    return int(text.ljust(-(-len(text) // 8) * 8, "0"), 2).to_bytes(-(-len(text) // 8), "big")


@pytest.mark.parametrize(
    ("case", "bits", "size"),
    [
        ("baseline 320x240, POC type 2", "1 1 011 010 0 000010100 0000 1111 1 1 0 0", (320, 240)),
        ("POC type 0, interlaced", "1 1 1 1 010 0 000010100 00000111 0 1 1 0 0", (320, 224)),
        ("POC type 1 with one offset", "1 1 010 0 1 1 010 1 010 0 000010100 0001111 1 1 0 0", (320, 240)),
    ],
)
def test_h264_baseline_forms(case: str, bits: str, size: tuple[int, int]) -> None:
    found = h264.parse_sps(b"\x67\x42\0\x1e" + _bits(bits))
    assert found is not None, case
    assert found.width == size[0], case
    assert found.profile == 66


def test_h264_time_stands_behind_a_shape_of_its_own_and_baseline_has_a_short_record() -> None:
    """VUI with aspect_ratio_idc 255 (Extended_SAR): 32 bits more before the timing."""
    shape, timing = (
        "1 11111111" + format(16, "016b") + format(11, "016b"),
        format(1, "032b") + format(50, "032b"),
    )
    sps = b"\x67\x42\0\x1e" + _bits(
        "1 1 011 010 0 000010100 0001111 1 1 0 1" + shape + "0 0 0 1" + timing + "1 1"
    )
    found = read_parameters(Codec.H264, join([sps, b"\x68\x80"]))
    assert found is not None
    assert (found.width, found.height, found.fps) == (320, 240, 25.0)
    record = decoder_configuration(found)
    assert record == b"\1\x42\0\x1e\xff\xe1" + len(sps).to_bytes(2, "big") + sps + b"\1\0\2\x68\x80"


# profile High, id 0, 4:2:0, 8 bit, no bypass; then the scaling matrix; then POC type 2, one reference, size
_HIGH = "1 010 1 1 0"
_REST = "1 011 010 0 000010100 0001111 1 1 0 0"


@pytest.mark.parametrize(
    ("case", "matrix"),
    [
        ("none", "0"),
        ("there, every list as in the default", "1 00000000"),
        ("one list of sixteen equal steps", "1 1" + "1" * 16 + "0000000"),
        ("one list that stops at once (next scale 0)", "1 1 000010001 0000000"),
        ("one list of sixty-four", "1 000000 1" + "1" * 64 + "0"),
    ],
)
def test_h264_scaling_matrices_are_passed_over(case: str, matrix: str) -> None:
    found = h264.parse_sps(b"\x67\x64\0\x1e" + _bits(_HIGH + matrix + _REST))
    assert found is not None, case
    assert (found.profile, found.width, found.height) == (100, 320, 240), case


def test_h264_with_more_offsets_than_pictures_is_refused() -> None:
    """num_ref_frames_in_pic_order_cnt_cycle is at most 255 (H.264 §7.4.2.1.1)."""
    ue_256 = "00000000" + format(257, "b")
    bits = f"1 1 010 0 1 1 {ue_256} " + "1" * 300
    assert h264.parse_sps(b"\x67\x42\0\x1e" + _bits(bits)) is None


def test_a_configuration_is_made_only_of_what_can_be_read(make_picture: Any) -> None:
    found = read_parameters(Codec.H265, make_picture(0, key=True, codec=Codec.H265))
    assert found is not None
    with pytest.raises(ValueError, match="cannot be read"):
        decoder_configuration(replace(found, sps=(b"\x42\x01\x01",)))


def test_exp_golomb() -> None:
    reader = BitReader(_bits("1 010 011 00100 010 011"))
    assert [reader.ue() for _ in range(4)] == [0, 1, 2, 3]
    assert [reader.se() for _ in range(2)] == [1, -1]
    with pytest.raises(BitsExhausted):
        BitReader(bytes(9) + b"\xff").ue()


@given(
    st.sampled_from(aac.RATES),
    st.integers(1, 4),
    st.integers(1, 7),
    st.lists(st.binary(min_size=1), min_size=1),
)
def test_adts_round_trip(rate: int, kind: int, channels: int, payloads: list[bytes]) -> None:
    header = aac.AacHeader(kind, rate, channels)
    data = b"".join(header.adts(payload) for payload in payloads)
    assert aac.adts_frames(data) == [(header, payload) for payload in payloads]
    assert aac.adts_frames(data[:-1]) == [(header, payload) for payload in payloads[:-1]]
    assert aac.read_config(header.config()) == header


@pytest.mark.parametrize("config", [b"", b"\x12", b"\xf8\0", b"\x17\x88", b"\x12\x7f"])
def test_configs_adts_cannot_say(config: bytes) -> None:
    assert aac.read_config(config) is None
