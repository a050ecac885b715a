"""Answers kept for requests that come again: how long, and how much a stranger gets."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from civicam.signalling.sip.peer import Peer
from civicam.signalling.sip.replies import Asked, Replies

LINGER = 32.0
DEVICE = Peer("udp", "192.0.2.64", 5060)


def keep(replies: Replies, name: str, data: bytes, received: int, now: float, *, ok: bool = True) -> bytes:
    """A request of ``received`` bytes, answered at once; gives what may be sent."""
    asked = Asked(DEVICE, received, now + LINGER, "")
    replies.ask(("s", name), asked)
    return data if replies.settle(("s", name), asked, data, ok, now) else b""


def test_an_answer_is_there_for_its_time_and_a_little_longer() -> None:
    replies = Replies(LINGER)
    keep(replies, "a", b"A", 10, 100.0)
    keep(replies, "b", b"B", 10, 100.4)
    keep(replies, "c", b"C", 10, 100.6)
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
    sent = len(keep(replies, "k", b"x" * size, first, 0.0, ok=False))
    assert sent == (size if size <= 2 * first else 0)
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
        keep(replies, str(number), b"x", 1, now)
        for name, at in kept.items():
            there = replies.again(("s", name), 1) is not None
            if now - at <= LINGER:
                assert there
            if now - at > LINGER + 0.5:
                assert not there


def test_who_waits_for_an_answer_gets_the_provisional_one_again_and_is_forgotten_in_the_end() -> None:
    replies = Replies(LINGER)
    asked = Asked(DEVICE, 10, 132.0, "")
    replies.ask(("s", "a"), asked)
    assert replies.again(("s", "a"), 10) == b""
    asked.data = b"100"
    assert replies.again(("s", "a"), 10) == b"100"
    asked.data = b"x" * 100
    assert replies.again(("s", "a"), 10) == b""  # more than twice what came
    assert replies.next_due() == 132.0
    keep(replies, "b", b"B", 10, 100.0)
    assert replies.next_due() == 132.0  # the answer to b is forgotten half a second later
    assert replies.forget_due(131.9) == 0
    assert replies.forget_due(132.0) == 1
    assert replies.again(("s", "a"), 10) is None
    assert replies.forget_due(132.5) == 1


def test_who_was_answered_late_is_kept_from_then_on() -> None:
    replies = Replies(LINGER)
    asked = Asked(DEVICE, 10, 132.0, "")
    replies.ask(("s", "a"), asked)
    assert replies.next_due() == 132.0
    assert replies.settle(("s", "a"), asked, b"A", True, 120.0)
    assert replies.forget_due(132.0) == 0
    assert replies.again(("s", "a"), 10) == b"A"
    assert replies.forget_due(152.5) == 1
    assert len(replies) == 0
