"""The fleet's tables. Places have names in both languages; states are kept where they are counted."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    false,
    true,
)

from civicam.db.schema import BigId, UtcDateTime, metadata

city = Table(
    "fleet_city",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("name_zh", String(200), nullable=False),
    Column("name_en", String(200), nullable=False),
    Column("lon", Float, nullable=False),
    Column("lat", Float, nullable=False),
    Column("realm", String(64), nullable=False),
    Column("platform", String(20), nullable=False),
    Column("outline", Text, nullable=False, server_default=""),  # JSON: a ring of [lon, lat]
)

district = Table(
    "fleet_district",
    metadata,
    Column("code", String(12), primary_key=True),
    Column("name_zh", String(200), nullable=False),
    Column("name_en", String(200), nullable=False),
)

street = Table(
    "fleet_street",
    metadata,
    Column("code", String(12), primary_key=True),
    Column("district", ForeignKey("fleet_district.code"), nullable=False, index=True),
    Column("name_zh", String(200), nullable=False),
    Column("name_en", String(200), nullable=False),
)

site = Table(
    "fleet_site",
    metadata,
    Column("site_id", String(64), primary_key=True),
    Column("name_zh", String(200), nullable=False),
    Column("name_en", String(200), nullable=False),
    Column("district", ForeignKey("fleet_district.code"), nullable=False, index=True),
    Column("street", ForeignKey("fleet_street.code"), index=True),
    Column("lon", Float, nullable=False),
    Column("lat", Float, nullable=False),
    Column("kind", String(20), nullable=False),
    # lon and lat are of the statement that counts (`coordinate`), and nothing where there is none
    Column("placed", Boolean, nullable=False, server_default=true()),
    Column("lanes", Integer),
)

device = Table(
    "fleet_device",
    metadata,
    Column("device_id", String(32), primary_key=True),
    Column("gb_id", String(20), unique=True),
    Column("protocol", String(10), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("name", String(200), nullable=False),
    Column("site_id", ForeignKey("fleet_site.site_id"), index=True),
    Column("enabled", Boolean, nullable=False),
    Column("heartbeat_s", Integer, nullable=False),
    Column("misses", Integer, nullable=False),
    Column("realm", String(64), nullable=False),
    Column("ha1_md5", String(32), nullable=False),
    Column("ha1_sha256", String(64), nullable=False, server_default=""),
    Column("rtsp_url", Text, nullable=False),
    Column("username", String(200), nullable=False),
    Column("sealed", LargeBinary),
    Column("presence", String(10), nullable=False),
    Column("reason", String(80), nullable=False),
    Column("since", UtcDateTime),
    Column("last_seen", UtcDateTime),
    Column("source", String(80), nullable=False),
    Column("transport", String(8), nullable=False),
    Column("registered_at", UtcDateTime),
    Column("expires_s", Integer, nullable=False),
    Column("user_agent", String(200), nullable=False),
    Column("gb_version", String(20), nullable=False),
    Column("manufacturer", String(200), nullable=False),
    Column("model", String(200), nullable=False),
    Column("firmware", String(200), nullable=False),
)

channel = Table(
    "fleet_channel",
    metadata,
    Column("channel_id", String(32), primary_key=True),
    Column("device_id", ForeignKey("fleet_device.device_id"), nullable=False, index=True),
    Column("gb_id", String(64), nullable=False),
    Column("name", String(200), nullable=False),
    Column("reported_name", String(200), nullable=False),
    Column("site_id", ForeignKey("fleet_site.site_id"), index=True),
    Column("imported", Boolean, nullable=False),
    Column("reported", Boolean, nullable=False),
    Column("missing", Boolean, nullable=False),
    Column("faulty", Boolean, nullable=False),
    Column("status", String(20), nullable=False),
    Column("ptz_type", Integer, nullable=False),
    Column("lon", Float),
    Column("lat", Float),
    Column("item", Text, nullable=False),
    Column("state", String(10), nullable=False),
    Column("reason", String(80), nullable=False),
    Column("since", UtcDateTime),
    Column("enrolled_at", UtcDateTime),  # nothing: it was there before the register was
    Index("ix_fleet_channel_device_gb", "device_id", "gb_id", unique=True),
    Index("ix_fleet_channel_name", "name", "channel_id"),
)

transition = Table(
    "fleet_transition",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("device_id", ForeignKey("fleet_device.device_id"), nullable=False, index=True),
    Column("before", String(10), nullable=False),
    Column("after", String(10), nullable=False),
    Column("reason", String(80), nullable=False),
)

# -- the register -----------------------------------------------------------------------------------

register = Table(
    "fleet_register",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("since", UtcDateTime, nullable=False),
)
"""One row where channels ran before there was a register: when it came."""

party = Table(
    "fleet_party",
    metadata,
    Column("party_id", String(64), primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("name", String(200), nullable=False),
    Column("contact", String(200), nullable=False),
)

site_party = Table(
    "fleet_site_party",
    metadata,
    Column("site_id", ForeignKey("fleet_site.site_id"), primary_key=True),
    Column("role", String(12), primary_key=True),
    Column("party_id", ForeignKey("fleet_party.party_id"), nullable=False, index=True),
)

camera = Table(
    "fleet_camera",
    metadata,
    Column("channel_id", ForeignKey("fleet_channel.channel_id"), primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("lane", Integer, nullable=False),
    Column("place", String(40), nullable=False),
    Column("ground", String(40), nullable=False),
    Column("purpose", String(40), nullable=False),
    Column("owner_id", ForeignKey("fleet_party.party_id"), index=True),
    Column("filed_on", Date),
    Column("filing_no", String(100), nullable=False),
    Column("ground_note", String(200), nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("changed_by", String(200), nullable=False),
)

coordinate = Table(
    "fleet_coordinate",
    metadata,
    Column("kind", String(8), primary_key=True),
    Column("subject", String(64), primary_key=True),
    Column("source", String(12), primary_key=True),
    Column("raw_lon", String(40), nullable=False),
    Column("raw_lat", String(40), nullable=False),
    Column("system", String(10), nullable=False),
    Column("surveyed_on", Date),
    Column("at", UtcDateTime, nullable=False),
    Column("by", String(200), nullable=False),
)

accepted = Table(
    "fleet_accepted",
    metadata,
    Column("kind", String(8), primary_key=True),
    Column("subject", String(64), primary_key=True),
    Column("source", String(12), primary_key=True),
    Column("doubt", String(16), primary_key=True),
    Column("raw_lon", String(40), nullable=False),
    Column("raw_lat", String(40), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("by", String(200), nullable=False),
)
"""Suspicious coordinates that somebody looked at and found right, as they were then."""

# -- power and fibre --------------------------------------------------------------------------------

node = Table(
    "fleet_node",
    metadata,
    Column("node_id", String(64), primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("name", String(200), nullable=False),
    Column("site_id", ForeignKey("fleet_site.site_id"), index=True),
    Column("battery_minutes", Integer, nullable=False),
    Column("party_id", ForeignKey("fleet_party.party_id"), index=True),
    Column("lon", Float),
    Column("lat", Float),
)
"""What is no device: every device is a node by itself."""

edge = Table(
    "fleet_edge",
    metadata,
    Column("upper", String(64), primary_key=True),
    Column("lower", String(64), primary_key=True),
    Column("medium", String(8), primary_key=True),
    Column("backup", Boolean, nullable=False, server_default=false()),
    Index("ix_fleet_edge_lower", "lower"),
)

path = Table(
    "fleet_path",
    metadata,
    Column("node_id", String(64), primary_key=True),
    Column("medium", String(8), primary_key=True),
    Column("rank", Integer, primary_key=True, autoincrement=False),
    Column("backup", Boolean, nullable=False),
    Column("nodes", Text, nullable=False),  # JSON: ids, the source first
)
"""The ways of each device and channel node, traced anew when an edit touches them."""

graph = Table(
    "fleet_graph",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("revision", BigId, nullable=False),
)
"""One row: counts the changes, so that who keeps the graph in memory knows when it is old."""
agent = Table(
    "fleet_agent",
    metadata,
    Column("node_id", String(64), primary_key=True),
    Column("host", String(64), nullable=False),
    Column("port", Integer, nullable=False),
    Column("version", String(4), nullable=False),
    Column("icmp", Boolean, nullable=False),
    Column("ups", Boolean, nullable=False),
    Column("ports", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
)
"""Whom probes ask by SNMP and ICMP. No foreign key: a node may be entered after its agent."""

# -- spreadsheets -----------------------------------------------------------------------------------

sheet_import = Table(
    "fleet_import",
    metadata,
    Column("import_id", String(32), primary_key=True),
    Column("file_name", String(200), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("size", Integer, nullable=False),
    Column("by", String(200), nullable=False),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("state", String(12), nullable=False),
    Column("counts", Text, nullable=False),  # JSON: rows by sheet and state
    Column("digest", String(64), nullable=False),
    Column("code", String(80), nullable=False),
    Column("data", Text, nullable=False),  # JSON
    Column("applied_at", UtcDateTime),
    Column("applied_by", String(200), nullable=False),
    Column("undone_at", UtcDateTime),
    Column("undone_by", String(200), nullable=False),
    Column("journal", LargeBinary),  # what it changed, cell by cell, while it can be undone
)
"""Batches of rows from spreadsheets. No foreign keys: the line outlives what it tells of."""
