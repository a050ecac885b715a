"""Requests over UDP other than INVITE, from their arrival until they come again no more (timer J, §17.2.2).

That is the server transaction of RFC 3261 §17.2.2 for what a city sends all day, of which hundreds of
thousands stand at once: TRYING and PROCEEDING are an `Asked`, COMPLETED is the bytes of the answer and what
bounds their repetition, in plain tuples that the garbage collector need not walk. Answers are forgotten half
a second at a time, not each by a timer of its own; most requests are answered before anyone asks for a timer.
"""

from __future__ import annotations

from collections import deque

from civicam.signalling.sip.answers import MAX_GAIN
from civicam.signalling.sip.events import TransactionKey
from civicam.signalling.sip.peer import Peer

_TOGETHER_S = 0.5

_Reply = tuple[bytes, int, int, bool]
"""Bytes, how many bytes came, how many went, whether the layer above knows the sender."""


class Asked:
    """A request that waits for its final answer. ``who``: the user part of its From, where it is known."""

    __slots__ = ("data", "expire_at", "peer", "received", "sent", "tag", "who")

    def __init__(self, peer: Peer, size: int, expire_at: float, who: str) -> None:
        self.peer = peer
        self.received = size
        """Bytes, each arrival counted; bounds what an unknown sender gets back."""
        self.sent = 0
        self.expire_at = expire_at
        self.who = who
        self.tag = ""
        """The To tag of every answer, once there is one."""
        self.data = b""
        """The latest provisional answer."""

    def may_get(self, data: bytes) -> bool:
        """Count ``data`` as sent, unless that is more than its sender may get."""
        if self.sent + len(data) > MAX_GAIN * self.received:
            return False
        self.sent += len(data)
        return True


class Replies:
    """Kept ``linger`` seconds after the answer, up to half a second longer; unanswered as long."""

    __slots__ = ("_expiring", "_fresh", "_kept", "_linger", "_order", "waiting")

    def __init__(self, linger: float) -> None:
        self._linger = linger
        self.waiting: dict[TransactionKey, Asked] = {}
        """Without their final answer."""
        self._fresh: list[TransactionKey] = []
        """Just asked: nearly all are answered before the next look at the clock."""
        self._expiring: deque[tuple[float, TransactionKey]] = deque()
        self._kept: dict[TransactionKey, _Reply] = {}
        self._order: deque[tuple[float, list[TransactionKey]]] = deque()
        """Until when, and which."""

    def __len__(self) -> int:
        return len(self._kept) + len(self.waiting)

    def ask(self, key: TransactionKey, asked: Asked) -> None:
        """A new request came."""
        self.waiting[key] = asked
        self._fresh.append(key)

    def settle(self, key: TransactionKey, asked: Asked, data: bytes, ok: bool, now: float) -> bool:
        """Keep the final answer; ``ok``: a 2xx, so the layer above knows the sender and the bound is lifted.
        Whether it may be sent.
        """
        del self.waiting[key]
        may = ok or asked.may_get(data)
        self._kept[key] = (data, asked.received, asked.sent, ok)
        until = now + self._linger
        if not self._order or self._order[-1][0] < until:
            self._order.append((until + _TOGETHER_S, []))
        self._order[-1][1].append(key)
        return may

    def again(self, key: TransactionKey, size: int) -> bytes | None:
        """The request came again, in ``size`` bytes: the answer to send, ``b""`` when there is none yet or it
        would be more than its sender may get; ``None`` when nobody knows the request.
        """
        reply = self._kept.get(key)
        if reply is None:
            asked = self.waiting.get(key)
            if asked is None:
                return None
            asked.received += size
            return asked.data if asked.data and asked.may_get(asked.data) else b""
        data, received, sent, trusted = reply
        received += size
        allowed = trusted or sent + len(data) <= MAX_GAIN * received
        self._kept[key] = (data, received, sent + len(data) if allowed else sent, trusted)
        return data if allowed else b""

    def next_due(self) -> float | None:
        """When the oldest are to be forgotten."""
        if self._fresh:
            self._watch()
        due = self._order[0][0] if self._order else None
        if self._expiring and (due is None or self._expiring[0][0] < due):
            due = self._expiring[0][0]
        return due

    def forget_due(self, now: float) -> int:
        """Forget those whose time is over; gives how many."""
        self._watch()
        before = len(self)
        while self._order and self._order[0][0] <= now:
            for key in self._order.popleft()[1]:
                del self._kept[key]
        while self._expiring and self._expiring[0][0] <= now:
            expire_at, key = self._expiring.popleft()
            asked = self.waiting.get(key)
            if asked is not None and asked.expire_at == expire_at:
                del self.waiting[key]
        return before - len(self)

    def _watch(self) -> None:
        """Await the end of those that were not answered at once."""
        for key in self._fresh:
            asked = self.waiting.get(key)
            if asked is not None:
                self._expiring.append((asked.expire_at, key))
        self._fresh.clear()
