"""The table of alarms. No foreign keys: the line outlives the device it tells of."""

from __future__ import annotations

from sqlalchemy import Column, Float, Index, Integer, String, Table

from civicam.db.schema import UtcDateTime, metadata

alarm_event = Table(
    "alarm_event",
    metadata,
    Column("alarm_id", String(32), primary_key=True),
    Column("device_id", String(32), nullable=False),
    Column("source_id", String(20), nullable=False),
    Column("channel_id", String(32), nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("how", String(8), nullable=False),
    Column("name_zh", String(100), nullable=False),
    Column("name_en", String(100), nullable=False),
    Column("priority", Integer),
    Column("method", Integer),
    Column("type", Integer),
    Column("event", Integer),
    Column("at", UtcDateTime),
    Column("description", String(1024), nullable=False),
    Column("lon", Float),
    Column("lat", Float),
    Column("reset", String(12), nullable=False),
    Column("reset_by", String(64), nullable=False),
    Column("reset_at", UtcDateTime),
    Index("ix_alarm_event_received", "received_at", "alarm_id"),
    Index("ix_alarm_event_device", "device_id", "received_at", "alarm_id"),
)
