"""INSERT … ON CONFLICT DO UPDATE in the one form both databases share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def upsert(
    connection: Connection,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    keep: frozenset[str] = frozenset(),
) -> None:
    """Insert ``rows``; where the primary key is there, overwrite the columns given, but not ``keep``."""
    if not rows:
        return
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    statement = dialect.insert(table)
    keys = [column.name for column in table.primary_key]
    given = {name: statement.excluded[name] for name in rows[0] if name not in keys and name not in keep}
    values = [dict(row) for row in rows]
    if given:
        connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=given), values)
    else:
        connection.execute(statement.on_conflict_do_nothing(index_elements=keys), values)


def insert_new(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> set[str]:
    """Insert ``rows`` whose primary key (one column) is not there yet, in one statement; gives those keys."""
    if not rows:
        return set()
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    (key,) = table.primary_key.columns
    statement = dialect.insert(table).on_conflict_do_nothing(index_elements=[key.name])
    found = connection.execute(statement.returning(key), [dict(row) for row in rows])
    return set(found.scalars())
