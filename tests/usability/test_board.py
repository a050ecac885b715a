"""What is believed when: blips vanish, changes count from their beginning, late news changes nothing."""

from __future__ import annotations

import random
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from tests.usability.findings import BAD, BEGAN, GOOD, HOLDS, NOT, ONE, UNKNOWN, at, found, run, told

from civicam.fleet.facts import ChannelId
from civicam.usability.board import Board, Standing
from civicam.usability.debounce import GREW_OLD, Believed
from civicam.usability.facts import Leg, Proof, Reading, State
from civicam.usability.model import USABLE, pack

STATES = st.sampled_from([GOOD, BAD, UNKNOWN, NOT])


def good_board() -> Board:
    """A channel whose signalling is believed good since the beginning."""
    board = Board(HOLDS)
    run(board, [(0, found(0, GOOD))], 60)
    return board


def test_a_new_state_counts_from_its_beginning_once_it_has_lasted() -> None:
    board = good_board()
    assert told(run(board, [(100, found(100, BAD))], 119.9)) == []
    (change,) = board.handle_timer(at(120))
    assert told([change]) == [(100.0, "signalling", "bad")]
    assert change.usable is not None
    assert (change.usable.before, change.usable.after) == (GOOD, BAD)
    assert change.usable.legs == (Leg.SIGNALLING,)


def test_what_ends_before_its_hold_never_happened() -> None:
    board = good_board()
    assert run(board, [(100, found(100, BAD)), (114, found(114, GOOD))], 1000) == []


def test_a_channel_that_flaps_stays_bad_until_it_was_good_for_long_enough() -> None:
    """20 s good, 20 s bad, for ten minutes: one outage, not thirty."""
    board = good_board()
    flapping = [(at_, found(at_, BAD if at_ % 40 == 0 else GOOD)) for at_ in range(120, 720, 20)]
    changes = told(run(board, flapping, 1000))
    assert changes == [(120.0, "signalling", "bad"), (700.0, "signalling", "good")]


def test_unknown_is_believed_at_once_and_ends_only_when_something_lasts() -> None:
    board = good_board()
    changes = run(board, [(100, found(100, UNKNOWN)), (110, found(110, BAD)), (112, found(112, GOOD))], 500)
    assert told(changes) == [(100.0, "signalling", "unknown"), (112.0, "signalling", "good")]


def test_of_two_findings_of_one_moment_the_worse_one_stands() -> None:
    for order in ([GOOD, BAD], [BAD, GOOD]):
        board = good_board()
        changes = run(board, [(100 + n, found(100, state)) for n, state in enumerate(order)], 500)
        assert told(changes) == [(100.0, "signalling", "bad")]


def test_a_finding_grows_old_and_becomes_what_it_said() -> None:
    board = Board(HOLDS)
    reading = Reading(ONE, Leg.MEDIA, GOOD, at(0), Proof(), until=at(900), then=NOT)
    changes = run(board, [(0, reading)], 2000)
    assert told(changes) == [(0.0, "media", "good"), (900.0, "media", "not configured")]
    assert changes[-1].leg.proof.code == GREW_OLD


def test_a_finding_that_is_renewed_does_not_grow_old() -> None:
    board = Board(HOLDS)
    readings = [
        (n, Reading(ONE, Leg.MEDIA, GOOD, at(n), Proof(), until=at(n + 900))) for n in range(0, 2000, 500)
    ]
    assert told(run(board, readings, 2399)) == [(0.0, "media", "good")]
    assert told(run(board, [], 2500)) == [(2400.0, "media", "unknown")]


def test_a_candidate_that_grows_old_before_it_was_held_is_not_believed() -> None:
    board = good_board()
    reading = Reading(ONE, Leg.SIGNALLING, BAD, at(100), Proof(), until=at(105), then=GOOD)
    assert run(board, [(100, reading)], 500) == []


def test_news_that_is_too_late_is_counted_and_changes_nothing() -> None:
    board = good_board()
    run(board, [(100, found(100, BAD)), (200, found(200, GOOD))], 300)
    assert run(board, [(300, found(150, BAD))], 500) == []
    assert board.counters["too_late"] == 1


def test_the_newest_news_counts_however_late_it_comes() -> None:
    """A store that hung held a transition back for a minute: it is still true, from now on."""
    board = good_board()
    assert told(run(board, [(200, found(140, BAD))], 500)) == [(195.0, "signalling", "bad")]


def test_news_from_the_future_is_counted_and_dropped() -> None:
    board = good_board()
    assert run(board, [(100, found(101, BAD))], 500) == []
    assert board.counters["from_the_future"] == 1


def test_a_channel_is_as_its_worst_configured_leg() -> None:
    board = good_board()
    changes = run(board, [(100, found(100, GOOD, Leg.CLOCK)), (110, found(110, BAD, Leg.MEDIA))], 500)
    assert told(changes) == [(110.0, "media", "bad"), (110.0, "clock", "good")]
    assert [each.usable and each.usable.after for each in changes] == [BAD, None]
    standing = board.standing(ONE)
    assert standing is not None
    assert standing.usable is BAD
    assert board.count()[BAD] == 1


def test_history_of_a_channel_never_goes_back() -> None:
    """A good leg is believed after a bad one that began later: its change is dated where the other ended."""
    board = good_board()
    run(board, [(70, found(70, BAD, Leg.CLOCK))], 100)
    changes = run(board, [(100, found(100, GOOD, Leg.CLOCK)), (104, found(104, BAD))], 500)
    times = [each.leg.at for each in changes]
    assert times == sorted(times)
    assert told(changes) == [(104.0, "signalling", "bad"), (104.0, "clock", "good")]


def test_what_grew_old_while_we_were_down_does_so_at_our_start() -> None:
    """[down 1000 ─── 5000]: the clock's proof ended at 2000; the time in between is a gap, not history."""
    board = Board(HOLDS)
    clock = Believed(GOOD, at(0), at(0), until=at(2000))
    board.restore(Standing(ONE, pack({Leg.CLOCK: GOOD}), at(0), {Leg.CLOCK: clock}), at(5000))
    assert told(run(board, [], 6000)) == [(5000.0, "clock", "unknown")]


def test_what_was_believed_goes_on() -> None:
    first = good_board()
    standing = first.standing(ONE)
    assert standing is not None
    board = Board(HOLDS)
    board.restore(standing, at(100))
    assert board.standing(ONE) == standing
    assert told(run(board, [(200, found(200, BAD))], 500)) == [(200.0, "signalling", "bad")]


def test_a_clock_that_is_set_back_gives_up_what_waits_for_it() -> None:
    board = good_board()
    run(board, [(3600, found(3600, BAD))], 3605)
    board.set_back()
    assert told(run(board, [(100, found(100, BAD))], 200)) == [(100.0, "signalling", "bad")]
    assert board.changing(ONE) == {}


def test_what_may_follow_is_shown() -> None:
    board = good_board()
    run(board, [(100, found(100, BAD))], 106)
    assert {leg: each.state for leg, each in board.changing(ONE).items()} == {Leg.SIGNALLING: BAD}
    assert board.changing(ChannelId("nobody")) == {}
    assert board.standing(ChannelId("nobody")) is None


def test_renewed_findings_are_told_once_in_a_quarter_of_their_time() -> None:
    board = Board(HOLDS)
    told_at = []
    for second in range(0, 1000, 10):
        run(
            board,
            [(second, Reading(ONE, Leg.MEDIA, GOOD, at(second), Proof(), at(second + 400)))],
            second + 9,
        )
        if board.take_renewed():
            told_at.append(second)
    assert len(told_at) <= 11
    board.renew_later([ONE])
    assert (board.renewing, board.take_renewed()) == (1, {ONE})


@given(
    st.lists(
        st.tuples(st.integers(0, 300), STATES, st.sampled_from([Leg.SIGNALLING, Leg.MEDIA])),
        min_size=1,
        max_size=25,
    ),
    st.randoms(use_true_random=False),
)
def test_any_order_within_the_lateness_gives_the_same_history(
    facts: list[tuple[int, State, Leg]], chance: random.Random
) -> None:
    """Each finding comes when it will, at most ``late`` after what it tells of."""
    readings = [found(second, state, leg, code=f"{second}{state}") for second, state, leg in facts]
    on_time = Board(HOLDS)
    expected = run(on_time, [((each.at - BEGAN).total_seconds(), each) for each in readings], 400)
    chance.shuffle(readings)
    late = Board(HOLDS)
    shaken = [((each.at - BEGAN).total_seconds() + chance.uniform(0, 4.99), each) for each in readings]
    assert run(late, shaken, 400) == expected
    sleepy = Board(HOLDS)
    for arrival, reading in sorted(shaken, key=lambda pair: pair[0]):
        sleepy.take(reading, at(arrival))
        if chance.random() < 0.2:
            expected = expected[len(sleepy.handle_timer(at(arrival))) :]
    assert sleepy.handle_timer(at(400)) == expected
    assert late.standing(ONE) == on_time.standing(ONE)
    assert late.counters["too_late"] == 0


@given(st.lists(st.tuples(st.integers(0, 600), STATES), min_size=1, max_size=40))
def test_no_state_is_believed_that_was_not_found_for_its_hold(facts: list[tuple[int, State]]) -> None:
    """Every believed change began at a finding of that state, and nothing said otherwise within its hold."""
    readings = [found(second, state) for second, state in facts]
    severity = {NOT: 0, GOOD: 1, UNKNOWN: 2, BAD: 3}
    by_second: dict[float, State] = {}
    for each in readings:
        second = (each.at - BEGAN).total_seconds()
        if second not in by_second or severity[each.state] > severity[by_second[second]]:
            by_second[second] = each.state
    changes = run(Board(HOLDS), [((each.at - BEGAN).total_seconds(), each) for each in readings], 1000)
    for change in changes:
        began = (change.leg.at - BEGAN).total_seconds()
        hold = HOLDS.of(change.leg.after).total_seconds()
        against = [
            s for s, state in by_second.items() if began < s < began + hold and state != change.leg.after
        ]
        assert by_second[began] is change.leg.after
        assert against == []


@given(st.dictionaries(st.sampled_from(list(Leg)), STATES))
def test_unknown_never_counts_as_good_or_bad(states: dict[Leg, State]) -> None:
    """Usable only when every configured leg is good; bad only when one is bad."""
    usable = USABLE[pack(states)]
    configured = [state for state in states.values() if state is not NOT]
    assert (usable is GOOD) == (bool(configured) and all(state is GOOD for state in configured))
    assert (usable is BAD) == (BAD in configured)
    assert (usable is UNKNOWN) == (BAD not in configured and UNKNOWN in configured)


def test_the_timer_is_early_or_right_never_late() -> None:
    board = good_board()
    board.take(found(100, BAD), at(100))
    due = board.get_timer()
    assert due is not None
    assert due <= at(100) + HOLDS.late
    run(board, [], 106)
    due = board.get_timer()
    assert due == at(100) + HOLDS.bad + HOLDS.late
    assert board.handle_timer(due - timedelta(milliseconds=1)) == []
    assert len(board.handle_timer(due)) == 1
