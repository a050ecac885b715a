"""Subscriptions at us (GB/T 28181-2022 §9.11, RFC 6665 §4.2): who is notified of what, and until when.

A simulated device uses it today, a cascade to an upper platform later. It builds no messages; keys name the
dialog (its id) and come from the caller. Times are monotonic seconds. The table is bounded.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass

from civicam.kernel.errors import Operational
from civicam.signalling.gb28181.events import SubscriptionKind, SubscriptionState

DEFAULT_EXPIRES = 3600


@dataclass(slots=True)
class Subscriber:
    """One subscription. ``event`` is the token as received, to be echoed; ``asked`` the XML DeviceID."""

    key: Hashable
    kind: SubscriptionKind
    event: str
    asked: str
    until: float

    def state(self, now: float) -> SubscriptionState:
        """What a NOTIFY sent now says."""
        return SubscriptionState("active", max(0, math.ceil(self.until - now)))


@dataclass(frozen=True, slots=True)
class SendFinal:
    """Send a last NOTIFY with an empty body: ``terminated``."""

    subscriber: Subscriber
    state: SubscriptionState


class Notifier:
    """All who subscribed at one device. ``most`` seconds are granted at the most."""

    def __init__(self, *, limit: int = 64, most: int = 86_400) -> None:
        self._limit = limit
        self._most = most
        self._table: dict[Hashable, Subscriber] = {}
        self._final: deque[SendFinal] = deque()

    def __len__(self) -> int:
        return len(self._table)

    def next_action(self) -> SendFinal | None:
        """The next last word to send, None when there is none."""
        return self._final.popleft() if self._final else None

    def get_timer(self) -> float | None:
        """When `handle_timer` wants to be called."""
        return min((each.until for each in self._table.values()), default=None)

    def subscribe(self, wanted: Subscriber, expires: int | None, now: float) -> int:
        """Take a SUBSCRIBE, new or in its dialog; returns the seconds granted, for the 200's Expires.

        ``expires`` None takes the default, 0 ends the subscription (a last NOTIFY follows the 200).
        Raises `Operational` ``signalling.too-many-subscriptions`` when the table is full: answer 503.
        """
        granted = min(DEFAULT_EXPIRES if expires is None else expires, self._most)
        wanted.until = now + granted
        if granted == 0:
            self._table.pop(wanted.key, None)
            self._final.append(SendFinal(wanted, SubscriptionState("terminated", reason="timeout")))
        elif wanted.key not in self._table and len(self._table) >= self._limit:
            raise Operational("signalling.too-many-subscriptions", limit=self._limit)
        else:
            self._table[wanted.key] = wanted
        return granted

    def knows(self, key: Hashable) -> bool:
        """Whether this dialog stands; a SUBSCRIBE with a To tag that does not is answered 481."""
        return key in self._table

    def of(self, kind: SubscriptionKind) -> tuple[Subscriber, ...]:
        """Who is to be told of ``kind``."""
        return tuple(each for each in self._table.values() if each.kind is kind)

    def refused(self, key: Hashable) -> None:
        """A NOTIFY was answered 481 or not at all: the subscriber has forgotten us."""
        self._table.pop(key, None)

    def end_all(self, reason: str = "deactivated") -> None:
        """We are going: everybody gets a last word."""
        for each in self._table.values():
            self._final.append(SendFinal(each, SubscriptionState("terminated", reason=reason)))
        self._table.clear()

    def handle_timer(self, now: float) -> None:
        """Let go who did not refresh."""
        for each in [each for each in self._table.values() if each.until <= now]:
            del self._table[each.key]
            self._final.append(SendFinal(each, SubscriptionState("terminated", reason="timeout")))
