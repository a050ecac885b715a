"""The register, coordinates by source, the power and fibre graph.

Cameras that are here before it have no record yet; when the register came is written down, so that their
time to get one is counted from then. What stood as a site's place becomes the import's statement.

Revision ID: 0005
Revises: 0004
"""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from civicam.db.schema import BigId, UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables and carry over what is there."""
    op.add_column("fleet_city", sa.Column("outline", sa.Text(), nullable=False, server_default=""))
    op.add_column("fleet_site", sa.Column("placed", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.add_column("fleet_site", sa.Column("lanes", sa.Integer(), nullable=True))
    op.add_column("fleet_channel", sa.Column("enrolled_at", UtcDateTime(), nullable=True))
    _register()
    _graph()
    _carry_over()


def _register() -> None:
    op.create_table(
        "fleet_register",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fleet_register")),
    )
    op.create_table(
        "fleet_party",
        sa.Column("party_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("contact", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("party_id", name=op.f("pk_fleet_party")),
    )
    op.create_table(
        "fleet_site_party",
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=12), nullable=False),
        sa.Column("party_id", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["party_id"], ["fleet_party.party_id"], name=op.f("fk_fleet_site_party_party_id")
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["fleet_site.site_id"], name=op.f("fk_fleet_site_party_site_id")
        ),
        sa.PrimaryKeyConstraint("site_id", "role", name=op.f("pk_fleet_site_party")),
    )
    op.create_index(op.f("ix_fleet_site_party_party_id"), "fleet_site_party", ["party_id"])
    op.create_table(
        "fleet_camera",
        sa.Column("channel_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("place", sa.String(length=40), nullable=False),
        sa.Column("ground", sa.String(length=40), nullable=False),
        sa.Column("purpose", sa.String(length=40), nullable=False),
        sa.Column("owner_id", sa.String(length=64), nullable=True),
        sa.Column("filed_on", sa.Date(), nullable=True),
        sa.Column("filing_no", sa.String(length=100), nullable=False),
        sa.Column("ground_note", sa.String(length=200), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.Column("changed_by", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["fleet_channel.channel_id"], name=op.f("fk_fleet_camera_channel_id")
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["fleet_party.party_id"], name=op.f("fk_fleet_camera_owner_id")
        ),
        sa.PrimaryKeyConstraint("channel_id", name=op.f("pk_fleet_camera")),
    )
    op.create_index(op.f("ix_fleet_camera_owner_id"), "fleet_camera", ["owner_id"])
    op.create_table(
        "fleet_coordinate",
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("source", sa.String(length=12), nullable=False),
        sa.Column("raw_lon", sa.String(length=40), nullable=False),
        sa.Column("raw_lat", sa.String(length=40), nullable=False),
        sa.Column("system", sa.String(length=10), nullable=False),
        sa.Column("surveyed_on", sa.Date(), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("kind", "subject", "source", name=op.f("pk_fleet_coordinate")),
    )


def _graph() -> None:
    op.create_table(
        "fleet_node",
        sa.Column("node_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("site_id", sa.String(length=64), nullable=True),
        sa.Column("battery_minutes", sa.Integer(), nullable=False),
        sa.Column("party_id", sa.String(length=64), nullable=True),
        sa.Column("lon", sa.Float(), nullable=True),
        sa.Column("lat", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(["party_id"], ["fleet_party.party_id"], name=op.f("fk_fleet_node_party_id")),
        sa.ForeignKeyConstraint(["site_id"], ["fleet_site.site_id"], name=op.f("fk_fleet_node_site_id")),
        sa.PrimaryKeyConstraint("node_id", name=op.f("pk_fleet_node")),
    )
    op.create_index(op.f("ix_fleet_node_party_id"), "fleet_node", ["party_id"])
    op.create_index(op.f("ix_fleet_node_site_id"), "fleet_node", ["site_id"])
    op.create_table(
        "fleet_edge",
        sa.Column("upper", sa.String(length=64), nullable=False),
        sa.Column("lower", sa.String(length=64), nullable=False),
        sa.Column("medium", sa.String(length=8), nullable=False),
        sa.Column("backup", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.PrimaryKeyConstraint("upper", "lower", "medium", name=op.f("pk_fleet_edge")),
    )
    op.create_index("ix_fleet_edge_lower", "fleet_edge", ["lower"])
    op.create_table(
        "fleet_path",
        sa.Column("node_id", sa.String(length=64), nullable=False),
        sa.Column("medium", sa.String(length=8), nullable=False),
        sa.Column("rank", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("backup", sa.Boolean(), nullable=False),
        sa.Column("nodes", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("node_id", "medium", "rank", name=op.f("pk_fleet_path")),
    )
    op.create_table(
        "fleet_graph",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("revision", BigId, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fleet_graph")),
    )


def _carry_over() -> None:
    connection = op.get_bind()
    now = datetime.now(UTC)
    channel = sa.table("fleet_channel", sa.column("channel_id"))
    if connection.execute(sa.select(channel.c.channel_id).limit(1)).first() is not None:
        register = sa.table("fleet_register", sa.column("id"), sa.column("since", UtcDateTime()))
        connection.execute(register.insert().values(id=1, since=now))
    site = sa.table("fleet_site", sa.column("site_id"), sa.column("lon"), sa.column("lat"))
    rows = [
        {
            "kind": "site",
            "subject": row.site_id,
            "source": "import",
            "raw_lon": repr(row.lon),
            "raw_lat": repr(row.lat),
            "system": "wgs84",
            "at": now,
            "by": "",
        }
        for row in connection.execute(sa.select(site))
    ]
    if rows:
        names = ("kind", "subject", "source", "raw_lon", "raw_lat", "system", "by")
        coordinate = sa.table(
            "fleet_coordinate", *(sa.column(name) for name in names), sa.column("at", UtcDateTime())
        )
        connection.execute(coordinate.insert(), rows)
