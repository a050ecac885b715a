"""Ids from random bytes that are drawn together."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from civicam.signalling.sip.build import RandomPool


@given(counts=st.lists(st.integers(1, 16), max_size=60))
def test_no_byte_of_a_pool_is_given_twice(counts: list[int]) -> None:
    """The bytes given are those of the source, in its order, each at most once."""
    drawn = 0

    def source(count: int) -> bytes:
        nonlocal drawn
        drawn += count
        return bytes((drawn - count + at) % 251 for at in range(count))

    pool = RandomPool(source, size=32)
    last = -1
    for count in counts:
        for byte in pool(count):
            step = (byte - last) % 251
            assert 1 <= step <= 16  # what does not fit any more is skipped
            last = byte
