"""The tables of usability. No foreign keys: history outlives the channel it tells of.

Times of history are whole seconds since 1970: summed by the million, and the same on both databases.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text

from civicam.db.schema import BigId, UtcDateTime, metadata
from civicam.usability.facts import Leg

channel = Table(
    "usability_channel",
    metadata,
    Column("no", BigId, primary_key=True, autoincrement=True),
    Column("channel_id", String(32), nullable=False, unique=True),
    Column("vector", Integer, nullable=False),
    Column("since", UtcDateTime, nullable=False),
    Column("legs", Text, nullable=False),
)
"""What is believed of each channel now, and the short number it goes by in the others."""

change = Table(
    "usability_change",
    metadata,
    Column("channel", BigInteger, primary_key=True, autoincrement=False),
    Column("at", BigInteger, primary_key=True, autoincrement=False),
    Column("vector", Integer, nullable=False),
    Column("legs", Text, nullable=False),
    sqlite_with_rowid=False,
)
"""One row a second in which something changed: all legs as they are from then on, and the changed ones with
their proof."""

COUNTED = ("unknown", "good", "bad")
SUBJECTS = ("usable", *(leg.value for leg in Leg))

day = Table(
    "usability_day",
    metadata,
    Column("channel", BigInteger, primary_key=True, autoincrement=False),
    Column("day", Integer, primary_key=True, autoincrement=False),
    *(Column(f"{what}_{state}", Integer, nullable=False) for what in SUBJECTS for state in COUNTED),
    sqlite_with_rowid=False,
)
"""Seconds of a whole day (China) in each state; the rest of the day was not configured."""

rolled = Table(
    "usability_rolled",
    metadata,
    Column("day", Integer, primary_key=True, autoincrement=False),
)

life = Table(
    "usability_life",
    metadata,
    Column("number", BigId, primary_key=True, autoincrement=True),
    Column("started_at", UtcDateTime, nullable=False),
    Column("last_at", UtcDateTime, nullable=False),
    Column("stopped_at", UtcDateTime),
)

gap = Table(
    "usability_gap",
    metadata,
    Column("number", BigId, primary_key=True, autoincrement=True),
    Column("start", BigInteger, nullable=False),
    Column("end", BigInteger, nullable=False),
    Column("kind", String(10), nullable=False),
    Index("ix_usability_gap_end", "end"),
)
