"""Runs the migrations on the connection that `service.storage.database.upgrade` hands over, or prints them as SQL."""

from __future__ import annotations

from alembic import context

connection = context.config.attributes.get("connection")
if connection is None:
    # For an operator who may not let the service change the schema: alembic's --sql mode.
    context.configure(dialect_name=context.config.get_main_option("dialect"), literal_binds=True)
else:
    context.configure(connection=connection)

with context.begin_transaction():
    context.run_migrations()
