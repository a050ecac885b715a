"""Bodies of uploads as devices write them, in whatever pieces; and what is no upload."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civicam.kernel.errors import Refused
from civicam.web.delivery import DeliveryReader, PictureBegins, PictureData, PictureEnds

ONE = b"\xff\xd8\xff\xe0one\r\n--not the border\xff\xd9"
TWO = b"\xff\xd8\xff\xdbtwo" + bytes(range(256)) * 20 + b"\xff\xd9"
Seen = tuple[str, list[tuple[str, bytes, bool]]]
"""The session's id; name, bytes, and whether it ended, of each picture."""


def form(
    *parts: tuple[str, str, bytes], eol: bytes = b"\r\n", close: bool = True, border: str = "xX7"
) -> bytes:
    """``(name, filename, data)`` of each part."""
    out = b""
    for name, filename, data in parts:
        file = f'; filename="{filename}"' if filename else ""
        head = f'Content-Disposition: form-data; name="{name}"{file}'
        out += b"--" + border.encode() + eol + head.encode() + eol + eol + data + eol
    return out + (b"--" + border.encode() + b"--" + eol if close else b"")


def read(body: bytes, cuts: list[int] | None = None) -> Seen:
    reader, at, seen = DeliveryReader(), 0, []
    steps = []
    for size in [*(cuts or []), len(body)]:
        steps += list(reader.feed(body[at : at + size]))
        at += size
    steps += list(reader.end())
    for step in steps:
        match step:
            case PictureBegins(name):
                seen.append((name, b"", False))
            case PictureData(data):
                name, before, _ = seen[-1]
                seen[-1] = (name, before + data, False)
            case PictureEnds():
                seen[-1] = (*seen[-1][:2], True)
    return reader.session_id, seen


SESSION = ("SessionID", "", b"abc-123")
CASES: list[tuple[str, bytes, Seen]] = [
    ("the picture as it is", ONE, ("", [("", ONE, True)])),
    ("with line ends before it", b"\r\n\n" + ONE, ("", [("", ONE, True)])),
    ("a form", form(SESSION, ("file", "1.jpg", ONE)), ("abc-123", [("1.jpg", ONE, True)])),
    ("the id after it", form(("file", "1.jpg", ONE), SESSION), ("abc-123", [("1.jpg", ONE, True)])),
    (
        "two",
        form(("a", "1.jpg", ONE), ("b", "1.jpg", TWO)),
        ("", [("1.jpg", ONE, True), ("1.jpg", TWO, True)]),
    ),
    ("bare line feeds", form(("f", "1.jpg", TWO), eol=b"\n"), ("", [("1.jpg", TWO, True)])),
    ("no name at all", form(("", "", TWO)), ("", [("", TWO, True)])),
    ("an unknown field", form(("x", "", b"y"), ("f", "n", TWO)), ("", [("n", TWO, True)])),
    ("an empty field", form(("x", "", b""), ("f", "n", TWO)), ("", [("n", TWO, True)])),
    ("session_id", form(("session_id", "", b" s "), ("f", "n", TWO)), ("s", [("n", TWO, True)])),
    ("a path for a name", form(("f", "../../etc/x", TWO)), ("", [("../../etc/x", TWO, True)])),
]


@pytest.mark.parametrize(("body", "wanted"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
@given(cuts=st.lists(st.integers(0, 300), max_size=30))
def test_every_way_of_writing_it_is_read(body: bytes, wanted: Seen, cuts: list[int]) -> None:
    assert read(body) == wanted
    assert read(body, cuts) == wanted


def test_a_form_without_its_closing_border_is_over_when_the_body_is() -> None:
    session, seen = read(form(SESSION, ("file", "1.jpg", TWO), close=False))
    assert session == "abc-123"
    assert seen == [("1.jpg", TWO + b"\r\n", True)]  # what follows the picture's end is for its reader


def test_an_id_at_the_very_end_without_a_border_counts() -> None:
    body = form(("f", "1.jpg", TWO)).removesuffix(b"--\r\n")
    body += b'\r\nContent-Disposition: form-data; name="SessionID"\r\n\r\nlate-1'
    assert read(body)[0] == "late-1"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"hello",
        b"{}",
        b"SessionID=1&file=x",
        b"--",
        b"--\r\n\r\n",
        b"-" * 400,
        b"--b\r\n" + b"X: y\r\n" * 3000,
        form(SESSION),
        form(*[("f", "", b"x")] * 40),
        form(("f", "", b"x" * 100_000)),
    ],
)
def test_what_is_no_upload_is_refused(body: bytes) -> None:
    with pytest.raises(Refused, match=r"web\.upload-format"):
        read(body)


def test_a_file_that_is_no_picture_is_refused_at_once() -> None:
    reader = DeliveryReader()
    with pytest.raises(Refused, match=r"media\.not-jpeg"):
        list(reader.feed(form(("f", "evil.php", b"<?php"), close=False)))


@given(st.binary(max_size=2000), st.lists(st.integers(1, 200), max_size=8))
def test_no_bytes_break_it(body: bytes, cuts: list[int]) -> None:
    try:
        read(b"--b\r\n" + body, cuts)
    except Refused as error:
        code = error.code
    else:
        code = ""
    assert code in {"", "web.upload-format", "media.not-jpeg"}


def test_little_is_held_back_whatever_comes() -> None:
    reader = DeliveryReader()
    list(reader.feed(form(("f", "1.jpg", b""), close=False).removesuffix(b"\r\n") + b"\xff\xd8"))
    given_back = 0
    for _ in range(100):
        given_back += sum(
            len(step.data) for step in reader.feed(bytes(65536)) if isinstance(step, PictureData)
        )
    assert given_back > 100 * 65536 - 64
