"""Device passwords also as HA1 by SHA-256 (RFC 8760); empty until a device is entered anew.

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column(
        "fleet_device", sa.Column("ha1_sha256", sa.String(length=64), nullable=False, server_default="")
    )
