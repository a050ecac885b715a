"""The tables of users, links, sessions and viewings. Tokens stand here only as hashes."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, String, Table, Text

from civicam.db.schema import UtcDateTime, metadata

user = Table(
    "access_user",
    metadata,
    Column("user_id", String(32), primary_key=True),
    Column("name", String(64), nullable=False, unique=True),
    Column("display", String(200), nullable=False),
    Column("role", String(20), nullable=False),
    Column("password_hash", Text),
    Column("enabled", Boolean, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

link = Table(
    "access_link",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("user_id", ForeignKey("access_user.user_id"), nullable=False, index=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime),
)

session = Table(
    "access_session",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("user_id", ForeignKey("access_user.user_id"), nullable=False, index=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("client", String(80), nullable=False),
)

viewing = Table(
    "access_viewing",
    metadata,
    Column("viewing_id", String(32), primary_key=True),
    # No foreign keys here: the line outlives the user and the channel it tells of.
    Column("user_id", String(32), nullable=False),
    Column("user_name", String(64), nullable=False),
    Column("channel_id", String(32), nullable=False),
    Column("stream", String(16), nullable=False),
    Column("purpose", String(40), nullable=False),
    Column("client", String(80), nullable=False),
    Column("began_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Index("ix_access_viewing_channel", "channel_id", "began_at"),
    Index("ix_access_viewing_open", "ended_at"),
)
