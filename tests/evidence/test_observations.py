"""A rating by somebody without an account: by a link for one learner and one task, used once."""

from __future__ import annotations

import re
import threading
from dataclasses import replace
from typing import get_args

import pytest
from werkzeug.test import TestResponse

from lti_tool.app import create_app
from lti_tool.db import reading
from lti_tool.ecvet.rules import BY_LINK
from lti_tool.evidence.observations import SCALED, Rating
from lti_tool.people.roles import Role
from tests.learning import BASE, Browser, Place, Somebody, text_of
from xapi.store import live

MAY = {"coordinator", "assessor", "mentor", "trainer"}
OUTCOME = "CECO-U8-S1"


def asking(learner: Somebody, unit: str = "CECO-U8") -> str:
    return f"/programme/CECO/learner/{learner.person}/unit/{unit}/observations"


def outcome_of(here: Place, learner: Somebody, unit: str = "CECO-U8") -> str:
    found = here.record(learner).unit(unit)
    assert found is not None
    return found.unit.outcomes[0].id


def wish(here: Place, learner: Somebody, **changes: str) -> dict[str, str]:
    values = {
        "task": "Ran a workshop on passwords",
        "outcome": outcome_of(here, learner),
        "name": "Jānis Bērziņš",
        "email": "",
        "language": "en",
        "days": "14",
        "once": "form-1",
    }
    return {**values, **changes}


def invited(here: Place, learner: Somebody, by: Somebody | None = None, **changes: str) -> str:
    """The path of a link that somebody made; what was made before is among those on the page too."""
    browser = here.browser(by or here.holder("mentor"))
    answer = browser.post(asking(learner), wish(here, learner, **changes))
    assert answer.status_code == 303, answer.text
    return paths(browser.get(asking(learner)).text)[0]


def paths(page: str) -> list[str]:
    return re.findall(re.escape(BASE) + r"(/observe/[^<?]+)", page)


def state_of(here: Place, learner: Somebody) -> str:
    unit = here.record(learner).unit("CECO-U8")
    assert unit is not None
    return unit.judged.outcomes[0].state


def send(here: Place, path: str, rating: str = "alone", **more: str) -> TestResponse:
    return Browser(here, None).post(path, {"rating": rating, **more})


def test_a_rating_by_link_shows_the_outcome_and_says_that_it_came_by_link(place: Place) -> None:
    anna = place.learner("Anna", "CECO")
    path = invited(place, anna)
    page = text_of(Browser(place, None).get(path).text)
    for part in ("Anna", "The mentor", "Ran a workshop on passwords", "Jānis Bērziņš", "CECO"):
        assert part in page
    answer = send(place, path, "alone", comment="Well prepared")
    assert answer.status_code == 200
    assert "Your rating has arrived" in answer.text
    assert state_of(place, anna) == "demonstrated"
    with reading(place.engine) as conn:
        (statement,) = live(conn, [anna.key])
    assert statement["authority"]["account"] == {"homePage": BASE, "name": BY_LINK}
    assert statement["context"]["instructor"]["name"] == "Jānis Bērziņš"
    assert statement["result"]["score"]["scaled"] == 1
    assert [one.id for one in place.heard] == [statement["id"]]
    shown = place.browser(anna).text("/record/unit/CECO-U8?programme=CECO")
    assert "Does it alone" in shown
    assert "by link, without an account · entered by Jānis Bērziņš" in shown
    assert "Well prepared" in shown


@pytest.mark.parametrize(("rating", "state"), [("alone", "demonstrated"), ("helped", "demonstrated")])
def test_help_is_no_hindrance(here: Place, rating: str, state: str) -> None:
    anna = here.learner("Anna", "CECO")
    send(here, invited(here, anna), rating)
    assert state_of(here, anna) == state


def test_not_yet_shows_nothing_and_takes_nothing_away(here: Place) -> None:
    anna = here.learner("Anna", "CECO")
    send(here, invited(here, anna), "not_yet")
    assert state_of(here, anna) != "demonstrated"
    send(here, invited(here, anna, once="form-2"), "alone")
    assert state_of(here, anna) == "demonstrated"
    send(here, invited(here, anna, once="form-3"), "not_yet")
    assert state_of(here, anna) == "demonstrated"


def test_every_rating_has_a_number_and_words() -> None:
    assert set(get_args(Rating)) == set(SCALED)


def test_looking_uses_nothing_up_and_sending_does(place: Place) -> None:
    anna = place.learner("Anna", "CECO")
    path = invited(place, anna)
    for _scanner in range(3):
        assert Browser(place, None).get(path).status_code == 200
    assert Browser(place, None).client.head(path).status_code == 200
    assert send(place, path).status_code == 200
    for again in (send(place, path, "not_yet"), Browser(place, None).get(path)):
        assert again.status_code == 410
        assert "ECVET-LINK-OVER" in again.text
    assert state_of(place, anna) == "demonstrated"
    assert len(place.record(anna).statements) == 1


def test_of_many_who_send_at_once_one_is_heard(place: Place) -> None:
    anna = place.learner("Anna", "CECO")
    path = invited(place, anna)
    gate, answers = threading.Barrier(6), []

    def press() -> None:
        browser = Browser(place, None)
        gate.wait(30)
        answers.append(browser.post(path, {"rating": "alone"}).status_code)

    threads = [threading.Thread(target=press) for _ in range(6)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
    assert sorted(answers) == [200, 410, 410, 410, 410, 410]
    assert len(place.record(anna).statements) == 1


def test_a_rating_that_is_missing_or_unknown_leaves_the_link_as_it_is(here: Place) -> None:
    anna = here.learner("Anna", "CECO")
    path = invited(here, anna)
    for rating in ("", "best", "alone\0"):
        assert send(here, path, rating).status_code == 400
    assert send(here, path, "alone", copy="no address").status_code == 400
    assert send(here, path).status_code == 200


@pytest.mark.parametrize(
    ("email", "typed", "shown"),
    [("", None, []), ("janis@b.example", None, ["janis@b.example"]), ("janis@b.example", "no address", ["no address"])],
)
def test_a_copy_goes_to_the_invited_address_unless_another_is_typed(
    here: Place, email: str, typed: str | None, shown: list[str]
) -> None:
    anna = here.learner("Anna", "CECO")
    path = invited(here, anna, email=email)
    url = here.engine.url.render_as_string(hide_password=False)
    settings = replace(here.wiring.settings, database_url=url, smtp_url="smtp://127.0.0.1:9")
    mailing = create_app(settings, here.clock)
    mailing.testing = True
    rater = Browser(replace(here, app=mailing), None)
    page = rater.get(path) if typed is None else rater.post(path, {"rating": "alone", "copy": typed})
    (there,) = re.findall(r'<input[^>]* name="copy"[^>]*>', page.text)
    assert re.findall(r' value="([^"]*)"', there) == shown


def test_a_link_runs_out(here: Place) -> None:
    anna = here.learner("Anna", "CECO")
    path = invited(here, anna, days="3")
    here.clock.forward(days=3)
    for answer in (Browser(here, None).get(path), send(here, path)):
        assert answer.status_code == 410
        assert "has run out" in answer.text
    assert here.record(anna).statements == ()


def test_nobody_prolongs_a_link_by_the_form(here: Place) -> None:
    anna = here.learner("Anna", "CECO")
    path = invited(here, anna, days="9999")
    here.clock.forward(days=14)
    assert send(here, path).status_code == 410


def test_a_withdrawn_link_opens_nothing(place: Place) -> None:
    anna = place.learner("Anna", "CECO")
    path = invited(place, anna)
    browser = place.browser(place.holder("coordinator"))
    id = re.findall(r'name="link" value="([^"]+)"', browser.get(asking(anna)).text)[0]
    assert "opens nothing any more" in browser.submit(asking(anna) + "/withdraw", {"link": id})
    answer = send(place, path)
    assert answer.status_code == 410
    assert "withdrawn" in answer.text
    assert place.record(anna).statements == ()


def test_what_was_rated_is_not_withdrawn(here: Place) -> None:
    anna = here.learner("Anna", "CECO")
    path = invited(here, anna)
    browser = here.browser(here.holder("coordinator"))
    id = re.findall(r'name="link" value="([^"]+)"', browser.get(asking(anna)).text)[0]
    send(here, path)
    answer = browser.post(asking(anna) + "/withdraw", {"link": id})
    assert answer.status_code == 409
    assert "ECVET-RATED" in answer.text


@pytest.mark.parametrize("spoil", ["cut", "changed", "other purpose", "id alone"])
def test_a_link_that_we_did_not_sign_opens_nothing(here: Place, spoil: str) -> None:
    from lti_tool.evidence.signed import Signed
    from tests.learning import SECRET

    anna = here.learner("Anna", "CECO")
    path = invited(here, anna)
    token = path.rpartition("/")[2]
    id = Signed(SECRET, "rated observation").read(token)
    assert id is not None
    forged = {
        "cut": token[:-4],
        "changed": Signed("another secret, thirty-two characters", "rated observation").token(id),
        "other purpose": Signed(SECRET, "page session").token(id),
        "id alone": id,
    }[spoil]
    for answer in (Browser(here, None).get(f"/observe/{forged}"), send(here, f"/observe/{forged}")):
        assert answer.status_code == 404
        assert "ECVET-LINK" in answer.text
    assert here.record(anna).statements == ()


def test_a_link_speaks_of_its_own_learner_alone(here: Place) -> None:
    anna, boris = here.learner("Anna", "CECO"), here.learner("Boris", "CECO")
    send(here, invited(here, anna), learner=boris.person, actor_key=boris.key)
    assert state_of(here, anna) == "demonstrated"
    assert here.record(boris).statements == ()


def test_a_page_or_a_foreign_credential_cannot_claim_a_rating(here: Place) -> None:
    anna = here.learner("Anna", "CECO")
    unit = here.record(anna).unit("CECO-U8")
    assert unit is not None
    for by in ("page", "credential:abc", "lti-tool-decisions"):
        statement = here._statement(anna, "scored", "unit/CECO-U8/observation/1", 1.0)
        statement["context"] = {"contextActivities": {"parent": [{"id": unit.unit.outcomes[0].iri}]}}
        here._store(by, [statement])
    assert state_of(here, anna) != "demonstrated"


@pytest.mark.parametrize("role", [*get_args(Role), "learner", "teacher", None])
def test_who_may_ask(here: Place, role: str | None) -> None:
    course = here.course()
    anna = here.learner("Anna", "CECO", course=course)
    if role == "learner":
        browser = here.browser(anna)
    elif role == "teacher":
        browser = here.browser(here.teacher(course))
    else:
        browser = here.browser(here.holder(role, "CECO") if role else None)  # type: ignore[arg-type]  # a Role here
    allowed = role in MAY
    assert (browser.get(asking(anna)).status_code == 200) is allowed
    answer = browser.post(asking(anna), wish(here, anna))
    assert (answer.status_code == 303) is allowed
    assert answer.status_code in ({303} if allowed else {401, 403, 404})
    other = browser.post(asking(anna) + "/withdraw", {"link": "x"})
    assert other.status_code == 404 if allowed else other.status_code in {401, 403, 404}


def test_a_mentor_of_another_programme_cannot_ask(here: Place) -> None:
    anna = here.learner("Anna", "CECO")
    browser = here.browser(here.holder("mentor", "DIGY"))
    assert browser.post(asking(anna), wish(here, anna)).status_code == 404


def test_nobody_asks_for_a_rating_of_themselves(here: Place) -> None:
    anna = here.learner("Anna", "CECO")
    here.grant(anna, "mentor")
    answer = here.browser(anna).post(asking(anna), wish(here, anna))
    assert answer.status_code == 403
    assert "ECVET-SELF" in answer.text


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"task": " "}, "ECVET-TASKS"),
        ({"task": "x" * 2001}, "ECVET-TASKS"),
        ({"name": ""}, "ECVET-RATER"),
        ({"outcome": "BIB-U1-K1"}, "ECVET-OUTCOMES"),
        ({"outcome": ""}, "ECVET-OUTCOMES"),
        ({"email": "nobody"}, "PEOPLE-EMAIL"),
        ({"email": "a@b.example\r\nBcc: c@d.example"}, "PEOPLE-EMAIL"),
    ],
)
def test_an_incomplete_wish_is_told_and_what_was_written_stays(here: Place, changes: dict[str, str], code: str) -> None:
    anna = here.learner("Anna", "CECO")
    answer = here.browser(here.holder("mentor")).post(asking(anna), wish(here, anna, **changes))
    assert answer.status_code == 400
    assert code in answer.text
    if "task" not in changes:
        assert "Ran a workshop on passwords" in answer.text


def test_pressing_twice_makes_one_link(place: Place) -> None:
    anna = place.learner("Anna", "CECO")
    browser = place.browser(place.holder("mentor"))
    for _press in range(2):
        assert browser.post(asking(anna), wish(place, anna)).status_code == 303
    assert len(paths(browser.get(asking(anna)).text)) == 1
    changed = browser.post(asking(anna), wish(place, anna, name="Somebody Else"))
    assert changed.status_code == 409
    assert "ECVET-SENT" in changed.text


def test_the_learner_reads_who_was_asked_and_no_link(here: Place) -> None:
    anna, boris = here.learner("Anna", "CECO"), here.learner("Boris", "CECO")
    invited(here, anna)
    path = "/record/unit/CECO-U8/observations?programme=CECO"
    page = here.browser(anna).get(path)
    assert "Jānis Bērziņš" in page.text
    assert "/observe/" not in page.text
    assert "Jānis Bērziņš" not in here.browser(boris).get(path).text
    assert here.browser(None).get(path).status_code == 401


def test_the_link_is_no_address_of_somebodys_session(here: Place) -> None:
    anna = here.learner("Anna", "CECO")
    mentor = here.holder("mentor")
    page = here.browser(mentor)
    page.post(asking(anna), wish(here, anna))
    assert paths(page.get(asking(anna)).text)[0].startswith("/observe/")
    assert f"{BASE}/s/" not in page.get(asking(anna)).text
