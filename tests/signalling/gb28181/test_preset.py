"""Presets, both ways."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.signalling.gb28181.bodies import (
    CAM,
    WILD_SUMS,
    check_both_ways,
    check_round_trip,
    ids,
    read,
    sns,
    texts,
)

from civicam.kernel.errors import Refused
from civicam.signalling.gb28181.manscdp import Message
from civicam.signalling.gb28181.manscdp.preset import Preset, PresetQuery, PresetResponse

CASES: list[tuple[Message, str]] = [
    (PresetQuery(8, CAM), ""),
    (PresetResponse(8, CAM, 0), '<SumNum>0</SumNum>\r\n<PresetList Num="0">\r\n</PresetList>\r\n'),
    (
        PresetResponse(8, CAM, 300, (Preset(1, "东门"), Preset(255))),
        '<SumNum>300</SumNum>\r\n<PresetList Num="2">\r\n'
        "<Item><PresetID>1</PresetID><PresetName>东门</PresetName></Item>\r\n"
        "<Item><PresetID>255</PresetID><PresetName></PresetName></Item>\r\n</PresetList>\r\n",
    ),
    (
        PresetResponse(8, CAM, None, ok=False, reason="fixed"),
        "<Result>ERROR</Result>\r\n<Reason>fixed</Reason>\r\n",
    ),
]
PRESETS = st.lists(st.builds(Preset, st.integers(0, 65_535), texts), max_size=6).map(tuple)


@pytest.mark.parametrize(("command", "content"), CASES)
def test_both_ways(command: Message, content: str) -> None:
    check_both_ways(command, content)


@given(st.builds(PresetResponse, sns, ids, st.integers(0, 1_000_000), PRESETS))
def test_round_trip(command: PresetResponse) -> None:
    check_round_trip(command)


def test_the_misspelt_name_is_read() -> None:
    assert read(PresetQuery, "", "PersetQuery") == PresetQuery(17, CAM)
    found = read(
        PresetResponse, "<PresetList><Item><PresetID>02</PresetID></Item></PresetList>", "persetquery"
    )
    assert found == PresetResponse(17, CAM, 1, (Preset(2),))


@pytest.mark.parametrize("wrong", ["", "x", "-1", "NaN", "65536", "1.5", "１", "9" * 30])
def test_unreadable_presets_are_counted(wrong: str) -> None:
    found = read(
        PresetResponse,
        f"<SumNum>2</SumNum><PresetList><Item><PresetID>{wrong}</PresetID></Item>"
        "<Item><PresetID>7</PresetID></Item></PresetList>",
    )
    assert (found.items, found.rejected) == ((Preset(7),), 1)


@pytest.mark.parametrize("total", WILD_SUMS)
def test_absurd_totals_are_refused(total: str) -> None:
    with pytest.raises(Refused) as caught:
        read(PresetResponse, f"<SumNum>{total}</SumNum>")
    assert caught.value.code == "signalling.bad-field"


@given(PRESETS, st.integers(1, 4))
def test_parts_are_the_whole(presets: tuple[Preset, ...], size: int) -> None:
    parts = PresetResponse(8, CAM, None, presets).in_parts(size)
    assert tuple(each for part in parts for each in part.items) == presets
    assert {part.sum_num for part in parts} == {len(presets)}
    assert all(len(part.items) <= size for part in parts)


def test_presets_are_counted_by_number() -> None:
    assert Preset(1, "old").identity == Preset(1, "new").identity != Preset(2, "old").identity
