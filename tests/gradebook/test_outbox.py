"""The outbox: marked in the statement's transaction, claimed by one worker at a time, never ahead of the record."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from lti_tool.db import reading, writing
from lti_tool.gradebook import store
from lti_tool.gradebook.marking import marker
from lti_tool.gradebook.score import Score
from lti_tool.people import store as people
from tests.conftest import Clock
from xapi import personas
from xapi.statement import actor_key
from xapi.store import Stored
from xapi.vocabulary import VERBS

RIGA = "https://moodle.example.lv"
SOFIA = "https://moodle.example.bg"
M01 = "tag:biblio-project.eu,2022:module/M01"


def account(home: str, name: str) -> dict[str, Any]:
    return {"objectType": "Agent", "account": {"homePage": home, "name": name}}


def column(conn: sa.Connection, clock: Clock, platform: int = 1, context: str = "7", link: str = "9") -> int:
    course = people.course(conn, platform, context, clock())
    return store.place(
        conn,
        platform_id=platform,
        course_id=course.id,
        link_id=link,
        activity=M01,
        label="M01",
        url=f"https://lms{platform}.example/items/{link}?type_id=3",
        items_url=None,
        scopes=["score"],
        now=clock(),
    )


def learner(conn: sa.Connection, clock: Clock, home: str, name: str, platform: int = 1, context: str = "7") -> str:
    actor = account(home, name)
    person = people.arrive(conn, actor, clock())
    course = people.course(conn, platform, context, clock())
    people.join_course(conn, course.id, actor, name, "learner", clock())
    return person


def statement(actor: dict[str, Any], verb: str = "passed", activity: str = M01) -> Stored:
    return Stored("id", {"actor": actor, "verb": {"id": VERBS[verb]}, "object": {"id": activity}}, None)


def test_a_statement_on_a_graded_module_makes_the_learners_row_due(engine: sa.Engine, clock: Clock) -> None:
    with writing(engine) as conn:
        column(conn, clock)
        learner(conn, clock, RIGA, "4")
        marker(clock)(conn, [statement(account(RIGA, "4"))])
        (due,) = store.claim(conn, "w1", clock(), 10)
    assert (due.user_id, due.actor_key, due.state, due.item.activity) == (
        "4",
        actor_key(account(RIGA, "4")),
        "waiting",
        M01,
    )


@pytest.mark.parametrize(
    "stored",
    [
        pytest.param(statement(account(RIGA, "4"), activity=M01 + "2"), id="another module"),
        pytest.param(statement(account(RIGA, "4"), verb="answered"), id="a verb that decides nothing"),
        pytest.param(statement(account(RIGA, "5")), id="nobody of this course"),
    ],
)
def test_other_statements_make_nothing_due(engine: sa.Engine, clock: Clock, stored: Stored) -> None:
    with writing(engine) as conn:
        column(conn, clock)
        learner(conn, clock, RIGA, "4")
        marker(clock)(conn, [stored])
        assert store.claim(conn, "w1", clock(), 10) == []


def test_a_voiding_statement_marks_what_it_voided(engine: sa.Engine, clock: Clock) -> None:
    voiding = Stored(
        "v",
        {
            "actor": account(RIGA, "1"),
            "verb": {"id": VERBS["voided"]},
            "object": {"objectType": "StatementRef", "id": "x"},
        },
        statement(account(RIGA, "4")),
    )
    with writing(engine) as conn:
        column(conn, clock)
        learner(conn, clock, RIGA, "4")
        marker(clock)(conn, [voiding])
        assert [row.user_id for row in store.claim(conn, "w1", clock(), 10)] == ["4"]


def test_one_person_with_two_accounts_is_graded_in_both_courses_under_each_platforms_id(
    engine: sa.Engine, clock: Clock
) -> None:
    with writing(engine) as conn:
        column(conn, clock)
        column(conn, clock, platform=2, context="1", link="3")
        one = learner(conn, clock, RIGA, "4")
        other = learner(conn, clock, SOFIA, "400", platform=2, context="1")
        personas.join(conn, one, other, "coordinator", clock())
        marker(clock)(conn, [statement(account(RIGA, "4"))])
        due = store.claim(conn, "w1", clock(), 10)
    assert sorted((row.item.platform_id, row.user_id) for row in due) == [(1, "4"), (2, "400")]


def test_instructors_are_not_graded(engine: sa.Engine, clock: Clock) -> None:
    with writing(engine) as conn:
        column(conn, clock)
        learner(conn, clock, RIGA, "4")
        course = people.course(conn, 1, "7", clock())
        people.join_course(conn, course.id, account(RIGA, "4"), "4", "instructor", clock())
        marker(clock)(conn, [statement(account(RIGA, "4"))])
        assert store.claim(conn, "w1", clock(), 10) == []


def test_a_burst_of_statements_is_one_row(engine: sa.Engine, clock: Clock) -> None:
    with writing(engine) as conn:
        column(conn, clock)
        learner(conn, clock, RIGA, "4")
        marker(clock)(conn, [statement(account(RIGA, "4"))] * 5)
        assert len(store.claim(conn, "w1", clock(), 10)) == 1


def test_what_is_claimed_is_nobody_elses_until_the_lease_runs_out(engine: sa.Engine, clock: Clock) -> None:
    with writing(engine) as conn:
        item = column(conn, clock)
        store.mark(conn, item, "4", "k", clock())
    with writing(engine) as conn:
        assert len(store.claim(conn, "w1", clock(), 10)) == 1
        assert store.claim(conn, "w2", clock(), 10) == []
        clock.forward(seconds=store.LEASE.total_seconds())
        (again,) = store.claim(conn, "w2", clock(), 10)
        sent = Score(Decimal(80), Decimal(100), True, clock())
        assert not store.plan(conn, [(again, sent)], "w1", clock()), "the first worker lost its lease: it sends nothing"
        assert store.plan(conn, [(again, sent)], "w2", clock()) == {again.id}


def test_workers_that_claim_at_once_share_the_rows_and_none_gets_one_twice(engine: sa.Engine, clock: Clock) -> None:
    with writing(engine) as conn:
        item = column(conn, clock)
        for n in range(40):
            store.mark(conn, item, str(n), f"k{n}", clock())

    def work(name: int) -> list[str]:
        mine: list[str] = []
        while True:
            with writing(engine) as conn:
                claimed = store.claim(conn, f"w{name}", clock(), 3)
            if not claimed:
                return mine
            mine += [row.user_id for row in claimed]

    with ThreadPoolExecutor(4) as pool:
        shares = list(pool.map(work, range(4)))
    assert sorted((name for share in shares for name in share), key=int) == [str(n) for n in range(40)]


def test_a_change_that_comes_while_sending_keeps_the_row_due(engine: sa.Engine, clock: Clock) -> None:
    with writing(engine) as conn:
        item = column(conn, clock)
        store.mark(conn, item, "4", "k", clock())
        (row,) = store.claim(conn, "w1", clock(), 10)
        store.mark(conn, item, "4", "k", clock())
        store.settle(conn, [store.done(row, "sent")], "w1", clock())
        (again,) = store.claim(conn, "w1", clock(), 10)
        assert again.state == "waiting"
        store.settle(conn, [store.done(again, "sent")], "w1", clock())
        assert store.claim(conn, "w1", clock(), 10) == []
        assert store.counts(conn) == {"sent": 1}


def test_after_a_crash_the_row_tells_what_was_about_to_be_sent(engine: sa.Engine, clock: Clock) -> None:
    sent = Score(Decimal("66.66667"), Decimal(100), True, clock())
    with writing(engine) as conn:
        item = column(conn, clock)
        store.mark(conn, item, "4", "k", clock())
        (row,) = store.claim(conn, "w1", clock(), 10)
        assert store.plan(conn, [(row, sent)], "w1", clock())
    clock.forward(seconds=store.LEASE.total_seconds())
    with writing(engine) as conn:
        (again,) = store.claim(conn, "w2", clock(), 10)
    assert again.last == sent
    assert not again.confirmed


def test_failures_wait_longer_each_time_and_end_where_a_person_sees_them(engine: sa.Engine, clock: Clock) -> None:
    with writing(engine) as conn:
        item = column(conn, clock)
        store.mark(conn, item, "4", "k", clock())
        for attempt in range(3):
            (row,) = store.claim(conn, "w1", clock(), 10)
            assert row.attempts == attempt
            again_at = clock() + store.pause(attempt, 0.0)
            store.settle(conn, [store.later(row, "GRADE-PLATFORM-ERROR", "500", again_at)], "w1", clock())
            assert store.claim(conn, "w1", clock(), 10) == []
            clock.forward(seconds=store.LONGEST_WAIT.total_seconds())
        (row,) = store.claim(conn, "w1", clock(), 10)
        store.settle(conn, [store.refused(row, "GRADE-LOCKED", "500")], "w1", clock())
        assert store.claim(conn, "w1", clock(), 10) == []
        (seen,) = store.troubled(conn)
        assert (seen.state, seen.problem, seen.detail, seen.tried_at) == ("refused", "GRADE-LOCKED", "500", clock())
        assert store.resend(conn, [seen.id], clock()) == 1
        (row,) = store.claim(conn, "w1", clock(), 10)
        assert row.attempts == 0


def test_a_launch_without_line_item_does_not_erase_the_known_one(engine: sa.Engine, clock: Clock) -> None:
    with writing(engine) as conn:
        item = column(conn, clock)
        course = people.course(conn, 1, "7", clock())
        again = store.place(
            conn,
            platform_id=1,
            course_id=course.id,
            link_id="9",
            activity=M01,
            label="M01",
            url=None,
            items_url=None,
            scopes=["score"],
            now=clock(),
        )
        assert again == item
        (found,) = store.items_for(conn, M01, [course.id])
        assert found.url is not None


def test_a_row_made_by_a_launch_is_made_once(engine: sa.Engine, clock: Clock) -> None:
    with writing(engine) as conn:
        item = column(conn, clock)
        assert store.mark_new(conn, item, "4", "k", clock())
        assert not store.mark_new(conn, item, "4", "k", clock())
    with reading(engine) as conn:
        assert store.counts(conn) == {"waiting": 1}


@given(st.integers(0, 60), st.floats(0, 0.999), st.one_of(st.none(), st.floats(0, 3600)))
def test_pauses_are_bounded_grow_and_never_undercut_the_platforms_wish(
    attempts: int, spread: float, wait: float | None
) -> None:
    pause = store.pause(attempts, spread, wait=wait)
    assert timedelta(seconds=2.5) <= pause <= store.LONGEST_WAIT
    assert store.pause(attempts + 1, spread, wait=wait) >= pause
    if wait is not None:
        assert pause.total_seconds() >= wait - 1e-6
