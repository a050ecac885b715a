"""A subscription at a device (目录订阅, 报警订阅 …; GB/T 28181-2022 §9.11, RFC 6665) as a pure state machine.

It builds no messages: it says what to send (`SubscriptionClient.next_action`) and is told what came of it.
Times are monotonic seconds.

    IDLE ──start──▶ SUBSCRIBING ──2xx──▶ ACTIVE ──90 % of the time──▶ REFRESHING ──2xx──▶ ACTIVE
     ▲                │   │                │                              │
     │   405, 489, 501│   │other, no answer│ terminated, expired          │ 481, no answer: anew at once
     │                ▼   ▼                ▼                              │ other: anew after a pause
     │       UNSUPPORTED  WAITING ◀─────────────────────────────────────-─┘
     │                       │ pause, doubled up to a limit
     │                       └──▶ SUBSCRIBING (a new dialog)
     └── 2xx, time-out ── ENDING ◀── stop (Expires 0 in the dialog)

A subscription that falls again soon after it stood is not asked for at once, or a device that accepts and
terminates would be asked without end.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass

from civicam.signalling.gb28181.events import SubscriptionState

_UNSUPPORTED = frozenset({405, 415, 420, 489, 501})
_FOR_GOOD = frozenset({"rejected", "noresource", "invariant"})
"""Reasons after which asking at once is rude (RFC 6665 §4.1.3): the longest pause."""


class SubscriberState(enum.StrEnum):
    """Where the subscription stands."""

    IDLE = "idle"
    SUBSCRIBING = "subscribing"
    ACTIVE = "active"
    REFRESHING = "refreshing"
    WAITING = "waiting"
    ENDING = "ending"
    UNSUPPORTED = "unsupported"


_OPEN = frozenset({SubscriberState.SUBSCRIBING, SubscriberState.REFRESHING, SubscriberState.ENDING})


@dataclass(frozen=True, slots=True)
class SubscriptionTimes:
    """Seconds; ``refresh`` is a part of the granted time, ``least`` the shortest pause between refreshes."""

    expires: int = 3600
    refresh: float = 0.9
    least: float = 30.0
    retry: float = 30.0
    retry_limit: float = 1800.0
    settle: float = 120.0
    """A subscription that stood this long was a good one: it is asked for again at once."""


@dataclass(frozen=True, slots=True)
class SendSubscribe:
    """Send a SUBSCRIBE: in a new dialog when ``fresh``, else in the one that stands. 0 seconds end it."""

    fresh: bool
    expires: int


@dataclass(frozen=True, slots=True)
class SubscriptionStood:
    """The device accepted: it will notify. Told once for each new dialog."""


@dataclass(frozen=True, slots=True)
class SubscriptionFell:
    """Notifications are no longer to be counted on. ``code`` says why; ``final`` when it will not be asked
    for again before `SubscriptionClient.start`.
    """

    code: str
    final: bool = False


SubscriptionAction = SendSubscribe | SubscriptionStood | SubscriptionFell


class SubscriptionClient:
    """One subscription. ``jitter`` gives numbers in [0, 1): a city must not refresh in one second."""

    __slots__ = ("_actions", "_due", "_jitter", "_pause", "_since", "_times", "_until", "_wanted", "state")

    def __init__(self, times: SubscriptionTimes, *, jitter: Callable[[], float]) -> None:
        self._times = times
        self._jitter = jitter
        self._pause = times.retry
        self._due: float | None = None
        self._until: float | None = None
        """When the device forgets us; None while no dialog stands."""
        self._since = 0.0
        self._wanted = False
        self._actions: list[
            SubscriptionAction
        ] = []  # a city has thousands of them: an empty deque is 600 bytes
        self.state = SubscriberState.IDLE

    @property
    def standing(self) -> bool:
        """Whether the device may be believed to notify; a refresh under way does not change it."""
        return self._until is not None

    @property
    def until(self) -> float | None:
        """When the device forgets us unless it is asked again; None while nothing stands."""
        return self._until

    def next_action(self) -> SubscriptionAction | None:
        """The next thing to do, None when there is nothing."""
        return self._actions.pop(0) if self._actions else None

    def get_timer(self) -> float | None:
        """When `handle_timer` wants to be called."""
        return min((each for each in (self._due, self._until) if each is not None), default=None)

    # -- commands

    def start(self, now: float) -> None:
        """Subscribe, unless that is under way or in force. Also after UNSUPPORTED: firmware changes."""
        self._wanted = True
        if self.state in {SubscriberState.IDLE, SubscriberState.WAITING, SubscriberState.UNSUPPORTED}:
            self._subscribe()

    def check(self) -> None:
        """The device may have restarted: refresh at once. One that knows of nothing answers 481, and is asked
        anew; for one that has not it is a refresh like any other.
        """
        if self.state is SubscriberState.ACTIVE:
            self._refresh()

    def stop(self, now: float) -> None:
        """End it: Expires 0 in the dialog; one under way is ended when it is answered."""
        self._wanted = False
        if self.state is SubscriberState.ACTIVE:
            self._end()
        elif self.state not in _OPEN:
            self._rest()

    def forget(self) -> None:
        """The device is offline or has lost its memory: nothing stands, nothing is sent."""
        self._wanted = False
        self._rest()
        self._pause = self._times.retry

    # -- what came of it

    def answered(
        self, status: int, now: float, *, expires: int | None = None, retry_after: float | None = None
    ) -> None:
        """The final answer to the newest SUBSCRIBE. ``expires``: what a 2xx granted, None when not said."""
        if self.state not in _OPEN:
            return
        if self.state is SubscriberState.ENDING:
            self._rest()
        elif 200 <= status < 300 and expires != 0:
            self._accepted(now, min(expires or self._times.expires, self._times.expires))
        else:
            code = f"signalling.subscribe-{status}"
            self._failed(now, code, retry_after or 0.0, gone=status == 481, never=status in _UNSUPPORTED)

    def timed_out(self, now: float) -> None:
        """No answer to the newest SUBSCRIBE."""
        if self.state is SubscriberState.ENDING:
            self._rest()
        elif self.state in _OPEN:
            self._failed(now, "signalling.subscribe-timeout", 0.0, gone=self.standing, never=False)

    def notified(self, header: str | None, now: float) -> None:
        """A NOTIFY of this subscription came, with this Subscription-State."""
        said = SubscriptionState.parse(header)
        if said.terminated:
            if self.state is SubscriberState.ENDING:
                self._rest()
            elif self.standing:
                pause = self._times.retry_limit if said.reason in _FOR_GOOD else said.retry_after or 0
                self._failed(now, "signalling.subscription-terminated", pause, gone=not pause, never=False)
        elif said.expires is not None and self.state is SubscriberState.ACTIVE:
            self._shorten(now, now + said.expires)

    def handle_timer(self, now: float) -> None:
        """Refresh, retry, or see that the device must have forgotten us."""
        if self._until is not None and now >= self._until and self.state is not SubscriberState.ACTIVE:
            self._until = None
            self._actions.append(SubscriptionFell("signalling.subscription-expired"))
        if self._due is not None and now >= self._due:
            if self.state is SubscriberState.ACTIVE:
                self._refresh()
            else:
                self._subscribe()

    # -- inside

    def _subscribe(self) -> None:
        self.state = SubscriberState.SUBSCRIBING
        self._due = None
        self._actions.append(SendSubscribe(True, self._times.expires))

    def _refresh(self) -> None:
        self.state = SubscriberState.REFRESHING
        self._due = None
        self._actions.append(SendSubscribe(False, self._times.expires))

    def _accepted(self, now: float, granted: int) -> None:
        if not self.standing:
            self._since = now
            self._actions.append(SubscriptionStood())
        self.state = SubscriberState.ACTIVE
        self._keep_until(now, now + granted)
        if not self._wanted:
            self._end()

    def _keep_until(self, now: float, until: float) -> None:
        self._until = until
        early = 1 - self._jitter() * (1 - self._times.refresh)
        self._due = now + max((until - now) * self._times.refresh * early, self._times.least)
        self._until = max(until, self._due)

    def _shorten(self, now: float, until: float) -> None:
        """A notifier may shorten the time (RFC 6665 §4.2.1.4); rounding is no shortening."""
        if self._until is not None and until < self._until - self._times.least:
            self._keep_until(now, until)

    def _end(self) -> None:
        self.state = SubscriberState.ENDING
        self._due = self._until = None
        self._actions.append(SendSubscribe(False, 0))

    def _failed(self, now: float, code: str, at_least: float, *, gone: bool, never: bool) -> None:
        """``gone``: the dialog is lost, a new one may be had at once. ``never``: the device cannot do it."""
        stood, settled = self.standing, self.standing and now - self._since >= self._times.settle
        if not self._wanted:
            self._rest()
            return
        if stood or never:
            self._actions.append(SubscriptionFell(code, never))
        self._until = None
        if never:
            self.state = SubscriberState.UNSUPPORTED
            self._due = None
            return
        self.state = SubscriberState.WAITING
        if settled:
            self._pause = self._times.retry
        if gone and settled:
            # a restarted platform falls out of all its devices at once: spread over a few seconds
            self._due = now + self._jitter() * self._times.retry / 10
            return
        self._due = now + max(self._pause, at_least) * (1 + self._jitter() / 2)
        self._pause = min(self._pause * 2, self._times.retry_limit)

    def _rest(self) -> None:
        self.state = SubscriberState.IDLE
        self._due = self._until = None
        if self._wanted:  # started again while the end was under way
            self._subscribe()
