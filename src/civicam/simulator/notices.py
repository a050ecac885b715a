"""What a simulated device tells by itself: subscriptions at it, alarms, channels that come and go.

Sans I/O. Subscriptions are kept by `civicam.signalling.gb28181.notifier`; here are the messages.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

from civicam.kernel.errors import CivicamError, Operational
from civicam.signalling.gb28181 import manscdp
from civicam.signalling.gb28181.events import SubscriptionKind, SubscriptionState, kind_of
from civicam.signalling.gb28181.ids import GbId
from civicam.signalling.gb28181.manscdp import CatalogItem, Message
from civicam.signalling.gb28181.manscdp.alarm import AlarmNotify, AlarmQuery
from civicam.signalling.gb28181.manscdp.catalog_notify import CatalogChange, CatalogEvent, CatalogNotify
from civicam.signalling.gb28181.manscdp.mobile_position import Fix, MobilePosition, MobilePositionQuery
from civicam.signalling.gb28181.notifier import Notifier, Subscriber
from civicam.signalling.sip.build import Origin, new_response
from civicam.signalling.sip.dialog import Dialog
from civicam.signalling.sip.events import RequestReceived
from civicam.signalling.sip.message import Request, delta_seconds
from civicam.simulator.conduct import Conduct
from civicam.simulator.identity import Identity
from civicam.simulator.outputs import Ask, Output, Reply

How = Literal["notify", "message", "not-armed", "not-reset", "offline"]
DEVICE_METHOD = 2
"""Alarm of the device itself (设备报警): after it no other until ResetAlarm."""
_KNOWN = frozenset({SubscriptionKind.CATALOG, SubscriptionKind.ALARM, SubscriptionKind.MOBILE_POSITION})
_LAP_S = 600.0
_ROUND_DEG = 0.002
"""A mobile device drives round its place: a lap in ten minutes, some 200 m from it."""


@dataclass(frozen=True, slots=True)
class Raised:
    """An alarm to send. ``source``: a channel of the device, or the device itself."""

    source: str
    method: int = 5
    type: int = 2
    priority: int = 3
    description: str = ""


@dataclass(slots=True)
class _Standing:
    """A subscription's dialog and what it asked for."""

    dialog: Dialog
    query: Message
    next_fix: float = math.inf


@dataclass(slots=True)
class Notices:
    """One device's. ``message`` makes a MESSAGE to the platform out of a body's command."""

    identity: Identity
    origin: Origin
    conduct: Conduct
    emit: Callable[[Output], None]
    message: Callable[[Message], Request]
    dark: frozenset[str] = frozenset()
    """Channels that are off."""
    _notifier: Notifier = field(default_factory=Notifier)
    _standing: dict[str, _Standing] = field(default_factory=dict)
    _sn: int = 500_000

    def forget(self) -> None:
        """Power was lost: nobody is told."""
        self._notifier = Notifier()
        self._standing.clear()

    def get_timer(self) -> float | None:
        """When `handle_timer` wants to be called."""
        times = [each.next_fix for each in self._standing.values() if each.next_fix < math.inf]
        expiry = self._notifier.get_timer()
        return min([*times, *([] if expiry is None else [expiry])], default=None)

    def handle_timer(self, now: float) -> None:
        """Let go of who did not refresh; tell positions that are due."""
        self._notifier.handle_timer(now)
        self._last_words()
        for each in self._notifier.of(SubscriptionKind.MOBILE_POSITION):
            standing = self._standing[str(each.key)]
            if now >= standing.next_fix:
                standing.next_fix = now + _interval(standing.query)
                self._notify(each, self._position(each.asked, now), now)

    def refused(self, call_id: str) -> None:
        """A NOTIFY was answered 481 or not at all."""
        self._notifier.refused(call_id)
        self._standing.pop(call_id, None)

    def leave(self) -> None:
        """Everybody gets a last word."""
        self._notifier.end_all()
        self._last_words()

    # -- SUBSCRIBE

    def subscribe(self, event: RequestReceived, now: float) -> None:
        """New, a refresh, or the end of one."""
        request = event.request
        known = self._standing.get(request.call_id)
        if known is None and request.to.tag:
            self._reply(event, 481)
            return
        query = self._query(request, known)
        if query is None:
            self._reply(event, 400)
            return
        kind = kind_of(request.headers.get("Event") or "", query.CMD_TYPE)
        if kind not in _KNOWN or self.conduct.manners.no_subscriptions:
            self._reply(event, 489, ("Allow-Events", "Catalog, presence"))
            return
        wanted = Subscriber(
            request.call_id, kind, request.headers.get("Event") or "presence", query.device_id, now
        )
        try:
            granted = self._notifier.subscribe(wanted, delta_seconds(request.headers.get("Expires")), now)
        except Operational:
            self._reply(event, 503)
            return
        self._stand(event, wanted, query, granted)
        if granted and kind is SubscriptionKind.CATALOG:
            self._tell_dark(wanted, now)
        elif granted and kind is SubscriptionKind.MOBILE_POSITION:
            self._standing[request.call_id].next_fix = now + _interval(query)
        self._last_words()

    def _query(self, request: Request, known: _Standing | None) -> Message | None:
        """What is asked for; a refresh may come without a body."""
        if not request.body and known is not None:
            return known.query
        try:
            command = manscdp.parse_message(request.body)
        except CivicamError:
            return None
        return command if isinstance(command, Message) else None

    def _stand(self, event: RequestReceived, wanted: Subscriber, query: Message, granted: int) -> None:
        """Answer 200 and keep the dialog."""
        request, user = event.request, self.identity.device.gb_id
        headers = [("Contact", self.origin.contact(user)), ("Expires", str(granted)), ("Event", wanted.event)]
        known = self._standing.get(request.call_id)
        tag = "" if known is not None else self.origin.ids.tag()
        response = new_response(request, 200, to_tag=tag, headers=headers)
        if known is None:
            dialog = Dialog.from_uas(request, response, self.origin)
            self._standing[request.call_id] = _Standing(dialog, query)
        else:
            known.query = query
        self.emit(Reply(event.key, response))

    def _reply(self, event: RequestReceived, status: int, *headers: tuple[str, str]) -> None:
        self.emit(Reply(event.key, new_response(event.request, status, headers=headers)))

    # -- NOTIFY

    def _notify(self, subscriber: Subscriber, command: Message, now: float) -> None:
        self._send(subscriber, subscriber.state(now), command.to_xml())

    def _last_words(self) -> None:
        while (final := self._notifier.next_action()) is not None:
            self._send(final.subscriber, final.state, b"")
            self._standing.pop(str(final.subscriber.key), None)

    def _send(self, subscriber: Subscriber, state: SubscriptionState, body: bytes) -> None:
        standing = self._standing[str(subscriber.key)]
        headers = [
            ("Contact", self.origin.contact(self.identity.device.gb_id)),
            ("Event", subscriber.event),
            ("Subscription-State", str(state)),
        ]
        request = standing.dialog.request(
            "NOTIFY", headers=headers, body=body, content_type=manscdp.CONTENT_TYPE if body else ""
        )
        if self.conduct.manners.notify_own_call_id:
            request.headers.set("Call-ID", self.origin.ids.call_id(self.origin.host))
        self.emit(Ask(request, "notify"))

    def _number(self) -> int:
        self._sn += 1
        return self._sn

    # -- the catalogue

    def darken(self, channels: frozenset[str], now: float) -> None:
        """These channels are off, the others on: whoever subscribed hears of those that changed."""
        gone, back = channels - self.dark, self.dark - channels
        self.dark = channels
        changes = _changes(CatalogEvent.OFF, gone) + _changes(CatalogEvent.ON, back)
        if changes:
            for each in self._notifier.of(SubscriptionKind.CATALOG):
                self._notify(each, CatalogNotify(self._number(), each.asked, changes), now)

    def _tell_dark(self, subscriber: Subscriber, now: float) -> None:
        if self.dark:
            changes = _changes(CatalogEvent.OFF, self.dark)
            self._notify(subscriber, CatalogNotify(self._number(), subscriber.asked, changes), now)

    # -- alarms

    def alarm(self, raised: Raised, now: float) -> How:
        """Send an alarm; says how it went, or why it was kept."""
        manners = self.conduct.manners
        if manners.alarms_need_arming and not self.conduct.armed:
            return "not-armed"
        if self.conduct.alarm:
            return "not-reset"
        self.conduct.alarm = raised.method == DEVICE_METHOD
        notice = AlarmNotify(
            self._number(),
            raised.source,
            priority=raised.priority,
            method=raised.method,
            time=self.conduct.clock(),
            description=raised.description,
            alarm_type=raised.type or None,
        )
        listeners = [
            each for each in self._notifier.of(SubscriptionKind.ALARM) if self._wants(str(each.key), notice)
        ]
        if manners.alarms_as_message:
            listeners = []
        for each in listeners:
            self._notify(each, notice, now)
        if manners.alarms_twice or not listeners:
            self.emit(Ask(self.message(replace(notice, sn=self._number())), "other"))
        return "notify" if listeners else "message"

    def _wants(self, call_id: str, notice: AlarmNotify) -> bool:
        query = self._standing[call_id].query
        return not isinstance(query, AlarmQuery) or query.wants(notice)

    # -- positions

    def _position(self, asked: str, now: float) -> MobilePosition:
        lon, lat = self.identity.places.get(self.identity.device.site, (116.39, 39.9))
        turn = math.tau * (now % _LAP_S) / _LAP_S
        gb_id, at = GbId(self.identity.device.gb_id), self.conduct.clock()
        fix = Fix(
            gb_id,
            round(lon + _ROUND_DEG * math.sin(turn), 6),
            round(lat + _ROUND_DEG * math.cos(turn), 6),
            at,
            speed=8.0,
            direction=round((math.degrees(turn) + 90.0) % 360.0, 1),
        )
        return MobilePosition(self._number(), GbId(asked), (fix,), at, flat=True)


def _changes(event: CatalogEvent, channels: frozenset[str]) -> tuple[CatalogChange, ...]:
    return tuple(CatalogChange(event, CatalogItem(gb_id)) for gb_id in sorted(channels))


def _interval(query: Message) -> float:
    return float(query.interval) if isinstance(query, MobilePositionQuery) else 5.0
