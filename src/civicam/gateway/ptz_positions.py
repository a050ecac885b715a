"""Where cameras look (PTZPosition, GB/T 28181-2022), while somebody controls them: the newest, in memory.

Whoever has a camera's pad open watches it; the first watcher subscribes, and when nobody has watched for a
while the subscription is ended. What comes unasked, as MESSAGE or NOTIFY, is taken as well. Nothing is stored
and nothing is kept beside the newest (decision 0014); it goes with the device.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace

from civicam.fleet.facts import ChannelId, DeviceId
from civicam.fleet.orders import PtzNews, PtzPlace
from civicam.gateway.addresses import Addresses, Target
from civicam.gateway.desk import Desk
from civicam.gateway.roster import Entry
from civicam.signalling.gb28181.events import SubscriptionKind
from civicam.signalling.gb28181.manscdp import Message
from civicam.signalling.gb28181.manscdp.ptz_position import PtzPositionNotify
from civicam.signalling.sip.events import RequestReceived

IDLE_S = 30.0
"""Nobody watches any more after this."""
_MOST = 20_000
"""Cameras remembered; those heard longest ago are forgotten first."""
_MOST_WATCHED = 500
_KIND = SubscriptionKind.PTZ_POSITION

_Key = tuple[DeviceId, str]


class PtzPositions:
    """The use case. ``want`` and ``drop`` are the subscriptions', filled when there are some; ``state`` says
    how one stands, empty for none.
    """

    def __init__(self, desk: Desk, addresses: Addresses) -> None:
        self._desk = desk
        self._addresses = addresses
        self._newest: OrderedDict[_Key, PtzNews] = OrderedDict()
        self._watched: dict[_Key, asyncio.TimerHandle] = {}
        self.want: Callable[[Entry, SubscriptionKind, str], None] = lambda _entry, _kind, _target: None
        self.drop: Callable[[DeviceId, SubscriptionKind, str], None] = lambda _device, _kind, _target: None
        self.state: Callable[[DeviceId, SubscriptionKind, str], str] = lambda _device, _kind, _target: ""

    def __len__(self) -> int:
        return len(self._newest)

    async def watch(self, channel_id: ChannelId) -> PtzNews:
        """Begin or go on watching; what is known now. Raises as `Addresses.channel` does."""
        target = await self._addresses.channel(channel_id)
        device_id = target.entry.device_id
        if self._desk.settings.subscription.ptz:
            self._subscribe(target)
        found = self._newest.get((device_id, target.channel)) or self._newest.get(
            (device_id, target.entry.gb_id), PtzNews()
        )
        return replace(found, subscription=self.state(device_id, _KIND, target.channel))

    def message(self, entry: Entry, _event: RequestReceived, notice: Message) -> None:
        """A position as MESSAGE."""
        self.notice(entry, notice)

    def notice(self, entry: Entry, notice: Message) -> None:
        """A position as NOTIFY."""
        if not isinstance(notice, PtzPositionNotify):
            return
        at = notice.position
        place = PtzPlace(at.pan, at.tilt, at.zoom, at.horizontal_angle, at.vertical_angle, at.max_view_m)
        if place == PtzPlace():
            self._desk.counters["ptz_position_empty"] += 1
            return
        self._desk.counters["ptz_position"] += 1
        key = (entry.device_id, str(notice.device_id))
        self._newest.pop(key, None)
        self._newest[key] = PtzNews(place, self._desk.clock.now())
        while len(self._newest) > _MOST:
            self._newest.popitem(last=False)

    def gone(self, device_id: DeviceId) -> None:
        """The device went away: where its cameras look is not known any more."""
        for key in [key for key in self._newest if key[0] == device_id]:
            del self._newest[key]
        for key in [key for key in self._watched if key[0] == device_id]:
            self._watched.pop(key).cancel()

    def _subscribe(self, target: Target) -> None:
        key = (target.entry.device_id, target.channel)
        timer = self._watched.pop(key, None)
        if timer is not None:
            timer.cancel()
        elif len(self._watched) >= _MOST_WATCHED:
            return
        self.want(target.entry, _KIND, target.channel)
        self._watched[key] = asyncio.get_running_loop().call_later(IDLE_S, self._let_go, key)

    def _let_go(self, key: _Key) -> None:
        self._watched.pop(key, None)
        self.drop(key[0], _KIND, key[1])
