"""The table itself: no state without a way out, no timer without an effect, and nothing but what the RFC
draws.
"""

from __future__ import annotations

import pytest

from civicam.signalling.sip.message import Request
from civicam.signalling.sip.peer import Peer
from civicam.signalling.sip.transaction import FIRST, STAYS, TABLE, Act, Kind, Signal, State, Transaction

STATES = sorted({(kind, state) for kind, state, _ in TABLE})
UDP = Peer("udp", "192.0.2.1", 5060)


@pytest.mark.parametrize(("kind", "state"), STATES)
def test_every_state_has_an_end(kind: Kind, state: State) -> None:
    """Expiry and a broken transport lead out of every state, so no transaction lives for ever."""
    for signal in (Signal.EXPIRE, Signal.BROKEN):
        assert TABLE[kind, state, signal][0] == State.TERMINATED


@pytest.mark.parametrize(("kind", "state"), STATES)
def test_every_state_can_be_reached(kind: Kind, state: State) -> None:
    """Nothing in the table is dead."""
    reached = {FIRST[kind]}
    for _ in State:
        reached |= {
            after for (one, before, _), (after, _) in TABLE.items() if one == kind and before in reached
        }
    assert state in reached


@pytest.mark.parametrize(("kind", "state"), sorted(STAYS))
def test_every_timer_has_an_effect(kind: Kind, state: State) -> None:
    """A state that resends has a RESEND row, else the timer would ring for ever."""
    stay = STAYS[kind, state]
    assert (stay.resend is not None) == ((kind, state, Signal.RESEND) in TABLE)
    assert (kind, state) in STATES


def test_every_state_says_how_long_it_lasts() -> None:
    """`STAYS` and `TABLE` speak of the same states."""
    assert sorted(STAYS) == STATES


def test_every_act_is_used() -> None:
    """An act no row asks for would be dead code."""
    assert {act for _, acts in TABLE.values() for act in acts} == set(Act)


@pytest.mark.parametrize("kind", list(Kind))
def test_what_is_not_in_the_table_changes_nothing(kind: Kind) -> None:
    """Absorbed: no act, same state, same timers."""
    transaction = Transaction(kind, ("c", "b", "M"), Request("M", "sip:a"), UDP)
    transaction.enter(FIRST[kind], 0.0)
    before = transaction.deadline
    for signal in Signal:
        if (kind, FIRST[kind], signal) not in TABLE:
            assert transaction.step(signal, 1.0) == ()
            assert (transaction.state, transaction.deadline) == (FIRST[kind], before)


def test_a_state_without_timers_has_no_deadline() -> None:
    """A finished transaction waits for nothing."""
    transaction = Transaction(Kind.CLIENT, ("c", "b", "M"), Request("M", "sip:a"), UDP)
    assert transaction.deadline is None
    transaction.resend_at = 3.0
    assert transaction.deadline == 3.0
