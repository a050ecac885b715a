"""The outage ledger: facts, steps, registers, and the rows made from them.

Revision ID: 0006
Revises: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from civicam.db.schema import BigId, UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    _appended()
    _derived()


def _appended() -> None:
    op.create_table(
        "outage_fact",
        sa.Column("seq", BigId, autoincrement=True, nullable=False),
        sa.Column("fact_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("taken_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_outage_fact")),
        sa.UniqueConstraint("fact_id", name=op.f("uq_outage_fact_fact_id")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "outage_step",
        sa.Column("number", BigId, autoincrement=False, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("upto", BigId, nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_outage_step")),
    )
    op.create_table(
        "outage_register",
        sa.Column("digest", sa.String(length=32), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_outage_register")),
    )
    op.create_table(
        "outage_checkpoint",
        sa.Column("step", BigId, autoincrement=False, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("upto", BigId, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("step", name=op.f("pk_outage_checkpoint")),
    )
    op.create_table(
        "outage_alive",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outage_alive")),
    )


def _derived() -> None:
    op.create_table(
        "outage_row",
        sa.Column("outage_id", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("place", sa.String(length=64), nullable=False),
        sa.Column("attribution", sa.String(length=16), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("devices", sa.Integer(), nullable=False),
        sa.Column("sites", sa.Integer(), nullable=False),
        sa.Column("channels", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("outage_id", name=op.f("pk_outage_row")),
    )
    op.create_index("ix_outage_row_started", "outage_row", ["started_at", "outage_id"])
    op.create_index("ix_outage_row_state", "outage_row", ["state", "started_at"])
    op.create_index("ix_outage_row_place", "outage_row", ["place", "started_at"])
    op.create_table(
        "outage_channel",
        sa.Column("outage_id", sa.String(length=32), nullable=False),
        sa.Column("channel_id", sa.String(length=64), nullable=False),
        sa.Column("device_id", sa.String(length=64), nullable=False),
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("spans", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("outage_id", "channel_id", "device_id", name=op.f("pk_outage_channel")),
    )
    op.create_index("ix_outage_channel_channel", "outage_channel", ["channel_id", "outage_id"])
    op.create_table(
        "outage_overrule",
        sa.Column("seq", BigId, autoincrement=False, nullable=False),
        sa.Column("outage_id", sa.String(length=32), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_outage_overrule")),
    )
    op.create_index(op.f("ix_outage_overrule_outage_id"), "outage_overrule", ["outage_id"])
    op.create_table(
        "outage_work",
        sa.Column("work_id", sa.String(length=32), nullable=False),
        sa.Column("end", UtcDateTime(), nullable=False),
        sa.Column("cancelled", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("work_id", name=op.f("pk_outage_work")),
    )
    op.create_index(op.f("ix_outage_work_end"), "outage_work", ["end"])
