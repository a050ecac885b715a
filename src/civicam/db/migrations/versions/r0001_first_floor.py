"""The first floor: outbox, users and sessions, places, devices and channels.

Revision ID: 0001
Revises: -
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from civicam.db.schema import BigId, UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "access_user",
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("display", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_access_user")),
        sa.UniqueConstraint("name", name=op.f("uq_access_user_name")),
    )
    op.create_table(
        "access_viewing",
        sa.Column("viewing_id", sa.String(length=32), nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("user_name", sa.String(length=64), nullable=False),
        sa.Column("channel_id", sa.String(length=32), nullable=False),
        sa.Column("stream", sa.String(length=8), nullable=False),
        sa.Column("purpose", sa.String(length=40), nullable=False),
        sa.Column("client", sa.String(length=80), nullable=False),
        sa.Column("began_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("viewing_id", name=op.f("pk_access_viewing")),
    )
    op.create_index("ix_access_viewing_channel", "access_viewing", ["channel_id", "began_at"], unique=False)
    op.create_index("ix_access_viewing_open", "access_viewing", ["ended_at"], unique=False)
    op.create_table(
        "db_outbox",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("fact_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_db_outbox")),
        sa.UniqueConstraint("fact_id", name=op.f("uq_db_outbox_fact_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_db_outbox_at"), "db_outbox", ["at"], unique=False)
    op.create_table(
        "db_outbox_cursor",
        sa.Column("handler", sa.String(length=80), nullable=False),
        sa.Column("last_id", BigId, nullable=False),
        sa.PrimaryKeyConstraint("handler", name=op.f("pk_db_outbox_cursor")),
    )
    op.create_table(
        "fleet_city",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name_zh", sa.String(length=200), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=False),
        sa.Column("lon", sa.Float(), nullable=False),
        sa.Column("lat", sa.Float(), nullable=False),
        sa.Column("realm", sa.String(length=64), nullable=False),
        sa.Column("platform", sa.String(length=20), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fleet_city")),
    )
    op.create_table(
        "fleet_district",
        sa.Column("code", sa.String(length=12), nullable=False),
        sa.Column("name_zh", sa.String(length=200), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_fleet_district")),
    )
    op.create_table(
        "access_link",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["access_user.user_id"], name=op.f("fk_access_link_user_id")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_access_link")),
    )
    op.create_index(op.f("ix_access_link_user_id"), "access_link", ["user_id"], unique=False)
    op.create_table(
        "access_session",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("client", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["access_user.user_id"], name=op.f("fk_access_session_user_id")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_access_session")),
    )
    op.create_index(op.f("ix_access_session_user_id"), "access_session", ["user_id"], unique=False)
    op.create_table(
        "fleet_street",
        sa.Column("code", sa.String(length=12), nullable=False),
        sa.Column("district", sa.String(length=12), nullable=False),
        sa.Column("name_zh", sa.String(length=200), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["district"], ["fleet_district.code"], name=op.f("fk_fleet_street_district")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_fleet_street")),
    )
    op.create_index(op.f("ix_fleet_street_district"), "fleet_street", ["district"], unique=False)
    op.create_table(
        "fleet_site",
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("name_zh", sa.String(length=200), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=False),
        sa.Column("district", sa.String(length=12), nullable=False),
        sa.Column("street", sa.String(length=12), nullable=True),
        sa.Column("lon", sa.Float(), nullable=False),
        sa.Column("lat", sa.Float(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(["district"], ["fleet_district.code"], name=op.f("fk_fleet_site_district")),
        sa.ForeignKeyConstraint(["street"], ["fleet_street.code"], name=op.f("fk_fleet_site_street")),
        sa.PrimaryKeyConstraint("site_id", name=op.f("pk_fleet_site")),
    )
    op.create_index(op.f("ix_fleet_site_district"), "fleet_site", ["district"], unique=False)
    op.create_index(op.f("ix_fleet_site_street"), "fleet_site", ["street"], unique=False)
    op.create_table(
        "fleet_device",
        sa.Column("device_id", sa.String(length=32), nullable=False),
        sa.Column("gb_id", sa.String(length=20), nullable=True),
        sa.Column("protocol", sa.String(length=10), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("site_id", sa.String(length=64), nullable=True),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("heartbeat_s", sa.Integer(), nullable=False),
        sa.Column("misses", sa.Integer(), nullable=False),
        sa.Column("realm", sa.String(length=64), nullable=False),
        sa.Column("ha1_md5", sa.String(length=32), nullable=False),
        sa.Column("rtsp_url", sa.Text(), nullable=False),
        sa.Column("username", sa.String(length=200), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("presence", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=80), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=True),
        sa.Column("last_seen", UtcDateTime(), nullable=True),
        sa.Column("source", sa.String(length=80), nullable=False),
        sa.Column("transport", sa.String(length=8), nullable=False),
        sa.Column("registered_at", UtcDateTime(), nullable=True),
        sa.Column("expires_s", sa.Integer(), nullable=False),
        sa.Column("user_agent", sa.String(length=200), nullable=False),
        sa.Column("gb_version", sa.String(length=20), nullable=False),
        sa.Column("manufacturer", sa.String(length=200), nullable=False),
        sa.Column("model", sa.String(length=200), nullable=False),
        sa.Column("firmware", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["fleet_site.site_id"], name=op.f("fk_fleet_device_site_id")),
        sa.PrimaryKeyConstraint("device_id", name=op.f("pk_fleet_device")),
        sa.UniqueConstraint("gb_id", name=op.f("uq_fleet_device_gb_id")),
    )
    op.create_index(op.f("ix_fleet_device_site_id"), "fleet_device", ["site_id"], unique=False)
    op.create_table(
        "fleet_channel",
        sa.Column("channel_id", sa.String(length=32), nullable=False),
        sa.Column("device_id", sa.String(length=32), nullable=False),
        sa.Column("gb_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("reported_name", sa.String(length=200), nullable=False),
        sa.Column("site_id", sa.String(length=64), nullable=True),
        sa.Column("imported", sa.Boolean(), nullable=False),
        sa.Column("reported", sa.Boolean(), nullable=False),
        sa.Column("missing", sa.Boolean(), nullable=False),
        sa.Column("faulty", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("ptz_type", sa.Integer(), nullable=False),
        sa.Column("lon", sa.Float(), nullable=True),
        sa.Column("lat", sa.Float(), nullable=True),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=80), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["device_id"], ["fleet_device.device_id"], name=op.f("fk_fleet_channel_device_id")
        ),
        sa.ForeignKeyConstraint(["site_id"], ["fleet_site.site_id"], name=op.f("fk_fleet_channel_site_id")),
        sa.PrimaryKeyConstraint("channel_id", name=op.f("pk_fleet_channel")),
    )
    op.create_index("ix_fleet_channel_device_gb", "fleet_channel", ["device_id", "gb_id"], unique=True)
    op.create_index(op.f("ix_fleet_channel_device_id"), "fleet_channel", ["device_id"], unique=False)
    op.create_index("ix_fleet_channel_name", "fleet_channel", ["name", "channel_id"], unique=False)
    op.create_index(op.f("ix_fleet_channel_site_id"), "fleet_channel", ["site_id"], unique=False)
    op.create_table(
        "fleet_transition",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("device_id", sa.String(length=32), nullable=False),
        sa.Column("before", sa.String(length=10), nullable=False),
        sa.Column("after", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(
            ["device_id"], ["fleet_device.device_id"], name=op.f("fk_fleet_transition_device_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fleet_transition")),
    )
    op.create_index(op.f("ix_fleet_transition_at"), "fleet_transition", ["at"], unique=False)
    op.create_index(op.f("ix_fleet_transition_device_id"), "fleet_transition", ["device_id"], unique=False)
