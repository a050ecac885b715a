"""A stream pulled from an RTSP server; reconnects by itself.

The protocol is in `civicam.media.core.rtsp`; this is its shell: connect, feed, send, wait, again. The wait
doubles up to a limit and is drawn at random below it, so a street of encoders that lost its power does not
come back in step.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random
from typing import Literal, cast
from urllib.parse import urlsplit

from civicam.kernel.errors import Operational, Refused
from civicam.media.aio.ports import PortPool
from civicam.media.aio.rtsp_udp import RtspPorts
from civicam.media.aio.source import Push, RtpIntake, SourceFigures
from civicam.media.core import rtcp
from civicam.media.core.depacketise import depacketiser
from civicam.media.core.receive import RtpReceiver
from civicam.media.core.rtsp import Described, Failed, Packet, Playing, RtspAccess, RtspClient
from civicam.media.core.rtsp_sdp import Track
from civicam.media.engine import PullSpec

_log = logging.getLogger("civicam.media.rtsp")


@dataclass(frozen=True, slots=True)
class RtspSettings:
    """Patience, in seconds."""

    allow_basic: bool
    timeout_s: float
    retry_first_s: float
    retry_most_s: float
    rtcp_interval_s: float
    own_ssrc: int
    transport: Literal["auto", "tcp", "udp"] = "tcp"
    host: str = ""
    """Where UDP ports of ours are bound."""
    rcvbuf: int = 4 * 1024 * 1024
    reorder_s: float = 0.035


def endpoint(url: str) -> tuple[str, int]:
    """(host, port) of an RTSP URL; ``media.rtsp-bad-url`` for anything else, also one with a password."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or 554
    except ValueError:
        raise Refused("media.rtsp-bad-url") from None
    unprintable = any(c <= " " or c == "\x7f" for c in url)
    if parts.scheme.lower() != "rtsp" or not host or parts.username is not None or unprintable:
        raise Refused("media.rtsp-bad-url")
    return host, port


def access(spec: PullSpec, *, allow_basic: bool) -> RtspAccess:
    """How the protocol core gets in."""
    return RtspAccess(spec.url, lambda: secrets.token_hex(8), spec.username, spec.password, allow_basic)


class RtspConnection(asyncio.Protocol):
    """One connection: moves bytes between the socket and `RtspClient`, events to ``on_event``.

    ``done`` gets the reason it ended.
    """

    def __init__(
        self,
        client: RtspClient,
        on_packets: Callable[[list[Packet]], None],
        on_event: Callable[[Described | Playing], None],
    ) -> None:
        self.client = client
        self._loop = asyncio.get_running_loop()
        self.done: asyncio.Future[Failed] = self._loop.create_future()
        self._on_packets = on_packets
        self._on_event = on_event
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but name
        self._transport = transport
        self.client.start(self._loop.time())
        self.flush()

    def data_received(self, data: bytes) -> None:
        self.client.receive(data, self._loop.time())
        self.flush()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._end(Failed("media.rtsp-closed"))

    def tick(self, now: float) -> None:
        """Time-outs and signs of life."""
        self.client.handle_timer(now)
        self.flush()

    def flush(self) -> None:
        """Write what is to be sent, hand on what came."""
        data = self.client.data_to_send()
        if data and self._transport is not None:
            self._transport.write(data)
        packets: list[Packet] = []
        while (event := self.client.next_event()) is not None:
            if isinstance(event, Packet):
                packets.append(event)
            elif isinstance(event, Failed):
                self._end(event)
            else:
                self._on_event(event)
        if packets:
            self._on_packets(packets)

    @property
    def peer_host(self) -> str:
        """The address at the other end, empty when there is none."""
        name = None if self._transport is None else self._transport.get_extra_info("peername")
        return str(name[0]) if name else ""

    def end(self, failed: Failed) -> None:
        """It is over for a reason of ours."""
        self.client.teardown(self._loop.time())
        self.flush()
        self._end(failed)

    def close(self) -> None:
        """TEARDOWN and close."""
        self.client.teardown(self._loop.time())
        self.flush()
        if self._transport is not None:
            self._transport.close()

    def _end(self, failed: Failed) -> None:
        if not self.done.done():
            self.done.set_result(failed)
        if self._transport is not None:
            self._transport.close()


class RtspSource:
    """A `Source` that pulls. ``on_end(code)`` is called when trying again is pointless.

    ``wait`` takes the seconds between two attempts. ``pool``: where ports for UDP are taken from; without it
    there is only TCP. By ``auto`` TCP is tried first, UDP where the server has nothing else, and TCP again
    where nothing comes over UDP.
    """

    def __init__(
        self,
        spec: PullSpec,
        settings: RtspSettings,
        push: Push,
        on_end: Callable[[str], None],
        *,
        pool: PortPool | None = None,
        wait: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._host, self._port = endpoint(spec.url)
        self._spec = spec
        self._settings = settings
        self._push = push
        self._on_end = on_end
        self._wait = wait
        self._loop = asyncio.get_running_loop()
        self._random = Random()
        self._connection: RtspConnection | None = None
        self._intakes: dict[Track, RtpIntake] = {}
        self._channels: dict[int, RtpIntake] = {}
        self._pool = pool
        self._udp = settings.transport == "udp" and pool is not None
        self._ports: RtspPorts | None = None
        self._playing_since = 0.0
        self._played = False
        self._report_due = 0.0
        self._warnings: list[str] = []
        self._closed = False
        self._task = self._loop.create_task(self._run())

    # -- Source

    def figures(self) -> SourceFigures:
        intake = next((i for t, i in self._intakes.items() if t.codec.is_video), None)
        peer = f"{self._host}:{self._port}"
        if intake is None:
            return SourceFigures(0, 0, 0, 0.0, peer, None, tuple(self._warnings))
        receiver = intake.receiver
        return SourceFigures(
            packets=receiver.packets,
            lost=receiver.lost,
            expected=receiver.expected,
            jitter_ms=receiver.jitter_ms,
            peer=peer,
            last_packet=receiver.last_packet,
            warnings=(*self._warnings, *receiver.warnings()),
            foreign=0 if self._ports is None else self._ports.foreign,
        )

    def pin(self, ssrc: int | None, host: str | None) -> None:
        """Nothing to pin: we chose whom to connect to."""

    def relax(self, relaxed: bool) -> None:
        """Nothing to do: the connection's packets are read as they come."""

    def tick(self, now: float) -> None:
        if self._connection is None:
            return
        self._connection.tick(now)
        if self._ports is not None and self._silent(now):
            self._connection.end(Failed("media.no-packets"))
            return
        if now >= self._report_due:
            self._report_due = now + self._settings.rtcp_interval_s
            for channel, intake in self._channels.items():
                block = intake.receiver.report(now)
                if block is not None:
                    report = rtcp.ReceiverReport(self._settings.own_ssrc, (block,))
                    if self._ports is not None:
                        self._ports.report(channel, rtcp.build(report, "civicam"))
                    else:
                        self._connection.client.send_rtcp(channel + 1, rtcp.build(report, "civicam"))
            self._connection.flush()

    def close(self, now: float) -> None:
        if self._closed:
            return
        self._closed = True
        self._task.cancel()
        if self._connection is not None:
            self._connection.close()
        self._close_ports(now)
        for intake in self._intakes.values():
            intake.close(now)

    # -- the loop

    async def _run(self) -> None:
        wait = self._settings.retry_first_s
        other_way = False
        while True:
            failed = await self._once()
            if self._played_now():
                wait = self._settings.retry_first_s
                other_way = False
            if not other_way and self._try_the_other_way(failed):
                other_way = True
                continue
            other_way = False
            _log.info("stream %s: %s %s", self._spec.stream_id, failed.code, failed.data)
            if not failed.retry and (not self._played or failed.code == "media.rtsp-unauthorized"):
                self._on_end(failed.code)
                return
            self._warnings = [failed.code]
            await self._wait(wait * (0.5 + self._random.random() / 2))
            wait = min(wait * 2, self._settings.retry_most_s)

    def _try_the_other_way(self, failed: Failed) -> bool:
        """UDP instead of TCP, or the other way round, where that may help."""
        may = failed.data.get("status") == 461 or failed.code == "media.no-packets"
        if not may or self._settings.transport != "auto" or self._pool is None:
            return False
        self._udp = not self._udp
        return True

    def _silent(self, now: float) -> bool:
        """Whether the session plays over UDP and nothing has come for too long."""
        if not self._channels:
            return False
        last = [each.receiver.last_packet or 0.0 for each in self._channels.values()]
        return now - max(self._playing_since, *last) > self._settings.timeout_s

    def _close_ports(self, now: float) -> None:
        ports, self._ports = self._ports, None
        if ports is not None:
            ports.close(now)

    def _played_now(self) -> bool:
        """Did the connection that just ended play? Asked once a connection."""
        played, self._channels = bool(self._channels), {}
        self._played = self._played or played
        return played

    async def _once(self) -> Failed:
        if self._udp and self._pool is not None:
            try:
                self._ports = RtspPorts(
                    self._pool, self._settings.host, self._settings.rcvbuf, self._on_rtp, self._on_udp_rtcp
                )
            except Operational as error:
                return Failed(error.code, dict(error.data))
        client = RtspClient(
            access(self._spec, allow_basic=self._settings.allow_basic),
            timeout_s=self._settings.timeout_s,
            ports=() if self._ports is None else self._ports.ports,
        )
        connection = RtspConnection(client, self._on_packets, self._on_event)
        try:
            return await self._conversation(connection)
        finally:
            self._connection = None
            connection.close()
            self._close_ports(self._loop.time())

    async def _conversation(self, connection: RtspConnection) -> Failed:
        try:
            async with asyncio.timeout(self._settings.timeout_s):
                await self._loop.create_connection(lambda: connection, self._host, self._port)
        except TimeoutError:
            return Failed("media.rtsp-timeout", {"step": "connect"})
        except OSError as error:
            return Failed("media.rtsp-unreachable", {"reason": error.strerror or type(error).__name__})
        self._connection = connection
        return await connection.done

    def _on_event(self, event: Described | Playing) -> None:
        if isinstance(event, Described):
            return
        self._warnings = []
        kept: dict[Track, RtpIntake] = {}
        now = self._loop.time()
        for channel, track in event.channels.items():
            # the same track after a reconnect keeps its receiver, so its times go on
            kept[track] = self._intakes.get(track) or self._intake(track)
            kept[track].reconnected(now)
            self._channels[channel] = kept[track]
        for track, intake in self._intakes.items():
            if track not in kept:
                intake.close(now)
        self._intakes = kept
        self._playing_since = now
        if self._ports is not None and self._connection is not None:
            self._ports.open(self._connection.peer_host, event.servers)

    def _intake(self, track: Track) -> RtpIntake:
        parts = depacketiser(track.codec, clock_rate=track.clock_rate, fmtp=track.fmtp)
        return RtpIntake(
            RtpReceiver(parts, window_s=self._settings.reorder_s if self._udp else 0.0), self._push
        )

    def _on_packets(self, packets: list[Packet]) -> None:
        now = self._loop.time()
        for packet in packets:
            intake = self._channels.get(packet.channel)
            if intake is not None:
                intake.feed((packet.data,), now)
            else:
                self._on_rtcp(packet, now)

    def _on_rtp(self, port: int, packets: list[bytes]) -> None:
        intake = self._channels.get(port)
        if intake is not None:
            intake.feed(packets, self._loop.time())

    def _on_udp_rtcp(self, port: int, data: bytes) -> None:
        self._on_rtcp(Packet(port + 1, data), self._loop.time())

    def _on_rtcp(self, packet: Packet, now: float) -> None:
        intake = self._channels.get(packet.channel - 1)
        if intake is None:
            return
        for report in rtcp.parse(packet.data):
            if isinstance(report, rtcp.SenderReport) and report.ssrc == intake.receiver.ssrc:
                intake.receiver.sender_report(report.ntp, now)
