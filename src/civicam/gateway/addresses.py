"""Whom an operation is for: from our ids to the device that is spoken to and the channel it is about."""

from __future__ import annotations

from dataclasses import dataclass

from civicam.fleet.facts import ChannelId, ChannelRoute, DeviceId, Presence
from civicam.gateway import refusals
from civicam.gateway.desk import Desk
from civicam.gateway.roster import Entry
from civicam.kernel.errors import Refused


@dataclass(frozen=True, slots=True)
class Target:
    """A channel as commands name it: the device that is spoken to, and the channel's own id."""

    entry: Entry
    channel_id: ChannelId
    channel: str


class Addresses:
    """Finds whom an operation is for. Refuses what cannot be reached before anything is sent."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def device(self, device_id: DeviceId) -> Entry:
        """Raises `Refused` ``fleet.unknown-device``, ``gateway.device-offline``."""
        entry = self._desk.roster.by_device(device_id)
        if entry is None:
            raise Refused("fleet.unknown-device", device_id=device_id)
        offline = self._desk.liveness.book.presence(device_id) is Presence.OFFLINE
        if offline or entry.peer is None:
            raise refusals.failure(refusals.DEVICE_OFFLINE, entry.record.name or entry.gb_id, entry.gb_id)
        return entry

    async def channel(self, channel_id: ChannelId) -> Target:
        """Raises `Refused` ``fleet.unknown-channel``, ``gateway.not-gb28181``, ``gateway.device-offline``."""
        route: ChannelRoute = await self._desk.fleet.route(channel_id)
        if route.protocol != "gb28181":
            raise Refused("gateway.not-gb28181", channel=route.channel_gb_id or channel_id)
        return Target(self.device(route.device_id), channel_id, route.channel_gb_id)
