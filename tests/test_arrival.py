"""Where a launch leads, with both sides."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from lti_tool.db import reading, writing
from lti_tool.launch import platforms
from lti_tool.launch.claims import AGS, CONTEXT, CUSTOM, NRPS, RESOURCE_LINK, SCOPE_LINE_ITEM, SCOPE_SCORE
from lti_tool.people import enrolments
from lti_tool.people import store as people
from lti_tool.practice.browserless import Answer, Step, resign
from tests.conftest import Clock
from tests.practice_server import TOOL_URL
from tests.test_flows import link_by_hand
from tests.world import World, world


@pytest.fixture
def course(sqlite_engine: Engine, tmp_path: Path, clock: Clock) -> Iterator[World]:
    """A course with the module M01."""
    with world(sqlite_engine.url.render_as_string(hide_password=False), tmp_path, clock) as made:
        assert made.register().status == 200
        made.add("CECO/module/M01")
        yield made


def test_from_the_gradebook_a_teacher_comes_to_the_course_and_a_learner_to_the_module(course: World) -> None:
    activity = course.activities()["module/M01"]["id"]
    anna = course.lms.user_id("anna")
    course.person("anna").open(activity)
    shown = {
        login: (person := course.person(login)).follow(person.browser.launch(activity, review=anna).answer)
        for login in ("teacher", "anna")
    }
    assert {login: page.status for login, page in shown.items()} == {"teacher": 200, "anna": 200}
    assert re.search(r"/course/1/learner/[0-9a-f-]{36}/module/M01$", shown["teacher"].url)
    assert "What was recorded" in shown["teacher"].text
    teacher = course.person("teacher")
    column = teacher.follow(teacher.browser.launch(activity, review="0").answer)
    assert (column.status, column.url.rpartition("/")[2]) == (200, "course")
    assert shown["anna"].url.endswith("/module/M01/1")


def test_a_grade_of_somebody_who_never_came_shows_the_course(course: World) -> None:
    nikos, teacher = course.lms.user_id("nikos"), course.person("teacher")
    activity = course.activities()["module/M01"]["id"]
    page = teacher.follow(teacher.browser.launch(activity, review=nikos).answer)
    assert (page.status, page.url.rpartition("/")[2]) == (200, f"course?learner={nikos}")


def test_the_grade_of_a_unit_opens_the_learners_outcomes_for_the_teacher_and_the_own_unit_for_the_learner(
    course: World,
) -> None:
    course.add("CECO/progress/BIB-U1")
    activity = course.activities()["unit/BIB-U1"]["id"]
    karlis = course.lms.user_id("karlis")
    learner, teacher = course.person("karlis"), course.person("teacher")
    learner.open(activity)
    seen = teacher.follow(teacher.browser.launch(activity, review=karlis).answer)
    assert (seen.status, seen.url.rpartition("/")[2]) == (200, "BIB-U1")
    assert "/course/1/learner/" in seen.url and "BIB-U1-K1" in seen.text
    own = learner.follow(learner.browser.launch(activity, review=karlis).answer)
    assert own.status == 200
    assert "/course/" not in own.url


def test_who_comes_new_begins_at_the_institution_of_the_lms_and_nobody_is_moved(course: World) -> None:
    activity = course.activities()["module/M01"]["id"]

    def institutions() -> dict[str, str | None]:
        with reading(course.wiring.engine) as conn:
            actors = conn.execute(sa.select(people.accounts.c.actor_key, people.accounts.c.name))
            names = {row.actor_key: row.name or "" for row in actors}
            return {names[one.actor_key].split()[0]: one.institution for one in people.enrolled_in(conn, "CECO")}

    def named(institution: str | None) -> None:
        with writing(course.wiring.engine) as conn:
            assert platforms.set_institution(conn, 1, institution, course.clock())

    course.person("karlis").open(activity)
    named("LV-KISC")
    course.person("karlis").open(activity)  # came before: stays at no institution until somebody says
    course.person("elena").open(activity)
    with writing(course.wiring.engine) as conn:
        key = next(one.actor_key for one in people.enrolled_in(conn, "CECO") if one.institution == "LV-KISC")
        enrolments.place(conn, [key], "CECO", "BG-GLBF")
    course.person("elena").open(activity)  # moved by hand: stays there
    named("XX-NONE")
    course.person("nikos").open(activity)  # the programme does not name it
    assert institutions() == {"Kārlis": None, "Елена": "BG-GLBF", "Νίκος": None}


def copied(course: World, activity: str, login: str, **changes: object) -> Answer:
    """A launch of this activity from a copy of its course: other ids, and the histories that the LMS tells."""
    person = course.person(login)
    begun = person.browser.authorise(person.browser.login(person.browser.start(int(activity))))
    told = {
        CONTEXT: {"id": "77", "title": "The copy"},
        RESOURCE_LINK: {"id": "copied-1", "title": "By hand"},
        CUSTOM: {"context_history": "1", "link_history": "$ResourceLink.id.history"},
        **changes,
    }
    return person.follow(person.browser.post(resign(course.lms.lms, begun, told)))


def test_the_teacher_of_a_copied_course_is_asked_once_whether_it_uses_the_same_modules(course: World) -> None:
    teacher, activity = course.person("teacher"), link_by_hand(course, "By hand", {})
    teacher.open(activity)
    teacher.send(teacher.form("/link"), pick="CECO/module/M02")
    assert copied(course, activity, "karlis").url.endswith("/link")
    page = copied(course, activity, "teacher")
    assert "Use the same modules?" in page.text and "By hand" in page.text
    assert course.person("karlis").go(f"{course.person('karlis').root}/link").status == 200
    refused = Step("POST", f"{TOOL_URL}{course.person('karlis').root}/link/copy", {"same": "yes"})
    assert course.person("karlis").browser.tool(refused).status == 403
    assert teacher.send(teacher.form("/link/copy"), same="yes").url.endswith("/module/M02/1")
    assert copied(course, activity, "karlis").url.endswith("/module/M02/1")
    other = {RESOURCE_LINK: {"id": "copied-2", "title": "Another"}}
    assert "Use the same modules?" not in copied(course, activity, "teacher", **other).text


def test_a_link_that_the_lms_says_was_copied_opens_the_same_at_once(course: World) -> None:
    teacher, activity = course.person("teacher"), link_by_hand(course, "By hand", {})
    teacher.open(activity)
    teacher.send(teacher.form("/link"), pick="CECO/module/M02")
    link = next(a["resource_link_id"] for a in course.lms.state()["activities"] if str(a["id"]) == str(activity))
    told = {CUSTOM: {"context_history": "", "link_history": f"nearer,{link}"}}
    assert copied(course, activity, "karlis", **told).url.endswith("/module/M02/1")


@pytest.mark.parametrize("odd", [5, True, "all", ["a"], [5], {"a": 1}, None])
def test_a_service_that_makes_no_sense_keeps_nobody_out(course: World, odd: object) -> None:
    ags = {"lineitem": odd, "lineitems": odd, "scope": odd}
    claims = {AGS: ags, NRPS: {"context_memberships_url": odd, "service_versions": odd}}
    for changes in (claims, {AGS: {**ags, "scope": [SCOPE_SCORE, SCOPE_LINE_ITEM]}}):
        for login in ("anna", "teacher"):
            person = course.person(login)
            browser = person.browser
            begun = browser.authorise(browser.login(browser.start(int(course.activities()["module/M01"]["id"]))))
            assert person.follow(browser.post(resign(course.lms.lms, begun, changes))).status == 200
