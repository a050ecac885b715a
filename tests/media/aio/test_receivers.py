"""UDP and TCP receivers on real sockets: who may feed a stream, what is reported back, what a restart does.

[camera 127.0.0.1]──RTP──►[receiver, port p]      [camera p+1]◄──RR──[receiver, port p+1]
[stranger 127.0.0.2]──✗──►
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import Any

import pytest
from tests.media.aio.receiving import OWN, SSRC, Run, datagrams, tcp, until

from civicam.kernel.errors import Operational
from civicam.media.aio import udp
from civicam.media.aio.ports import PortPool
from civicam.media.core import rtcp
from civicam.media.core.rfc4571 import frame as length_frame


def dial(port: int, host: str = "127.0.0.1") -> socket.socket:
    """A TCP connection from an address of the loopback."""
    return socket.create_connection(("127.0.0.1", port), source_address=(host, 0))


async def hung_up(line: socket.socket) -> bool:
    """Wait until the other side ends the connection."""
    line.setblocking(False)
    with contextlib.suppress(ConnectionError):
        while await asyncio.get_running_loop().sock_recv(line, 4096):
            pass
    return True


def pair(host: str = "127.0.0.1") -> tuple[socket.socket, socket.socket]:
    """Sockets on an even port and the one above, as a camera has them."""
    while True:
        rtp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        rtp.bind((host, 0))
        port = rtp.getsockname()[1]
        above = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            if port % 2 == 0:
                above.bind((host, port + 1))
                above.setblocking(False)
                return rtp, above
        except OSError:
            pass
        rtp.close()
        above.close()


# -- TCP


def test_a_second_connection_is_turned_away_while_the_first_one_sends(run: Run, camera: Any) -> None:
    async def story() -> None:
        async with tcp() as (scene, source):
            first = camera(source.port, tcp=True)
            first.send(3)
            await until(lambda: len(scene.frames) == 3)
            with dial(source.port) as second:
                assert await hung_up(second)
            assert "media.second-connection" in source.figures().warnings
            first.send(3)
            await until(lambda: len(scene.frames) == 6)
            first.stop()

    run(story())


def test_a_device_that_comes_back_after_silence_takes_over_from_its_first_packet(
    run: Run, camera: Any
) -> None:
    async def story() -> None:
        async with tcp() as (scene, source):
            first = camera(source.port, tcp=True)
            first.send(3)
            await until(lambda: len(scene.frames) == 3)
            scene.silent_for(2.1)
            second = camera(source.port, tcp=True)
            second.send(3)
            await until(lambda: len(scene.frames) == 6)
            assert await hung_up(first.socket)
            assert [frame.key for frame in scene.frames] == [True, False, False, True, False, False]
            assert scene.frames[3].discontinuity
            assert source.figures().peer == "{}:{}".format(*second.socket.getsockname())
            assert source.figures().lost == 0
            first.stop()
            second.stop()

    run(story())


def test_a_device_that_hung_up_may_come_again_at_once(run: Run, camera: Any) -> None:
    async def story() -> None:
        async with tcp() as (scene, source):
            first = camera(source.port, tcp=True)
            first.send(3)
            await until(lambda: len(scene.frames) == 3)
            first.stop()
            await until(lambda: source.idle)
            second = camera(source.port, tcp=True, ssrc=5)
            second.send(3)
            await until(lambda: len(scene.frames) == 6)
            assert "media.second-connection" not in source.figures().warnings
            second.stop()

    run(story())


def test_another_host_never_takes_over(run: Run, camera: Any) -> None:
    async def story() -> None:
        async with tcp() as (scene, source):
            first = camera(source.port, tcp=True)
            first.send(3)
            await until(lambda: len(scene.frames) == 3)
            scene.silent_for(60.0)
            with dial(source.port, "127.0.0.2") as stranger:
                assert await hung_up(stranger)
            assert "media.second-connection" in source.figures().warnings
            first.stop()

    run(story())


def test_only_the_pinned_host_may_connect(run: Run, camera: Any) -> None:
    async def story() -> None:
        async with tcp() as (scene, source):
            early = dial(source.port, "127.0.0.2")
            await until(lambda: not source.idle)
            source.pin(SSRC, "127.0.0.1")  # the answer came: it was a stranger
            assert await hung_up(early)
            with dial(source.port, "127.0.0.2") as late:
                assert await hung_up(late)
            assert source.figures().warnings[0] == "media.foreign-source"
            device = camera(source.port, tcp=True)
            device.send(3)
            await until(lambda: len(scene.frames) == 3)
            early.close()
            device.stop()

    run(story())


def test_what_is_no_framing_is_cut_off_and_said(run: Run, camera: Any) -> None:
    async def story() -> None:
        async with tcp() as (scene, source):
            with dial(source.port) as babbler:
                babbler.setblocking(False)
                with contextlib.suppress(ConnectionError):
                    await asyncio.get_running_loop().sock_sendall(babbler, b"\x01" * (2 << 20))
                assert await hung_up(babbler)
            await until(lambda: source.idle)
            assert "media.framing" in source.figures().warnings
            device = camera(source.port, tcp=True)
            device.send(3)
            await until(lambda: len(scene.frames) == 3)
            device.stop()

    run(story())


def test_a_closed_receiver_takes_nobody_and_gives_its_port_back(run: Run) -> None:
    async def story() -> None:
        async with tcp() as (scene, source):
            port, now = source.port, asyncio.get_running_loop().time()
            before = scene.pool.resting
            source.close(now)
            source.close(now)
            assert scene.pool.resting == before + 1
            await until(lambda: _refused(port))

    run(story())


def _refused(port: int) -> bool:
    with contextlib.suppress(ConnectionResetError), contextlib.suppress(ConnectionRefusedError):
        dial(port).close()
        return False
    return True


def test_an_address_that_is_not_ours_cannot_be_listened_on(run: Run) -> None:
    async def story() -> None:
        with pytest.raises(Operational) as caught:
            async with tcp("192.0.2.1"):
                pass
        assert caught.value.code == "media.bind-failed"
        pool = PortPool(43000, 43399, 0.0)
        with pytest.raises(Operational) as caught:
            udp.bind_pair(pool, "192.0.2.1", 0.0)
        assert caught.value.code == "media.bind-failed"

    run(story())


# -- UDP


def test_receiver_reports_reach_the_port_above_the_cameras(run: Run, camera: Any) -> None:
    async def story() -> None:
        rtp, above = pair()
        loop = asyncio.get_running_loop()
        async with datagrams(interval=5.0) as (scene, source):
            now = loop.time()
            source.tick(now)  # nobody to report to yet
            device = camera(source.port)
            device.socket.close()
            device.socket = rtp
            rtp.connect(("127.0.0.1", source.port))
            device.send(3)
            await until(lambda: len(scene.frames) == 3)
            for later in (0.0, 1.0, 1.9):
                source.tick(now + later)  # one report only: the next is due after five seconds
            (report,) = rtcp.parse(await loop.sock_recv(above, 2048))
            assert isinstance(report, rtcp.ReceiverReport)
            assert (report.ssrc, report.blocks[0].ssrc, report.blocks[0].last_sr) == (OWN, SSRC, 0)
            assert report.blocks[0].highest_sequence & 0xFFFF == source.figures().packets - 1
            with pytest.raises(BlockingIOError):
                above.recv(2048)
            statement = rtcp.SenderReport(SSRC, 0x0102030405060708, 0, 1, 1)
            above.sendto(rtcp.build(statement, "camera"), ("127.0.0.1", source.port + 1))
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
                stranger.bind(("127.0.0.2", 0))
                lie = rtcp.SenderReport(SSRC, 0x0AAAAAAAAAAAAAAA, 0, 1, 1)
                stranger.sendto(rtcp.build(lie, "stranger"), ("127.0.0.1", source.port + 1))
            await until(
                lambda: (block := scene.receiver.report(loop.time())) is not None and block.last_sr > 0
            )
            scene.receiver.last_packet = now + 5.0
            source.tick(now + 5.0)
            (report,) = rtcp.parse(await loop.sock_recv(above, 2048))
            assert isinstance(report, rtcp.ReceiverReport)
            assert report.blocks[0].last_sr == 0x03040506
            device.stop()
            above.close()

    run(story())


def test_a_camera_that_restarts_is_taken_up_from_its_new_port_and_ssrc(run: Run, camera: Any) -> None:
    async def story() -> None:
        async with datagrams() as (scene, source):
            first = camera(source.port)
            first.send(3)
            await until(lambda: len(scene.frames) == 3)
            second = camera(source.port, ssrc=5)
            second.send(3)  # the kernel keeps these away, and says so: the first has the stream
            second.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            first.send(1)
            await until(lambda: len(scene.frames) == 4)
            assert source.figures().peer == "{}:{}".format(*first.socket.getsockname())
            first.stop()
            scene.silent_for(2.1)
            source.tick(asyncio.get_running_loop().time())
            assert source.figures().peer == ""
            second.number = 0
            second.send(3)
            await until(lambda: len(scene.frames) == 7)
            after = scene.frames[4:]
            assert (after[0].key, after[0].discontinuity) == (True, True)
            stamps = [frame.dts for frame in scene.frames]
            assert stamps == sorted(stamps)
            assert {"media.ssrc-changed", "media.ssrc-mismatch"} <= set(source.figures().warnings)
            assert source.figures().peer == "{}:{}".format(*second.socket.getsockname())
            second.stop()

    run(story())


def test_the_answer_may_name_another_host_than_the_first_sender(run: Run, camera: Any) -> None:
    async def story() -> None:
        async with datagrams() as (scene, source):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
                line.bind(("127.0.0.2", 0))
                line.connect(("127.0.0.1", source.port))
                stranger = camera(source.port, ssrc=5)
                for packet in stranger.packets():
                    line.send(packet)
                await until(lambda: len(scene.frames) == 1 and source.figures().peer.startswith("127.0.0.2"))
                source.pin(SSRC, "127.0.0.1")
                assert source.figures().peer == ""
                for packet in stranger.packets():
                    line.send(packet)
                await until(lambda: "media.foreign-source" in source.figures().warnings)
                stranger.stop()
            device, before = camera(source.port), len(scene.frames)
            device.send(3)
            await until(lambda: len(scene.frames) == before + 3)
            assert source.figures().peer.startswith("127.0.0.1")
            device.stop()

    run(story())


def test_a_port_taken_in_the_moment_of_a_restart_is_said(
    run: Run, camera: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        async with datagrams() as (scene, source):
            device = camera(source.port)
            device.send(3)
            await until(lambda: len(scene.frames) == 3)
            scene.silent_for(2.1)

            def taken(host: str, port: int) -> socket.socket:
                raise OSError("taken")

            monkeypatch.setattr(udp, "_bind", taken)
            source.tick(asyncio.get_running_loop().time())
            assert "media.port-lost" in source.figures().warnings
            source.tick(asyncio.get_running_loop().time() + 1)
            device.stop()

    run(story())


def test_tcp_frames_may_come_in_any_pieces(run: Run, camera: Any) -> None:
    async def story() -> None:
        async with tcp() as (scene, source):
            device = camera(source.port, tcp=True)
            data = b"".join(length_frame(packet) for _ in range(3) for packet in device.packets())
            for start in range(0, len(data), 997):
                device.socket.sendall(data[start : start + 997])
                await asyncio.sleep(0)
            await until(lambda: len(scene.frames) == 3)
            assert source.figures().lost == 0
            device.stop()

    run(story())
