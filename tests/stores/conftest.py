"""Every store test runs on SQLite and on PostgreSQL, each in a database of its own, gone afterwards."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url
from tests.schema import migrated

from civicam.db.migrate import migrate

LOCAL = ("postgresql://postgres@127.0.0.1:5432/postgres", "postgresql:///postgres?host=/var/run/postgresql")
BOTH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]


def _server() -> str | None:
    """The URL of a PostgreSQL server that lets us in, or None."""
    given = os.environ.get("CIVICAM_TEST_POSTGRES")
    for url in (given,) if given else LOCAL:
        try:
            with psycopg.connect(url, connect_timeout=3):
                return url
        except psycopg.Error:
            continue
    return None


@pytest.fixture(scope="session")
def postgres_server() -> str:
    url = _server()
    if url is None:
        pytest.skip("no PostgreSQL server: install postgresql, or set CIVICAM_TEST_POSTGRES to a URL")
    return url


@contextlib.contextmanager
def _database(server: str, template: str = "template1") -> Iterator[str]:
    """A database of PostgreSQL, a copy of another one; its name."""
    name = f"civicam_test_{secrets.token_hex(6)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    try:
        yield name
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def _url(server: str, name: str) -> str:
    return make_url(server).set(database=name).render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def postgres_schema(postgres_server: str) -> Iterator[str]:
    """The name of a database with our schema, to be copied."""
    with _database(postgres_server) as name:
        migrate(_url(postgres_server, name))
        yield name


@pytest.fixture(params=BOTH)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/store.db"
        return
    server = request.getfixturevalue("postgres_server")
    with _database(server) as name:
        yield _url(server, name)


@pytest.fixture(params=BOTH)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database with our schema."""
    if request.param == "sqlite":
        yield migrated(tmp_path / "store.db")
        return
    server = request.getfixturevalue("postgres_server")
    with _database(server, request.getfixturevalue("postgres_schema")) as name:
        yield _url(server, name)
