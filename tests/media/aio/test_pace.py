"""When packets of a stream may wait: never before its first picture or while somebody watches."""

from __future__ import annotations

import pytest

from civicam.bench.media_clip import Picture
from civicam.media.aio.hub import Hub, HubLimits
from civicam.media.aio.source import SourceFigures
from civicam.media.aio.stream import LiveStream, Patience
from civicam.media.core.unit import Codec, Frame
from civicam.media.engine import EngineEvent, Idle, StreamKind, StreamStarted


class Told:
    """A source that remembers the last word."""

    def __init__(self) -> None:
        self.relaxed = False

    def figures(self) -> SourceFigures:
        return SourceFigures(0, 0, 0, 0.0, "", None, ())

    def pin(self, ssrc: int | None, host: str | None) -> None:
        """Nothing."""

    def tick(self, now: float) -> None:
        """Nothing."""

    def relax(self, relaxed: bool) -> None:
        self.relaxed = relaxed

    def close(self, now: float) -> None:
        """Nothing."""


@pytest.fixture
def stream(clip: list[Picture]) -> LiveStream:
    """A live stream that has shown a picture."""
    events: list[EngineEvent] = []
    made = LiveStream(
        "s",
        Patience(5.0, 5.0, 600.0, 10.0, 300.0),
        events.append,
        lambda on_parameters: Hub(HubLimits(1 << 20, 100), lambda: 0.0, on_parameters),
        0.0,
    )
    made.source = Told()
    made.tick(0.5, awaited=False)
    assert not made.source.relaxed, "nothing was shown yet"
    made.hub.push([Frame(Codec.H264, 0, 0, True, clip[0].data, 1.0, False, False, (0,))])
    assert events
    return made


def told(stream: LiveStream) -> bool:
    assert isinstance(stream.source, Told)
    return stream.source.relaxed


def test_packets_wait_when_nobody_watches_and_a_ticket_ends_that_at_once(stream: LiveStream) -> None:
    stream.tick(2.0, awaited=False)
    assert told(stream)
    stream.wanted(2.1)
    assert not told(stream)
    stream.tick(3.0, awaited=True)
    assert not told(stream)
    stream.tick(4.0, awaited=False)
    assert told(stream)


@pytest.mark.parametrize("kind", [StreamKind.PLAYBACK, StreamKind.DOWNLOAD])
def test_packets_of_a_recording_never_wait(stream: LiveStream, kind: StreamKind) -> None:
    stream.play(kind)
    stream.tick(2.0, awaited=False)
    assert not told(stream)


def test_who_waited_for_the_first_picture_has_the_whole_time_to_come(clip: list[Picture]) -> None:
    """A device that answers at the end of the linger time: its session was called unwatched a moment after
    its first picture, before anybody could have a ticket for it.
    """
    events: list[EngineEvent] = []
    made = LiveStream(
        "s",
        Patience(5.0, 5.0, 600.0, 10.0, 300.0),
        events.append,
        lambda on_parameters: Hub(HubLimits(1 << 20, 100), lambda: 0.0, on_parameters),
        0.0,
    )
    made.source = Told()
    for second in range(1, 10):
        made.tick(float(second), awaited=False)
    made.hub.push([Frame(Codec.H264, 0, 0, True, clip[0].data, 9.9, False, False, (0,))])
    for second in range(10, 20):
        made.tick(float(second), awaited=False)
    assert [type(each) for each in events] == [StreamStarted]
    made.tick(20.0, awaited=False)
    assert events[-1] == Idle("s")
