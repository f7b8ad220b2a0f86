"""A session ends at once where its platform, its deployment or its account is let in no more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from json import dumps
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from lti_tool.launch import platforms
from lti_tool.launch.claims import Status
from lti_tool.people import store as people
from lti_tool.people.roles import Grant
from tests.conftest import Clock
from tests.world import Person, World, current_programmes, world
from xapi import personas
from xapi.statement import actor_key


@pytest.fixture
def course(database_url: str, tmp_path: Path, clock: Clock) -> Iterator[World]:
    with world(database_url, tmp_path, clock) as made:
        assert made.register().status == 200
        made.add("CECO/module/M01")
        yield made


def learner_at_work(course: World) -> tuple[Person, Callable[[], tuple[int, int]]]:
    """Anna has a page open; the function tells what the page and its script are answered from now on."""
    anna = course.person("anna")
    anna.open(course.activities()["module/M01"]["id"])
    token, page = anna.token(), anna.page
    assert page is not None

    def answers() -> tuple[int, int]:
        shown = anna.go(page.url).status
        asked = course.lrs("GET", "statements", f"Bearer {token}", agent=dumps(course.actor("anna")))
        return shown, asked.status_code

    return anna, answers


def test_a_platform_that_is_switched_off_ends_its_sessions_at_once(course: World) -> None:
    anna, answers = learner_at_work(course)
    assert answers() == (200, 200)

    def switch(status: Status) -> None:
        course.wiring.writer.run(lambda conn: platforms.set_status(conn, 1, status, course.clock()))

    switch("disabled")
    assert answers() == (401, 401)
    assert anna.page is not None and "LTI-SESSION-OVER" in anna.page.text
    switch("pending")
    assert answers() == (401, 401)
    switch("approved")
    assert answers() == (200, 200), "who is let in again loses nothing"


def test_a_deployment_that_is_switched_off_ends_its_sessions_and_no_others(course: World) -> None:
    _anna, answers = learner_at_work(course)
    mentor = course.colleague("Andrejs", Grant("mentor"))

    def switch(conn: Connection) -> int:
        return platforms.set_deployment_status(conn, 1, deployment, "disabled")

    with course.wiring.engine.connect() as conn:
        deployment = conn.scalar(sa.select(platforms.deployments.c.deployment_id))
    assert course.wiring.writer.run(switch) == 1
    assert answers() == (401, 401)
    assert mentor.go("/to-do").status == 200


def test_a_platform_that_is_gone_and_an_account_that_is_gone_end_sessions(course: World) -> None:
    _anna, answers = learner_at_work(course)
    key = actor_key(course.actor("anna"))
    course.wiring.writer.run(
        lambda conn: conn.execute(people.accounts.delete().where(people.accounts.c.actor_key == key))
    )
    assert answers() == (401, 401)
    course.person("elena").open(course.activities()["module/M01"]["id"])
    elena = course.person("elena")
    assert elena.page is not None
    course.wiring.writer.run(lambda conn: conn.execute(platforms.platforms.delete()))
    assert elena.go(elena.page.url).status == 401


def test_accounts_joined_while_a_session_runs_are_one_person_at_once(course: World) -> None:
    """The finish page speaks of all programmes of the person, those of the other account as well."""
    other = {"objectType": "Agent", "account": {"homePage": "https://other.example", "name": "9"}}

    def another(conn: Connection) -> str:
        person = people.arrive(conn, other, course.clock())
        people.enrol(conn, other, "DIGY", version, course.clock())
        return person

    anna, _answers = learner_at_work(course)
    version = next(one.version for one in current_programmes(course) if one.id == "DIGY")
    theirs = course.wiring.writer.run(another)

    def keys() -> list[str]:
        with course.wiring.engine.connect() as conn:
            return people.keys_here(conn, course.actor("anna"))

    assert keys() == [actor_key(course.actor("anna"))]

    def join(conn: Connection) -> str:
        mine = personas.find_persona(conn, course.actor("anna"))
        assert mine is not None
        return personas.join(conn, theirs, mine, "test", course.clock())  # anna's persona is no root any more

    joined = course.wiring.writer.run(join)
    assert set(keys()) == {actor_key(other), actor_key(course.actor("anna"))}
    assert "DIGY" in anna.go(f"{anna.root}/record").text
    course.wiring.writer.run(lambda conn: personas.undo(conn, joined, course.clock(), "test"))
    assert keys() == [actor_key(course.actor("anna"))]
