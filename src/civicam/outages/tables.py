"""The outages' tables. Facts, steps and registers are only ever appended; the others are made from them."""

from __future__ import annotations

from sqlalchemy import Column, Float, Index, Integer, LargeBinary, String, Table, Text

from civicam.db.schema import BigId, UtcDateTime, metadata

fact = Table(
    "outage_fact",
    metadata,
    Column("seq", BigId, primary_key=True, autoincrement=True),
    Column("fact_id", String(32), nullable=False, unique=True),
    Column("name", String(40), nullable=False),
    Column("body", Text, nullable=False),
    Column("taken_at", UtcDateTime, nullable=False),
    sqlite_autoincrement=True,
)

step = Table(
    "outage_step",
    metadata,
    Column("number", BigId, primary_key=True, autoincrement=False),
    Column("at", UtcDateTime, nullable=False),
    Column("upto", BigId, nullable=False),
)

register = Table(
    "outage_register",
    metadata,
    Column("digest", String(32), primary_key=True),
    Column("body", LargeBinary, nullable=False),
)

checkpoint = Table(
    "outage_checkpoint",
    metadata,
    Column("step", BigId, primary_key=True, autoincrement=False),
    Column("at", UtcDateTime, nullable=False),
    Column("upto", BigId, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

alive = Table(
    "outage_alive",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("at", UtcDateTime, nullable=False),
)

row = Table(
    "outage_row",
    metadata,
    Column("outage_id", String(32), primary_key=True),
    Column("state", String(12), nullable=False),
    Column("kind", String(12), nullable=False),
    Column("place", String(64), nullable=False),
    Column("attribution", String(16), nullable=False),
    Column("confidence", Float, nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("devices", Integer, nullable=False),
    Column("sites", Integer, nullable=False),
    Column("channels", Integer, nullable=False),
    Column("body", Text, nullable=False),
    Index("ix_outage_row_started", "started_at", "outage_id"),
    Index("ix_outage_row_state", "state", "started_at"),
    Index("ix_outage_row_place", "place", "started_at"),
)

channel = Table(
    "outage_channel",
    metadata,
    Column("outage_id", String(32), primary_key=True),
    Column("channel_id", String(64), primary_key=True),
    Column("device_id", String(64), primary_key=True),
    Column("site_id", String(64), nullable=False),
    Column("spans", Text, nullable=False),
    Index("ix_outage_channel_channel", "channel_id", "outage_id"),
)

overrule = Table(
    "outage_overrule",
    metadata,
    Column("seq", BigId, primary_key=True, autoincrement=False),
    Column("outage_id", String(32), nullable=False, index=True),
    Column("body", Text, nullable=False),
)

work = Table(
    "outage_work",
    metadata,
    Column("work_id", String(32), primary_key=True),
    Column("end", UtcDateTime, nullable=False, index=True),
    Column("cancelled", Integer, nullable=False),
    Column("body", Text, nullable=False),
)
