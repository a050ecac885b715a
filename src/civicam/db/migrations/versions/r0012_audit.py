"""The audit log: tables that only grow.

Revision ID: 0012
Revises: 0011
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from civicam.db.schema import BigId, UtcDateTime

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_GROWING = ("audit_entry", "audit_node", "audit_checkpoint", "audit_key")


def upgrade() -> None:
    """Make the tables and what refuses to change them."""
    op.create_table(
        "audit_entry",
        sa.Column("seq", BigId, autoincrement=False, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("action", sa.String(length=80), nullable=False),
        sa.Column("result", sa.String(length=10), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit_entry")),
    )
    op.create_index("ix_audit_entry_at", "audit_entry", ["at"])
    op.create_table(
        "audit_node",
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("place", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("level", "place", name=op.f("pk_audit_node")),
    )
    op.create_table(
        "audit_checkpoint",
        sa.Column("number", BigId, autoincrement=True, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.LargeBinary(length=32), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("key_id", sa.String(length=8), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit_checkpoint")),
    )
    op.create_table(
        "audit_key",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("public", sa.String(length=64), nullable=False),
        sa.Column("from_size", sa.BigInteger(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("signature", sa.String(length=128), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit_key")),
    )
    op.create_table(
        "audit_personal",
        sa.Column("seq", BigId, autoincrement=False, nullable=False),
        sa.Column("salts", sa.LargeBinary(length=48), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=True) for name in ("who", "what", "change")),
        sa.Column("user_id", sa.String(length=64), nullable=False),
        sa.Column("target_id", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit_personal")),
    )
    for name in ("user_id", "target_id"):
        op.create_index(f"ix_audit_personal_{name}", "audit_personal", [name, "seq"])
    if op.get_bind().dialect.name == "sqlite":
        _sqlite()
    else:
        _postgresql()


def _sqlite() -> None:
    for table in (*_GROWING, "audit_personal"):
        for verb in ("UPDATE", "DELETE"):
            if table == "audit_personal" and verb == "UPDATE":
                continue
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                "BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END"
            )


def _postgresql() -> None:
    op.execute(
        "CREATE FUNCTION civicam_audit_grows() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the audit log only grows'; END $$"
    )
    for table in (*_GROWING, "audit_personal"):
        verbs = "DELETE OR TRUNCATE" if table == "audit_personal" else "UPDATE OR DELETE OR TRUNCATE"
        op.execute(
            f"CREATE TRIGGER {table}_grows BEFORE {verbs} ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION civicam_audit_grows()"
        )
