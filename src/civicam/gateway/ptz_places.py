"""Where a camera can go and where it looks: presets, cruises, home position, exact position.

Many devices know only presets; what is not answered is no fault and is shown as "not supported".
"""

from __future__ import annotations

from civicam.fleet.facts import ChannelId
from civicam.fleet.orders import (
    Box,
    CruiseRow,
    CruiseStop,
    HomePlace,
    Outcome,
    PresetRow,
    Presets,
    PtzPlace,
)
from civicam.gateway.addresses import Addresses
from civicam.gateway.commands import Commands
from civicam.signalling.gb28181.collect import SHORT_TIMES
from civicam.signalling.gb28181.ids import GbId
from civicam.signalling.gb28181.manscdp.control_actions import (
    ControlAction,
    DragZoom,
    HomePosition,
    KeyFrame,
    PrecisePtz,
    Ptz,
)
from civicam.signalling.gb28181.manscdp.cruise import (
    CruiseTrackListQuery,
    CruiseTrackListResponse,
    CruiseTrackQuery,
    CruiseTrackResponse,
)
from civicam.signalling.gb28181.manscdp.home_position import HomePositionQuery, HomePositionResponse
from civicam.signalling.gb28181.manscdp.preset import PresetQuery, PresetResponse
from civicam.signalling.gb28181.manscdp.ptz_position import PtzPositionQuery, PtzPositionResponse
from civicam.signalling.gb28181.ptz import Auxiliary, Cruise, CruiseAction, Preset, PresetAction


class PtzPlaces:
    """The use case. Questions raise as `Commands.ask`, orders as `Commands.order`."""

    def __init__(self, addresses: Addresses, commands: Commands) -> None:
        self._addresses = addresses
        self._commands = commands

    async def presets(self, channel_id: ChannelId) -> Presets:
        """What the device lists; complete only when everything announced arrived."""
        target = await self._addresses.channel(channel_id)
        gb_id = GbId.parse(target.channel)
        found = await self._commands.collect(
            target.entry, lambda sn: PresetQuery(sn, gb_id), PresetResponse, SHORT_TIMES
        )
        self._commands.raise_for(target.entry, found)
        rows = tuple(PresetRow(each.preset_id, each.name) for each in found.items)
        return Presets(tuple(sorted(rows, key=lambda row: row.number)), found.state == "complete")

    async def preset(self, channel_id: ChannelId, action: PresetAction, number: int, name: str) -> Outcome:
        """Set, call or delete preset ``number`` (1..255); 2022 devices keep ``name``."""
        target = await self._addresses.channel(channel_id)
        order = Ptz.of(Preset(action, number), name if action is PresetAction.SET else "")
        return await self._commands.order(target.entry, target.channel, order)

    async def set_preset(self, channel_id: ChannelId, number: int, name: str = "") -> Outcome:
        """Keep where the camera looks now."""
        return await self.preset(channel_id, PresetAction.SET, number, name)

    async def call_preset(self, channel_id: ChannelId, number: int) -> Outcome:
        """Go there."""
        return await self.preset(channel_id, PresetAction.CALL, number, "")

    async def delete_preset(self, channel_id: ChannelId, number: int) -> Outcome:
        """Forget it."""
        return await self.preset(channel_id, PresetAction.DELETE, number, "")

    async def cruises(self, channel_id: ChannelId) -> tuple[CruiseRow, ...]:
        """Cruise tracks (2022), without their points."""
        target = await self._addresses.channel(channel_id)
        gb_id = GbId.parse(target.channel)
        found = await self._commands.collect(
            target.entry, lambda sn: CruiseTrackListQuery(sn, gb_id), CruiseTrackListResponse, SHORT_TIMES
        )
        self._commands.raise_for(target.entry, found)
        return tuple(CruiseRow(each.number, each.name) for each in found.items)

    async def cruise(self, channel_id: ChannelId, number: int) -> CruiseRow:
        """One track with its points."""
        target = await self._addresses.channel(channel_id)
        gb_id = GbId.parse(target.channel)
        found = await self._commands.ask(
            target.entry, lambda sn: CruiseTrackQuery(sn, gb_id, number=number), CruiseTrackResponse
        )
        stops = tuple(CruiseStop(each.preset, each.stay_s, each.speed) for each in found.points)
        return CruiseRow(found.number, found.name, stops)

    async def start_cruise(self, channel_id: ChannelId, number: int) -> Outcome:
        """Begin; `PtzDesk.stop` ends it."""
        return await self._order(channel_id, Ptz.of(Cruise(CruiseAction.START, number)))

    async def switch(self, channel_id: ChannelId, number: int, on: bool) -> Outcome:
        """An auxiliary switch; 1 is the wiper."""
        return await self._order(channel_id, Ptz.of(Auxiliary(number, on)))

    async def home(self, channel_id: ChannelId) -> HomePlace | None:
        """看守位; None when the device answers without one."""
        target = await self._addresses.channel(channel_id)
        gb_id = GbId.parse(target.channel)
        found = await self._commands.ask(
            target.entry, lambda sn: HomePositionQuery(sn, gb_id), HomePositionResponse
        )
        place = found.position
        return None if place is None else HomePlace(place.enabled, place.reset_s, place.preset)

    async def set_home(self, channel_id: ChannelId, place: HomePlace) -> Outcome:
        """Keep it."""
        return await self._order(channel_id, HomePosition(place.enabled, place.reset_s, place.preset))

    async def position(self, channel_id: ChannelId) -> PtzPlace:
        """Where the camera looks (2022)."""
        target = await self._addresses.channel(channel_id)
        gb_id = GbId.parse(target.channel)
        found = await self._commands.ask(
            target.entry, lambda sn: PtzPositionQuery(sn, gb_id), PtzPositionResponse
        )
        at = found.position
        return PtzPlace(at.pan, at.tilt, at.zoom, at.horizontal_angle, at.vertical_angle, at.max_view_m)

    async def look(self, channel_id: ChannelId, place: PtzPlace) -> Outcome:
        """Go to an exact position (2022); what is beyond the standard's limits is moved to them."""
        return await self._order(channel_id, PrecisePtz.clamped(place.pan, place.tilt, place.zoom))

    async def drag(self, channel_id: ChannelId, zoom_in: bool, box: Box) -> Outcome:
        """Show the box drawn in a window, or zoom out by it."""
        return await self._order(
            channel_id,
            DragZoom(
                zoom_in, box.window_width, box.window_height, box.mid_x, box.mid_y, box.width, box.height
            ),
        )

    async def key_frame(self, channel_id: ChannelId) -> Outcome:
        """One IDR now; the element is spelled as the device's edition spells it."""
        target = await self._addresses.channel(channel_id)
        order = KeyFrame.for_version(target.entry.version)
        return await self._commands.order(target.entry, target.channel, order)

    async def _order(self, channel_id: ChannelId, action: ControlAction) -> Outcome:
        target = await self._addresses.channel(channel_id)
        return await self._commands.order(target.entry, target.channel, action)
