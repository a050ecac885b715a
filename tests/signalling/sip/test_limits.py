"""Token buckets and the timer heap."""

from __future__ import annotations

from civicam.signalling.sip.limits import SourceBuckets
from civicam.signalling.sip.timers import TimerHeap


def test_a_bucket_empties_and_fills_again() -> None:
    """Burst at once, rate in the long run, never more than the burst."""
    buckets = SourceBuckets(rate=2.0, burst=3.0, max_sources=10)
    assert [buckets.take("a", 0.0) for _ in range(4)] == [True, True, True, False]
    assert buckets.take("b", 0.0)
    assert [buckets.take("a", 0.5) for _ in range(2)] == [True, False]
    assert [buckets.take("a", 100.0) for _ in range(4)] == [True, True, True, False]


def test_a_bucket_without_room_gives_nothing() -> None:
    """A burst below one is a closed door."""
    assert not SourceBuckets(rate=1.0, burst=0.5, max_sources=10).take("a", 0.0)


def test_strangers_cannot_fill_the_table_or_wash_off_a_flood() -> None:
    """The fullest buckets are forgotten; the one that floods keeps its debt."""
    buckets = SourceBuckets(rate=0.001, burst=5.0, max_sources=10)
    while buckets.take("flood", 0.0):
        pass
    for number in range(100):
        buckets.take(f"stranger{number}", 0.0)
    assert len(buckets) <= 10
    assert not buckets.take("flood", 0.0)


class Thing:
    """Something with a deadline."""

    due: float | None = None


def test_a_moved_deadline_rings_once_at_its_new_time() -> None:
    """The old entry is skipped, a cancelled one too."""
    heap, moved, cancelled = TimerHeap(), Thing(), Thing()
    heap.set(moved, 5.0)
    heap.set(moved, 9.0)
    heap.set(moved, 9.0)
    heap.set(cancelled, 1.0)
    heap.set(cancelled, None)
    assert heap.next_due() == 9.0
    assert len(heap) == 1
    assert heap.pop_due(8.9) is None
    assert heap.pop_due(9.0) is moved
    assert moved.due is None
    assert heap.next_due() is None
    assert heap.pop_due(99.0) is None
    assert heap.standing == 0


def test_what_was_cancelled_does_not_wait_for_its_hour() -> None:
    """A connection that closed is not kept until its idle time; what stands is rung in order all the same."""
    heap, stays = TimerHeap(), [Thing() for _ in range(100)]
    for number, thing in enumerate(stays):
        heap.set(thing, 3600.0 - number)
    for _ in range(10_000):
        heap.set(gone := Thing(), 3600.0)
        heap.set(gone, None)
    assert heap.standing == 100
    assert len(heap) <= 257
    heap.set(stays[0], 5.0)
    heap.set(stays[0], 3600.0)  # away and back: two entries that are one deadline
    for _ in range(300):
        heap.set(gone := Thing(), 1.0)
        heap.set(gone, None)
    rung = [heap.pop_due(9999.0) for _ in range(100)]
    assert rung == stays[::-1]
    assert heap.pop_due(9999.0) is None
    assert (heap.standing, len(heap)) == (0, 0)
