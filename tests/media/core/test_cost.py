"""What a camera's 64 KiB may cost: at most 100 ms of a core in any media or RTSP parser, whatever the bytes.

Measured as in ``tests/signalling/test_cost.py``: CPU time, the best of three, one short pattern repeated.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable

import pytest

from civicam.media.core import annexb, h264, h265, rtcp, rtsp_auth, rtsp_sdp
from civicam.media.core.ps import PsDemuxer
from civicam.media.core.receive import RtpReceiver
from civicam.media.core.rfc4571 import StreamFramer
from civicam.media.core.rtsp_message import RtspReader, RtspSyntax

MOST_S = 0.1 if sys.gettrace() is None else 1.0  # counting lines for coverage costs several times the work
SIZE = 64 * 1024
PATTERNS = [
    *(bytes([each]) for each in b"\0\1\3\xff\x24\x47\x80 a=\"\\,;:/\r\n"),
    *(b"\0\0\1", b"\0\0\1\xba", b"\0\0\1\xbb", b"\0\0\1\xbc", b"\0\0\1\xe0", b"\0\0\1\xc0", b"\0\0\1\xbd\0"),
    *(b"\0\0\1\xe0\0\0\x80\x80\0", b"\0\0\1\x67", b"\0\0\3", b"\x24\0\0\0", b"\x24\0\0\1\0", b"\x80\x60\0\1"),
    *(b"a ", b"a=", b"a=\"", b"m=", b"\r\n", b"\r\n\r\n", b"a:\r\n", b"\0\x0c\x80\x60", b"\0\1"),
]  # fmt: skip


def demux(data: bytes) -> None:
    """Payloads of 1400 bytes, all of one picture."""
    parts = PsDemuxer(max_frame=SIZE)
    for start in range(0, len(data), 1_400):
        parts.push(data[start : start + 1_400], 0, False, 0.0)
    parts.flush(1.0)


def connection(data: bytes) -> None:
    """RTP over TCP that dribbles."""
    framer, receiver = StreamFramer(), RtpReceiver(PsDemuxer(max_frame=SIZE), window_s=0.0)
    for start in range(0, len(data), 100):
        for packet in framer.feed(data[start : start + 100]):
            receiver.feed(packet, start * 0.001)
    receiver.flush(99.0)


def rtsp(data: bytes) -> None:
    """An RTSP server that dribbles."""
    reader = RtspReader()
    with contextlib.suppress(RtspSyntax):
        for start in range(0, len(data), 100):
            reader.feed(data[start : start + 100])


FRAMES: dict[str, tuple[Callable[[bytes], object], bytes]] = {
    "a program stream": (demux, b"\0\0\1\xba"),
    "a program stream's map": (demux, b"\0\0\1\xbc\xff\xff\xe0\xff\0\0\xff\xff"),
    "a connection": (connection, b""),
    "a connection of RTP": (connection, b"\0\x0c\x80\x60\0\1\0\0\0\1\0\0\0\1"),
    "RTCP": (rtcp.parse, b"\x80\xc9\0\1\0\0\0\1"),
    "start codes": (annexb.normalise, b""),
    "a parameter set of H.264": (h264.parse_sps, b"\x67\x64\0\x1f"),
    "a parameter set of H.265": (h265.parse_sps, b"\x42\1\1"),
    "RTSP": (rtsp, b""),
    "an RTSP head": (rtsp, b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n"),
    "an RTSP body": (
        rtsp,
        b"RTSP/1.0 200 OK\r\n" + b"a:\r\n" * 4_000 + b"Content-Length: 200000\r\n\r\n",
    ),
    "a challenge": (lambda data: rtsp_auth.challenges((data.decode("latin-1"),)), b"Digest "),
    "a challenge's value": (lambda data: rtsp_auth.challenges((data.decode("latin-1"),)), b'Digest realm="'),
    "a description": (lambda data: rtsp_sdp.tracks(data, "rtsp://h/a"), b"m=video 0 RTP/AVP 96\r\na="),
}  # fmt: skip


@pytest.mark.parametrize("name", FRAMES)
def test_no_pattern_makes_a_parser_slow(name: str) -> None:
    """Every pattern, filled up to 64 KiB."""
    take, before = FRAMES[name]
    room = SIZE - len(before)
    dear = {
        pattern: spent
        for pattern in PATTERNS
        if (spent := cost(take, before + (pattern * room)[:room])) > MOST_S
    }
    assert not dear


def cost(take: Callable[[bytes], object], data: bytes) -> float:
    """CPU seconds of one parse, the best of three."""
    spent: list[float] = []
    while len(spent) < 3 and (not spent or spent[-1] > MOST_S / 2):
        before = time.process_time()
        take(data)
        spent.append(time.process_time() - before)
    return min(spent)
