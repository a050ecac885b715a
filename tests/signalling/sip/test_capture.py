"""The text export, byte for byte where a decoder cares (tests/interop lets Wireshark decode it)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from civicam.signalling.sip.capture import as_text
from civicam.signalling.sip.peer import Peer
from civicam.signalling.sip.trace import Trace

DeviceSays = Callable[..., bytes]

UDP = Peer("udp", "192.0.2.64", 5060)
TCP = Peer("tcp", "192.0.2.64", 40001, 7)
SIX = Peer("udp", "2001:db8::64", 5060)
START = datetime(2026, 3, 2, 1, 2, 3, 456789, tzinfo=UTC)


def export(*messages: tuple[bool, bytes, Peer], here: str = "192.0.2.10", message_bytes: int = 8192) -> str:
    """These messages, one a second."""
    trace = Trace(lambda _user, _peer: "d1", message_bytes=message_bytes)
    for number, (incoming, data, peer) in enumerate(messages):
        trace.record(incoming, data, peer, float(number))
    return as_text(trace.read("d1"), (here, 5060), lambda at: START + timedelta(seconds=at))


def packets(text: str) -> list[bytes]:
    """The packets of the hex dumps, as text2pcap takes them: a new one at each offset zero."""
    found: list[bytearray] = []
    for line in text.splitlines():
        offset, _, row = line.partition(" ")
        if not line or line.startswith("#") or not row:
            continue
        if int(offset, 16) == 0:
            found.append(bytearray())
        assert len(found[-1]) == int(offset, 16)
        found[-1] += bytes.fromhex(row)
    return [bytes(each) for each in found]


def checks(data: bytes) -> int:
    """RFC 1071 the plain way: 0xFFFF when the checksum inside is right."""
    data += b"\0" * (len(data) % 2)
    total = sum(int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def test_a_block_reads_well(device_says: DeviceSays) -> None:
    """Time, addresses, label, size, the message; then the stamp and the packet."""
    text = export((True, device_says("MESSAGE", body="<Notify><CmdType>Alarm</CmdType>东\x07</Notify>"), UDP))
    lines = text.splitlines()
    assert lines[3] == (
        "# 2026-03-02T01:02:03.456789 udp 192.0.2.64:5060 -> 192.0.2.10:5060 MESSAGE Alarm (316 bytes)"
    )
    assert "# | <Notify><CmdType>Alarm</CmdType>东\N{REPLACEMENT CHARACTER}</Notify>" in lines
    assert "2026-03-02T01:02:03.456789" in lines
    assert lines[-1].count(" ") <= 16


def test_udp_packets_are_whole(device_says: DeviceSays) -> None:
    """Addresses, ports, lengths and checksums, odd and even sizes, both directions."""
    for body in ("", "x"):
        data = device_says("MESSAGE", body=body)
        there, back = packets(export((True, data, UDP), (False, data, UDP)))
        assert there[12:20] == bytes([192, 0, 2, 64, 192, 0, 2, 10])
        assert back[12:20] == bytes([192, 0, 2, 10, 192, 0, 2, 64])
        for packet in (there, back):
            assert (packet[0], packet[9], int.from_bytes(packet[2:4], "big")) == (0x45, 17, len(packet))
            assert checks(packet[:20]) == 0xFFFF
            pseudo = packet[12:20] + bytes([0, 17]) + packet[24:26]
            assert checks(pseudo + packet[20:]) == 0xFFFF
            assert packet[28:] == data


def test_tcp_segments_follow_each_other(device_says: DeviceSays) -> None:
    """Each direction counts its own bytes, and acknowledges the other's."""
    one, two = device_says("MESSAGE"), device_says("OPTIONS", body="xyz")
    found = packets(export((True, one, TCP), (False, two, TCP), (True, two, TCP)))
    numbers = [(int.from_bytes(each[24:28], "big"), int.from_bytes(each[28:32], "big")) for each in found]
    assert numbers == [(1, 1), (1, 1 + len(one)), (1 + len(one), 1 + len(two))]
    for packet in found:
        size = (len(packet) - 20).to_bytes(2, "big")
        assert (packet[9], checks(packet[12:20] + bytes([0, 6]) + size + packet[20:])) == (6, 0xFFFF)


def test_ipv6(device_says: DeviceSays) -> None:
    data = device_says("MESSAGE")
    text = export((True, data, SIX), here="2001:db8::10")
    (packet,) = packets(text)
    assert "udp [2001:db8::64]:5060 -> [2001:db8::10]:5060" in text
    assert (packet[0] >> 4, int.from_bytes(packet[4:6], "big"), packet[6]) == (6, len(packet) - 40, 17)
    pseudo = packet[8:40] + (len(packet) - 40).to_bytes(4, "big") + bytes([0, 0, 0, 17])
    assert checks(pseudo + packet[40:]) == 0xFFFF


@pytest.mark.parametrize("limit", [8192, 420])
def test_masked_and_cut_messages_say_their_new_length(device_says: DeviceSays, limit: int) -> None:
    body = "<Response><Password>a long secret word</Password>" + "x" * 200 + "</Response>"
    text = export((True, device_says("MESSAGE", body=body), UDP), message_bytes=limit)
    (packet,) = packets(text)
    head, _, rest = packet[28:].partition(b"\r\n\r\n")
    assert head.endswith(b"Content-Length: %d" % len(rest))
    assert b"secret" not in packet
    assert "secret" not in text
    assert (" shown)" in text) == (limit == 420)
