"""Atheris targets for the media parsers: ``python fuzz/fuzz_media.py ps|framer|rtcp|h264|h265|sps``.

What crashes becomes a capture in tests/wire/media. The quick, seeded form of these runs in pytest.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import atheris

with atheris.instrument_imports(include=["civicam.media.core"]):
    from civicam.media.core import h264, h265, rtcp
    from civicam.media.core.depacketise import depacketiser
    from civicam.media.core.depacketiser import Depacketiser
    from civicam.media.core.ps import PsDemuxer
    from civicam.media.core.receive import RtpReceiver
    from civicam.media.core.rfc4571 import StreamFramer
    from civicam.media.core.unit import Codec


def _payloads(parts: Depacketiser, data: bytes) -> None:
    provider = atheris.FuzzedDataProvider(data)
    while provider.remaining_bytes():
        if provider.ConsumeIntInRange(0, 15) == 0:
            parts.lost(0.0)
        size = provider.ConsumeIntInRange(0, 1400)
        parts.push(provider.ConsumeBytes(size), provider.ConsumeIntInRange(0, 3), provider.ConsumeBool(), 0.0)
    parts.flush(1.0)


def fuzz_ps(data: bytes) -> None:
    """Payloads of a program stream, with loss, markers and time stamps at will."""
    _payloads(PsDemuxer(max_frame=65_536), data)


def fuzz_h264(data: bytes) -> None:
    """RFC 6184 payloads."""
    _payloads(depacketiser(Codec.H264, clock_rate=90_000), data)


def fuzz_h265(data: bytes) -> None:
    """RFC 7798 payloads."""
    _payloads(depacketiser(Codec.H265, clock_rate=90_000), data)


def fuzz_framer(data: bytes) -> None:
    """A TCP connection, through framing, RTP and PS."""
    framer, receiver = StreamFramer(), RtpReceiver(PsDemuxer(max_frame=65_536), window_s=0.0)
    for start in range(0, len(data), 700):
        for packet in framer.feed(data[start : start + 700]):
            receiver.feed(packet, start * 0.001)
    receiver.flush(9.0)


def fuzz_rtcp(data: bytes) -> None:
    """Compound RTCP."""
    rtcp.parse(data)


def fuzz_sps(data: bytes) -> None:
    """Sequence parameter sets."""
    h264.parse_sps(data)
    h265.parse_sps(data)


TARGETS: dict[str, Callable[[bytes], None]] = {
    "ps": fuzz_ps,
    "framer": fuzz_framer,
    "rtcp": fuzz_rtcp,
    "h264": fuzz_h264,
    "h265": fuzz_h265,
    "sps": fuzz_sps,
}

if __name__ == "__main__":
    target = TARGETS[sys.argv.pop(1)]
    atheris.Setup(sys.argv, target)
    atheris.Fuzz()
