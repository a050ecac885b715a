"""The live session's machine, without any wire: every path ends, and gives back what it took."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from civicam.gateway import refusals
from civicam.gateway.session import Action, Do, Failed, Finished, LiveSession, SessionTimes, State

TIMES = SessionTimes()


def streaming() -> LiveSession:
    machine = LiveSession()
    machine.start(0)
    machine.port_opened(0)
    machine.invite_sent(0)
    machine.provisional(0)
    machine.accepted("", 1)
    machine.picture(1)
    return machine


def test_the_way_up() -> None:
    machine = LiveSession()
    assert machine.start(0) == [Do.OPEN_PORT]
    assert machine.port_opened(0.1) == [Do.INVITE]
    assert machine.invite_sent(0.1) == []
    assert (machine.state, machine.deadline) == (State.INVITING, 10.1)
    assert machine.provisional(0.2) == []
    assert (machine.state, machine.deadline) == (State.EARLY, 15.2)
    assert machine.accepted("", 0.3) == [Do.ACK, Do.PIN]
    assert machine.picture(0.4) == [Do.STARTED]
    assert (machine.state, machine.since) == (State.STREAMING, 0.4)


def test_picture_before_the_answer_is_not_forgotten() -> None:
    machine = LiveSession()
    machine.start(0)
    machine.port_opened(0)
    machine.invite_sent(0)
    assert machine.picture(0.1) == []
    assert machine.accepted("", 0.2) == [Do.ACK, Do.PIN, Do.STARTED]


@pytest.mark.parametrize(
    ("steps", "deadline", "code", "actions"),
    [
        (0, 5.0, refusals.ENGINE, [Do.CLOSE_PORT, Finished(refusals.ENGINE)]),
        (1, 5.0, refusals.ENGINE, [Do.CLOSE_PORT, Finished(refusals.ENGINE)]),
        (2, 10.0, refusals.PLAY_TIMEOUT, [Do.CLOSE_PORT]),
        (3, 15.0, refusals.PLAY_TIMEOUT, [Do.CANCEL, Do.CLOSE_PORT]),
        (4, 10.0, refusals.NO_MEDIA, [Do.BYE, Do.CLOSE_PORT]),
    ],
)
def test_every_state_on_the_way_up_has_its_time(
    steps: int, deadline: float, code: str, actions: list[Action]
) -> None:
    machine = LiveSession()
    machine.start(0)
    path = (machine.port_opened, machine.invite_sent, machine.provisional)
    for step in path[:steps]:
        step(0)
    if steps == 4:
        machine.accepted("", 0)
    assert machine.handle_timer(deadline - 0.001) == []
    assert machine.handle_timer(deadline) == [Failed(code), *actions]


def test_packets_without_pictures_have_a_name_of_their_own() -> None:
    machine = LiveSession()
    machine.start(0)
    machine.port_opened(0)
    machine.invite_sent(0)
    machine.accepted("", 0)
    machine.stalled("media.no-pictures")
    assert machine.handle_timer(10)[0] == Failed(refusals.NO_PICTURES)


def test_cancel_waits_for_the_provisional_answer() -> None:
    machine = LiveSession()
    machine.start(0)
    machine.port_opened(0)
    machine.invite_sent(0)
    machine.handle_timer(10)
    assert machine.provisional(11) == [Do.CANCEL]
    assert machine.refused(487, 12) == [Finished(refusals.PLAY_TIMEOUT)]


def test_late_200_is_acknowledged_and_ended() -> None:
    machine = LiveSession()
    machine.start(0)
    machine.port_opened(0)
    machine.invite_sent(0)
    machine.provisional(0)
    machine.handle_timer(15)
    assert machine.accepted("", 20) == [Do.ACK, Do.BYE]
    assert machine.bye_done(21) == [Finished(refusals.PLAY_TIMEOUT)]
    assert machine.accepted("", 22) == [Do.ACK, Do.BYE]
    assert machine.bye_done(23) == []


def test_unanswered_bye_is_given_up() -> None:
    machine = streaming()
    assert machine.end(refusals.NO_VIEWER, 100) == [Do.BYE, Do.CLOSE_PORT]
    assert machine.deadline == 133
    assert machine.handle_timer(133) == [Finished(refusals.NO_VIEWER)]
    assert machine.deadline is None


def test_regular_check() -> None:
    machine = streaming()
    assert machine.handle_timer(61) == [Do.CHECK]
    assert machine.checked(True, 61.1) == []
    assert machine.deadline == pytest.approx(121.1)
    assert machine.handle_timer(122) == [Do.CHECK]
    assert machine.checked(False, 122.1) == [Do.BYE, Do.CLOSE_PORT]
    assert machine.checked(False, 122.2) == []


def test_device_that_hangs_up_is_owed_nothing() -> None:
    machine = streaming()
    assert machine.device_ended(5) == [Do.CLOSE_PORT, Finished(refusals.DEVICE_ENDED)]
    assert machine.device_ended(6) == []


def test_only_408_is_tried_again() -> None:
    machine = LiveSession()
    machine.start(0)
    machine.port_opened(0)
    machine.invite_sent(0)
    assert machine.refused(408, 1) == [Do.INVITE]
    machine.invite_sent(1)
    assert machine.refused(408, 2)[0] == Failed(refusals.PLAY_TIMEOUT, 408)


def test_end_while_the_port_is_being_opened_closes_it_afterwards() -> None:
    machine = LiveSession()
    machine.start(0)
    assert machine.end(refusals.STOPPING, 1)[-1] == Finished(refusals.STOPPING)
    assert machine.port_opened(2) == [Do.CLOSE_PORT]


def test_answers_that_fit_no_state_do_nothing() -> None:
    machine = streaming()
    assert machine.refused(500, 2) == []
    assert machine.invite_failed(refusals.UNREACHABLE, 2) == []
    assert machine.provisional(2) == []
    assert LiveSession().bye_done(0) == []
    assert LiveSession().handle_timer(1e9) == []


EVENTS = st.sampled_from(
    [
        *("port", "sent", "1xx", "200", "bad200", "404", "408", "fail", "picture", "stall"),
        *("end", "bye", "done", "lost", "there", "timer"),
    ]
)


def feed(machine: LiveSession, event: str, now: float) -> list[Action]:
    """One event of any kind at any time."""
    table = {
        "port": lambda: machine.port_opened(now),
        "sent": lambda: machine.invite_sent(now),
        "1xx": lambda: machine.provisional(now),
        "200": lambda: machine.accepted("", now),
        "bad200": lambda: machine.accepted(refusals.BAD_ANSWER, now),
        "404": lambda: machine.refused(404, now),
        "408": lambda: machine.refused(408, now),
        "fail": lambda: machine.invite_failed(refusals.UNREACHABLE, now),
        "picture": lambda: machine.picture(now),
        "end": lambda: machine.end(refusals.NO_VIEWER, now),
        "bye": lambda: machine.device_ended(now),
        "done": lambda: machine.bye_done(now),
        "lost": lambda: machine.checked(False, now),
        "there": lambda: machine.checked(True, now),
        "timer": lambda: machine.handle_timer(now),
    }
    if event == "stall":
        machine.stalled("media.no-packets")
        return []
    return table[event]()


@settings(max_examples=400)
@given(st.lists(st.tuples(EVENTS, st.floats(0, 70)), max_size=25))
def test_whatever_happens_it_ends_once_and_gives_back_the_port(events: list[tuple[str, float]]) -> None:
    """Any events in any order, then silence: the machine closes within its own deadlines."""
    machine = LiveSession()
    done: list[Action] = machine.start(0)
    now = 0.0
    for event, gap in events:
        now += gap
        done += feed(machine, event, now)
        assert machine.state is State.CLOSED or machine.deadline is not None
    for _ in range(4):
        if machine.state is State.STREAMING:
            done += machine.end(refusals.NO_VIEWER, now)
        if machine.deadline is not None:
            now = machine.deadline
            done += machine.handle_timer(now)
    assert machine.state is State.CLOSED
    assert sum(isinstance(each, Finished) for each in done) == 1
    assert sum(isinstance(each, Failed) for each in done) + done.count(Do.STARTED) >= 1
    assert Do.CLOSE_PORT in done[done.index(Do.OPEN_PORT) :]
