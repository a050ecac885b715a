"""Answers kept for requests that come again: how long, and how much a stranger gets."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from civicam.signalling.sip.replies import Replies

LINGER = 32.0


def test_an_answer_is_there_for_its_time_and_a_little_longer() -> None:
    replies = Replies(LINGER)
    replies.keep(("s", "a"), b"A", (10, 1, True), 100.0)
    replies.keep(("s", "b"), b"B", (10, 1, True), 100.4)
    replies.keep(("s", "c"), b"C", (10, 1, True), 100.6)
    assert replies.next_due() == 132.5
    assert replies.forget_due(132.4) == 0
    assert replies.again(("s", "a"), 10) == b"A"
    assert replies.forget_due(132.5) == 2
    assert replies.again(("s", "a"), 10) is None
    assert len(replies) == 1
    assert replies.forget_due(200.0) == 1
    assert replies.next_due() is None


@given(
    arrivals=st.lists(st.integers(1, 400), max_size=20), size=st.integers(1, 600), first=st.integers(1, 400)
)
def test_a_stranger_gets_at_most_twice_what_he_sent(arrivals: list[int], size: int, first: int) -> None:
    replies = Replies(LINGER)
    sent = size if size <= 2 * first else 0
    replies.keep(("s", "k"), b"x" * size, (first, sent, False), 0.0)
    received = first
    for arrival in arrivals:
        received += arrival
        data = replies.again(("s", "k"), arrival)
        assert data is not None
        assert bool(data) is (sent + size <= 2 * received)  # and never less than that
        sent += len(data)
        assert sent <= 2 * received


@given(moments=st.lists(st.floats(0, 60), max_size=50))
def test_none_is_forgotten_early_and_none_kept_long(moments: list[float]) -> None:
    replies = Replies(LINGER)
    kept: dict[str, float] = {}
    for number, now in enumerate(sorted(moments)):
        while (due := replies.next_due()) is not None and due <= now:
            replies.forget_due(due)
        kept[str(number)] = now
        replies.keep(("s", str(number)), b"x", (1, 1, True), now)
        for name, at in kept.items():
            there = replies.again(("s", name), 1) is not None
            if now - at <= LINGER:
                assert there
            if now - at > LINGER + 0.5:
                assert not there
