"""Feeds begin and end with those who look at them, also while they are being made."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from civicam.media.core.unit import Codec
from civicam.simulator.encoder import Coded, Encoder, Profile
from civicam.simulator.faults import Condition
from civicam.simulator.osd import Osd
from civicam.simulator.scene.scene import Mood, Scene
from civicam.simulator.studio import Feed, Studio

SMALL = Profile(160, 90, 100)
PATIENCE_S = 20.0


class Builder:
    """Makes feeds, one at a time, each when it is let."""

    def __init__(self) -> None:
        self.let = threading.Event()
        self.begun = threading.Event()
        self.made = 0

    def __call__(self, channel: str, profile: Profile) -> Feed:
        self.begun.set()
        assert self.let.wait(PATIENCE_S)
        self.made += 1
        scene = Scene(Mood(1, "plaza", "day", "clear"), profile.width, profile.height)
        return Feed(
            key=(channel, profile),
            encoder=Encoder(Codec.H264, profile),
            source=scene.draw,
            osd=Osd("x", channel, profile.width, profile.height),
            condition=Condition(),
        )


class Sink:
    """Waits for a picture."""

    def __init__(self) -> None:
        self.key = threading.Event()

    def __call__(self, coded: Coded, number: int) -> None:
        if coded.key:
            self.key.set()


@pytest.fixture
def builder() -> Builder:
    return Builder()


@pytest.fixture
def studio(builder: Builder) -> Iterator[Studio]:
    studio = Studio(1, builder)
    yield studio
    builder.let.set()
    studio.stop()


def test_all_who_ask_while_a_feed_is_made_get_its_first_picture(builder: Builder, studio: Studio) -> None:
    sinks = [Sink(), Sink()]
    for sink in sinks:
        studio.open("a", SMALL, sink)
    builder.let.set()
    assert all(sink.key.wait(PATIENCE_S) for sink in sinks)
    assert (builder.made, studio.running) == (1, 1)


def test_who_left_while_a_feed_was_made_leaves_no_feed(builder: Builder, studio: Studio) -> None:
    gone, other = Sink(), Sink()
    studio.open("a", SMALL, gone)
    assert builder.begun.wait(PATIENCE_S)
    studio.close("a", SMALL, gone)
    studio.open("b", SMALL, other)
    builder.let.set()
    assert other.key.wait(PATIENCE_S)
    studio.close("b", SMALL, other)
    assert studio.running == 0
    assert not gone.key.is_set()


def test_a_feed_is_made_beside_one_that_takes_long(studio: Studio, builder: Builder) -> None:
    first, second = Sink(), Sink()
    studio.open("a", SMALL, first)
    assert builder.begun.wait(PATIENCE_S)
    builder.begun.clear()
    studio.open("b", SMALL, second)
    assert builder.begun.wait(PATIENCE_S)  # "a" is not made yet
    builder.let.set()
    assert first.key.wait(PATIENCE_S)
    assert second.key.wait(PATIENCE_S)
