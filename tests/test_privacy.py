"""What is kept is told to everybody; what is kept of somebody, to them and to administrators of their LMS; and an LMS
from which no names are to be learned teaches us none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa
from lxml import html as parser

import lti_tool.db
from lti_tool import anonymity, audit
from lti_tool.db import reading
from lti_tool.errors import ToolError
from lti_tool.gradebook.roster import Rosters
from lti_tool.launch.claims import FOR_USER, MESSAGE_TYPE, RESOURCE_LINK, ROLES
from lti_tool.launch.keys import ToolKeys
from lti_tool.people import store as people
from lti_tool.practice.browserless import Answer, resign
from tests.builders import LEARNER
from tests.conftest import Clock
from tests.world import World, tree, world

ADMINISTRATOR = "http://purl.imsglobal.org/vocab/lis/v2/institution/person#Administrator"


@pytest.fixture
def course(database_url: str, tmp_path: Path, clock: Clock) -> Iterator[World]:
    with world(database_url, tmp_path, clock, contact="privacy@example.org") as made:
        assert made.register().status == 200
        made.add("CECO/module/M01")
        yield made


def asks(course: World, login: str, for_user: str | None, *roles: str) -> Answer:
    """A data privacy message, opened by this person; what their browser is shown."""
    person = course.person(login)
    browser = person.browser
    begun = browser.authorise(browser.login(browser.start(int(course.activities()["module/M01"]["id"]))))
    changes: dict[str, Any] = {MESSAGE_TYPE: "LtiDataPrivacyLaunchRequest", ROLES: list(roles)}
    if for_user is not None:
        changes[FOR_USER] = {"user_id": for_user, "name": "Anna Secret", "email": "secret@example.org"}
    return person.follow(browser.post(resign(course.lms.lms, begun, changes, without=[RESOURCE_LINK])))


def stored(course: World) -> str:
    """Every row of the tool, as text."""
    with reading(course.wiring.engine) as conn:
        return "\n".join(
            str(tuple(row)) for table in lti_tool.db.metadata.sorted_tables for row in conn.execute(sa.select(table))
        )


def test_everybody_may_read_what_is_kept_and_whom_to_ask(course: World) -> None:
    page = course.app.test_client().get("/privacy")
    assert page.status_code == 200
    assert "privacy@example.org" in page.text and "What is kept of user" not in page.text


@pytest.mark.parametrize("path", ["/", "/sign-in", "/check"])
def test_every_page_leads_to_it_at_its_foot(course: World, path: str) -> None:
    (foot,) = parser.fromstring(course.app.test_client().get(path).text).iter("footer")
    assert [link.get("href") for link in foot.iter("a")] == ["/check", "/privacy"]


def test_in_a_course_the_foot_leads_to_it_in_the_same_session(course: World) -> None:
    page = course.person("karlis").open(course.activities()["module/M01"]["id"])
    (foot,) = tree(page).find_class("site-foot")
    (link,) = foot.iter("a")
    session = urlsplit(page.url).path.split("/module/")[0]
    assert link.get("href") == f"{session}/privacy"


def test_an_administrator_of_the_lms_sees_what_is_kept_of_a_user_and_the_claim_is_kept_without_names(
    course: World,
) -> None:
    course.person("karlis").open(course.activities()["module/M01"]["id"])
    user = course.lms.user_id("karlis")
    page = asks(course, "teacher", user, ADMINISTRATOR)
    assert page.status == 200
    with reading(course.wiring.engine) as conn:
        name = conn.scalar(sa.select(people.accounts.c.name).where(people.accounts.c.actor_key.endswith(f"|{user}")))
    assert name and name in page.text
    assert f"What is kept of user {user}" in page.text
    assert "Secret" not in stored(course) and "secret@example.org" not in stored(course)


def test_a_learner_sees_their_own_and_nobody_elses(course: World) -> None:
    for login in ("anna", "karlis"):
        course.person(login).open(course.activities()["module/M01"]["id"])
    anna = course.lms.user_id("anna")
    hers = f"utente {anna}"  # each reads it in their own language
    assert hers in asks(course, "anna", None, LEARNER).text
    assert hers in asks(course, "anna", anna, LEARNER).text
    page = asks(course, "karlis", anna, LEARNER)
    assert page.status == 200
    assert "tiek rādīts tikai platformas administratoriem" in page.text and f"lietotāju {anna}" not in page.text


def test_a_message_for_nobody_in_particular_and_for_somebody_unknown(course: World) -> None:
    assert "What is kept of user" not in asks(course, "teacher", None, ADMINISTRATOR).text
    assert "Nothing is kept of this user" in asks(course, "teacher", "9999", ADMINISTRATOR).text


def names_known(course: World) -> set[str]:
    with reading(course.wiring.engine) as conn:
        rows = conn.execute(sa.select(people.accounts.c.name, people.accounts.c.email)).all()
    return {value for row in rows for value in row if value}


def test_no_names_are_learned_from_a_nameless_lms_and_those_known_are_blanked(course: World, clock: Clock) -> None:
    activity = course.activities()["module/M01"]["id"]
    course.person("elena").open(activity)
    assert names_known(course)

    def switch(anonymous: bool) -> int:
        return course.wiring.writer.run(
            lambda conn: anonymity.switch(conn, 1, anonymous, "admin", "a contract says so", clock())
        )

    assert switch(True) >= 1
    assert names_known(course) == set()
    course.person("elena").open(activity)
    course.person("karlis").open(activity)
    teacher = course.person("teacher")
    page = teacher.open(activity)
    assert page.status == 200
    keys = ToolKeys(course.wiring.settings.keys_dir, clock)
    assert Rosters(course.wiring, keys.sign, spread=lambda: 0.0).run_due() == 1
    assert names_known(course) == set()
    shown = teacher.go(f"{teacher.root}/course").text
    assert "Learner " in shown and "Bērziņ" not in shown
    with reading(course.wiring.engine) as conn:
        (act,) = audit.acts(conn)
    assert (act.kind, act.why, act.detail["anonymous"]) == ("platform_names", "a contract says so", True)
    assert switch(False) == 0
    course.person("elena").open(activity)
    assert names_known(course)


def test_a_number_of_no_lms_switches_nothing(course: World, clock: Clock) -> None:
    with pytest.raises(ToolError, match="PLATFORM-UNKNOWN"):
        course.wiring.writer.run(lambda conn: anonymity.switch(conn, 99, True, "admin", "", clock()))
