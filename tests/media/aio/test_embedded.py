"""The embedded engine's own promises: workers that die, end and refuse, and viewers that misbehave."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin, Subprotocol

from civicam.kernel.errors import CivicamError
from civicam.media.aio.embedded import EmbeddedEngine, split
from civicam.media.engine import (
    Door,
    EngineRestarted,
    ReceiveSpec,
    StreamStarted,
    Transport,
    WireFormat,
)
from civicam.media.settings import MediaSettings

Run = Callable[[Coroutine[Any, Any, None]], None]
RUN = "import sys; from civicam.media.aio.worker import main; sys.exit(main(int(sys.argv[1])))"
WORKER = (sys.executable, "-c", RUN)


def settings(**changed: Any) -> MediaSettings:
    values: dict[str, Any] = {
        "workers": 1,
        "rtp_host": "127.0.0.1",
        "rtp_port_first": 42400,
        "rtp_port_last": 42799,
        "viewer_host": "127.0.0.1",
        "viewer_port": 0,
        "restart_first_s": 0.05,
        "linger_s": 60.0,
    }
    return MediaSettings(**{**values, **changed})


async def engine(**changed: Any) -> EmbeddedEngine:
    started = EmbeddedEngine(settings(**changed), command=WORKER)
    await started.start()
    return started


async def event(found: EmbeddedEngine, kind: type[Any]) -> Any:
    while not isinstance(got := await found.next_event(), kind):
        pass
    return got


def watch(door: Door, ticket: str, **more: Any) -> connect:
    offered = [Subprotocol("civicam.media.v1"), Subprotocol(f"ticket.{ticket}")]
    return connect(f"ws://127.0.0.1:{door.port}{door.path}", subprotocols=offered, max_size=None, **more)


def test_a_worker_killed_is_started_again_and_its_streams_are_named(run: Run, camera: Any) -> None:
    async def scene() -> None:
        ours = await engine()
        await ours.open_receiver(ReceiveSpec("S", Transport.UDP, 200000017))
        pid = ours.workers()[0].pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        assert await event(ours, EngineRestarted) == EngineRestarted(("S",))
        assert await ours.stats() == []
        with pytest.raises(CivicamError):
            await ours.pin("S", ssrc=1, source_host=None)
        while ours.workers()[0].state != "ready":  # noqa: ASYNC110 -- the engine tells nobody, by design
            await asyncio.sleep(0)
        assert ours.workers()[0].restarts == 1
        port = await ours.open_receiver(ReceiveSpec("S", Transport.UDP, 200000017))
        while ours.workers()[0].holds.get("ports") != 1:  # noqa: ASYNC110 -- told every other second
            await asyncio.sleep(0.05)
        assert ours.workers()[0].holds["streams"] == 1
        sender = camera(port.port).start()
        assert (await event(ours, StreamStarted)).stream_id == "S"
        sender.stop()
        await ours.aclose()
        assert ours.workers()[0].state == "stopped"

    run(scene())


def test_a_call_in_flight_when_the_worker_dies_fails_by_name(run: Run) -> None:
    async def scene() -> None:
        ours = await engine(restart_first_s=30.0)
        pid = ours.workers()[0].pid
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        asked = asyncio.ensure_future(ours.open_receiver(ReceiveSpec("S", Transport.UDP, 200000017)))
        await asyncio.sleep(0)
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(CivicamError) as caught:
            await asked
        assert caught.value.code == "media.worker-lost"
        with pytest.raises(CivicamError) as caught:
            await ours.open_receiver(ReceiveSpec("S", Transport.UDP, 200000017))
        assert caught.value.code == "media.no-worker"
        await ours.aclose()

    run(scene())


def test_sigterm_sends_viewers_away_in_order(run: Run, camera: Any) -> None:
    async def scene() -> None:
        ours = await engine(restart_first_s=30.0)
        port = await ours.open_receiver(ReceiveSpec("S", Transport.UDP, 200000017))
        sender = camera(port.port).start()
        await event(ours, StreamStarted)
        door = await ours.admit("S", "t", WireFormat.ANNEXB, "*", 60)
        async with watch(door, "t") as viewer:
            await viewer.recv()
            pid = ours.workers()[0].pid
            assert pid is not None
            os.kill(pid, signal.SIGTERM)
            async for _message in viewer:  # to the orderly end: 1001 raises nothing here
                pass
            assert viewer.close_code == 1001
        assert isinstance(await event(ours, EngineRestarted), EngineRestarted)
        sender.stop()
        await ours.aclose()

    run(scene())


def test_a_viewer_that_reads_nothing_is_closed_and_harms_nobody(run: Run, camera: Any) -> None:
    async def scene() -> None:
        ours = await engine(viewer_queue_bytes=65536, viewer_skips=2)
        port = await ours.open_receiver(ReceiveSpec("S", Transport.UDP, 200000017))
        sender = camera(port.port).start()
        await event(ours, StreamStarted)
        await ours.admit("S", "deaf", WireFormat.ANNEXB, "*", 60)
        door = await ours.admit("S", "good", WireFormat.ANNEXB, "*", 60)
        deaf = socket.socket()
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.connect(("127.0.0.1", door.port))
        deaf.sendall(
            f"GET {door.path} HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Protocol: civicam.media.v1, ticket.deaf\r\n\r\n".encode()
        )
        async with watch(door, "good") as viewer:
            while (await ours.stats())[0].viewers != 2:
                await viewer.recv()
            last = None
            while (await ours.stats())[0].viewers != 1:
                message = await viewer.recv()
                if isinstance(message, bytes):
                    number = int.from_bytes(message[4:8], "big")
                    assert last is None or number == last + 1, "the good viewer misses nothing"
                    last = number
            assert (await ours.stats())[0].viewer_drops > 0
            assert (await ours.stats())[0].lost == 0
        deaf.close()
        sender.stop()
        await ours.aclose()

    run(scene())


def test_pages_of_other_sites_stay_outside(run: Run) -> None:
    async def scene() -> None:
        ours = await engine()
        await ours.open_receiver(ReceiveSpec("S", Transport.UDP, 200000017))
        door = await ours.admit("S", "t", WireFormat.ANNEXB, "*", 60)
        with pytest.raises(InvalidStatus) as refused:
            await watch(door, "t", origin=Origin("https://evil.example"))
        assert refused.value.response.status_code == 403
        with pytest.raises(InvalidStatus) as refused:
            await watch(Door(door.port, "/other"), "t")
        assert refused.value.response.status_code == 404
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"ws://127.0.0.1:{door.port}{door.path}")
        assert refused.value.response.status_code == 400
        async with watch(door, "t", origin=Origin("http://127.0.0.1:8080")) as viewer:
            await viewer.recv()
        await ours.aclose()

    run(scene())


def test_a_taken_viewer_port_is_said_plainly(run: Run) -> None:
    async def scene() -> None:
        with socket.create_server(("127.0.0.1", 0)) as squatter:
            port = squatter.getsockname()[1]
            with pytest.raises(CivicamError) as caught:
                await engine(viewer_port=port)
            assert caught.value.code == "media.door-taken"
            assert str(port) in str(caught.value)

    run(scene())


def test_a_worker_that_does_not_start_is_said_plainly(run: Run) -> None:
    async def scene() -> None:
        for command in ((sys.executable, "-c", "pass"), ("/nonexistent/civicam",)):
            ours = EmbeddedEngine(settings(), command=command)
            with pytest.raises(CivicamError) as caught:
                await ours.start()
            assert caught.value.code == "media.worker-failed"

    run(scene())


def test_workers_share_the_ports_without_overlap() -> None:
    shares = split(MediaSettings(workers=3, rtp_port_first=30001, rtp_port_last=30020, viewer_port=8081))
    assert [(s.rtp_port_first, s.rtp_port_last) for s in shares] == [
        (30002, 30007),
        (30008, 30013),
        (30014, 30019),
    ]
    assert [s.viewer_port for s in shares] == [8081, 8082, 8083]
    with pytest.raises(CivicamError) as caught:
        split(MediaSettings(workers=8, rtp_port_first=30000, rtp_port_last=30013))
    assert caught.value.code == "media.too-few-ports"


def test_the_command_line_starts_a_worker(run: Run) -> None:
    async def scene() -> None:
        ours = EmbeddedEngine(settings())
        await ours.start()
        assert ours.workers()[0].viewer_port > 0
        await ours.aclose()

    run(scene())
