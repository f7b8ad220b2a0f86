"""The page of a course's grades: each with its way, and sending again, one or all."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from lti_tool.db import reading, writing
from lti_tool.gradebook import pace
from lti_tool.gradebook import store as gradebook
from lti_tool.gradebook.score import Score
from lti_tool.gradebook.store import Delivery
from lti_tool.insight.words import grade_problem
from tests.learning import Place, Somebody

SOURCE = Path(__file__).parents[2] / "lti_tool" / "gradebook"


def claimed(place: Place, item: int, who: Somebody) -> Delivery:
    with writing(place.engine) as conn:
        gradebook.mark(conn, item, who.name.lower(), who.key, place.clock())
        (row,) = gradebook.claim(conn, "w", place.clock(), 1)
    return row


def settle(place: Place, outcome: gradebook.Outcome) -> int:
    with writing(place.engine) as conn:
        gradebook.settle(conn, [outcome], "w", place.clock())
    return outcome.delivery.id


def four(place: Place) -> tuple[int, dict[str, int]]:
    """A course with a grade of each kind."""
    course = place.course()
    item = place.column(course, "M01")
    rows = {}
    for name in ("Anna", "Boris", "Clio", "Dina"):
        row = claimed(place, item, place.learner(name, "CECO", course=course))
        if name == "Anna":
            rows[name] = settle(place, gradebook.refused(row, "GRADE-LOCKED", "500 []"))
        elif name == "Boris":
            again = place.clock() + timedelta(minutes=7)
            rows[name] = settle(place, gradebook.later(row, "GRADE-PLATFORM-ERROR", "502", again))
        elif name == "Clio":
            untaken = Score(Decimal(70), Decimal(100), True, place.clock())
            with writing(place.engine) as conn:
                gradebook.plan(conn, [(row, untaken)], "w", place.clock())
            rows[name] = settle(place, gradebook.done(row, "kept", "GRADE-LATER"))
        else:
            sent = Score(Decimal(80), Decimal(100), True, place.clock())
            with writing(place.engine) as conn:
                gradebook.plan(conn, [(row, sent)], "w", place.clock())
            rows[name] = settle(place, gradebook.done(row, "sent"))
    return course, rows


def test_every_grade_shows_its_way_those_that_need_somebody_first(place: Place) -> None:
    course, _rows = four(place)
    page = place.browser(place.teacher(course)).text(f"/course/{course}/grades")
    assert re.search(
        "Anna M01 not accepted The LMS did not accept it: the grade is locked there.*"
        "Boris M01 waiting The LMS had a fault.* 13 Oct 2022, 09:30 UTC 13 Oct 2022, 09:37 UTC.*"
        "Clio M01 the grade in the LMS stays Somebody gave a grade in the LMS itself. It stays. "
        "The result in this tool: 70/100 .*"
        "Dina M01 sent 80/100",
        page,
    )
    only = place.browser(place.teacher(course)).text(f"/course/{course}/grades?state=refused")
    assert "Anna M01" in only and "Dina M01" not in only


def test_one_or_all_are_sent_again_and_what_arrived_is_not(place: Place) -> None:
    course, rows = four(place)
    browser = place.browser(place.teacher(course))
    at = f"/course/{course}/send-again"
    assert "1 grade is on its way again" in browser.submit(at, {"delivery": rows["Anna"], "from": "grades"})
    assert "1 grade is on its way again" in browser.submit(at, {"all": "yes", "from": "grades"})
    with reading(place.engine) as conn:
        found = {one.id: one.state for one in gradebook.of_course(conn, course)}
    assert found == {rows["Anna"]: "waiting", rows["Boris"]: "waiting", rows["Clio"]: "kept", rows["Dina"]: "sent"}


def test_a_grade_that_waits_for_its_lms_says_so(here: Place) -> None:
    course = here.course()
    item, anna = here.column(course, "M01"), here.learner("Anna", "CECO", course=course)
    with writing(here.engine) as conn:
        gradebook.mark(conn, item, "anna", anna.key, here.clock())
        pace.pause(conn, 1, here.clock() + timedelta(minutes=4), "GRADE-UNREACHABLE", "no route", here.clock())
    page = here.browser(here.teacher(course)).text(f"/course/{course}/grades")
    assert "Anna M01 waiting The LMS could not be reached. It is tried again by itself. – 13 Oct 2022, 09:34" in page


def test_other_courses_are_closed(here: Place) -> None:
    other = here.course("c2", "Group 2")
    here.learner("Boris", "CECO", course=other)
    browser = here.browser(here.teacher(here.course()))
    assert browser.get(f"/course/{other}/grades").status_code == 404


def test_every_code_of_a_grade_has_words_of_its_own(here: Place) -> None:
    codes = {code for path in SOURCE.glob("*.py") for code in re.findall(r'"(GRADE-[A-Z-]+)"', path.read_text("utf-8"))}
    assert len(codes) > 12
    with here.app.test_request_context("/"):
        words = {code: grade_problem(code) for code in codes - {"GRADE-SENT", "GRADE-REFUSED"}}
        assert len(set(words.values())) == len(words)
        assert grade_problem("GRADE-REFUSED") not in words.values()
