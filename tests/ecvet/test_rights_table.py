"""Who may do what: one test for each cell of docs/rights.md, made by `python -m tests.ecvet.test_rights_table`."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
import sqlalchemy as sa
from flask import Flask, request, request_started

from lti_tool.db import reading
from lti_tool.ecvet import store
from tests.agreements import rights
from tests.ecvet.rights_evidence import EVIDENCE
from tests.ecvet.rights_people import PEOPLE, with_pages
from tests.ecvet.rights_routes import ROUTES
from tests.learning import Browser, Place, Somebody

PAGE = Path(__file__).parents[2] / "docs" / "rights.md"
COLUMNS: Final = (
    "the learner",
    "another learner",
    "teacher of the course",
    "mentor",
    "trainer",
    "assessor",
    "coordinator",
    "moderator",
    "institution admin",
    "admin",
    "nobody signed in",
)
REFUSED: Final = {401, 403, 404}
UNIT = "CECO-U8"
ANNOUNCED: Final = {"audience": "CECO|", "text": "Seminar on Friday.", "language": "en", "until": "2022-10-20"}
STUDY = "/record/unit/BIB-U1/self-study?programme=CECO"
WORK = "/programme/CECO/learner/{person}/unit/BIB-U7/work"
TAKE_BACK = "/record/unit/BIB-U1/self-study/take-back?programme=CECO"


@dataclass
class Scene:
    """One learner, and whoever tries something."""

    here: Place
    anna: Somebody

    @property
    def unit(self) -> str:
        return f"/programme/CECO/learner/{self.anna.person}/unit/{UNIT}"

    def decided(self, *kinds: str) -> None:
        """A coordinator has done these acts on the first unit."""
        browser = self.here.browser(self.here.holder("coordinator", name="Somebody before"))
        for kind in kinds:
            assert browser.post(self.act("decide"), self.decision(kind)).status_code == 303

    def act(self, name: str) -> str:
        return f"/programme/CECO/learner/{self.anna.person}/unit/BIB-U1/{name}"

    def decision(self, kind: str) -> dict[str, Any]:
        found = self.here.record(self.anna).unit("BIB-U1")
        assert found is not None
        result = "achieved" if kind == "assess" else "granted"
        return {"act": f"{kind}:{result}", "reason": "seen", "outcome": [one.id for one in found.unit.outcomes]}

    def logged(self) -> str:
        """Hours of the learner that wait."""
        data = {"mode": "work_based", "day": "2022-10-12", "hours": "3", "tasks": "x"}
        answer = self.here.browser(self.anna).post(f"/record/unit/{UNIT}/hours?programme=CECO", data)
        assert answer.status_code == 303
        return str(self.here.record(self.anna).statements[-1]["id"])

    def declared(self) -> str:
        """Self-study that the learner has declared."""
        assert self.here.browser(self.anna).post(STUDY, studied(self)).status_code == 303
        return str(self.here.record(self.anna).statements[-1]["id"])


Try = Callable[[Scene], Callable[[Browser], int]]
"""Makes what must be there, and gives what is then tried: the status of the answer."""


def opens(path: str) -> Try:
    def ready(scene: Scene) -> Callable[[Browser], int]:
        return lambda browser: browser.get(path.format(person=scene.anna.person)).status_code

    return ready


def sends(path: str, make: Callable[[Scene], dict[str, Any]]) -> Try:
    def ready(scene: Scene) -> Callable[[Browser], int]:
        data = make(scene)
        return lambda browser: browser.post(path.format(person=scene.anna.person), data).status_code

    return ready


def deciding(kind: str, *before: str) -> Try:
    def ready(scene: Scene) -> Callable[[Browser], int]:
        scene.here.demonstrates_u1(scene.anna)
        scene.decided(*before)
        data = scene.decision(kind)
        return lambda browser: browser.post(scene.act("decide"), data).status_code

    return ready


def withdrawing(kind: str, *before: str) -> Try:
    def ready(scene: Scene) -> Callable[[Browser], int]:
        scene.here.demonstrates_u1(scene.anna)
        scene.decided(*before, kind)
        data = {
            "decision": next(one.id for one in scene.here.record(scene.anna).decisions if one.kind == kind),
            "reason": "erred",
        }
        return lambda browser: browser.post(scene.act("withdraw"), data).status_code

    return ready


def claimed(scene: Scene) -> str:
    data = {
        "programme": "CECO", "title": "ECDL", "issuer": "RTU", "day": "2021-05-01", "hours": "12", "module": "M01",
        "certificate": (io.BytesIO(b"%PDF-1.7\n"), "a.pdf"),
    }  # fmt: skip
    browser = scene.here.browser(scene.anna)
    assert browser.post("/record/prior", data, content_type="multipart/form-data").status_code == 303
    page = scene.here.browser(scene.anna).get("/record/prior?programme=CECO").text
    return re.findall(r'name="claim" value="([^"]+)"', page)[0]


def takes_announcement_back(scene: Scene) -> Callable[[Browser], int]:
    speaker = scene.here.browser(scene.here.holder("coordinator", name="Somebody who spoke"))
    assert speaker.post("/announcements", ANNOUNCED).status_code == 303
    path = re.findall(r"(/announcements/[0-9a-f-]+/take-back)", speaker.get("/announcements").text)[0]
    return lambda browser: browser.post(path).status_code


def reads_file(scene: Scene) -> Callable[[Browser], int]:
    claimed(scene)
    path = re.findall(r"(/file/[0-9a-f-]+)", scene.here.browser(scene.anna).get("/record/prior?programme=CECO").text)[0]

    def read(browser: Browser) -> int:
        with browser.get(path) as answer:
            return answer.status_code

    return read


def handed_in(scene: Scene) -> str:
    """Project work of the learner that waits."""
    assert scene.here.browser(scene.anna).post("/record/unit/BIB-U7/work", work(scene)).status_code == 303
    return works(scene)[0]


def works(scene: Scene) -> list[str]:
    with reading(scene.here.engine) as conn:
        return list(conn.scalars(sa.text("SELECT id FROM project_works")))


def work(_scene: Scene) -> dict[str, Any]:
    return {"programme": "CECO", "title": "x", "description": "x", "links": "https://example.org/", "hours": "2"}


def said_of_work(result: str) -> Callable[[Scene], dict[str, Any]]:
    def make(scene: Scene) -> dict[str, Any]:
        levels = {f"level-{one}": "good" for one in ("purpose", "content", "access", "rights", "lasting")}
        data = {"work": handed_in(scene), "version": "1", "reason": "x", **levels}
        if result == "withdrawn":
            path = WORK.format(person=scene.anna.person)
            browser = scene.here.browser(scene.here.holder("assessor", name="Somebody before"))
            assert browser.post(path, {**data, "result": "rated"}).status_code == 303
        return {**data, "result": result}

    return make


def spent(mode: str) -> Callable[[Scene], dict[str, Any]]:
    return lambda scene: {"mode": mode, "day": "2022-10-12", "hours": "2", "tasks": "x"}


def studied(scene: Scene) -> dict[str, Any]:
    return {"module": "M01", "study_day": "2022-10-12", "study_hours": "2", "what": "x"}


def rating(scene: Scene) -> dict[str, Any]:
    found = scene.here.record(scene.anna).unit(UNIT)
    assert found is not None
    return {"task": "x", "outcome": found.unit.outcomes[0].id, "name": "Jānis Bērziņš", "language": "en", "days": "7"}


MENTOR, TRAINER, ASSESSOR, COORDINATOR = "mentor", "trainer", "assessor", "coordinator"
STAFF = {MENTOR, TRAINER, ASSESSOR, COORDINATOR}
LEARNER = "/programme/CECO/learner/{person}"
RIGHTS: Final[dict[str, tuple[set[str], Try]]] = {
    "see the list of learners": (STAFF, opens("/programme?programme=CECO")),
    "see a learner's record": (STAFF, opens(LEARNER)),
    "see a unit with its evidence": (STAFF, opens(LEARNER + "/unit/BIB-U1")),
    "see one's own record": ({"the learner"}, opens("/record/unit/CECO-U8?programme=CECO")),
    "see what is open to oneself": ({"the learner"}, opens("/record/opportunities?programme=CECO")),
    "read a file that the learner handed in": (STAFF | {"the learner"}, reads_file),
    "see what waits": (STAFF, opens("/to-do")),
    "see figures over learners": (
        {TRAINER, ASSESSOR, COORDINATOR, "moderator", "institution admin", "admin"},
        opens("/insight"),
    ),
    "announce something to all learners": (
        {TRAINER, COORDINATOR, "moderator"},
        sends("/announcements", lambda _scene: ANNOUNCED),
    ),
    "take an announcement back": ({TRAINER, COORDINATOR, "moderator"}, takes_announcement_back),
    "assess": ({ASSESSOR, COORDINATOR}, deciding("assess")),
    "validate": ({COORDINATOR}, deciding("validate", "assess")),
    "recognise": ({COORDINATOR}, deciding("recognise", "assess", "validate")),
    "withdraw an assessment": ({ASSESSOR, COORDINATOR}, withdrawing("assess")),
    "withdraw a validation": ({COORDINATOR}, withdrawing("validate", "assess")),
    "withdraw a recognition": ({COORDINATOR}, withdrawing("recognise", "assess", "validate")),
    "accept or refuse prior learning": (
        {ASSESSOR, COORDINATOR},
        sends(
            LEARNER + "/prior",
            lambda scene: {"claim": claimed(scene), "result": "accepted", "reason": "x", "module": "M01"},
        ),
    ),
    "enter attendance": ({TRAINER}, sends(LEARNER + "/unit/BIB-U1/hours", spent("face_to_face"))),
    "hold a seminar": (
        {TRAINER},
        sends(
            "/programme/CECO/seminars",
            lambda scene: {"unit": "BIB-U1", "title": "x", "day": "2022-10-13", "hours": "2"},
        ),
    ),
    "enter project hours": ({MENTOR, TRAINER}, sends(LEARNER + "/unit/BIB-U7/hours", spent("project_based"))),
    "enter hours of assessment": (
        {TRAINER, ASSESSOR, COORDINATOR},
        sends(LEARNER + "/unit/BIB-U1/hours", spent("assessment")),
    ),
    "enter hours of work-based learning": ({MENTOR}, sends(LEARNER + f"/unit/{UNIT}/hours", spent("work_based"))),
    "confirm hours that the learner entered": (
        {MENTOR},
        sends(LEARNER + f"/unit/{UNIT}/confirm", lambda scene: {"entry": scene.logged()}),
    ),
    "return hours with a comment": (
        {MENTOR},
        sends(LEARNER + f"/unit/{UNIT}/return", lambda scene: {"entry": scene.logged(), "comment": "x"}),
    ),
    "confirm hours from the list of what waits": (
        {MENTOR},
        sends(
            "/to-do/confirm",
            lambda scene: {"entry": scene.logged(), "programme": "CECO", "person": scene.anna.person},
        ),
    ),
    "enter as done what was seen": (
        {MENTOR, TRAINER},
        sends(LEARNER + "/unit/BIB-U1/done", lambda scene: {"what": "outcome/BIB-U1-K1"}),
    ),
    "ask somebody without an account for a rating": (STAFF, sends(LEARNER + f"/unit/{UNIT}/observations", rating)),
    "see project work that was handed in": (STAFF, opens(WORK)),
    "rate project work": ({ASSESSOR, COORDINATOR}, sends(WORK, said_of_work("rated"))),
    "return project work with a comment": ({ASSESSOR, COORDINATOR}, sends(WORK, said_of_work("returned"))),
    "withdraw a rating of project work": ({ASSESSOR, COORDINATOR}, sends(WORK, said_of_work("withdrawn"))),
    "hand in one's own project work": ({"the learner"}, sends("/record/unit/BIB-U7/work", work)),
    "log one's own hours": (
        {"the learner"},
        sends(f"/record/unit/{UNIT}/hours?programme=CECO", spent("work_based")),
    ),
    "declare one's own self-study": ({"the learner"}, sends(STUDY, studied)),
    "take back what one declared": (
        {"the learner"},
        sends(TAKE_BACK, lambda scene: {"entry": scene.declared()}),
    ),
    **rights.AGREEMENTS,
    **EVIDENCE,
    **PEOPLE,
}
CELLS = [(action, column) for action in RIGHTS for column in COLUMNS]


@pytest.fixture
def scene(here: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    monkeypatch.chdir(tmp_path)  # DATA_DIR is relative by default
    rights.with_pages(here)
    with_pages(here)
    return Scene(here, here.learner("Anna", "CECO", course=here.course()))


def browser_of(scene: Scene, column: str) -> Browser:
    here = scene.here
    if column == "the learner":
        return here.browser(scene.anna)
    if column == "another learner":
        return here.browser(here.learner("Boris", "DIGY", course=here.course()))
    if column == "teacher of the course":
        return here.browser(here.teacher(here.course()))
    if column == "institution admin":
        return here.browser(here.holder("institution_admin", None, "LV-KISC"))
    if column == "admin":
        return here.browser(here.holder("admin", None))
    return here.browser(None if column == "nobody signed in" else here.holder(column))  # type: ignore[arg-type]  # a Role


def written(scene: Scene) -> tuple[int, ...]:
    """How much there is: statements, decisions, invitations, project work and what was said to it, agreements."""
    record = scene.here.record(scene.anna)
    with reading(scene.here.engine) as conn:
        tables = ("observation_links", "project_versions", "project_acts", *rights.TABLES)
        rows = [conn.scalar(sa.text(f"SELECT count(*) FROM {name}")) or 0 for name in tables]
        decisions = len(store.decisions_of(conn, [scene.anna.key]))
    return len(record.statements), decisions, *rows


@contextmanager
def forms_tried(scene: Scene) -> Iterator[list[str]]:
    """The endpoints of forms that are sent meanwhile."""
    found: list[str] = []

    def note(_app: Flask, **_more: object) -> None:
        if request.method == "POST" and request.endpoint:
            found.append(request.endpoint)

    with request_started.connected_to(note, scene.here.app):
        yield found


@pytest.mark.parametrize(("action", "column"), CELLS, ids=[f"{action}-{column}" for action, column in CELLS])
def test_a_cell(scene: Scene, action: str, column: str) -> None:
    allowed, ready = RIGHTS[action]
    tried = ready(scene)
    browser, before = browser_of(scene, column), written(scene)
    with forms_tried(scene) as forms:
        status = tried(browser)
    assert [one for one in forms if action not in ROUTES.get(one, ())] == [], "name the row in rights_routes.py"
    if column in allowed:
        assert status in (200, 303)
    else:
        assert status in REFUSED
        assert written(scene) == before


def test_a_moderator_decides_nothing_and_reads_no_record() -> None:
    assert [action for action, (allowed, _try) in RIGHTS.items() if "moderator" in allowed] == [
        "see figures over learners",
        "announce something to all learners",
        "take an announcement back",
    ]


def table() -> str:
    """The text that docs/rights.md should have."""
    head = [
        "# Who may do what",
        "",
        "Made by `python -m tests.ecvet.test_rights_table`; each cell has its test. Roles are granted for a programme,",
        "an institution, both, or everywhere, and reach no further. Nobody enters or decides about themselves.",
        "A link for a rating is good for whoever holds it, once, for its one learner and task; a link of a portfolio",
        "shows it until it ends or is taken back. Whoever has two accounts joins them by a code from both sides.",
        "People are erased on the command line alone. Forms whose right is no role are in",
        "`tests/ecvet/test_rights_routes.py`.",
        "",
        "| | " + " | ".join(COLUMNS) + " |",
        "| --- |" + " :-: |" * len(COLUMNS),
    ]
    rows = [
        f"| {action} | " + " | ".join("yes" if column in allowed else "" for column in COLUMNS) + " |"
        for action, (allowed, _try) in RIGHTS.items()
    ]
    return "\n".join([*head, *rows]) + "\n"


def test_the_guide_is_this_table() -> None:
    assert PAGE.read_text(encoding="utf-8") == table(), "run: python -m tests.ecvet.test_rights_table > docs/rights.md"


if __name__ == "__main__":
    sys.stdout.write(table())
