"""Cutting an answer into parts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from civicam.signalling.gb28181.manscdp.lists import pages, write_list


@given(st.lists(st.integers()).map(tuple), st.integers(1, 9))
def test_pages_are_the_whole(items: tuple[int, ...], size: int) -> None:
    cut = pages(items, size)
    assert tuple(each for page in cut for each in page) == items
    assert len(cut) == max(1, -(-len(items) // size))
    assert all(len(page) <= size for page in cut)


def test_a_list_says_how_many() -> None:
    assert write_list("L", ["<a/>", "<b/>"]) == '<L Num="2">\r\n<a/>\r\n<b/>\r\n</L>\r\n'
