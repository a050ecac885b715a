"""Alarms of devices.

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from civicam.db.schema import UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "alarm_event",
        sa.Column("alarm_id", sa.String(length=32), nullable=False),
        sa.Column("device_id", sa.String(length=32), nullable=False),
        sa.Column("source_id", sa.String(length=20), nullable=False),
        sa.Column("channel_id", sa.String(length=32), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("how", sa.String(length=8), nullable=False),
        sa.Column("name_zh", sa.String(length=100), nullable=False),
        sa.Column("name_en", sa.String(length=100), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=True),
        sa.Column("method", sa.Integer(), nullable=True),
        sa.Column("type", sa.Integer(), nullable=True),
        sa.Column("event", sa.Integer(), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=True),
        sa.Column("description", sa.String(length=1024), nullable=False),
        sa.Column("lon", sa.Float(), nullable=True),
        sa.Column("lat", sa.Float(), nullable=True),
        sa.Column("reset", sa.String(length=12), nullable=False),
        sa.Column("reset_by", sa.String(length=64), nullable=False),
        sa.Column("reset_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("alarm_id", name=op.f("pk_alarm_event")),
    )
    op.create_index("ix_alarm_event_device", "alarm_event", ["device_id", "received_at", "alarm_id"])
    op.create_index("ix_alarm_event_received", "alarm_event", ["received_at", "alarm_id"])
