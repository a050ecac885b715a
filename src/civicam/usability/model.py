"""The deciding code of usability: when a channel is usable, and five legs as one small number. Pure.

A channel is usable when all configured legs are good; bad when one is bad; unknown when none is bad and one
is unknown; not configured when no leg is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NewType

from civicam.usability.facts import Leg, State

LEGS = tuple(Leg)
STATES = (State.UNKNOWN, State.GOOD, State.BAD, State.NOT_CONFIGURED)
"""In the order of their numbers in a `Vector`."""

Vector = NewType("Vector", int)
"""The states of all legs, two bits each, the first leg lowest: what a row of history holds."""

_NUMBER = {state: number for number, state in enumerate(STATES)}
_SHIFT = {leg: 2 * place for place, leg in enumerate(LEGS)}


def usable_of(states: Iterable[State]) -> State:
    """The state of a channel whose legs are in ``states``."""
    found = set(states)
    for state in (State.BAD, State.UNKNOWN, State.GOOD):
        if state in found:
            return state
    return State.NOT_CONFIGURED


def pack(states: Mapping[Leg, State]) -> Vector:
    """All five as a number; a leg that is not named is not configured."""
    vector = 0
    for leg in LEGS:
        vector |= _NUMBER[states.get(leg, State.NOT_CONFIGURED)] << _SHIFT[leg]
    return Vector(vector)


NOTHING = pack({})
"""No leg is configured: a channel before it was entered, and after it was removed."""


def leg_state(vector: Vector, leg: Leg) -> State:
    """One leg of a vector."""
    return STATES[vector >> _SHIFT[leg] & 3]


def unpack(vector: Vector) -> dict[Leg, State]:
    """All five legs of a vector."""
    return {leg: leg_state(vector, leg) for leg in LEGS}


def with_leg(vector: Vector, leg: Leg, state: State) -> Vector:
    """The vector with one leg changed."""
    return Vector(vector & ~(3 << _SHIFT[leg]) | _NUMBER[state] << _SHIFT[leg])


USABLE = tuple(usable_of(unpack(Vector(each)).values()) for each in range(4 ** len(LEGS)))
"""The state of a channel, by its vector."""
DARKENED = tuple(
    pack(
        {
            leg: state if state is State.NOT_CONFIGURED else State.UNKNOWN
            for leg, state in unpack(Vector(each)).items()
        }
    )
    for each in range(4 ** len(LEGS))
)
"""The vector while nobody collects: every configured leg unknown."""


def hindering(vector: Vector) -> tuple[Leg, ...]:
    """The legs that keep a channel from being usable: the bad ones, else the unknown ones."""
    usable = USABLE[vector]
    if usable not in {State.BAD, State.UNKNOWN}:
        return ()
    return tuple(leg for leg in LEGS if leg_state(vector, leg) is usable)
