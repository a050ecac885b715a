"""What the usability room takes and publishes: frozen facts, no behaviour. Times are aware UTC."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from civicam.fleet.facts import ChannelId


class Leg(enum.StrEnum):
    """What has to hold for a channel to be usable."""

    SIGNALLING = "signalling"
    MEDIA = "media"
    PICTURE = "picture"
    RECORDING = "recording"
    CLOCK = "clock"


class State(enum.StrEnum):
    """Of a leg, and of a channel. Unknown is never counted as good or as bad; ``not configured`` means that
    nobody looks at it, on purpose."""

    GOOD = "good"
    BAD = "bad"
    UNKNOWN = "unknown"
    NOT_CONFIGURED = "not configured"


@dataclass(frozen=True, slots=True)
class Proof:
    """Why a leg is what it is.

    ``code`` is stable and has its text in `civicam.kernel.messages`, empty when there is nothing to say.
    ``source`` names who measured: ``fleet``, ``stream``, ``open``, ``device-status``, or ``usability`` for
    what time alone did. ``measured`` stands against ``limit``, both in ``unit``.
    """

    code: str = ""
    source: str = ""
    measured: float | None = None
    limit: float | None = None
    unit: str = ""


NO_PROOF = Proof()


@dataclass(frozen=True, slots=True)
class Reading:
    """One finding about one leg of one channel, as it was at ``at``.

    It holds until ``until`` (None: until another comes) and is ``then`` afterwards.
    """

    channel_id: ChannelId
    leg: Leg
    state: State
    at: datetime
    proof: Proof = NO_PROOF
    until: datetime | None = None
    then: State = State.UNKNOWN


@dataclass(frozen=True, slots=True)
class LegChanged:
    """A leg has changed for good: ``at`` is when the new state began, not when it was believed."""

    channel_id: ChannelId
    leg: Leg
    before: State
    after: State
    at: datetime
    proof: Proof


@dataclass(frozen=True, slots=True)
class UsableChanged:
    """A channel has become usable, unusable or unknown; ``legs`` are those that keep it from being usable."""

    channel_id: ChannelId
    before: State
    after: State
    at: datetime
    legs: tuple[Leg, ...]


GapKind = Literal["stopped", "crashed", "stalled"]
"""An orderly stop; no stop was written; the process stood still while it ran."""


@dataclass(frozen=True, slots=True)
class CollectorGap:
    """From ``start`` to ``end`` nobody collected: every configured leg is unknown in between."""

    start: datetime
    end: datetime
    kind: GapKind


UsabilityFact = LegChanged | UsableChanged | CollectorGap
"""What goes to the outbox."""
