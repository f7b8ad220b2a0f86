"""The database: engine and transactions come from xapi; here are the tool's tables and the way to the newest schema."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, MetaData, make_url

import xapi
from xapi.database import insert, open_engine, reading, writing
from xapi.tables import NAMING, JSONText, UTCDateTime

__all__ = [
    "JSONText",
    "UTCDateTime",
    "check",
    "insert",
    "metadata",
    "open_engine",
    "reading",
    "upgrade",
    "writing",
]

metadata = MetaData(naming_convention=NAMING)
"""All tables of the tool. Those of the record store are in `xapi.tables.metadata`; no foreign key crosses over."""


def migrations(url: str) -> Config:
    """Alembic's configuration for both branches of migrations, independent of the folder one stands in."""
    tool = Path(__file__).parent / "migrations"
    store = Path(xapi.__file__).parent / "migrations"
    config = Config()
    config.set_main_option("script_location", str(tool).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", f"{tool / 'versions'}\n{store / 'versions'}".replace("%", "%%"))
    config.attributes["url"] = url
    return config


def upgrade(url: str) -> None:
    """The database at `url` has the newest schema of both branches; a SQLite file is made if missing."""
    file = make_url(url).database
    if url.startswith("sqlite") and file and file != ":memory:":
        Path(file).parent.mkdir(parents=True, exist_ok=True)
    command.upgrade(migrations(url), "heads")


def check(engine: Engine) -> bool:
    """True where the schema is the newest one. Touches nothing."""
    heads = set(ScriptDirectory.from_config(migrations(str(engine.url))).get_heads())
    with reading(engine) as conn:
        return set(MigrationContext.configure(conn).get_current_heads()) == heads
