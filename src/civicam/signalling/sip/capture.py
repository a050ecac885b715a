"""A trace as text that people read and Wireshark loads: `text2pcap` takes the packets out of the comments.

Each message is a block: comment lines with the time, the two addresses and the message itself, then the same
message as a hex dump of an IP packet. To load it::

    text2pcap -l 101 -t "%Y-%m-%dT%H:%M:%S.%f" trace.txt trace.pcap      # 101: raw IP

The packets are made up around what the trace kept: secrets are masked, long bodies cut, and Content-Length
says what is left, so that a decoder does not wait for the rest. Addresses are those of the sockets.
"""

from __future__ import annotations

import ipaddress
import re
import struct
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime

from civicam.signalling.sip.ladder import label
from civicam.signalling.sip.peer import Peer
from civicam.signalling.sip.trace import Entry

Address = tuple[str, int]
"""Host (an address, not a name) and port."""

_LENGTH = re.compile(rb"(\n(?:Content-Length|l)[ \t]*:[ \t]*)[0-9]+", re.IGNORECASE)
_HEADER = """\
# SIP trace. Secrets are masked, long bodies are cut.
# For Wireshark: text2pcap -l 101 -t "%Y-%m-%dT%H:%M:%S.%f" trace.txt trace.pcap
"""
_UDP = 17
_TCP = 6
_PUSH_ACK = 0x18


def as_text(entries: Iterable[Entry], here: Address, wall: Callable[[float], datetime]) -> str:
    """The whole export. ``here`` is our own address; ``wall`` turns monotonic seconds into a wall time."""
    sent: Counter[tuple[Peer, bool]] = Counter()
    return "\n".join([_HEADER, *(_block(entry, here, wall(entry.at), sent) for entry in entries)])


def _block(entry: Entry, here: Address, at: datetime, sent: Counter[tuple[Peer, bool]]) -> str:
    message = _LENGTH.sub(_counted(entry.message), entry.message, count=1)
    there = (entry.peer.host, entry.peer.port)
    source, target = (there, here) if entry.incoming else (here, there)
    stamp = at.strftime("%Y-%m-%dT%H:%M:%S.%f")
    note = f", {len(entry.message)} shown" if entry.cut else ""
    lines = [
        f"# {stamp} {entry.peer.transport} {_text(source)} -> {_text(target)} "
        f"{label(entry)} ({entry.size} bytes{note})"
    ]
    lines += [f"# | {_printable(line)}" for line in entry.text.splitlines()]
    if entry.peer.reliable:
        mine, theirs = (entry.peer, entry.incoming), (entry.peer, not entry.incoming)
        segment = _tcp(source, target, (sent[mine] + 1, sent[theirs] + 1), message)
        sent[mine] += len(message)
    else:
        segment = _udp(source, target, message)
    lines.append(stamp)
    packet = _ip(source, target, _TCP if entry.peer.reliable else _UDP, segment)
    lines += [f"{row:06x} {packet[row : row + 16].hex(' ')}" for row in range(0, len(packet), 16)]
    return "\n".join(lines) + "\n"


def _counted(message: bytes) -> Callable[[re.Match[bytes]], bytes]:
    length = len(message.partition(b"\r\n\r\n")[2])
    return lambda found: found[1] + str(length).encode()


def _printable(line: str) -> str:
    return "".join(
        each if each.isprintable() or each == "\t" else "\N{REPLACEMENT CHARACTER}" for each in line
    )


def _text(address: Address) -> str:
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _udp(source: Address, target: Address, data: bytes) -> bytes:
    """RFC 768."""
    head = struct.pack("!HHHH", source[1], target[1], 8 + len(data), 0)
    total = _checksum(_pseudo(source, target, _UDP, 8 + len(data)) + head + data) or 0xFFFF
    return head[:6] + struct.pack("!H", total) + data


def _tcp(source: Address, target: Address, numbers: tuple[int, int], data: bytes) -> bytes:
    """RFC 9293 §3.1: data on a connection that stands; ``numbers`` are sequence and acknowledgement."""
    fields = (source[1], target[1], *numbers, 5 << 4, _PUSH_ACK, 0xFFFF)
    head = struct.pack("!HHIIBBHHH", *fields, 0, 0)
    total = _checksum(_pseudo(source, target, _TCP, len(head) + len(data)) + head + data)
    return struct.pack("!HHIIBBHHH", *fields, total, 0) + data


def _ip(source: Address, target: Address, protocol: int, segment: bytes) -> bytes:
    """RFC 791, RFC 8200: one packet, however long."""
    mine, theirs = _packed(source), _packed(target)
    if len(mine) == 16:
        return struct.pack("!IHBB", 6 << 28, len(segment), protocol, 64) + mine + theirs + segment
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(segment), 0, 0, 64, protocol, 0) + mine + theirs
    return head[:10] + struct.pack("!H", _checksum(head)) + head[12:] + segment


def _pseudo(source: Address, target: Address, protocol: int, length: int) -> bytes:
    return _packed(source) + _packed(target) + struct.pack("!II", length, protocol)


def _packed(address: Address) -> bytes:
    return ipaddress.ip_address(address[0].partition("%")[0]).packed


def _checksum(data: bytes) -> int:
    """RFC 1071."""
    if len(data) % 2:
        data += b"\0"
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
