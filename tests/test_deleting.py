"""An LMS that is taken out for good: what goes, what stays, and what must be said first."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from lti_tool import audit, deleting, merging
from lti_tool.db import reading, writing
from lti_tool.errors import ToolError
from lti_tool.gradebook.rows import deliveries, line_items
from lti_tool.launch import platforms
from lti_tool.people import roster
from lti_tool.people import store as people
from tests.test_merging import OLD, Move, at
from tests.test_merging import move as move
from xapi import personas
from xapi.access import Principal
from xapi.statement import actor_key
from xapi.store import add
from xapi.tables import statements
from xapi.vocabulary import VERBS

PRINCIPAL = Principal(authority={"account": {"homePage": "x:y", "name": "lti-tool"}}, scopes=frozenset({"all"}))


def delete(move: Move, name: str = "LMS", **more: Any) -> deleting.Plan:
    with writing(move.engine) as conn:
        return deleting.delete(conn, move.old, name, "admin", "the contract has ended", move.clock(), **more)


def count(move: Move, table: sa.Table) -> int:
    with reading(move.engine) as conn:
        return conn.scalar(sa.select(sa.func.count()).select_from(table)) or 0


def test_the_connection_goes_and_what_learners_achieved_stays(move: Move) -> None:
    with writing(move.engine) as conn:
        said = {"actor": at(OLD, "karlis"), "verb": {"id": VERBS["passed"]}, "object": {"id": "https://example.org/m"}}
        add(conn, PRINCIPAL, [said], move.clock())
        change = roster.Change("only-listed", "learner", name="Somebody")
        roster.apply(conn, move.course, OLD, [change], move.clock())
    person = move.person(move.old, "anna")
    before = count(move, statements)
    with reading(move.engine) as conn:
        told = deleting.plan(conn, move.old)
    # anna is enrolled and was in a module, karlis has a statement; the teacher and who is only listed did nothing.
    assert (told.courses, told.columns, told.waiting, told.accounts, told.kept) == (1, 1, 1, 2, 2)
    assert delete(move, despite_waiting=True) == told
    assert [count(move, t) for t in (people.courses, people.members, people.links, line_items, deliveries)] == [0] * 5
    assert count(move, statements) == before
    with reading(move.engine) as conn:
        assert platforms.get(conn, move.old) is None
        assert platforms.get(conn, move.new) is not None
        left = set(conn.scalars(sa.select(people.accounts.c.actor_key)))
        assert left == {actor_key(at(OLD, "anna")), actor_key(at(OLD, "karlis"))}
        assert personas.find_persona(conn, at(OLD, "anna")) == person
        assert [one.programme for one in people.enrolments_of(conn, list(left))] == ["CECO"]
        (act,) = audit.acts(conn)
        assert (act.kind, act.why, act.detail["courses"]) == ("platform_deleted", "the contract has ended", 1)


@pytest.mark.parametrize(
    ("name", "more", "code"),
    [("lms", {"despite_waiting": True}, "PLATFORM-NAME"), ("LMS", {}, "PLATFORM-WAITING")],
)
def test_it_is_refused_without_the_name_and_while_grades_wait(
    move: Move, name: str, more: dict[str, bool], code: str
) -> None:
    before = move.everything()
    with pytest.raises(ToolError, match=code):
        delete(move, name, **more)
    assert move.everything() == before
    with pytest.raises(ToolError, match="PLATFORM-UNKNOWN"), reading(move.engine) as conn:
        deleting.plan(conn, 999)


def test_people_whom_another_registration_of_the_same_lms_knows_stay(move: Move) -> None:
    move.register(OLD, "another customer")
    before = count(move, people.accounts)
    delete(move, despite_waiting=True)
    assert count(move, people.accounts) == before


def test_of_two_merged_platforms_the_old_one_may_go_and_the_new_one_keeps_everything(move: Move) -> None:
    with writing(move.engine) as conn:
        merge = merging.merge(conn, move.old, move.new, "admin", "", move.clock())
    delete(move)
    assert move.row(move.new, "anna").state == "sent"
    with reading(move.engine) as conn:
        keys = people.keys_here(conn, at("https://learn.example.lv", "anna"))
        assert [one.programme for one in people.enrolments_of(conn, keys)] == ["CECO"]
    with pytest.raises(ToolError, match="PLATFORM-MERGE-UNDONE"):
        move.undo(merge.id)
