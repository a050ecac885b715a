"""What the simulator sends, seen by a program that is not ours: ffprobe reads PS and pulls RTSP."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from civicam.media.core.rtp import parse as parse_rtp
from civicam.simulator.city import Plan, fixed_secrets, generate
from civicam.simulator.description import City
from civicam.simulator.faults import Condition
from civicam.simulator.options import Options
from civicam.simulator.picture import SUB, codec_of
from civicam.simulator.run import Simulation
from civicam.simulator.transmit import Stream, Tally, Transmitter

pytestmark = [
    pytest.mark.interop,
    pytest.mark.skipif(shutil.which("ffprobe") is None, reason="ffprobe is absent: apt install ffmpeg"),
]

LIMIT_S = 60.0


@pytest.fixture(scope="module")
def city() -> City:
    return generate(Plan(seed=1), fixed_secrets(1))


async def probe(*arguments: str) -> list[dict[str, Any]]:
    """Run ffprobe and give the streams it found."""
    process = await asyncio.create_subprocess_exec(
        "ffprobe", "-v", "error", "-of", "json", "-show_streams", *arguments,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(LIMIT_S):
        out, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    found: list[dict[str, Any]] = json.loads(out)["streams"]
    return found


@pytest.mark.parametrize("word", ["h264", "h265"])
def test_ffprobe_decodes_the_program_stream(city: City, tmp_path: Path, word: str) -> None:
    async def story() -> None:
        chosen = replace(city.channels[0], sub_codec="h265" if word == "h265" else "h264")
        owner = next(each for each in city.devices if each.gb_id == chosen.device)
        one = replace(city, devices=(owner,), channels=(chosen,))
        simulation = Simulation(one, Options(workshops=1, spread_s=3600))
        await simulation.start()
        loop = asyncio.get_running_loop()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
            receiver.bind(("127.0.0.1", 0))
            receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
            receiver.setblocking(False)
            sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            sender.connect(receiver.getsockname())
            stream = Stream(codec_of(word), "none", 200000017)
            sink = Transmitter(sender, stream, Condition(), Tally(), broken=lambda: None)
            studio = simulation.studio
            assert studio is not None
            studio.open(chosen.gb_id, SUB, sink)
            dump = bytearray()
            pictures = 0
            async with asyncio.timeout(LIMIT_S):
                while pictures < 30:
                    packet = parse_rtp(await loop.sock_recv(receiver, 1 << 16))
                    assert packet is not None
                    dump += packet.payload
                    pictures += packet.marker
            studio.close(chosen.gb_id, SUB, sink)
            sink.close()
        await simulation.stop()
        path = tmp_path / "dump.ps"
        path.write_bytes(dump)
        (video,) = await probe("-count_frames", "-f", "mpeg", str(path))
        assert video["codec_name"] == {"h264": "h264", "h265": "hevc"}[word]
        assert (video["width"], video["height"]) == (640, 360)
        assert int(video["nb_read_frames"]) >= 28

    asyncio.run(story())


def test_ffprobe_pulls_rtsp_with_digest_and_is_refused_without(city: City) -> None:
    async def story() -> None:
        device = next(each for each in city.devices if each.protocol == "rtsp")
        rtsp_only = replace(
            city,
            devices=tuple(each for each in city.devices if each.protocol == "rtsp"),
            channels=tuple(each for each in city.channels if each.device == device.gb_id),
        )
        simulation = Simulation(rtsp_only, Options(workshops=1, rtsp=("127.0.0.1", free_port())))
        await simulation.start()
        try:
            place = f"127.0.0.1:{simulation.rtsp_port}/{device.gb_id}/sub"
            wanted = ("-rtsp_transport", "tcp", "-read_intervals", "%+#5", "-count_packets")
            right = f"rtsp://{device.username}:{device.secret}@{place}"
            (video,) = await probe(*wanted, right)
            assert (video["codec_name"], video["width"], video["height"]) == ("h264", 640, 360)
            with pytest.raises(AssertionError, match="401"):
                await probe(*wanted, f"rtsp://{device.username}:guess@{place}")
        finally:
            await simulation.stop()

    asyncio.run(story())


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe_socket:
        probe_socket.bind(("127.0.0.1", 0))
        return int(probe_socket.getsockname()[1])
