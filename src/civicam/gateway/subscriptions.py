"""Subscriptions at devices (目录订阅, 报警订阅 …; GB/T 28181-2022 §9.11): begun once a device is read, kept
up, ended at our stop.

One subscription is `civicam.signalling.gb28181.subscription`, pure; here are its messages, one timer for the
city and a budget: so many SUBSCRIBEs at a time and a second, first come first served. What a device cannot do
it is not asked for again before it comes online anew.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import itertools
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from civicam.fleet.facts import DeviceId, Presence
from civicam.fleet.sight import SubscriptionSight
from civicam.gateway import habits
from civicam.gateway.desk import Desk
from civicam.gateway.roster import Entry
from civicam.kernel.errors import Operational
from civicam.signalling.gb28181.events import SubscriptionKind, event_token
from civicam.signalling.gb28181.ids import GbId, Kind
from civicam.signalling.gb28181.manscdp import CatalogQuery, Message
from civicam.signalling.gb28181.manscdp.alarm import AlarmQuery
from civicam.signalling.gb28181.manscdp.mobile_position import MobilePositionQuery
from civicam.signalling.gb28181.manscdp.ptz_position import PtzPositionQuery
from civicam.signalling.gb28181.subscription import (
    SendSubscribe,
    SubscriberState,
    SubscriptionClient,
    SubscriptionFell,
    SubscriptionStood,
    SubscriptionTimes,
)
from civicam.signalling.sip.dialog import Dialog
from civicam.signalling.sip.message import Request, Response

_WITH_CHANNELS = frozenset({Kind.RECORDER, Kind.PLATFORM, Kind.CAMERA})
_LAST_WORDS = 256
"""SUBSCRIBEs with Expires 0 under way at once, at our stop."""
_TIDY = 1_000


@dataclass(slots=True, eq=False)
class Subscription:
    """One of ours. ``target``: the device's id, or a channel's (PTZPosition). ``number`` tells it from others
    in ``Event``; ``armed``: when the city's timer looks at it.
    """

    entry: Entry
    kind: SubscriptionKind
    target: str
    number: int
    client: SubscriptionClient
    dialog: Dialog | None = None
    call_id: str = ""
    armed: float = float("inf")


class Subscriptions:
    """One for the gateway. ``next_sn`` numbers the bodies."""

    def __init__(self, desk: Desk, next_sn: Callable[[], int], jitter: Callable[[], float]) -> None:
        limits = desk.settings.subscription
        self._desk = desk
        self._next_sn = next_sn
        self._jitter = jitter
        self._times = SubscriptionTimes(
            expires=limits.expires_s, retry=limits.retry_s, retry_limit=limits.retry_most_s
        )
        self._devices: dict[DeviceId, dict[tuple[SubscriptionKind, str], Subscription]] = {}
        self._by_call_id: dict[str, Subscription] = {}
        self._numbers = itertools.count(1)
        self._heap: list[tuple[float, int, Subscription]] = []
        self._heap_limit = _TIDY
        self._waiting: deque[tuple[Subscription, SendSubscribe]] = deque()
        self._under_way = 0
        self._next_start = float("-inf")
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = float("inf")
        self._stopped = False
        self.before_alarms: Callable[[Entry], Awaitable[None]] = _nothing
        """Called before a device is asked for its alarms: arming."""

    def __len__(self) -> int:
        return sum(len(each) for each in self._devices.values())

    # -- what became of devices

    def ready(self, device_id: DeviceId) -> None:
        """A device is online and was read: subscribe to what it is asked for, unless that is done already."""
        entry = self._desk.roster.by_device(device_id)
        if entry is None or self._desk.liveness.book.presence(device_id) is not Presence.ONLINE:
            return
        for kind in self._wanted(entry):
            self.want(entry, kind, entry.gb_id)

    def gone(self, device_id: DeviceId) -> None:
        """A device is offline or was removed: it has forgotten us, or will."""
        for each in self._devices.pop(device_id, {}).values():
            self._forget(each)

    def renew(self, device_id: DeviceId) -> None:
        """A device that was online registered anew: perhaps it has restarted and knows of no subscription."""
        for each in self._devices.get(device_id, {}).values():
            each.client.check()
            self._follow(each)

    def want(self, entry: Entry, kind: SubscriptionKind, target: str) -> None:
        """Subscribe to one thing, unless that is under way or in force or the device cannot do it."""
        mine = self._devices.setdefault(entry.device_id, {})
        if self._stopped or (kind, target) in mine:
            return
        client = SubscriptionClient(self._times, jitter=self._jitter)
        made = mine[kind, target] = Subscription(entry, kind, target, next(self._numbers), client)
        client.start(self._now())
        self._follow(made)

    def drop(self, device_id: DeviceId, kind: SubscriptionKind, target: str) -> None:
        """End one subscription: the device is told when it stands."""
        found = self._devices.get(device_id, {}).get((kind, target))
        if found is not None:
            found.client.stop(self._now())
            self._follow(found)
            self._settle(found)

    def _wanted(self, entry: Entry) -> list[SubscriptionKind]:
        settings = self._desk.settings
        wanted = []
        if settings.subscription.catalogue and GbId(entry.gb_id).kind in _WITH_CHANNELS:
            wanted.append(SubscriptionKind.CATALOG)
        if settings.subscription.alarms:
            wanted.append(SubscriptionKind.ALARM)
        if habits.moves(settings, entry):
            wanted.append(SubscriptionKind.MOBILE_POSITION)
        return wanted

    # -- what devices say

    def of(self, request: Request) -> Subscription | None:
        """The subscription a NOTIFY belongs to, by its Call-ID alone: tags are often wrong."""
        return self._by_call_id.get(request.call_id)

    def notified(self, found: Subscription, header: str | None) -> None:
        """A NOTIFY came, with this Subscription-State."""
        found.client.notified(header, self._now())
        self._follow(found)

    # -- for people

    def sight(self, device_id: DeviceId) -> tuple[SubscriptionSight, ...]:
        """What is subscribed to at a device, and how it stands."""
        clock = self._desk.clock
        found = []
        for each in self._devices.get(device_id, {}).values():
            until = each.client.until
            wall = None if until is None else clock.now() + timedelta(seconds=until - clock.monotonic())
            found.append(SubscriptionSight(each.kind.value, each.client.state.value, wall))
        return tuple(found)

    def state(self, device_id: DeviceId, kind: SubscriptionKind, target: str) -> str:
        """How one subscription stands; empty when there is none."""
        found = self._devices.get(device_id, {}).get((kind, target))
        return "" if found is None else found.client.state.value

    def standing(self) -> int:
        """Subscriptions in force."""
        return sum(each.client.standing for mine in self._devices.values() for each in mine.values())

    # -- the end

    async def end_all(self, patience_s: float) -> None:
        """Tell every device that we want nothing more, as far as that goes within ``patience_s``."""
        self._stopped = True
        if self._timer is not None:
            self._timer.cancel()
        self._waiting.clear()
        self._heap.clear()
        last: list[tuple[Subscription, SendSubscribe]] = []
        for mine in self._devices.values():
            for each in mine.values():
                each.client.stop(self._now())
                action = each.client.next_action()
                if isinstance(action, SendSubscribe):
                    last.append((each, action))
        gate = asyncio.Semaphore(_LAST_WORDS)

        async def say(found: Subscription, action: SendSubscribe) -> None:
            async with gate:
                with contextlib.suppress(Operational):
                    await self._ask(found, action)

        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                await asyncio.gather(*(say(*each) for each in last))

    # -- inside

    def _now(self) -> float:
        return self._desk.clock.monotonic()

    def _forget(self, found: Subscription) -> None:
        found.client.forget()
        found.armed = float("inf")
        self._by_call_id.pop(found.call_id, None)

    def _follow(self, found: Subscription) -> None:
        """Do what the subscription says after whatever happened to it."""
        while (action := found.client.next_action()) is not None:
            match action:
                case SendSubscribe():
                    self._waiting.append((found, action))
                case SubscriptionStood():
                    self._desk.counters["subscription_stood"] += 1
                case SubscriptionFell(final=True):
                    self._desk.counters["subscription_unsupported"] += 1
                case SubscriptionFell(code=code):
                    self._desk.counters["subscription_fell"] += 1
                    self._desk.faults.note(code, found.entry.gb_id, self._now(), kind=found.kind.value)
        at = found.client.get_timer()
        if at is None:
            found.armed = float("inf")
        elif at != found.armed:
            found.armed = at
            heapq.heappush(self._heap, (at, next(self._numbers), found))
            self._tidy()
        self._pump()

    def _pump(self) -> None:
        """Send what the budget allows, and look again when it allows more or a timer is due."""
        if self._stopped:
            return
        limits, now = self._desk.settings.subscription, self._now()
        while self._waiting and self._under_way < limits.concurrent and now >= self._next_start:
            found, action = self._waiting.popleft()
            if found.client.state is SubscriberState.IDLE:
                continue  # the device went away meanwhile
            self._next_start = max(self._next_start, now - 1.0) + 1.0 / limits.per_second
            self._under_way += 1
            self._desk.tasks.spawn(self._send(found, action), "subscribe")
        self._arm(now)

    def _tidy(self) -> None:
        """Times that were changed stay in the heap until they come; flapping devices pile them up."""
        if len(self._heap) > self._heap_limit:
            self._heap = [each for each in self._heap if each[2].armed == each[0]]
            heapq.heapify(self._heap)
            self._heap_limit = _TIDY + 4 * len(self._heap)

    def _arm(self, now: float) -> None:
        at = self._heap[0][0] if self._heap else float("inf")
        if self._waiting and self._under_way < self._desk.settings.subscription.concurrent:
            at = min(at, self._next_start)
        if at >= self._timer_at:
            return  # it will ring before that
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = at
        self._timer = asyncio.get_running_loop().call_later(max(0.001, at - now), self._fire)

    def _fire(self) -> None:
        self._timer, self._timer_at = None, float("inf")
        now = self._now()
        while self._heap and self._heap[0][0] <= now:
            at, _, found = heapq.heappop(self._heap)
            if found.armed == at:
                found.armed = float("inf")
                found.client.handle_timer(now)
                self._follow(found)
        self._pump()

    async def _send(self, found: Subscription, action: SendSubscribe) -> None:
        try:
            if action.fresh and found.kind is SubscriptionKind.ALARM:
                await self.before_alarms(found.entry)
            async with asyncio.timeout(self._desk.settings.subscription.answer_s):
                response = await self._ask(found, action)
        except (Operational, TimeoutError):
            self._desk.counters["subscribe_unanswered"] += 1
            found.client.timed_out(self._now())
        else:
            expires = seconds(response.headers.get("Expires"))
            retry = seconds(response.headers.get("Retry-After"))
            found.client.answered(response.status, self._now(), expires=expires, retry_after=retry)
        finally:
            self._under_way -= 1
            self._follow(found)
            self._settle(found)

    def _settle(self, found: Subscription) -> None:
        """Once it is over by our own wish, its place is free for a new one."""
        if found.client.state is not SubscriberState.IDLE:
            return
        mine = self._devices.get(found.entry.device_id, {})
        if mine.get((found.kind, found.target)) is found:
            del mine[found.kind, found.target]
        self._by_call_id.pop(found.call_id, None)

    async def _ask(self, found: Subscription, action: SendSubscribe) -> Response:
        """One SUBSCRIBE and its answer. Raises `Operational` ``signalling.…``."""
        desk, entry = self._desk, found.entry
        peer = entry.peer
        if peer is None:
            raise Operational("gateway.unreachable", device=entry.gb_id)
        desk.counters["subscribe_sent"] += 1
        origin = desk.line.origin(peer)
        body = self._body(found)
        event = event_token(found.kind, found.number)
        headers = [("Event", event), ("Expires", str(action.expires))]
        if action.fresh or found.dialog is None:
            request = desk.line.subscribe(entry, peer, body, headers)
            self._by_call_id.pop(found.call_id, None)
            found.call_id, found.dialog = request.call_id, None
            if found.client.state is not SubscriberState.IDLE:
                self._by_call_id[found.call_id] = found  # a first NOTIFY may overtake the 200
        else:
            found.dialog.origin = origin  # the device may have moved, or come by TCP now
            request = desk.line.subscribe_again(found.dialog, entry, body, headers)
        response = await desk.agent.request(request, peer)
        if response.ok and found.dialog is None:
            found.dialog = Dialog.from_uac(request, response, origin)
        return response

    def _body(self, found: Subscription) -> Message:
        sn, target = self._next_sn(), GbId(found.target)
        match found.kind:
            case SubscriptionKind.CATALOG:
                return CatalogQuery(sn, target)
            case SubscriptionKind.ALARM:
                return AlarmQuery(sn, target)
            case SubscriptionKind.MOBILE_POSITION:
                return MobilePositionQuery(sn, target, self._desk.settings.subscription.position_every_s)
            case SubscriptionKind.PTZ_POSITION:
                return PtzPositionQuery(sn, target)


async def _nothing(_entry: Entry) -> None:
    return None


def seconds(text: str | None) -> int | None:
    """The whole number a header begins with; None when there is none, or when it is beyond reason."""
    digits = (text or "").partition(";")[0].partition("(")[0].strip()
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 9 else None
