"""RTCP (RFC 3550 §6): sender and receiver reports with SDES CNAME, BYE; lenient reading.

Some cameras stop when no receiver report comes, so we send them even to devices that never send an SR.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

SR, RR, SDES, BYE = 200, 201, 202, 203

_COMMON = struct.Struct("!BBH")
_SENDER = struct.Struct("!IQIII")
_BLOCK = struct.Struct("!IIIIII")


@dataclass(frozen=True, slots=True)
class ReportBlock:
    """RFC 3550 §6.4.1: what one receiver saw of one source.

    ``fraction_lost`` is in 1/256 over the last interval, ``lost`` a signed 24-bit total, ``jitter`` in
    time-stamp units, ``last_sr`` the middle 32 bits of an NTP time, ``delay_since_last_sr`` in 1/65536 s.
    """

    ssrc: int
    fraction_lost: int
    lost: int
    highest_sequence: int
    jitter: int
    last_sr: int
    delay_since_last_sr: int


@dataclass(frozen=True, slots=True)
class SenderReport:
    """SR: ``ntp`` is the 64-bit NTP time stamp."""

    ssrc: int
    ntp: int
    rtp_timestamp: int
    packets: int
    octets: int
    blocks: tuple[ReportBlock, ...] = ()


@dataclass(frozen=True, slots=True)
class ReceiverReport:
    """RR: ``ssrc`` is the receiver's own."""

    ssrc: int
    blocks: tuple[ReportBlock, ...] = ()


@dataclass(frozen=True, slots=True)
class Bye:
    """These sources end."""

    ssrcs: tuple[int, ...]


Rtcp = SenderReport | ReceiverReport | Bye


def parse(data: bytes) -> list[Rtcp]:
    """The reports and BYEs of a compound packet; what is malformed ends the list; never raises."""
    found: list[Rtcp] = []
    position = 0
    while position + _COMMON.size <= len(data):
        first, kind, words = _COMMON.unpack_from(data, position)
        end = position + 4 * (words + 1)
        if first >> 6 != 2 or end > len(data):
            break
        packet = _parse_one(kind, first & 0x1F, data[position + 4 : end])
        if packet is not None:
            found.append(packet)
        position = end
    return found


def _parse_one(kind: int, count: int, body: bytes) -> Rtcp | None:
    if kind == SR and len(body) >= _SENDER.size:
        ssrc, ntp, rtp_timestamp, packets, octets = _SENDER.unpack_from(body)
        return SenderReport(
            ssrc, ntp, rtp_timestamp, packets, octets, _parse_blocks(body[_SENDER.size :], count)
        )
    if kind == RR and len(body) >= 4:
        return ReceiverReport(int.from_bytes(body[:4], "big"), _parse_blocks(body[4:], count))
    if kind == BYE:
        whole = min(count, len(body) // 4)
        return Bye(struct.unpack_from(f"!{whole}I", body))
    return None


def _parse_blocks(body: bytes, count: int) -> tuple[ReportBlock, ...]:
    blocks = []
    for index in range(min(count, len(body) // _BLOCK.size)):
        ssrc, loss, highest, jitter, last_sr, delay = _BLOCK.unpack_from(body, index * _BLOCK.size)
        lost = loss & 0xFFFFFF
        signed = lost - 0x1000000 if lost & 0x800000 else lost
        blocks.append(ReportBlock(ssrc, loss >> 24, signed, highest, jitter, last_sr, delay))
    return tuple(blocks)


def build(report: Rtcp, cname: str) -> bytes:
    """A compound packet (§6.1): the report (an empty RR before a BYE) and SDES CNAME, then the BYE."""
    if isinstance(report, Bye):
        ssrc = report.ssrcs[0] if report.ssrcs else 0
        goodbye = _packet(BYE, len(report.ssrcs), struct.pack(f"!{len(report.ssrcs)}I", *report.ssrcs))
        return _packet(RR, 0, ssrc.to_bytes(4, "big")) + _description(ssrc, cname) + goodbye
    blocks = b"".join(_build_block(block) for block in report.blocks)
    if isinstance(report, SenderReport):
        body = _SENDER.pack(report.ssrc, report.ntp, report.rtp_timestamp, report.packets, report.octets)
        return _packet(SR, len(report.blocks), body + blocks) + _description(report.ssrc, cname)
    body = report.ssrc.to_bytes(4, "big")
    return _packet(RR, len(report.blocks), body + blocks) + _description(report.ssrc, cname)


def _build_block(block: ReportBlock) -> bytes:
    lost = max(-0x800000, min(0x7FFFFF, block.lost)) & 0xFFFFFF
    return _BLOCK.pack(
        block.ssrc,
        block.fraction_lost << 24 | lost,
        block.highest_sequence & 0xFFFFFFFF,
        block.jitter & 0xFFFFFFFF,
        block.last_sr,
        block.delay_since_last_sr,
    )


def _description(ssrc: int, cname: str) -> bytes:
    name = cname.encode()[:255]
    item = ssrc.to_bytes(4, "big") + bytes((1, len(name))) + name
    return _packet(SDES, 1, item + bytes(4 - len(item) % 4))  # one to four zeros end the chunk, §6.5


def _packet(kind: int, count: int, body: bytes) -> bytes:
    return _COMMON.pack(0x80 | count, kind, len(body) // 4) + body
