"""What every `MediaEngine` must do for a loudspeaker: GB/T 28181's voice broadcast.

[page] ──WebSocket──► [engine] ──RTP, G.711 A-law──► [device]
"""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Any

import pytest
from tests.media.aio.engines import SSRC, Run, closed, event, text, watch
from websockets.asyncio.client import ClientConnection

from civicam.kernel.errors import CivicamError
from civicam.media.core import rtcp, rtp
from civicam.media.core.g711 import SILENCE
from civicam.media.engine import (
    Idle,
    MediaEngine,
    SendSpec,
    SoundFormat,
    SpeechStarted,
    SpeechStats,
    StreamEnded,
    Transport,
    ViewerLeft,
    viewer_name,
)

QUIET = SILENCE * 160


async def speeches(engine: MediaEngine, good: Any) -> SpeechStats:
    """The figures of the only sender, as soon as they are ``good``."""
    while True:
        for stats in await engine.speeches():
            if good(stats):
                return stats


def loudspeaker() -> tuple[socket.socket, socket.socket, int]:
    """A device's RTP and RTCP sockets, and the even port."""
    while True:
        first = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        first.bind(("127.0.0.1", 0))
        port = first.getsockname()[1]
        second = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            if port % 2 == 0:
                second.bind(("127.0.0.1", port + 1))
                first.setblocking(False)
                second.setblocking(False)
                return first, second, port
        except OSError:
            pass
        first.close()
        second.close()


async def heard(sock: socket.socket) -> rtp.RtpPacket:
    """The next packet of a datagram socket."""
    packet = rtp.parse(await asyncio.get_running_loop().sock_recv(sock, 2048))
    assert packet is not None
    return packet


async def letter(sock: socket.socket) -> tuple[bytes, tuple[str, int]]:
    """The next datagram and who sent it (uvloop has no ``sock_recvfrom``)."""
    loop, readable = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(sock, readable.set)
    await readable.wait()
    loop.remove_reader(sock)
    return sock.recvfrom(2048)


async def framed(reader: asyncio.StreamReader) -> rtp.RtpPacket:
    """The next packet of a connection (RFC 4571)."""
    size = int.from_bytes(await reader.readexactly(2), "big")
    packet = rtp.parse(await reader.readexactly(size))
    assert packet is not None
    return packet


async def say(viewer: ClientConnection, sound: bytes, size: int) -> None:
    """Send in pieces, as a page does."""
    for start in range(0, len(sound), size):
        await viewer.send(sound[start : start + size])


@pytest.mark.parametrize(
    ("fmt", "sound", "code"),
    [
        (SoundFormat.PCMA, b"\x11" * 1600, 0x11),
        (SoundFormat.PCM16, struct.pack("<1600h", *[32767] * 1600), 0xAA),
    ],
)
def test_a_voice_reaches_the_loudspeaker_over_udp(
    run: Run, make: Any, fmt: SoundFormat, sound: bytes, code: int
) -> None:
    async def scene() -> None:
        device, reports, port = loudspeaker()
        async with make() as engine:
            ours = await engine.open_sender(SendSpec("B", Transport.UDP, SSRC))
            assert ours.port % 2 == 0
            await engine.connect("B", "127.0.0.1", port)
            assert await event(engine, SpeechStarted) == SpeechStarted("B", f"127.0.0.1:{port}")
            data, address = await letter(device)
            assert address == ("127.0.0.1", ours.port)
            first = rtp.parse(data)
            assert first is not None
            assert (first.payload_type, first.ssrc, first.payload) == (8, SSRC, QUIET)
            following = await heard(device)
            assert following.sequence == (first.sequence + 1) & 0xFFFF
            assert following.timestamp == (first.timestamp + 160) & 0xFFFFFFFF
            door = await engine.admit_speaker("B", "t", fmt, "127.0.0.1", 60)
            async with watch(door, "t") as page:
                told = await text(page, "speak")
                assert told == {"type": "speak", "format": fmt.value, "rate": 8000}
                await say(page, sound, 333)  # pieces that end within a sample
                while (packet := await heard(device)).payload == QUIET:
                    assert not packet.marker
                assert packet.marker, "a voice begins with a mark"
                said = packet.payload
                while (packet := await heard(device)).payload != QUIET:
                    said += packet.payload
                assert said.count(code) == 1600
                assert (await speeches(engine, lambda s: s.speaking)).dropped_ms == 0
                assert (await text(page, "speech"))["peer"] == f"127.0.0.1:{port}"
            assert (await event(engine, ViewerLeft)).viewer == viewer_name("t")
            (statement,) = rtcp.parse(await asyncio.get_running_loop().sock_recv(reports, 2048))
            assert isinstance(statement, rtcp.SenderReport)
            assert statement.ssrc == SSRC
            await engine.close("B")
            assert await event(engine, StreamEnded) == StreamEnded("B", "media.closed")
            assert await engine.speeches() == []
        device.close()
        reports.close()

    run(scene())


def test_a_device_connects_late_and_again(run: Run, make: Any) -> None:
    async def scene() -> None:
        async with make(speech_wait_s=10.0) as engine:
            spec = SendSpec("B", Transport.TCP_PASSIVE, SSRC, "127.0.0.1", packet_ms=100)
            port = (await engine.open_sender(spec)).port
            await speeches(engine, lambda s: s.peer == "")
            stranger = await asyncio.open_connection("127.0.0.1", port, local_addr=("127.0.0.2", 0))
            with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
                await framed(stranger[0])
            stranger[1].close()
            for _ in range(2):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                name = "{}:{}".format(*writer.get_extra_info("sockname"))
                assert await event(engine, SpeechStarted) == SpeechStarted("B", name)
                assert (await framed(reader)).payload == SILENCE * 800
                second = await asyncio.open_connection("127.0.0.1", port)
                with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
                    await framed(second[0])
                second[1].close()
                writer.close()
                await speeches(engine, lambda s: s.peer == "")

    run(scene())


def test_a_device_that_never_connects_ends_it(run: Run, make: Any) -> None:
    async def scene() -> None:
        async with make(speech_wait_s=1.0) as engine:
            await engine.open_sender(SendSpec("B", Transport.TCP_PASSIVE, SSRC))
            assert await event(engine, StreamEnded) == StreamEnded("B", "media.device-absent")

    run(scene())


def test_we_call_a_loudspeaker_and_call_again(run: Run, make: Any) -> None:
    async def scene() -> None:
        calls = asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]]()

        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await calls.put((reader, writer))

        server = await asyncio.start_server(accept, "127.0.0.1", 0)
        async with make() as engine:
            port = (await engine.open_sender(SendSpec("B", Transport.TCP_ACTIVE, SSRC))).port
            await engine.connect("B", "127.0.0.1", server.sockets[0].getsockname()[1])
            for _ in range(2):
                reader, writer = await calls.get()
                assert writer.get_extra_info("peername")[:2] == ("127.0.0.1", port)
                assert (await framed(reader)).payload == QUIET
                writer.close()
            server.close()
            assert await event(engine, StreamEnded) == StreamEnded("B", "media.connect-failed")

    run(scene())


def test_one_speaks_at_a_time_and_nobody_is_idleness(run: Run, make: Any) -> None:
    async def scene() -> None:
        async with make(linger_s=0.5) as engine:
            await engine.open_sender(SendSpec("B", Transport.UDP, SSRC))
            assert await event(engine, Idle) == Idle("B")
            doors = [await engine.admit_speaker("B", t, SoundFormat.PCMA, "*", 60) for t in ("a", "b")]
            async with watch(doors[0], "a") as first:
                await text(first, "speak")
                async with watch(doors[1], "b") as second:
                    assert await closed(second) == 4409
                assert (await event(engine, ViewerLeft)).viewer == viewer_name("b")
                await say(first, b"\x11" * 32_000, 4000)
                stats = await speeches(engine, lambda s: s.dropped_ms >= 3000)
                assert stats.waiting_ms <= 1000, "what waits for a device that is not there is bounded"
                await first.send(bytes(5000))
                assert await closed(first) == 1009
            assert (await event(engine, ViewerLeft)).viewer == viewer_name("a")
            door = await engine.admit_speaker("B", "c", SoundFormat.PCMA, "*", 60)
            async with watch(door, "c") as third:
                await text(third, "speak")
                await engine.close("B")
                assert (await text(third, "end"))["code"] == "media.closed"
                assert await closed(third) == 4404

    run(scene())


def test_what_is_not_there_has_a_code(run: Run, make: Any) -> None:
    async def scene() -> None:
        async with make() as engine:
            with pytest.raises(CivicamError) as caught:
                await engine.admit_speaker("B", "t", SoundFormat.PCMA, "*", 60)
            assert caught.value.code == "media.no-stream"
            with pytest.raises(CivicamError) as caught:
                await engine.open_sender(SendSpec("B", Transport.UDP, SSRC, packet_ms=10))
            assert caught.value.code == "media.packet-ms"
            await engine.open_sender(SendSpec("B", Transport.TCP_PASSIVE, SSRC))
            with pytest.raises(CivicamError) as caught:
                await engine.connect("B", "127.0.0.1", 9)
            assert caught.value.code == "media.not-caller"
            with pytest.raises(CivicamError) as caught:
                await engine.open_sender(SendSpec("B", Transport.UDP, SSRC))
            assert caught.value.code == "media.stream-exists"

    run(scene())
