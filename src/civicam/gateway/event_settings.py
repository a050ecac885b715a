"""What an operator may set about what devices tell by themselves: subscriptions, alarms, single devices."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Seconds = Annotated[float, Field(gt=0)]


class SubscriptionSettings(BaseModel):
    """What is subscribed to at devices (SUBSCRIBE, GB/T 28181-2022 §9.11), and how fast over the city."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    catalogue: bool = True
    """Changes of channels, at every device that has some."""
    alarms: bool = True
    """Alarms, at every device; they are taken as messages, too."""
    positions: bool = True
    """Positions of mobile devices (type code 138). Only the newest of each is kept."""
    ptz: bool = True
    """Where a camera looks (2022), while somebody controls it. Only the newest of each is kept."""
    position_every_s: Annotated[int, Field(ge=1, le=86_400)] = 5
    expires_s: Annotated[int, Field(ge=60, le=86_400)] = 3600
    """Asked for; refreshed at 90 % of what the device grants."""
    answer_s: Seconds = 10.0
    """How long the answer to a SUBSCRIBE is awaited."""
    retry_s: Seconds = 30.0
    """The first pause after a failure; it doubles up to ``retry_most_s``."""
    retry_most_s: Seconds = 1800.0
    concurrent: Annotated[int, Field(ge=1)] = 32
    per_second: Annotated[float, Field(gt=0)] = 50.0
    """Subscriptions begun and refreshed a second, over the whole city."""


class AlarmHandlingSettings(BaseModel):
    """What is done about alarms on the wire; how long they are kept is in ``alarms``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    arm: bool = True
    """Arm devices that are known to send alarms only when armed (SetGuard), before subscribing."""
    reset: bool = False
    """Reset every alarm of method 2 (device alarm) by itself: the device sends no further one before that."""
    per_second: Annotated[float, Field(gt=0)] = 5.0
    """Alarms of one device taken over time; more are acknowledged, dropped and counted."""
    burst: Annotated[int, Field(ge=1)] = 50
    waiting: Annotated[int, Field(ge=1)] = 10_000
    """Alarms of all devices that may wait for the store."""


class DeviceHabits(BaseModel):
    """What is known of one device and differs from the others; what is not set follows its maker."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    arm: bool | None = None
    """Arm it before subscribing to its alarms."""
    trust_status: bool | None = None
    """Believe the states of channels in its notices."""
    positions: bool | None = None
    """Subscribe to its position, whatever its type code says."""
