"""From coded pictures to packets on the wire, for one session: PS over RTP, by UDP or TCP (RFC 4571).

Runs in the event loop and never blocks: what the kernel does not take is dropped on UDP, held on TCP. This is
also where media faults happen.

The datagrams of a picture go to a Linux kernel in few calls (UDP_SEGMENT, since 4.18) and leave it one by
one; where a kernel or a network card has no such thing, each has its call.
"""

from __future__ import annotations

import errno
import random
import socket
import struct
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from civicam.media.core.packetise import RtpPacketiser
from civicam.media.core.ps_mux import PsMuxer
from civicam.media.core.rfc4571 import frame
from civicam.media.core.unit import Codec
from civicam.simulator import sound, spoil
from civicam.simulator.description import Audio
from civicam.simulator.faults import Condition
from civicam.simulator.picture import RATE, Coded

_SEND_BUFFER = 1 << 20
_UDP_SEGMENT = 103
"""linux/udp.h; Python has no name for it."""
_BURST = 40
"""Datagrams a call: the kernel takes 64, and 64 KiB of payload."""
_NO_BURSTS = frozenset({errno.EINVAL, errno.EIO, errno.EMSGSIZE, errno.ENOPROTOOPT, errno.EOPNOTSUPP})
_HELD_BYTES = 4 << 20
"""More than this waiting on a TCP connection, and pictures are dropped as a camera's queue would."""


@dataclass(slots=True)
class Tally:
    """Counts over all sessions."""

    frames: int = 0
    packets: int = 0
    octets: int = 0
    lost_on_purpose: int = 0
    blocked: int = 0


@dataclass(frozen=True, slots=True)
class Stream:
    """What is sent: codec, sound, and the SSRC that was agreed."""

    codec: Codec
    audio: Audio
    ssrc: int


class Transmitter:
    """A sink of the studio. ``broken`` is called once, when the peer is gone."""

    def __init__(
        self, sock: socket.socket, stream: Stream, condition: Condition, tally: Tally,
        *, broken: Callable[[], None], seed: int = 0,
    ) -> None:  # fmt: skip
        self._socket = sock
        self._tcp = sock.type == socket.SOCK_STREAM
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
        self._stream = stream
        self._condition = condition
        self._tally = tally
        self._broken = broken
        self._rng = random.Random(seed)
        self._muxer = PsMuxer(stream.codec, None if stream.audio == "none" else Codec.PCMA)
        self._rtp = RtpPacketiser(ssrc=stream.ssrc, sequence=self._rng.randrange(1 << 16))
        self._waiting: deque[tuple[float, list[bytes]]] = deque()
        self._held = b""
        self._first_pts: int | None = None
        self._pictures = self._keys = 0
        self._cut = False
        self._bursts = True
        self._closed = False

    def __call__(self, coded: Coded, number: int) -> None:
        """Send one picture; nothing goes out before the first key picture."""
        if self._closed:
            return
        if self._first_pts is None:
            if not coded.key:
                return
            self._first_pts = coded.pts
        packets = self._packets(coded, number)
        if self._condition.powered and self._condition.linked:
            self._tally.frames += 1
            self._send(packets)

    def _packets(self, coded: Coded, number: int) -> list[bytes]:
        """A picture as RTP packets, spoilt as the device's condition has it."""
        manners = self._condition.manners
        self._pictures += 1
        self._keys += coded.key
        pts = spoil.stamp(manners, coded.pts - (self._first_pts or 0), self._pictures)
        pack = spoil.pack(manners, self._muxer.video(coded.data, pts, key=coded.key), self._keys)
        if self._stream.audio == "pcma":
            pack += self._muxer.audio(sound.frame(number, RATE), pts)
        if self._condition.garbage:
            pack = self._rng.randbytes(len(pack))
        self._rtp.ssrc = self._stream.ssrc ^ 0x5A5A if self._condition.wrong_ssrc else self._stream.ssrc
        packets = self._rtp.packets(pack, pts)
        if not self._condition.stop_mid_frame:
            self._cut = False
        elif self._cut:
            return []
        else:
            self._cut = True
            return packets[: max(len(packets) // 2, 1)]
        return packets

    def _send(self, packets: list[bytes]) -> None:
        loss = self._condition.loss
        if loss:
            kept = [packet for packet in packets if self._rng.random() >= loss]
            self._tally.lost_on_purpose += len(packets) - len(kept)
            packets = kept
        now = time.monotonic()
        self._waiting.append((now + self._condition.delay, packets))
        while self._waiting and self._waiting[0][0] <= now:
            self._put(self._waiting.popleft()[1])

    def _put(self, packets: list[bytes]) -> None:
        try:
            if self._tcp:
                self._put_stream(packets)
            else:
                self._put_datagrams(packets)
        except ConnectionRefusedError:
            return  # an ICMP error for an earlier datagram: real cameras go on until BYE
        except OSError:
            self._closed = True
            self._broken()

    def _put_datagrams(self, packets: list[bytes]) -> None:
        """All of one picture, so all but the last are of one size."""
        for start in range(0, len(packets), _BURST):
            burst = packets[start : start + _BURST]
            if len(burst) > 1 and self._bursts:
                try:
                    self._put_burst(burst)
                    continue
                except OSError as error:
                    if error.errno not in _NO_BURSTS:
                        raise
                    self._bursts = False
            for packet in burst:
                self._put_burst([packet])

    def _put_burst(self, burst: list[bytes]) -> None:
        size = struct.pack("=H", len(burst[0]))
        control = [(socket.IPPROTO_UDP, _UDP_SEGMENT, size)] if len(burst) > 1 else []
        try:
            self._tally.octets += self._socket.sendmsg(burst, control)
            self._tally.packets += len(burst)
        except BlockingIOError:
            self._tally.blocked += len(burst)

    def _put_stream(self, packets: list[bytes]) -> None:
        if len(self._held) > _HELD_BYTES:
            self._tally.blocked += len(packets)
        else:
            self._held += b"".join(frame(packet) for packet in packets)
            self._tally.packets += len(packets)
        try:
            sent = self._socket.send(self._held) if self._held else 0
        except BlockingIOError:
            return
        self._tally.octets += sent
        self._held = self._held[sent:]

    def close(self) -> None:
        """Close the socket; nothing is sent afterwards."""
        self._closed = True
        self._socket.close()


def media_socket(host: str) -> socket.socket:
    """A UDP socket on an even port of ``host`` (RTCP would be the next)."""
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((host, 0))
    for _ in range(16):
        if sock.getsockname()[1] % 2 == 0:
            break
        other = socket.socket(sock.family, socket.SOCK_DGRAM)
        other.bind((host, 0))
        sock.close()
        sock = other
    return sock
