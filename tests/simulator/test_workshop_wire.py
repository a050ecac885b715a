"""Orders and pictures survive the way, in pieces of any size; what no workshop wrote is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civicam.simulator.picture import MAIN, SUB, Coded
from civicam.simulator.scene.mood import Mood
from civicam.simulator.workshop_wire import (
    Change,
    Close,
    Delivery,
    Gone,
    Key,
    Labour,
    Look,
    NewsReader,
    Open,
    Order,
    Part,
    Rehearse,
    read_order,
    write_news,
    write_order,
)

MOOD = Mood(3, "plaza", "night", "snow")


@pytest.mark.parametrize(
    "order",
    [
        Open(1, Part("34", "解放路\n东", "h264", SUB, MOOD), Look(ahead=-2.5), 12, 1 << 40),
        Open(2, Part("34", "east", "h265", MAIN, footage="/films/a.mp4")),
        Key(3),
        Change(4, Look(frozen=True, black=True)),
        Close(5),
        Rehearse((MOOD, Mood(4, "road", "day", "clear"))),
        Rehearse(()),
    ],
    ids=lambda order: type(order).__name__,
)
def test_an_order_is_one_line_and_comes_out_as_it_went_in(order: Order) -> None:
    line = write_order(order)
    assert line.count(b"\n") == 1
    assert read_order(line) == order


def test_an_unknown_order_is_refused() -> None:
    with pytest.raises(ValueError, match="Dance"):
        read_order(b'{"do": "Dance"}')


news = st.one_of(
    st.builds(
        Delivery,
        feed=st.integers(0, 2**32 - 1),
        number=st.integers(0, 2**32 - 1),
        coded=st.builds(
            Coded, data=st.binary(max_size=300), pts=st.integers(-(2**63), 2**63 - 1), key=st.booleans()
        ),
    ),
    st.builds(Gone, feed=st.integers(0, 2**32 - 1), reason=st.text(max_size=50)),
)


@given(st.lists(news, max_size=8), st.data())
def test_news_comes_whole_however_it_is_cut(sent: list[Delivery | Gone], data: st.DataObject) -> None:
    stream = b"".join(write_news(each, Labour(index, *[index / 8] * 4)) for index, each in enumerate(sent))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    reader = NewsReader()
    got = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        got += reader.feed(stream[start:end])
    assert got == sent
    if sent:
        assert reader.done == Labour(len(sent) - 1, *[(len(sent) - 1) / 8] * 4)


@pytest.mark.parametrize("head", [b"\x07" + bytes(40), b"\0" * 37 + b"\xff" * 4])
def test_what_no_workshop_wrote_is_refused(head: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 -- the kind of nonsense does not matter
        NewsReader().feed(head)
