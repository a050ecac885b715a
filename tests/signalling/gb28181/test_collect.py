"""Counting answers in parts: the same machine for recordings, presets and configuration.

The catalogue's own cases stand in test_catalogue.py.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.signalling.gb28181.bodies import CAM, NVR, body

from civicam.signalling.gb28181.collect import RECORD_TIMES, SHORT_TIMES, Collector, CollectState
from civicam.signalling.gb28181.manscdp import parse_message
from civicam.signalling.gb28181.manscdp.catalog import CatalogItem, CatalogResponse
from civicam.signalling.gb28181.manscdp.config import ConfigDownloadResponse
from civicam.signalling.gb28181.manscdp.config_types import BasicParam, Config, FrameMirror, VideoParamOpt
from civicam.signalling.gb28181.manscdp.preset import Preset, PresetResponse
from civicam.signalling.gb28181.manscdp.record_info import RecordInfoResponse, RecordItem


def records(*numbers: int, total: int | None = 299, rejected: int = 0) -> RecordInfoResponse:
    items = tuple(RecordItem(CAM, file_path=f"/{number}") for number in numbers)
    return RecordInfoResponse(5, CAM, total, items, rejected=rejected)


def test_a_recorder_that_stalls_at_261_of_299_ends_by_the_gap() -> None:
    made = Collector[RecordItem](5, 0.0, RECORD_TIMES)
    for first in range(0, 261, 9):
        assert made.offer(records(*range(first, first + 9)), 1.0)
    assert made.get_timer() == 11.0
    made.handle_timer(10.9)
    assert made.state is CollectState.COLLECTING
    made.handle_timer(11.0)
    assert (made.state, len(made.items), made.announced) == (CollectState.INCOMPLETE, 261, 299)


def test_recordings_sent_twice_count_once() -> None:
    made = Collector[RecordItem](5, 0.0, RECORD_TIMES)
    made.offer(records(1, 2, 1, total=3), 0.1)
    assert not made.ended
    made.offer(records(2, 3, total=3), 0.2)
    assert (made.complete, len(made.items)) == (True, 3)


def test_answers_to_another_question_are_told_apart() -> None:
    made = Collector[RecordItem](6, 0.0, RECORD_TIMES)
    assert not made.offer(records(1, total=1), 0.1)
    assert made.state is CollectState.WAITING


def test_presets_of_2016_without_a_total() -> None:
    part = parse_message(
        body("Response", "PresetQuery", "<PresetList><Item><PresetID>1</PresetID></Item></PresetList>")
    )
    assert isinstance(part, PresetResponse)
    made = Collector[Preset](17, 0.0, SHORT_TIMES)
    made.offer(part, 0.1)
    assert (made.complete, made.items) == (True, (Preset(1),))


def test_configuration_counts_up_to_the_types_asked_for() -> None:
    made = Collector[Config](5, 0.0, SHORT_TIMES, expected=2)
    made.offer(ConfigDownloadResponse(5, CAM, (BasicParam("a"),)), 0.1)
    assert (made.state, made.get_timer()) == (CollectState.COLLECTING, 2.1)
    made.offer(ConfigDownloadResponse(5, CAM, (BasicParam("b"),)), 0.2)
    made.offer(ConfigDownloadResponse(5, CAM, (VideoParamOpt(),)), 0.3)
    assert made.complete
    assert made.items == (BasicParam("b"), VideoParamOpt())


def test_a_type_that_never_comes_is_over_after_the_gap() -> None:
    made = Collector[Config](5, 0.0, SHORT_TIMES, expected=2)
    made.offer(ConfigDownloadResponse(5, CAM, (FrameMirror(),)), 0.5)
    made.handle_timer(2.5)
    assert (made.state, made.items) == (CollectState.INCOMPLETE, (FrameMirror(),))


def test_without_any_total_only_time_ends_it() -> None:
    made = Collector[Config](5, 0.0, SHORT_TIMES)
    made.offer(ConfigDownloadResponse(5, CAM, (FrameMirror(),)), 9.0)
    assert made.get_timer() == 10.0
    made.handle_timer(10.0)
    assert (made.state, made.announced) == (CollectState.INCOMPLETE, None)


def test_a_refusal_ends_it_at_once() -> None:
    made = Collector[Preset](5, 0.0, SHORT_TIMES)
    assert made.offer(PresetResponse(5, CAM, None, ok=False), 0.1)
    assert (made.state, made.ended, made.get_timer()) == (CollectState.REFUSED, True, None)


def test_a_refusal_after_items_leaves_them() -> None:
    made = Collector[RecordItem](5, 0.0, RECORD_TIMES)
    made.offer(records(1), 0.1)
    made.offer(RecordInfoResponse(5, CAM, None, ok=False), 0.2)
    assert (made.state, len(made.items)) == (CollectState.INCOMPLETE, 1)


def test_items_beside_an_error_are_items() -> None:
    made = Collector[Preset](5, 0.0, SHORT_TIMES)
    made.offer(PresetResponse(5, CAM, 1, (Preset(1),), ok=False), 0.1)
    assert made.complete


@pytest.mark.parametrize(
    ("content", "state"),
    [
        ("<Result>ERROR</Result>", CollectState.REFUSED),
        ("<Result>OK</Result>", CollectState.COLLECTING),
        ("<SumNum>0</SumNum>", CollectState.COMPLETE),
        ("<DeviceList Num='0'/>", CollectState.COMPLETE),
    ],
)
def test_only_a_catalogue_that_says_so_is_empty(content: str, state: CollectState) -> None:
    """Channels missing from a complete list are gone: a bare Result must never be one."""
    part = parse_message(body("Response", "Catalog", content, NVR))
    assert isinstance(part, CatalogResponse)
    made = Collector[CatalogItem](17, 0.0)
    made.offer(part, 1.0)
    assert made.state is state


def test_unreadable_items_end_the_wait_and_are_told() -> None:
    made = Collector[RecordItem](5, 0.0, RECORD_TIMES)
    made.offer(records(1, 2, total=3, rejected=1), 0.1)
    assert (made.state, made.rejected) == (CollectState.INCOMPLETE, 1)


def test_memory_is_bounded() -> None:
    made = Collector[RecordItem](5, 0.0, RECORD_TIMES, max_items=3)
    made.offer(records(*range(50), total=50), 0.1)
    made.handle_timer(10.1)
    assert (made.state, len(made.items)) == (CollectState.INCOMPLETE, 3)


def without_number(*numbers: int, total: int) -> CatalogResponse:
    """A part that does not say which question it answers."""
    items = tuple(CatalogItem(f"3402000000131{each:07d}") for each in numbers)
    return CatalogResponse(0, NVR, total, items)


def test_parts_without_a_number_are_taken_and_never_believed_whole() -> None:
    """Only the gap ends them, and what they do not name is not gone."""
    made = Collector[CatalogItem](5, 0.0)
    assert made.offer(without_number(1, 2, total=2), 1.0)
    assert made.state is CollectState.COLLECTING
    made.handle_timer(6.0)
    assert (made.state, len(made.items)) == (CollectState.INCOMPLETE, 2)


def test_parts_with_our_number_take_the_place_of_those_without() -> None:
    """After the first of them, news without a number is news again."""
    made = Collector[CatalogItem](5, 0.0)
    assert made.offer(without_number(9, total=1), 1.0)
    right = replace(without_number(1, total=2), sn=5)
    assert made.offer(right, 2.0)
    assert not made.offer(without_number(8, total=1), 2.5)
    assert made.offer(replace(without_number(2, total=2), sn=5), 3.0)
    assert (made.state, [each.device_id[-1] for each in made.items]) == (CollectState.COMPLETE, ["1", "2"])


@given(
    st.lists(
        st.tuples(
            st.lists(st.integers(0, 6), max_size=4),
            st.none() | st.integers(0, 9),
            st.integers(0, 2),
            st.floats(0, 12),
        ),
        max_size=12,
    )
)
def test_whatever_comes_it_ends_in_time_and_counts_honestly(
    parts: list[tuple[list[int], int | None, int, float]],
) -> None:
    made = Collector[RecordItem](5, 0.0, RECORD_TIMES, max_items=5)
    now = 0.0
    for numbers, total, rejected, wait in parts:
        now += wait
        made.handle_timer(now)
        made.offer(records(*numbers, total=total, rejected=rejected), now)
        assert len(made.items) <= 5
    while (at := made.get_timer()) is not None:
        assert at <= 120.0
        made.handle_timer(at)
    if made.complete:
        assert made.rejected == 0
        assert made.announced is not None
        assert len(made.items) >= made.announced
