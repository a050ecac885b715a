"""What a driver's error means for us: try later, make room, or a defect of ours."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Final

from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from civicam.kernel.errors import Bug, CivicamError, Operational

_SQLITE: Final[dict[int, str]] = {
    sqlite3.SQLITE_FULL: "db.full",
    sqlite3.SQLITE_BUSY: "db.busy",
    sqlite3.SQLITE_LOCKED: "db.busy",
    sqlite3.SQLITE_IOERR: "db.failed",
    sqlite3.SQLITE_READONLY: "db.failed",
    sqlite3.SQLITE_CORRUPT: "db.failed",
    sqlite3.SQLITE_NOTADB: "db.failed",
    sqlite3.SQLITE_CANTOPEN: "db.unreachable",
}
"""Primary result codes (sqlite.org/rescode.html)."""

_SQLSTATE: Final[tuple[tuple[str, str], ...]] = (
    ("53100", "db.full"),
    ("53", "db.busy"),
    ("40", "db.busy"),
    ("55P03", "db.busy"),
    ("57P", "db.unreachable"),
    ("08", "db.unreachable"),
    ("58", "db.failed"),
    ("XX", "db.failed"),
)
"""PostgreSQL's classes of SQLSTATE (appendix A of its manual), the longer prefix first."""


def _code(error: DBAPIError) -> str | None:
    original = error.orig
    number = getattr(original, "sqlite_errorcode", None)
    if number is not None:
        return _SQLITE.get(number & 0xFF)
    state = getattr(original, "sqlstate", None)
    if state:
        return next((code for prefix, code in _SQLSTATE if state.startswith(prefix)), None)
    lost = error.connection_invalidated or type(original).__name__ == "OperationalError"
    return "db.unreachable" if lost else None


def translate(error: BaseException) -> CivicamError | None:
    """Our error for a database error, or None when it is not one of the database's.

    A statement the database refuses (a constraint, a wrong name) is a `Bug`: services ask before they write.
    When the disk is full SQLite rolls the transaction back by itself, and leaving the savepoint then fails
    with an error of its own: what stands behind it (``__context__``) is what counts.
    """
    if isinstance(error, CivicamError):
        return error
    if isinstance(error, PoolTimeout):
        return Operational("db.busy", reason="readers")
    if not isinstance(error, SQLAlchemyError):
        return None
    for link in _chain(error):
        code = _code(link)
        if code is not None:
            return Operational(code, reason=_reason(link))
    return Bug("db.rejected", reason=_reason(error))


def _chain(error: BaseException) -> Iterator[DBAPIError]:
    """The database errors from this one back to the first."""
    link: BaseException | None = error
    while link is not None:
        if isinstance(link, DBAPIError):
            yield link
        link = link.__context__


def _reason(error: BaseException) -> str:
    lines = str(getattr(error, "orig", None) or error).splitlines()
    return lines[0][:300] if lines else type(error).__name__


def breaks_the_group(error: CivicamError) -> bool:
    """Whether the whole transaction is lost, not only the one unit inside it."""
    return isinstance(error, Operational) and error.code.startswith("db.")
