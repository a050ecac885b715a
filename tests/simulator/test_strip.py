"""The machine-readable strip: its layout, its check sum, and that coding does not harm it."""

from __future__ import annotations

import numpy as np
import pytest

from civicam.media.core.unit import Codec
from civicam.simulator import strip
from civicam.simulator.encoder import Encoder
from civicam.simulator.picture import SUB
from civicam.simulator.yuv import Bytes, planes


def _picture(width: int, height: int) -> Bytes:
    rng = np.random.default_rng(1)
    return rng.integers(60, 190, (height * 3 // 2, width), dtype=np.uint8)


@pytest.mark.parametrize(("width", "height"), [(640, 360), (1280, 720), (1920, 1080), (704, 576)])
@pytest.mark.parametrize(("moment", "counter"), [(0, 0), (672_901_903_706, 4711), (2**40 - 1, 65_535)])
def test_what_is_written_is_read(width: int, height: int, moment: int, counter: int) -> None:
    picture = _picture(width, height)
    strip.write(planes(picture), moment, counter)
    assert strip.read(planes(picture).y) == (moment % 2**40, counter)


def test_its_place_is_the_agreed_one() -> None:
    assert (strip.cell_size(640), strip.corner(640, 360)) == (8, (64, 344))
    assert (strip.cell_size(1920), strip.corner(1920, 1080)) == (24, (192, 1032))


def test_the_check_sum_is_crc8() -> None:
    assert strip.crc8(b"123456789") == 0xF4


def test_a_damaged_strip_is_not_read() -> None:
    picture = _picture(640, 360)
    strip.write(planes(picture), 12345, 6)
    planes(picture).y[344:352, 64:72] = 255 - planes(picture).y[344:352, 64:72]
    assert strip.read(planes(picture).y) is None


@pytest.mark.parametrize("codec", [Codec.H264, Codec.H265])
def test_it_survives_coding(codec: Codec) -> None:
    av = pytest.importorskip("av")
    encoder = Encoder(codec, SUB)
    coded = []
    for number in range(10):
        picture = _picture(SUB.width, SUB.height)
        strip.write(planes(picture), 672_901_903_706 + 40 * number, number)
        coded += encoder.encode(picture, number * 3600, key=number == 0)
    assert coded[0].key
    assert not any(each.key for each in coded[1:])
    decoder = av.CodecContext.create("h264" if codec is Codec.H264 else "hevc", "r")
    frames = [frame for each in coded for frame in decoder.decode(av.Packet(each.data))]
    frames += decoder.decode(None)
    read = [strip.read(frame.to_ndarray()[: SUB.height]) for frame in frames]
    assert read == [(672_901_903_706 + 40 * number, number) for number in range(10)]
