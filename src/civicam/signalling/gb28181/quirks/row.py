"""The shape of a row, and of what a row may change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from civicam.signalling.gb28181.sdp import StreamForm


@dataclass(frozen=True, slots=True)
class Profile:
    """How to speak to one device; the defaults are the standard's of 2022."""

    stream_form: StreamForm = "streamnumber"
    encoding: str = "GB18030"
    """Declared in bodies we send; GB2312 towards peers that announce 2016 or nothing."""
    media_tcp: bool = False
    """Offer RTP over TCP even to a device that signals over UDP."""
    media_active: bool = False
    """Over TCP, connect to the device instead of waiting for it (a=setup:active)."""
    arm: bool = False
    """Arm it (SetGuard) before its alarms are subscribed to: it sends none unarmed."""
    trust_status: bool = True
    """Believe the states of channels in its notices; those in its lists are always believed."""


@dataclass(frozen=True, slots=True)
class Quirk:
    """One row. ``source``: where it was met or told of; ``invented`` when nobody is known to do it and it
    is only made sure that it is borne. ``makers`` are lower-case words looked for in manufacturer or user
    agent; empty when the measure is always on. ``change`` are the profile fields it sets."""

    name: str
    source: str
    behaviour: str
    measure: str
    test: str
    makers: tuple[str, ...] = ()
    change: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
