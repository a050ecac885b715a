"""All channels with what they can be grouped by: for rooms above, which group them."""

from __future__ import annotations

from collections.abc import Sequence

from civicam.fleet.facts import DeviceId
from civicam.fleet.ports import FleetQueries
from civicam.fleet.views import ChannelCard, Text
from civicam.kernel.work import Work


class ChannelDirectory:
    """One for the process; fills `civicam.usability.ports.Directory`."""

    def __init__(self, queries: Work[FleetQueries]) -> None:
        self._queries = queries

    async def cards(self, device_ids: Sequence[DeviceId] | None = None) -> list[ChannelCard]:
        """State and place of the channels of some devices, or all."""
        return await self._queries.read(lambda q: q.cards(device_ids))

    async def place_names(self) -> dict[str, Text]:
        """Districts, streets and sites by code or id."""
        return await self._queries.read(lambda q: q.place_names())
