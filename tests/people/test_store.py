"""Accounts, courses, enrolments, invitations: the same on both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy as sa

from lti_tool.db import reading, writing
from lti_tool.people import store
from lti_tool.people.roles import Grant
from tests.conftest import Clock, unwritable
from xapi import personas
from xapi.statement import actor_key

RIGA = "https://moodle.example.lv"
SOFIA = "https://moodle.example.bg"


def account(home: str, name: str) -> dict[str, object]:
    return {"objectType": "Agent", "account": {"homePage": home, "name": name}}


def test_a_name_once_told_is_kept_when_the_lms_stops_telling(engine: sa.Engine, clock: Clock) -> None:
    actor = account(RIGA, "4")
    with writing(engine) as conn:
        person = store.arrive(conn, actor, clock(), name="Ģirts Kļaviņš", email="girts@example.lv", locale="lv")
        assert store.arrive(conn, actor, clock.forward(days=1)) == person
    with reading(engine) as conn:
        known = store.accounts_of(conn, store.keys_of(conn, person))[actor_key(actor)]
    assert (known.name, known.email, known.locale) == ("Ģirts Kļaviņš", "girts@example.lv", "lv")
    assert known.seen_at == clock()


def test_of_a_course_that_is_known_nothing_is_written_until_the_lms_tells_news(engine: sa.Engine, clock: Clock) -> None:
    """A class that comes at once must not queue for the lock of the course's row."""
    told = {"title": "Library", "label": "BIB", "history": ["c0"], "roster_url": "https://lms.example/nrps"}
    with writing(engine) as conn:
        made = store.course(conn, 1, "c1", clock(), **told)
    with unwritable(engine) as conn:
        assert store.course(conn, 1, "c1", clock.forward(hours=1), **told) == made
        assert store.course(conn, 1, "c1", clock(), title="Library", label="BIB") == made, "less is no news"
        with pytest.raises(sa.exc.DBAPIError):
            store.course(conn, 1, "c1", clock(), title="Bibliotēka", label="BIB")
    with writing(engine) as conn:
        newer = store.course(conn, 1, "c1", clock(), title="Bibliotēka", label="BIB", history=["c00", "c0"])
        assert (newer.id, newer.title) == (made.id, "Bibliotēka")
        row = conn.execute(sa.select(store.courses)).one()
    assert (row.history, row.roster_url) == (["c00", "c0"], "https://lms.example/nrps")


def test_two_accounts_joined_are_one_person_with_both_enrolments_and_undone_are_two_again(
    engine: sa.Engine, clock: Clock
) -> None:
    here, there = account(RIGA, "4"), account(SOFIA, "4")
    with writing(engine) as conn:
        one = store.arrive(conn, here, clock(), name="Мария")
        other = store.arrive(conn, there, clock())
        store.enrol(conn, here, "CECO", "v1", clock())
        store.enrol(conn, there, "DIGY", "v1", clock())
        store.enrol(conn, there, "CECO", "v2", clock.forward(days=2))
        join = personas.join(conn, one, other, "coordinator", clock())
    with writing(engine) as conn:
        found = store.enrolments_of(conn, store.keys_of(conn, other))
        assert [(e.programme, e.version) for e in found] == [("CECO", "v1"), ("DIGY", "v1")]
        assert set(store.same_person(conn, actor_key(there))) == {actor_key(here), actor_key(there)}
        personas.undo(conn, join, clock())
    with reading(engine) as conn:
        assert [e.programme for e in store.enrolments_of(conn, store.keys_of(conn, one))] == ["CECO"]


def test_enrolling_twice_keeps_the_first_version(engine: sa.Engine, clock: Clock) -> None:
    actor = account(RIGA, "4")
    with writing(engine) as conn:
        store.arrive(conn, actor, clock())
        assert store.enrol(conn, actor, "CECO", "v1", clock())
        assert not store.enrol(conn, actor, "CECO", "v2", clock())
        assert store.enrolments_of(conn, [actor_key(actor)])[0].version == "v1"


def test_a_course_is_known_by_platform_and_context_and_takes_the_newest_title(engine: sa.Engine, clock: Clock) -> None:
    with writing(engine) as conn:
        first = store.course(conn, 1, "7", clock(), title="Bibliotēka", label="B1")
        again = store.course(conn, 1, "7", clock(), title="Bibliotēka 2022", label="B1")
        other = store.course(conn, 2, "7", clock(), title="Библиотека")
    assert again.id == first.id != other.id
    assert again.title == "Bibliotēka 2022"


def test_members_have_the_platforms_user_id_and_one_role(engine: sa.Engine, clock: Clock) -> None:
    actor = account(RIGA, "4")
    with writing(engine) as conn:
        store.arrive(conn, actor, clock(), name="Ģirts")
        course = store.course(conn, 1, "7", clock())
        store.join_course(conn, course.id, actor, "4", "learner", clock())
        store.join_course(conn, course.id, actor, "4", "instructor", clock())
        (member,) = store.members_of(conn, course.id)
        assert (member.user_id, member.role, member.account.name) == ("4", "instructor", "Ģirts")
        assert store.memberships(conn, [actor_key(actor)]) == [(course, "4", "instructor")]


def test_a_role_granted_twice_is_held_once(engine: sa.Engine, clock: Clock) -> None:
    with writing(engine) as conn:
        key = store.person_here(conn, "https://tool.example", "Ελένη", clock())
        for _again in range(2):
            store.grant(conn, key, Grant("assessor", None, "CECO"), "test", clock())
        store.grant(conn, key, Grant("assessor", "kisc", "CECO"), "test", clock())
        assert store.grants_of(conn, [key]) == [Grant("assessor", None, "CECO"), Grant("assessor", "kisc", "CECO")]


def test_an_invitation_signs_in_once_even_when_two_press_at_once(engine: sa.Engine, clock: Clock) -> None:
    with writing(engine) as conn:
        key = store.person_here(conn, "https://tool.example", "Ελένη", clock())
        token = store.invite(conn, key, clock())

    def use(_n: int) -> str | None:
        with writing(engine) as conn:
            return store.use_invitation(conn, token, clock())

    with reading(engine) as conn:
        shown = store.invited(conn, token, clock())  # a mail scanner opened it: nothing is used up
    assert shown is not None
    assert shown.key == key
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(use, range(4)))
    assert sorted(results, key=str) == [None, None, None, key]


def test_an_invitation_runs_out_and_its_token_is_not_in_the_database(engine: sa.Engine, clock: Clock) -> None:
    with writing(engine) as conn:
        key = store.person_here(conn, "https://tool.example", "Ελένη", clock())
        token = store.invite(conn, key, clock(), timedelta(hours=1))
        assert token not in str(conn.execute(sa.select(store.invitations)).all())
        clock.forward(hours=1)
        assert store.invited(conn, token, clock()) is None
        assert store.use_invitation(conn, token, clock()) is None
        assert store.invited(conn, "never-made", clock()) is None


def test_only_accounts_of_this_tool_are_found_by_email(engine: sa.Engine, clock: Clock) -> None:
    with writing(engine) as conn:
        key = store.person_here(conn, "https://tool.example", "Ελένη", clock(), "eleni@example.gr")
        store.arrive(conn, account(RIGA, "9"), clock(), email="eleni@example.gr")  # an LMS may claim any address
        found = store.account_by_email(conn, "Eleni@Example.gr", "https://tool.example")
    assert found is not None
    assert found.key == key
