"""Alembic's entry: one run for both branches (the record store's and the tool's), on the address it is handed."""

from alembic import context
from sqlalchemy import text

import lti_tool.db
import xapi.tables
from xapi.database import open_engine

config = context.config
url = config.attributes.get("url") or config.get_main_option("sqlalchemy.url")
if not url:
    raise SystemExit("lti-tool: DB-URL: no database address; use `lti-tool db upgrade`")

engine = open_engine(url)
try:
    # On SQLite the write lock is taken first: two processes that start at once then wait for each other.
    with engine.connect().execution_options(xapi_writing=True) as connection:
        if connection.dialect.name == "sqlite":
            # Batch mode drops a table to put its copy in place; with foreign keys on, what refers to it would go with
            # it. Before the transaction, for in one it has no effect: https://www.sqlite.org/lang_altertable.html
            connection.connection.driver_connection.execute("PRAGMA foreign_keys=OFF")  # type: ignore[union-attr]
        context.configure(
            connection=connection,
            target_metadata=[xapi.tables.metadata, lti_tool.db.metadata],
            # SQLite can't alter a column in place: batch mode copies the table.
            render_as_batch=True,
            # Alembic takes SQLite's DDL for non-transactional and would commit after each migration: another process
            # that started at the same moment would come in between. SQLite's DDL is transactional where BEGIN is
            # said by us (https://www.sqlite.org/lang_transaction.html), so that all of it is one transaction.
            transactional_ddl=True,
        )
        with context.begin_transaction():
            if connection.dialect.name == "postgresql":
                # Two processes that start at once must not both create the tables: the second waits.
                connection.execute(text("SET LOCAL lock_timeout = 0"))
                connection.execute(text("SELECT pg_advisory_xact_lock(7420190101)"))
            context.run_migrations()
            if connection.dialect.name == "sqlite":
                broken = connection.execute(text("PRAGMA foreign_key_check")).all()
                if broken:
                    raise RuntimeError(f"a migration left rows that refer to nothing: {broken[:5]}")
        connection.commit()
finally:
    engine.dispose()
