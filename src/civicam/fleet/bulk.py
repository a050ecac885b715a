"""Many rows in one statement: what a city says in a second goes to the database in one go.

A statement a row would enter and leave the interpreter's lock for each of them, beside a loop that answers
the wire; one statement does its work outside of it. PostgreSQL reads the rows as one JSON text; SQLite is
given them as VALUES, which it reads in a third of the time, past SQLAlchemy's compiler, which took longer
than the rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import Connection, text

_SQLITE = "(SELECT {picked} FROM (VALUES {rows})) AS j"
_POSTGRES = "(SELECT {picked} FROM jsonb_array_elements(CAST(:rows AS jsonb)) AS e(value)) AS j"

_POSTGRES_TYPES = {
    "text": "value ->> {} AS text",
    "integer": "value ->> {} AS integer",
    "time": "(value ->> {}) || '+00' AS timestamptz",
}
_MOST = 512
"""Rows of one statement on SQLite; more take several."""


class Bulk:
    """One statement for many rows. ``statement`` has ``{rows}`` where the table named j is to stand;
    ``columns`` of it are ``name:type …``, and types are text, integer and time.
    """

    def __init__(self, columns: str, statement: str) -> None:
        names = [column.partition(":")[0] for column in columns.split()]
        types = [column.partition(":")[2] for column in columns.split()]
        picked = ", ".join(
            f"CAST({_POSTGRES_TYPES[kind].format(place)}) AS {name}"
            for place, (name, kind) in enumerate(zip(names, types, strict=True))
        )
        self._postgres = text(statement.format(rows=_POSTGRES.format(picked=picked)))
        picked = ", ".join(f"column{place} AS {name}" for place, name in enumerate(names, 1))
        row = f"({', '.join('?' * len(names))})"
        counts = [1 << power for power in range(_MOST.bit_length())]
        self._sqlite = {
            count: statement.format(rows=_SQLITE.format(picked=picked, rows=", ".join([row] * count)))
            for count in counts
        }

    def run(self, connection: Connection, rows: Sequence[Sequence[Any]]) -> set[str]:
        """Run it; gives the first column of what it returned, nothing when it returns no rows."""
        if not rows:
            return set()
        if connection.dialect.name != "sqlite":
            found = connection.execute(self._postgres, {"rows": orjson.dumps(rows).decode()})
            return {row[0] for row in found} if found.returns_rows else set()
        kept: set[str] = set()
        for first in range(0, len(rows), _MOST):
            some = list(rows[first : first + _MOST])
            count = 1 << (len(some) - 1).bit_length()
            some += [some[-1]] * (count - len(some))  # as often as a statement that is prepared has places
            values = tuple(value for row in some for value in row)
            found = connection.exec_driver_sql(self._sqlite[count], values)
            if found.returns_rows:
                kept.update(found.scalars())
        return kept


def stamp(moment: datetime) -> str:
    """A moment as it stands in the JSON: UTC without saying so, the form of SQLite's columns."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return moment.isoformat(" ", "microseconds")[:26]


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
