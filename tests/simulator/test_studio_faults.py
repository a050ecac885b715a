"""Feeds that many watch, and one bad recording that harms nobody else."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from civicam.kernel.errors import Refused
from civicam.media.core.unit import Codec
from civicam.simulator.encoder import Coded, Encoder, Profile
from civicam.simulator.faults import Condition
from civicam.simulator.osd import Osd
from civicam.simulator.studio import Feed, Studio
from civicam.simulator.yuv import Bytes

SMALL = Profile(320, 180, 256)


class Sink:
    """Collects coded pictures and lets a test wait for some."""

    def __init__(self) -> None:
        self.pictures: list[Coded] = []
        self._news = threading.Condition()

    def __call__(self, coded: Coded, number: int) -> None:
        with self._news:
            self.pictures.append(coded)
            self._news.notify_all()

    def got(self, count: int) -> bool:
        with self._news:
            return self._news.wait_for(lambda: len(self.pictures) >= count, 30)


def grey(_tick: int) -> Bytes:
    return np.full((SMALL.height * 3 // 2, SMALL.width), 128, np.uint8)


def tears_at(limit: int) -> Callable[[int], Bytes]:
    drawn = 0

    def draw(tick: int) -> Bytes:
        nonlocal drawn
        drawn += 1
        if drawn > limit:
            raise Refused("simulator.bad-footage", path="torn.mp4")
        return grey(tick)

    return draw


def make(channel: str, profile: Profile) -> Feed:
    """Channels named for what they do."""
    if channel == "never opens":
        raise Refused("simulator.bad-footage", path="broken.mp4")
    source = tears_at(3) if channel == "tears" else grey
    osd = Osd("样例", "34020000001310000001", profile.width, profile.height)
    return Feed((channel, profile), Encoder(Codec.H264, profile), source, osd, Condition())


@pytest.fixture
def studio() -> Iterator[Studio]:
    found = Studio(1, make)
    yield found
    found.stop()


def test_every_sink_gets_a_key_frame_first_and_the_last_one_ends_the_feed(studio: Studio) -> None:
    first, second = Sink(), Sink()
    studio.open("good", SMALL, first)
    assert first.got(3)
    studio.open("good", SMALL, second)
    assert second.got(2)
    assert first.pictures[0].key
    assert [coded.key for coded in second.pictures[:2]] == [True, False]
    assert studio.running == 1
    studio.close("good", SMALL, first)
    studio.close("good", SMALL, first)
    studio.close("unknown", SMALL, first)
    count = len(second.pictures)
    assert second.got(count + 2), "the other goes on"
    studio.close("good", SMALL, second)
    fresh = Sink()
    studio.open("good", SMALL, fresh)
    assert fresh.got(1)
    assert fresh.pictures[0].pts == 0, "a feed of its own"


@pytest.mark.parametrize("bad", ["never opens", "tears"])
def test_a_recording_that_breaks_stops_alone(
    studio: Studio, bad: str, caplog: pytest.LogCaptureFixture
) -> None:
    good, broken = Sink(), Sink()
    studio.open("good", SMALL, good)
    studio.open(bad, SMALL, broken)
    assert good.got(2)
    count = len(good.pictures)
    assert good.got(count + 12)
    assert studio.broken == 1
    assert "simulator.bad-footage" in caplog.text
    assert len(broken.pictures) == (3 if bad == "tears" else 0)
    assert studio.running == 1
    studio.close(bad, SMALL, broken)
