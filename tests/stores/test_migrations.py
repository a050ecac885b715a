"""The schema on both databases: what the migrations make is what the tables say."""

from __future__ import annotations

import subprocess
import sys
from importlib import resources

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

import civicam.access.tables
import civicam.alarms.tables
import civicam.audit.tables
import civicam.fleet.tables
import civicam.gateway.tables
import civicam.outages.tables
import civicam.usability.tables  # noqa: F401 -- the tables register themselves
from civicam.db.engine import open_engine
from civicam.db.migrate import current, demand_current, head, migrate
from civicam.db.schema import metadata
from civicam.kernel.errors import Operational, Refused


def test_the_migrations_make_what_the_tables_say(url: str) -> None:
    engine = open_engine(url, writer=True)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_the_head_we_name_is_the_newest_revision() -> None:
    config = Config()
    config.set_main_option("script_location", str(resources.files("civicam.db") / "migrations"))
    assert ScriptDirectory.from_config(config).get_current_head() == head()


def test_a_start_that_migrates_nothing_loads_no_alembic(url: str) -> None:
    program = (
        "import sys; from civicam.db.migrate import demand_current, migrate; "
        "migrate(sys.argv[1]); demand_current(sys.argv[1]); sys.exit('alembic' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program, url], check=False).returncode == 0


def test_migrating_again_changes_nothing(empty_url: str) -> None:
    assert current(empty_url) is None
    assert migrate(empty_url) == (None, head())
    assert migrate(empty_url) == (head(), head())
    demand_current(empty_url)


def test_an_empty_database_is_refused_when_it_may_not_be_migrated(empty_url: str) -> None:
    with pytest.raises(Refused, match=r"db\.schema-old"):
        demand_current(empty_url)


def test_a_database_of_a_newer_version_is_left_alone(url: str) -> None:
    engine = open_engine(url, writer=True)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    engine.dispose()
    for refused in (migrate, demand_current):
        with pytest.raises(Refused, match=r"db\.schema-newer"):
            refused(url)
    assert current(url) == "9999"


def test_a_server_that_is_away_is_called_unreachable() -> None:
    with pytest.raises(Operational, match=r"db\.unreachable"):
        current("postgresql://nobody@127.0.0.1:1/none")


@pytest.mark.parametrize(
    ("url", "code"), [("mysql://host/db", r"db\.unsupported"), ("sqlite://", r"db\.needs-file")]
)
def test_a_store_we_cannot_use_is_refused(url: str, code: str) -> None:
    with pytest.raises(Refused, match=code):
        migrate(url)
