"""A device's own state and upkeep: status, cards, restart, arming, its own recording, firmware.

What destroys something (a card) or takes the device away (restart, firmware) is a right of its own above
this floor; here it is only carried out, counted and answered honestly.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace

from civicam.fleet.facts import DeviceId
from civicam.fleet.orders import (
    AlarmInputRow,
    CardRow,
    DeviceStatusRow,
    Outcome,
    Result,
    UpgradeState,
)
from civicam.gateway.addresses import Addresses
from civicam.gateway.commands import Commands
from civicam.gateway.desk import Desk
from civicam.gateway.roster import Entry
from civicam.signalling.gb28181.collect import SHORT_TIMES
from civicam.signalling.gb28181.ids import GbId
from civicam.signalling.gb28181.manscdp.control_actions import (
    AlarmReset,
    ControlAction,
    FormatSdCard,
    Guard,
    Reboot,
    Record,
    Upgrade,
)
from civicam.signalling.gb28181.manscdp.device_status import DeviceStatusQuery, DeviceStatusResponse
from civicam.signalling.gb28181.manscdp.message import Message
from civicam.signalling.gb28181.manscdp.sd_card import SdCardStatusQuery, SdCardStatusResponse
from civicam.signalling.gb28181.manscdp.upgrade_result import UpgradeResult

_UPGRADES = 256
"""Upgrades remembered; the oldest are forgotten."""


class Maintenance:
    """The use case."""

    def __init__(self, desk: Desk, addresses: Addresses, commands: Commands) -> None:
        self._desk = desk
        self._addresses = addresses
        self._commands = commands
        self._upgrades: OrderedDict[str, UpgradeState] = OrderedDict()
        self.clock_told: Callable[[DeviceId, float | None], None] = lambda _device, _off: None
        """Hears how far each clock was off whenever a status came; None: it told no time."""

    async def status(self, device_id: DeviceId) -> DeviceStatusRow:
        """DeviceStatus; its clock against ours."""
        entry = self._addresses.device(device_id)
        gb_id = GbId.parse(entry.gb_id)
        found = await self._commands.ask(entry, lambda sn: DeviceStatusQuery(sn, gb_id), DeviceStatusResponse)
        off = None
        if found.device_time is not None:
            off = round((found.device_time - self._desk.clock.now()).total_seconds(), 3)
        self.clock_told(device_id, off)
        return DeviceStatusRow(
            online=found.online,
            working=found.working,
            encoding=found.encoding,
            recording=found.recording,
            device_time=found.device_time,
            clock_off_s=off,
            reason=found.reason,
            alarm_inputs=tuple(AlarmInputRow(each.device_id, each.duty.value) for each in found.alarm_inputs),
        )

    async def cards(self, device_id: DeviceId) -> tuple[CardRow, ...]:
        """Memory cards (2022)."""
        entry = self._addresses.device(device_id)
        gb_id = GbId.parse(entry.gb_id)
        found = await self._commands.collect(
            entry, lambda sn: SdCardStatusQuery(sn, gb_id), SdCardStatusResponse, SHORT_TIMES
        )
        self._commands.raise_for(entry, found)
        return tuple(
            CardRow(each.card_id, each.name, each.status.value, each.progress, each.capacity_mb, each.free_mb)
            for each in found.items
        )

    async def reboot(self, device_id: DeviceId) -> Outcome:
        """Restart the device: it is gone before it can answer."""
        return await self._order(device_id, Reboot())

    async def arm(self, device_id: DeviceId, armed: bool) -> Outcome:
        """布防 or 撤防; some makers raise alarms only when armed."""
        return await self._order(device_id, Guard(armed))

    async def reset_alarm(self, device_id: DeviceId, method: int | None, kind: int | None) -> Outcome:
        """End an alarm: until then the device raises no other of its own."""
        return await self._order(device_id, AlarmReset(method, kind))

    async def record(self, device_id: DeviceId, start: bool) -> Outcome:
        """Let the device record to its own disk, or stop that."""
        return await self._order(device_id, Record(start))

    async def format_card(self, device_id: DeviceId, card: int) -> Outcome:
        """Erase card ``card``, counted from 1."""
        return await self._order(device_id, FormatSdCard(card))

    # -- firmware

    async def upgrade(self, device_id: DeviceId, firmware: str, url: str) -> UpgradeState:
        """Have the device fetch ``url``. The end is told by the device, after it restarted: `upgrades`."""
        entry = self._addresses.device(device_id)
        session = secrets.token_hex(20)
        order = Upgrade(firmware, url, entry.manufacturer, session)
        outcome = await self._commands.order(entry, entry.gb_id, order)
        refused = outcome.result in {Result.REFUSED, Result.UNSUPPORTED}
        found = UpgradeState(
            session,
            device_id,
            firmware,
            "refused" if refused else "ordered",
            outcome.reason,
            self._desk.clock.now(),
        )
        self._upgrades[session] = found
        while len(self._upgrades) > _UPGRADES:
            self._upgrades.popitem(last=False)
        return found

    def upgrades(self, device_id: DeviceId) -> tuple[UpgradeState, ...]:
        """The upgrades of a device since our start, newest first."""
        return tuple(each for each in reversed(self._upgrades.values()) if each.device_id == device_id)

    def upgraded(self, entry: Entry, result: Message) -> None:
        """DeviceUpgradeResult: only from the device that was told to, for a session we gave it."""
        if not isinstance(result, UpgradeResult):
            return
        known = self._upgrades.get(result.session_id)
        if known is None or known.device_id != entry.device_id:
            self._desk.counters["upgrade_unsolicited"] += 1
            return
        self._upgrades[result.session_id] = replace(
            known,
            state="done" if result.ok else "failed",
            firmware=result.firmware or known.firmware,
            reason=result.reason,
            since=self._desk.clock.now(),
        )

    async def _order(self, device_id: DeviceId, action: ControlAction) -> Outcome:
        entry = self._addresses.device(device_id)
        self._desk.counters[f"order_{type(action).__name__.lower()}"] += 1
        return await self._commands.order(entry, entry.gb_id, action)
