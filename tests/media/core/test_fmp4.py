"""Fragmented MP4: boxes that add up, times that are absolute, samples that are the pictures."""

from __future__ import annotations

import struct
from typing import Any

from civicam.media.core.aac import AacHeader
from civicam.media.core.annexb import normalise, to_length_prefixed
from civicam.media.core.codecs import read_parameters
from civicam.media.core.fmp4 import Fragmenter, mime_type
from civicam.media.core.mp4_boxes import read_audio_parameters
from civicam.media.core.unit import Codec, Frame

CONTAINERS = {b"moov", b"trak", b"mdia", b"minf", b"stbl", b"mvex", b"moof", b"traf"}
Tree = list[tuple[bytes, Any]]


def _parse(data: bytes) -> Tree:
    found: Tree = []
    position = 0
    while position < len(data):
        size, kind = struct.unpack_from("!I4s", data, position)
        assert size >= 8
        assert position + size <= len(data)
        body = data[position + 8 : position + size]
        found.append((kind, _parse(body) if kind in CONTAINERS else body))
        position += size
    return found


def _all(tree: Tree, kind: bytes) -> list[Any]:
    return [body for name, body in tree if name == kind] + [
        hit for name, body in tree if name in CONTAINERS for hit in _all(body, kind)
    ]


def _frame(data: bytes, dts: int, key: bool, pts: int | None = None, codec: Codec = Codec.H264) -> Frame:
    nals = normalise(data)[1] if codec.is_video else ()
    return Frame(codec, dts if pts is None else pts, dts, key, data, 0.0, nals=nals)


def _frames(make_picture: Any, count: int, start: int = 0) -> list[Frame]:
    return [_frame(make_picture(i, key=i == 0, size=50), start + i * 3600, i == 0) for i in range(count)]


def _writer(make_picture: Any, sound: Frame | None = None) -> Fragmenter:
    video = read_parameters(Codec.H264, make_picture(0, key=True))
    assert video is not None
    return Fragmenter(video, read_audio_parameters(sound) if sound else None)


def test_init_segment(make_picture: Any) -> None:
    tree = _parse(_writer(make_picture).init_segment())
    assert [kind for kind, _ in tree] == [b"ftyp", b"moov"]
    assert b"avcC" in _all(tree, b"stsd")[0]
    assert len(_all(tree, b"trex")) == 1


def test_fragment(make_picture: Any) -> None:
    frames = _frames(make_picture, 3, start=900_000)
    data = b"".join(_writer(make_picture).fragment(frames, 900_000 + 4 * 3600))
    tree = _parse(data)
    assert [kind for kind, _ in tree] == [b"moof", b"mdat"]
    assert struct.unpack("!IQ", _all(tree, b"tfdt")[0]) == (1 << 24, 900_000)
    assert struct.unpack("!II", _all(tree, b"mfhd")[0]) == (0, 1)
    flags, count, offset, *table = struct.unpack(f"!III{9}I", _all(tree, b"trun")[0])
    samples = [to_length_prefixed(frame.data) for frame in frames]
    assert (flags, count) == (0x701, 3)
    assert table[0::3] == [3600, 3600, 7200]
    assert table[1::3] == [len(sample) for sample in samples]
    assert [value == 0x02000000 for value in table[2::3]] == [True, False, False]
    assert data[offset:] == b"".join(samples)


def test_the_last_duration_is_guessed_from_those_before(make_picture: Any) -> None:
    writer = _writer(make_picture)
    frames = [_frame(make_picture(i, key=False), i * 1800, False) for i in range(3)]
    for given, expected in ((frames, 1800), (frames[:1], 1800)):
        table = _all(_parse(b"".join(writer.fragment(given))), b"trun")[0]
        assert struct.unpack("!I", table[-12:-8])[0] == expected


def test_time_that_stands_still_still_has_durations(make_picture: Any) -> None:
    frames = [_frame(make_picture(i, key=False), 5, False) for i in range(2)]
    table = _all(_parse(b"".join(_writer(make_picture).fragment(frames, 0))), b"trun")[0]
    assert struct.unpack("!I", table[-12:-8])[0] == 1


def test_reordered_pictures_have_offsets(make_picture: Any) -> None:
    frames = [
        _frame(make_picture(0, key=True), 0, True, 7200),
        _frame(make_picture(1, key=False), 3600, False, 0),
    ]
    run = _all(_parse(b"".join(_writer(make_picture).fragment(frames))), b"trun")[0]
    flags, _, _, *table = struct.unpack("!III" + "IIIi" * 2, run)
    assert flags == 1 << 24 | 0xF01
    assert table[3::4] == [7200, -3600]


def test_sound_has_a_track_of_its_own(make_picture: Any) -> None:
    header = AacHeader(2, 16_000, 1)
    aac = _frame(header.adts(b"one") + header.adts(b"three"), 90_000, True, codec=Codec.AAC)
    writer = _writer(make_picture, aac)
    assert b"esds" in _all(_parse(writer.init_segment()), b"stsd")[1]
    data = b"".join(writer.fragment([*_frames(make_picture, 2), aac], 7200))
    tree = _parse(data)
    assert struct.unpack("!IQ", _all(tree, b"tfdt")[1])[1] == 16_000
    _, count, offset, *table = struct.unpack("!7I", _all(tree, b"trun")[1])
    assert (count, table) == (2, [1024, 3, 1024, 5])
    assert data[offset : offset + 8] == b"onethree"


def test_g711_goes_in_as_it_is(make_picture: Any) -> None:
    for codec, entry in ((Codec.PCMA, b"alaw"), (Codec.PCMU, b"ulaw")):
        sound = _frame(b"\xd5" * 160, 0, True, codec=codec)
        writer = _writer(make_picture, sound)
        assert entry in writer.init_segment()
        tree = _parse(b"".join(writer.fragment([sound])))
        assert struct.unpack("!5I", _all(tree, b"trun")[0])[3:] == (160, 160)


def test_sound_without_a_track_is_left_out(make_picture: Any) -> None:
    sound = _frame(b"\xd5" * 160, 0, True, codec=Codec.PCMA)
    plain = b"".join(_writer(make_picture).fragment(_frames(make_picture, 2)))
    assert b"".join(_writer(make_picture).fragment([*_frames(make_picture, 2), sound])) == plain
    silent = b"".join(_writer(make_picture, sound).fragment(_frames(make_picture, 2)))
    assert silent == plain


def test_what_a_frame_says_of_its_sound(make_picture: Any) -> None:
    assert read_audio_parameters(_frames(make_picture, 1)[0]) is None
    assert read_audio_parameters(_frame(b"no adts", 0, True, codec=Codec.AAC)) is None


def test_mime_types(make_picture: Any) -> None:
    video = read_parameters(Codec.H264, make_picture(0, key=True))
    assert video is not None
    assert mime_type(video) == 'video/mp4; codecs="avc1.640028"'
    assert mime_type(video, Codec.PCMA) == mime_type(video)
    assert mime_type(video, Codec.AAC) == 'video/mp4; codecs="avc1.640028, mp4a.40.2"'
