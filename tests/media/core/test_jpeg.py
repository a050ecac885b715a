"""Pictures of others: what is picture passes unchanged, what lies beside it does not, in whatever pieces."""

from __future__ import annotations

import io
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from civicam.kernel.errors import Refused
from civicam.media.core.jpeg import LARGEST, JpegStrainer


def jpeg(mode: str = "RGB", size: tuple[int, int] = (64, 48), **how: Any) -> bytes:
    """A picture with something in it."""
    noise = random.Random(7).randbytes(size[0] * size[1] * len(mode if mode != "L" else "L"))
    out = io.BytesIO()
    Image.frombytes(mode, size, noise).save(out, "JPEG", **how)
    return out.getvalue()


def strained(data: bytes, cuts: list[int] | None = None) -> tuple[bytes, tuple[int, int]]:
    """Fed in pieces."""
    strainer, out, at = JpegStrainer(), b"", 0
    for size in [*(cuts or []), len(data)]:
        out += strainer.feed(data[at : at + size])
        at += size
    return out, strainer.finish()


def pixels(data: bytes) -> bytes:
    return Image.open(io.BytesIO(data)).convert("RGB").tobytes()


def with_segment(data: bytes, marker: int, payload: bytes) -> bytes:
    """Another segment right after the start."""
    return data[:2] + bytes([0xFF, marker]) + (len(payload) + 2).to_bytes(2, "big") + payload + data[2:]


EXIF = Image.Exif()
EXIF[0x010E] = "where it was and who stood there"
KINDS = [
    jpeg(),
    jpeg("L"),
    jpeg("CMYK"),
    jpeg(progressive=True),
    jpeg(size=(333, 257), quality=95, restart_marker_blocks=2),
    jpeg(comment=b"what the maker wants to say", exif=EXIF.tobytes()),
]


@pytest.mark.parametrize("data", KINDS)
def test_the_pixels_stay_what_they_were(data: bytes) -> None:
    out, size = strained(data)
    assert pixels(out) == pixels(data)
    assert size == Image.open(io.BytesIO(data)).size


@given(number=st.integers(0, len(KINDS) - 1), cuts=st.lists(st.integers(0, 700), max_size=40))
def test_it_is_the_same_in_whatever_pieces(number: int, cuts: list[int]) -> None:
    assert strained(KINDS[number], cuts) == strained(KINDS[number])


@pytest.mark.parametrize("marker", [0xE1, 0xE2, 0xE5, 0xEF, 0xFE, 0xF0])
def test_what_lies_beside_the_picture_is_left_out(marker: int) -> None:
    out, _ = strained(with_segment(jpeg(), marker, b"A plate, a name, a place" * 2000))
    assert b"plate" not in out
    assert out == strained(jpeg())[0]


def test_a_thumbnail_in_the_head_is_left_out() -> None:
    head = b"JFIF\0\1\2\0\0\1\0\1\x02\x02" + b"thumbnail!!!"
    assert b"thumbnail" not in strained(with_segment(jpeg(), 0xE0, head))[0]


def test_what_follows_the_end_is_left_out() -> None:
    data = jpeg()
    strainer = JpegStrainer()
    assert strainer.feed(data + b"\r\n--border--PK\x03\x04") == strained(data)[0]
    assert strainer.over
    assert strainer.feed(b"more") == b""
    assert strainer.finish() == (64, 48)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.999])
def test_half_a_picture_is_none(share: float) -> None:
    data = jpeg(size=(200, 200))
    with pytest.raises(Refused, match=r"media\.picture-cut"):
        strained(data[: int(len(data) * share)])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x89PNG\r\n\x1a\n" + bytes(64),
        b"GIF89a" + bytes(64),
        b"<html><script>",
        b"\xff\xd8\xff\xd8" + jpeg()[2:],
        b"\xff\xd8not a marker",
        b"\xff\xd8\xff\xda\x00\x08" + bytes(16),  # a scan without a frame
        b"\xff\xd8\xff\xc0\x00\x04\x08\x00" + bytes(16),  # a frame cut short
        b"\xff\xd8\xff\xc0\x00\x0b\x08\x00\x00\x00\x40\x01\x01\x11\x00",  # no height
        b"\xff\xd8\xff\xc0\x00\x0b\x08\xff\xff\xff\xff\x01\x01\x11\x00",  # beyond any camera
        b"\xff\xd8\xff\xe1\x00\x01",  # a length that is none
    ],
)
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(Refused, match=r"media\.not-jpeg"):
        strained(data)


def test_an_end_without_a_picture_is_none() -> None:
    with pytest.raises(Refused, match=r"media\.picture-cut"):
        strained(b"\xff\xd8\xff\xd9")


def test_fill_bytes_before_a_marker_are_borne() -> None:
    data = jpeg()
    assert strained(data[:2] + b"\xff\xff\xff" + data[2:])[0] == strained(data)[0]


@given(st.binary(max_size=3000), st.lists(st.integers(1, 100), max_size=10))
def test_no_bytes_break_it(data: bytes, cuts: list[int]) -> None:
    strainer, at = JpegStrainer(), 0
    try:
        for size in [*cuts, len(data)]:
            strainer.feed(b"\xff\xd8"[at : at + 2] + data[at : at + size])
            at += size
        width, height = strainer.finish()
    except Refused as error:
        code = error.code
    else:
        code = ""
        assert 1 <= width <= LARGEST
        assert 1 <= height <= LARGEST
    assert code in {"", "media.not-jpeg", "media.picture-cut"}
