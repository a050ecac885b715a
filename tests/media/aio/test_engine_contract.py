"""What every `MediaEngine` must do; runs against each implementation.

[camera] ──PS over RTP──► [engine] ──WebSocket──► [viewer]
"""

from __future__ import annotations

import asyncio
import io
import socket
from typing import Any

import pytest
from PIL import Image
from tests.media.aio.engines import SSRC, Run, binary, closed, event, figures, text, watch

from civicam.kernel.errors import CivicamError
from civicam.media.core.unit import Codec
from civicam.media.engine import (
    Idle,
    ReceiveSpec,
    StreamEnded,
    StreamStalled,
    StreamStarted,
    Transport,
    ViewerLeft,
    WireFormat,
    viewer_name,
)


@pytest.mark.parametrize("transport", [Transport.UDP, Transport.TCP_PASSIVE])
def test_a_camera_is_seen_from_its_first_key_frame_to_the_end(
    run: Run, make: Any, camera: Any, transport: Transport
) -> None:
    async def scene() -> None:
        async with make() as engine:
            port = await engine.open_receiver(ReceiveSpec("S", transport, SSRC))
            assert port.host == "127.0.0.1"
            assert port.port % 2 == 0
            sender = camera(port.port, tcp=transport is Transport.TCP_PASSIVE).start()
            await engine.pin("S", ssrc=SSRC, source_host="127.0.0.1")
            started = await event(engine, StreamStarted)
            assert (started.codec, started.width, started.height) == (Codec.H264, 320, 240)
            assert started.codec_string.startswith("avc1.")
            door = await engine.admit("S", "t1", WireFormat.ANNEXB, "127.0.0.1", 60)
            async with watch(door, "t1") as viewer:
                assert viewer.subprotocol == "civicam.media.v1"
                init = await text(viewer, "init")
                assert (init["format"], init["codec"]) == ("annexb", started.codec_string)
                assert (await text(viewer, "state"))["state"] == "playing"
                head, payload = await binary(viewer)
                assert (head[0], head[1] & 1, head[2]) == (1, 1, 1)
                assert payload.startswith(b"\0\0\0\1")
                following, _ = await binary(viewer)
                assert following[3] == head[3] + 1
                assert following[4] - head[4] == 40_000
                stats = await text(viewer, "stats")
                assert stats["stream_id"] == "S"
                assert stats["lost"] == 0
                seen = await figures(engine, lambda s: s.viewers == 1 and s.kbps > 0)
                assert seen.source == f"127.0.0.1:{sender.socket.getsockname()[1]}"
                picture = Image.open(io.BytesIO(await engine.snapshot("S")))
                assert (picture.format, picture.size) == ("JPEG", (320, 240))
                await engine.close("S")
                assert (await text(viewer, "end"))["code"] == "media.closed"
                assert await closed(viewer) == 4404
            sender.stop()
            assert await event(engine, StreamEnded) == StreamEnded("S", "media.closed")
            await engine.close("S")
            assert await engine.stats() == []

    run(scene())


def test_an_mse_viewer_gets_one_fragment_a_picture(run: Run, make: Any, camera: Any) -> None:
    async def scene() -> None:
        import av

        async with make() as engine:
            port = await engine.open_receiver(ReceiveSpec("S", Transport.UDP, SSRC))
            sender = camera(port.port).start()
            await event(engine, StreamStarted)
            door = await engine.admit("S", "t", WireFormat.FMP4, "*", 60)
            async with watch(door, "t") as viewer:
                assert (await text(viewer, "init"))["mime"].startswith('video/mp4; codecs="avc1.')
                head, movie = await binary(viewer)
                assert head[0] == 3
                for number in range(30):
                    head, fragment = await binary(viewer)
                    assert (head[0], bool(head[1] & 1)) == (4, number == 0 or bool(head[1] & 1))
                    movie += fragment
            sender.stop()
            with av.open(io.BytesIO(movie), "r") as container:
                assert len(list(container.decode(video=0))) == 30

    run(scene())


def test_a_ticket_is_for_one_connection_in_time_and_can_be_taken_back(
    run: Run, make: Any, camera: Any
) -> None:
    async def scene() -> None:
        async with make() as engine:
            await engine.open_receiver(ReceiveSpec("S", Transport.UDP, SSRC))
            door = await engine.admit("S", "good", WireFormat.ANNEXB, "127.0.0.1", 60)
            await engine.admit("S", "late", WireFormat.ANNEXB, "127.0.0.1", 0.0)
            await engine.admit("S", "other", WireFormat.ANNEXB, "192.0.2.1", 60)
            async with watch(door, "good") as viewer:
                assert (await text(viewer, "state"))["state"] == "playing"
                for ticket in ("good", "late", "other", "never-made", ""):
                    async with watch(door, ticket) as stranger:
                        assert await closed(stranger) == 4401
                await engine.revoke("good")
                assert await closed(viewer) == 4401
            await engine.revoke("good")

    run(scene())


def test_two_viewers_share_a_stream_and_idleness_is_told_after_the_last(
    run: Run, make: Any, camera: Any
) -> None:
    async def scene() -> None:
        async with make(linger_s=0.5) as engine:
            port = await engine.open_receiver(ReceiveSpec("S", Transport.UDP, SSRC))
            sender = camera(port.port).start()
            await event(engine, StreamStarted)
            doors = [await engine.admit("S", t, WireFormat.ANNEXB, "*", 60) for t in ("a", "b")]
            async with watch(doors[0], "a") as one, watch(doors[1], "b") as other:
                assert (await binary(one))[0][1] & 1
                assert (await binary(other))[0][1] & 1
                await figures(engine, lambda s: s.viewers == 2)
            left = {(await event(engine, ViewerLeft)).viewer for _ in doors}
            assert left == {viewer_name("a"), viewer_name("b")}
            await figures(engine, lambda s: s.viewers == 0)
            assert await event(engine, Idle) == Idle("S")
            assert await event(engine, Idle) == Idle("S"), "told again: the first may have come untimely"
            sender.stop()

    run(scene())


def test_who_never_came_is_told_when_the_ticket_is_over(run: Run, make: Any) -> None:
    async def scene() -> None:
        async with make() as engine:
            await engine.open_receiver(ReceiveSpec("S", Transport.UDP, SSRC))
            await engine.admit("S", "unused", WireFormat.ANNEXB, "*", 0.1)
            assert await event(engine, ViewerLeft) == ViewerLeft("S", viewer_name("unused"))

    run(scene())


def test_a_camera_that_stops_in_the_middle_of_a_picture_is_called_stalled(
    run: Run, make: Any, camera: Any
) -> None:
    async def scene() -> None:
        async with make(stream_timeout_s=3.0) as engine:
            port = await engine.open_receiver(ReceiveSpec("S", Transport.UDP, SSRC))
            sender = camera(port.port)
            sender.send(60)
            sender.socket.send(sender.packets()[0])
            await event(engine, StreamStarted)
            door = await engine.admit("S", "t", WireFormat.ANNEXB, "*", 60)
            async with watch(door, "t") as viewer:
                assert (await binary(viewer))[0][1] & 1, "what was whole is shown"
                stalled = await event(engine, StreamStalled)
                assert (stalled.stream_id, stalled.code) == ("S", "media.no-packets")
                while (shown := await text(viewer, "state"))["state"] == "playing":
                    pass
                assert (shown["state"], shown["reason"]) == ("stalled", "media.no-packets")
                assert (await text(viewer, "end"))["code"] == "media.stream-timeout"
                assert await closed(viewer) == 4404
            assert (await event(engine, StreamEnded)).code == "media.stream-timeout"
            sender.stop()

    run(scene())


def test_garbage_in_good_packets_is_packets_without_pictures(run: Run, make: Any, camera: Any) -> None:
    async def scene() -> None:
        async with make() as engine:
            port = await engine.open_receiver(ReceiveSpec("S", Transport.UDP, SSRC))
            sender = camera(port.port)
            loop, timers = asyncio.get_running_loop(), list[asyncio.TimerHandle]()

            def garbage() -> None:
                for packet in sender.packets():
                    sender.socket.send(packet[:12] + bytes(b ^ 0x55 for b in packet[12:]))
                timers.append(loop.call_later(0.02, garbage))

            garbage()
            stalled = await event(engine, StreamStalled)
            assert stalled.code == "media.no-pictures"
            with pytest.raises(CivicamError) as caught:
                await engine.snapshot("S")
            assert caught.value.code == "media.no-key-frame"
            timers[-1].cancel()
            sender.start()  # and now the real thing
            await event(engine, StreamStarted)
            sender.stop()

    run(scene())


def test_loss_is_counted_and_shown_and_the_pictures_go_on(run: Run, make: Any, camera: Any) -> None:
    async def scene() -> None:
        async with make() as engine:
            port = await engine.open_receiver(ReceiveSpec("S", Transport.UDP, SSRC))
            sender = camera(port.port, lose=frozenset(range(10, 1000, 5))).start()
            await event(engine, StreamStarted)
            door = await engine.admit("S", "t", WireFormat.ANNEXB, "*", 60)
            async with watch(door, "t") as viewer:
                while not (await binary(viewer))[0][1] & 2:
                    pass
                assert (await text(viewer, "stats"))["lost"] > 0
            await figures(engine, lambda s: s.lost > 0 and "media.loss" in s.warnings)
            sender.stop()

    run(scene())


def test_another_ssrc_than_agreed_is_taken_with_a_warning(run: Run, make: Any, camera: Any) -> None:
    async def scene() -> None:
        async with make() as engine:
            port = await engine.open_receiver(ReceiveSpec("S", Transport.UDP, SSRC))
            sender = camera(port.port, ssrc=7).start()
            early = await figures(engine, lambda s: "media.early-sender" in s.warnings)
            assert early.packets == 0, "before the answer it may be anybody: a device of before our restart"
            assert early.foreign > 0
            await engine.pin("S", ssrc=None, source_host=None)
            await event(engine, StreamStarted)
            await figures(engine, lambda s: "media.ssrc-mismatch" in s.warnings)
            sender.stop()

    run(scene())


def test_packets_from_elsewhere_are_dropped(run: Run, make: Any, camera: Any) -> None:
    async def scene() -> None:
        async with make() as engine:
            port = await engine.open_receiver(ReceiveSpec("S", Transport.UDP, SSRC, "192.0.2.9"))
            sender = camera(port.port).start()
            seen = await figures(engine, lambda s: "media.foreign-source" in s.warnings)
            assert seen.packets == 0
            assert seen.foreign > 0
            await engine.pin("S", ssrc=None, source_host="127.0.0.1")
            await event(engine, StreamStarted)
            sender.stop()

    run(scene())


def test_a_port_in_use_is_passed_over_and_none_left_is_said(run: Run, make: Any) -> None:
    async def scene() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as squatter:
            squatter.bind(("127.0.0.1", 0))
            taken = squatter.getsockname()[1] & ~1
            async with make(rtp_port_first=taken, rtp_port_last=taken + 3, quarantine_s=60.0) as engine:
                port = await engine.open_receiver(ReceiveSpec("S", Transport.UDP, SSRC))
                assert port.port == taken + 2
                with pytest.raises(CivicamError) as caught:
                    await engine.open_receiver(ReceiveSpec("T", Transport.UDP, SSRC))
                assert caught.value.code == "media.no-ports"
                await engine.close("S")
                with pytest.raises(CivicamError):  # the port rests
                    await engine.open_receiver(ReceiveSpec("T", Transport.UDP, SSRC))

    run(scene())


def test_what_is_not_there_has_a_code(run: Run, make: Any) -> None:
    async def scene() -> None:
        async with make() as engine:
            for call in (
                engine.snapshot("nobody"),
                engine.pin("nobody", ssrc=1, source_host=None),
                engine.admit("nobody", "t", WireFormat.FMP4, "*", 60),
            ):
                with pytest.raises(CivicamError) as caught:
                    await call
                assert caught.value.code == "media.no-stream"
            await engine.open_receiver(ReceiveSpec("S", Transport.UDP, SSRC))
            with pytest.raises(CivicamError) as caught:
                await engine.open_receiver(ReceiveSpec("S", Transport.UDP, SSRC))
            assert caught.value.code == "media.stream-exists"

    run(scene())
