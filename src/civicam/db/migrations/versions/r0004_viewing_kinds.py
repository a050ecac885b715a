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
    """Widen the column; SQLite keeps any length as it is."""
    if op.get_bind().dialect.name != "sqlite":
        op.alter_column("access_viewing", "stream", type_=sa.String(length=16), existing_nullable=False)
