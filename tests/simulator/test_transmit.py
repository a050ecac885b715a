"""Pictures on the wire: whole datagrams however the kernel takes them, and the faults of a device's media."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from civicam.media.core.ps_mux import PsMuxer
from civicam.media.core.rfc4571 import StreamFramer
from civicam.media.core.rtp import parse
from civicam.media.core.unit import Codec
from civicam.simulator.faults import Condition
from civicam.simulator.picture import Coded
from civicam.simulator.transmit import Stream, Tally, Transmitter, media_socket

SSRC = 200_000_017
STREAM = Stream(Codec.H264, "none", SSRC)
LARGE = bytes(range(256)) * 700
"""179,200 bytes: 128 packets, more than one burst holds."""


class Wire:
    """A UDP socket that counts calls and may have a kernel without bursts."""

    type = socket.SOCK_DGRAM

    def __init__(self, refuse: int = 0, full_after: int = 1 << 30) -> None:
        self.refuse = refuse
        self.full_after = full_after
        self.calls: list[list[bytes]] = []

    def setblocking(self, flag: bool) -> None: ...

    def setsockopt(self, *_: int) -> None: ...

    def close(self) -> None: ...

    def sendmsg(self, burst: list[bytes], control: list[Any]) -> int:
        if control and self.refuse:
            raise OSError(self.refuse, "no")
        if len(self.calls) >= self.full_after:
            raise BlockingIOError
        self.calls.append(list(burst))
        return sum(map(len, burst))


def transmitter(wire: Any, condition: Condition | None = None, tally: Tally | None = None) -> Transmitter:
    return Transmitter(
        wire, STREAM, condition or Condition(), tally or Tally(), broken=lambda: pytest.fail("broken")
    )


def coded(data: bytes = LARGE, pts: int = 0, *, key: bool = True) -> Coded:
    return Coded(data, pts, key)


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    receiver.bind(("127.0.0.1", 0))
    receiver.settimeout(10)
    receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 21)
    sender = media_socket("127.0.0.1")
    assert sender.getsockname()[1] % 2 == 0
    sender.connect(receiver.getsockname())
    yield receiver, sender
    receiver.close()
    sender.close()


def test_a_picture_arrives_as_datagrams_in_order(pair: tuple[socket.socket, socket.socket]) -> None:
    receiver, sender = pair
    tally = Tally()
    send = transmitter(sender, tally=tally)
    data = LARGE[:60_000]
    send(coded(data), 1)
    pack = PsMuxer(Codec.H264).video(data, 0, key=True)
    got, payload, numbers = 0, b"", []
    while len(payload) < len(pack):
        packet = parse(receiver.recv(1 << 16))
        assert packet is not None
        assert len(packet.payload) == min(1400, len(pack) - len(payload))
        got, payload = got + 1, payload + packet.payload
        numbers.append(packet.sequence)
        assert packet.marker == (len(payload) == len(pack))
    assert payload == pack
    assert [(number - numbers[0]) % (1 << 16) for number in numbers] == list(range(got))
    assert (tally.packets, tally.octets, tally.frames) == (got, len(pack) + 12 * got, 1)


@pytest.mark.parametrize("number", [errno.EINVAL, errno.EIO, errno.EMSGSIZE, errno.ENOPROTOOPT])
def test_where_bursts_are_unknown_each_datagram_has_its_call(number: int) -> None:
    bursts, single = Wire(), Wire(refuse=number)
    for wire in (bursts, single):
        transmitter(wire)(coded(), 1)
    assert max(map(len, bursts.calls)) == 40
    assert max(map(len, single.calls)) == 1
    sizes = [[len(packet) for call in wire.calls for packet in call] for wire in (bursts, single)]
    assert sizes[0] == sizes[1]


def test_what_the_kernel_does_not_take_is_counted() -> None:
    tally = Tally()
    transmitter(Wire(full_after=1), tally=tally)(coded(), 1)
    assert (tally.packets, tally.blocked) == (40, 89)


def test_a_peer_that_refuses_does_not_end_it_another_error_does() -> None:
    class Refusing(Wire):
        def sendmsg(self, burst: list[bytes], control: list[Any]) -> int:
            raise error

    told: list[int] = []
    error: OSError = ConnectionRefusedError()
    wire: Any = Refusing()
    send = Transmitter(wire, STREAM, Condition(), Tally(), broken=lambda: told.append(1))
    send(coded(), 1)
    assert told == []
    error = OSError(errno.ENETDOWN, "down")
    send(coded(), 2)
    send(coded(), 3)
    assert told == [1]


def test_nothing_goes_out_before_a_key_picture_nor_without_power() -> None:
    wire, condition = Wire(), Condition()
    send = transmitter(wire, condition)
    send(coded(key=False), 1)
    assert wire.calls == []
    condition.powered = False
    send(coded(), 2)
    condition.powered, condition.linked = True, False
    send(coded(), 3)
    assert wire.calls == []
    condition.linked = True
    send(coded(pts=3600, key=False), 4)
    packet = parse(wire.calls[0][0])
    assert packet is not None
    assert packet.timestamp == 3600


def sent(wire: Wire) -> list[bytes]:
    return [packet for call in wire.calls for packet in call]


def test_faults_of_the_media_show_on_the_wire() -> None:
    wire, condition, tally = Wire(), Condition(), Tally()
    send = transmitter(wire, condition, tally)
    send(coded(), 1)
    whole = len(sent(wire))
    condition.stop_mid_frame = True
    send(coded(pts=3600), 2)
    send(coded(pts=7200), 3)
    assert len(sent(wire)) == whole + whole // 2
    condition.stop_mid_frame = False
    condition.loss = 0.5
    before = len(sent(wire))
    send(coded(pts=10_800), 4)
    assert 0 < tally.lost_on_purpose == whole - (len(sent(wire)) - before)
    condition.loss, condition.wrong_ssrc, condition.garbage = 0.0, True, True
    before = len(sent(wire))
    send(coded(pts=14_400), 5)
    packets = [parse(packet) for packet in sent(wire)[before:]]
    assert all(packet is not None and packet.ssrc == SSRC ^ 0x5A5A for packet in packets)
    assert packets[0] is not None
    assert packets[0].payload[:4] != b"\0\0\1\xba"


def test_a_stream_that_is_not_read_is_held_up_to_a_limit_and_goes_on_whole() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        tally = Tally()
        send = transmitter(ours, tally=tally)
        for number in range(60):
            send(coded(pts=number * 3600), number)
        assert tally.blocked > 0
        framer, packets = StreamFramer(), tally.packets
        got: list[bytes] = []
        theirs.settimeout(10)
        while len(got) < packets:
            got += framer.feed(theirs.recv(1 << 20))
            send(coded(b"\0\0\1\x65end", pts=1, key=False), 99)  # what was held goes out with what comes
            packets = min(packets, tally.packets)
        assert framer.resyncs == 0
        assert all(parse(packet) is not None for packet in got)
