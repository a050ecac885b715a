"""Errors, their texts, and the clock that tests move."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from civicam.kernel.clock import BEIJING, ManualClock
from civicam.kernel.errors import Bug, CivicamError, Operational, Refused, Side
from civicam.kernel.messages import MESSAGES, message


def test_an_error_speaks_both_languages() -> None:
    """The code's text with the error's data; the log gets the code and the English."""
    error = Operational("demo.no-start", name="serve", reason="gone")
    assert error.text("zh-CN") == "无法启动 serve：gone"
    assert error.text() == "serve cannot be started: gone"
    assert str(error) == "demo.no-start: serve cannot be started: gone"
    assert error.data == {"name": "serve", "reason": "gone"}


def test_an_error_text_never_fails() -> None:
    """Data that is missing shows as its name, a code nobody knows as itself."""
    assert message("demo.no-start", "en", {"name": "serve"}) == "serve cannot be started: {reason}"
    assert message("demo.unheard-of", "en", {}) == "demo.unheard-of"


@pytest.mark.parametrize(
    ("made", "family"), [(Refused, "refused"), (Operational, "operational"), (Bug, "bug")]
)
def test_families_tell_who_has_to_act(made: type[CivicamError], family: str) -> None:
    """Refused is shown, Operational is counted, Bug raises the alarm."""
    assert made(next(iter(MESSAGES))).family == family


def test_a_wire_error_says_whose_fault_it_is() -> None:
    """Ours unless said otherwise."""
    assert Refused("demo.no-picture").side is Side.LOCAL
    assert Refused("demo.no-picture", side=Side.REMOTE).side is Side.REMOTE


def test_the_manual_clock_moves_both_hands() -> None:
    """And only when it is told to."""
    clock = ManualClock(datetime(2026, 3, 2, 16, 0, tzinfo=UTC), monotonic=5.0)
    assert (clock.monotonic(), clock.now()) == (5.0, datetime(2026, 3, 2, 16, 0, tzinfo=UTC))
    clock.advance(90.0)
    assert clock.monotonic() == 95.0
    assert clock.now().astimezone(BEIJING).isoformat() == "2026-03-03T00:01:30+08:00"
