"""RTP of an RTSP session over UDP: a port pair for each track, from the worker's range.

Only packets from the address the RTSP connection goes to are taken, and from the port the server named in its
answer to SETUP where it named one; nothing is ever sent anywhere else, whatever the answer says.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable

from civicam.media.aio.ports import PortPool
from civicam.media.aio.udp import bind_pair

TRACKS = 2
"""One of video and one of sound: `civicam.media.core.rtsp_sdp.tracks` finds no more."""
_BATCH = 512
_DATAGRAM_MOST = 65535

OnRtp = Callable[[int, list[bytes]], None]
"""Takes the packets of the track at a port."""
OnRtcp = Callable[[int, bytes], None]


class _Pair:
    """RTP and RTCP of one track."""

    def __init__(self, pool: PortPool, host: str, rcvbuf: int, now: float) -> None:
        self.port, self.rtp, self.rtcp = bind_pair(pool, host, now)
        self.rtp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
        self.server = ("", 0, 0)
        """Host and the two ports; port 0 is any."""

    def read(self, sock: socket.socket, port: int) -> tuple[list[bytes], int]:
        """What came from the server, and how much from anybody else."""
        packets: list[bytes] = []
        foreign = 0
        with contextlib.suppress(
            OSError
        ):  # empty; or an ICMP error, which says nothing of what may still come
            for _ in range(_BATCH):
                data, address = sock.recvfrom(_DATAGRAM_MOST)
                if address[0] == self.server[0] and port in (0, address[1]):
                    packets.append(data)
                else:
                    foreign += 1
        return packets, foreign


class RtspPorts:
    """The pairs of one session. Raises `Operational` ``media.no-ports``, ``media.bind-failed``."""

    def __init__(self, pool: PortPool, host: str, rcvbuf: int, on_rtp: OnRtp, on_rtcp: OnRtcp) -> None:
        self._loop = asyncio.get_running_loop()
        self._pool = pool
        self._on_rtp = on_rtp
        self._on_rtcp = on_rtcp
        self._pairs: dict[int, _Pair] = {}
        self.foreign = 0
        try:
            for _ in range(TRACKS):
                pair = _Pair(pool, host, rcvbuf, self._loop.time())
                self._pairs[pair.port] = pair
        except BaseException:
            self.close(self._loop.time())
            raise

    @property
    def ports(self) -> tuple[int, ...]:
        """Those of RTP; RTCP is one above each."""
        return tuple(self._pairs)

    def open(self, host: str, servers: dict[int, tuple[int, int]]) -> None:
        """The session plays: take what ``host`` sends. ``servers``: its ports for each of ours, 0 unknown."""
        for port, (rtp, rtcp) in servers.items():
            pair = self._pairs.get(port)
            if pair is not None:
                pair.server = (host, rtp, rtcp)
                self._loop.add_reader(pair.rtp.fileno(), self._rtp, pair)
                self._loop.add_reader(pair.rtcp.fileno(), self._rtcp, pair)

    def report(self, port: int, data: bytes) -> None:
        """Send an RTCP packet to the server of a track, where its port is known."""
        pair = self._pairs.get(port)
        if pair is not None and pair.server[2]:
            with contextlib.suppress(OSError):
                pair.rtcp.sendto(data, (pair.server[0], pair.server[2]))

    def close(self, now: float) -> None:
        """The ports rest. Idempotent."""
        for pair in self._pairs.values():
            for sock in (pair.rtp, pair.rtcp):
                self._loop.remove_reader(sock.fileno())
                sock.close()
            self._pool.rest(pair.port, now)
        self._pairs.clear()

    def _rtp(self, pair: _Pair) -> None:
        packets, foreign = pair.read(pair.rtp, pair.server[1])
        self.foreign += foreign
        if packets:
            self._on_rtp(pair.port, packets)

    def _rtcp(self, pair: _Pair) -> None:
        packets, foreign = pair.read(pair.rtcp, pair.server[2])
        self.foreign += foreign
        for packet in packets:
            self._on_rtcp(pair.port, packet)
