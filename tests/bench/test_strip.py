"""The strip as the benchmark reads it: against a second hand, and against what the simulator burns in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civicam.bench.strip import Strip, crc8, decode


def bits(ms: int, counter: int) -> str:
    """The 64 cells by the definition: 40 bits of time, 16 of counter, 8 of checksum."""
    head = (ms % 2**40).to_bytes(5, "big") + (counter % 2**16).to_bytes(2, "big")
    return "".join(f"{byte:08b}" for byte in head + bytes([crc8(head)]))


def test_the_checksum_is_the_catalogues() -> None:
    assert crc8(b"123456789") == 0xF4


def test_a_black_row_is_no_strip() -> None:
    assert decode("0" * 64) is None


@given(ms=st.integers(1, 2**40 - 1), counter=st.integers(0, 2**16 - 1))
def test_what_is_burned_in_is_read_back(ms: int, counter: int) -> None:
    assert decode(bits(ms, counter)) == Strip(ms, counter)


@given(cell=st.integers(0, 63))
def test_one_wrong_cell_is_noticed(cell: int) -> None:
    good = bits(1_795_461_234_567, 4711)
    bad = good[:cell] + ("1" if good[cell] == "0" else "0") + good[cell + 1 :]
    assert decode(bad) is None


@pytest.mark.parametrize("cells", ["", "0" * 63, "01" * 33])
def test_a_cut_strip_is_none(cells: str) -> None:
    assert decode(cells) is None


def test_the_age_is_right_across_the_wrap() -> None:
    assert Strip(2**40 - 30, 0).age(7 * 2**40 + 50) == 80
    assert Strip(1000, 0).age(1080) == 80
    assert Strip(1080, 0).age(1000) == -80
