"""Counting a catalogue that comes in parts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from civicam.signalling.gb28181.catalogue import CatalogueCollector, CollectState, CollectTimes
from civicam.signalling.gb28181.manscdp import CatalogItem, CatalogResponse

NVR = "34020000001180000001"


def part(*numbers: int, total: int = 4, sn: int = 7, rejected: int = 0, name: str = "") -> CatalogResponse:
    items = tuple(CatalogItem(f"340200000013100{number:05}", name) for number in numbers)
    return CatalogResponse(sn, NVR, total, items, rejected)


def test_complete_when_every_announced_item_arrived() -> None:
    made = CatalogueCollector(7, 0.0)
    assert made.state.value == "waiting"
    assert made.offer(part(1, 2), 1)
    assert made.state.value == "collecting"
    assert made.offer(part(3, 4), 2)
    assert made.complete
    assert made.ended
    assert made.get_timer() is None
    assert not made.offer(part(5), 3)
    assert len(made.items) == 4


def test_parts_of_other_queries_change_nothing() -> None:
    made = CatalogueCollector(7, 0.0)
    assert not made.offer(part(1, sn=8, total=1), 1)
    assert (made.state, made.items) == (CollectState.WAITING, ())


def test_repeated_items_count_once_and_the_later_copy_wins() -> None:
    made = CatalogueCollector(7, 0.0)
    made.offer(part(1, 2, name="old"), 1)
    made.offer(part(1, 2, name="new"), 1.1)
    assert (made.state, len(made.items), made.items[0].name) == (CollectState.COLLECTING, 2, "new")


def test_gap_ends_it_incomplete() -> None:
    made = CatalogueCollector(7, 0.0)
    made.offer(part(1, 2), 10)
    assert made.get_timer() == 15
    made.handle_timer(14.9)
    assert not made.ended
    made.handle_timer(15)
    assert (made.state, made.complete, len(made.items)) == (CollectState.INCOMPLETE, False, 2)
    made.handle_timer(99)
    assert made.state is CollectState.INCOMPLETE


def test_silence_ends_it_silent() -> None:
    made = CatalogueCollector(7, 0.0, CollectTimes(first=120))
    made.handle_timer(120)
    assert (made.state, made.announced) == (CollectState.SILENT, None)


def test_total_time_ends_a_trickle() -> None:
    made = CatalogueCollector(7, 0.0, CollectTimes(first=120, gap=5, total=12))
    now = 0.0
    for number in range(1000):
        now += 4
        made.handle_timer(now)
        if made.ended:
            break
        made.offer(part(number, total=10_000), now)
    assert (made.state, now) == (CollectState.INCOMPLETE, 12.0)


def test_unreadable_items_end_the_wait_but_not_complete() -> None:
    made = CatalogueCollector(7, 0.0)
    made.offer(part(1, 2, 3, rejected=1), 1)
    assert made.state is CollectState.INCOMPLETE


def test_empty_device_is_complete() -> None:
    made = CatalogueCollector(7, 0.0)
    made.offer(part(total=0), 1)
    assert made.complete


def test_more_than_announced_is_complete_too() -> None:
    made = CatalogueCollector(7, 0.0)
    made.offer(part(1, 2, 3, 4, 5), 1)
    assert (made.complete, len(made.items)) == (True, 5)


def test_memory_is_bounded() -> None:
    made = CatalogueCollector(7, 0.0, max_items=3)
    made.offer(part(1, 2, 3, 4, 5, total=5), 1)
    made.handle_timer(6)
    assert (len(made.items), made.complete) == (3, False)


@given(st.permutations(list(range(12))), st.lists(st.integers(0, 11), max_size=10), st.integers(1, 5))
def test_any_order_any_repeats(order: list[int], repeats: list[int], size: int) -> None:
    """However parts are cut, shuffled and repeated: complete exactly when the last new item came."""
    made = CatalogueCollector(7, 0.0)
    sent = [*repeats, *order] if set(repeats) != set(range(12)) else order
    seen: set[int] = set()
    for start in range(0, len(sent), size):
        if made.ended:
            break
        chunk = sent[start : start + size]
        seen |= set(chunk)
        made.offer(part(*chunk, total=12), 0.0)
        assert made.complete == (len(seen) == 12)
    assert made.complete
