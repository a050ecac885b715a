"""RTP headers and RTCP reports."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civicam.media.core import rtcp, rtp
from civicam.media.core.rtcp import Bye, ReceiverReport, ReportBlock, SenderReport

PLAIN = rtp.RtpPacket(96, True, 7, 9000, 0x0BEBC211, b"payload")


@given(
    st.builds(
        rtp.RtpPacket,
        st.integers(0, 127),
        st.booleans(),
        st.integers(0, 0xFFFF),
        st.integers(0, 0xFFFFFFFF),
        st.integers(0, 0xFFFFFFFF),
        st.binary(max_size=50),
    )
)
def test_round_trip(packet: rtp.RtpPacket) -> None:
    assert rtp.parse(rtp.build(packet)) == packet


def _with(flags: int, between: bytes = b"", behind: bytes = b"") -> bytes:
    data = rtp.build(PLAIN)
    return bytes((0x80 | flags,)) + data[1:12] + between + data[12:] + behind


@pytest.mark.parametrize(
    ("data", "payload"),
    [
        (_with(0), b"payload"),
        (_with(0x02, bytes(8)), b"payload"),
        (_with(0x10, b"\xbe\xde\0\1" + bytes(4)), b"payload"),
        (_with(0x20, behind=b"\0\0\3"), b"payload"),
        (_with(0x32, bytes(8) + b"\0\0\0\0", b"\1"), b"payload"),
        (b"", None),
        (_with(0)[:11], None),
        (b"\x40" + _with(0)[1:], None),
        (_with(0x0F), None),
        (_with(0x10)[:14], None),
        (_with(0x10, b"\0\0\xff\xff"), None),
        (_with(0x20, behind=b"\0"), None),
        (_with(0x20, behind=b"\xff"), None),
    ],
    ids=["plain", "csrc", "extension", "padding", "all", "empty", "short", "version", "csrc-missing",
         "extension-cut", "extension-long", "padding-0", "padding-long"],
)  # fmt: skip
def test_header(data: bytes, payload: bytes | None) -> None:
    packet = rtp.parse(data)
    assert (packet.payload if packet else None) == payload


def test_rtcp_is_told_from_rtp() -> None:
    assert rtp.is_rtcp(rtcp.build(ReceiverReport(1), "c"))
    assert not rtp.is_rtcp(rtp.build(PLAIN))
    assert not rtp.is_rtcp(b"\x80")


BLOCK = ReportBlock(5, 12, -3, 70_000, 44, 0x12345678, 65_536)


@pytest.mark.parametrize(
    "report",
    [
        SenderReport(1, 0x1122334455667788, 9000, 10, 14_000, (BLOCK,)),
        ReceiverReport(1, (BLOCK, BLOCK)),
        ReceiverReport(1),
    ],
)
@pytest.mark.parametrize("cname", ["", "civicam", "x" * 300])
def test_reports_round_trip(report: SenderReport | ReceiverReport, cname: str) -> None:
    data = rtcp.build(report, cname)
    assert len(data) % 4 == 0
    assert rtcp.parse(data) == [report]


@pytest.mark.parametrize("ssrcs", [(), (7,), (7, 8)])
def test_bye_comes_behind_an_empty_report(ssrcs: tuple[int, ...]) -> None:
    assert rtcp.parse(rtcp.build(Bye(ssrcs), "c")) == [ReceiverReport(ssrcs[0] if ssrcs else 0), Bye(ssrcs)]


@given(st.binary(max_size=100))
def test_rtcp_never_raises(data: bytes) -> None:
    rtcp.parse(data)
    rtcp.parse(b"\x81\xc8" + data)
    rtcp.parse(b"\x85\xcb\0\1" + data)


def test_lost_is_kept_within_its_24_bits() -> None:
    data = rtcp.build(ReceiverReport(1, (ReportBlock(5, 0, 1 << 30, 0, 0, 0, 0),)), "c")
    report = rtcp.parse(data)[0]
    assert isinstance(report, ReceiverReport)
    assert report.blocks[0].lost == 0x7FFFFF
