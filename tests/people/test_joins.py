"""One learner, many LMSs: accounts joined by a code that both sides confirm, or by a coordinator; and parted again."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa

from lti_tool.audit import acts
from lti_tool.db import reading
from lti_tool.people import join_code
from tests.conftest import Clock
from tests.learning import SECRET, Browser, Place, Somebody, open_place

CANVAS = "https://canvas.example.bg"


@pytest.fixture
def place(engine: sa.Engine, clock: Clock) -> Place:
    """On both databases."""
    return open_place(engine, clock)


@pytest.fixture
def here(sqlite_engine: sa.Engine, clock: Clock) -> Place:
    """For promises that have nothing to do with the kind of database."""
    return open_place(sqlite_engine, clock)


def code_of(browser: Browser) -> str:
    answer = browser.post("/record/accounts/code")
    assert answer.status_code == 200, answer.text
    found = re.search(r"<code>([A-Z2-9]{4}-[A-Z2-9]{4}-[A-Z2-9]{4})</code>", answer.text)
    assert found, answer.text
    return found[1]


def asked_of(browser: Browser) -> str:
    found = re.search(r'name="asked" value="([0-9a-f]{64})"', browser.get("/record/accounts").text)
    assert found
    return found[1]


def two(place: Place) -> tuple[Somebody, Somebody, Browser, Browser]:
    anna = place.learner("Anna", "CECO")
    abroad = place.learner("Ann", home=CANVAS)
    return anna, abroad, place.browser(anna), place.browser(abroad)


def joined(place: Place, mine: Browser, other: Browser) -> None:
    other.submit("/record/accounts/ask", {"code": code_of(mine)})
    mine.submit("/record/accounts/answer", {"asked": asked_of(mine), "answer": "yes"})


def test_accounts_of_two_lmss_are_joined_once_both_sides_said_yes_and_credit_adds_up(place: Place) -> None:
    anna, abroad, mine, other = two(place)
    place.passes(abroad, *[f"M0{number}" for number in range(1, 10)])
    place.says(anna, "attended", "unit/BIB-U1/face_to_face/seminar-1", hours=2)
    code = code_of(mine)
    page = other.post("/record/accounts/look", {"code": code.lower().replace("-", " ")}).text
    assert "Anna" in page and "moodle.example.org" in page and "canvas.example.bg" in page
    assert place.state(anna) == "in_progress"
    assert "confirm it in the other account" in other.submit("/record/accounts/ask", {"code": code})
    assert place.state(anna) == "in_progress", "one side alone joins nothing"
    assert "Ann · canvas.example.bg" in mine.text("/record/accounts")
    mine.submit("/record/accounts/answer", {"asked": asked_of(mine), "answer": "yes"})
    assert place.state(anna) == "demonstrated"
    assert "1 · " in other.text("/record") or "CECO" in other.get("/record").text, "the record is that of both"


def test_what_was_joined_is_parted_by_either_side(place: Place) -> None:
    anna, abroad, mine, other = two(place)
    place.demonstrates_u1(abroad)
    joined(place, mine, other)
    found = re.search(r'name="join" value="([^"]+)"', other.get("/record/accounts").text)
    assert found and place.state(anna) == "demonstrated"
    other.submit("/record/accounts/part", {"join": found[1]})
    assert place.state(anna) == "not_started"
    assert mine.post("/record/accounts/part", {"join": found[1]}).status_code == 404
    with reading(place.engine) as conn:
        assert [one.kind for one in acts(conn)] == ["people_parted", "people_joined"]


def test_no_is_an_answer_too(here: Place) -> None:
    _anna, _abroad, mine, other = two(here)
    other.submit("/record/accounts/ask", {"code": code_of(mine)})
    asked = asked_of(mine)
    mine.submit("/record/accounts/answer", {"asked": asked, "answer": "no"})
    assert mine.post("/record/accounts/answer", {"asked": asked, "answer": "yes"}).status_code == 404
    assert "Part these" not in mine.text("/record/accounts")


def test_a_code_works_once_for_a_quarter_of_an_hour_and_only_the_newest(here: Place) -> None:
    _anna, _abroad, mine, other = two(here)
    third = here.browser(here.learner("Third", home="https://third.example"))
    old, code = code_of(mine), code_of(mine)
    assert other.post("/record/accounts/ask", {"code": old}).status_code == 404
    assert other.post("/record/accounts/ask", {"code": code}).status_code == 303
    assert third.post("/record/accounts/ask", {"code": code}).status_code == 404
    code = code_of(mine)
    here.clock.forward(minutes=15)
    assert third.post("/record/accounts/look", {"code": code}).status_code == 404


def test_a_confirmation_that_comes_too_late_joins_nothing(here: Place) -> None:
    _anna, _abroad, mine, other = two(here)
    other.submit("/record/accounts/ask", {"code": code_of(mine)})
    asked = asked_of(mine)
    here.clock.forward(minutes=61)
    assert mine.post("/record/accounts/answer", {"asked": asked, "answer": "yes"}).status_code == 404


def test_only_the_account_that_showed_the_code_confirms(here: Place) -> None:
    _anna, _abroad, mine, other = two(here)
    third = here.browser(here.learner("Third", home="https://third.example"))
    other.submit("/record/accounts/ask", {"code": code_of(mine)})
    asked = asked_of(mine)
    for browser in (other, third):
        assert browser.post("/record/accounts/answer", {"asked": asked, "answer": "yes"}).status_code == 404
    assert here.browser(None).get("/record/accounts").status_code == 401


def test_guessing_is_stopped_after_ten_wrong_codes_in_an_hour(here: Place) -> None:
    _anna, _abroad, mine, other = two(here)
    code = code_of(mine)
    forged = code[:-1] + ("A" if code[-1] != "A" else "B")
    for wrong in [forged, "", "AAAA-AAAA-AAAA", *[join_code.make(SECRET) for _turn in range(7)]]:
        assert other.post("/record/accounts/look", {"code": wrong}).status_code == 404
    assert other.post("/record/accounts/look", {"code": code}).status_code == 429
    here.clock.forward(minutes=61)
    assert other.post("/record/accounts/look", {"code": code_of(mine)}).status_code == 200


def test_an_account_shows_ten_codes_an_hour(here: Place) -> None:
    mine = two(here)[2]
    for _turn in range(10):
        code_of(mine)
    assert mine.post("/record/accounts/code").status_code == 429


def test_one_account_and_accounts_with_roles_are_not_joined(here: Place) -> None:
    """Or whoever talks a coordinator into typing a code would be a coordinator."""
    _anna, abroad, mine, other = two(here)
    assert mine.post("/record/accounts/ask", {"code": code_of(mine)}).status_code == 409
    here.grant(abroad, "mentor")
    code = code_of(mine)
    assert other.post("/record/accounts/look", {"code": code}).status_code == 403
    assert other.post("/record/accounts/ask", {"code": code}).status_code == 403


def test_a_role_that_came_after_the_code_was_typed_stops_the_join_too(here: Place) -> None:
    _anna, abroad, mine, other = two(here)
    other.submit("/record/accounts/ask", {"code": code_of(mine)})
    here.grant(abroad, "mentor")
    assert mine.post("/record/accounts/answer", {"asked": asked_of(mine), "answer": "yes"}).status_code == 403


def path(learner: Somebody, what: str = "join") -> str:
    return f"/programme/CECO/learner/{learner.person}/{what}"


def test_a_coordinator_joins_two_learners_with_a_reason_and_parts_them(place: Place) -> None:
    anna = place.learner("Anna", "CECO")
    again = place.learner("Anna B.", "CECO", home=CANVAS)
    place.demonstrates_u1(again)
    browser = place.browser(place.holder("coordinator"))
    assert "Anna B." in browser.text(f"{path(anna)}?q=anna")
    assert "These two will be one learner" in browser.text(f"{path(anna)}?other={again.person}")
    assert browser.post(path(anna), {"other": again.person, "reason": " "}).status_code == 400
    page = browser.submit(path(anna), {"other": again.person, "reason": "Showed me both accounts."})
    assert "Showed me both accounts." in page
    assert place.state(anna) == "demonstrated"
    assert "1 learner" in browser.text("/programme")
    assert "Showed me both accounts." in place.browser(anna).text("/record/accounts"), "the learner can read why"
    found = re.search(r'name="join" value="([^"]+)"', browser.get(path(anna)).text)
    assert found
    assert browser.post(path(anna, "part"), {"join": found[1], "reason": ""}).status_code == 400
    browser.submit(path(anna, "part"), {"join": found[1], "reason": "They are two after all."})
    assert place.state(anna) == "not_started"
    assert "2 learners" in browser.text("/programme")


@pytest.mark.parametrize("role", ["assessor", "mentor", "trainer", "moderator", "admin"])
def test_other_roles_join_nobody(here: Place, role: str) -> None:
    anna, boris = here.learner("Anna", "CECO"), here.learner("Boris", "CECO")
    browser = here.browser(here.holder(role))  # type: ignore[arg-type]  # all are Roles
    assert browser.get(path(anna)).status_code == 403
    assert browser.post(path(anna), {"other": boris.person, "reason": "Why not."}).status_code == 403
    assert browser.post(path(anna, "part"), {"join": "x", "reason": "Why not."}).status_code == 403


def test_a_coordinator_joins_nobody_out_of_reach_nor_themselves(here: Place) -> None:
    anna = here.learner("Anna", "CECO", institution="LV-KISC")
    boris = here.learner("Boris", "CECO", institution="IT-UNIBA")
    coordinator = here.holder("coordinator", "CECO", "LV-KISC")
    browser = here.browser(coordinator)
    sent = {"other": boris.person, "reason": "I say so."}
    assert browser.post(path(anna), sent).status_code == 404
    assert browser.get(f"{path(anna)}?other={boris.person}").status_code == 404
    assert browser.post(path(boris), {**sent, "other": anna.person}).status_code == 404
    here.grant(anna, "coordinator")
    chloe = here.learner("Chloe", "CECO")
    own = here.browser(anna)
    assert own.post(path(anna), {"other": chloe.person, "reason": "I say so."}).status_code == 403
    assert own.post(path(chloe), {"other": anna.person, "reason": "I say so."}).status_code == 403
