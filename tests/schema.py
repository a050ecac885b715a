"""A database with our schema, and no migration for each test: one a process, the others are copies of it."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path

from civicam.db.migrate import migrate


@functools.cache
def _migrated() -> bytes:
    """The file of an SQLite database at the newest revision, with nothing in it."""
    with tempfile.TemporaryDirectory(prefix="civicam-schema-") as folder:
        path = Path(folder) / "schema.db"
        migrate(f"sqlite:///{path}")
        return path.read_bytes()


def migrated(path: Path) -> str:
    """A new SQLite database with our schema at ``path``; its URL."""
    path.write_bytes(_migrated())
    return f"sqlite:///{path}"
