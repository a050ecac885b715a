"""The registering side (注册, 保活; GB/T 28181-2022 §9.1, §9.6) as a pure state machine.

A simulated camera uses it today, a cascade to an upper platform later. It builds no messages: it says
what to send (`RegistrationClient.next_action`) and is told what came of it. Times are monotonic seconds.

    IDLE ──start──▶ REGISTERING ──401──▶ REGISTERING (with the challenge) ──200──▶ REGISTERED
     ▲                  │ other answer, time-out                                    │  │
     │                  ▼                                                           │  │ refresh at 80 %
     │               WAITING ──pause (≥ 60 s + random, doubled up to a limit)──▶ REGISTERING ◀─┘
     │                  ▲                                                           │
     │                  └────────────── heartbeats missed ──────────────────────────┤
     └── 200 or time-out ── UNREGISTERING ◀──────────────── stop ──────────────────┘

A server may send us to another one (注册重定向, 302; 2022 §9.1.2.3): REGISTERING starts anew there. Whatever
ends in WAITING leads back to the server we know ourselves.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass


class RegistrationState(enum.StrEnum):
    """Where the registration stands."""

    IDLE = "idle"
    REGISTERING = "registering"
    REGISTERED = "registered"
    WAITING = "waiting"
    UNREGISTERING = "unregistering"


@dataclass(frozen=True, slots=True)
class RegistrationTimes:
    """Seconds, except ``misses``. The standard: expiry 86 400 (≥ 3600), retry ≥ 60, heartbeat 60 × 3."""

    expires: int = 86_400
    refresh: float = 0.8
    """Part of the granted expiry after which to refresh."""
    retry: float = 60.0
    retry_limit: float = 960.0
    heartbeat: float = 60.0
    misses: int = 3


@dataclass(frozen=True, slots=True)
class SendRegister:
    """Send a REGISTER: ``call_id`` stays for one registration, ``cseq`` grows.

    ``challenge`` is the WWW-Authenticate value to answer, None for a first, unauthenticated attempt;
    ``expires`` 0 unregisters.
    """

    call_id: str
    cseq: int
    expires: int
    challenge: str | None


@dataclass(frozen=True, slots=True)
class SendKeepalive:
    """Send a Keepalive with this SN."""

    sn: int


@dataclass(frozen=True, slots=True)
class WentOnline:
    """The server accepted us: we may serve it."""


@dataclass(frozen=True, slots=True)
class WentOffline:
    """The server is gone or refuses us: end all media. ``code`` says why."""

    code: str


_MOST_REDIRECTS = 3
"""Servers that send us to each other must not keep us running in a circle."""

RegistrationAction = SendRegister | SendKeepalive | WentOnline | WentOffline


class RegistrationClient:
    """One registration. ``new_id`` gives fresh Call-IDs, ``jitter`` a number in [0, 1)."""

    def __init__(
        self, times: RegistrationTimes, *, new_id: Callable[[], str], jitter: Callable[[], float]
    ) -> None:
        self._times = times
        self._new_id = new_id
        self._jitter = jitter
        self._call_id = new_id()
        self._cseq = 0
        self._challenge: str | None = None
        self._asked = False
        """Whether the attempt under way already answered a challenge."""
        self._pause = times.retry
        self._deadline: float | None = None
        self._next_heartbeat: float | None = None
        self._missed = 0
        self._sn = 0
        self._actions: list[RegistrationAction] = []
        self._redirects = 0
        self.server = ""
        """The URI of the server we were sent to (the Contact of a 302); empty: the one we know ourselves."""
        self.state = RegistrationState.IDLE

    @property
    def online(self) -> bool:
        """Whether the server counts as there; a refresh under way does not change it."""
        return self._next_heartbeat is not None

    def next_action(self) -> RegistrationAction | None:
        """The next thing to do, None when there is nothing."""
        return self._actions.pop(0) if self._actions else None

    def get_timer(self) -> float | None:
        """When `handle_timer` wants to be called."""
        times = [each for each in (self._deadline, self._next_heartbeat) if each is not None]
        return min(times, default=None)

    # -- commands

    def start(self, now: float) -> None:
        """Register, unless a registration is under way or in force."""
        if self.state in {RegistrationState.IDLE, RegistrationState.WAITING}:
            self._attempt(now)

    def stop(self, now: float) -> None:
        """Unregister; a registration that is not in force is simply dropped."""
        if not self.online:
            self._rest()
            return
        self._next_heartbeat = None
        self.state = RegistrationState.UNREGISTERING
        self._deadline = None
        self._asked = False
        self._send(0)

    # -- what came of it

    def register_answered(
        self, status: int, now: float, *, challenge: str | None = None, expires: int | None = None,
        retry_after: float | None = None,
    ) -> None:  # fmt: skip
        """The final answer to the newest REGISTER.

        ``challenge``: WWW-Authenticate of a 401/407. ``expires``: what a 200 granted (seconds).
        ``retry_after``: of a 503, never shortens the standard's pause.
        """
        unregistering = self.state is RegistrationState.UNREGISTERING
        if self.state is not RegistrationState.REGISTERING and not unregistering:
            return
        if (
            status in {401, 407}
            and challenge is not None
            and (not self._asked or "stale=true" in challenge.lower())
        ):
            self._asked = True
            self._challenge = challenge
            self._send(0 if unregistering else self._times.expires)
        elif unregistering:
            self._rest()
        elif 200 <= status < 300:
            self._accepted(now, expires or self._times.expires)
        else:
            self._failed(now, f"signalling.register-{status}", retry_after or 0.0)

    def redirected(self, server: str, now: float) -> None:
        """302 to the newest REGISTER: ``server`` is the URI in its Contact. We register there at once."""
        if self.state is not RegistrationState.REGISTERING:
            return
        if self._redirects >= _MOST_REDIRECTS:
            self._failed(now, "signalling.register-302", 0.0)
            return
        self._redirects += 1
        self.server = server
        self._begin()

    def register_timed_out(self, now: float) -> None:
        """No answer to the newest REGISTER."""
        if self.state is RegistrationState.UNREGISTERING:
            self._rest()
        elif self.state is RegistrationState.REGISTERING:
            self._failed(now, "signalling.register-timeout", 0.0)

    def keepalive_answered(self, status: int | None, now: float) -> None:
        """The answer to a Keepalive, None for none. ``misses`` failures in a row end it (§9.6.1)."""
        if not self.online:
            return
        if status is not None and 200 <= status < 300:
            self._missed = 0
            return
        self._missed += 1
        if self._missed >= self._times.misses:
            self._failed(now, "signalling.heartbeat-lost", 0.0)

    def connection_lost(self, now: float) -> None:
        """The TCP connection is gone: abnormal offline, register again after a pause (§9.1.1 f)."""
        if self.state is not RegistrationState.IDLE:
            self._failed(now, "signalling.connection-lost", 0.0)

    def handle_timer(self, now: float) -> None:
        """Do what is due: heartbeat, refresh, retry."""
        if self._next_heartbeat is not None and now >= self._next_heartbeat:
            self._sn += 1
            self._next_heartbeat = max(self._next_heartbeat + self._times.heartbeat, now)
            self._actions.append(SendKeepalive(self._sn))
        if self._deadline is not None and now >= self._deadline:
            self._attempt(now)

    # -- inside

    def _attempt(self, now: float) -> None:
        refresh = self.state is RegistrationState.REGISTERED
        self.state = RegistrationState.REGISTERING
        self._deadline = None
        if refresh:
            self._asked = False
            self._send(self._times.expires)
        else:
            self._begin()

    def _begin(self) -> None:
        """A registration with a Call-ID of its own."""
        self._call_id = self._new_id()
        self._cseq = 0
        self._challenge = None  # an old nonce after a changed address loops for ever
        self._asked = False
        self._send(self._times.expires)

    def _send(self, expires: int) -> None:
        self._cseq += 1
        self._actions.append(SendRegister(self._call_id, self._cseq, expires, self._challenge))

    def _accepted(self, now: float, expires: int) -> None:
        was_online = self.online
        self._redirects = 0
        self.state = RegistrationState.REGISTERED
        self._pause = self._times.retry
        self._missed = 0
        self._deadline = now + expires * self._times.refresh
        if not was_online:
            # spread the first heartbeat, or a city that powers up together beats together for ever
            self._next_heartbeat = now + self._times.heartbeat * (0.5 + self._jitter() / 2)
            self._actions.append(WentOnline())

    def _failed(self, now: float, code: str, at_least: float) -> None:
        if self.online:
            self._actions.append(WentOffline(code))
        self._next_heartbeat = None
        self._missed = 0
        self._redirects = 0
        self.server = ""
        self.state = RegistrationState.WAITING
        pause = max(self._pause, at_least)
        self._deadline = now + pause * (1 + self._jitter() / 2)
        self._pause = min(self._pause * 2, self._times.retry_limit)

    def _rest(self) -> None:
        self.state = RegistrationState.IDLE
        self._deadline = None
        self._next_heartbeat = None
