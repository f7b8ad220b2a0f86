"""Self-study: declared by the learner for a module, shown as declared, bounded, taken back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from lti_tool.papers.snapshot import extract_of
from lti_tool.papers.transcript import extract
from tests.ecvet.test_decisions import decide
from tests.learning import Browser, Place, Somebody

ONLINE = "online_and_self_study"
STUDY = "/record/unit/BIB-U1/self-study"
IN_CECO = "?programme=CECO"
DAY = {"module": "M01", "study_day": "2022-10-12", "study_hours": "2", "what": "Read the DigComp report"}


def declare(place: Place, who: Somebody, **changes: str) -> int:
    return place.browser(who).post(STUDY + IN_CECO, {**DAY, **changes}).status_code


def line(place: Place, who: Somebody) -> tuple[float, float]:
    """Hours that count, and what of them is declared."""
    found = place.record(who).judgement.hours[ONLINE]
    return found.recorded, found.declared


def unit_page(browser: Browser) -> str:
    return browser.text(f"/record/unit/BIB-U1{IN_CECO}")


def test_what_a_learner_declares_counts_and_is_marked_as_declared(place: Place) -> None:
    anna = place.learner("Anna", "CECO")
    assert declare(place, anna) == 303
    assert line(place, anna) == (2, 2)
    shown = unit_page(place.browser(anna))
    assert "declared by the learner" in shown
    assert "Read the DigComp report" in shown
    assert "2 h of it declared by the learner" in shown
    theirs = place.browser(place.holder("mentor")).text(f"/programme/CECO/learner/{anna.person}/unit/BIB-U1")
    assert "Read the DigComp report" in theirs
    assert "declared by the learner" in theirs


def test_it_is_the_learners_word_about_a_part_of_the_module_and_shows_nothing(here: Place) -> None:
    anna = here.learner("Anna", "CECO")
    declare(here, anna)
    (statement,) = here.record(anna).statements
    assert statement["object"]["id"] == "tag:biblio-project.eu,2022:module/M01/self_study"
    assert statement["authority"]["account"]["name"] == "page"
    assert statement["timestamp"].startswith("2022-10-12T09:00")
    assert all(one.judged.state != "demonstrated" for one in here.record(anna).units)


def test_pressing_twice_declares_once(place: Place) -> None:
    anna = place.learner("Anna", "CECO")
    assert [declare(place, anna, once="form-1") for _press in range(2)] == [303, 303]
    assert line(place, anna) == (2, 2)
    assert declare(place, anna, once="form-1", study_hours="0.5") == 409


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"study_hours": "2.5"}, "ECVET-PLANNED"),
        ({"study_hours": "25"}, "ECVET-HOURS"),
        ({"study_hours": "nan"}, "ECVET-HOURS"),
        ({"study_day": "2999-01-01"}, "ECVET-DAY"),
        ({"what": "  "}, "ECVET-TASKS"),
    ],
)
def test_bad_input_declares_nothing_and_stays_in_the_form(here: Place, changes: dict[str, str], code: str) -> None:
    anna = here.learner("Anna", "CECO")
    declare(here, anna, study_hours="1")
    answer = here.browser(anna).post(STUDY + IN_CECO, {**DAY, **changes})
    assert answer.status_code == 400
    assert code in answer.text
    assert changes.get("what", DAY["what"]) in answer.text
    assert line(here, anna) == (1, 1)


def test_a_module_of_another_unit_is_none_of_this_one(here: Place) -> None:
    anna = here.learner("Anna", "CECO")
    for module in ("M10", "M99", ""):
        assert declare(here, anna, module=module) == 404
    assert here.record(anna).statements == ()


def test_a_day_has_24_hours_over_everything_the_learner_enters(here: Place) -> None:
    anna = here.learner("Anna", "CECO")
    worked = {"mode": "work_based", "day": "2022-10-12", "hours": "23", "tasks": "x"}
    assert here.browser(anna).post(f"/record/unit/CECO-U8/hours{IN_CECO}", worked).status_code == 303
    answer = here.browser(anna).post(STUDY + IN_CECO, DAY)
    assert (answer.status_code, "ECVET-DAY-FULL" in answer.text) == (400, True)
    assert declare(here, anna, study_hours="1") == 303
    assert declare(here, anna, study_day="2022-10-11") == 303


def test_measured_time_comes_first_and_both_stay_within_the_plan(here: Place) -> None:
    anna = here.learner("Anna", "CECO")
    here.says(anna, "initialized", "module/M01", by="page")
    here.clock.now += timedelta(minutes=4)
    here.says(anna, "terminated", "module/M01", by="page")
    planned = here.record(anna).programme.module("M01")
    assert planned is not None
    answer = here.browser(anna).post(STUDY + IN_CECO, {**DAY, "study_hours": str(planned.hours)})
    assert (answer.status_code, "ECVET-PLANNED" in answer.text) == (400, True)
    assert declare(here, anna, study_day=here.clock().date().isoformat(), study_hours="1") == 303
    assert line(here, anna) == (1.07, 1)


def test_a_declaration_is_no_sign_of_somebody_in_the_module(here: Place) -> None:
    """Declared for today while a session runs: the time of the session stays what it was."""
    anna = here.learner("Anna", "CECO")
    here.says(anna, "initialized", "module/M01", by="page")
    here.clock.now += timedelta(minutes=20)
    declare(here, anna, study_day=here.clock().date().isoformat(), study_hours="1")
    here.clock.now += timedelta(minutes=20)
    here.says(anna, "terminated", "module/M01", by="page")
    assert line(here, anna) == (1.08, 1)  # one pause, cut at five minutes


def test_the_learner_alone_takes_it_back(place: Place) -> None:
    anna, boris = place.learner("Anna", "CECO"), place.learner("Boris", "CECO")
    declare(place, anna)
    entry = {"entry": str(place.record(anna).statements[0]["id"])}
    back = f"{STUDY}/take-back{IN_CECO}"
    for who in (boris, place.holder("mentor")):
        assert place.browser(who).post(back, entry).status_code == 404
    assert line(place, anna) == (2, 2)
    assert place.browser(anna).post(back, entry).status_code == 303
    assert line(place, anna) == (0, 0)
    assert place.browser(anna).post(back, entry).status_code == 404
    assert "Read the DigComp report" not in unit_page(place.browser(anna))


def test_a_recognised_unit_asks_for_no_more_hours(here: Place) -> None:
    anna, coordinator = here.learner("Anna", "CECO"), here.holder("coordinator")
    declare(here, anna)
    here.demonstrates_u1(anna)
    for kind in ("assess", "validate"):
        decide(here, coordinator, anna, kind)
    shown = unit_page(here.browser(anna))
    assert "Declare these hours" in shown and "Take back" in shown
    decide(here, coordinator, anna, "recognise")
    shown = unit_page(here.browser(anna))
    assert "Declare these hours" not in shown and "Take back" not in shown
    assert "Read the DigComp report" in shown


def test_what_was_not_declared_here_is_not_taken_back_here(here: Place) -> None:
    anna = here.learner("Anna", "CECO")
    here.passes(anna, "M01")
    entry = {"entry": str(here.record(anna).statements[0]["id"])}
    assert here.browser(anna).post(f"{STUDY}/take-back{IN_CECO}", entry).status_code == 404
    assert here.record(anna).judgement.module("M01").state == "demonstrated"  # type: ignore[union-attr]  # it is one


def test_papers_tell_what_is_declared(here: Place) -> None:
    anna = here.learner("Anna", "CECO")
    declare(here, anna, study_hours="1.5")
    record = here.record(anna)
    assert extract_of(record, "Anna")["hours"][ONLINE] == {"planned": 160, "recorded": 1.5, "declared": 1.5}
    facts = dict(extract(extract_of(record, "Anna"), record.at, "en", "").facts)
    assert facts["Learner's hours"] == "1.5 h recorded of 405 h planned (1.5 h of it declared by the learner)"
