"""The f= line: the standard's examples, the field's zeros, and nonsense."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civicam.signalling.gb28181.fline import G711A, NOTHING, FLine


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("v/2/6/25/1/4096a///", FLine(2, "6", 25, 1, 4096)),
        ("v/////a/1/8/1", G711A),
        ("v/////a///", NOTHING),
        ("v/5/6/25/2/4096a/1/8/1", FLine(5, "6", 25, 2, 4096, 1, 8, 1)),
        ("v/2/1280x720/12/2/1024a/6/20/11", FLine(2, "1280x720", 12, 2, 1024, 6, 20, 11)),
    ],
)
def test_lines_of_the_standard(text: str, line: FLine) -> None:
    assert FLine.parse(text) == line
    assert str(line) == text


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("v/0/0/0/0/0a/1/8/1", G711A),
        ("v/2/6/25/1/4096 a/1/8/1", FLine(2, "6", 25, 1, 4096, 1, 8, 1)),
        (" V/2/6/25/1/4096A/1/8/1 ", FLine(2, "6", 25, 1, 4096, 1, 8, 1)),
        ("v/2/6", FLine(2, "6")),
        ("v", NOTHING),
        ("v/2/6/25/1/999999a///", FLine(2, "6", 25, 1)),
        ("v/2/6/2500000000/7/1a///", FLine(2, "6", kbps=1)),
        ("v/2/6/25/1/4096a/1/8/1/9/9", FLine(2, "6", 25, 1, 4096, 1, 8, 1)),
    ],
)
def test_lines_of_the_field(text: str, line: FLine) -> None:
    assert FLine.parse(text) == line


@pytest.mark.parametrize("text", ["", "a/1/8/1", "x/2", "v/２/6a///", "v/H264/6a///", "v" + "/" * 300])
def test_what_is_no_such_line(text: str) -> None:
    assert FLine.parse(text) is None


def test_what_the_codes_mean() -> None:
    line = FLine(5, "6", audio=6)
    assert (line.video_codec, line.audio_codec, line.size) == ("H265", "AAC", (1920, 1080))
    assert FLine(2, "640x360").size == (640, 360)
    assert (NOTHING.video_codec, NOTHING.audio_codec, NOTHING.size) == (None, None, None)


@given(
    st.builds(
        FLine,
        st.integers(0, 99),
        st.sampled_from(["", "1", "6", "1280x720"]),
        st.integers(0, 99),
        st.integers(0, 2),
        st.integers(0, 100_000),
        st.integers(0, 99),
        st.integers(0, 99),
        st.integers(0, 99),
    )
)
def test_what_is_written_is_read_back(line: FLine) -> None:
    assert FLine.parse(str(line)) == line


@given(st.text(max_size=250))
def test_no_text_raises(text: str) -> None:
    FLine.parse(text)
    FLine.parse("v/" + text)
