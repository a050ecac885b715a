"""Open dialogs, for whoever comes after a crash.

Revision ID: 0010
Revises: 0009
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from civicam.db.schema import UtcDateTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "gateway_dialog",
        sa.Column("stream_id", sa.String(length=40), nullable=False),
        sa.Column("device_id", sa.String(length=32), nullable=False),
        sa.Column("purpose", sa.String(length=12), nullable=False),
        *(
            sa.Column(name, sa.Text(), nullable=False)
            for name in ("call_id", "local", "remote", "target", "via")
        ),
        sa.Column("invite_cseq", sa.BigInteger(), nullable=False),
        sa.Column("cseq", sa.BigInteger(), nullable=False),
        sa.Column("standing", sa.Boolean(), nullable=False),
        sa.Column("transport", sa.String(length=3), nullable=False),
        sa.Column("host", sa.String(length=64), nullable=False),
        sa.Column("port", sa.Integer(), nullable=False),
        sa.Column("ssrc", sa.BigInteger(), nullable=False),
        sa.Column("media_port", sa.Integer(), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("left_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("stream_id", name=op.f("pk_gateway_dialog")),
    )
