"""The transaction state machines of RFC 3261 §17 with the Accepted state of RFC 6026, as one table.

A transaction is one request and the answers to it, on one hop. There are four machines. Each is a set of
states; in a state a signal (a message of the peer, a word of the layer above, a timer) leads to a next state
and to acts. The whole behaviour stands in `TABLE`; a pair that is not there changes nothing and does
nothing. How long a state may last, and whether it repeats its message, stands in `STAYS`.

::

    INVITE client       CALLING ──1xx──► PROCEEDING ──2xx──► ACCEPTED ──M──► TERMINATED
                           └──2xx/final──┴──3xx-6xx──► COMPLETED ──D──► TERMINATED
    client              TRYING ──1xx──► PROCEEDING ──2xx-6xx──► COMPLETED ──K──► TERMINATED
    INVITE server       PROCEEDING ──we say 2xx──► ACCEPTED ──ACK──► ESTABLISHED ──L──► TERMINATED
                           └──we say 3xx-6xx──► COMPLETED ──ACK──► CONFIRMED ──I──► TERMINATED
    server              TRYING ──we say 1xx──► PROCEEDING ──we say final──► COMPLETED ──J──► TERMINATED

What differs from the letter of the RFC, and why:

* The retransmission of a 2xx until its ACK belongs to the layer above there (§13.3.1.4); here the machine
does it, in
  ACCEPTED, because every layer above would write the same loop. ESTABLISHED is ACCEPTED after the ACK.
* The ACK to a 2xx is likewise repeated here (act REACK) once the layer above has given it.
* 100 Trying goes out after 200 ms by itself (§17.2.1), or at the first retransmitted INVITE.
* A server transaction nobody answers, and an INVITE client that hears 1xx and no more, end after a guard
time;
  the RFC lets them live for ever.

Timers by name: A, E, G repeat; B, F, H give up; D, I, J, K, L, M linger to absorb what comes twice.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from civicam.signalling.sip.events import TransactionKey
from civicam.signalling.sip.message import Request
from civicam.signalling.sip.peer import Peer

T1 = 0.5
"""Round-trip estimate, seconds (RFC 3261 §17.1.1.1)."""
T2 = 4.0
"""Longest interval between two sendings of a non-INVITE request or an INVITE response."""
T4 = 5.0
"""How long a message may stay in the network."""
TIMEOUT = 64 * T1
"""Timers B, F, H, J, L, M."""
TRYING_AFTER = 0.2
"""When 100 Trying goes out by itself."""
TIMER_D = 32.0
GUARD = 300.0
"""How long an INVITE may stay provisional."""


class Kind(enum.IntEnum):
    """Which machine."""

    INVITE_CLIENT = 0
    CLIENT = 1
    INVITE_SERVER = 2
    SERVER = 3


class State(enum.IntEnum):
    """Where a transaction stands."""

    CALLING = 0
    TRYING = 1
    PROCEEDING = 2
    COMPLETED = 3
    CONFIRMED = 4
    ACCEPTED = 5
    ESTABLISHED = 6
    TERMINATED = 7


class Signal(enum.IntEnum):
    """What may happen to a transaction."""

    PROVISIONAL = 0
    """1xx: from the peer on the client's side, from above on the server's."""
    SUCCESS = 1
    FAILURE = 2
    """3xx–6xx."""
    REPEATED = 3
    """The request came again."""
    ACK = 4
    RESEND = 5
    """Timer A, E, G, or the 200 ms of 100 Trying."""
    EXPIRE = 6
    """Every other timer."""
    BROKEN = 7
    """The transport failed."""
    SENT_BEFORE = 8
    """INVITE client: a former process of ours sent it; only its answers are awaited."""


class Act(enum.IntEnum):
    """What the endpoint does on a transition."""

    SEND = 0
    """Put the transaction's message on the wire: the request, or the latest response."""
    PASS = 1
    """Give the response to the layer above."""
    ACKNOWLEDGE = 2
    """Send the ACK to a non-2xx final response (§17.1.1.3)."""
    REACK = 3
    """A 2xx came again: repeat the ACK we were given, or pass the 2xx up when there is none yet."""
    TRYING = 4
    """Send 100 unless something was sent already."""
    REPLAY = 8
    """Send the latest response again, 100 when there is none."""
    GIVE_UP = 5
    """Tell the layer above that nobody answered (or acknowledged)."""
    FAIL = 6
    """Tell the layer above that the transport failed."""
    CONFIRM = 7
    """Tell the layer above that the ACK to its 2xx came."""


_K, _S, _G, _A = Kind, State, Signal, Act

TABLE: dict[tuple[Kind, State, Signal], tuple[State, tuple[Act, ...]]] = {
    # -- INVITE client (§17.1.1, RFC 6026 §7.2)
    (_K.INVITE_CLIENT, _S.CALLING, _G.RESEND): (_S.CALLING, (_A.SEND,)),
    (_K.INVITE_CLIENT, _S.CALLING, _G.SENT_BEFORE): (_S.PROCEEDING, ()),
    (_K.INVITE_CLIENT, _S.CALLING, _G.PROVISIONAL): (_S.PROCEEDING, (_A.PASS,)),
    (_K.INVITE_CLIENT, _S.CALLING, _G.SUCCESS): (_S.ACCEPTED, (_A.PASS,)),
    (_K.INVITE_CLIENT, _S.CALLING, _G.FAILURE): (_S.COMPLETED, (_A.ACKNOWLEDGE, _A.PASS)),
    (_K.INVITE_CLIENT, _S.CALLING, _G.EXPIRE): (_S.TERMINATED, (_A.GIVE_UP,)),
    (_K.INVITE_CLIENT, _S.CALLING, _G.BROKEN): (_S.TERMINATED, (_A.FAIL,)),
    (_K.INVITE_CLIENT, _S.PROCEEDING, _G.PROVISIONAL): (_S.PROCEEDING, (_A.PASS,)),
    (_K.INVITE_CLIENT, _S.PROCEEDING, _G.SUCCESS): (_S.ACCEPTED, (_A.PASS,)),
    (_K.INVITE_CLIENT, _S.PROCEEDING, _G.FAILURE): (_S.COMPLETED, (_A.ACKNOWLEDGE, _A.PASS)),
    (_K.INVITE_CLIENT, _S.PROCEEDING, _G.EXPIRE): (_S.TERMINATED, (_A.GIVE_UP,)),
    (_K.INVITE_CLIENT, _S.PROCEEDING, _G.BROKEN): (_S.TERMINATED, (_A.FAIL,)),
    (_K.INVITE_CLIENT, _S.COMPLETED, _G.FAILURE): (_S.COMPLETED, (_A.ACKNOWLEDGE,)),
    (_K.INVITE_CLIENT, _S.COMPLETED, _G.EXPIRE): (_S.TERMINATED, ()),
    (_K.INVITE_CLIENT, _S.COMPLETED, _G.BROKEN): (_S.TERMINATED, ()),
    (_K.INVITE_CLIENT, _S.ACCEPTED, _G.SUCCESS): (_S.ACCEPTED, (_A.REACK,)),
    (_K.INVITE_CLIENT, _S.ACCEPTED, _G.EXPIRE): (_S.TERMINATED, ()),
    (_K.INVITE_CLIENT, _S.ACCEPTED, _G.BROKEN): (_S.TERMINATED, ()),
    # -- any other client (§17.1.2)
    (_K.CLIENT, _S.TRYING, _G.RESEND): (_S.TRYING, (_A.SEND,)),
    (_K.CLIENT, _S.TRYING, _G.PROVISIONAL): (_S.PROCEEDING, (_A.PASS,)),
    (_K.CLIENT, _S.TRYING, _G.SUCCESS): (_S.COMPLETED, (_A.PASS,)),
    (_K.CLIENT, _S.TRYING, _G.FAILURE): (_S.COMPLETED, (_A.PASS,)),
    (_K.CLIENT, _S.TRYING, _G.EXPIRE): (_S.TERMINATED, (_A.GIVE_UP,)),
    (_K.CLIENT, _S.TRYING, _G.BROKEN): (_S.TERMINATED, (_A.FAIL,)),
    (_K.CLIENT, _S.PROCEEDING, _G.RESEND): (_S.PROCEEDING, (_A.SEND,)),
    (_K.CLIENT, _S.PROCEEDING, _G.PROVISIONAL): (_S.PROCEEDING, (_A.PASS,)),
    (_K.CLIENT, _S.PROCEEDING, _G.SUCCESS): (_S.COMPLETED, (_A.PASS,)),
    (_K.CLIENT, _S.PROCEEDING, _G.FAILURE): (_S.COMPLETED, (_A.PASS,)),
    (_K.CLIENT, _S.PROCEEDING, _G.EXPIRE): (_S.TERMINATED, (_A.GIVE_UP,)),
    (_K.CLIENT, _S.PROCEEDING, _G.BROKEN): (_S.TERMINATED, (_A.FAIL,)),
    (_K.CLIENT, _S.COMPLETED, _G.EXPIRE): (_S.TERMINATED, ()),
    (_K.CLIENT, _S.COMPLETED, _G.BROKEN): (_S.TERMINATED, ()),
    # -- INVITE server (§17.2.1, RFC 6026 §7.1)
    (_K.INVITE_SERVER, _S.PROCEEDING, _G.REPEATED): (_S.PROCEEDING, (_A.REPLAY,)),
    (_K.INVITE_SERVER, _S.PROCEEDING, _G.RESEND): (_S.PROCEEDING, (_A.TRYING,)),
    (_K.INVITE_SERVER, _S.PROCEEDING, _G.PROVISIONAL): (_S.PROCEEDING, (_A.SEND,)),
    (_K.INVITE_SERVER, _S.PROCEEDING, _G.SUCCESS): (_S.ACCEPTED, (_A.SEND,)),
    (_K.INVITE_SERVER, _S.PROCEEDING, _G.FAILURE): (_S.COMPLETED, (_A.SEND,)),
    (_K.INVITE_SERVER, _S.PROCEEDING, _G.EXPIRE): (_S.TERMINATED, (_A.GIVE_UP,)),
    (_K.INVITE_SERVER, _S.PROCEEDING, _G.BROKEN): (_S.TERMINATED, (_A.FAIL,)),
    (_K.INVITE_SERVER, _S.COMPLETED, _G.REPEATED): (_S.COMPLETED, (_A.SEND,)),
    (_K.INVITE_SERVER, _S.COMPLETED, _G.RESEND): (_S.COMPLETED, (_A.SEND,)),
    (_K.INVITE_SERVER, _S.COMPLETED, _G.ACK): (_S.CONFIRMED, ()),
    (_K.INVITE_SERVER, _S.COMPLETED, _G.EXPIRE): (_S.TERMINATED, ()),
    (_K.INVITE_SERVER, _S.COMPLETED, _G.BROKEN): (_S.TERMINATED, ()),
    (_K.INVITE_SERVER, _S.CONFIRMED, _G.EXPIRE): (_S.TERMINATED, ()),
    (_K.INVITE_SERVER, _S.CONFIRMED, _G.BROKEN): (_S.TERMINATED, ()),
    (_K.INVITE_SERVER, _S.ACCEPTED, _G.REPEATED): (_S.ACCEPTED, (_A.SEND,)),
    (_K.INVITE_SERVER, _S.ACCEPTED, _G.RESEND): (_S.ACCEPTED, (_A.SEND,)),
    (_K.INVITE_SERVER, _S.ACCEPTED, _G.ACK): (_S.ESTABLISHED, (_A.CONFIRM,)),
    (_K.INVITE_SERVER, _S.ACCEPTED, _G.EXPIRE): (_S.TERMINATED, (_A.GIVE_UP,)),
    (_K.INVITE_SERVER, _S.ACCEPTED, _G.BROKEN): (_S.TERMINATED, (_A.FAIL,)),
    (_K.INVITE_SERVER, _S.ESTABLISHED, _G.EXPIRE): (_S.TERMINATED, ()),
    (_K.INVITE_SERVER, _S.ESTABLISHED, _G.BROKEN): (_S.TERMINATED, ()),
    # -- any other server (§17.2.2)
    (_K.SERVER, _S.TRYING, _G.PROVISIONAL): (_S.PROCEEDING, (_A.SEND,)),
    (_K.SERVER, _S.TRYING, _G.SUCCESS): (_S.COMPLETED, (_A.SEND,)),
    (_K.SERVER, _S.TRYING, _G.FAILURE): (_S.COMPLETED, (_A.SEND,)),
    (_K.SERVER, _S.TRYING, _G.EXPIRE): (_S.TERMINATED, ()),
    (_K.SERVER, _S.TRYING, _G.BROKEN): (_S.TERMINATED, ()),
    (_K.SERVER, _S.PROCEEDING, _G.REPEATED): (_S.PROCEEDING, (_A.SEND,)),
    (_K.SERVER, _S.PROCEEDING, _G.PROVISIONAL): (_S.PROCEEDING, (_A.SEND,)),
    (_K.SERVER, _S.PROCEEDING, _G.SUCCESS): (_S.COMPLETED, (_A.SEND,)),
    (_K.SERVER, _S.PROCEEDING, _G.FAILURE): (_S.COMPLETED, (_A.SEND,)),
    (_K.SERVER, _S.PROCEEDING, _G.EXPIRE): (_S.TERMINATED, ()),
    (_K.SERVER, _S.PROCEEDING, _G.BROKEN): (_S.TERMINATED, ()),
    (_K.SERVER, _S.COMPLETED, _G.REPEATED): (_S.COMPLETED, (_A.SEND,)),
    (_K.SERVER, _S.COMPLETED, _G.EXPIRE): (_S.TERMINATED, ()),
    (_K.SERVER, _S.COMPLETED, _G.BROKEN): (_S.TERMINATED, ()),
}
"""(machine, state, signal) → (next state, acts). What is not here is absorbed."""


@dataclass(frozen=True, slots=True)
class Stay:
    """How a state passes its time. Seconds; ``None`` means never, and for ``udp``/``tcp`` "as before"."""

    udp: float | None = None
    """EXPIRE after so long on UDP."""
    tcp: float | None = None
    """EXPIRE after so long on TCP."""
    resend: float | None = None
    """First RESEND."""
    cap: float | None = None
    """Intervals double up to this; ``None``: without end; 0: no second RESEND."""
    resend_on_tcp: bool = False


STAYS: dict[tuple[Kind, State], Stay] = {
    (_K.INVITE_CLIENT, _S.CALLING): Stay(TIMEOUT, TIMEOUT, resend=T1),
    (_K.INVITE_CLIENT, _S.PROCEEDING): Stay(GUARD, GUARD),
    (_K.INVITE_CLIENT, _S.COMPLETED): Stay(TIMER_D, 0.0),
    (_K.INVITE_CLIENT, _S.ACCEPTED): Stay(TIMEOUT, TIMEOUT),
    (_K.CLIENT, _S.TRYING): Stay(TIMEOUT, TIMEOUT, resend=T1, cap=T2),
    (_K.CLIENT, _S.PROCEEDING): Stay(resend=T2, cap=T2),
    (_K.CLIENT, _S.COMPLETED): Stay(T4, 0.0),
    (_K.INVITE_SERVER, _S.PROCEEDING): Stay(GUARD, GUARD, resend=TRYING_AFTER, cap=0.0, resend_on_tcp=True),
    (_K.INVITE_SERVER, _S.COMPLETED): Stay(TIMEOUT, TIMEOUT, resend=T1, cap=T2),
    (_K.INVITE_SERVER, _S.CONFIRMED): Stay(T4, 0.0),
    (_K.INVITE_SERVER, _S.ACCEPTED): Stay(TIMEOUT, TIMEOUT, resend=T1, cap=T2, resend_on_tcp=True),
    (_K.INVITE_SERVER, _S.ESTABLISHED): Stay(),
    (_K.SERVER, _S.TRYING): Stay(TIMEOUT, TIMEOUT),
    (_K.SERVER, _S.PROCEEDING): Stay(),
    (_K.SERVER, _S.COMPLETED): Stay(TIMEOUT, 0.0),
}
"""What timers a state sets when it is entered."""

FIRST = {
    Kind.INVITE_CLIENT: State.CALLING,
    Kind.CLIENT: State.TRYING,
    Kind.INVITE_SERVER: State.PROCEEDING,
    Kind.SERVER: State.TRYING,
}
"""Where each machine starts."""


class Transaction:
    """One transaction: its state, its timers, the bytes it repeats. It does nothing by itself."""

    __slots__ = (
        "acks", "cancelled", "data", "due", "expire_at", "interval", "key", "kind", "peer", "received",
        "request", "resend_at", "sent", "state", "tag", "trusted",
    )  # fmt: skip

    def __init__(self, kind: Kind, key: TransactionKey, request: Request, peer: Peer) -> None:
        self.kind = kind
        self.key = key
        self.request = request
        self.peer = peer
        self.state = FIRST[kind]
        self.data = b""
        """What SEND sends: the request, or the latest response."""
        self.tag = ""
        """Server: the To tag of every answer."""
        self.received = 0
        """Server: bytes of the request, each arrival counted; bounds what an unknown sender gets back."""
        self.sent = 0
        self.trusted = False
        """Server: answered with 2xx, so the layer above knows the peer; the bound is lifted."""
        self.cancelled = False
        """INVITE client: CANCEL was asked for."""
        self.acks: dict[str, bytes] = {}
        """INVITE client: the ACK given for each To tag of a 2xx."""
        self.resend_at: float | None = None
        self.interval = 0.0
        self.expire_at: float | None = None
        self.due: float | None = None
        """The deadline that stands in the timer heap."""

    def enter(self, state: State, now: float) -> None:
        """Go to ``state`` and set its timers; entering the state it is in leaves them alone."""
        self.state = state
        stay = STAYS.get((self.kind, state))
        if stay is None:
            self.resend_at = self.expire_at = None
            return
        reliable = self.peer.reliable
        length = stay.tcp if reliable else stay.udp
        if length is not None:
            self.expire_at = now + length
        if stay.resend is None or (reliable and not stay.resend_on_tcp):
            self.resend_at = None
        else:
            self.interval = stay.resend
            self.resend_at = now + stay.resend

    def step(self, signal: Signal, now: float) -> tuple[Act, ...]:
        """Let ``signal`` happen; gives the acts."""
        found = TABLE.get((self.kind, self.state, signal))
        if found is None:
            return ()
        state, acts = found
        if state != self.state:
            self.enter(state, now)
        elif signal == Signal.RESEND:
            self._next_resend(now)
        return acts

    def _next_resend(self, now: float) -> None:
        cap = STAYS[self.kind, self.state].cap
        if cap == 0.0:
            self.resend_at = None
            return
        self.interval = self.interval * 2 if cap is None else min(self.interval * 2, cap)
        self.resend_at = now + self.interval

    @property
    def deadline(self) -> float | None:
        """The next moment something happens by itself."""
        if self.resend_at is None:
            return self.expire_at
        if self.expire_at is None:
            return self.resend_at
        return min(self.resend_at, self.expire_at)
