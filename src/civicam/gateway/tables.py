"""The table of open dialogs: a row from the INVITE to the answered BYE."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Integer, String, Table, Text

from civicam.db.schema import UtcDateTime, metadata

open_dialog = Table(
    "gateway_dialog",
    metadata,
    Column("stream_id", String(40), primary_key=True),
    Column("device_id", String(32), nullable=False),
    Column("purpose", String(12), nullable=False),
    Column("call_id", Text, nullable=False),
    Column("local", Text, nullable=False),
    Column("remote", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("via", Text, nullable=False),
    Column("invite_cseq", BigInteger, nullable=False),
    Column("cseq", BigInteger, nullable=False),
    Column("standing", Boolean, nullable=False),
    Column("transport", String(3), nullable=False),
    Column("host", String(64), nullable=False),
    Column("port", Integer, nullable=False),
    Column("ssrc", BigInteger, nullable=False),
    Column("media_port", Integer, nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("left_at", UtcDateTime),
)
