"""The learner's own pages: /record, its units, choosing a programme."""

from __future__ import annotations

import re

import pytest

from lti_tool.db import reading, writing
from lti_tool.ecvet import store
from lti_tool.people import store as people
from tests.learning import BASE, IRI, Place
from xapi import personas


def test_a_learner_reads_who_where_and_how_far_in_the_first_line_and_one_next_thing_in_each_unit(place: Place) -> None:
    anna = place.learner("Anna", "CECO")
    place.passes(anna, "M01", "M02")
    page = place.browser(anna).text("/record")
    first = "Anna Community Engagement and Communication Officer · 0 of 8 units validated, 0 of 16 points"
    assert first in page
    assert "Unit 1 · 1 point Information, communication and digital citizenship in progress" in page
    assert page.count("Module M03") == 1
    assert "0 of 8 outcomes shown" in page or "of 8 outcomes shown" in page


def test_the_next_module_is_a_link_from_wherever_the_learner_comes(here: Place) -> None:
    here.app.add_url_rule("/module/<code>", "play.module", lambda code: code)
    anna = here.learner("Anna", "CECO")
    here.passes(anna, "M01")
    for where in ("/record", "/record/unit/BIB-U1"):
        for browser in (here.browser(anna), here.browser(anna, module="M01")):
            assert f'href="{browser.prefix}/module/M02"' in browser.get(where, follow_redirects=True).text


def test_validated_units_and_their_points_are_counted(here: Place) -> None:
    from tests.ecvet.test_decisions import decide

    anna = here.learner("Anna", "CECO")
    here.demonstrates_u1(anna)
    for kind in ("assess", "validate"):
        decide(here, here.holder("coordinator", name="Inga Niedra"), anna, kind)
    page = here.browser(anna).text("/record")
    assert "1 of 8 units validated, 1 of 16 points" in page
    unit = here.browser(anna).text("/record/unit/BIB-U1")
    assert "Waits for recognition since" in unit
    assert re.search(r"Validated .* Inga Niedra Seen at work\.", unit)


def test_the_record_is_of_all_accounts_of_a_person_on_whatever_lms(here: Place) -> None:
    anna = here.learner("Anna", "CECO")
    abroad = here.learner("Anna2", home="https://canvas.example.bg")
    here.passes(anna, "M01")
    here.passes(abroad, "M02")
    assert "Module M02" in here.browser(anna).text("/record")
    with writing(here.engine) as conn:
        personas.join(conn, anna.person, abroad.person, "test", here.clock())
    for one in (anna, abroad):
        assert "Module M03" in here.browser(one).text("/record")


def test_a_unit_shows_each_outcome_with_what_when_and_from_where_and_why_not_yet(here: Place) -> None:
    anna = here.learner("Anna", "CECO")
    here.passes(anna, "M01", scaled=0.86)
    page = here.browser(anna).text("/record/unit/BIB-U1")
    assert "M01 Formulating search strategies for library users – passed , 86%" in page or "– passed, 86%" in page
    assert "13 Oct 2022, 09:30 UTC · moodle.example.org" in page
    assert "is left" in page
    assert "Nobody has decided anything yet." in page


def test_hours_stand_by_mode_with_their_source_recorded_of_planned(here: Place) -> None:
    anna = here.learner("Anna", "CECO")
    here.says(anna, "attended", "unit/BIB-U1/face_to_face/s1", hours=2)
    here.says(anna, "completed", "unit/BIB-U7/project_based/p1", hours=5)
    here.says(anna, "completed", "unit/BIB-U1/assessment/a1", hours=1.5)
    here.says(anna, "completed", "unit/CECO-U8/work_based/w1", hours=7)
    here.says(anna, "http://id.tincanapi.com/verb/performed-offline", "unit/CECO-U8/work_based/w2", hours=4, by="page")
    here.says(anna, "http://id.tincanapi.com/verb/performed-offline", "module/M01", hours=1, by="page")
    page = here.browser(anna).text("/record")
    assert "Face to face entered by the trainer 2 of 20 h" in page
    assert "Online and self-study time in the modules · 1 h of it declared by the learner 1 of 160 h" in page
    assert "Project confirmed by mentor or trainer 5 of 40 h" in page
    assert "Assessment entered by the assessor 1.5 of 20 h" in page
    assert "Work-based confirmed by the mentor · 4 h more wait to be confirmed 7 of 165 h" in page


def test_a_learner_logs_hours_that_wait_until_the_mentor_confirms_them(place: Place) -> None:
    anna = place.learner("Anna", "CECO")
    browser = place.browser(anna)
    sent = {"mode": "work_based", "day": "2022-10-12", "hours": "2,5", "tasks": "Story hour with tablets"}
    page = browser.submit("/record/unit/CECO-U8/hours?programme=CECO", sent)
    assert "Saved Your hours wait until your mentor confirms them." in page
    assert "2.5 h – Work-based not confirmed yet 12 October 2022 Story hour with tablets" in page
    line = place.record(anna).judgement.hours["work_based"]
    assert (line.recorded, line.waiting) == (0, 2.5)
    (logged,) = place.record(anna).statements
    assert logged["authority"]["account"]["name"] == "page", "the learner's own word is not the tool's"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"day": "2022-10-14"}, "ECVET-DAY"),
        ({"day": "yesterday"}, "ECVET-DAY"),
        ({"hours": "0"}, "ECVET-HOURS"),
        ({"hours": "24.1"}, "ECVET-HOURS"),
        ({"hours": "nan"}, "ECVET-HOURS"),
        ({"tasks": "  "}, "ECVET-TASKS"),
        ({"mode": "face_to_face"}, "ECVET-MODE"),
        ({"mode": "anything"}, "ECVET-MODE"),
    ],
)
def test_wrong_hours_are_said_on_the_same_page_and_what_was_written_is_still_there(
    here: Place, changes: dict[str, str], code: str
) -> None:
    anna = here.learner("Anna", "CECO")
    sent = {"mode": "work_based", "day": "2022-10-12", "hours": "2.5", "tasks": "Story hour", **changes}
    answer = here.browser(anna).post("/record/unit/CECO-U8/hours?programme=CECO", sent)
    assert answer.status_code == 400
    assert code in answer.text
    assert sent["tasks"].strip() in answer.text and "Where you stand" in answer.text
    assert here.record(anna).statements == ()


def test_a_learner_in_two_programmes_has_a_tab_for_each_and_the_shared_module_counts_in_both(here: Place) -> None:
    anna = here.learner("Anna", "CECO", "DIGY")
    here.passes(anna, "M01")
    browser = here.browser(anna)
    assert "Community Engagement" in browser.text("/record")
    page = browser.text("/record?programme=DIGY")
    assert "Digital Transformation Facilitator · 0 of 8 units" in page
    assert "CECO DIGY Add a programme" in page
    for programme in ("CECO", "DIGY"):
        assert "Module M02" in browser.text(f"/record/unit/BIB-U1?programme={programme}")
    assert here.browser(anna, programme="DIGY").text("/record").count("Digital Transformation Facilitator") >= 1


def test_a_learner_in_no_programme_is_asked_to_choose_and_is_in_it_then(place: Place) -> None:
    anna = place.learner("Anna")
    browser = place.browser(anna)
    page = browser.text("/record")
    assert "Choose your programme" in page
    assert "Brings together analysing the needs of a community" in page and "Begin DIGY" in page
    page = browser.submit("/programme/choose", {"programme": "CECO"})
    assert "0 of 8 units validated" in page
    with reading(place.engine) as conn:
        (enrolment,) = people.enrolments_of(conn, [anna.key])
        current = store.get(conn, "CECO")
    assert current is not None
    assert (enrolment.programme, enrolment.version) == ("CECO", current.version)
    page = browser.text("/programme/choose")
    assert "You are in this programme" in page and "Begin DIGY" in page and "Begin CECO" not in page
    browser.submit("/programme/choose", {"programme": "DIGY"})
    with reading(place.engine) as conn:
        assert {one.programme for one in people.enrolments_of(conn, [anna.key])} == {"CECO", "DIGY"}


def test_choosing_what_is_not_there_or_as_a_teacher_enrols_nobody(here: Place) -> None:
    anna = here.learner("Anna")
    assert here.browser(anna).post("/programme/choose", {"programme": "NONE"}).status_code == 400
    teacher = here.teacher(here.course())
    assert here.browser(teacher).post("/programme/choose", {"programme": "CECO"}).status_code == 403
    with reading(here.engine) as conn:
        assert people.enrolled_in(conn, "CECO") == []
    assert "You have no record here" in here.browser(teacher).text("/record")


def test_pages_without_a_session_or_about_nothing_say_so(here: Place) -> None:
    anna = here.learner("Anna", "CECO")
    for path in ("/record", "/record/unit/BIB-U1", "/programme", "/programme/choose"):
        assert here.browser(None).get(path).status_code == 401
    browser = here.browser(anna)
    assert browser.get("/record?programme=DIGY").status_code == 404
    assert browser.get("/record/unit/DIGY-U5").status_code == 404
    assert browser.post("/record/unit/DIGY-U5/hours", {}).status_code == 404


@pytest.mark.parametrize("language", ["lv", "bg", "el", "it"])
def test_titles_are_in_the_language_of_the_launch(here: Place, language: str) -> None:
    anna = here.learner("Anna", "CECO")
    programme = here.record(anna).programme
    page = here.browser(anna, locale=language).text("/record")
    assert programme.title[language] in page
    assert programme.units[0].title[language] in page
    here.browser(anna, locale=language).text("/record/unit/BIB-U1")


def test_what_a_learner_writes_is_text_and_never_markup(here: Place) -> None:
    anna = here.learner("<b>Anna</b>", "CECO")
    sent = {"mode": "work_based", "day": "2022-10-12", "hours": "1", "tasks": "<script>alert(1)</script>"}
    browser = here.browser(anna)
    browser.submit("/record/unit/CECO-U8/hours", sent)
    html = browser.get("/record/unit/CECO-U8").text + browser.get("/record").text
    assert "<script>alert" not in html and "<b>Anna" not in html
    assert "style=" not in html
    assert BASE and IRI


def test_hours_entered_by_mistake_are_taken_back_until_somebody_confirms_them(place: Place) -> None:
    anna, boris = place.learner("Anna", "CECO"), place.learner("Boris", "CECO")
    mine, path = place.browser(anna), "/record/unit/CECO-U8"
    for hours in ("12", "2"):
        mine.submit(f"{path}/hours", {"mode": "work_based", "day": "2022-10-12", "hours": hours, "tasks": hours})
    wrong, right = (str(one["id"]) for one in place.record(anna).statements)
    assert mine.text(path).count("Take back") == 2
    assert place.browser(boris).post(f"{path}/take-back", {"entry": wrong}).status_code == 404
    mine.submit(f"{path}/take-back", {"entry": wrong})
    assert place.record(anna).judgement.hours["work_based"].waiting == 2
    assert mine.post(f"{path}/take-back", {"entry": wrong}).status_code == 404
    sent = {"entry": right, "programme": "CECO", "person": anna.person}
    place.browser(place.holder("mentor")).post("/to-do/confirm", sent)
    assert mine.post(f"{path}/take-back", {"entry": right}).status_code in (404, 409)
    assert "Take back" not in mine.text(path)
    assert place.record(anna).judgement.hours["work_based"].recorded == 2
