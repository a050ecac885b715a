"""RTP packets (RFC 3550 §5.1): the header with CSRCs, extension and padding; building them.

Devices do send header extensions, CSRCs and padding (GB/T 28181 says nothing against it), so the whole
header is read. The hot path of `civicam.media.core.receive` reads the twelve fixed bytes itself and comes
here only when the first byte is not plain ``0x80``.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

HEADER = struct.Struct("!BBHII")
"""Fixed header: flags, marker and payload type, sequence number, time stamp, SSRC."""

PLAIN = 0x80
"""First byte of a version 2 packet without padding, extension or CSRCs."""


class RtpPacket(NamedTuple):
    """One parsed packet; ``payload`` is without CSRCs, extension and padding."""

    payload_type: int
    marker: bool
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes


def is_rtcp(data: bytes) -> bool:
    """Whether a packet that came on an RTP port is RTCP (RFC 5761 §4: packet types 192-223)."""
    return len(data) > 1 and data[0] >> 6 == 2 and 192 <= data[1] <= 223


def payload_span(data: bytes) -> tuple[int, int] | None:
    """(start, end) of the payload in ``data``; None when the header contradicts the length."""
    size = len(data)
    if size < HEADER.size or data[0] >> 6 != 2:
        return None
    start = HEADER.size + (data[0] & 0x0F) * 4
    if data[0] & 0x10:
        if start + 4 > size:
            return None
        start += 4 + 4 * int.from_bytes(data[start + 2 : start + 4], "big")
    end = size
    if data[0] & 0x20:
        if data[-1] == 0:  # the count includes itself
            return None
        end -= data[-1]
    return (start, end) if start <= end else None


def parse(data: bytes) -> RtpPacket | None:
    """The packet in ``data``, or None when it is not a well-formed RTP version 2 packet."""
    span = payload_span(data)
    if span is None:
        return None
    _, second, sequence, timestamp, ssrc = HEADER.unpack_from(data)
    return RtpPacket(second & 0x7F, second >= 0x80, sequence, timestamp, ssrc, data[span[0] : span[1]])


def build(packet: RtpPacket) -> bytes:
    """``packet`` as bytes, without CSRCs, extension or padding; numbers are taken modulo their width."""
    second = (packet.payload_type & 0x7F) | (0x80 if packet.marker else 0)
    head = HEADER.pack(
        PLAIN, second, packet.sequence & 0xFFFF, packet.timestamp & 0xFFFFFFFF, packet.ssrc & 0xFFFFFFFF
    )
    return head + packet.payload
