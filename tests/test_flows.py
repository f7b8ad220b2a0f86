"""The whole way, with both sides: registration, choosing, learning, grades, records, decisions. On both databases."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lti_tool.db import reading
from lti_tool.gradebook import store as gradebook
from lti_tool.people.roles import Grant
from lti_tool.practice.browserless import Answer, Step
from lti_tool.practice.seed import add_activity
from lti_tool.practice.tools import list_tools
from tests.conftest import Clock
from tests.practice_server import TOOL_URL
from tests.world import Person, World, tree, world
from xapi import personas

U1 = tuple(f"M0{number}" for number in range(1, 10))
IRI = "tag:biblio-project.eu,2022:"
PASSED_M01 = "M01 Browsing, searching and filtering information – passed, 100%"


@pytest.fixture
def flow(database_url: str, tmp_path: Path, clock: Clock) -> Iterator[World]:
    """A tool that the practice LMS has registered; no course has anything of it yet."""
    with world(database_url, tmp_path, clock) as made:
        assert made.register().status == 200
        yield made


def words(answer: Answer) -> str:
    """What a reader sees of a page."""
    assert answer.status == 200, f"{answer.url}: {answer.status} {answer.text[:3000]}"
    main = tree(answer).xpath("//main")[0]
    return " ".join(main.text_content().split())


def english(person: Person) -> None:
    """The person chooses English for this visit."""
    assert person.page is not None
    person.go(f"{person.page.url}?lang=en")


def link_by_hand(flow: World, title: str, custom: dict[str, str], *, course: int = 1, graded: bool = False) -> str:
    """An activity as a teacher makes it without deep linking; its number."""
    lms = flow.lms.lms
    with lms.store.transaction() as db:
        tool = list_tools(db)[-1]
    made = add_activity(
        lms, tool, title, course_id=course, custom=custom, line_item={"scoreMaximum": 100} if graded else None
    )
    return str(made.id)


def learn(person: Person, activity: dict[str, Any], code: str) -> Answer:
    """From the launch to the finish page of a module, in one sitting."""
    assert person.open(activity["id"]).status == 200
    person.read()
    assert person.answer(code).status == 200
    return person.go(f"{person.root}/module/{code}/finish")


def test_from_registration_to_the_grade_and_the_record(flow: World, clock: Clock) -> None:
    flow.add("CECO/unit/BIB-U1")
    activities = flow.activities()
    assert list(activities) == [f"module/{code}" for code in U1]
    anna = flow.person("anna")
    anna.open(activities["module/M01"]["id"])
    english(anna)
    anna.read()
    clock.forward(minutes=3)
    assert "100%" in words(anna.answer("M01"))
    said = flow.statements("anna")
    own = {"objectType": "Agent", "account": {"homePage": TOOL_URL, "name": "lti-tool"}}
    assert Counter(one["verb"]["id"].rpartition("/")[2] for one in said) == {
        "initialized": 1,
        "answered": 7,
        "passed": 1,
        "completed": 1,
    }
    assert all(one["authority"] == own and one["actor"] == flow.actor("anna") for one in said)
    passed = next(one for one in said if one["verb"]["id"].endswith("/passed"))
    assert passed["object"]["id"] == f"{IRI}module/M01"
    assert passed["result"]["score"]["scaled"] == 1

    assert flow.grade("anna", "module/M01") is None
    finish = words(anna.go(f"{anna.root}/module/M01/finish"))
    assert "You have finished this module" in finish
    assert "Your grade is on its way" in finish
    flow.deliver()
    assert flow.grade("anna", "module/M01") == 100
    finish = words(anna.go(f"{anna.root}/module/M01/finish"))
    assert "Your grade has arrived" in finish
    assert "Next in this unit" in finish

    record = words(anna.go(f"{anna.root}/record"))
    assert "0 of 8 units validated" in record
    assert "in progress" in record.lower()

    teacher = flow.person("teacher")
    teacher.open(activities["module/M01"]["id"])
    course = words(teacher.go(f"{teacher.root}/course"))
    assert "1 learner" in course
    assert re.search(r"M01: 100 ?%", course), course


def test_a_better_attempt_raises_the_grade_and_a_failed_one_is_told_too(flow: World, clock: Clock) -> None:
    flow.add("CECO/module/M02")
    karlis = flow.person("karlis")
    karlis.open(flow.activities()["module/M02"]["id"])
    karlis.read()
    karlis.answer("M02", right=False)
    flow.deliver()
    assert flow.grade("karlis", "module/M02") == 0
    clock.forward(minutes=2)
    karlis.go(f"{karlis.root}/module/M02/quiz?again=yes")
    karlis.answer("M02")
    flow.deliver()
    assert flow.grade("karlis", "module/M02") == 100
    verbs = [one["verb"]["id"].rpartition("/")[2] for one in flow.statements("karlis")]
    assert verbs.count("failed") == verbs.count("passed") == verbs.count("completed") == 1
    column = flow.lms.grades(flow.activities()["module/M02"]["resource_link_id"])["karlis"]
    assert [post["scoreGiven"] for post in column["history"]] == [0, 100]


def test_what_is_handed_in_twice_counts_once(flow: World) -> None:
    flow.add("CECO/module/M02")
    nikos = flow.person("nikos")
    nikos.open(flow.activities()["module/M02"]["id"])
    nikos.read()
    form = nikos.filled("M02")
    nikos.follow(nikos.browser.tool(form))
    before = flow.statements("nikos")
    again = nikos.follow(nikos.browser.tool(form))
    assert again.status == 200
    assert flow.statements("nikos") == before


def test_a_module_that_two_programmes_share_counts_in_both(flow: World) -> None:
    flow.add("CECO/module/M01", course=1)
    first = flow.activities()["module/M01"]
    flow.add("DIGY/module/M01", course=2)
    elena = flow.person("elena")
    learn(elena, first, "M01")
    second = next(a for a in flow.lms.state()["activities"] if a["course_id"] == "2")
    elena.open(second["id"])  # the launch enrols in DIGY, and the grade is worth a look there too
    flow.deliver()
    for activity in (first, second):
        assert flow.lms.grades(activity["resource_link_id"])["elena"]["score"] == 100
    for programme in ("CECO", "DIGY"):
        unit = words(elena.go(f"{elena.root}/record/unit/BIB-U1?programme={programme}&lang=en"))
        assert f"· {programme} " in unit
        assert PASSED_M01 in unit


def test_a_learner_in_no_programme_is_asked_to_choose_one(flow: World) -> None:
    activity = link_by_hand(flow, "Search", {"content": "module/M01"}, graded=True)
    karlis = flow.person("karlis")
    karlis.open(activity)
    english(karlis)
    karlis.read()
    karlis.answer("M01")
    finish = karlis.go(f"{karlis.root}/module/M01/finish")
    assert "Choose your programme" in words(finish)
    choose = karlis.go(f"{karlis.root}/record")
    assert "Choose your programme" in words(choose)
    forms = [form for form in choose.forms() if form.method == "POST" and form.url.endswith("/programme/choose")]
    assert [form.fields["programme"] for form in forms] == ["CECO", "DIGY"]
    record = words(karlis.send(forms[0]))
    assert "0 of 8 units validated" in record
    finish = karlis.go(f"{karlis.root}/module/M01/finish")
    assert "Choose your programme" not in words(finish)
    assert "Next in this unit" in words(finish)


@pytest.mark.parametrize("login", ["karlis", "teacher"])
def test_an_activity_that_names_no_content_still_answers(flow: World, login: str) -> None:
    activity = link_by_hand(flow, "Empty", {})
    person = flow.person(login)
    launch = person.browser.launch(int(activity))
    assert launch.answer.status == 303
    assert "Nothing chosen yet" in words(person.follow(_in_english(launch.answer)))


def _in_english(answer: Answer) -> Answer:
    return Answer(answer.status, answer.url, {"Location": f"{answer.location}?lang=en"}, answer.text)


def test_a_teacher_chooses_content_for_an_empty_activity(flow: World) -> None:
    activity = link_by_hand(flow, "Empty", {}, graded=True)
    karlis, teacher = flow.person("karlis"), flow.person("teacher")
    karlis.open(activity)
    assert karlis.browser.tool(Step("POST", f"{TOOL_URL}{karlis.root}/link", {"pick": "CECO/module/M01"})).status == 403
    teacher.open(activity)
    form = teacher.form("/link")
    assert teacher.send(form, pick="CECO/module/M99").status == 400
    assert teacher.send(form, pick="CECO/module/M01").url.endswith("/module/M01/1")
    assert karlis.open(activity).url.endswith("/module/M01/1")
    karlis.read()
    karlis.answer("M01")
    flow.deliver()
    assert flow.lms.grades(activity)["karlis"]["score"] == 100


def test_a_person_with_two_accounts_is_graded_in_both_courses(flow: World, clock: Clock) -> None:
    flow.add("CECO/module/M01", course=1)
    first = flow.activities()["module/M01"]
    flow.add("CECO/module/M01", course=2)
    second = next(a for a in flow.lms.state()["activities"] if a["course_id"] == "2")
    # The same woman, known to the LMS as elena in the one course and as karlis in the other.
    elena, karlis = flow.person("elena"), flow.person("karlis")
    karlis.open(second["id"])

    def join(conn: Any) -> None:
        one, other = (personas.persona_of(conn, flow.actor(login), clock()) for login in ("elena", "karlis"))
        personas.join(conn, one, other, "test", clock())

    flow.wiring.writer.run(join)
    learn(elena, first, "M01")
    flow.deliver()
    assert flow.lms.grades(first["resource_link_id"])["elena"]["score"] == 100
    assert flow.lms.grades(second["resource_link_id"])["karlis"]["score"] == 100
    unit = words(karlis.go(f"{karlis.root}/record/unit/BIB-U1?lang=en"))
    assert PASSED_M01 in unit


def test_people_with_roles_take_a_unit_from_evidence_to_recognition(flow: World, clock: Clock) -> None:
    flow.add("CECO/unit/BIB-U1")
    activities = flow.activities()
    nikos = flow.person("nikos")
    for code in U1:
        learn(nikos, activities[f"module/{code}"], code)
        clock.forward(minutes=20)
    trainer = flow.colleague("Trainer", Grant("trainer", None, "CECO"))
    mentor = flow.colleague("Mentor", Grant("mentor", None, "CECO"))
    coordinator = flow.colleague("Coordinator", Grant("coordinator", None, "CECO"))

    unit = _unit_page(trainer)
    seminar = trainer.form("/hours")
    done = trainer.send(seminar, mode="face_to_face", day="2022-10-12", hours="2", tasks="Seminar of October")
    assert "Seminar of October" in words(done)

    assert mentor.go(unit).status == 200
    decide = f"{TOOL_URL}{unit}/decide"
    forged = Step("POST", decide, {"act": "validate:granted", "reason": "I say so."})
    assert mentor.browser.tool(forged).status == 403
    assert nikos.browser.tool(forged).status in (401, 403)

    page = coordinator.go(unit)
    assert "demonstrated" in words(page).lower()
    ticked = tree(page).xpath('//input[@name="outcome" and @checked]/@value')
    assert ticked
    form = coordinator.form("/decide")
    assess = form.having(act="assess:achieved", reason="Seen and discussed.", outcome=None).ticking("outcome", *ticked)
    assert "Assessed" in words(coordinator.send(assess))
    assert coordinator.send(coordinator.form("/decide"), act="validate:granted", reason="Complete.").status == 200
    done = coordinator.send(coordinator.form("/decide"), act="recognise:granted", reason="Awarded.")
    assert "Recognised" in words(done)

    record = words(nikos.go(f"{nikos.root}/record?lang=en"))
    assert "1 of 8 units validated" in record
    told = words(nikos.go(f"{nikos.root}/record/unit/BIB-U1?lang=en"))
    for said in ("Seen and discussed.", "Complete.", "Awarded.", "Coordinator", "recognised"):
        assert said in told, said


def _unit_page(person: Person) -> str:
    """The path of the one learner's unit BIB-U1, found as a colleague finds it: programme, learner, unit."""
    learner = next(link for link in person.go("/programme").links() if re.search(r"/learner/[^/]+$", link))
    found = next(link for link in person.go(learner).links() if link.endswith("/unit/BIB-U1"))
    person.go(found)
    return found.removeprefix(TOOL_URL)


def test_a_teachers_look_at_a_module_records_nothing(flow: World) -> None:
    flow.add("CECO/module/M01")
    teacher = flow.person("teacher")
    teacher.open(flow.activities()["module/M01"]["id"])
    assert "xapi-token" not in teacher.read().text
    tried = teacher.browser.tool(teacher.filled("M01"))
    assert tried.status == 200
    assert flow.statements("teacher") == []
    assert flow.deliver() == 0
    with reading(flow.wiring.engine) as conn:
        assert gradebook.counts(conn) == {}
    assert "0 learners" in words(teacher.go(f"{teacher.root}/course"))
