"""A workshop on a clock moved by hand: deadlines, key pictures, faults that show, feeds that break alone."""

from __future__ import annotations

from collections.abc import Callable

import av
import numpy as np
import pytest

from civicam.kernel.errors import Refused
from civicam.media.core.unit import Codec
from civicam.simulator import strip
from civicam.simulator.encoder import Encoder
from civicam.simulator.osd import Osd
from civicam.simulator.picture import RATE, TICKS, Profile
from civicam.simulator.workshop import Feed, Source, Workshop
from civicam.simulator.workshop_wire import Delivery, Gone, Look
from civicam.simulator.yuv import Bytes

SMALL = Profile(320, 180, 256)
WALL = 1_700_000_000.0
STEP = 1 / RATE


def grey(tick: int) -> Bytes:
    return np.full((SMALL.height * 3 // 2, SMALL.width), 60 + tick % 100, np.uint8)


def tears_at(limit: int) -> Source:
    drawn = 0

    def draw(tick: int) -> Bytes:
        nonlocal drawn
        drawn += 1
        if drawn > limit:
            raise Refused("simulator.bad-footage", path="torn.mp4")
        return grey(tick)

    return draw


def feed(number: int, source: Source = grey) -> Feed:
    encoder = Encoder(Codec.H264, SMALL, 20)
    osd = Osd("样例", "34020000001310000001", SMALL.width, SMALL.height)
    return Feed(number, encoder, source, osd)


@pytest.fixture
def workshop() -> Workshop:
    return Workshop()


def work(workshop: Workshop, start: float, end: float, *, cost: float = 0.0) -> list[Delivery | Gone]:
    """Serve from ``start`` to ``end``; each picture takes ``cost`` seconds."""
    now = start
    made: list[Delivery | Gone] = []
    while True:
        wait = workshop.wait(now)
        if wait is None or now + wait > end:
            return made
        now += wait
        news = workshop.serve(now, WALL + now)
        now += cost
        if news is not None:
            made.append(news)


def pictures(news: list[Delivery | Gone], number: int) -> list[Delivery]:
    return [each for each in news if isinstance(each, Delivery) and each.feed == number]


def decoded(news: list[Delivery]) -> list[Bytes]:
    decoder = av.CodecContext.create("h264", "r")
    frames = [frame for each in news for frame in decoder.decode(av.Packet(each.coded.data))]
    return [np.asarray(frame.to_ndarray(), np.uint8) for frame in [*frames, *decoder.decode(None)]]


def test_an_empty_workshop_waits_for_orders(workshop: Workshop) -> None:
    assert workshop.wait(5.0) is None
    assert workshop.serve(5.0, WALL) is None


def test_pictures_come_by_the_clock_the_first_is_a_key_picture(workshop: Workshop) -> None:
    workshop.add(feed(7), 0.0)
    made = pictures(work(workshop, 0.0, 1.0 - 1e-6), 7)
    assert [each.number for each in made] == list(range(1, RATE + 1))
    assert [each.coded.pts for each in made] == [index * TICKS for index in range(RATE)]
    assert [each.coded.key for each in made] == [True] + [False] * (RATE - 1)


def test_who_comes_later_gets_a_key_picture(workshop: Workshop) -> None:
    workshop.add(feed(7), 0.0)
    work(workshop, 0.0, 5 * STEP)
    found = workshop.find(7)
    assert found is not None
    found.wants_key = True
    later = pictures(work(workshop, 5 * STEP, 7.5 * STEP), 7)
    assert [each.coded.key for each in later] == [True, False]


def test_each_picture_tells_when_it_was_drawn_and_its_number(workshop: Workshop) -> None:
    workshop.add(feed(7), 0.0)
    made = pictures(work(workshop, 0.0, 4.5 * STEP), 7)
    read = [strip.read(picture[: SMALL.height]) for picture in decoded(made)]
    assert read == [(int((WALL + index * STEP) * 1000) % (1 << 40), index + 1) for index in range(5)]


def test_a_workshop_that_is_too_slow_leaves_pictures_out_and_stays_on_time(workshop: Workshop) -> None:
    for number in (1, 2):
        workshop.add(feed(number), 0.0)
    made = work(workshop, 0.0, 4.0, cost=STEP)  # two feeds, time for one
    assert workshop.skipped == pytest.approx(100, abs=15)
    for number in (1, 2):
        last = pictures(made, number)[-1]
        assert last.coded.pts / 90_000 == pytest.approx(4.0, abs=0.4)
    assert abs(len(pictures(made, 1)) - len(pictures(made, 2))) <= 5


def rhythm(workshop: Workshop, sources: list[Source]) -> list[float]:
    """The phase of each feed's later pictures, in 1/25 seconds plus a half; each picture takes a fifth."""
    for number, source in enumerate(sources):
        workshop.add(feed(number, source), 0.0)
    news = work(workshop, 0.0, 10 * STEP, cost=STEP / 5)
    assert workshop.skipped == 0
    dues = []
    for number in range(len(sources)):
        assert len(pictures(news, number)) >= 9
        found = workshop.find(number)
        assert found is not None
        dues.append((found.due / STEP + 0.5) % 1)
    return dues


def test_feeds_that_began_together_are_spread(workshop: Workshop) -> None:
    phases = rhythm(workshop, [tears_at(1000) for _ in range(4)])
    assert phases == pytest.approx([0.5, 0.7, 0.9, 0.1], abs=1e-6)


def test_feeds_of_one_scene_are_served_together(workshop: Workshop) -> None:
    phases = rhythm(workshop, [grey, grey, grey])
    assert phases == pytest.approx([0.5] * 3, abs=1e-6)


def test_a_recording_that_breaks_stops_alone(workshop: Workshop) -> None:
    workshop.add(feed(1), 0.0)
    workshop.add(feed(2, tears_at(3)), 0.0)
    made = work(workshop, 0.0, 1.0)
    (gone,) = [each for each in made if isinstance(each, Gone)]
    assert gone.feed == 2
    assert "simulator.bad-footage" in gone.reason
    assert len(pictures(made, 2)) == 3
    assert len(pictures(made, 1)) >= RATE


def test_a_feed_that_was_closed_is_not_served(workshop: Workshop) -> None:
    workshop.add(feed(1), 0.0)
    work(workshop, 0.0, 2 * STEP)
    workshop.remove(1)
    workshop.remove(1)
    assert workshop.wait(1.0) is None
    assert workshop.find(1) is None


@pytest.mark.parametrize(
    ("look", "right"),
    [
        (Look(black=True), lambda before, after: after[60:120].max() < 30 < before[60:120].min()),
        (Look(frozen=True), lambda before, after: np.abs(after.astype(int) - before).max() < 12),
        (Look(ahead=3600.0), lambda before, after: np.abs(after[:24].astype(int) - before[:24]).max() > 60),
    ],
    ids=["black", "frozen", "clock"],
)
def test_what_is_wrong_shows(workshop: Workshop, look: Look, right: Callable[[Bytes, Bytes], bool]) -> None:
    workshop.add(feed(1), 0.0)
    before = pictures(work(workshop, 0.0, 2.5 * STEP), 1)
    found = workshop.find(1)
    assert found is not None
    found.look = look
    after = pictures(work(workshop, 2.5 * STEP, 4.5 * STEP), 1)
    shown = decoded([*before, *after])
    assert right(shown[len(before) - 1], shown[-1])


def test_closing_ends_all(workshop: Workshop) -> None:
    workshop.add(feed(1), 0.0)
    workshop.close()
    assert workshop.wait(0.0) is None
