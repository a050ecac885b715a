"""What every `MediaEngine` must do when it connects (TCP active), and with other formats than PS.

[engine, port of the offer] ──TCP──► [device, port of the answer] ──RTP──► [engine]
"""

from __future__ import annotations

import asyncio
import contextlib
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import av
import pytest
from tests.media.aio.engines import SSRC, Run, event, figures

from civicam.kernel.errors import CivicamError, Operational
from civicam.media.core.packetise import NalPacketiser, RtpPacketiser
from civicam.media.core.rfc4571 import frame as length_frame
from civicam.media.core.unit import Codec
from civicam.media.engine import ReceiveSpec, SendSpec, StreamEnded, StreamStarted, Transport


@dataclass
class Answering:
    """A device that listens; sends the clip to whoever calls, from the call ``silent`` on."""

    port: int = 0
    silent: int = 0
    calls: list[tuple[str, int]] = field(default_factory=list)
    writers: list[asyncio.StreamWriter] = field(default_factory=list)


@asynccontextmanager
async def answering(packets: list[bytes], silent: int = 0) -> AsyncIterator[Answering]:
    device = Answering(silent=silent)

    async def accept(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        device.calls.append(writer.get_extra_info("peername")[:2])
        device.writers.append(writer)
        if len(device.calls) > device.silent:
            writer.write(b"".join(map(length_frame, packets)))
        else:
            writer.close()

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    device.port = server.sockets[0].getsockname()[1]
    try:
        yield device
    finally:
        server.close()
        for writer in device.writers:
            writer.close()


def packets_of(camera: Any, pictures: int) -> list[bytes]:
    """What a camera would send, as packets."""
    sender = camera(9)
    sender.stop()
    return [packet for _ in range(pictures) for packet in sender.packets()]


def test_we_call_from_the_port_we_offered(run: Run, make: Any, camera: Any) -> None:
    async def scene() -> None:
        async with make() as engine, answering(packets_of(camera, 60)) as device:
            port = await engine.open_receiver(ReceiveSpec("S", Transport.TCP_ACTIVE, SSRC))
            await engine.pin("S", ssrc=SSRC, source_host="127.0.0.1")
            await engine.connect("S", "127.0.0.1", device.port)
            assert (await event(engine, StreamStarted)).stream_id == "S"
            assert device.calls == [("127.0.0.1", port.port)]
            seen = await figures(engine, lambda s: s.packets > 0)
            assert seen.source == f"127.0.0.1:{device.port}"
            await engine.close("S")
            assert await event(engine, StreamEnded) == StreamEnded("S", "media.closed")

    run(scene())


def test_a_device_that_hangs_up_is_called_again_from_the_same_port(run: Run, make: Any, camera: Any) -> None:
    async def scene() -> None:
        async with make() as engine, answering(packets_of(camera, 60), silent=2) as device:
            port = await engine.open_receiver(ReceiveSpec("S", Transport.TCP_ACTIVE, SSRC))
            await engine.pin("S", ssrc=SSRC, source_host="127.0.0.1")
            began = asyncio.get_running_loop().time()
            await engine.connect("S", "127.0.0.1", device.port)
            await event(engine, StreamStarted)
            assert device.calls == [("127.0.0.1", port.port)] * 3
            assert asyncio.get_running_loop().time() - began >= 1.9, "a second between calls, at least"

    run(scene())


def test_three_calls_in_vain_end_the_stream(run: Run, make: Any, camera: Any) -> None:
    async def scene() -> None:
        async with make() as engine, answering([], silent=99) as device:
            await engine.open_receiver(ReceiveSpec("S", Transport.TCP_ACTIVE, SSRC))
            await engine.connect("S", "127.0.0.1", device.port)
            assert await event(engine, StreamEnded) == StreamEnded("S", "media.connect-failed")
            assert len(device.calls) == 3
        async with make() as engine:  # nobody listens there any more
            await engine.open_receiver(ReceiveSpec("S", Transport.TCP_ACTIVE, SSRC))
            await engine.connect("S", "127.0.0.1", device.port)
            assert await event(engine, StreamEnded) == StreamEnded("S", "media.connect-failed")

    run(scene())


@pytest.mark.parametrize(("host", "port"), [("camera.example", 9000), ("127.0.0.1", 0), ("", 9000)])
def test_only_a_plain_address_is_called(run: Run, make: Any, host: str, port: int) -> None:
    async def scene() -> None:
        async with make() as engine:
            await engine.open_receiver(ReceiveSpec("S", Transport.TCP_ACTIVE, SSRC))
            await engine.open_sender(SendSpec("B", Transport.UDP, SSRC))
            for stream in ("S", "B"):
                with pytest.raises(CivicamError) as caught:
                    await engine.connect(stream, host, port)
                assert caught.value.code == "media.bad-address"

    run(scene())


def transport_stream(camera: Any) -> bytes:
    """The clip as FFmpeg muxes it."""
    sender = camera(9)
    sender.stop()
    source = b"".join(picture.data for picture in sender.clip)
    file = io.BytesIO()
    with av.open(io.BytesIO(source), "r", format="h264") as pictures, av.open(file, "w", "mpegts") as out:
        stream = out.add_stream_from_template(pictures.streams.video[0])
        for number, packet in enumerate(pictures.demux(video=0)):
            if packet.size:
                packet.stream, packet.pts, packet.dts = stream, number * 3600, number * 3600
                with contextlib.suppress(ValueError):
                    out.mux(packet)
    return file.getvalue()


@pytest.mark.parametrize("payload_type", [33, 96])
def test_a_transport_stream_in_place_of_ps_is_shown_and_said(
    run: Run, make: Any, camera: Any, payload_type: int
) -> None:
    async def scene() -> None:
        data = transport_stream(camera)
        packetiser = RtpPacketiser(ssrc=SSRC, payload_type=payload_type, payload_size=7 * 188)
        async with make() as engine, answering(packetiser.packets(data, 0)) as device:
            await engine.open_receiver(ReceiveSpec("S", Transport.TCP_ACTIVE, SSRC))
            await engine.pin("S", ssrc=SSRC, source_host="127.0.0.1")
            await engine.connect("S", "127.0.0.1", device.port)
            started = await event(engine, StreamStarted)
            assert (started.codec, started.width, started.height) == (Codec.H264, 320, 240)
            await figures(engine, lambda s: "media.ts-not-ps" in s.warnings and s.gop_frames == 50)

    run(scene())


def test_an_elementary_stream_is_read_as_the_answer_says(run: Run, make: Any, camera: Any) -> None:
    async def scene() -> None:
        sender = camera(9)
        sender.stop()
        packetiser = NalPacketiser(Codec.H264, ssrc=SSRC, payload_type=98)
        packets = [
            packet
            for number, picture in enumerate(sender.clip)
            for packet in packetiser.packets(picture.data, number * 3600)
        ]
        async with make() as engine, answering(packets) as device:
            await engine.open_receiver(ReceiveSpec("S", Transport.TCP_ACTIVE, SSRC))
            await engine.pin("S", ssrc=SSRC, source_host="127.0.0.1", encoding="H264")
            await engine.connect("S", "127.0.0.1", device.port)
            assert (await event(engine, StreamStarted)).codec is Codec.H264
            await figures(engine, lambda s: s.gop_frames == 50 and not s.warnings)

    run(scene())


def test_ps_comes_through_whatever_the_answer_called_it(run: Run, make: Any, camera: Any) -> None:
    async def scene() -> None:
        async with make() as engine, answering(packets_of(camera, 60)) as device:
            await engine.open_receiver(ReceiveSpec("S", Transport.TCP_ACTIVE, SSRC))
            await engine.pin("S", ssrc=SSRC, source_host="127.0.0.1", encoding="H264")
            await engine.connect("S", "127.0.0.1", device.port)
            assert (await event(engine, StreamStarted)).codec is Codec.H264
            await figures(engine, lambda s: s.gop_frames == 50 and not s.warnings)

    run(scene())


def test_ports_that_devices_of_before_may_send_to_are_not_handed_out(run: Run, make: Any) -> None:
    async def scene() -> None:
        async with make(quarantine_s=0.0) as engine:
            first = await engine.open_receiver(ReceiveSpec("S", Transport.UDP, SSRC))
            others = [port for port in range(1024, 65536, 2) if port != first.port]
            await engine.avoid(others)
            with pytest.raises(Operational, match=r"media\.no-ports"):
                await engine.open_receiver(ReceiveSpec("T", Transport.UDP, SSRC + 1))
            await engine.allow(others)
            await engine.open_receiver(ReceiveSpec("T", Transport.UDP, SSRC + 1))

    run(scene())
