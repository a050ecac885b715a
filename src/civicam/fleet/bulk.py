"""Many rows in one statement: what a city says in a second goes to the database as one JSON text.

A statement a row would enter and leave the interpreter's lock for each of them, beside a loop that answers
the wire; one statement does its work outside of it. Both databases read JSON as a table.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import Connection, text

_SQLITE = "(SELECT {picked} FROM json_each(:rows)) AS j"
_POSTGRES = "(SELECT {picked} FROM jsonb_array_elements(CAST(:rows AS jsonb)) AS e(value)) AS j"

_POSTGRES_TYPES = {
    "text": "value ->> {} AS text",
    "integer": "value ->> {} AS integer",
    "time": "(value ->> {}) || '+00' AS timestamptz",
}


def _rows(columns: str) -> tuple[str, str]:
    """The FROM of both databases for ``name:type …``; types are text, integer and time."""
    sqlite, postgres = [], []
    for place, column in enumerate(columns.split()):
        name, _, kind = column.partition(":")
        sqlite.append(f"json_extract(value, '$[{place}]') AS {name}")
        postgres.append(f"CAST({_POSTGRES_TYPES[kind].format(place)}) AS {name}")
    return _SQLITE.format(picked=", ".join(sqlite)), _POSTGRES.format(picked=", ".join(postgres))


class Bulk:
    """One statement for many rows. ``statement`` has ``{rows}`` where the table named j is to stand."""

    def __init__(self, columns: str, statement: str) -> None:
        sqlite, postgres = _rows(columns)
        self._by_dialect = {
            "sqlite": text(statement.format(rows=sqlite)),
            "postgresql": text(statement.format(rows=postgres)),
        }

    def run(self, connection: Connection, rows: Sequence[Sequence[Any]]) -> set[str]:
        """Run it; gives the first column of what it returned, nothing when it returns no rows."""
        if not rows:
            return set()
        statement = self._by_dialect[connection.dialect.name]
        found = connection.execute(statement, {"rows": orjson.dumps(rows).decode()})
        return {row[0] for row in found} if found.returns_rows else set()


def stamp(moment: datetime) -> str:
    """A moment as it stands in the JSON: UTC without saying so, the form of SQLite's columns."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def newest(rows: Iterable[Sequence[Any]]) -> list[Sequence[Any]]:
    """The last row of each key (its first value): an UPDATE takes any one of several."""
    return list({row[0]: row for row in rows}.values())


HEARD = Bulk(
    "id:text at:time source:text",
    "UPDATE fleet_device SET last_seen = j.at, source = j.source FROM {rows}"
    " WHERE fleet_device.device_id = j.id",
)
REGISTERED = Bulk(
    "id:text proof:text at:time source:text transport:text expires:integer agent:text version:text",
    "UPDATE fleet_device SET registered_at = j.at, last_seen = j.at, source = j.source,"
    " transport = j.transport, expires_s = j.expires, user_agent = j.agent, gb_version = j.version"
    " FROM {rows} WHERE fleet_device.device_id = j.id"
    " AND (j.proof IS NULL OR (fleet_device.ha1_md5 = j.proof AND fleet_device.enabled))"
    " RETURNING fleet_device.device_id",
)
PRESENCE = Bulk(
    "id:text presence:text reason:text at:time",
    "UPDATE fleet_device SET presence = j.presence, reason = j.reason, since = j.at FROM {rows}"
    " WHERE fleet_device.device_id = j.id RETURNING fleet_device.device_id",
)
