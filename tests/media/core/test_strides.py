"""Equal packets taken together are the packets taken one by one, and nothing that differs is among them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civicam.media.core.strides import FEWEST, alike

OPENING = 0x1BA


@dataclass(frozen=True)
class Sent:
    """One packet; of most tests all are the same but for the number."""

    number: int
    size: int = 24
    second: int = 96
    stamp: int = 3600
    ssrc: int = 7
    begin: int = 0x41424344

    @property
    def payload(self) -> bytes:
        return self.begin.to_bytes(4, "big") + bytes([self.number & 0xFF]) * (self.size - 16)

    def framed(self) -> bytes:
        head = bytes((0x80, self.second)) + self.number.to_bytes(2, "big")
        head += self.stamp.to_bytes(4, "big") + self.ssrc.to_bytes(4, "big")
        packet = head + self.payload
        return len(packet).to_bytes(2, "big") + packet


def taken(first: Sent, following: list[Sent], tail: bytes = b"") -> int:
    """How many of ``following`` are taken after ``first``; those taken are compared whole."""
    data = b"".join(sent.framed() for sent in (first, *following)) + tail
    found = alike(data, first.size + 2, first.size + 2, first.number + 1, OPENING)
    assert list(found) == [sent.payload for sent in following[: len(found)]]
    return len(found)


def run(count: int, start: int = 1) -> list[Sent]:
    return [Sent(start + index) for index in range(count)]


@pytest.mark.parametrize("tail", [b"", b"\0", Sent(9).framed()[:-1]])
def test_all_that_are_whole_are_taken(tail: bytes) -> None:
    assert taken(Sent(0), run(8), tail) == 8


def test_few_are_left_to_others() -> None:
    assert taken(Sent(0), run(FEWEST - 1)) == 0
    assert taken(Sent(0), run(FEWEST)) == FEWEST


def test_not_more_than_a_bounded_number_at_once() -> None:
    assert taken(Sent(0), run(200)) == 64


def test_numbers_stop_at_the_wrap() -> None:
    last = [Sent(65_532 + index) for index in range(4)]
    assert taken(Sent(65_531), [*last, Sent(0), Sent(1)]) == 4


OTHERS = [
    {"size": 23},
    {"size": 25},
    {"second": 96 | 0x80},
    {"second": 97},
    {"stamp": 7200},
    {"ssrc": 8},
    {"begin": OPENING},
    {"number": 77},
]


@given(st.integers(0, 20), st.sampled_from(OTHERS), st.integers(1, 24))
def test_nothing_from_the_first_other_packet_on(at: int, other: dict[str, int], count: int) -> None:
    following = run(count)
    at = min(at, count - 1)
    following[at] = replace(following[at], **other)
    assert taken(Sent(0), following) == (at if at >= FEWEST else 0)
