"""The deciding code of access: names, passwords, life of sessions, patience with wrong passwords. Pure."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta

from civicam.kernel.errors import Refused

SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 1024
ADMINISTRATOR = "admin"


def token_hash(token: str) -> str:
    """SHA-256 of a token of 256 random bits: nothing to guess, so no salt and no slow hash."""
    return hashlib.sha256(token.encode()).hexdigest()


def check_password(password: str, name: str) -> None:
    """Length is what counts (NIST SP 800-63B §3.1.1); a few that everybody tries are refused all the same.

    Raises `Refused` ``access.password-short``, ``access.password-long``, ``access.password-simple``.
    """
    if len(password) < SHORTEST_PASSWORD:
        raise Refused("access.password-short", least=SHORTEST_PASSWORD)
    if len(password) > LONGEST_PASSWORD:
        raise Refused("access.password-long", most=LONGEST_PASSWORD)
    plain = password.lower()
    if len(set(plain)) < 4 or plain in "01234567890123456789" or plain in "qwertyuiopasdfghjklzxcvbnm":
        raise Refused("access.password-simple")
    if len(name) >= 4 and plain.replace(name.lower(), "").strip("0123456789!.-_") == "":
        raise Refused("access.password-simple")


@dataclass(frozen=True, slots=True)
class Life:
    """How long sessions live."""

    idle: timedelta
    absolute: timedelta

    def is_over(self, created_at: datetime, seen_at: datetime, now: datetime) -> bool:
        """Whether a session has ended by either limit."""
        return now >= created_at + self.absolute or now >= seen_at + self.idle


@dataclass(slots=True)
class _Tries:
    failures: int = 0
    free_at: float = 0.0


class Throttle:
    """Slows who tries passwords, per key (an account at an address, an address); monotonic seconds.

    After ``free`` failures each further one doubles a wait, up to ``most_s``. A key is forgotten ``most_s``
    after its last wait, and the oldest are forgotten beyond ``keys``: the table cannot be made to grow.
    Keys combine the account with the address, so nobody can lock an account for its owner elsewhere.
    """

    def __init__(self, free: int, first_s: float, most_s: float, keys: int = 10_000) -> None:
        self._free = free
        self._first_s = first_s
        self._most_s = most_s
        self._keys = keys
        self._tries: OrderedDict[str, _Tries] = OrderedDict()

    def wait_s(self, key: str, now: float) -> float:
        """Seconds until the next attempt is allowed; 0 when it is now."""
        tries = self._tries.get(key)
        if tries is None:
            return 0.0
        if now >= tries.free_at + self._most_s:
            del self._tries[key]
            return 0.0
        return max(0.0, tries.free_at - now)

    def failed(self, key: str, now: float) -> None:
        """Count a failure."""
        tries = self._tries.setdefault(key, _Tries())
        self._tries.move_to_end(key)
        tries.failures += 1
        over = tries.failures - self._free
        wait = min(self._most_s, self._first_s * 2.0 ** min(over, 30)) if over >= 0 else 0.0
        tries.free_at = now + wait
        while len(self._tries) > self._keys:
            self._tries.popitem(last=False)

    def succeeded(self, key: str) -> None:
        """Forget the failures of a key."""
        self._tries.pop(key, None)
