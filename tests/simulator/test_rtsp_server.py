"""The simulated RTSP server watched by the platform's own client, over a real socket, while things break.

[studio]──►[RTSP server]══TCP══►[RtspSource]
               ▲ faults
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from civicam.kernel.errors import Operational
from civicam.media.aio.rtsp_source import RtspSettings, RtspSource
from civicam.media.core.unit import Frame
from civicam.media.engine import PullSpec
from civicam.simulator.description import City, Device
from civicam.simulator.faults import Condition, Faults
from civicam.simulator.picture import Profile
from civicam.simulator.rtsp_server import RtspServer
from civicam.simulator.scene.mood import Mood
from civicam.simulator.studio import Studio
from civicam.simulator.workshop_wire import Part

WAIT_S = 30.0
SMALL = Profile(320, 180, 512)
RAIN = Mood(1, "road", "day", "rain")
"""It falls everywhere, so every picture differs from the last."""


@dataclass
class Stage:
    """A server with one RTSP device, and a client that pulls from it."""

    device: Device
    faults: Faults
    server: RtspServer
    port: int
    frames: list[Frame] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    source: RtspSource = field(init=False)

    def pull(self, secret: str | None = None) -> RtspSource:
        url = f"rtsp://127.0.0.1:{self.port}/{self.device.gb_id}/sub"
        spec = PullSpec("S", url, self.device.username, secret or self.device.secret)
        settings = RtspSettings(False, 8.0, 0.01, 0.02, 5.0, 1)
        self.source = RtspSource(spec, settings, self._push, self.ended.append)
        return self.source

    def warnings(self) -> tuple[str, ...]:
        """What the newest client finds odd."""
        return self.source.figures().warnings

    def _push(self, frames: Any) -> None:
        self.frames.extend(frames)
        self.news.set()

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(WAIT_S):
            while not true():
                self.news.clear()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self.news.wait(), 0.01)

    async def pictures(self, count: int = 3) -> list[Frame]:
        """The next pictures."""
        start = len(self.frames)
        await self.until(lambda: len(self.frames) >= start + count)
        return self.frames[start:]

    def fault(self, kind: str) -> None:
        _, hit = self.faults.add(kind, self.device.gb_id)
        for each in hit:
            self.server.condition_changed(each)

    def mend(self) -> None:
        for each in self.faults.clear():
            self.server.condition_changed(each)


@asynccontextmanager
async def stage(city: City) -> AsyncIterator[Stage]:
    device = next(each for each in city.devices if each.protocol == "rtsp")
    small = replace(city, devices=(device,), channels=city.by_device[device.gb_id])
    faults = Faults(small)

    def part(channel: str, _asked: Profile) -> tuple[Part, Condition]:
        return Part(channel, "样例", "h264", SMALL, RAIN), faults.conditions[device.gb_id]

    studio = Studio(1, part)
    await studio.start()
    server = RtspServer(small, faults, studio)
    port = await server.listen("127.0.0.1", 0)
    try:
        yield Stage(device, faults, server, port)
    finally:
        await server.aclose()
        await studio.stop()


@pytest.fixture
def on_stage(city: City) -> Callable[[Callable[[Stage], Awaitable[None]]], None]:
    """``on_stage(story)``: run it with a server that serves one device."""

    def run(story: Callable[[Stage], Awaitable[None]]) -> None:
        async def main() -> None:
            async with stage(city) as scene:
                source = scene.pull()
                try:
                    await story(scene)
                finally:
                    source.close(asyncio.get_running_loop().time())

        asyncio.run(main())

    return run


def test_pictures_come_and_are_counted(on_stage: Any) -> None:
    async def story(scene: Stage) -> None:
        pictures = await scene.pictures(5)
        assert pictures[0].key
        assert not any(frame.damaged for frame in pictures)
        assert scene.server.streams == 1
        assert scene.server.tally.frames >= 5

    on_stage(story)


@pytest.mark.parametrize("kind", ["power", "fibre", "device"])
def test_a_cut_ends_the_connection_and_it_comes_back_with_the_power(on_stage: Any, kind: str) -> None:
    async def story(scene: Stage) -> None:
        await scene.pictures()
        target = scene.device.site if kind != "device" else scene.device.gb_id
        _, hit = scene.faults.add(kind, target)
        for each in hit:
            scene.server.condition_changed(each)
        await scene.until(lambda: scene.server.streams == 0)
        scene.mend()
        again = await scene.pictures()
        assert again[0].discontinuity or again[1].discontinuity
        assert scene.ended == []

    on_stage(story)


def test_a_frozen_picture_goes_on_being_sent(on_stage: Any) -> None:
    async def story(scene: Stage) -> None:
        moving = await scene.pictures(8)
        assert min(len(frame.data) for frame in moving) > 100, "the clock at least"
        scene.fault("frozen")
        # nothing changes, so there is soon next to nothing to send
        await scene.until(lambda: len(scene.frames[-1].data) < 80)
        await scene.pictures(3)

    on_stage(story)


def test_half_a_picture_is_no_picture(on_stage: Any) -> None:
    async def story(scene: Stage) -> None:
        await scene.pictures()
        before = scene.server.tally.frames
        scene.fault("stop-mid-frame")
        await scene.until(lambda: scene.server.tally.frames >= before + 10)
        halves = scene.frames[-2:]
        assert all(frame.damaged for frame in halves) or scene.server.tally.frames > len(scene.frames)
        scene.mend()
        await scene.until(lambda: scene.frames[-1].key and not scene.frames[-1].damaged)

    on_stage(story)


def test_garbage_is_sent_as_packets_without_pictures(on_stage: Any) -> None:
    async def story(scene: Stage) -> None:
        await scene.pictures()
        assert "media.rtp-payload" not in scene.warnings()
        scene.fault("garbage")
        await scene.until(lambda: "media.rtp-payload" in scene.warnings())
        scene.mend()
        await scene.until(lambda: scene.frames[-1].key and not scene.frames[-1].damaged)

    on_stage(story)


def test_a_wrong_password_is_told_and_not_tried_for_ever(on_stage: Any) -> None:
    async def story(scene: Stage) -> None:
        scene.ended.clear()
        stranger = scene.pull(secret="wrong")
        await scene.until(lambda: scene.ended == ["media.rtsp-unauthorized"])
        stranger.close(asyncio.get_running_loop().time())

    on_stage(story)


def test_a_port_in_use_is_said(on_stage: Any, city: City) -> None:
    async def story(scene: Stage) -> None:
        other = RtspServer(city, Faults(city), None)  # type: ignore[arg-type]
        with pytest.raises(Operational) as caught:
            await other.listen("127.0.0.1", scene.port)
        assert caught.value.code == "simulator.port-in-use"
        await other.aclose()

    on_stage(story)
