"""RTP over UDP: one port a stream, RTCP on the port above.

Packets gather in the kernel for some milliseconds (`Gather`) and are then read with plain ``recv`` until none
is left; when the first of them came is asked of the kernel, so that jitter and arrival are the network's.
Where the kernel grants too small a buffer, packets are read as they come. After the first good packet the
socket is connected to its sender, so the kernel drops everybody else's packets before they cost anything;
after silence the lock is let go.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import logging
import socket
import time
from dataclasses import dataclass
from struct import Struct

from civicam.kernel.errors import Operational
from civicam.media.aio.gather import Sockets
from civicam.media.aio.ports import PortPool
from civicam.media.aio.source import Push, RtpIntake, SourceFigures
from civicam.media.core import rtcp
from civicam.media.core.receive import RtpReceiver

_log = logging.getLogger("civicam.media.udp")

_BATCH = 512
"""Packets read in one go before the other streams get their turn."""
_DATAGRAM_MOST = 65535
_SIOCGSTAMP = 0x8906
"""socket(7): the stamp of the packet passed to the reader last; asking once turns the stamps on."""
_TIMEVAL = Struct("@ll")
_WAIT_MOST_S = 1.0
"""A packet that seems to have waited longer was stamped by a clock that has been set since."""
_LOCK_SILENCE_S = 2.0
"""A sender silent for so long may come back from another port (restart, NAT)."""
_SETTLE_S = 2.0
"""So long after the answer the agreed SSRC is waited for before a sender with another one gets the port."""


@dataclass(frozen=True, slots=True)
class UdpSettings:
    """``rcvbuf``: bytes asked of the kernel; less than ``rcvbuf_enough`` granted is a warning."""

    host: str
    rcvbuf: int
    rcvbuf_enough: int
    rtcp_interval_s: float
    own_ssrc: int


def bind_pair(pool: PortPool, host: str, now: float) -> tuple[int, socket.socket, socket.socket]:
    """(port, RTP socket, RTCP socket); ports somebody else holds are put to rest and the next is tried."""
    while True:
        port = pool.take(now)
        try:
            rtp = _bind(host, port)
            try:
                return port, rtp, _bind(host, port + 1)
            except OSError:
                rtp.close()
                raise
        except OSError as error:
            pool.rest(port, now)
            if error.errno != errno.EADDRINUSE:
                raise Operational("media.bind-failed", host=host, reason=error.strerror or "") from error
            _log.info("port %d or %d is in use by another program, next one", port, port + 1)


def _bind(host: str, port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        sock.bind((host, port))
    except OSError:
        sock.close()
        raise
    return sock


def _arrival(sock: socket.socket, last: float) -> float:
    """Monotonic seconds when the datagram read last came in, by the kernel's stamp; never before ``last``."""
    now = time.monotonic()
    try:
        seconds, micros = _TIMEVAL.unpack(fcntl.ioctl(sock, _SIOCGSTAMP, bytes(_TIMEVAL.size)))
    except OSError:
        return now
    waited = time.time() - seconds - micros / 1e6
    return max(last, now - waited) if 0.0 <= waited < _WAIT_MOST_S else now


class UdpReceiver:
    """A `Source` that listens on a port pair of the pool."""

    def __init__(self, sockets: Sockets, settings: UdpSettings, receiver: RtpReceiver, push: Push) -> None:
        self._loop = asyncio.get_running_loop()
        self._pool, self._sockets = sockets.pool, sockets
        self._gather = sockets.gather
        self._settings = settings
        self._intake = RtpIntake(receiver, push)
        self._receiver = receiver
        self._host: str | None = None
        self._peer: tuple[str, int] | None = None
        self._report_to: tuple[str, int] | None = None
        """The last peer: a paused device sends nothing and still wants its reports."""
        self._settled = 0.0
        self._locked = False
        self._gathered = False
        """Whether our `Gather` reads the RTP socket."""
        self._closed = False
        self._foreign = 0
        self._arrival = 0.0
        self._report_due = 0.0
        self._warnings: list[str] = []
        self.port, self._rtp, self._rtcp = bind_pair(self._pool, settings.host, self._loop.time())
        self._watch_rtp()
        self._loop.add_reader(self._rtcp.fileno(), self._on_rtcp)

    # -- Source

    def figures(self) -> SourceFigures:
        receiver = self._receiver
        return SourceFigures(
            packets=receiver.packets,
            lost=receiver.lost,
            expected=receiver.expected,
            jitter_ms=receiver.jitter_ms,
            peer=f"{self._peer[0]}:{self._peer[1]}" if self._peer else "",
            last_packet=receiver.last_packet,
            warnings=(*self._warnings, *receiver.warnings()),
            foreign=receiver.foreign + self._foreign,
        )

    def pin(self, ssrc: int | None, host: str | None) -> None:
        self._settled = self._loop.time() + _SETTLE_S
        if ssrc is not None:
            self._receiver.agreed_ssrc = ssrc
        if host is not None:
            self._host = host
            if self._report_to is not None and self._report_to[0] != host:
                self._report_to = None
            if self._peer is not None and self._peer[0] != host:
                self._unlock()

    def tick(self, now: float) -> None:
        last = self._receiver.last_packet
        if self._locked and last is not None and now - last > _LOCK_SILENCE_S:
            self._unlock()
        if self._report_to is not None and now >= self._report_due:
            self._report_due = now + self._settings.rtcp_interval_s
            self._report(now)

    def relax(self, relaxed: bool) -> None:
        gather = self._sockets.relaxed if relaxed else self._sockets.gather
        before, self._gather = self._gather, gather
        if gather is not before and self._gathered:
            before.unwatch(self._rtp.fileno())
            gather.watch(self._rtp.fileno(), self._read, self._take)

    def close(self, now: float) -> None:
        if self._closed:
            return
        self._closed = True
        self._leave_rtp()
        self._loop.remove_reader(self._rtcp.fileno())
        self._rtcp.close()
        self._intake.close(now)
        self._pool.rest(self.port, now)

    # -- the sockets

    def _watch_rtp(self) -> None:
        sock = self._rtp
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._settings.rcvbuf)
        # the kernel reports twice what it grants, to count its own overhead
        if sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) // 2 < self._settings.rcvbuf_enough:
            self._warn("media.rcvbuf-small")
            self._loop.add_reader(sock.fileno(), self._on_rtp)  # too little room to let packets gather
        else:
            self._gathered = True
            self._gather.watch(sock.fileno(), self._read, self._take)

    def _leave_rtp(self) -> None:
        descriptor = self._rtp.fileno()
        if descriptor >= 0:
            self._gathered = False
            self._gather.unwatch(descriptor)
            self._loop.remove_reader(descriptor)
            self._rtp.close()

    def _on_rtp(self) -> None:
        packets = self._read()
        if packets:
            self._take(packets)

    def _read(self) -> list[bytes]:
        packets: list[bytes] = []
        if not self._locked:
            self._seek_sender()
            return packets
        recv = self._rtp.recv
        try:
            packets.append(recv(_DATAGRAM_MOST))
            self._arrival = _arrival(self._rtp, self._arrival)
            for _ in range(_BATCH):
                packets.append(recv(_DATAGRAM_MOST))  # noqa: PERF401 -- kept when recv raises
            self._gather.more()
        except BlockingIOError:
            pass
        except OSError as error:  # an ICMP error of the peer says nothing about what we may still receive
            _log.debug("receive on port %d: %s", self.port, error)
        return packets

    def _take(self, packets: list[bytes]) -> None:
        self._intake.feed(packets, self._arrival)

    def _seek_sender(self) -> None:
        """Before the lock: look at each packet's source."""
        receiver = self._receiver
        for _ in range(_BATCH):
            try:
                packet, address = self._rtp.recvfrom(_DATAGRAM_MOST)
            except OSError:
                return
            if self._host is not None and address[0] != self._host:
                self._foreign += 1
                self._warn("media.foreign-source")
                continue
            before = receiver.packets
            now = self._arrival = _arrival(self._rtp, self._arrival)
            self._intake.feed((packet,), now)
            if receiver.packets > before:
                self._peer = self._report_to = (address[0], address[1])
                if receiver.agreed_ssrc not in (None, receiver.ssrc) and now < self._settled:
                    continue
                with contextlib.suppress(OSError):  # without the lock it still works
                    self._rtp.connect(address)
                    self._locked = True
                    return

    def _unlock(self) -> None:
        """Only a new socket forgets whom it was connected to."""
        self._locked = False
        self._peer = None
        self._leave_rtp()
        try:
            self._rtp = _bind(self._settings.host, self.port)
        except OSError as error:
            self._warn("media.port-lost")
            _log.warning("port %d was taken by another program: %s", self.port, error)
            return
        self._watch_rtp()

    def _on_rtcp(self) -> None:
        now = self._loop.time()
        for _ in range(_BATCH):
            try:
                data, address = self._rtcp.recvfrom(_DATAGRAM_MOST)
            except OSError:
                return
            if self._peer is None or address[0] != self._peer[0]:
                continue
            for report in rtcp.parse(data):
                if isinstance(report, rtcp.SenderReport) and report.ssrc == self._receiver.ssrc:
                    self._receiver.sender_report(report.ntp, now)

    def _report(self, now: float) -> None:
        """A receiver report, SR seen or not: some cameras stop sending without (gb28181.md §5.6)."""
        block = self._receiver.report(now)
        if block is None or self._report_to is None:
            return
        data = rtcp.build(rtcp.ReceiverReport(self._settings.own_ssrc, (block,)), "civicam")
        with contextlib.suppress(OSError):
            self._rtcp.sendto(data, (self._report_to[0], min(self._report_to[1] + 1, 65535)))

    def _warn(self, code: str) -> None:
        if code not in self._warnings:
            self._warnings.append(code)
            _log.warning("port %d: %s", self.port, code)
