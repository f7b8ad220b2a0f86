"""Fixtures that all tests share: both databases, migrated; a clock that stands until it is moved."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import HealthCheck, settings
from jinja2.bccache import Bucket, BytecodeCache
from playwright.sync_api import Browser, Playwright, expect, sync_playwright

import lti_tool.db
from tests import services

# No test of ours is wrong because the machine that runs it is busy.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")


PATIENCE_MS = 60_000
"""Milliseconds until something that a browser must show is given up."""


class Clock:
    """The time that the code under test sees. It stands still until `forward` moves it."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **duration: float) -> datetime:
        self.now += timedelta(**duration)
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock(datetime(2022, 10, 13, 9, 30, tzinfo=UTC))


class Compiled(BytecodeCache):
    """Templates that one application of this process has compiled, for the next: a test makes its own application."""

    def __init__(self) -> None:
        self._known: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if known := self._known.get(bucket.key):
            bucket.bytecode_from_string(known)  # which looks whether the source is still the same

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._known[bucket.key] = bucket.bytecode_to_string()


def pytest_configure(config: pytest.Config) -> None:
    Flask.jinja_options = {**Flask.jinja_options, "bytecode_cache": Compiled()}
    # Found (or started) once, by the process that starts the workers: they inherit the address.
    if not hasattr(config, "workerinput"):
        os.environ[services.ADMIN_URL] = services.postgres()


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "migrated.sqlite3"
    lti_tool.db.upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def _postgres_database(worker_id: str) -> Iterator[str]:
    """One migrated database for each worker process, dropped at the end."""
    admin = sa.create_engine(services.postgres(), isolation_level="AUTOCOMMIT")
    name = f"lti_tool_test_{worker_id}_{os.getpid()}"
    with admin.connect() as conn:
        conn.execute(sa.text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
        conn.execute(sa.text(f"CREATE DATABASE \"{name}\" ENCODING 'UTF8' TEMPLATE template0"))
    url = sa.make_url(services.postgres()).set(database=name).render_as_string(hide_password=False)
    lti_tool.db.upgrade(url)
    yield url
    with admin.connect() as conn:
        conn.execute(sa.text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
    admin.dispose()


# Tables that a test left rows in, and numbers that it counted up. To truncate all of them takes longer than most tests.
_EMPTY = """
DO $$
DECLARE
    one record;
    filled text[] := '{}';
    any_row boolean;
BEGIN
    FOR one IN SELECT tablename AS name FROM pg_tables
        WHERE schemaname = 'public' AND tablename NOT LIKE 'alembic_version%%'
    LOOP
        EXECUTE format('SELECT EXISTS (SELECT 1 FROM %%I)', one.name) INTO any_row;
        IF any_row THEN filled := filled || format('%%I', one.name); END IF;
    END LOOP;
    IF filled <> '{}' THEN EXECUTE 'TRUNCATE ' || array_to_string(filled, ', ') || ' CASCADE'; END IF;
    FOR one IN SELECT sequencename AS name FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL
    LOOP
        EXECUTE format('ALTER SEQUENCE %%I RESTART', one.name);
    END LOOP;
END $$
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Address of an empty, migrated database; the test runs once on each kind."""
    if request.param == "sqlite":
        path = tmp_path / "test.sqlite3"
        shutil.copy(request.getfixturevalue("_sqlite_template"), path)
        return f"sqlite:///{path}"
    url: str = request.getfixturevalue("_postgres_database")
    engine = sa.create_engine(url)
    with engine.begin() as conn:
        conn.exec_driver_sql(_EMPTY)
    engine.dispose()
    return url


@pytest.fixture
def engine(database_url: str) -> Iterator[sa.Engine]:
    """An engine on that database, opened as the tool opens it."""
    engine = lti_tool.db.open_engine(database_url)
    yield engine
    engine.dispose()


@contextmanager
def unwritable(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A connection on which every attempt to write is an error of the database."""
    sqlite = engine.dialect.name == "sqlite"
    with engine.connect() as conn:
        conn.exec_driver_sql("PRAGMA query_only=ON" if sqlite else "SET TRANSACTION READ ONLY")
        try:
            yield conn
        finally:
            conn.rollback()
            if sqlite:
                conn.exec_driver_sql("PRAGMA query_only=OFF")


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """The one Playwright of this process: it can't be started twice."""
    # Five seconds otherwise, which a machine with more processes than cores takes for one page. What holds is seen at
    # once however long this is.
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """Chromium; a test that wants a profile or cookies of its own makes a context."""
    browser = playwright.chromium.launch(executable_path=services.chromium(), args=list(services.CHROMIUM_ARGUMENTS))
    yield browser
    browser.close()


@pytest.fixture
def sqlite_engine(tmp_path: Path, _sqlite_template: Path) -> Iterator[sa.Engine]:
    """For tests whose promise has nothing to do with the kind of database."""
    path = tmp_path / "test.sqlite3"
    shutil.copy(_sqlite_template, path)
    engine = lti_tool.db.open_engine(f"sqlite:///{path}")
    yield engine
    engine.dispose()
