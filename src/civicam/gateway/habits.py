"""How one device is treated: what its maker's quirks say, and above it what an operator set for it."""

from __future__ import annotations

from civicam.gateway.event_settings import DeviceHabits
from civicam.gateway.roster import Entry
from civicam.gateway.settings import GatewaySettings
from civicam.signalling.gb28181.ids import GbId

_MOBILE = 138
"""Type code of mobile devices (GB/T 28181-2022 Annex E)."""
_NONE = DeviceHabits()


def arms(settings: GatewaySettings, entry: Entry) -> bool:
    """Whether it is armed before its alarms are subscribed to."""
    own = _of(settings, entry).arm
    return settings.alarm.arm and entry.profile.arm if own is None else own


def believes(settings: GatewaySettings, entry: Entry) -> bool:
    """Whether states of channels in its notices are believed."""
    own = _of(settings, entry).trust_status
    return entry.profile.trust_status if own is None else own


def moves(settings: GatewaySettings, entry: Entry) -> bool:
    """Whether its position is subscribed to."""
    own = _of(settings, entry).positions
    return settings.subscription.positions and GbId(entry.gb_id).type_code == _MOBILE if own is None else own


def _of(settings: GatewaySettings, entry: Entry) -> DeviceHabits:
    return settings.devices.get(entry.gb_id, _NONE)
