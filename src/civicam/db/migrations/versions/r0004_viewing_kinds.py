"""Longer names for what was looked at: ``broadcast``, ``download-file``.

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Widen the column; SQLite copies the table for it."""
    with op.batch_alter_table("access_viewing") as table:
        table.alter_column(
            "stream",
            existing_type=sa.String(length=8),
            type_=sa.String(length=16),
            existing_nullable=False,
        )
