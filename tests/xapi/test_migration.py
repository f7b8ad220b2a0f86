from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine

from xapi import metadata, reading


def test_the_migration_makes_what_the_tables_say(engine: Engine) -> None:
    with reading(engine) as conn:
        context = MigrationContext.configure(
            conn, opts={"include_name": lambda name, kind, _: kind != "table" or str(name).startswith("xapi_")}
        )
        assert compare_metadata(context, metadata) == []
