"""Rows of the table of rights about people: joined, moved, given roles; about courses, seminars and administration."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final, Protocol

import sqlalchemy as sa

import lti_tool.admin.views
from lti_tool import tenancy_views
from lti_tool.db import reading, writing
from lti_tool.gradebook.rows import deliveries
from lti_tool.papers import views as papers
from lti_tool.people.courses import courses
from tests.ecvet.revised import REWORDED, revise
from tests.learning import Browser, Place, Somebody


class Scene(Protocol):
    """One learner, and whoever tries something."""

    here: Place
    anna: Somebody


Tried = Callable[[Browser], int]
Try = Callable[[Any], Tried]
MENTOR, TRAINER, ASSESSOR, COORDINATOR, BOSS = "mentor", "trainer", "assessor", "coordinator", "institution admin"
STAFF: Final = {MENTOR, TRAINER, ASSESSOR, COORDINATOR}
HOME: Final = "LV-KISC"


def with_pages(here: Place) -> None:
    """The place has the pages of papers and of administrators as well."""
    if "papers" not in here.app.blueprints:
        here.app.register_blueprint(papers.blueprint(here.wiring))
    here.app.register_blueprint(lti_tool.admin.views.blueprint(here.wiring, tenancy_views.add_routes))


def before(scene: Scene, role: str = COORDINATOR) -> Browser:
    """Somebody who did what must be there."""
    return scene.here.browser(scene.here.holder(role, name="Somebody before"))  # type: ignore[arg-type]  # a Role


def posts(browser: Browser, path: str, data: dict[str, Any] | None = None) -> None:
    answer = browser.post(path, data)
    assert answer.status_code in (200, 303), answer.text


def first(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    assert found, text
    return found[1]


def opens(path: str) -> Try:
    return lambda scene: lambda browser: browser.get(path.format(person=scene.anna.person)).status_code


def sending(path: str, data: dict[str, Any]) -> Tried:
    return lambda browser: browser.post(path, data).status_code


def joining(scene: Scene) -> Tried:
    other = scene.here.learner("Ann", "CECO", home="https://two.example")
    return sending(f"/programme/CECO/learner/{scene.anna.person}/join", {"other": other.person, "reason": "one"})


def parting(scene: Scene) -> Tried:
    other = scene.here.learner("Ann", "CECO", home="https://two.example")
    browser, path = before(scene), f"/programme/CECO/learner/{scene.anna.person}"
    posts(browser, f"{path}/join", {"other": other.person, "reason": "one"})
    join = first(r'name="join" value="([^"]+)"', browser.get(f"{path}/join").text)
    return sending(f"{path}/part", {"join": join, "reason": "two"})


def moving(scene: Scene) -> Tried:
    to = revise(scene.here, *REWORDED).version
    return sending("/programme/CECO/move", {"person": scene.anna.person, "to": to, "reason": "new"})


def giving(scene: Scene) -> Tried:
    return sending("/roles", {"name": "Andris", "email": "", "role": MENTOR, "institution": HOME, "programme": "CECO"})


def withdrawing_role(scene: Scene) -> Tried:
    scene.here.holder("mentor", "CECO", HOME, name="Dace")
    with reading(scene.here.engine) as conn:
        number = conn.scalar(sa.text("SELECT max(id) FROM grants"))
    return sending("/roles/withdraw", {"grant": str(number)})


def course_of(scene: Scene) -> int:
    assert scene.anna.course is not None
    return scene.anna.course


def sending_again(scene: Scene) -> Tried:
    item, now = scene.here.column(course_of(scene), "M01"), scene.here.clock()
    row = {"line_item_id": item, "user_id": "anna", "actor_key": scene.anna.key, "version": 1, "done_version": 1}
    with writing(scene.here.engine) as conn:
        made = conn.execute(
            deliveries.insert()
            .values(**row, state="refused", problem="GRADE-REFUSED", due_at=now, changed_at=now)
            .returning(deliveries.c.id)
        ).scalar_one()
    return sending(f"/course/{course_of(scene)}/send-again", {"delivery": str(made)})


def listing_anew(scene: Scene) -> Tried:
    with writing(scene.here.engine) as conn:
        mine = courses.c.id == course_of(scene)
        conn.execute(courses.update().where(mine).values(roster_url="https://moodle.example.org/roster"))
    return sending(f"/course/{course_of(scene)}/learners", {})


def seminar(scene: Scene) -> str:
    """The address of a seminar that a trainer made."""
    browser = before(scene, TRAINER)
    data = {"unit": "BIB-U1", "title": "x", "day": "2022-10-13", "hours": "2"}
    posts(browser, "/programme/CECO/seminars", data)
    id = first(r"/programme/CECO/seminars/([0-9a-f-]{36})", browser.get("/programme/CECO/seminars").text)
    return f"/programme/CECO/seminars/{id}"


def attending(scene: Scene) -> Tried:
    return sending(seminar(scene), {"listed": scene.anna.person, "here": scene.anna.person})


def opening_code(scene: Scene) -> Tried:
    return sending(seminar(scene) + "/open", {"open": "yes"})


ADMINISTRATION: Final = (
    "/admin/add/invitation",
    "/admin/add/platform",
    "/admin/clients",
    "/admin/clients/k/revoke",
    "/admin/mail/1",
    "/admin/merges/1/undo",
    "/admin/platforms/1",
    "/admin/platforms/1/check",
    "/admin/platforms/1/delete",
    "/admin/platforms/1/institution",
    "/admin/platforms/1/merge",
    "/admin/platforms/1/names",
)


def administering(_scene: Scene) -> Tried:
    """Each form, with nothing in it: it is read by administrators and refused to all others."""

    def tried(browser: Browser) -> int:
        found = {browser.post(path).status_code for path in ADMINISTRATION}
        if found & {401, 403}:
            assert found <= {401, 403}, "some of it is open"
            return max(found)
        assert found <= {200, 303, 400, 404, 409}
        return 200

    return tried


PEOPLE: Final[dict[str, tuple[set[str], Try]]] = {
    "join two learners who are one person": ({COORDINATOR}, joining),
    "part learners who were joined": ({COORDINATOR}, parting),
    "move learners to another version of the programme": ({COORDINATOR}, moving),
    "see who is on which version": ({COORDINATOR}, opens("/programme/CECO/move")),
    "see who holds roles in the own institution": ({BOSS}, opens("/roles")),
    "give a role in the own institution": ({BOSS}, giving),
    "withdraw a role in the own institution": ({BOSS}, withdrawing_role),
    "see a course with its learners": (STAFF | {"teacher of the course"}, opens("/course/1")),
    "see the grades of a course": (STAFF | {"teacher of the course"}, opens("/course/1/grades")),
    "send grades of a course again": (STAFF | {"teacher of the course"}, sending_again),
    "have the list of learners of a course read": (STAFF | {"teacher of the course"}, listing_anew),
    "enter who was at a seminar": ({TRAINER}, attending),
    "show the code of a seminar": ({TRAINER}, opening_code),
    "manage LMSs, clients of the record store and mails": ({"admin"}, administering),
}
