"""The access room's SQL: one instance lives inside one transaction."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from civicam.access.facts import Purpose, Role, User, UserId, Viewing, ViewingId
from civicam.access.ports import StoredSession
from civicam.access.tables import link, session, user, viewing


class AccessStore:
    """Fills `civicam.access.ports.AccessStore`."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def user_by_name(self, name: str) -> tuple[User, str | None] | None:
        row = self._db.execute(select(user).where(user.c.name == name)).one_or_none()
        return None if row is None else (_user(row), row.password_hash)

    def users(self) -> list[User]:
        return [_user(row) for row in self._db.execute(select(user).order_by(user.c.name))]

    def add_user(self, added: User, at: datetime) -> None:
        self._db.execute(
            insert(user).values(
                user_id=added.user_id,
                name=added.name,
                display=added.display,
                role=added.role.value,
                password_hash=None,
                enabled=added.enabled,
                created_at=at,
            )
        )

    def set_password(self, user_id: UserId, password_hash: str) -> None:
        self._db.execute(update(user).where(user.c.user_id == user_id).values(password_hash=password_hash))

    def add_link(self, token_hash: str, user_id: UserId, at: datetime, expires_at: datetime) -> None:
        unused = (link.c.user_id == user_id, link.c.used_at.is_(None))
        self._db.execute(delete(link).where(*unused))
        self._db.execute(
            insert(link).values(token_hash=token_hash, user_id=user_id, created_at=at, expires_at=expires_at)
        )

    def use_link(self, token_hash: str, at: datetime) -> User | None:
        usable = (link.c.token_hash == token_hash, link.c.used_at.is_(None), link.c.expires_at > at)
        if self._db.execute(update(link).where(*usable).values(used_at=at)).rowcount != 1:
            return None
        query = select(user).join(link, link.c.user_id == user.c.user_id)
        row = self._db.execute(query.where(link.c.token_hash == token_hash, user.c.enabled)).one_or_none()
        return None if row is None else _user(row)

    def add_session(
        self, token_hash: str, user_id: UserId, times: tuple[datetime, datetime], client: str
    ) -> None:
        now, expires_at = times
        self._db.execute(delete(session).where(session.c.expires_at <= now))
        self._db.execute(
            insert(session).values(
                token_hash=token_hash,
                user_id=user_id,
                created_at=now,
                seen_at=now,
                expires_at=expires_at,
                client=client[:80],
            )
        )

    def session(self, token_hash: str) -> StoredSession | None:
        query = select(user, session.c.created_at.label("began"), session.c.seen_at).join(
            session, session.c.user_id == user.c.user_id
        )
        row = self._db.execute(query.where(session.c.token_hash == token_hash)).one_or_none()
        return None if row is None else StoredSession(_user(row), row.began, row.seen_at)

    def touch_session(self, token_hash: str, at: datetime) -> None:
        self._db.execute(update(session).where(session.c.token_hash == token_hash).values(seen_at=at))

    def end_session(self, token_hash: str) -> None:
        self._db.execute(delete(session).where(session.c.token_hash == token_hash))

    def end_sessions_of(self, user_id: UserId, but: str) -> None:
        self._db.execute(delete(session).where(session.c.user_id == user_id, session.c.token_hash != but))

    def add_viewing(self, added: Viewing) -> None:
        self._db.execute(
            insert(viewing).values(
                viewing_id=added.viewing_id,
                user_id=added.user_id,
                user_name=added.user_name,
                channel_id=added.channel_id,
                stream=added.stream,
                purpose=added.purpose.value,
                client=added.client[:80],
                began_at=added.began_at,
            )
        )

    def end_viewing(self, viewing_id: ViewingId, at: datetime) -> None:
        still = (viewing.c.viewing_id == viewing_id, viewing.c.ended_at.is_(None))
        self._db.execute(update(viewing).where(*still).values(ended_at=at))

    def end_open_viewings(self, at: datetime) -> int:
        return self._db.execute(
            update(viewing).where(viewing.c.ended_at.is_(None)).values(ended_at=at)
        ).rowcount

    def viewings(self, limit: int) -> list[tuple[Viewing, datetime | None]]:
        query = select(viewing).order_by(viewing.c.began_at.desc()).limit(limit)
        return [(_viewing(row), row.ended_at) for row in self._db.execute(query)]


def _user(row: Row[Any]) -> User:
    return User(
        UserId(row.user_id), row.name, row.display, Role(row.role), row.password_hash is not None, row.enabled
    )


def _viewing(row: Row[Any]) -> Viewing:
    return Viewing(
        ViewingId(row.viewing_id),
        UserId(row.user_id),
        row.user_name,
        row.channel_id,
        row.stream,
        Purpose(row.purpose),
        row.client,
        row.began_at,
    )
