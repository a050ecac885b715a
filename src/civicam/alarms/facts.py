"""What the alarms room takes and publishes: frozen facts. Times are aware UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NewType

from civicam.fleet.facts import ChannelId, DeviceId

AlarmId = NewType("AlarmId", str)

How = Literal["message", "notify"]
"""A message of its own, or a notice inside a subscription."""

ResetState = Literal["open", "done", "taken", "unconfirmed", "refused", "unsupported", "failed"]
"""``open``: nobody asked for a reset. The others say what came of the newest asking (`fleet.orders.Result`);
``failed``: the device could not be reached."""


@dataclass(frozen=True, slots=True)
class AlarmSeen:
    """An alarm as a device sent it. ``source_id``: the channel, alarm input, device or alarm centre that it
    names, 20 or 10 digits. ``channel_id`` is empty when that is no video channel. ``priority`` 1 (highest) to
    4; ``method``, ``type`` and ``event`` (1 enters, 2 leaves) are the standard's numbers, None when not said;
    the names are plain words for them. ``at`` is the device's clock, ``received_at`` ours.
    """

    device_id: DeviceId
    source_id: str
    channel_id: ChannelId
    received_at: datetime
    how: How
    name_zh: str
    name_en: str
    priority: int | None = None
    method: int | None = None
    type: int | None = None
    event: int | None = None
    at: datetime | None = None
    description: str = ""
    lon: float | None = None
    lat: float | None = None


@dataclass(frozen=True, slots=True)
class AlarmRaised:
    """A new alarm has been taken; published once however many copies came."""

    alarm_id: AlarmId
    alarm: AlarmSeen


@dataclass(frozen=True, slots=True)
class AlarmReset:
    """A reset was asked for. ``by`` is the user's name, empty when the platform did it by itself."""

    alarm_id: AlarmId
    state: ResetState
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of an alarm: ``new`` is False for a copy of one that is there."""

    alarm_id: AlarmId
    new: bool


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alarm as it is kept."""

    alarm_id: AlarmId
    seen: AlarmSeen
    reset: ResetState = "open"
    reset_by: str = ""
    reset_at: datetime | None = None


AlarmFact = AlarmRaised | AlarmReset
"""What goes to the outbox."""
