"""Findings and boards for the tests of this room."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from civicam.fleet.facts import ChannelId
from civicam.usability.board import Board, Change
from civicam.usability.debounce import Holds
from civicam.usability.facts import Leg, Proof, Reading, State

BEGAN = datetime(2026, 3, 2, tzinfo=UTC)
ONE = ChannelId("c1")
GOOD, BAD, UNKNOWN, NOT = State.GOOD, State.BAD, State.UNKNOWN, State.NOT_CONFIGURED
HOLDS = Holds(
    good=timedelta(seconds=30),
    bad=timedelta(seconds=15),
    unknown=timedelta(0),
    not_configured=timedelta(0),
    late=timedelta(seconds=5),
)


def at(seconds: float) -> datetime:
    """A moment so many seconds after the beginning."""
    return BEGAN + timedelta(seconds=seconds)


def found(
    seconds: float, state: State, leg: Leg = Leg.SIGNALLING, channel: ChannelId = ONE, code: str = ""
) -> Reading:
    """A finding of that second."""
    return Reading(channel, leg, state, at(seconds), Proof(code, "test"))


def told(changes: list[Change]) -> list[tuple[float, str, str]]:
    """(second, leg, state after) of changes."""
    return [
        ((each.leg.at - BEGAN).total_seconds(), each.leg.leg.value, each.leg.after.value) for each in changes
    ]


def run(board: Board, readings: Sequence[tuple[float, Reading]], until: float) -> list[Change]:
    """Hand over findings when they arrive, move the clock by the board's own timer; gives the changes."""
    changes: list[Change] = []
    for arrival, reading in sorted(readings, key=lambda pair: pair[0]):
        changes += _until(board, at(arrival))
        board.take(reading, at(arrival))
    return changes + _until(board, at(until))


def _until(board: Board, end: datetime) -> list[Change]:
    changes: list[Change] = []
    while (due := board.get_timer()) is not None and due <= end:
        changes += board.handle_timer(due)
    return changes + board.handle_timer(end)
