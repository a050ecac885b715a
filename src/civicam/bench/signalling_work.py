"""What the cameras of the signalling benchmarks are told to do, and what they tell of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Work:
    """What the cameras are to do.

    ``kind``: ``register`` (each once, in a closed loop), ``refresh`` and ``keepalive`` (closed loop for
    ``seconds``), ``city`` (heartbeats at ``rate`` a second, ``churn`` cameras a second that leave and come
    back, ``refreshes`` a second that register again while they are there, for ``seconds``), ``blackout`` (all
    register, spread over ``spread_s``, then beat at ``rate``, until ``seconds`` have passed; ``loss`` of the
    datagrams are lost each way; ``alarms`` a second come from those that are back), ``silent`` (register,
    then beat at ``rate`` for ``seconds``, and never answer what they are asked).
    """

    kind: str
    seconds: float = 0.0
    rate: float = 0.0
    churn: float = 0.0
    refreshes: float = 0.0
    loss: float = 0.0
    spread_s: float = 10.0
    alarms: float = 0.0
    window: int = 64


@dataclass(slots=True)
class Done:
    """What came of it. ``latency_s``: request to final answer, of each exchange of the paced kinds."""

    exchanges: int = 0
    failed: int = 0
    unanswered: int = 0
    seconds: float = 0.0
    latency_s: list[float] = field(default_factory=list)
    registered_after_s: list[float] = field(default_factory=list)
    """Blackout: when each camera had its 200."""
    registration_s: list[float] = field(default_factory=list)
    """First REGISTER to 200, of each registration."""
    alarms: int = 0
    alarm_s: list[float] = field(default_factory=list)
    """Of each alarm that was answered: from its first sending to the platform's word that it has it."""
    alarm_own_s: list[float] = field(default_factory=list)
    """Of these what is the platform's: from the first copy that the net did not lose to the first sending of
    its word.
    """


@dataclass(slots=True)
class Raised:
    """An alarm; ``heard`` once it has its 200, it is over with the platform's own answer."""

    number: int
    data: bytes
    at: float
    interval: float
    heard: bool = False
    left_at: float | None = None
    """When the first copy was not lost on its way."""
    answered: bool = False
    """The platform's word left it, whether or not it is lost on the way here."""


def percentile(values: Sequence[float], percent: int) -> float:
    """Of latencies; 0 when there are none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)] if ordered else 0.0
