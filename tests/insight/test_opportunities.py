"""What is open to a learner: by outcome still missing, the nearest unit first, with the way to open it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from lti_tool.db import reading, writing
from lti_tool.ecvet import store as ecvet
from lti_tool.ecvet.entries import Spent
from lti_tool.evidence import seminars
from lti_tool.insight.opportunities import OpenUnit, opportunities
from lti_tool.people import store as people
from tests.learning import MOODLE, U1_MODULES, Place, Somebody

PAGE = "/record/opportunities?programme=CECO"


def units(place: Place, who: Somebody) -> list[OpenUnit]:
    with reading(place.engine) as conn:
        return list(opportunities(conn, place.record_in(conn, who)))


def ids(place: Place, who: Somebody) -> list[str]:
    return [one.unit.unit.id for one in units(place, who)]


def seminar(place: Place, unit: str, day: date, institution: str | None = None, title: str = "Meeting") -> None:
    with writing(place.engine) as conn:
        programme = ecvet.get(conn, "CECO")
        assert programme is not None
        spent = Spent("face_to_face", day, 2, title)
        trainer = {"name": "Ilze", "account": {"homePage": "https://x.example", "name": "ilze"}}
        seminars.create(conn, programme, unit, spent, institution, trainer, place.clock())


def test_a_newcomer_sees_every_unit_in_order_and_every_outcome(here: Place) -> None:
    anna = here.learner("Anna", "CECO")
    programme = here.record(anna).programme
    found = units(here, anna)
    assert {one.unit.unit.id for one in found} == {one.id for one in programme.units}
    assert sum(len(one.outcomes) for one in found) == sum(len(one.outcomes) for one in programme.units)
    page = here.browser(anna).text(PAGE)
    assert "What is open to me" in page
    assert all(outcome.text.in_("en") in page for unit in programme.units for outcome in unit.outcomes)


def test_the_nearest_unit_comes_first(place: Place) -> None:
    anna = place.learner("Anna", "CECO")
    place.passes(anna, "M10", "M11", "M12")
    assert ids(place, anna)[0] == "BIB-U2"
    place.passes(anna, *U1_MODULES)
    assert ids(place, anna)[0] == "BIB-U1"  # all its outcomes are shown; the seminar is left
    first = units(place, anna)[0]
    assert (first.outcomes, [one.code for one in first.left]) == ((), ["hours_left"])
    assert "1.6 h of seminars are left to attend." in place.browser(anna).text(PAGE)


def test_what_is_shown_or_decided_is_gone_and_comes_back_when_refused(here: Place) -> None:
    from tests.ecvet.test_decisions import decide

    anna = here.learner("Anna", "CECO")
    here.demonstrates_u1(anna)
    assert "BIB-U1" not in ids(here, anna)
    coordinator = here.holder("coordinator")
    decide(here, coordinator, anna, "assess", result="not_yet")
    assert "BIB-U1" in ids(here, anna)
    decide(here, coordinator, anna, "assess")
    decide(here, coordinator, anna, "validate")
    assert "BIB-U1" not in ids(here, anna)


def test_an_outcome_tells_what_counts_and_which_modules_lead_there(here: Place) -> None:
    anna = here.learner("Anna", "CECO")
    here.passes(anna, "M01")
    unit = next(one for one in units(here, anna) if one.unit.unit.id == "BIB-U1")
    outcome = next(one for one in unit.outcomes if one.outcome.id == "BIB-U1-K1")
    assert "M01" not in [one.module.id for one in outcome.modules]  # it is done
    assert {one.module.id for one in outcome.modules} < set(outcome.outcome.modules)
    page = here.browser(anna).text(PAGE)
    assert "What counts One of these:" in page
    assert "Somebody who sees you at work rates a task" in page


def test_it_names_the_courses_in_which_a_module_stands(place: Place) -> None:
    course, other = place.course(title="Digital skills 2022"), place.course("c2", title="Another class")
    anna = place.learner("Anna", "CECO", course=course)
    place.column(course, "M01")
    place.column(other, "M02")
    with writing(place.engine) as conn:
        people.choose_content(conn, 1, "77", "module/M03", "CECO", "x", place.clock(), course_id=course)
    found = {one.module.id: one.places for unit in units(place, anna) for o in unit.outcomes for one in o.modules}
    assert [one.title for one in found["M01"]] == ["Digital skills 2022"]
    assert [one.title for one in found["M03"]] == ["Digital skills 2022"]
    assert found["M02"] == ()  # of a course that Anna is not in
    with writing(place.engine) as conn:
        conn.execute(sa.text("UPDATE members SET left_at = :now"), {"now": "2022-10-01T00:00:00+00:00"})
    left = {one.module.id: one.places for unit in units(place, anna) for o in unit.outcomes for one in o.modules}
    assert left["M01"] == ()


def test_seminars_to_come_of_the_own_institution(place: Place) -> None:
    anna = place.learner("Anna", "CECO", institution="turiba")
    today = place.clock().date()
    seminar(place, "BIB-U1", today - timedelta(days=1), title="Yesterday")
    seminar(place, "BIB-U1", today + timedelta(days=9), title="Later")
    seminar(place, "BIB-U1", today, "turiba", title="Today")
    seminar(place, "BIB-U1", today, "elsewhere", title="Not for us")
    found = next(one for one in units(place, anna) if one.unit.unit.id == "BIB-U1").seminars
    assert [one.title for one in found] == ["Today", "Later"]
    page = place.browser(anna).text(PAGE)
    assert "Next seminars" in page and "Not for us" not in page and "Yesterday" not in page


def test_the_record_leads_there_and_there_leads_on(here: Place) -> None:
    anna = here.learner("Anna", "CECO")
    browser = here.browser(anna)
    assert f'href="{browser.prefix}/record/opportunities?programme=CECO"' in browser.get("/record").text
    page = browser.get(PAGE).text
    for path in (
        "/record/prior?programme=CECO",
        "/attend",
        "/record/unit/CECO-U8?programme=CECO#hours",
        "/record/unit/CECO-U8/observations?programme=CECO",
    ):
        assert f'href="{browser.prefix}{path}"' in page
    theirs = f"/programme/CECO/learner/{anna.person}"
    assert "/record/opportunities" not in here.browser(here.holder("mentor")).get(theirs).text


def test_without_an_lms_it_works_as_well(here: Place) -> None:
    anna = here.learner("Anna", "CECO", home="http://localhost")
    browser = here.browser(anna, role="none", message="sign_in", platform=None, deployment=None)
    assert "What is open to me" in browser.text(PAGE)


@pytest.mark.parametrize(("programme", "status"), [("CECO", 200), ("DIGY", 404), ("XXX", 404)])
def test_only_programmes_that_one_is_in(here: Place, programme: str, status: int) -> None:
    anna = here.learner("Anna", "CECO")
    assert here.browser(anna).get(f"/record/opportunities?programme={programme}").status_code == status


def test_whoever_is_in_no_programme_chooses_one(here: Place) -> None:
    answer = here.browser(here.learner("Anna")).get("/record/opportunities")
    assert (answer.status_code, answer.headers["Location"].endswith("/programme/choose")) == (303, True)


def test_nothing_left_is_said(here: Place) -> None:
    from tests.ecvet.test_decisions import decide

    anna, coordinator = here.learner("Anna", "CECO"), here.holder("coordinator")
    programme = here.record(anna).programme
    here.passes(anna, *(one.id for one in programme.modules))
    for unit in programme.units:
        for mode, verb in (("face_to_face", "attended"), ("project_based", "completed"), ("work_based", "completed")):
            if unit.hours[mode]:
                here.says(anna, verb, f"unit/{unit.id}/{mode}/1", hours=unit.hours[mode])
        for outcome in unit.outcomes:
            here.says(anna, "completed", f"outcome/{outcome.id}")
        decide(here, coordinator, anna, "assess", unit=unit.id)
    assert ids(here, anna) == []
    assert "Nothing is left for you to show" in here.browser(anna).text(PAGE)
    assert MOODLE not in here.browser(anna).text(PAGE)
