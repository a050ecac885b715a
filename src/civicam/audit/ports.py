"""What audit needs (store, signer, witnesses) and what it is to the others. Protocols only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from civicam.audit.facts import Checkpoint, Entry, Part, SigningKey, Stamped, Wanted
from civicam.audit.tree import Hashes


class AuditLog(Protocol):
    """Where whoever does something writes it down."""

    async def append(self, entry: Entry) -> int:
        """Durable when this returns its place; `Refused` ``audit.no-entry`` when it cannot be written."""
        ...


class AuditStore(Hashes, Protocol):
    """The tables inside one transaction; synchronous."""

    def size(self) -> int:
        """Entries in the log."""
        ...

    def append(self, entries: Sequence[Stamped], nodes: Sequence[tuple[int, int, bytes]]) -> None:
        """Add entries, whose places follow the last, and the nodes they complete."""
        ...

    def entries(self, first: int, count: int) -> list[Stamped]:
        """By place, in order; what was erased is lacking in ``parts``."""
        ...

    def search(self, wanted: Wanted) -> list[Stamped]:
        """Newest first."""
        ...

    def erase(self, seq: int, parts: Sequence[Part]) -> bool:
        """Forget salt and text of some parts; whether there was anything. The tree is not touched."""
        ...

    def add_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Keep it."""
        ...

    def checkpoints(self, limit: int | None = None) -> list[Checkpoint]:
        """The newest ones (or all), oldest of them first."""
        ...

    def add_key(self, key: SigningKey) -> None:
        """Keep a public key."""
        ...

    def keys(self) -> list[SigningKey]:
        """All, the first one first."""
        ...


class Signer(Protocol):
    """A private Ed25519 key."""

    @property
    def public(self) -> bytes:
        """The 32 bytes of its public key."""
        ...

    def sign(self, message: bytes) -> bytes:
        """64 bytes."""
        ...


class KeyRing(Protocol):
    """Where the private key is kept, outside the database."""

    def current(self) -> Signer:
        """The key in use; made when there is none. `Operational` ``audit.key-unreadable``."""
        ...

    def prepared(self) -> Signer:
        """A new key, kept beside the current one until `adopt`."""
        ...

    def adopt(self) -> Signer:
        """The prepared key replaces the current one."""
        ...


class Witness(Protocol):
    """Somebody else who keeps checkpoints."""

    @property
    def name(self) -> str:
        """For people."""
        ...

    async def tell(self, checkpoint: Checkpoint) -> None:
        """Durable there when this returns. `Operational` ``audit.witness-failed``."""
        ...


class Random(Protocol):
    """Random bytes."""

    def __call__(self, count: int, /) -> bytes: ...
