"""A device as the gateway sees it at this moment, for people: what the store cannot know.

Frozen values shared by the gateway, which fills them, and the web, which shows them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from civicam.fleet.facts import DeviceId, Presence
from civicam.fleet.views import Text


@dataclass(frozen=True, slots=True)
class CatalogueProgress:
    """How far the list of channels came. ``announced`` is None before the device said how many there are.

    ``state``: ``waiting`` for its turn in the city's budget, ``asked``, ``collecting``, and how it ended:
    ``complete``, ``incomplete`` (nothing is taken away), ``refused``, ``silent``; ``never`` when it was not
    asked since our start.
    """

    state: Literal["never", "waiting", "asked", "collecting", "complete", "incomplete", "refused", "silent"]
    received: int = 0
    announced: int | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SubscriptionSight:
    """A subscription of ours at a device: ``kind`` is what it tells of, ``state`` how it stands."""

    kind: str
    state: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class DeviceSight:
    """What is known now. ``faults`` and ``habits`` are stable codes and names with texts of their own."""

    presence: Presence
    missed: int
    """Heartbeats that stayed away in a row, as far as the deadline tells."""
    heard_by: datetime | None
    """When it counts as lost unless it is heard before."""
    expires_at: datetime | None
    address: str
    """Where requests are sent now, empty when it cannot be reached."""
    transport: str
    host: str
    """The address it proved itself from."""
    catalogue: CatalogueProgress
    subscriptions: tuple[SubscriptionSight, ...] = ()
    faults: tuple[str, ...] = ()
    habits: tuple[str, ...] = ()
    """Ways of speaking that differ from the standard's, by the name of the quirk."""
    sessions: int = 0


@dataclass(frozen=True, slots=True)
class TraceRow:
    """One message on the SIP ladder; see `civicam.signalling.sip.ladder`. Secrets in ``text`` are masked."""

    number: int
    at: datetime
    incoming: bool
    label: str
    peer: str
    transport: str
    size: int
    text: str
    gap_ms: float | None
    took_ms: float | None
    answers: int | None
    copy_of: int | None
    cut: bool


@dataclass(frozen=True, slots=True)
class Position:
    """Where a mobile device is now: WGS-84 degrees, ``speed`` km/h, ``direction`` degrees from north. ``at``
    is the device's clock, None when not said. Only the newest of a device exists.
    """

    device_id: DeviceId
    gb_id: str
    lon: float
    lat: float
    at: datetime | None
    received_at: datetime
    speed: float | None = None
    direction: float | None = None


StepState = Literal["pending", "running", "passed", "failed", "skipped"]


@dataclass(frozen=True, slots=True)
class CheckupStep:
    """One step of the test of a device. ``code`` says why it failed or was skipped; ``measured`` and
    ``limit`` are in ``unit``; ``source`` names where the limit is from.
    """

    name: str
    state: StepState
    code: str = ""
    measured: float | None = None
    limit: float | None = None
    unit: str = ""
    source: str = ""
    detail: str = ""
    why: Text | None = None
    """``code`` in words."""


@dataclass(frozen=True, slots=True)
class Checkup:
    """A test of a device: ``passed`` None while it runs."""

    device_id: str
    started: datetime
    finished: datetime | None
    passed: bool | None
    steps: tuple[CheckupStep, ...]
