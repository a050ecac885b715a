"""Column types that both databases keep alike, and the one `MetaData` the rooms' tables hang in."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Dialect,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

BigId = BigInteger().with_variant(Integer, "sqlite")
"""An ever-growing number; SQLite's rowid only answers to INTEGER."""


class UtcDateTime(TypeDecorator[datetime]):
    """An aware date-time, UTC inside and outside; a naive one is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a date-time without a zone")
        aware = value.astimezone(UTC)
        return aware.replace(tzinfo=None) if dialect.name == "sqlite" else aware

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


outbox = Table(
    "db_outbox",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("fact_id", String(32), nullable=False, unique=True),
    Column("name", String(80), nullable=False),
    Column("body", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False, index=True),
    sqlite_autoincrement=True,  # an id is never used twice, also after the newest row was cleared away
)

outbox_cursor = Table(
    "db_outbox_cursor",
    metadata,
    Column("handler", String(80), primary_key=True),
    Column("last_id", BigId, nullable=False),
)
