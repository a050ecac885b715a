"""The tables of the log. Triggers (see the migration) refuse to change or delete what stands in them.

``audit_personal`` is beside the tree: its rows may lose their parts, nothing else.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, String, Table, Text

from civicam.db.schema import BigId, UtcDateTime, metadata

APPEND_ONLY = ("audit_entry", "audit_node", "audit_checkpoint", "audit_key")
"""Tables of which no row is ever changed or deleted."""

entry = Table(
    "audit_entry",
    metadata,
    Column("seq", BigId, primary_key=True, autoincrement=False),
    Column("at", UtcDateTime, nullable=False),
    Column("action", String(80), nullable=False),
    Column("result", String(10), nullable=False),
    Column("record", Text, nullable=False),
    Index("ix_audit_entry_at", "at"),
)

node = Table(
    "audit_node",
    metadata,
    Column("level", Integer, primary_key=True),
    Column("place", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary(32), nullable=False),
)

checkpoint = Table(
    "audit_checkpoint",
    metadata,
    Column("number", BigId, primary_key=True, autoincrement=True),
    Column("size", BigInteger, nullable=False),
    Column("root", LargeBinary(32), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("key_id", String(8), nullable=False),
    Column("note", Text, nullable=False),
)

key = Table(
    "audit_key",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("public", String(64), nullable=False),
    Column("from_size", BigInteger, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("statement", Text, nullable=False),
    Column("signature", String(128), nullable=False),
)

personal = Table(
    "audit_personal",
    metadata,
    Column("seq", BigId, primary_key=True, autoincrement=False),
    Column("salts", LargeBinary(48), nullable=False),
    Column("who", Text),
    Column("what", Text),
    Column("change", Text),
    Column("user_id", String(64), nullable=False),
    Column("target_id", String(64), nullable=False),
    Index("ix_audit_personal_user_id", "user_id", "seq"),
    Index("ix_audit_personal_target_id", "target_id", "seq"),
)
