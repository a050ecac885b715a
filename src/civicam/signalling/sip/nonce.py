"""Nonces bound to a device and a time, checked without remembering any that was not used (RFC 2617 §3.2.1).

A nonce is ``time counter mac``: the mac covers both and the device id under a secret of this process. So

* a nonce given to one device is forged in the hands of another,
* a nonce of another process (before a restart) or past its life is stale: the device gets ``stale=true`` and
a fresh
  one, and need not ask anybody for its password,
* a nonce that was used is remembered for its life. It serves again with a higher ``nc``, and within a short
window
  with the same one, because the authorised REGISTER may arrive twice by different paths (gb28181.md §2.5).
"""

from __future__ import annotations

import enum
import hashlib
import hmac
from collections import deque

_TIME_DIGITS = 12
_COUNT_DIGITS = 6
_MAC_DIGITS = 20
_LENGTH = _TIME_DIGITS + _COUNT_DIGITS + _MAC_DIGITS
_HEX = frozenset("0123456789abcdef")


class NonceState(enum.Enum):
    """What a nonce is worth."""

    FRESH = "fresh"
    STALE = "stale"
    """Ours once, or worn out: challenge again with ``stale=true``."""
    FORGED = "forged"
    """Never given to this device by this process; treat as stale, but count it."""


class NonceBook:
    """Issues and checks nonces. ``secret`` is at least 16 random bytes, new in every process.

    ``lifetime`` seconds a nonce lives; ``reuse_window`` seconds in which the same use may repeat;
    ``max_used`` used nonces remembered at once (the oldest are then forgotten and count as worn out no
    longer than they live).
    """

    __slots__ = ("_count", "_lifetime", "_max_used", "_order", "_reuse_window", "_secret", "_used")

    def __init__(
        self,
        secret: bytes,
        *,
        lifetime: float = 300.0,
        reuse_window: float = 8.0,
        max_used: int = 100_000,
    ) -> None:
        if len(secret) < 16:
            raise ValueError("a nonce secret needs at least 16 bytes")
        self._secret = hashlib.blake2s(secret).digest()
        self._lifetime = lifetime
        self._reuse_window = reuse_window
        self._max_used = max_used
        self._count = 0
        self._used: dict[str, tuple[float, int]] = {}
        self._order: deque[tuple[float, str]] = deque()

    def issue(self, device: str, now: float) -> str:
        """A nonce for ``device``."""
        self._count = (self._count + 1) % 16**_COUNT_DIGITS
        head = f"{int(now * 1000) % 16**_TIME_DIGITS:0{_TIME_DIGITS}x}{self._count:0{_COUNT_DIGITS}x}"
        return head + self._mac(head, device)

    def check(self, device: str, nonce: str, nc: str, now: float) -> NonceState:
        """What ``nonce`` is worth for ``device`` now; does not use it up. ``nc`` is ``""`` in the old
        form.
        """
        if len(nonce) != _LENGTH or not nonce.isascii():
            return NonceState.FORGED
        head = nonce[: _TIME_DIGITS + _COUNT_DIGITS]
        if not hmac.compare_digest(self._mac(head, device), nonce[len(head) :]):
            return NonceState.FORGED
        age = now - int(head[:_TIME_DIGITS], 16) / 1000
        if age > self._lifetime or age < -1.0:
            return NonceState.STALE
        used = self._used.get(nonce)
        if used is None:
            return NonceState.FRESH
        since, highest = used
        if nc and int(nc, 16) > highest:
            return NonceState.FRESH
        return NonceState.FRESH if now - since <= self._reuse_window else NonceState.STALE

    @staticmethod
    def shaped(nonce: str) -> bool:
        """Whether ``nonce`` has the form of ours, from whichever process; else somebody made it up."""
        return len(nonce) == _LENGTH and set(nonce) <= _HEX

    def use(self, nonce: str, nc: str, now: float) -> None:
        """Remember that ``nonce`` served a request that was verified."""
        count = int(nc, 16) if nc else 0
        used = self._used.get(nonce)
        if used is not None and count <= used[1]:
            return  # the same use again, within its window: the window does not start anew
        if used is None:
            self._order.append((now, nonce))
        self._used[nonce] = (now, count)
        while self._order and (len(self._order) > self._max_used or now - self._order[0][0] > self._lifetime):
            del self._used[self._order.popleft()[1]]

    def __len__(self) -> int:
        return len(self._used)

    def _mac(self, head: str, device: str) -> str:
        text = f"{head}:{device}".encode("utf-8", "surrogateescape")
        return hashlib.blake2s(text, key=self._secret, digest_size=_MAC_DIGITS // 2).hexdigest()
