"""Pulling over UDP on real sockets: only the server is heard, and each way is tried where the other fails.

[source] ──SETUP client_port──► [server, scripted]
         ◄─────── RTP/UDP ──────
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Literal

from tests.media.aio.test_rtsp_source import H264, Client, Run, Server, Video

from civicam.media.aio.ports import PortPool
from civicam.media.aio.rtsp_source import RtspSettings, RtspSource
from civicam.media.core import rtcp
from civicam.media.core.unit import Codec
from civicam.media.engine import PullSpec

FIRST = 45_000


class UdpServer(Server):
    """``refuses_tcp``: so many SETUPs over TCP are answered 461."""

    def __init__(self, *, refuses_tcp: int = 1 << 30) -> None:
        super().__init__(H264)
        self.refuses_tcp = refuses_tcp
        self.setups: list[str] = []
        self.client_port = 0
        self.rtp, self.rtcp = _socket(), _socket()

    async def __aenter__(self) -> UdpServer:
        await super().__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await super().__aexit__(*_)
        self.rtp.close()
        self.rtcp.close()

    def _answer(self, request: str, writer: asyncio.StreamWriter) -> None:
        if not request.startswith("SETUP"):
            super()._answer(request, writer)
            return
        cseq = next(line for line in request.split("\r\n") if line.startswith("CSeq"))
        wanted = re.search(r"client_port=(\d+)", request)
        self.setups.append("udp" if wanted else "tcp")
        status, more = "200 OK", ""
        if wanted:
            self.client_port = int(wanted[1])
            ports = f"{self.rtp.getsockname()[1]}-{self.rtcp.getsockname()[1]}"
            more = f"Transport: RTP/AVP;unicast;client_port={wanted[1]};server_port={ports}\r\n"
        elif self.refuses_tcp:
            self.refuses_tcp -= 1
            status = "461 Unsupported Transport"
        writer.write(f"RTSP/1.0 {status}\r\n{cseq}\r\nSession: 7\r\n{more}Content-Length: 0\r\n\r\n".encode())

    def throw(self, packets: list[bytes], sender: socket.socket | None = None) -> None:
        """Send packets to the port the client named."""
        for packet in packets:
            (sender or self.rtp).sendto(packet, ("127.0.0.1", self.client_port))


def _socket() -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind(("127.0.0.1", 0))
    made.setblocking(False)
    return made


@asynccontextmanager
async def pulling(
    port: int,
    transport: Literal["auto", "tcp", "udp"],
    *,
    pool: PortPool | None = None,
    timeout_s: float = 8.0,
) -> AsyncIterator[Client]:
    client: Client

    def push(frames: Any) -> None:
        client.frames.extend(frames)
        client.news.set()

    async def wait(seconds: float) -> None:
        client.waits.append(seconds)
        client.news.set()
        await asyncio.sleep(0)

    ended = list[str]()
    settings = RtspSettings(
        False, timeout_s, 1.0, 8.0, 5.0, own_ssrc=77, transport=transport, host="127.0.0.1"
    )
    spec = PullSpec("S", f"rtsp://127.0.0.1:{port}/dome")
    made = pool or PortPool(FIRST, FIRST + 19, 0.0)
    source = RtspSource(spec, settings, push, ended.append, pool=made, wait=wait)
    client = Client(source, ended=ended)
    try:
        yield client
    finally:
        source.close(asyncio.get_running_loop().time())


def test_only_the_server_is_heard_and_it_gets_reports(run: Run) -> None:
    async def scene() -> None:
        pool, loop = PortPool(FIRST, FIRST + 19, 0.0), asyncio.get_running_loop()
        stranger, video = _socket(), Video(Codec.H264)
        async with UdpServer() as server, pulling(server.port, "udp", pool=pool) as client:
            await server.playing.wait()
            assert (server.setups, pool.used) == (["udp"], 2)
            await client.until(lambda: client.source._channels != {})
            server.throw(Video(Codec.H264).packets(2), stranger)
            server.throw(video.packets(4))
            await client.until(lambda: len(client.frames) >= 3)
            assert [frame.data for frame in client.frames[:3]] == video.sent[:3]
            await client.until(lambda: client.source.figures().foreign > 0)
            assert client.source.figures().lost == 0
            client.source.tick(loop.time())
            report = rtcp.parse(await asyncio.wait_for(loop.sock_recv(server.rtcp, 2048), 10))[0]
            assert isinstance(report, rtcp.ReceiverReport)
            assert (report.ssrc, report.blocks[0].ssrc) == (77, 1000)
        assert pool.used == 0
        stranger.close()

    run(scene())


def test_what_has_no_tcp_is_pulled_over_udp_by_itself(run: Run) -> None:
    async def scene() -> None:
        async with UdpServer() as server, pulling(server.port, "auto") as client:
            await server.playing.wait()
            assert (server.setups, client.waits) == (["tcp", "udp"], [])

    run(scene())


def test_where_nothing_comes_over_udp_tcp_is_tried_again(run: Run) -> None:
    async def scene() -> None:
        video = Video(Codec.H264)
        async with (
            UdpServer(refuses_tcp=1) as server,
            pulling(server.port, "auto", timeout_s=0.5) as client,
        ):
            await server.playing.wait()
            server.playing.clear()
            await client.until(lambda: client.source._channels != {})
            client.source.tick(asyncio.get_running_loop().time() + 1.0)
            await server.playing.wait()
            server.send(0, video.packets(4))
            await client.until(lambda: len(client.frames) >= 3)
            assert server.setups == ["tcp", "udp", "tcp"]

    run(scene())


def test_without_a_free_port_it_is_tried_again_later(run: Run) -> None:
    async def scene() -> None:
        async with (
            UdpServer() as server,
            pulling(server.port, "udp", pool=PortPool(FIRST, FIRST + 1, 60.0)) as client,
        ):
            await client.until(lambda: len(client.waits) >= 2)
            assert client.source.figures().warnings == ("media.no-ports",)
            assert server.asked == []

    run(scene())
