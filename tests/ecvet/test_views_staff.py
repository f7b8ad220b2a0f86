"""Pages for those with a role: who sees whom, a unit for decision, hours and evidence entered."""

from __future__ import annotations

from typing import get_args

import pytest

from lti_tool.people.roles import Role
from tests.learning import BASE, Browser, Place, Somebody

SEES = {"coordinator", "assessor", "mentor", "trainer"}


def unit_path(learner: Somebody, unit: str = "BIB-U1", programme: str = "CECO") -> str:
    return f"/programme/{programme}/learner/{learner.person}/unit/{unit}"


@pytest.mark.parametrize("role", [*get_args(Role), "learner", "teacher", None])
@pytest.mark.parametrize("page", ["/programme", "learner", "unit", "/to-do", "/insight", "/course"])
def test_nothing_of_a_learner_is_shown_to_who_may_not_see_it(here: Place, role: str | None, page: str) -> None:
    course = here.course()
    anna = here.learner("Anna", "CECO", course=course)
    if role == "learner":
        browser = here.browser(here.learner("Boris", "CECO", course=course))
    elif role == "teacher":
        browser = here.browser(here.teacher(course))
    else:
        browser = here.browser(here.holder(role, "CECO") if role else None)  # type: ignore[arg-type]  # a Role here
    path = {"learner": f"/programme/CECO/learner/{anna.person}", "unit": unit_path(anna)}.get(page, page)
    answer = browser.get(path)
    if role is None:
        expected = 401
    elif page == "/insight":
        expected = 200 if role in SEES - {"mentor"} | {"admin", "moderator", "institution_admin"} else 403
    elif page == "/course":
        # Who has a role but came from no course has to name one.
        expected = 200 if role == "teacher" else 404 if role in SEES else 403
    else:
        expected = 200 if role in SEES else 403
    assert answer.status_code == expected, answer.text
    if expected != 200 or page in ("/insight", "/to-do"):
        assert "Anna" not in answer.text
    else:
        assert "Anna" in answer.text


@pytest.mark.parametrize(
    ("programme", "institution"), [("DIGY", None), ("CECO", "IT-UNIBA"), (None, "IT-UNIBA"), ("DIGY", "LV-KISC")]
)
def test_a_learner_out_of_reach_is_as_if_not_there(here: Place, programme: str | None, institution: str | None) -> None:
    anna = here.learner("Anna", "CECO", institution="LV-KISC")
    browser = here.browser(here.holder("coordinator", programme, institution))
    for path in (f"/programme/CECO/learner/{anna.person}", unit_path(anna)):
        there, nowhere = browser.get(path), browser.get(path.replace(anna.person, "nobody"))
        assert there.status_code == nowhere.status_code == 404
        assert "Anna" not in there.text
    assert "Anna" not in browser.get("/programme?programme=CECO").text
    for action in ("decide", "withdraw", "hours", "confirm", "done", "take-back"):
        assert browser.post(f"{unit_path(anna)}/{action}", {}).status_code == 404


def test_the_list_of_a_programme_has_its_learners_with_the_state_of_each_unit(place: Place) -> None:
    anna, boris = place.learner("Anna", "CECO"), place.learner("Boris", "CECO", "DIGY")
    place.learner("Chloe", "DIGY")
    place.demonstrates_u1(anna)
    browser = place.browser(place.holder("coordinator", None))
    page = browser.text("/programme")
    assert "2 learners" in page and "CECO DIGY" in page and "Chloe" not in page
    assert "Anna demonstrated" in page
    assert unit_path(boris) in browser.get("/programme").text
    assert "Anna" not in browser.text("/programme?q=bor")
    assert "Chloe" in browser.text("/programme?programme=DIGY")
    assert place.browser(place.holder("mentor", "CECO")).get("/programme?programme=DIGY").status_code == 404


def test_a_long_list_comes_in_pages(here: Place) -> None:
    for number in range(53):
        here.learner(f"L{number:02}", "CECO")
    browser = here.browser(here.holder("coordinator"))
    first, second = browser.text("/programme"), browser.text("/programme?from=50")
    assert "L49" in first and "L50" not in first and "53 learners" in first
    assert "L50" in second and "L52" in second and "L49" not in second


def decide(browser: Browser, learner: Somebody, act: str, reason: str = "All seen.", **more: object) -> str:
    return browser.submit(f"{unit_path(learner)}/decide", {"act": act, "reason": reason, **more})


def test_an_assessor_assesses_then_a_coordinator_validates_and_recognises(place: Place) -> None:
    anna = place.learner("Anna", "CECO")
    place.demonstrates_u1(anna)
    assessor = place.browser(place.holder("assessor", name="Maria Rossi"))
    page = assessor.text(unit_path(anna))
    assert "What the rule says By the evidence alone this unit is: demonstrated" in page
    assert "M01 Formulating search strategies" in page or "M01" in page
    assert "Assess: achieved" in page and "Validate this unit" not in page
    outcomes = [outcome.id for outcome in place.record(anna).programme.units[0].outcomes]
    page = decide(assessor, anna, "assess:achieved", outcome=outcomes)
    assert "Saved Undo" in page
    assert "Assessed: achieved" in page and "Maria Rossi" in page
    coordinator = place.browser(place.holder("coordinator", name="Inga Niedra"))
    assert "Validate this unit" in coordinator.text(unit_path(anna))
    decide(coordinator, anna, "validate:granted")
    page = decide(coordinator, anna, "recognise:granted", "The institution agrees.")
    assert "The institution agrees." in page and "Recognised" in page
    assert place.state(anna) == "recognised"


def test_only_the_ticked_outcomes_are_assessed(here: Place) -> None:
    anna = here.learner("Anna", "CECO")
    here.demonstrates_u1(anna)
    decide(here.browser(here.holder("assessor")), anna, "assess:achieved", outcome=["BIB-U1-K1", "BIB-U1-K2"])
    unit = here.record(anna).unit("BIB-U1")
    assert unit is not None
    states = {one.id: one.state for one in unit.judged.outcomes}
    assert states.pop("BIB-U1-K1") == states.pop("BIB-U1-K2") == "assessed_achieved"
    assert set(states.values()) == {"demonstrated"}


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        ({"act": "assess:achieved", "reason": "", "outcome": "BIB-U1-K1"}, 400, "ECVET-REASON"),
        ({"act": "assess:achieved", "reason": "Kept words"}, 400, "ECVET-OUTCOMES"),
        ({"act": "", "reason": "Kept words"}, 400, "ECVET-RESULT"),
        ({"act": "withdraw:", "reason": "Kept words"}, 400, "ECVET-RESULT"),
        ({"act": "recognise:granted", "reason": "Kept words"}, 409, "ECVET-ORDER"),
    ],
)
def test_a_form_that_was_not_taken_comes_back_with_what_was_written(
    here: Place, sent: dict[str, str], status: int, code: str
) -> None:
    anna = here.learner("Anna", "CECO")
    here.demonstrates_u1(anna)
    answer = here.browser(here.holder("coordinator")).post(f"{unit_path(anna)}/decide", sent)
    assert (answer.status_code, code in answer.text) == (status, True)
    assert sent["reason"] in answer.text and "What the rule says" in answer.text
    assert here.state(anna) == "demonstrated"


@pytest.mark.parametrize("role", ["mentor", "trainer"])
def test_who_may_see_and_not_decide_gets_no_form_and_no_way_round_it(here: Place, role: Role) -> None:
    anna = here.learner("Anna", "CECO")
    here.demonstrates_u1(anna)
    browser = here.browser(here.holder(role))
    assert "Your decision" not in browser.text(unit_path(anna))
    sent = {"act": "assess:achieved", "reason": "Mine.", "outcome": "BIB-U1-K1"}
    assert browser.post(f"{unit_path(anna)}/decide", sent).status_code == 403
    assert here.state(anna) == "demonstrated"


def test_a_learner_who_is_also_assessor_sees_their_unit_and_decides_nothing_about_it(here: Place) -> None:
    anna = here.learner("Anna", "CECO")
    here.demonstrates_u1(anna)
    here.grant(anna, "coordinator")
    browser = here.browser(anna)
    page = browser.text(unit_path(anna))
    assert "This is your own record" in page and "Your decision" not in page and "Enter hours" not in page
    for action, sent in (
        ("decide", {"act": "assess:achieved", "reason": "Mine.", "outcome": "BIB-U1-K1"}),
        ("hours", {"mode": "assessment", "day": "2022-10-12", "hours": "2", "tasks": "Mine"}),
    ):
        assert browser.post(f"{unit_path(anna)}/{action}", sent).status_code == 403


def test_undo_takes_an_act_back_for_a_moment_later_a_reason_is_needed(place: Place) -> None:
    anna = place.learner("Anna", "CECO")
    place.demonstrates_u1(anna)
    browser = place.browser(place.holder("coordinator"))
    ids = [outcome.id for outcome in place.record(anna).programme.units[0].outcomes]

    def last() -> str:
        return str(place.record(anna).decisions[-1].id)

    decide(browser, anna, "assess:achieved", outcome=ids)
    place.clock.forward(seconds=9)
    browser.submit(f"{unit_path(anna)}/withdraw", {"decision": last()})
    assert place.state(anna) == "demonstrated"
    place.clock.forward(seconds=1)
    decide(browser, anna, "assess:achieved", outcome=ids)
    place.clock.forward(minutes=5)
    assert "Undo" not in browser.text(f"{unit_path(anna)}?done={last()}")
    assert browser.post(f"{unit_path(anna)}/withdraw", {"decision": last()}).status_code == 400
    page = browser.submit(f"{unit_path(anna)}/withdraw", {"decision": last(), "reason": "Wrong unit."})
    assert "Wrong unit." in page and "does not count any more" in page
    assert place.state(anna) == "demonstrated"


def test_nobody_undoes_the_act_of_another_without_a_reason(here: Place) -> None:
    anna = here.learner("Anna", "CECO")
    here.demonstrates_u1(anna)
    decide(here.browser(here.holder("coordinator")), anna, "assess:achieved", outcome="BIB-U1-K1")
    other = here.browser(here.holder("coordinator", name="Another"))
    id = here.record(anna).decisions[0].id
    assert other.post(f"{unit_path(anna)}/withdraw", {"decision": id}).status_code == 400


ENTERS = {
    ("trainer", "face_to_face"),
    ("trainer", "project_based"),
    ("trainer", "assessment"),
    ("mentor", "project_based"),
    ("mentor", "work_based"),
    ("assessor", "assessment"),
    ("coordinator", "assessment"),
}


@pytest.mark.parametrize("mode", ["face_to_face", "project_based", "assessment", "work_based", "online_and_self_study"])
@pytest.mark.parametrize("role", sorted(SEES))
def test_hours_are_entered_by_those_whose_role_it_is(here: Place, role: Role, mode: str) -> None:
    anna = here.learner("Anna", "CECO")
    browser = here.browser(here.holder(role, name="Andrejs Kalniņš"))
    sent = {"mode": mode, "day": "2022-10-12", "hours": "2.5", "tasks": "Seminar on search"}
    answer = browser.post(f"{unit_path(anna)}/hours", sent)
    line = here.record(anna).judgement.hours[mode]
    if (role, mode) in ENTERS:
        assert (answer.status_code, line.recorded) == (303, 2.5)
        page = browser.text(unit_path(anna))
        assert "12 October 2022 · entered by Andrejs Kalniņš Seminar on search" in page
    else:
        assert (answer.status_code, line.recorded) == (400 if mode == "online_and_self_study" else 403, 0)


def test_a_mentor_confirms_what_the_learner_logged_and_may_take_it_back(place: Place) -> None:
    anna = place.learner("Anna", "CECO")
    place.browser(anna).submit(
        "/record/unit/CECO-U8/hours", {"mode": "work_based", "day": "2022-10-12", "hours": "3", "tasks": "Story hour"}
    )
    path = unit_path(anna, "CECO-U8")
    (logged,) = place.record(anna).statements
    mentor = place.browser(place.holder("mentor", name="Andrejs"))
    assert "Confirm 3 h" in mentor.text(path)
    assert place.browser(place.holder("assessor")).post(f"{path}/confirm", {"entry": logged["id"]}).status_code == 403
    page = mentor.submit(f"{path}/confirm", {"entry": logged["id"]})
    assert "Confirm 3 h" not in page
    line = place.record(anna).judgement.hours["work_based"]
    assert (line.recorded, line.waiting) == (3, 0)
    assert mentor.post(f"{path}/confirm", {"entry": logged["id"]}).status_code == 409
    confirmed = next(one for one in place.record(anna).statements if one["verb"]["id"].endswith("completed"))
    assert confirmed["context"]["instructor"]["name"] == "Andrejs"
    other = place.browser(place.holder("mentor", name="Another"))
    assert other.post(f"{path}/take-back", {"entry": confirmed["id"]}).status_code == 403
    assert other.post(f"{path}/take-back", {"entry": logged["id"]}).status_code == 403
    mentor.submit(f"{path}/take-back", {"entry": confirmed["id"]})
    line = place.record(anna).judgement.hours["work_based"]
    assert (line.recorded, line.waiting) == (0, 3)
    assert {one.statement["verb"]["id"].rsplit("/")[-1] for one in place.heard} >= {"completed", "voided"}


def test_what_tells_of_a_decision_is_no_entry_that_can_be_taken_back(here: Place) -> None:
    anna, coordinator = here.learner("Anna", "CECO"), here.holder("coordinator")
    here.demonstrates_u1(anna)
    browser = here.browser(coordinator)
    browser.submit(f"{unit_path(anna)}/decide", {"act": "assess:achieved", "outcome": "BIB-U1-K1", "reason": "Seen."})
    copy = next(one for one in here.record(anna).statements if one["verb"]["id"].endswith("scored"))
    assert browser.post(f"{unit_path(anna)}/take-back", {"entry": copy["id"]}).status_code == 403
    assert copy["id"] in {one["id"] for one in here.record(anna).statements}


def test_ids_in_capital_letters_are_ids_too(here: Place) -> None:
    """xAPI takes both, and keeps them as they came."""
    anna = here.learner("Anna", "CECO")
    said = here._statement(anna, "attended", "unit/BIB-U1/face_to_face/seminar-1", hours=2)
    here._store("lti-tool", [{**said, "id": "ABCDEFAB-CDEF-4ABC-8DEF-ABCDEFABCDEF"}])
    assert "12 October" not in here.browser(anna).text("/record/unit/BIB-U1")
    page = here.browser(here.holder("trainer")).text(unit_path(anna))
    assert "2\u00a0h" in page or "2 h" in page
    place_of = here.record(anna).judgement.hours["face_to_face"]
    assert place_of.recorded == 2


def test_a_trainer_enters_that_a_project_or_an_outcome_was_seen_to_be_done(here: Place) -> None:
    anna = here.learner("Anna", "CECO")
    trainer = here.browser(here.holder("trainer"))
    path = unit_path(anna, "BIB-U7")
    assert "Enter something as done" in trainer.text(path)
    trainer.submit(f"{path}/done", {"what": "project", "note": "Shown to the readers' council"})
    unit = here.record(anna).unit("BIB-U7")
    assert unit is not None and {one.state for one in unit.judged.outcomes} == {"demonstrated"}
    trainer.submit(f"{unit_path(anna)}/done", {"what": "outcome/BIB-U1-K1"})
    states = {one.id: one.state for one in here.record(anna).judgement.units[0].outcomes}
    assert states["BIB-U1-K1"] == "demonstrated"
    for what in ("outcome/BIB-U2-K1", "module/M99", "anything", ""):
        assert trainer.post(f"{unit_path(anna)}/done", {"what": what}).status_code == 404
    assessor = here.browser(here.holder("assessor"))
    assert assessor.post(f"{path}/done", {"what": "project"}).status_code == 403


def test_forms_of_other_sites_are_refused(here: Place) -> None:
    anna = here.learner("Anna", "CECO")
    browser = here.browser(here.holder("coordinator"))
    sent = {"act": "assess:achieved", "reason": "Mine.", "outcome": "BIB-U1-K1"}
    answer = browser.post(f"{unit_path(anna)}/decide", sent, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert here.record(anna).decisions == () and BASE
