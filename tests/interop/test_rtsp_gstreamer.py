"""An RTSP server that is not ours is asked, pulled, lost and found again.

[GStreamer, Digest] ──RTSP, TCP──► [engine] ──► picture
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
import uvloop

from civicam.media.aio.embedded import EmbeddedEngine
from civicam.media.aio.rtsp_probe import RtspProber
from civicam.media.core.unit import Codec
from civicam.media.engine import PullSpec, StreamEnded, StreamStarted
from civicam.media.settings import MediaSettings

pytestmark = pytest.mark.interop

SYSTEM_PYTHON = "/usr/bin/python3"
NEEDED = 'import gi; gi.require_version("GstRtspServer", "1.0"); from gi.repository import GstRtspServer'
RUN = "import sys; from civicam.media.aio.worker import main; sys.exit(main(int(sys.argv[1])))"
PASSWORD = "made-for-this-test"
SETTINGS = MediaSettings(
    workers=1,
    rtp_host="127.0.0.1",
    viewer_host="127.0.0.1",
    viewer_port=0,
    rtp_port_first=43000,
    rtp_port_last=43099,
    rtsp_retry_first_s=0.1,
    rtcp_interval_s=1.0,
)


def run(scene: Coroutine[Any, Any, None]) -> None:
    async def limited() -> None:
        async with asyncio.timeout(60):
            await scene

    uvloop.run(limited())


class Server:
    """One running GStreamer server."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        assert process.stdout is not None
        self.port = int(process.stdout.readline())

    def stop(self) -> None:
        """As a power cut ends it."""
        self._process.kill()
        self._process.communicate()


def start_server(port: int = 0, *more: str) -> Server:
    """Start one, or skip with what to install."""
    if (
        not Path(SYSTEM_PYTHON).exists()
        or subprocess.run([SYSTEM_PYTHON, "-c", NEEDED], check=False).returncode
    ):
        pytest.skip(
            "no GStreamer RTSP server: apt-get install python3-gi gir1.2-gst-rtsp-server-1.0 "
            "gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-ugly"
        )
    script = Path(__file__).with_name("rtsp_server.py")
    return Server(
        subprocess.Popen(
            [SYSTEM_PYTHON, str(script), PASSWORD, str(port), *more],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
    )


@pytest.fixture
def server() -> Iterator[Callable[..., int]]:
    """``server()`` starts one and gives its port."""
    running: list[Server] = []

    def start(*more: str) -> int:
        running.append(start_server(0, *more))
        return running[-1].port

    yield start
    for each in running:
        each.stop()


async def event(engine: EmbeddedEngine, kind: type[Any]) -> Any:
    while not isinstance(got := await engine.next_event(), kind):
        pass
    return got


def test_it_is_asked_and_says_what_it_has(server: Callable[..., int]) -> None:
    url = f"rtsp://127.0.0.1:{server()}/dome"

    async def scene() -> None:
        prober = RtspProber(SETTINGS)
        there = await prober.probe(url, "viewer", PASSWORD, 10.0)
        assert there.alive
        assert there.codecs == ("h264", "pcma")
        assert there.server.startswith("GStreamer")
        wrong = await prober.probe(url, "viewer", "wrong", 10.0)
        assert (wrong.alive, wrong.code) == (False, "media.rtsp-unauthorized")
        missing = await prober.probe(url + "x", "viewer", PASSWORD, 10.0)
        assert (missing.alive, missing.code) == (False, "media.rtsp-not-found")

    run(scene())


def pulled(url: str, settings: MediaSettings) -> None:
    """The source is shown, loses nothing, and ends when it is closed."""

    async def scene() -> None:
        engine = EmbeddedEngine(settings, command=(sys.executable, "-c", RUN))
        await engine.start()
        try:
            await engine.pull(PullSpec("D", url, "viewer", PASSWORD))
            started = await event(engine, StreamStarted)
            assert (started.codec, started.width, started.height) == (Codec.H264, 320, 240)
            assert (await engine.snapshot("D")).startswith(b"\xff\xd8")
            while (stats := (await engine.stats())[0]).packets < 50:
                pass
            assert (stats.lost, stats.foreign) == (0, 0)
            await engine.close("D")
            assert (await event(engine, StreamEnded)).code == "media.closed"
        finally:
            await engine.aclose()

    run(scene())


def test_it_is_pulled_and_its_picture_decodes(server: Callable[..., int]) -> None:
    pulled(f"rtsp://127.0.0.1:{server()}/dome", SETTINGS)


def test_a_wrong_password_ends_the_stream_with_its_code(server: Callable[..., int]) -> None:
    url = f"rtsp://127.0.0.1:{server()}/dome"

    async def scene() -> None:
        engine = EmbeddedEngine(SETTINGS, command=(sys.executable, "-c", RUN))
        await engine.start()
        try:
            await engine.pull(PullSpec("D", url, "viewer", "wrong"))
            assert await event(engine, StreamEnded) == StreamEnded("D", "media.rtsp-unauthorized")
        finally:
            await engine.aclose()

    run(scene())


@pytest.mark.parametrize("transport", ["auto", "udp"])
def test_a_server_without_rtp_over_tcp_is_pulled_over_udp(
    server: Callable[..., int], transport: Literal["auto", "udp"]
) -> None:
    settings = SETTINGS.model_copy(update={"rtsp_transport": transport})
    pulled(f"rtsp://127.0.0.1:{server('udp')}/dome", settings)


def test_who_wants_tcp_alone_is_told_that_there_is_none(server: Callable[..., int]) -> None:
    url = f"rtsp://127.0.0.1:{server('udp')}/dome"

    async def scene() -> None:
        settings = SETTINGS.model_copy(update={"rtsp_transport": "tcp"})
        engine = EmbeddedEngine(settings, command=(sys.executable, "-c", RUN))
        await engine.start()
        try:
            await engine.pull(PullSpec("D", url, "viewer", PASSWORD))
            assert await event(engine, StreamEnded) == StreamEnded("D", "media.rtsp-udp-only")
        finally:
            await engine.aclose()

    run(scene())
