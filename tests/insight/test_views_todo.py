"""What waits for whom, confirmed in two taps and taken back; figures over learners."""

from __future__ import annotations

import io
import re
from pathlib import Path
from threading import Thread

import pytest
import sqlalchemy as sa

from lti_tool.db import writing
from lti_tool.ecvet import entries
from lti_tool.ecvet.decisions import take_turn
from lti_tool.people.roles import Role
from tests.learning import BASE, Place, Somebody
from xapi import personas

PERFORMED = "http://id.tincanapi.com/verb/performed-offline"


def log(place: Place, learner: Somebody, hours: str = "3", day: str = "2022-10-01") -> str:
    sent = {"mode": "work_based", "day": day, "hours": hours, "tasks": "Story hour"}
    place.browser(learner).submit("/record/unit/CECO-U8/hours", sent)
    return str(place.record(learner).statements[-1]["id"])


def claim(place: Place, learner: Somebody, title: str = "ECDL Advanced") -> str:
    """A claim of prior learning; its id."""
    data = {
        "programme": "CECO", "title": title, "issuer": "RTU", "day": "2021-05-01", "hours": "12", "module": "M01",
        "certificate": (io.BytesIO(b"%PDF-1.7\n"), "a.pdf"),
    }  # fmt: skip
    browser = place.browser(learner)
    assert browser.post("/record/prior", data, content_type="multipart/form-data").status_code == 303
    return re.findall(r'name="claim" value="([^"]+)"', browser.get("/record/prior?programme=CECO").text)[0]


def test_hours_are_confirmed_in_two_taps_and_undone_in_one(place: Place) -> None:
    anna = place.learner("Anna", "CECO")
    entry = log(place, anna)
    mentor = place.browser(place.holder("mentor"))
    page = mentor.text("/to-do")
    assert "1 thing waits for you" in page
    assert "Anna · CECO Confirm 3 h: Work-based 12 days Story hour Confirm 3 h Open" in page
    sent = {"entry": entry, "programme": "CECO", "person": anna.person}
    answer = mentor.post("/to-do/confirm", sent)
    location = answer.headers["Location"]
    page = mentor.client.get(location).text
    assert "3\u00a0h of Anna confirmed" in page and "Undo" in page and "Nothing waits for you" in page
    assert place.record(anna).judgement.hours["work_based"].recorded == 3
    confirmed = next(one for one in place.record(anna).statements if one["verb"]["id"].endswith("completed"))
    assert "Taken back" in mentor.submit("/to-do/undo", {**sent, "entry": confirmed["id"]})
    assert place.record(anna).judgement.hours["work_based"].recorded == 0


def test_hours_that_two_confirm_at_once_count_once(place: Place) -> None:
    anna = place.learner("Anna", "CECO")
    sent = {"entry": log(place, anna), "programme": "CECO", "person": anna.person}
    first, second = place.holder("mentor", name="First"), place.browser(place.holder("mentor", name="Second"))
    answers: list[int] = []
    late = Thread(target=lambda: answers.append(second.post("/to-do/confirm", sent).status_code))
    with writing(place.engine) as conn:
        take_turn(conn)
        record = place.record_in(conn, anna)
        entries.confirm_hours(conn, record, sent["entry"], place.by(first), place.clock(), BASE)
        late.start()
        while conn.dialect.name == "postgresql" and late.is_alive():
            if conn.scalar(sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted AND pid <> pg_backend_pid()")):
                break
        else:
            late.join(0.1)
    late.join(30)
    assert answers == [409]
    assert place.record(anna).judgement.hours["work_based"].recorded == 3


def test_cards_are_by_age_and_only_what_the_role_may_do(here: Place) -> None:
    from tests.ecvet.test_decisions import decide

    anna, boris = here.learner("Anna", "CECO"), here.learner("Boris", "CECO")
    here.demonstrates_u1(boris)
    here.clock.forward(days=2)
    here.demonstrates_u1(anna)
    log(here, anna)
    coordinator = here.holder("coordinator")
    page = here.browser(coordinator).text("/to-do")
    assert page.index("Boris · CECO Assess") < page.index("Anna · CECO Assess")
    assert "2 days" in page and "Confirm" not in page
    decide(here, coordinator, boris, "assess")
    assert "Boris · CECO Validate" in here.browser(coordinator).text("/to-do")
    assert "Boris" not in here.browser(here.holder("assessor")).text("/to-do")
    shown: dict[Role, bool] = {"mentor": True, "trainer": False, "assessor": False}
    for role, confirms in shown.items():
        assert ("Confirm 3 h" in here.browser(here.holder(role)).text("/to-do")) is confirms


def test_what_cannot_be_done_yet_is_no_card(here: Place) -> None:
    from tests.ecvet.test_decisions import decide

    anna = here.learner("Anna", "CECO")
    coordinator = here.holder("coordinator")
    decide(here, coordinator, anna, "assess")  # without all evidence: it can't be validated
    assert "Nothing waits for you" in here.browser(coordinator).text("/to-do")


def test_nobody_finds_their_own_matters_or_those_out_of_reach_on_the_list(here: Place) -> None:
    anna = here.learner("Anna", "CECO")
    here.demonstrates_u1(anna)
    entry = log(here, anna)
    for role in ("coordinator", "mentor"):
        here.grant(anna, role)  # type: ignore[arg-type]  # both are Roles
    assert "Nothing waits for you" in here.browser(anna).text("/to-do")
    sent = {"entry": entry, "programme": "CECO", "person": anna.person}
    assert here.browser(anna).post("/to-do/confirm", sent).status_code == 403
    stranger = here.browser(here.holder("mentor", "DIGY"))
    assert "Nothing waits for you" in stranger.text("/to-do")
    assert stranger.post("/to-do/confirm", sent).status_code == 404
    assert here.browser(here.teacher(here.course())).post("/to-do/confirm", sent).status_code == 403
    assert here.record(anna).judgement.hours["work_based"].recorded == 0


def test_the_overview_says_in_a_sentence_who_works_who_is_silent_and_who_has_not_begun(place: Place) -> None:
    anna, boris = place.learner("Anna", "CECO"), place.learner("Boris", "CECO")
    place.learner("Chloe", "CECO", "DIGY")
    place.passes(boris, "M01")
    place.clock.forward(days=15)
    place.demonstrates_u1(anna)
    browser = place.browser(place.holder("coordinator", None))
    page = browser.text("/insight?programme=CECO")
    assert "1 of 3 learners have worked in the last two weeks; 1 has been silent for longer; 1 has not begun." in page
    assert "Information, communication and digital citizenship 1 1 1" in page.replace("–", "").replace("  ", " ")
    assert "Digital Transformation Facilitator" not in page
    page = browser.text("/insight")
    assert "Digital Transformation Facilitator" in page
    assert "1 of 3 learners" in page, "who is in two programmes is one person"


def test_a_coordinator_finds_the_courses_of_their_learners(here: Place) -> None:
    course, other = here.course("c1", "Group 1"), here.course("c2", "Group 2")
    here.learner("Anna", "CECO", course=course)
    here.learner("Boris", "DIGY", course=other)
    html = here.browser(here.holder("coordinator")).get("/insight").text
    assert f'/course/{course}">Group 1' in html and "Group 2" not in html
    assert "Group 1" not in here.browser(here.holder("moderator")).get("/insight").text


def test_figures_count_whom_the_role_reaches_and_name_nobody(here: Place) -> None:
    here.learner("Anna", "CECO", institution="LV-KISC")
    here.learner("Boris", "CECO", institution="IT-UNIBA")
    page = here.browser(here.holder("moderator", "CECO", "LV-KISC")).text("/insight")
    assert "0 of 1 learner has worked" in page
    assert "Anna" not in page and "Boris" not in page


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What learners upload goes where the test may write."""
    monkeypatch.chdir(tmp_path)  # DATA_DIR is relative by default


@pytest.mark.usefixtures("files")
def test_claims_of_prior_learning_wait_with_the_rest_and_open_where_they_are_decided(place: Place) -> None:
    anna, boris = place.learner("Anna", "CECO"), place.learner("Boris", "CECO")
    id = claim(place, anna)
    place.clock.forward(days=1)
    place.demonstrates_u1(boris)
    place.clock.forward(days=1)
    for role in ("assessor", "coordinator"):
        browser = place.browser(place.holder(role))  # type: ignore[arg-type]  # a Role
        page = browser.text("/to-do")
        assert "2 things wait for you" in page
        card = page.index("Anna · CECO Decide: prior learning, 12 h 2 days ECDL Advanced Open")
        assert card < page.index("Boris · CECO Assess")
        address = f"/programme/CECO/learner/{anna.person}/prior#claim-{id}"
        assert address in browser.get("/to-do").text
        assert f'id="claim-{id}"' in browser.get(address.partition("#")[0]).text
    for role in ("mentor", "trainer"):
        assert "prior learning" not in place.browser(place.holder(role)).text("/to-do")  # type: ignore[arg-type]  # a Role


@pytest.mark.usefixtures("files")
def test_a_claim_waits_until_it_is_decided_and_again_when_that_is_withdrawn(place: Place) -> None:
    anna = place.learner("Anna", "CECO")
    who = place.holder("assessor")
    sent = {"claim": claim(place, anna), "result": "accepted", "reason": "seen", "module": "M01"}
    assert "ECDL Advanced" in place.browser(who).text("/to-do")
    for result, waits in (("accepted", False), ("withdrawn", True), ("refused", False), ("withdrawn", True)):
        place.clock.forward(days=1)
        assessor = place.browser(who)  # a session of that day
        done = assessor.post(f"/programme/CECO/learner/{anna.person}/prior", {**sent, "result": result})
        assert done.status_code == 303
        page = assessor.text("/to-do")
        assert ("ECDL Advanced" in page) is waits
        assert ("today ECDL" in page) is waits  # it waits since the withdrawal
    back = {"programme": "CECO", "claim": sent["claim"]}
    assert place.browser(anna).post("/record/prior/take-back", back).status_code == 303
    assert "Nothing waits for you" in assessor.text("/to-do")


@pytest.mark.usefixtures("files")
def test_claims_are_of_the_own_programme_and_institution_and_never_ones_own(here: Place) -> None:
    anna = here.learner("Anna", "CECO", institution="turiba")
    claim(here, anna)
    here.grant(anna, "assessor")
    assert "ECDL" not in here.browser(anna).text("/to-do")
    for programme, institution, shown in (("CECO", None, True), ("CECO", "turiba", True), ("CECO", "x", False)):
        who = here.holder("assessor", programme, institution, name=f"Of {institution}")
        assert ("ECDL" in here.browser(who).text("/to-do")) is shown
    assert "ECDL" not in here.browser(here.holder("assessor", "DIGY")).text("/to-do")


@pytest.mark.usefixtures("files")
def test_a_claim_of_a_joined_account_waits_once(place: Place) -> None:
    anna = place.learner("Anna", "CECO")
    other = place.learner("Annija", "CECO", home="https://other.example.org")
    claim(place, other, "Of the other account")
    with writing(place.engine) as conn:
        personas.join(conn, anna.person, other.person, "test", place.clock())
    page = place.browser(place.holder("assessor")).text("/to-do")
    assert page.count("Of the other account") == 1
    assert "1 thing waits for you" in page
