"""Time: wraps, strays, jumps, restarts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civicam.media.core.timeline import Timeline

STEP = 3600


def _run(stamps: list[int], timeline: Timeline | None = None, step_s: float = 0.04) -> list[tuple[int, bool]]:
    timeline = timeline or Timeline()
    return [timeline.map(stamp, index * step_s) for index, stamp in enumerate(stamps)]


@given(start=st.integers(0, (1 << 33) - 1), bits=st.sampled_from([32, 33]))
def test_time_grows_from_zero_over_every_wrap(start: int, bits: int) -> None:
    stamps = [(start + index * STEP) % (1 << bits) for index in range(50)]
    assert _run(stamps, Timeline(bits)) == [(index * STEP, False) for index in range(50)]


def test_a_32_bit_counter_in_the_33_bit_field_wraps() -> None:
    start = (1 << 32) - 2 * STEP
    stamps = [(start + index * STEP) % (1 << 32) for index in range(5)]
    assert [ticks for ticks, _ in _run(stamps)] == [index * STEP for index in range(5)]


@pytest.mark.parametrize(
    "jump", [90_000 * 60, -90_000 * 60, -90_000 * 2], ids=["forward", "back", "two-back"]
)
def test_three_in_a_row_are_a_new_timeline(jump: int) -> None:
    base = 90_000 * 100
    stamps = [base + index * STEP for index in range(5)]
    stamps += [base + jump + index * STEP for index in range(5, 10)]
    timeline = Timeline()
    mapped = _run(stamps, timeline)
    assert [cut for _, cut in mapped] == [index == 7 for index in range(10)]
    ticks = [ticks for ticks, _ in mapped]
    assert ticks == sorted(set(ticks))
    assert timeline.jumps == 1


def test_a_stray_changes_nothing() -> None:
    stamps = [0, STEP, 90_000 * 900, 3 * STEP, 4 * STEP]
    mapped = _run(stamps)
    assert [ticks for ticks, _ in mapped] == [0, STEP, 2 * STEP, 3 * STEP, 4 * STEP]
    assert not any(cut for _, cut in mapped)


def test_strays_that_disagree_are_no_timeline() -> None:
    far = 90_000 * 100
    assert not any(cut for _, cut in _run([0, far, 3 * far, 5 * far, 7 * far, STEP * 5]))


def test_a_long_silence_is_no_jump() -> None:
    timeline = Timeline()
    assert timeline.map(0, 0.0) == (0, False)
    assert timeline.map(90_000 * 20, 20.0) == (90_000 * 20, False)


def test_reordered_pictures_may_step_back() -> None:
    assert [ticks for ticks, _ in _run([0, 3 * STEP, STEP, 2 * STEP])] == [0, 3 * STEP, STEP, 2 * STEP]


def test_a_cut_goes_on_where_time_stopped() -> None:
    timeline = Timeline()
    timeline.cut()
    assert timeline.near(5) is None
    assert timeline.map(700, 0.0) == (0, False)
    timeline.cut()
    assert timeline.map(5, 2.0) == (180_000, True)
    assert timeline.near(5 + STEP) == 180_000 + STEP
    assert timeline.near(90_000 * 500) is None


def test_other_clock_rates_come_out_in_90_khz() -> None:
    assert [ticks for ticks, _ in _run([0, 160, 320], Timeline(32, 8000), 0.02)] == [0, 1800, 3600]


@given(st.lists(st.integers(-90000, 3600), min_size=1, max_size=60))
def test_small_steps_back_never_add_up_to_a_time_before_the_beginning(steps: list[int]) -> None:
    line, raw, highest = Timeline(), 1 << 32, 0
    for number, step in enumerate([0, *steps]):
        raw += step
        ticks, _ = line.map(raw, number / 25)
        assert ticks >= max(0, highest - 2 * 90000)
        highest = max(highest, ticks)


def test_a_jump_that_was_asked_for_is_taken_at_its_first_stamp() -> None:
    for jump in (3 * 90000, -2 * 90000, 600 * 90000, -600 * 90000):
        line = Timeline()
        before = [line.map(90000 + 3600 * n, n / 25)[0] for n in range(10)]
        line.expect_jump(10.0)
        assert line.map(90000 + 36000, 0.4) == (36000, False), "the old place, on its way already"
        ticks, cut = line.map(90000 + 39600 + jump, 0.44)
        assert cut
        assert ticks > max(before)
        assert line.map(90000 + 43200 + jump, 0.48) == (ticks + 3600, False)
        assert line.jumps == 0, "nothing odd about it"
        assert line.map(90000 + 43200 + jump + 2 * 90000, 0.52) == (ticks + 3600 + 2 * 90000, False)


def test_a_jump_that_never_comes_is_forgotten() -> None:
    line = Timeline()
    line.map(0, 0.0)
    line.expect_jump(1.0)
    assert line.map(3600, 0.9) == (3600, False)
    assert line.map(3600 + 2 * 90000, 2.0) == (3600 + 2 * 90000, False)


def test_at_eight_times_the_speed_key_frames_may_be_far_apart() -> None:
    line = Timeline()
    line.pace(8.0)
    step = 10 * 90000
    assert [line.map(step * n, 1.25 * n) for n in range(4)] == [(step * n, False) for n in range(4)]
    line.pace(1.0)
    assert line.map(step * 4, 5.0)[0] < step * 4, "and at its own speed that is a jump"


def test_backwards_each_group_is_a_time_line_of_its_own() -> None:
    line = Timeline()
    line.pace(-1.0)
    stamps = [90000 * group + 3600 * n for group in (9, 8, 7) for n in range(25)]
    mapped = [line.map(stamp, number / 25) for number, stamp in enumerate(stamps)]
    assert [number for number, (_, cut) in enumerate(mapped) if cut] == [25, 50]
    assert [ticks for ticks, _ in mapped] == sorted(ticks for ticks, _ in mapped)
