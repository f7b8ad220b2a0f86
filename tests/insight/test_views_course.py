"""A course for its teacher: the table, what waits, grades sent again, CSV."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta

import pytest

from lti_tool.db import reading, writing
from lti_tool.gradebook import store as gradebook
from lti_tool.people import groups, roster
from lti_tool.people import store as people
from lti_tool.people.store import short_tag
from tests.learning import IRI, MOODLE, Place, Somebody
from xapi.statement import actor_key


def refuse(place: Place, item: int, user: str, key: str, problem: str = "GRADE-FORBIDDEN") -> int:
    """A grade that the LMS did not take; the number of its row."""
    with writing(place.engine) as conn:
        gradebook.mark(conn, item, user, key, place.clock())
        (delivery,) = gradebook.claim(conn, "w", place.clock(), 1)
        gradebook.settle(conn, [gradebook.refused(delivery, problem, "detail")], "w", place.clock())
    return delivery.id


def test_cells_hold_the_score_or_the_state_and_open_the_evidence(place: Place) -> None:
    course = place.course()
    place.column(course, "M01")
    place.column(course, "M03")
    anna = place.learner("Anna", "CECO", course=course)
    place.passes(anna, "M01", scaled=0.86)
    place.says(anna, "initialized", "module/M02", by="page")
    browser = place.browser(place.teacher(course))
    page = browser.text("/course")
    assert "Group 1 Table as CSV Grades in the LMS 1 learner" in page
    assert "Learner M01 M02 M03 BIB-U1" in page
    assert "Anna, M01: 86%" in page
    assert "Anna, M02: in progress" in page
    evidence = browser.text(f"/course/{course}/learner/{anna.person}/module/M01")
    assert "Best result: 86%" in evidence
    assert "passed" in evidence and "13 Oct 2022, 09:30 UTC" in evidence


def test_a_learner_whose_name_the_lms_keeps_has_a_stable_tag(here: Place) -> None:
    course = here.course()
    here.learner("secret", "CECO", known_as=None, course=course)
    page = here.browser(here.teacher(course)).text("/course")
    assert "secret" not in page
    assert "Learner " in page.replace("Learner M", "")


def test_a_learner_in_no_programme_shows_what_was_done_of_the_modules_that_stand_in_the_course(here: Place) -> None:
    course = here.course()
    here.column(course, "M01")
    anna = here.learner("Anna", course=course)
    here.passes(anna, "M01", scaled=1)
    page = here.browser(here.teacher(course)).text("/course")
    assert "Anna, M01: 100%" in page
    assert "BIB-U1" not in page


def test_grades_that_were_not_accepted_stand_above_with_the_reason_and_go_out_again(place: Place) -> None:
    course = place.course()
    anna = place.learner("Anna", "CECO", course=course)
    row = refuse(place, place.column(course, "M01"), "anna", anna.key)
    browser = place.browser(place.teacher(course))
    assert "1 grade has not arrived in the LMS Anna , M01: The LMS does not allow this tool" in browser.text("/course")
    assert "1 grade is on its way again" in browser.submit(f"/course/{course}/send-again", {"delivery": row})
    with reading(place.engine) as conn:
        (delivery,) = gradebook.of_course(conn, course)
    assert (delivery.state, delivery.attempts) == ("waiting", 0)


def test_a_grade_of_another_course_cannot_be_sent_again(here: Place) -> None:
    course, other = here.course(), here.course("c2", "Group 2")
    boris = here.learner("Boris", "CECO", course=other)
    row = refuse(here, here.column(other, "M01"), "boris", boris.key)
    browser = here.browser(here.teacher(course))
    anna = here.learner("Anna", "CECO", course=course)
    own = refuse(here, here.column(course, "M01"), "anna", anna.key)
    assert browser.post(f"/course/{course}/send-again", {"delivery": row}).status_code == 404
    assert browser.post(f"/course/{course}/send-again", {"delivery": [row, own]}).status_code == 303
    assert browser.post(f"/course/{other}/send-again", {"delivery": row}).status_code == 404
    with reading(here.engine) as conn:
        assert gradebook.of_course(conn, other)[0].state == "refused"


def test_what_waits_for_decisions_and_hours_is_counted_above_the_table(here: Place) -> None:
    course = here.course()
    anna = here.learner("Anna", "CECO", course=course)
    here.demonstrates_u1(anna)
    here.says(anna, "http://id.tincanapi.com/verb/performed-offline", "unit/CECO-U8/work_based/d1", by="page", hours=3)
    page = here.browser(here.teacher(course)).text("/course")
    assert "1 unit waits for assessment." in page
    assert "3 h wait to be confirmed." in page


def test_what_waits_leads_whoever_decides_it_there_and_nobody_else(here: Place) -> None:
    course = here.course()
    anna = here.learner("Anna", "CECO", course=course)
    here.demonstrates_u1(anna)
    here.says(anna, "http://id.tincanapi.com/verb/performed-offline", "unit/CECO-U8/work_based/d1", by="page", hours=3)

    def leads(session: Somebody) -> list[str]:
        page = here.browser(session).get(f"/course/{course}").text.partition("What waits")[2].partition("</ul>")[0]
        return [re.sub("^/s/[^/]+", "", one) for one in re.findall('<a href="([^"]+)"', page)]

    unit = f"/programme/CECO/learner/{anna.person}/unit/BIB-U1"
    assert leads(here.teacher(course)) == []
    assert leads(here.holder("coordinator", "CECO")) == [unit]
    assert leads(here.holder("mentor", "CECO")) == ["/to-do"]
    boris = here.learner("Boris", "CECO", course=course)
    here.demonstrates_u1(boris)
    assert leads(here.holder("assessor", "CECO")) == ["/to-do"]


def test_the_table_can_be_filtered_by_name_and_by_the_user_of_a_review(here: Place) -> None:
    course = here.course()
    for name in ("Anna", "Boris"):
        here.learner(name, "CECO", course=course)
    browser = here.browser(here.teacher(course))
    assert "Boris" not in browser.text("/course?q=ann")
    assert "Anna" not in browser.text("/course?learner=boris")


@pytest.mark.parametrize("name", ["=HYPERLINK(1)", "+1", "-1", "@SUM(A1)", "\t=1"])
def test_the_csv_has_every_cell_and_none_that_a_spreadsheet_would_run(here: Place, name: str) -> None:
    course = here.course()
    here.column(course, "M01")
    here.passes(here.learner("x", "CECO", course=course, known_as=name), "M01", scaled=0.5)
    answer = here.browser(here.teacher(course)).get(f"/course/{course}.csv")
    assert answer.mimetype == "text/csv"
    head, row = csv.reader(io.StringIO(answer.get_data(as_text=True).removeprefix("\ufeff")))
    assert head[1].startswith("M01 ") and head[2].startswith("BIB-U1 ")
    assert row == [f"'{name}", "50 %", "in progress"]


def test_a_coordinator_sees_of_a_course_the_learners_of_their_programme(here: Place) -> None:
    course = here.course()
    anna = here.learner("Anna", "CECO", course=course)
    here.learner("Boris", "DIGY", course=course)
    browser = here.browser(here.holder("coordinator", "CECO"))
    page = browser.text(f"/course/{course}")
    assert "Anna" in page and "Boris" not in page
    assert f"/programme/CECO/learner/{anna.person}" in browser.get(f"/course/{course}").text
    assert here.browser(here.holder("coordinator", "NONE")).get(f"/course/{course}").status_code == 404


def test_who_left_the_course_is_not_in_the_table(here: Place) -> None:
    course = here.course()
    here.learner("Anna", "CECO", course=course)
    with writing(here.engine) as conn:
        from lti_tool.people.store import members

        conn.execute(members.update().values(left_at=here.clock() - timedelta(days=1)))
    assert "Anna" not in here.browser(here.teacher(course)).text("/course")


def test_statements_of_other_modules_are_no_evidence_of_this_one(here: Place) -> None:
    course = here.course()
    here.column(course, "M01")
    anna = here.learner("Anna", "CECO", course=course)
    here.says(anna, "initialized", "module/M01", by="page")
    here.says(anna, "answered", "module/M01/quiz/q1", by="page")
    here.says(anna, "passed", "module/M011", scaled=1)
    page = here.browser(here.teacher(course)).text(f"/course/{course}/learner/{anna.person}/module/M01")
    assert "answered" in page
    results, steps = page.split("1 step through the pages")
    assert "opened" in steps and "opened" not in results
    assert "M011" not in page and "passed" not in page
    assert IRI


def test_who_has_results_from_elsewhere_is_not_called_not_started(place: Place) -> None:
    course = place.course()
    place.column(course, "M01")
    anna = place.learner("Anna", "CECO")
    place.passes(anna, "M01", scaled=0.9)
    with writing(place.engine) as conn:
        roster.apply(conn, course, MOODLE, [roster.Change("anna", "learner")], place.clock())
    page = place.browser(place.teacher(course)).text("/course")
    assert "90%" in page
    assert "Anna not started" not in page


def test_who_has_opened_nothing_yet_stands_there_and_the_list_is_asked_for_by_a_button(place: Place) -> None:
    course = place.course()
    browser = place.browser(place.teacher(course))
    assert "Update the list of learners" not in browser.text("/course"), "the LMS shares none"
    assert browser.post(f"/course/{course}/learners", {}).status_code == 404
    now = place.clock()
    with writing(place.engine) as conn:
        people.course(conn, 1, "c1", now, title="Group 1", roster_url=f"{MOODLE}/members")
        roster.apply(conn, course, MOODLE, [roster.Change("7", "learner"), roster.Change("8", "instructor")], now)
    place.learner("Anna", "CECO", course=course)
    page = browser.text("/course")
    tag = short_tag(actor_key(roster.actor_of(MOODLE, "7")))
    assert f"Learner {tag} not started" in page
    assert "Anna not started" not in page
    assert "2 learners" in page
    assert "is being updated" in browser.submit(f"/course/{course}/learners", {})
    with writing(place.engine) as conn:
        due = roster.claim(conn, "w", now)
        assert due is not None
        roster.failed(conn, due, "w", "ROSTER-FORBIDDEN", "403", now + timedelta(days=1))
    page = browser.text("/course")
    assert "The LMS does not share its list of participants. Ask your LMS administrator." in page
    assert "Update the list of learners" in page


def test_the_list_of_another_course_is_not_asked_for(here: Place) -> None:
    course, other = here.course(), here.course("c2", "Group 2")
    with writing(here.engine) as conn:
        people.course(conn, 1, "c2", here.clock(), roster_url=f"{MOODLE}/members")
    assert here.browser(here.teacher(course)).post(f"/course/{other}/learners", {}).status_code == 404
    with writing(here.engine) as conn:
        assert roster.claim(conn, "w", here.clock()) is None


def test_a_group_of_the_course_is_shown_alone(place: Place) -> None:
    course, other = place.course(), place.course(context="another")
    place.column(course, "M01")
    for login in ("Anna", "Elena", "Nikos"):
        place.learner(login, "CECO", course=course)
    browser = place.browser(place.teacher(course))
    assert "Everybody" not in browser.text("/course"), "without groups there is nothing to choose"
    with writing(place.engine) as conn:
        groups.keep(conn, course, [groups.Group("7", "Riga", "Towns"), groups.Group("8", "Athens")])
        groups.keep(conn, other, [groups.Group("7", "Of another course")])
        groups.join(conn, course, {"anna": ["7"], "nikos": ["7", "8"]})
        groups.join(conn, other, {"elena": ["7"]})
    page = browser.text("/course")
    assert "Towns: Riga" in page and "Athens" in page and "Of another course" not in page
    assert all(name in page for name in ("Anna", "Elena", "Nikos"))
    page = browser.text("/course?group=7")
    assert ("Anna" in page, "Elena" in page, "Nikos" in page) == (True, False, True)
    assert "Elena" in browser.text("/course?group=no-such-group")
    table = browser.get(f"/course/{course}.csv?group=8").get_data(as_text=True)
    assert "Nikos" in table and "Anna" not in table
    with writing(place.engine) as conn:
        groups.join(conn, course, {"anna": [], "nikos": ["8"]})
    assert "Nobody is in this group yet" in browser.text("/course?group=7")
