"""argon2id, with the parameters of RFC 9106 §4 (second recommended option, for memory-bound machines)."""

from __future__ import annotations

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError


class Argon2Hasher:
    """Fills `civicam.access.ports.Hasher`. About 50 ms and 64 MiB for each call: run it off the loop."""

    def __init__(self) -> None:
        self._argon2 = PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=4)
        self._nobody = self._argon2.hash("no account has this password")

    def hash(self, password: str) -> str:
        """A new salted hash, with its parameters inside."""
        return self._argon2.hash(password)

    def verify(self, stored: str | None, password: str) -> bool:
        """Whether it fits; an account without a password costs the same time as a wrong one."""
        try:
            self._argon2.verify(stored or self._nobody, password)
        except (VerificationError, InvalidHashError):
            return False
        return stored is not None
