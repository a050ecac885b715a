"""Pulling from an RTSP server on a real socket: what comes through, and what happens when it goes away.

[source] ──OPTIONS DESCRIBE SETUP PLAY──► [server, scripted]
         ◄──────── interleaved RTP ──────
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import struct
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from civicam.kernel.errors import Refused
from civicam.media.aio.rtsp_source import RtspSettings, RtspSource, endpoint
from civicam.media.core import rtcp
from civicam.media.core.packetise import NalPacketiser, RtpPacketiser
from civicam.media.core.rfc4571 import interleave
from civicam.media.core.unit import Codec, Frame
from civicam.media.engine import PullSpec

Run = Callable[[Coroutine[Any, Any, None]], None]
S = b"\0\0\0\1"
STEP = 3600

H265_SETS = tuple(
    bytes.fromhex(text)
    for text in (
        "40010c01ffff01600000030090000003000003003cba0240",
        "42010101600000030090000003000003003ca00a080f165ba4a4c2e68080000003008000000c84",
        "4401c0718312",
    )
)
H264_SETS = tuple(
    bytes.fromhex(text) for text in ("67640028acd940780227e5c044000003000400000300c83c60c658", "68ebe3cb22c0")
)

H264 = "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:track1\r\n"
H265 = (
    "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H265/90000\r\na=control:track1\r\n"
    "a=fmtp:96 sprop-vps={};sprop-sps={};sprop-pps={}\r\n".format(
        *(base64.b64encode(each).decode() for each in H265_SETS)
    )
)
AAC = (
    "m=audio 0 RTP/AVP 97\r\na=rtpmap:97 MPEG4-GENERIC/16000/1\r\na=control:track2\r\n"
    "a=fmtp:97 streamtype=5;mode=AAC-hbr;config=1408;sizeLength=13;indexLength=3;indexDeltaLength=3\r\n"
)


class Server:
    """Answers whatever is asked. ``refuse``: connections closed at once, before the first one that plays."""

    def __init__(self, sdp: str, *, refuse: int = 0, refusal: str = "", mute: bool = False) -> None:
        self.sdp = sdp
        self.refuse = refuse
        self.refusal = refusal
        self.mute = mute
        self.port = 0
        self.asked: list[str] = []
        self.reports: list[tuple[int, rtcp.ReceiverReport]] = []
        self.playing = asyncio.Event()
        self.heard = asyncio.Event()
        self._writers: list[asyncio.StreamWriter] = []
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Server:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self.drop()

    def drop(self) -> None:
        """Cut every connection, as a power failure does."""
        self.playing.clear()
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    def send(self, channel: int, packets: list[bytes]) -> None:
        """Interleave packets on the newest connection."""
        self._writers[-1].write(b"".join(interleave(packet, channel) for packet in packets))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refuse:
            self.refuse -= 1
            writer.transport.abort()
            return
        self._writers.append(writer)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                first = await reader.readexactly(1)
                if first == b"$":
                    channel, size = struct.unpack("!BH", await reader.readexactly(3))
                    found = rtcp.parse(await reader.readexactly(size))
                    self.reports += [(channel, r) for r in found if isinstance(r, rtcp.ReceiverReport)]
                else:
                    self._answer((first + await reader.readuntil(b"\r\n\r\n")).decode(), writer)
                self.heard.set()

    def _answer(self, request: str, writer: asyncio.StreamWriter) -> None:
        method = request.split(" ", 1)[0]
        self.asked.append(method)
        if self.mute:
            return
        cseq = next(line for line in request.split("\r\n") if line.startswith("CSeq"))
        body = self.sdp.encode() if method == "DESCRIBE" else b""
        status = self.refusal if method == "DESCRIBE" and self.refusal else "200 OK"
        head = f"RTSP/1.0 {status}\r\n{cseq}\r\nSession: 7;timeout=60\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        if method == "PLAY":
            self.playing.set()


@dataclass
class Client:
    """A source, what it gave, and the waits between its attempts (which take no time here)."""

    source: RtspSource
    frames: list[Frame] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def until(self, true: Callable[[], bool]) -> None:
        """Go on as soon as it is true."""
        while not true():
            self.news.clear()
            with contextlib.suppress(TimeoutError):  # some conditions have no event of their own
                await asyncio.wait_for(self.news.wait(), 0.01)


@asynccontextmanager
async def pulling(port: int, *, first: float = 1.0, most: float = 8.0) -> AsyncIterator[Client]:
    """A source that pulls from a port of the loopback."""
    client: Client
    ended = list[str]()

    def push(frames: Any) -> None:
        client.frames.extend(frames)
        client.news.set()

    async def wait(seconds: float) -> None:
        client.waits.append(seconds)
        client.news.set()
        await asyncio.sleep(0)

    settings = RtspSettings(False, 8.0, first, most, 5.0, own_ssrc=77)
    spec = PullSpec("S", f"rtsp://127.0.0.1:{port}/dome", "viewer", "secret")
    source = RtspSource(spec, settings, push, ended.append, wait=wait)
    client = Client(source, ended=ended)
    try:
        yield client
    finally:
        source.close(asyncio.get_running_loop().time())


class Video:
    """Pictures, a key frame first, as the packets of a server that now and then starts anew."""

    def __init__(self, codec: Codec) -> None:
        self.codec = codec
        self.sent: list[bytes] = []
        h265 = codec is Codec.H265
        self._key = b"".join(S + each for each in (H265_SETS if h265 else H264_SETS))
        self._key += S + (b"\x26\x01\x80" if h265 else b"\x65\x80")
        self._inter = S + (b"\x02\x01\x80" if h265 else b"\x41\x80")
        self.connect()

    def connect(self) -> None:
        """A server that starts anew takes another SSRC and other numbers, and sends a key frame first."""
        count = len(self.sent)
        self._rtp = NalPacketiser(self.codec, ssrc=1000 + count, sequence=count * 977)
        self._due = self._key

    def packets(self, pictures: int) -> list[bytes]:
        out: list[bytes] = []
        for _ in range(pictures):
            number = len(self.sent)
            self.sent.append(self._due + bytes(1 + (number * 7 + at) % 255 for at in range(4000)))
            self._due = self._inter
            out += self._rtp.packets(self.sent[-1], number * STEP)
        return out


def test_h265_comes_through_as_it_was_sent_with_aac_beside_it(run: Run) -> None:
    async def scene() -> None:
        async with Server(H265 + AAC) as server, pulling(server.port) as client:
            await server.playing.wait()
            video, sound = Video(Codec.H265), RtpPacketiser(ssrc=9, payload_type=97)
            server.send(0, video.packets(4))
            units = [bytes([number]) * 40 for number in (1, 2)]
            sizes = b"".join(struct.pack("!H", len(unit) << 3) for unit in units)
            server.send(2, sound.packets(struct.pack("!H", 32) + sizes + b"".join(units), 16000))
            await client.until(lambda: len(client.frames) >= 4)
            pictures = [frame for frame in client.frames if frame.codec is Codec.H265]
            assert [frame.data for frame in pictures[:3]] == video.sent[:3]
            assert [frame.key for frame in pictures[:3]] == [True, False, False]
            (heard,) = [frame for frame in client.frames if frame.codec is Codec.AAC]
            assert heard.data[:2] == b"\xff\xf1", "ADTS, so that a browser can take it"
            assert heard.data[7:47] == units[0]
            assert heard.data[54:] == units[1]
            assert server.asked[:5] == ["OPTIONS", "DESCRIBE", "SETUP", "SETUP", "PLAY"]

    run(scene())


def test_attempts_are_ever_further_apart_and_start_anew_after_a_success(run: Run) -> None:
    async def scene() -> None:
        async with Server(H264, refuse=6) as server, pulling(server.port, first=1.0, most=8.0) as client:
            await server.playing.wait()
            for wait, limit in zip(client.waits, (1, 2, 4, 8, 8, 8), strict=True):
                assert limit / 2 <= wait <= limit, "drawn at random below a limit that doubles"
            server.drop()
            await client.until(lambda: len(client.waits) == 7)
            assert 0.5 <= client.waits[6] <= 1.0
            await server.playing.wait()
            assert client.ended == []

    run(scene())


def test_a_dropped_connection_is_taken_up_again_and_the_times_go_on(run: Run) -> None:
    async def scene() -> None:
        async with Server(H264) as server, pulling(server.port) as client:
            video = Video(Codec.H264)
            await server.playing.wait()
            server.send(0, video.packets(3))
            await client.until(lambda: len(client.frames) >= 2)
            server.drop()
            await client.until(lambda: client.waits != [])
            assert client.source.figures().warnings[0] == "media.rtsp-closed"
            await server.playing.wait()
            video.connect()
            server.send(0, video.packets(3))
            await client.until(lambda: len(client.frames) >= 5)
            assert [frame.data for frame in client.frames[:5]] == video.sent[:5], "not a picture is missing"
            stamps = [frame.dts for frame in client.frames]
            assert stamps == sorted(stamps)
            assert [frame.discontinuity for frame in client.frames[:5]] == [False, False, False, True, False]
            assert not any(frame.damaged for frame in client.frames)
            assert client.source.figures().lost == 0
            assert "media.rtsp-closed" not in client.source.figures().warnings

    run(scene())


def test_a_server_that_is_not_there_is_asked_again(run: Run) -> None:
    async def scene() -> None:
        async with Server(H264) as server:
            port = server.port
        async with pulling(port) as client:
            await client.until(lambda: len(client.waits) >= 2)
            assert client.source.figures().warnings == ("media.rtsp-unreachable",)
            assert client.source.figures().peer == f"127.0.0.1:{port}"
            server.port = port
            async with server:
                await server.playing.wait()

    run(scene())


@pytest.mark.parametrize(
    ("refusal", "code"),
    [("404 Not Found", "media.rtsp-not-found"), ("401 Unauthorized", "media.rtsp-unauthorized")],
)
def test_what_will_not_get_better_ends_the_stream(run: Run, refusal: str, code: str) -> None:
    async def scene() -> None:
        async with Server(H264, refusal=refusal) as server, pulling(server.port) as client:
            await client.until(lambda: client.ended != [])
            assert client.ended == [code]
            assert client.waits == []

    run(scene())


def test_a_server_that_says_nothing_runs_out_of_time(run: Run) -> None:
    async def scene() -> None:
        async with Server(H264, mute=True) as server, pulling(server.port) as client:
            await client.until(lambda: server.asked == ["OPTIONS"])
            client.source.tick(asyncio.get_running_loop().time() + 8.1)
            await client.until(lambda: client.waits != [])
            assert client.source.figures().warnings == ("media.rtsp-timeout",)

    run(scene())


def test_reports_go_out_on_the_channel_above_and_echo_the_senders_time(run: Run) -> None:
    async def scene() -> None:
        async with Server(H264) as server, pulling(server.port) as client:
            loop = asyncio.get_running_loop()
            await server.playing.wait()
            video = Video(Codec.H264)
            server.send(0, video.packets(3))
            await client.until(lambda: len(client.frames) >= 2)
            now = loop.time()
            client.source.tick(now)
            client.source.tick(now + 4.9)  # the interval is five seconds
            server.send(1, [rtcp.build(rtcp.SenderReport(1000, 0x0102030405060708, 0, 1, 1), "dome")])
            server.send(0, video.packets(2))
            await client.until(lambda: len(client.frames) >= 4)
            client.source.tick(now + 5.0)
            await client.until(lambda: len(server.reports) == 2)
            assert [channel for channel, _ in server.reports] == [1, 1]
            first, second = (report for _, report in server.reports)
            assert (first.ssrc, first.blocks[0].ssrc, first.blocks[0].last_sr) == (77, 1000, 0)
            assert second.blocks[0].last_sr == 0x03040506

    run(scene())


def test_a_closed_source_says_good_bye_and_stays_closed(run: Run) -> None:
    async def scene() -> None:
        async with Server(H264) as server, pulling(server.port) as client:
            await server.playing.wait()
            now = asyncio.get_running_loop().time()
            client.source.close(now)
            client.source.close(now)
            await client.until(lambda: server.asked[-1] == "TEARDOWN")
            client.source.tick(now + 60)
            assert client.waits == []
            assert client.ended == []

    run(scene())


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1/x", "rtsp://", "rtsp://u:p@127.0.0.1/x", "rtsp://127.0.0.1:99999/x", "rtsp://h/a b"],
)
def test_what_is_no_address_of_a_stream_is_refused(url: str) -> None:
    with pytest.raises(Refused) as caught:
        endpoint(url)
    assert caught.value.code == "media.rtsp-bad-url"
