"""What an act did to rows is taken back exactly, save where something happened to them since."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from lti_tool import journal
from lti_tool.db import reading, writing
from lti_tool.people import store as people
from tests.conftest import Clock
from xapi.statement import actor_key

ACTOR = {"objectType": "Agent", "account": {"homePage": "https://x.example", "name": "7"}}


def rows(engine: sa.Engine, table: sa.Table) -> list[tuple[Any, ...]]:
    with reading(engine) as conn:
        return sorted(tuple(row) for row in conn.execute(sa.select(table)))


def course(conn: Connection, clock: Clock, number: int) -> dict[str, Any]:
    return {
        "platform_id": number,
        "context_id": "c",
        "title": "Ā",
        "label": "",
        "history": ["1", "2"],
        "same_as": None,
        "created_at": clock(),
    }


@pytest.fixture
def made(engine: sa.Engine, clock: Clock) -> sa.Row[Any]:
    """A course that the act made; another was there before, and was changed by it."""
    with writing(engine) as conn:
        people.course(conn, 99, "there", clock(), title="before")
        before = conn.execute(sa.select(people.courses)).one()
        (row,) = journal.insert(conn, "act", people.courses, [course(conn, clock, 1)])
        journal.update(conn, "act", people.courses, [(before, {"title": "after", "history": ["9"]})])
    return row


def undo(engine: sa.Engine) -> journal.Undone:
    with writing(engine) as conn:
        return journal.undo(conn, "act")


def test_rows_are_as_they_were(engine: sa.Engine, clock: Clock, made: sa.Row[Any]) -> None:
    assert undo(engine) == journal.Undone(2, 0)
    ((_id, platform, _context, title, _label, history, *_rest),) = rows(engine, people.courses)
    assert (platform, title, history) == (99, "before", None)
    assert undo(engine) == journal.Undone(0, 0), "once"


def test_a_row_that_was_changed_since_stays(engine: sa.Engine, clock: Clock, made: sa.Row[Any]) -> None:
    with writing(engine) as conn:
        conn.execute(people.courses.update().values(label="since"))
    assert undo(engine) == journal.Undone(1, 1)
    titles = {row[3] for row in rows(engine, people.courses)}
    assert titles == {"Ā", "before"}, "of the changed row only what the act changed counts"


def test_a_row_that_others_rest_on_stays_and_so_do_they(engine: sa.Engine, clock: Clock, made: sa.Row[Any]) -> None:
    with writing(engine) as conn:
        people.arrive(conn, ACTOR, clock())
        people.join_course(conn, made.id, ACTOR, "7", "learner", clock())
    assert undo(engine) == journal.Undone(1, 1)
    assert [row[0] for row in rows(engine, people.members)] == [made.id]


def test_a_row_that_is_gone_is_no_trouble(engine: sa.Engine, clock: Clock, made: sa.Row[Any]) -> None:
    with writing(engine) as conn:
        conn.execute(people.courses.delete())
    assert undo(engine) == journal.Undone(0, 0)


def test_rows_that_rest_on_each_other_go_in_the_right_order(engine: sa.Engine, clock: Clock) -> None:
    with writing(engine) as conn:
        account = {"actor_key": actor_key(ACTOR), "actor": ACTOR, "created_at": clock(), "seen_at": clock()}
        journal.insert(conn, "act", people.accounts, [account])
        (row,) = journal.insert(conn, "act", people.courses, [course(conn, clock, 1)])
        member = {"course_id": row.id, "actor_key": actor_key(ACTOR), "user_id": "7", "role": "learner"}
        times = {"joined_at": clock(), "seen_at": clock()}
        journal.insert(conn, "act", people.members, [{**member, **times}])
    assert undo(engine) == journal.Undone(3, 0)
    assert rows(engine, people.members) == rows(engine, people.courses) == rows(engine, people.accounts) == []


def test_a_closed_book_takes_nothing_back(engine: sa.Engine, clock: Clock, made: sa.Row[Any]) -> None:
    with writing(engine) as conn:
        journal.close(conn, "act")
    assert undo(engine) == journal.Undone(0, 0)
    assert len(rows(engine, people.courses)) == 2
