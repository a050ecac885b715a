"""One live session with a GB/T 28181 device, as a pure state machine.

It decides; `civicam.gateway.live` does. Each input returns the actions to carry out, in order. Every state
has a deadline (`LiveSession.deadline`) and a way out. However a session ends, the port is closed after it
was opened and `Finished` comes exactly once: the port, the SSRC and the dialog never leak.

    IDLE ─port open─▶ PORT_OPEN ─sent─▶ INVITING ─1xx─▶ EARLY ─200─▶ ACCEPTED ─picture─▶ STREAMING
      │ port_s           │                 │ invite_s    │ early_s     │ media_s            │ check_s
      ▼                  ▼                 ▼             ▼ CANCEL      ▼ BYE                ▼ BYE
    CLOSED ◀───────────────────────────── CLOSING (close_s: an unanswered BYE is dropped) ◀─┘

* The port is open before the INVITE leaves: many devices send the moment they answered.
* CANCEL only after a provisional response (RFC 3261 §9.1); before one, the session waits in CLOSING for
  whatever comes. A 200 that comes too late is acknowledged and ended with BYE, or the device streams on.
* A 408 is tried once more; no other refusal is.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from civicam.gateway import refusals


class State(enum.StrEnum):
    """Where a session stands."""

    IDLE = "idle"
    PORT_OPEN = "port-open"
    INVITING = "inviting"
    EARLY = "early"
    ACCEPTED = "accepted"
    STREAMING = "streaming"
    CLOSING = "closing"
    CLOSED = "closed"


class Do(enum.StrEnum):
    """Actions without data."""

    OPEN_PORT = "open-port"
    INVITE = "invite"
    CANCEL = "cancel"
    ACK = "ack"
    PIN = "pin"
    BYE = "bye"
    CLOSE_PORT = "close-port"
    STARTED = "started"
    """Tell those who wait: there are pictures."""
    CHECK = "check"
    """Ask the engine whether the stream still exists, then call `LiveSession.checked`."""


@dataclass(frozen=True, slots=True)
class Failed:
    """Tell those who wait for pictures that there will be none; ``status`` is the device's, 0 without one."""

    code: str
    status: int = 0


@dataclass(frozen=True, slots=True)
class Finished:
    """The last action: release the SSRC, forget the session. ``code`` says why it ended."""

    code: str


Action = Do | Failed | Finished


@dataclass(frozen=True, slots=True)
class SessionTimes:
    """Seconds; see `civicam.gateway.settings.LiveSettings`."""

    port_s: float = 5.0
    invite_s: float = 10.0
    early_s: float = 15.0
    media_s: float = 10.0
    check_s: float = 60.0
    close_s: float = 33.0


_IN_TRANSACTION = frozenset({State.PORT_OPEN, State.INVITING, State.EARLY})
_ENDING = frozenset({State.CLOSING, State.CLOSED})


class LiveSession:
    """See the module. ``now`` is monotonic seconds everywhere."""

    def __init__(self, times: SessionTimes | None = None) -> None:
        self._times = times or SessionTimes()
        self.state = State.IDLE
        self.deadline: float | None = None
        self.since = 0.0
        """When the present state was entered."""
        self.code = ""
        """Why the session ends or ended."""
        self._attempts = 0
        self._invite_open = False
        """An INVITE is out whose final answer has not come."""
        self._picture_seen = False
        self._stall = ""
        self._no_media = refusals.NO_MEDIA
        """What it is called when nothing comes after the 200."""

    # -- on the way up

    def start(self, now: float) -> list[Action]:
        """Begin."""
        self._enter(State.IDLE, now, self._times.port_s)
        return [Do.OPEN_PORT]

    def port_opened(self, now: float) -> list[Action]:
        """The engine listens. When the session ended meanwhile, the port is closed again."""
        if self.state is not State.IDLE:
            return [Do.CLOSE_PORT]
        self._enter(State.PORT_OPEN, now, self._times.port_s)
        return [Do.INVITE]

    def invite_sent(self, now: float) -> list[Action]:
        """The INVITE left."""
        self._attempts += 1
        self._invite_open = True
        if self.state is State.PORT_OPEN:
            self._enter(State.INVITING, now, self._times.invite_s)
        return []

    def provisional(self, now: float) -> list[Action]:
        """1xx: the device is at work; from here on CANCEL is allowed."""
        if self.state is State.INVITING:
            self._enter(State.EARLY, now, self._times.early_s)
            return []
        return [Do.CANCEL] if self.state is State.CLOSING and self._invite_open else []

    def accepted(self, fault: str, now: float, *, sdp: bool = True) -> list[Action]:
        """200. ``fault`` is a code when its SDP cannot be used, else empty. Without any ``sdp`` the device
        may send all the same, to the port that was offered; if it does not, the answer is to blame.
        """
        self._invite_open = False
        self._no_media = refusals.NO_MEDIA if sdp else refusals.BAD_ANSWER
        if self.state in _ENDING:  # too late: we gave up before
            if self.state is State.CLOSING:
                self.deadline = now + self._times.close_s
            return [Do.ACK, Do.BYE]
        if fault:
            return [Do.ACK, *self._end(fault, now, bye=True)]
        self._enter(State.ACCEPTED, now, self._times.media_s)
        return [Do.ACK, Do.PIN, *(self.picture(now) if self._picture_seen else [])]

    def refused(self, status: int, now: float) -> list[Action]:
        """A final status ≥ 300 (the transaction layer acknowledged it)."""
        self._invite_open = False
        if self.state is State.CLOSING:
            return self._close(now)
        if self.state not in _IN_TRANSACTION:
            return []
        if status == 408 and self._attempts == 1:
            self._enter(State.PORT_OPEN, now, self._times.port_s)
            return [Do.INVITE]
        return self._end(refusals.code_of_status(status), now, status=status)

    def invite_failed(self, code: str, now: float) -> list[Action]:
        """No final answer: timer B, or the transport refused."""
        self._invite_open = False
        if self.state is State.CLOSING:
            return self._close(now)
        return self._end(code, now) if self.state in _IN_TRANSACTION else []

    def picture(self, now: float) -> list[Action]:
        """The engine has the first picture; it may come before the 200."""
        self._picture_seen = True
        if self.state is not State.ACCEPTED:
            return []
        self._enter(State.STREAMING, now, self._times.check_s)
        return [Do.STARTED]

    def stalled(self, code: str) -> None:
        """The engine misses packets or pictures; remembered as the reason if nothing better comes."""
        self._stall = code

    # -- on the way down

    def end(self, code: str, now: float) -> list[Action]:
        """We end it: nobody watches, the stream is lost, the device is offline, we stop."""
        return self._end(code, now, bye=self.state in {State.ACCEPTED, State.STREAMING})

    def device_ended(self, now: float) -> list[Action]:
        """BYE from the device (the caller answers it 200): nothing is left to say to it."""
        return (
            [] if self.state is State.CLOSED else [*self._end(refusals.DEVICE_ENDED, now), *self._close(now)]
        )

    def bye_done(self, now: float) -> list[Action]:
        """Our BYE was answered, whatever with, or given up by its timer."""
        return self._close(now)

    def checked(self, exists: bool, now: float) -> list[Action]:
        """The answer to `Do.CHECK`."""
        if self.state is not State.STREAMING:
            return []
        if not exists:
            return self.end(refusals.STREAM_LOST, now)
        self._enter(State.STREAMING, now, self._times.check_s)
        return []

    def handle_timer(self, now: float) -> list[Action]:
        """The deadline of the state has come; early calls do nothing."""
        if self.deadline is None or now < self.deadline:
            return []
        match self.state:
            case State.STREAMING:
                self.deadline = now + self._times.check_s
                return [Do.CHECK]
            case State.CLOSING:
                return self._close(now)
            case State.ACCEPTED:
                code = refusals.NO_PICTURES if self._stall == "media.no-pictures" else self._no_media
                return self._end(code, now, bye=True)
            case State.IDLE | State.PORT_OPEN:
                return self._end(refusals.ENGINE, now)
            case _:
                return self._end(refusals.PLAY_TIMEOUT, now)

    # -- inside

    def _enter(self, state: State, now: float, patience: float) -> None:
        self.state = state
        self.since = now
        self.deadline = now + patience

    def _end(self, code: str, now: float, *, bye: bool = False, status: int = 0) -> list[Action]:
        """Leave for CLOSING, or for CLOSED when the device is owed nothing."""
        if self.state in _ENDING:
            return []
        before, self.code = self.state, code
        self._enter(State.CLOSING, now, self._times.close_s)
        actions: list[Action] = []
        if before is not State.STREAMING:
            actions.append(Failed(code, status))
        if bye:
            actions.append(Do.BYE)
        elif before is State.EARLY and self._invite_open:
            actions.append(Do.CANCEL)
        # the opening of the port may still be under way in IDLE: `port_opened` closes it then
        actions.append(Do.CLOSE_PORT)
        if not bye and not self._invite_open:
            actions += self._close(now)
        return actions

    def _close(self, now: float) -> list[Action]:
        if self.state is not State.CLOSING:
            return []
        self.state = State.CLOSED
        self.since = now
        self.deadline = None
        return [Finished(self.code)]
