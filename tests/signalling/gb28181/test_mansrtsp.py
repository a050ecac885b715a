"""Playback control: the bodies of the standard, the field's spellings, and orders nobody can obey."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civicam.signalling.gb28181.mansrtsp import (
    MAX_SIZE,
    SCALES,
    Method,
    Range,
    RtspReply,
    RtspRequest,
    parse,
    pause,
    resume,
    seek,
    speed,
    teardown,
)
from civicam.signalling.gb28181.xml import Malformed


@pytest.mark.parametrize(
    ("command", "text"),
    [
        (pause(1), "PAUSE RTSP/1.0|CSeq: 1|PauseTime: now||"),
        (resume(2), "PLAY RTSP/1.0|CSeq: 2|Range: npt=now-||"),
        (seek(3, 100), "PLAY RTSP/1.0|CSeq: 3|Range: npt=100-||"),
        (seek(3, 0.5), "PLAY RTSP/1.0|CSeq: 3|Range: npt=0.5-||"),
        (speed(4, 2), "PLAY RTSP/1.0|CSeq: 4|Scale: 2||"),
        (speed(4, 0.25), "PLAY RTSP/1.0|CSeq: 4|Scale: 0.25||"),
        (
            RtspRequest(Method.PLAY, 5, Range(600, 120), -1.0),
            "PLAY RTSP/1.0|CSeq: 5|Range: npt=600-120|Scale: -1.0||",
        ),
        (teardown(6), "TEARDOWN RTSP/1.0|CSeq: 6||"),
        (RtspReply(cseq=4), "RTSP/1.0 200 OK|CSeq: 4||"),
        (
            RtspReply(200, "OK", 4, Range(100.0), 2.0, 18139, 3119600838),
            "RTSP/1.0 200 OK|CSeq: 4|Range: npt=100-|Scale: 2.0|RTP-Info: seq=18139;rtptime=3119600838||",
        ),
        (RtspReply(457, "Invalid Range", 4), "RTSP/1.0 457 Invalid Range|CSeq: 4||"),
    ],
)
def test_the_bodies_of_the_standard(command: RtspRequest | RtspReply, text: str) -> None:
    assert command.to_bytes().decode() == text.replace("|", "\r\n")
    assert parse(command.to_bytes()) == command


def test_a_seek_before_the_start_is_the_start() -> None:
    assert seek(1, -5).range == Range(0.0)


def test_a_change_of_speed_has_no_range_and_a_seek_no_scale() -> None:
    assert all(speed(1, scale).range is None for scale in SCALES)
    assert seek(1, 10).scale is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("PLAY MANSRTSP/1.0\r\nCSeq: 2\r\nScale: 4.0\r\n\r\n", RtspRequest(Method.PLAY, 2, None, 4.0)),
        ("play rtsp://192.0.2.1/x RTSP/1.0\ncseq:2\nSCALE:4.\n", RtspRequest(Method.PLAY, 2, None, 4.0)),
        ("PAUSE\nCSeq: x", RtspRequest(Method.PAUSE, 0)),
        ("PAUSE RTSP/1.0\nCSeq: 99999999999", RtspRequest(Method.PAUSE, 0)),
        ("\r\n\r\nPLAY RTSP/1.0\r\rRange: npt=now-", RtspRequest(Method.PLAY, 0, Range())),
        ("PLAY RTSP/1.0\nRange: NPT = 0:01:40.5-now", RtspRequest(Method.PLAY, 0, Range(100.5))),
        ("PLAY RTSP/1.0\nRange: npt=10-20;time=x", RtspRequest(Method.PLAY, 0, Range(10.0, 20.0))),
        ("PLAY RTSP/1.0\nRange: npt=10-end", RtspRequest(Method.PLAY, 0, Range(10.0))),
        ("PLAY RTSP/1.0\nRange: smpte=0:10:20-", RtspRequest(Method.PLAY, 0, Range(620.0))),
        ("PLAY RTSP/1.0\nRange: smpte-25=0:10:20:05-", RtspRequest(Method.PLAY, 0, Range(620.0))),
        ("PLAY RTSP/1.0\nRange:\nScale:", RtspRequest(Method.PLAY, 0)),
        ("PLAY RTSP/1.0\nScale: 1\nScale: 2", RtspRequest(Method.PLAY, 0, None, 1.0)),
        ("MANSRTSP/1.0 200 OK\nCSeq: 3", RtspReply(200, "OK", 3)),
        ("RTSP/1.0 454", RtspReply(454, "")),
        ("RTSP/1.0 200 OK\nRTP-Info: url=x;SEQ=7; rtptime = 9", RtspReply(200, "OK", seq=7, rtptime=9)),
    ],
)
def test_spellings_of_the_field(text: str, found: RtspRequest | RtspReply) -> None:
    assert parse(text.encode()) == found


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("", "MANSRTSP"),
        ("RECORD RTSP/1.0", "MANSRTSP"),
        ("PLAYING RTSP/1.0", "MANSRTSP"),
        ("RTSP/1.0 OK", "MANSRTSP"),
        ("PLAY " + "x" * MAX_SIZE, "MANSRTSP"),
        ("PLAY RTSP/1.0\nRange: 100-", "Range"),
        ("PLAY RTSP/1.0\nRange: clock=20260302T000000Z-", "Range"),
        ("PLAY RTSP/1.0\nRange: npt=100", "Range"),
        ("PLAY RTSP/1.0\nRange: npt=-600", "Range"),
        ("PLAY RTSP/1.0\nRange: npt=abc-", "Range"),
        ("PLAY RTSP/1.0\nRange: npt=1e9-", "Range"),
        ("PLAY RTSP/1.0\nRange: npt=999999999-", "Range"),
        ("PLAY RTSP/1.0\nRange: npt=１０-", "Range"),
        ("PLAY RTSP/1.0\nRange: npt=0-9999:00:00", "Range"),
        ("PLAY RTSP/1.0\nScale: 0", "Scale"),
        ("PLAY RTSP/1.0\nScale: fast", "Scale"),
        ("PLAY RTSP/1.0\nScale: nan", "Scale"),
        ("PLAY RTSP/1.0\nScale: -65", "Scale"),
    ],
)
def test_an_order_that_says_nothing_is_refused(text: str, field: str) -> None:
    with pytest.raises(Malformed) as caught:
        parse(text.encode())
    assert caught.value.data["field"] == field


def test_what_went_well() -> None:
    assert RtspReply(200).ok
    assert not RtspReply(454).ok


@given(
    st.integers(0, 2**31 - 1),
    st.none() | st.tuples(st.none() | st.integers(0, 10**6), st.none() | st.integers(0, 10**6)),
    st.none() | st.sampled_from([*SCALES, 8.0, -1.0]),
)
def test_what_is_written_is_read_back(
    cseq: int, span: tuple[int | None, int | None] | None, scale: float | None
) -> None:
    command = RtspRequest(Method.PLAY, cseq, None if span is None else Range(*span), scale)
    assert parse(command.to_bytes()) == command


@given(st.binary(max_size=300))
def test_no_bytes_do_anything_but_parse_or_be_refused(body: bytes) -> None:
    for head in (b"", b"PLAY RTSP/1.0\r\n", b"PLAY RTSP/1.0\r\nRange: npt=", b"RTSP/1.0 200 OK\r\n"):
        with contextlib.suppress(Malformed):
            parse(head + body)
