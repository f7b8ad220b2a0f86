"""Seminars: a list by the trainer, or a code on the screen that changes; each attendance written once."""

from __future__ import annotations

import re
import threading
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_tool.evidence.codes import LETTERS, code_at, fits, seconds_left
from lti_tool.people.roles import Role
from tests.learning import Browser, Place, Somebody, text_of

LIST = "/programme/CECO/seminars"
moments = st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # a bound


def added(here: Place, trainer: Somebody, **changes: str) -> str:
    data = {"unit": "BIB-U1", "title": "First meeting", "day": "2022-10-13", "hours": "2", **changes}
    answer = here.browser(trainer).post(LIST, data)
    assert answer.status_code == 303, answer.text
    return LIST + answer.headers["Location"].rpartition(LIST)[2]


def attended(here: Place, who: Somebody) -> float:
    return here.record(who).judgement.hours["face_to_face"].recorded


def open_(here: Place, trainer: Somebody, seminar: str) -> str:
    """The code on the screen."""
    assert here.browser(trainer).post(seminar + "/open", {"open": "yes"}).status_code == 303
    return shown(here, trainer, seminar)


def shown(here: Place, trainer: Somebody, seminar: str) -> str:
    page = here.browser(trainer).get(seminar + "/code").text
    return re.findall(r'aria-hidden="true">([A-Z0-9]{3}-[A-Z0-9]{3})<', page)[0]


def types(here: Place, who: Somebody, code: str) -> int:
    return here.browser(who).post("/attend", {"code": code}).status_code


def test_a_trainer_ticks_who_was_there_and_takes_a_tick_away_again(place: Place) -> None:
    trainer = place.holder("trainer")
    anna, boris = place.learner("Anna", "CECO"), place.learner("Boris", "CECO")
    seminar = added(place, trainer)
    listed = [anna.person, boris.person]
    browser = place.browser(trainer)
    for _press in range(2):
        assert "1 was there" in browser.submit(seminar, {"listed": listed, "here": [anna.person]})
    assert (attended(place, anna), attended(place, boris)) == (2, 0)
    (statement,) = place.record(anna).statements
    assert statement["context"]["instructor"]["name"] == "The trainer"
    assert statement["result"] == {"duration": "PT7200S", "response": "First meeting"}
    browser.submit(seminar, {"listed": listed, "here": [boris.person]})
    assert (attended(place, anna), attended(place, boris)) == (0, 2)
    browser.submit(seminar, {"listed": listed, "here": listed})
    assert (attended(place, anna), attended(place, boris)) == (2, 2)


def test_who_types_the_code_of_the_screen_was_there_once(place: Place) -> None:
    trainer, anna = place.holder("trainer"), place.learner("Anna", "CECO")
    seminar = added(place, trainer)
    code = open_(place, trainer, seminar)
    page = place.browser(anna).post("/attend", {"code": code.lower().replace("-", " ")})
    assert "You are on the list" in page.text
    assert types(place, anna, code) == 200
    assert attended(place, anna) == 2
    assert len(place.record(anna).statements) == 1
    assert place.record(anna).statements[0]["context"]["instructor"]["name"] == "The trainer"
    assert "by code" in place.browser(trainer).text(seminar)


def test_many_at_once_are_there_once_each(place: Place) -> None:
    trainer = place.holder("trainer")
    pupils = [place.learner(name, "CECO") for name in ("Anna", "Boris", "Clara")]
    code = open_(place, trainer, added(place, trainer))
    gate, answers = threading.Barrier(6), []

    def press(who: Somebody) -> None:
        browser = place.browser(who)
        gate.wait(30)
        answers.append(browser.post("/attend", {"code": code}).status_code)

    threads = [threading.Thread(target=press, args=(who,)) for who in (*pupils, *pupils)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
    assert answers == [200] * 6
    assert [attended(place, who) for who in pupils] == [2, 2, 2]


def test_looking_at_the_address_of_the_picture_signs_nobody_in(here: Place) -> None:
    trainer, anna = here.holder("trainer"), here.learner("Anna", "CECO")
    code = open_(here, trainer, added(here, trainer))
    assert code in here.browser(anna).get(f"/attend?code={code}").text
    assert attended(here, anna) == 0
    stranger = Browser(here, None)
    assert "Open your course on this phone" in text_of(stranger.get(f"/attend?code={code}").text)
    assert stranger.post("/attend", {"code": code}).status_code == 401


def test_a_code_lives_for_a_minute_at_most(here: Place) -> None:
    trainer, anna, boris = here.holder("trainer"), here.learner("Anna", "CECO"), here.learner("Boris", "CECO")
    seminar = added(here, trainer)
    code = open_(here, trainer, seminar)
    here.clock.forward(seconds=30)
    assert shown(here, trainer, seminar) != code
    assert types(here, anna, code) == 200
    here.clock.forward(seconds=30)
    answer = here.browser(boris).post("/attend", {"code": code})
    assert answer.status_code == 400
    assert "ECVET-CODE" in answer.text
    assert attended(here, boris) == 0


def test_a_closed_seminar_takes_no_code(here: Place) -> None:
    trainer, anna = here.holder("trainer"), here.learner("Anna", "CECO")
    seminar = added(here, trainer)
    code = open_(here, trainer, seminar)
    here.browser(trainer).post(seminar + "/open", {"open": "no"})
    assert types(here, anna, code) == 400
    open_(here, trainer, seminar)
    here.clock.forward(minutes=60)
    late = code_at(here.wiring.settings.secret_key, seminar.rpartition("/")[2], here.clock())
    assert types(here, anna, late) == 400
    assert attended(here, anna) == 0


def test_a_code_is_of_its_programme_and_institution(here: Place) -> None:
    trainer = here.holder("trainer", "CECO", "LV-KISC")
    code = open_(here, trainer, added(here, trainer))
    other, stranger = here.learner("Boris", "DIGY"), here.learner("Clara", "CECO", institution="BG-GLBF")
    own = here.learner("Anna", "CECO", institution="LV-KISC")
    assert types(here, other, code) == 400
    assert types(here, stranger, code) == 403
    assert types(here, own, code) == 200
    assert (attended(here, stranger), attended(here, own)) == (0, 2)


def test_a_trainer_enters_only_learners_within_reach(here: Place) -> None:
    trainer = here.holder("trainer", "CECO", "LV-KISC")
    own = here.learner("Anna", "CECO", institution="LV-KISC")
    stranger = here.learner("Clara", "CECO", institution="BG-GLBF")
    seminar = added(here, trainer)
    everyone = [own.person, stranger.person, trainer.person]
    assert "Clara" not in here.browser(trainer).text(seminar)
    here.browser(trainer).post(seminar, {"listed": everyone, "here": everyone})
    assert (attended(here, own), attended(here, stranger)) == (2, 0)


def test_a_trainer_who_learns_too_does_not_enter_themselves(here: Place) -> None:
    anna = here.learner("Anna", "CECO")
    here.grant(anna, "trainer")
    seminar = added(here, anna)
    here.browser(anna).post(seminar, {"listed": [anna.person], "here": [anna.person]})
    assert attended(here, anna) == 0


@pytest.mark.parametrize("role", [*get_args(Role), "learner", "teacher", None])
def test_who_may_hold_seminars(here: Place, role: str | None) -> None:
    course = here.course()
    anna = here.learner("Anna", "CECO", course=course)
    seminar = added(here, here.holder("trainer"))
    if role == "learner":
        browser = here.browser(anna)
    elif role == "teacher":
        browser = here.browser(here.teacher(course))
    else:
        browser = here.browser(here.holder(role, "CECO", name="Other") if role else None)  # type: ignore[arg-type]  # a Role
    allowed = role == "trainer"
    refused = {401, 403, 404}
    for page in (LIST, seminar, seminar + "/code"):
        assert browser.get(page).status_code in ({200} if allowed else refused)
    posts: list[tuple[str, dict[str, Any]]] = [
        (LIST, {"unit": "BIB-U1", "title": "x", "day": "2022-10-13", "hours": "2"}),
        (seminar, {"listed": anna.person, "here": anna.person}),
        (seminar + "/open", {"open": "yes"}),
    ]
    for page, data in posts:
        assert browser.post(page, data).status_code in ({303} if allowed else refused)
    assert attended(here, anna) == (2 if allowed else 0)


def test_a_trainer_of_another_programme_sees_nothing_of_it(here: Place) -> None:
    seminar = added(here, here.holder("trainer"))
    browser = here.browser(here.holder("trainer", "DIGY"))
    for page in (LIST, seminar, seminar.replace("CECO", "DIGY")):
        assert browser.get(page).status_code == 404


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"title": ""}, "ECVET-TASKS"), ({"hours": "25"}, "ECVET-HOURS"), ({"day": "2033-01-01"}, "ECVET-DAY")],
)
def test_what_is_no_seminar(here: Place, changes: dict[str, str], code: str) -> None:
    data = {"unit": "BIB-U1", "title": "x", "day": "2022-10-13", "hours": "2", **changes}
    answer = here.browser(here.holder("trainer")).post(LIST, data)
    assert answer.status_code == 400
    assert code in answer.text


def test_pressing_twice_adds_one(here: Place) -> None:
    trainer = here.holder("trainer")
    data = {"unit": "BIB-U1", "title": "Once", "day": "2022-10-13", "hours": "2", "once": "form-1"}
    for _press in range(2):
        assert here.browser(trainer).post(LIST, data).status_code == 303
    assert here.browser(trainer).get(LIST).text.count("Once") == 1


def test_the_screen_comes_anew_when_the_code_changes(here: Place) -> None:
    trainer = here.holder("trainer")
    seminar = added(here, trainer)
    assert "Refresh" not in here.browser(trainer).get(seminar + "/code").headers
    open_(here, trainer, seminar)
    wait = int(here.browser(trainer).get(seminar + "/code").headers["Refresh"])
    before = shown(here, trainer, seminar)
    here.clock.forward(seconds=wait)
    assert shown(here, trainer, seminar) != before


@given(moments, st.integers(0, 200))
def test_a_code_fits_for_30_to_60_seconds_and_never_longer(moment: datetime, later: int) -> None:
    code = code_at("secret", "a", moment)
    assert set(code) <= set(LETTERS) and len(code) == 6
    after = moment + timedelta(seconds=later)
    if later < 30:
        assert fits("secret", "a", code, after)
    if later >= 60 and code_at("secret", "a", after) != code:
        assert not fits("secret", "a", code, after)
    assert 1 <= seconds_left(moment) <= 30
    assert not fits("secret", "a", "", after)


def test_codes_of_two_seminars_and_two_secrets_differ() -> None:
    moment = datetime(2022, 10, 13, 9, 30, tzinfo=UTC)
    codes = {code_at(secret, seminar, moment) for secret in ("x", "y") for seminar in ("a", "b")}
    assert len(codes) == 4
