"""Usability: legs of channels, their changes, days, the collector's life.

Revision ID: 0007
Revises: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from civicam.db.schema import UtcDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_SUBJECTS = ("usable", "signalling", "media", "picture", "recording", "clock")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "usability_channel",
        sa.Column("no", _BIG, autoincrement=True, nullable=False),
        sa.Column("channel_id", sa.String(length=32), nullable=False),
        sa.Column("vector", sa.Integer(), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("legs", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("no", name=op.f("pk_usability_channel")),
        sa.UniqueConstraint("channel_id", name=op.f("uq_usability_channel_channel_id")),
    )
    op.create_table(
        "usability_change",
        sa.Column("channel", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("vector", sa.Integer(), nullable=False),
        sa.Column("legs", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("channel", "at", name=op.f("pk_usability_change")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "usability_day",
        sa.Column("channel", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
        *(
            sa.Column(f"{what}_{state}", sa.Integer(), nullable=False)
            for what in _SUBJECTS
            for state in ("unknown", "good", "bad")
        ),
        sa.PrimaryKeyConstraint("channel", "day", name=op.f("pk_usability_day")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "usability_rolled",
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_usability_rolled")),
    )
    op.create_table(
        "usability_life",
        sa.Column("number", _BIG, autoincrement=True, nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("last_at", UtcDateTime(), nullable=False),
        sa.Column("stopped_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_usability_life")),
    )
    op.create_table(
        "usability_gap",
        sa.Column("number", _BIG, autoincrement=True, nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("end", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_usability_gap")),
    )
    op.create_index("ix_usability_gap_end", "usability_gap", ["end"])
