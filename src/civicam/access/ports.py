"""What access needs: its store, a slow password hash, random tokens. Protocols only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from civicam.access.facts import User, UserId, Viewing, ViewingId


class Hasher(Protocol):
    """A slow, salted password hash."""

    def hash(self, password: str) -> str:
        """A new hash of a password."""
        ...

    def verify(self, stored: str | None, password: str) -> bool:
        """Whether it fits; takes as long for ``None`` as for a wrong password."""
        ...


@dataclass(frozen=True, slots=True)
class StoredSession:
    """A session with its user."""

    user: User
    created_at: datetime
    seen_at: datetime


class ChannelNames(Protocol):
    """What channels are called."""

    async def __call__(self, channel_ids: Sequence[str]) -> dict[str, str]:
        """Names by id; those nobody knows are lacking."""
        ...


class AccessStore(Protocol):
    """The tables inside one transaction; synchronous."""

    def user_by_name(self, name: str) -> tuple[User, str | None] | None:
        """The user and the password hash."""
        ...

    def users(self) -> list[User]:
        """All users by name."""
        ...

    def add_user(self, user: User, at: datetime) -> None:
        """Add a user without a password."""
        ...

    def set_password(self, user_id: UserId, password_hash: str) -> None:
        """Replace the password."""
        ...

    def add_link(self, token_hash: str, user_id: UserId, at: datetime, expires_at: datetime) -> None:
        """Keep a one-time link; older unused ones of the user stop working."""
        ...

    def use_link(self, token_hash: str, at: datetime) -> User | None:
        """Use a link up; None when it is unknown, used, expired or its user is disabled."""
        ...

    def add_session(
        self, token_hash: str, user_id: UserId, times: tuple[datetime, datetime], client: str
    ) -> None:
        """Begin a session; ``times`` are now and its absolute end. Ended ones are cleared away."""
        ...

    def session(self, token_hash: str) -> StoredSession | None:
        """A session with its user, whatever its age."""
        ...

    def touch_session(self, token_hash: str, at: datetime) -> None:
        """Somebody is still there."""
        ...

    def end_session(self, token_hash: str) -> None:
        """End a session. Idempotent."""
        ...

    def end_sessions_of(self, user_id: UserId, but: str) -> None:
        """End all sessions of a user except one."""
        ...

    def add_viewing(self, viewing: Viewing) -> None:
        """Write the line."""
        ...

    def end_viewing(self, viewing_id: ViewingId, at: datetime) -> None:
        """Write its end, once."""
        ...

    def end_open_viewings(self, at: datetime) -> int:
        """End those a crash left open; returns how many."""
        ...

    def viewings(self, limit: int) -> list[tuple[Viewing, datetime | None]]:
        """The newest lines with their ends."""
        ...
