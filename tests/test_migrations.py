"""The way to the newest schema: what the migrations make is what the tables say, and they can be gone back."""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.runtime.migration import HeadMaintainer, MigrationStep
from alembic.script import ScriptDirectory

import lti_tool
import lti_tool.db
import xapi.tables
from tests import services
from xapi import personas

ROOT = Path(__file__).parent.parent
ACTOR = {"objectType": "Agent", "account": {"homePage": "https://lms.example", "name": "7"}}


def load_tables() -> list[sa.MetaData]:
    """Both MetaData objects, complete: every module of the tool that could define a table is imported."""
    for found in pkgutil.walk_packages(lti_tool.__path__, "lti_tool."):
        if ".practice" not in found.name and ".migrations" not in found.name:
            importlib.import_module(found.name)
    return [xapi.tables.metadata, lti_tool.db.metadata]


def test_whoever_goes_over_all_tables_knows_them_all() -> None:
    """In a process of its own: a command imports only what it needs."""
    code = "import json; from lti_tool import tables; print(json.dumps(sorted(tables.every().tables)))"
    known = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT).stdout
    assert json.loads(known) == sorted(load_tables()[1].tables), "name the module in lti_tool/tables.py"


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Address of a database without any table, of a test's own."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'new' / 'empty.sqlite3'}"
        return
    admin = sa.create_engine(services.postgres(), isolation_level="AUTOCOMMIT")
    name = f"lti_tool_migrations_{uuid4().hex[:12]}"
    with admin.connect() as conn:
        conn.execute(sa.text(f"CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0"))
    try:
        yield sa.make_url(services.postgres()).set(database=name).render_as_string(hide_password=False)
    finally:
        with admin.connect() as conn:
            conn.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
        admin.dispose()


def tables_of(url: str) -> set[str]:
    engine = lti_tool.db.open_engine(url)
    try:
        return set(sa.inspect(engine).get_table_names()) - {"alembic_version"}
    finally:
        engine.dispose()


def is_newest(url: str) -> bool:
    engine = lti_tool.db.open_engine(url)
    try:
        return lti_tool.db.check(engine)
    finally:
        engine.dispose()


def differences(engine: sa.Engine) -> list[object]:
    with engine.connect() as conn:
        # SQLite tells a default as the text it was written in, so that '' and "" look different there.
        defaults = conn.dialect.name == "postgresql"
        context = MigrationContext.configure(conn, opts={"compare_type": True, "compare_server_default": defaults})
        found: list[object] = compare_metadata(context, load_tables())
        return found


def test_the_migrated_schema_is_what_the_tables_say(engine: sa.Engine) -> None:
    assert differences(engine) == []


def test_a_column_that_no_migration_makes_is_noticed(engine: sa.Engine) -> None:
    table = sa.Table("not_migrated", lti_tool.db.metadata, sa.Column("id", sa.Integer, primary_key=True))
    try:
        assert differences(engine) != []
    finally:
        lti_tool.db.metadata.remove(table)


def test_down_to_nothing_and_up_again(empty_url: str) -> None:
    lti_tool.db.upgrade(empty_url)
    made = tables_of(empty_url)
    assert {table.name for metadata in load_tables() for table in metadata.sorted_tables} == made
    config = lti_tool.db.migrations(empty_url)
    for branch in ("lti_tool", "xapi"):
        command.downgrade(config, f"{branch}@base")
    assert tables_of(empty_url) == set()
    assert not is_newest(empty_url)
    lti_tool.db.upgrade(empty_url)
    assert tables_of(empty_url) == made
    assert is_newest(empty_url)


def test_check_says_no_before_and_yes_after(empty_url: str, tmp_path: Path) -> None:
    if empty_url.startswith("sqlite"):
        (tmp_path / "new").mkdir()  # `db upgrade` makes the folder, `db check` makes nothing
    assert not is_newest(empty_url)
    lti_tool.db.upgrade(empty_url)
    assert is_newest(empty_url)


def test_a_second_upgrade_keeps_what_is_there(empty_url: str) -> None:
    lti_tool.db.upgrade(empty_url)
    engine = lti_tool.db.open_engine(empty_url)
    try:
        with lti_tool.db.writing(engine) as conn:
            persona = personas.persona_of(conn, ACTOR, datetime(2022, 10, 13, tzinfo=UTC))
        lti_tool.db.upgrade(empty_url)
        with lti_tool.db.reading(engine) as conn:
            assert personas.find_persona(conn, ACTOR) == persona
    finally:
        engine.dispose()


def test_one_branch_each_and_no_fork() -> None:
    script = ScriptDirectory.from_config(lti_tool.db.migrations("sqlite://"))
    assert len(script.get_heads()) == len(script.get_bases()) == 2
    assert {label for base in script.get_bases() for label in script.get_revision(base).branch_labels} >= {"xapi"}


def test_an_upgrade_that_fails_midway_leaves_the_schema_as_it_was(
    empty_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All migrations are one transaction, on SQLite too: nobody ever meets a schema between two versions."""
    steps = 0
    as_it_is = HeadMaintainer.update_to_step

    def stumble(self: HeadMaintainer, step: MigrationStep) -> None:
        nonlocal steps
        steps += 1
        if steps == 5:
            raise RuntimeError("the machine stumbled")
        as_it_is(self, step)

    with monkeypatch.context() as patched:
        patched.setattr(HeadMaintainer, "update_to_step", stumble)
        with pytest.raises(RuntimeError, match="stumbled"):
            lti_tool.db.upgrade(empty_url)
    assert tables_of(empty_url) == set()
    lti_tool.db.upgrade(empty_url)
    assert is_newest(empty_url)


def test_processes_that_start_at_once_all_find_the_newest_schema(empty_url: str) -> None:
    """As when several containers start on an empty database."""
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    code = f"import lti_tool.db; lti_tool.db.upgrade({empty_url!r})"
    started = [
        subprocess.Popen([sys.executable, "-c", code], env=environ, stderr=subprocess.PIPE, text=True)
        for _n in range(3)
    ]
    ends = [(one.communicate(timeout=120)[1], one.returncode) for one in started]
    assert [code for _said, code in ends] == [0, 0, 0], "\n".join(said for said, _code in ends)
    assert is_newest(empty_url)


def test_what_refers_to_a_table_that_is_copied_stays(empty_url: str) -> None:
    """SQLite changes a constraint by a copy of the table, and deletes with the old table what refers to it, if let."""
    config = lti_tool.db.migrations(empty_url)
    lti_tool.db.upgrade(empty_url)
    command.downgrade(config, "0012_observations")
    engine = lti_tool.db.open_engine(empty_url)
    at = "2022-10-13 09:30:00.000000"
    with lti_tool.db.writing(engine) as conn:
        conn.exec_driver_sql(
            "INSERT INTO line_items (id, platform_id, course_id, link_id, activity, scopes, created_at)"
            f" VALUES (7, 1, 1, '5', 'tag:x', '[]', '{at}')"
        )
        conn.exec_driver_sql(
            "INSERT INTO deliveries (id, line_item_id, user_id, actor_key, version, state, due_at, changed_at)"
            f" VALUES (9, 7, 'u', 'k', 1, 'waiting', '{at}', '{at}')"
        )
    lti_tool.db.upgrade(empty_url)
    with lti_tool.db.reading(engine) as conn:
        assert conn.exec_driver_sql("SELECT line_item_id FROM deliveries").scalars().all() == [7]
    command.downgrade(config, "0012_observations")
    with lti_tool.db.reading(engine) as conn:
        assert conn.exec_driver_sql("SELECT line_item_id FROM deliveries").scalars().all() == [7]
    with pytest.raises(sa.exc.IntegrityError), lti_tool.db.writing(engine) as conn:
        conn.exec_driver_sql("UPDATE deliveries SET line_item_id = 8")
    engine.dispose()
