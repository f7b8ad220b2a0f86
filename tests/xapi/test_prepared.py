"""Statements compiled once: the same words, types and errors on both databases, within a transaction or alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError

from xapi import Busy, reading, writing
from xapi.prepared import Inserting, Prepared, Statement, columns_of
from xapi.tables import activities, head, persona_actors, statements

NOW = datetime(2022, 10, 13, 9, 30, 0, 125_000, tzinfo=UTC)
RIGA = timezone(timedelta(hours=3))


def _told(insert: Inserting) -> Statement:
    new = insert(activities).values(columns_of(activities, "key iri definition updated"))
    changed = {"definition": new.excluded.definition, "updated": new.excluded.updated}
    return new.on_conflict_do_update(index_elements=["key"], set_=changed).returning(activities)


ADD = Prepared(sa.insert(activities).values(columns_of(activities, "key iri definition updated")))
TELL = Prepared(_told)
FIND = Prepared(sa.select(activities).where(activities.c.key == sa.bindparam("key")))
CHANGE = Prepared(
    sa.update(activities).where(activities.c.key == sa.bindparam("key_")).values(iri="urn:changed", updated=NOW)
)


WITH_DEFAULT = sa.Table("t", sa.MetaData(), sa.Column("id", sa.Integer), sa.Column("n", sa.Integer, default=7))


def told(key: str = "a", **changes: Any) -> dict[str, Any]:
    return {"key": key, "iri": f"urn:{key}", "definition": {"name": {"lv": "Ā"}}, "updated": NOW, **changes}


def test_values_and_rows_are_converted_as_everywhere_else(engine: Engine) -> None:
    with writing(engine) as conn:
        assert ADD.run(conn, **told(updated=NOW.astimezone(RIGA))) == 1
        row = FIND.first(conn, key="a")
        core = conn.execute(sa.select(activities)).one()
    assert row == tuple(core) == ("a", "urn:a", {"name": {"lv": "Ā"}}, NOW)
    assert row.updated.tzinfo is UTC
    with writing(engine) as conn, pytest.raises(ValueError, match="time zone"):
        ADD.run(conn, **told("b", updated=NOW.replace(tzinfo=None)))


def test_an_insert_on_conflict_is_put_together_for_each_database(engine: Engine) -> None:
    with writing(engine) as conn:
        assert TELL.first(conn, **told()).definition == {"name": {"lv": "Ā"}}
        assert TELL.first(conn, **told(definition={})).definition == {}
        assert [row.key for row in FIND.rows(conn, key="a")] == ["a"]


def test_values_within_the_statement_and_the_number_of_changed_rows(engine: Engine) -> None:
    with writing(engine) as conn:
        ADD.run(conn, **told(updated=NOW - timedelta(days=1)))
        assert CHANGE.run(conn, key_="a") == 1
        assert CHANGE.run(conn, key_="unknown") == 0
        assert FIND.first(conn, key="a")[1:] == ("urn:changed", {"name": {"lv": "Ā"}}, NOW)
        assert FIND.first(conn, key="unknown") is None


def test_a_missing_value_is_told(engine: Engine) -> None:
    with writing(engine) as conn, pytest.raises(KeyError, match="definition"):
        ADD.run(conn, key="a", iri="urn:a", updated=NOW)


@pytest.mark.parametrize(
    "statement",
    [
        sa.select(activities).where(activities.c.key.in_(["a", "b"])),
        sa.insert(WITH_DEFAULT).values(id=sa.bindparam("id")),
    ],
    ids=["a list of values", "a default of Python"],
)
def test_what_differs_from_call_to_call_is_refused(engine: Engine, statement: Any) -> None:
    with writing(engine) as conn, pytest.raises(TypeError, match="can't be prepared"):
        Prepared(statement).rows(conn, id=1)


def test_it_is_part_of_the_transaction(engine: Engine) -> None:
    with pytest.raises(ZeroDivisionError), writing(engine) as conn:
        ADD.run(conn, **told())
        assert FIND.look(engine, key="a") == [], "seen before it was committed"
        1 / 0  # noqa: B018 - an error of the caller
    assert FIND.look(engine, key="a") == []


def test_readers_see_one_state_throughout(engine: Engine) -> None:
    with reading(engine) as conn:
        assert FIND.first(conn, key="a") is None
        with writing(engine) as other:
            ADD.run(other, **told())
        assert FIND.look(engine, key="a")[0].iri == "urn:a"
        assert FIND.first(conn, key="a") is None
        assert conn.execute(sa.select(activities)).all() == []


def test_errors_are_those_of_sqlalchemy_and_hold_no_values(engine: Engine) -> None:
    with pytest.raises(IntegrityError) as caught, writing(engine) as conn:
        ADD.run(conn, **told(iri="urn:confidential"))
        ADD.run(conn, **told(iri="urn:confidential"))
    assert "confidential" not in str(caught.value)
    assert FIND.look(engine, key="a") == []


def test_one_cursor_serves_many_questions(engine: Engine) -> None:
    query = Prepared(sa.select(statements.c.id, persona_actors.c.key).where(sa.false()))
    with writing(engine) as conn:
        ADD.run(conn, **told("a"))
        rows = FIND.rows(conn, key="a")
        assert query.rows(conn) == []
        assert rows[0].key == "a"
        assert Prepared(sa.select(head.c.id)).rows(conn) == [tuple(row) for row in conn.execute(sa.select(head.c.id))]


def test_what_is_prepared_outlives_a_rollback(engine: Engine) -> None:
    with writing(engine) as conn:
        ADD.run(conn, **told())
    with pytest.raises(ZeroDivisionError), writing(engine) as conn:
        for _time in range(8):  # after so many, psycopg would prepare what Core asks
            assert conn.execute(sa.select(activities.c.key).where(activities.c.key == "a")).scalar() == "a"
        assert FIND.first(conn, key="a").iri == "urn:a"
        1 / 0  # noqa: B018 - an error of the caller
    with writing(engine) as conn:
        conn.execute(sa.select(activities.c.key)).all()
        assert FIND.first(conn, key="a").iri == "urn:a"


def test_a_connection_that_the_server_ended_is_replaced_unnoticed(engine: Engine) -> None:
    if engine.dialect.name != "postgresql":
        pids = [0]  # SQLite has no server that could go away: what follows must just work
    else:
        pids = Prepared(sa.select(sa.func.pg_backend_pid().label("pid"))).look(engine)[0]
        other = sa.create_engine(engine.url, isolation_level="AUTOCOMMIT")
        with other.connect() as conn:
            conn.execute(sa.select(sa.func.pg_terminate_backend(pids[0])))
            gone = sa.text("SELECT count(*) FROM pg_stat_activity WHERE pid = :pid")
            while conn.scalar(gone, {"pid": pids[0]}):
                pass
        other.dispose()
    with writing(engine) as conn:
        ADD.run(conn, **told())
    assert FIND.look(engine, key="a")[0].iri == "urn:a"


def test_a_connection_that_is_lost_at_work_is_a_reason_to_try_again(engine: Engine) -> None:
    if engine.dialect.name == "postgresql":
        kill = Prepared(sa.select(sa.func.pg_terminate_backend(sa.func.pg_backend_pid()).label("done")))
        with pytest.raises(Busy), writing(engine) as conn:
            ADD.run(conn, **told())
            kill.rows(conn)
    assert FIND.look(engine, key="a") == []
    with writing(engine) as conn:
        ADD.run(conn, **told())
