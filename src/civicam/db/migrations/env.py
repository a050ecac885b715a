"""Alembic's environment: runs on the connection that `civicam.db.migrate` hands over."""

from __future__ import annotations

from alembic import context

connection = context.config.attributes["connection"]
context.configure(
    connection=connection, transactional_ddl=True, render_as_batch=connection.dialect.name == "sqlite"
)
context.run_migrations()
