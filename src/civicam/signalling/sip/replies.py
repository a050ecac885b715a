"""Final answers over UDP to requests other than INVITE, kept for those that come again (timer J, §17.2.2).

That is all a server transaction is after its answer, and a city's signalling has hundreds of thousands of
them. So nothing is kept but the bytes and what bounds their repetition, in plain tuples that the garbage
collector need not walk; and they are forgotten half a second at a time, not each by a timer of its own.
"""

from __future__ import annotations

from collections import deque

from civicam.signalling.sip.answers import MAX_GAIN
from civicam.signalling.sip.events import TransactionKey

_TOGETHER_S = 0.5

_Reply = tuple[bytes, int, int, bool]
"""Bytes, how many bytes came, how many went, whether the layer above knows the sender."""


class Replies:
    """Kept ``linger`` seconds, up to half a second longer."""

    __slots__ = ("_kept", "_linger", "_order")

    def __init__(self, linger: float) -> None:
        self._linger = linger
        self._kept: dict[TransactionKey, _Reply] = {}
        self._order: deque[tuple[float, list[TransactionKey]]] = deque()
        """Until when, and which."""

    def __len__(self) -> int:
        return len(self._kept)

    def keep(self, key: TransactionKey, data: bytes, gain: tuple[int, int, bool], now: float) -> None:
        """Keep the answer ``data``; ``gain``: bytes received for it, bytes sent, whether unbounded."""
        self._kept[key] = (data, *gain)
        until = now + self._linger
        if not self._order or self._order[-1][0] < until:
            self._order.append((until + _TOGETHER_S, []))
        self._order[-1][1].append(key)

    def again(self, key: TransactionKey, size: int) -> bytes | None:
        """The request came again, in ``size`` bytes: the answer to send, ``b""`` when that would be more than
        its sender may get; ``None`` when there is none.
        """
        reply = self._kept.get(key)
        if reply is None:
            return None
        data, received, sent, trusted = reply
        received += size
        allowed = trusted or sent + len(data) <= MAX_GAIN * received
        self._kept[key] = (data, received, sent + len(data) if allowed else sent, trusted)
        return data if allowed else b""

    def next_due(self) -> float | None:
        """When the oldest are to be forgotten."""
        return self._order[0][0] if self._order else None

    def forget_due(self, now: float) -> int:
        """Forget those whose time is over; gives how many."""
        before = len(self._kept)
        while self._order and self._order[0][0] <= now:
            for key in self._order.popleft()[1]:
                del self._kept[key]
        return before - len(self._kept)
