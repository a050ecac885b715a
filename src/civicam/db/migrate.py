"""Brings the schema up to date with Alembic, from Python; knows whether it has to.

Alembic is loaded only when there is something to migrate: every start asks, almost none migrates.
"""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect

from civicam.db.engine import WRITER_LOCK, open_engine
from civicam.db.faults import translate
from civicam.kernel.errors import Refused

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0012"
"""The newest revision in `civicam.db.migrations`; a test holds it to that."""
_VERSIONS = "alembic_version"


def _config(connection: Connection | None = None) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(resources.files("civicam.db") / "migrations"))
    config.attributes["connection"] = connection
    return config


def head() -> str:
    """The revision this version of civicam works with."""
    return HEAD


def _revision(connection: Connection) -> str | None:
    """What Alembic wrote down; None when it never did."""
    if not inspect(connection).has_table(_VERSIONS):
        return None
    found = connection.exec_driver_sql(f"SELECT version_num FROM {_VERSIONS}").scalar()  # noqa: S608
    return None if found is None else str(found)


def current(url: str) -> str | None:
    """The revision the database has; None when it is empty. `Operational` ``db.unreachable`` and others."""
    engine = open_engine(url, writer=False)
    try:
        with engine.connect() as connection:
            return _revision(connection)
    except Exception as error:
        ours = translate(error)
        if ours is None:
            raise
        raise ours from error
    finally:
        engine.dispose()


def migrate(url: str) -> tuple[str | None, str]:
    """Migrate to `head` in one transaction; returns the revisions before and after.

    `Refused` ``db.schema-newer`` when the database was made by a newer civicam.
    """
    engine = open_engine(url, writer=True)
    try:
        with engine.connect() as connection, connection.begin():
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITER_LOCK})")
            before = _revision(connection)
            if before != HEAD:
                _upgrade(connection, before)
        return before, HEAD
    except Exception as error:
        ours = translate(error)
        if ours is None or ours is error:
            raise
        raise ours from error
    finally:
        engine.dispose()


def demand_current(url: str) -> None:
    """Refuse to run on another schema: ``db.schema-old`` or ``db.schema-newer``."""
    have = current(url)
    if have != HEAD:
        _known(have)
        raise Refused("db.schema-old", have=have or "-", want=HEAD)


def _upgrade(connection: Connection, before: str | None) -> None:
    from alembic import command

    _known(before)
    command.upgrade(_config(connection), "head")


def _known(revision: str | None) -> None:
    from alembic.script import ScriptDirectory

    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if revision is not None and revision not in known:
        raise Refused("db.schema-newer", have=revision, want=HEAD)
