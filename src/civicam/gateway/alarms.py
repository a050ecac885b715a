"""Alarms: taken as MESSAGE and as NOTIFY, stored, acknowledged, reset (报警; GB/T 28181-2022 §9.4).

A MESSAGE is owed an answer of ours (Response/Alarm, same SN), a NOTIFY is not. The answer is sent once the
alarm is durable: a device that hears nothing sends it again. Alarms of one device are stored in their order.
A device that floods is acknowledged and cut off, or it would take the city's store.

Kept are the numbers, a plain name, time and place. What else an alarm carries is not read.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime

from civicam.alarms.facts import Alarm, AlarmId, AlarmSeen, How, ResetState, Taken
from civicam.fleet.facts import ChannelId, DeviceId
from civicam.fleet.model import channel_id_for
from civicam.fleet.orders import Outcome
from civicam.gateway import habits
from civicam.gateway.addresses import Addresses
from civicam.gateway.commands import Commands
from civicam.gateway.desk import Desk
from civicam.gateway.ports import Alarms
from civicam.gateway.roster import Entry
from civicam.kernel.errors import CivicamError, Operational
from civicam.signalling.gb28181.ids import Kind, node_kind
from civicam.signalling.gb28181.manscdp import Message
from civicam.signalling.gb28181.manscdp.alarm import AlarmNotify, AlarmResponse
from civicam.signalling.gb28181.manscdp.alarm_names import AlarmMethod, alarm_names
from civicam.signalling.gb28181.manscdp.control_actions import AlarmReset, Guard
from civicam.signalling.sip.events import RequestReceived

FLOOD = "gateway.alarm-flood"
_RETRY_S = (0.5, 1.0, 2.0, 5.0, 15.0, 30.0, 60.0)
"""Pauses while the store cannot take an alarm; after the last it is given up and counted."""
_GB_ID = 20


@dataclass(slots=True)
class _Device:
    """The alarms of one device on their way, and how many more it may send now."""

    allowance: float
    at: float
    waiting: deque[tuple[AlarmNotify, How, datetime]] = field(default_factory=deque)
    working: bool = False


class AlarmDesk:
    """The use case; one for the gateway."""

    def __init__(self, desk: Desk, commands: Commands, addresses: Addresses, alarms: Alarms) -> None:
        self._desk = desk
        self._limits = desk.settings.alarm
        self._commands = commands
        self._addresses = addresses
        self._alarms = alarms
        self._devices: dict[DeviceId, _Device] = {}
        self._waiting = 0

    # -- what devices send

    def message(self, entry: Entry, _event: RequestReceived, alarm: Message) -> None:
        """An alarm as MESSAGE; its 200 is on its way."""
        self._take(entry, alarm, "message")

    def notice(self, entry: Entry, alarm: Message) -> None:
        """An alarm as NOTIFY; its 200 is on its way."""
        self._take(entry, alarm, "notify")

    def _take(self, entry: Entry, alarm: Message, how: How) -> None:
        if not isinstance(alarm, AlarmNotify):
            return
        self._desk.counters[f"alarm_{how}"] += 1
        device = self._allowed(entry)
        if device is None:
            if how == "message":
                self._desk.tasks.spawn(self._acknowledge(entry, alarm), "alarm-answer")
            return
        self._waiting += 1
        device.waiting.append((alarm, how, self._desk.clock.now()))
        if not device.working:
            device.working = True
            self._desk.tasks.spawn(self._store(entry, device), "alarm")

    def _allowed(self, entry: Entry) -> _Device | None:
        """The device's queue, or None when it or the whole city sends more than is taken."""
        now, limits = self._desk.clock.monotonic(), self._limits
        device = self._devices.setdefault(entry.device_id, _Device(limits.burst, now))
        device.allowance = min(limits.burst, device.allowance + (now - device.at) * limits.per_second)
        device.at = now
        if device.allowance < 1.0 or self._waiting >= limits.waiting:
            self._desk.counters["alarm_dropped"] += 1
            self._desk.faults.note(FLOOD, entry.gb_id, now)
            entry.flags[FLOOD] = now
            return None
        device.allowance -= 1.0
        return device

    async def _store(self, entry: Entry, device: _Device) -> None:
        try:
            while device.waiting:
                alarm, how, at = device.waiting.popleft()
                try:
                    await self._one(entry, alarm, how, at)
                finally:
                    self._waiting -= 1
        finally:
            device.working = False

    async def _one(self, entry: Entry, alarm: AlarmNotify, how: How, at: datetime) -> None:
        seen = seen_of(entry, alarm, how, at)
        taken = await self._keep(seen)
        if taken is None:
            return
        if how == "message":
            self._desk.tasks.spawn(self._acknowledge(entry, alarm), "alarm-answer")
        if taken.new and alarm.method == AlarmMethod.DEVICE and self._limits.reset:
            self._desk.tasks.spawn(self._reset_by_itself(entry, taken.alarm_id, seen), "alarm-reset")

    async def _keep(self, seen: AlarmSeen) -> Taken | None:
        """Store an alarm, with patience; None when the store could not take it for minutes."""
        for pause in (*_RETRY_S, 0.0):
            try:
                return await self._alarms.take(seen)
            except Operational as error:
                self._desk.faults.note(error.code, "store", self._desk.clock.monotonic())
                await asyncio.sleep(pause)
        self._desk.counters["alarm_lost"] += 1
        return None

    async def _acknowledge(self, entry: Entry, alarm: AlarmNotify) -> None:
        peer = entry.peer
        if peer is None:
            return
        try:
            answer = self._desk.line.message(entry, peer, AlarmResponse.to(alarm))
            response = await self._desk.agent.request(answer, peer)
        except Operational:
            self._desk.counters["alarm_answer_lost"] += 1
        else:
            self._desk.counters["alarm_answered" if response.ok else "alarm_answer_refused"] += 1

    # -- what is done at devices

    async def arm(self, entry: Entry) -> None:
        """SetGuard, where the device sends alarms only when armed; whatever it answers, we go on."""
        if not habits.arms(self._desk.settings, entry):
            return
        try:
            outcome = await self._commands.order(entry, entry.gb_id, Guard(True))
        except CivicamError:
            self._desk.counters["alarm_arming_failed"] += 1
        else:
            self._desk.counters[f"alarm_arming_{outcome.result}"] += 1

    async def reset(self, alarm: Alarm, by: str) -> None:
        """ResetAlarm for an alarm, at the wish of ``by``; what came of it is kept.

        Raises `Refused` ``gateway.device-offline``, ``fleet.unknown-device``; `Operational`
        ``gateway.unreachable``, ``gateway.no-answer``, ``db.…``.
        """
        entry = self._addresses.device(alarm.seen.device_id)
        try:
            state = reset_state(await self._order_reset(entry, alarm.seen))
        except Operational:
            await self._alarms.reset(alarm.alarm_id, "failed", by)
            raise
        await self._alarms.reset(alarm.alarm_id, state, by)

    async def _order_reset(self, entry: Entry, seen: AlarmSeen) -> Outcome:
        # an alarm centre has ten digits and cannot be ordered; its device can
        target = seen.source_id if len(seen.source_id) == _GB_ID else entry.gb_id
        return await self._commands.order(entry, target, AlarmReset(seen.method, seen.type))

    async def _reset_by_itself(self, entry: Entry, alarm_id: AlarmId, seen: AlarmSeen) -> None:
        try:
            outcome = await self._order_reset(entry, seen)
            state = reset_state(outcome)
        except CivicamError:
            state = "failed"
        try:
            await self._alarms.reset(alarm_id, state, "")
        except CivicamError as error:
            self._desk.faults.note(error.code, "store", self._desk.clock.monotonic())


def reset_state(outcome: Outcome) -> ResetState:
    """What came of asking for a reset, as it is kept."""
    state: ResetState = outcome.result.value
    return state


def seen_of(entry: Entry, alarm: AlarmNotify, how: How, at: datetime) -> AlarmSeen:
    """An alarm as the alarms room takes it."""
    names = alarm_names(alarm.method, alarm.alarm_type)
    video = len(alarm.device_id) == _GB_ID and node_kind(alarm.device_id) is Kind.CAMERA
    return AlarmSeen(
        device_id=entry.device_id,
        source_id=alarm.device_id,
        channel_id=channel_id_for(entry.gb_id, alarm.device_id) if video else ChannelId(""),
        received_at=at,
        how=how,
        name_zh=names[0],
        name_en=names[1],
        priority=alarm.priority,
        method=alarm.method,
        type=alarm.alarm_type,
        event=alarm.event_type,
        at=alarm.time,
        description=alarm.description,
        lon=alarm.longitude,
        lat=alarm.latitude,
    )
