"""What a new practice LMS has in it, and doing by function what one does on its pages: for the demo and for tests."""

import secrets
import sqlite3
from collections.abc import Mapping
from typing import Any

from lti_tool.practice import activities, groups, people, tools
from lti_tool.practice.deep_linking import Item, add_item
from lti_tool.practice.lms import Practice
from lti_tool.practice.registration import grant_scopes
from lti_tool.practice.tools import Configuration, Tool, find_origin
from lti_tool.practice.vocabulary import CLAIMS, SCOPES

# login, given name, family name, locale, names released
LEARNERS = (
    ("karlis", "Kārlis", "Ģēķis-Čaks", "lv", True),
    ("elena", "Елена", "Димитрова", "bg", True),
    ("nikos", "Νίκος", "Παπαδόπουλος", "el", True),
    ("anna", "Anna", "Rossi", "it", False),
)
LOGINS = ("admin", "teacher", *(learner[0] for learner in LEARNERS))


def seed(db: sqlite3.Connection) -> None:
    """Six people and two courses, in a database that has none; otherwise nothing changes."""
    if people.list_people(db):
        return
    people.add_person(db, "admin", "Zane", "Ozola", admin=True)
    teacher = people.add_person(db, "teacher", "Ilze", "Bērziņa", locale="en")
    first = people.add_course(db, "CECO1", "Community engagement and communication officer, group 1")
    second = people.add_course(db, "DIGY1", "Digital transformation facilitator, group 1")
    for course in (first, second):
        people.enrol(db, course, teacher, people.INSTRUCTOR)
    learners = []
    for number, (login, given, family, locale, released) in enumerate(LEARNERS):
        learner = people.add_person(db, login, given, family, locale=locale, released=released)
        people.enrol(db, first, learner, people.LEARNER)
        if number < 2:
            people.enrol(db, second, learner, people.LEARNER)
        learners.append(learner)
    groups.add_group(db, first, "Riga", learners[:2], set_name="Towns")
    groups.add_group(db, first, "Athens", learners[2:3], set_name="Towns")


def register_tool(
    lms: Practice,
    base_url: str,
    *,
    name: str = "LTI tool",
    client_id: str | None = None,
    target_link_uri: str | None = None,
    custom: Mapping[str, str] | None = None,
    scopes: tuple[str, ...] = SCOPES,
    claims: tuple[str, ...] = CLAIMS,
    active: bool = True,
    **more: Any,
) -> Tool:
    """A tool as if registered by hand. Its addresses are `base_url`/lti/login, /lti/launch and /lti/jwks, unless
    `more` has other values for the fields of `Configuration`."""
    base = base_url.rstrip("/")
    target = target_link_uri or f"{base}/lti/launch"
    fields: dict[str, Any] = {
        "initiate_login_uri": f"{base}/lti/login",
        "redirect_uris": (f"{base}/lti/launch",),
        "jwks_uri": f"{base}/lti/jwks",
        "deep_link_uri": target,
        "domain": find_origin(target).partition("://")[2],
        **more,
    }
    configuration = Configuration(
        name=name,
        target_link_uri=target,
        custom=dict(custom or {}),
        scopes=grant_scopes(list(scopes)),
        claims=claims,
        **fields,
    )
    with lms.store.transaction() as db:
        return tools.add_tool(db, client_id or secrets.token_urlsafe(12), configuration, lms.now(), active=active)


def add_activity(
    lms: Practice,
    tool: Tool,
    title: str,
    *,
    course_id: int = 1,
    url: str = "",
    custom: Mapping[str, str] | None = None,
    line_item: Mapping[str, Any] | None = None,
    text: str = "",
) -> activities.Activity:
    """An activity as if chosen by deep linking. `line_item` as in a content item: {"scoreMaximum": 100, …}."""
    item = Item(title, text, url, dict(custom or {}), None, None, "", line_item)
    with lms.store.transaction() as db:
        return add_item(db, course_id, tool, item)
