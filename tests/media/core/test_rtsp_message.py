"""RTSP bytes: whole, in pieces, mixed with packets, and hostile."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civicam.media.core.rtsp_message import (
    Interleaved,
    RtspReader,
    RtspRequest,
    RtspResponse,
    RtspSyntax,
    interleave,
    refusal,
    request,
)

STREAM = (
    b"RTSP/1.0 200 OK\r\nCSeq: 2\r\nContent-Length: 5\r\n"
    b"WWW-Authenticate: A\r\nwww-authenticate: B\r\n\r\nv=0\r\n"
    + interleave(0, b"packet $ one")
    + b"\r\n"
    + interleave(1, b"")
    + b"OPTIONS * RTSP/1.0\r\nCSeq: 9\r\n\r\n"
    + b"RTSP/1.0 404 Stream Not Found\r\nCSeq: 3\r\n\r\n"
)
ITEMS = [
    RtspResponse(
        200,
        "OK",
        {"cseq": ("2",), "content-length": ("5",), "www-authenticate": ("A", "B")},
        b"v=0\r\n",
    ),
    Interleaved(0, b"packet $ one"),
    Interleaved(1, b""),
    RtspRequest("OPTIONS", {"cseq": ("9",)}),
    RtspResponse(404, "Stream Not Found", {"cseq": ("3",)}, b""),
]


@given(st.lists(st.integers(1, len(STREAM) - 1), max_size=12))
def test_pieces_do_not_matter(cuts: list[int]) -> None:
    reader, items, at = RtspReader(), [], 0
    for cut in [*sorted(set(cuts)), len(STREAM)]:
        items += reader.feed(STREAM[at:cut])
        at = cut
    assert items == ITEMS


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "not RTSP"),
        (b"SSH-2.0-server\r\n", "not RTSP"),
        (b"RTSP/1.0 abc OK\r\n\r\n", "not RTSP"),
        (b"RTSP/1.0 20 OK\r\n\r\n", "bad status"),
        (b"RTSP/1.0 200 OK\r\nContent-Length: -1\r\n\r\n", "bad Content-Length"),
        (b"RTSP/1.0 200 OK\r\nContent-Length: 99999999\r\n\r\n", "bad Content-Length"),
        (b"RTSP/1.0 200 OK\r\nContent-Length: 262145\r\n\r\n", "bad Content-Length"),
        (b"R" * 20_000, "head too long"),
        (b"RTSP/1.0 200 OK\r\nA: " + b"b" * 20_000 + b"\r\n\r\n", "head too long"),
    ],
)
def test_what_is_not_rtsp_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(RtspSyntax) as caught:
        RtspReader().feed(data)
    assert str(caught.value) == reason


def test_a_line_that_is_no_header_is_passed_over() -> None:
    (found,) = RtspReader().feed(b"RTSP/1.0 200 OK\r\nnonsense\r\nCSeq: 3\r\n\r\n")
    assert isinstance(found, RtspResponse)
    assert found.headers == {"cseq": ("3",)}


@given(st.binary(max_size=400))
def test_any_bytes_are_items_or_a_syntax_error(data: bytes) -> None:
    reader = RtspReader()
    try:
        items = reader.feed(data)
    except RtspSyntax:
        return
    packets = [item for item in items if isinstance(item, Interleaved)]
    assert sum(len(packet.data) + 4 for packet in packets) <= len(data)


@pytest.mark.parametrize(
    ("value", "cseq"), [("7", 7), (" 8 ", 8), ("", None), ("x", None), ("٣", None), ("9" * 12, None)]
)
def test_the_sequence_number_is_a_number_or_nothing(value: str, cseq: int | None) -> None:
    assert RtspResponse(200, "OK", {"cseq": (value,)}, b"").cseq == cseq


def test_what_we_send() -> None:
    assert request("OPTIONS", "rtsp://h/s", 4, [("User-Agent", "civicam")]) == (
        b"OPTIONS rtsp://h/s RTSP/1.0\r\nCSeq: 4\r\nUser-Agent: civicam\r\n\r\n"
    )
    assert interleave(3, b"ab") == b"$\x03\x00\x02ab"
    assert refusal(RtspRequest("OPTIONS", {"cseq": ("9",)})) == b"RTSP/1.0 200 OK\r\nCSeq: 9\r\n\r\n"
    assert refusal(RtspRequest("ANNOUNCE", {})).startswith(b"RTSP/1.0 501 Not Implemented\r\nCSeq: 0\r\n")
