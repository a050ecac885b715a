"""A studio with real workshops: feeds begin and end with those who look, and outlive a workshop."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from civicam.kernel.errors import Refused
from civicam.simulator import studio as studio_module
from civicam.simulator.faults import Condition
from civicam.simulator.picture import Coded, Profile
from civicam.simulator.scene.mood import Mood
from civicam.simulator.studio import Studio
from civicam.simulator.workshop_wire import Part

SMALL = Profile(160, 90, 100)
PATIENCE_S = 60.0
MOODS = [Mood(seed, "plaza", "day", "clear") for seed in range(1, 4)]


class Sink:
    """Collects coded pictures and lets a test wait for some."""

    def __init__(self) -> None:
        self.pictures: list[Coded] = []
        self.numbers: list[int] = []
        self._news = asyncio.Event()

    def __call__(self, coded: Coded, number: int) -> None:
        self.pictures.append(coded)
        self.numbers.append(number)
        self._news.set()

    async def got(self, count: int) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while len(self.pictures) < count:
                self._news.clear()
                await self._news.wait()


class Set:
    """What channels show: scene ``n`` for channel ``n``, or a film that is none."""

    def __init__(self, tmp_path: Path) -> None:
        self.condition = Condition()
        self.broken = tmp_path / "broken.mp4"
        self.broken.write_bytes(b"no film")

    def __call__(self, channel: str, profile: Profile) -> tuple[Part, Condition]:
        if channel == "broken":
            return Part(channel, "x", "h264", profile, footage=str(self.broken)), self.condition
        if channel == "unknown":
            raise Refused("simulator.unknown-target", target=channel, kind="")
        return Part(channel, "x", "h264", profile, MOODS[int(channel[0])]), self.condition


Story = Callable[[Studio, Set], Awaitable[None]]


@pytest.fixture
def on_set(tmp_path: Path) -> Callable[..., None]:
    """``on_set(story)``: run it with a studio of one or more workshops."""

    def run(story: Story, workshops: int = 1, moods: tuple[Mood, ...] = ()) -> None:
        async def main() -> None:
            shown = Set(tmp_path)
            studio = Studio(workshops, shown)
            await studio.start(moods)
            pids = studio.processes()
            assert len(pids) == workshops
            try:
                await story(studio, shown)
            finally:
                await studio.stop()
            for pid in pids:
                with pytest.raises(ProcessLookupError):
                    os.kill(pid, 0)

        asyncio.run(main())

    return run


def test_every_sink_gets_a_key_frame_first_and_the_last_one_ends_the_feed(on_set: Any) -> None:
    async def story(studio: Studio, shown: Set) -> None:
        first, second = Sink(), Sink()
        studio.open("0", SMALL, first)
        await first.got(3)
        studio.open("0", SMALL, second)
        await second.got(1)
        assert studio.running == 1
        await first.got(len(first.pictures) + 6)
        assert first.pictures[0].key
        assert first.numbers == list(range(1, len(first.numbers) + 1))
        assert any(coded.key for coded in second.pictures[:5]), "asked for, and soon there"
        studio.close("0", SMALL, first)
        studio.close("0", SMALL, first)
        studio.close("1", SMALL, first)
        seen = len(first.pictures)
        await second.got(len(second.pictures) + 2)
        assert len(first.pictures) == seen
        studio.close("0", SMALL, second)
        assert studio.running == 0
        fresh = Sink()
        studio.open("0", SMALL, fresh)
        await fresh.got(1)
        assert fresh.pictures[0].pts == 0, "a feed of its own"
        assert studio.done.cpu_s > 0

    on_set(story)


def test_who_left_while_a_feed_was_made_leaves_no_feed(on_set: Any) -> None:
    async def story(studio: Studio, shown: Set) -> None:
        gone, other = Sink(), Sink()
        studio.open("0", SMALL, gone)
        studio.close("0", SMALL, gone)
        studio.open("1", SMALL, other)
        await other.got(3)
        assert studio.running == 1
        assert gone.pictures == []

    on_set(story)


def test_a_recording_that_cannot_be_read_stops_alone(on_set: Any, caplog: pytest.LogCaptureFixture) -> None:
    async def story(studio: Studio, shown: Set) -> None:
        good, broken = Sink(), Sink()
        studio.open("0", SMALL, good)
        studio.open("broken", SMALL, broken)
        await good.got(1)
        async with asyncio.timeout(PATIENCE_S):
            while studio.broken == 0:
                await good.got(len(good.pictures) + 1)
        await good.got(len(good.pictures) + 3)
        assert "simulator.bad-footage" in caplog.text
        assert broken.pictures == []
        assert studio.running == 1
        studio.close("broken", SMALL, broken)

    on_set(story)


def test_a_fault_reaches_the_workshop(on_set: Any) -> None:
    async def story(studio: Studio, shown: Set) -> None:
        sink = Sink()
        studio.open("0", SMALL, sink)
        await sink.got(5)
        assert len(sink.pictures[4].data) > 60
        shown.condition.frozen = True
        seen = len(sink.pictures)
        async with asyncio.timeout(PATIENCE_S):
            while len(sink.pictures[-1].data) > 60:  # nothing moves: next to nothing is coded
                await sink.got(len(sink.pictures) + 1)
        assert len(sink.pictures) > seen

    on_set(story)


def test_a_workshop_that_dies_is_replaced_and_its_feeds_go_on(
    on_set: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(studio_module, "_RESTART_S", 0.04)

    async def story(studio: Studio, shown: Set) -> None:
        sink = Sink()
        studio.open("0", SMALL, sink)
        await sink.got(3)
        (pid,) = studio.processes()
        os.kill(pid, signal.SIGKILL)
        before = len(sink.pictures)
        await sink.got(before + 8)
        assert studio.processes() != [pid]
        stamps = [coded.pts for coded in sink.pictures]
        assert stamps == sorted(set(stamps)), "time goes on"
        assert sum(coded.key for coded in sink.pictures) >= 2

    on_set(story)


def test_cameras_of_one_scene_share_a_workshop_until_it_has_much_more_to_do(on_set: Any) -> None:
    async def story(studio: Studio, shown: Set) -> None:
        sinks = {name: Sink() for name in ("0a", "0b", "1a", "1b")}
        for name, sink in sinks.items():
            studio.open(name, SMALL, sink)
        for sink in sinks.values():
            await sink.got(1)
        assert studio.loads() == [2 * SMALL.pixels, 2 * SMALL.pixels]
        for index in range(8):
            studio.open(f"0{index}", SMALL, Sink())
        assert max(studio.loads()) - min(studio.loads()) <= 6 * SMALL.pixels

    on_set(story, workshops=2, moods=tuple(MOODS))
