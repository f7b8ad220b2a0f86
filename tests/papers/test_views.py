"""Pages of papers: issuing and the register for those who may, a learner's choice, and what a check tells whom."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta
from typing import get_args

import pytest

from lti_tool.i18n import LANGUAGES
from lti_tool.papers.award import SHOWS
from lti_tool.papers.numbers import show_number
from lti_tool.people.roles import Role
from tests.learning import Place, text_of
from tests.papers.conftest import anna, award, awards, issue, validated, withdraw


def papers_of(person: str) -> str:
    return f"/programme/CECO/learner/{person}/papers"


def test_a_coordinator_issues_from_the_learners_page_and_the_learner_finds_it_in_theirs(place: Place) -> None:
    learner, coordinator = anna(place)
    theirs = place.browser(coordinator)
    assert f'href="{theirs.prefix}{papers_of(learner.person)}"' in theirs.get(papers_of(learner.person)[:-7]).text
    page = theirs.text(papers_of(learner.person))
    assert "Nothing was issued yet." in page and "Award of unit BIB-U1" in page
    sent = {"thing": "unit:BIB-U1", "name": "Anna Ķēniņa", "institution": "LV-KISC"}
    shown = theirs.submit(papers_of(learner.person), sent)
    (made,) = awards(place, learner)
    assert "Saved" in shown and show_number(made.number) in shown
    own = place.browser(learner)
    assert f'href="{own.prefix}/record/papers"' in own.get("/record", follow_redirects=True).text
    assert show_number(made.number) in own.text("/record/papers")


def test_a_form_that_can_not_be_issued_comes_back_with_the_reason_and_what_was_written(here: Place) -> None:
    learner, coordinator = anna(here)
    sent = {"thing": "unit:BIB-U1", "name": "", "institution": "LV-KISC", "quality": "Accredited by X"}
    answer = here.browser(coordinator).post(papers_of(learner.person), sent)
    assert answer.status_code == 400
    assert "PAPERS-NAME" in answer.text and "Accredited by X" in answer.text
    again = here.browser(coordinator).post(papers_of(learner.person), {**sent, "thing": "medal:1"})
    assert again.status_code == 400 and "PAPERS-THING" in again.text


def test_a_paper_is_withdrawn_with_a_reason_that_the_learner_reads_and_a_checker_does_not(here: Place) -> None:
    learner, coordinator = anna(here)
    number = issue(here, coordinator, learner).number
    path = f"{papers_of(learner.person)}/{show_number(number)}/withdraw"
    assert here.browser(coordinator).post(path, {"reason": ""}).status_code == 400
    assert "withdrawn" in here.browser(coordinator).submit(path, {"reason": "The name is wrong."})
    assert "The name is wrong." in here.browser(learner).text("/record/papers")
    checked = here.browser(None).text(f"/check/{number}")
    assert "This paper was withdrawn." in checked and "The name is wrong." not in checked


@pytest.mark.parametrize("role", [*get_args(Role), "nobody", "learner"])
def test_who_may_reach_which_page(here: Place, role: str) -> None:
    learner, coordinator = anna(here)
    number = issue(here, coordinator, learner).number
    who = (
        None if role == "nobody" else here.learner("Boris", "CECO") if role == "learner" else here.holder(role)  # type: ignore[arg-type]  # one of the roles
    )
    browser = here.browser(who)
    refused = {401, 403, 404}
    papers = papers_of(learner.person)
    sent = {"thing": "transcript:", "name": "Anna", "institution": "LV-KISC"}
    answers = {
        "learner": browser.get(papers).status_code,
        "issue": browser.post(papers, sent).status_code,
        "withdraw": browser.post(f"{papers}/{number}/withdraw", {"reason": "So."}).status_code,
        "register": browser.get("/register").status_code,
        "csv": browser.get("/register.csv").status_code,
    }
    if role == "coordinator":
        assert answers == {"learner": 200, "issue": 303, "withdraw": 303, "register": 200, "csv": 200}
    else:
        assert set(answers.values()) <= refused, answers
        assert [one.state for one in awards(here, learner)] == ["valid"]
    # The number alone opens the check page, and nothing else of the learner.
    assert browser.get(f"/check/{number}").status_code == 200
    assert browser.post(f"/record/papers/{number}/shows", {"shows": "full"}).status_code in refused
    assert award(here, number).shows == "minimal"


def test_the_check_page_shows_the_least_until_the_learner_allows_more(place: Place) -> None:
    learner, coordinator = anna(place)
    number = issue(place, coordinator, learner).number
    outcome = award(place, number).snapshot["units"][0]["outcomes"][0]["text"]["text"]["en"]
    seen = {}
    for level in ("", *SHOWS):
        if level:
            place.browser(learner).submit(f"/record/papers/{number}/shows", {"shows": level})
        page = place.browser(None).text(f"/check/{show_number(number)}")
        assert "This paper is valid." in page and "Culture Information Systems Centre" in page
        assert "Inga" not in page and "Seen at work" not in page
        seen[level] = (learner.name in page, outcome in page)
    assert seen == {"": (False, False), "minimal": (False, False), "named": (True, False), "full": (True, True)}


def test_a_check_tells_of_superseded_papers_without_the_number_of_the_newer(here: Place) -> None:
    learner, coordinator = anna(here)
    first = issue(here, coordinator, learner)
    second = issue(here, coordinator, learner, name="Anna Married")
    for who in (None, learner):
        page = here.browser(who).get(f"/check/{first.number}").text
        assert "replaced by a newer one" in page
        assert show_number(second.number) not in page and second.number not in page


def test_numbers_that_are_none_and_numbers_that_are_not_there_answer_alike(here: Place) -> None:
    browser = here.browser(None)
    pages = set()
    for number in ("0" * 20, "UUUUU-UUUUU-UUUUU-UUUUU", "7", "-", "%E2%80%AE"):
        answer = browser.get(f"/check/{number}")
        assert answer.status_code == 404
        pages.add(re.sub(r"[0-9A-F]{6}|/check/[^\"<]*", "", answer.text))
    assert len(pages) == 1


def test_a_typed_number_leads_to_its_page(here: Place) -> None:
    learner, coordinator = anna(here)
    number = issue(here, coordinator, learner).number
    browser = here.browser(None)
    assert "Number on the paper" in browser.text("/check")
    answer = browser.get("/check", query_string={"number": number.lower()}, follow_redirects=True)
    assert "This paper is valid." in text_of(answer.text)
    assert browser.get("/check?number=//evil.example", follow_redirects=True).status_code == 404
    assert answer.headers["X-Robots-Tag"] == "noindex, noarchive"
    assert "no-store" in answer.headers["Cache-Control"]


def test_the_register_finds_by_name_number_state_kind_programme_institution_and_day(place: Place) -> None:
    learner, coordinator = anna(place)
    other = place.learner("Борис Ћосић", "CECO")
    validated(place, other, coordinator)
    first = issue(place, coordinator, learner)
    place.clock.forward(days=3)
    second = issue(place, coordinator, other, institution="BG-GLBF")
    third = issue(place, coordinator, other, "transcript")
    withdraw(place, coordinator, other, third.number)

    def found(**asked: str) -> set[str]:
        table = place.browser(coordinator).get("/register.csv", query_string=asked).get_data(as_text=True)
        return {row["Number"] for row in csv.DictReader(io.StringIO(table.removeprefix("\ufeff")))}

    numbers = [show_number(one.number) for one in (first, second, third)]
    day = (place.clock() - timedelta(days=1)).date().isoformat()
    assert found() == set(numbers)
    assert found(q="ķēniņa") == {numbers[0]} and found(q="ЋОСИЋ") == set(numbers[1:]) and found(q="100%_") == set()
    assert found(q=numbers[1].lower()) == {numbers[1]}
    assert found(state="withdrawn") == {numbers[2]} and found(state="valid") == set(numbers[:2])
    assert found(state="superseded") == found(state="odd") == found(programme="DIGY") == set()
    assert found(kind="transcript") == {numbers[2]} and found(institution="BG-GLBF") == {numbers[1]}
    assert found(since=day) == set(numbers[1:]) and found(until=day) == {numbers[0]}
    assert found(since="9999-12-31", until="0001-01-01") == set(numbers)
    page = place.browser(coordinator).text("/register?q=ķēniņa")
    assert "1 paper" in page and learner.name in page and other.name not in page


def test_the_register_shows_each_coordinator_what_their_role_reaches(place: Place) -> None:
    learner, coordinator = anna(place)
    issue(place, coordinator, learner)
    issue(place, coordinator, learner, "transcript", institution="BG-GLBF")
    counts = {
        place_of: len(
            place.browser(place.holder("coordinator", programme, place_of, f"C {place_of} {programme}"))
            .get("/register.csv")
            .get_data(as_text=True)
            .splitlines()
        )
        - 1
        for place_of, programme in (("LV-KISC", None), ("BG-GLBF", "CECO"), ("EL-HOU", "CECO"), (None, "DIGY"))
    }
    assert counts == {"LV-KISC": 1, "BG-GLBF": 1, "EL-HOU": 0, None: 0}


def test_no_name_becomes_a_formula_of_a_spreadsheet_or_markup(here: Place) -> None:
    learner, coordinator = anna(here)
    issue(here, coordinator, learner, name='=HYPERLINK("http://evil.example","<b>x</b>")')
    table = here.browser(coordinator).get("/register.csv").get_data(as_text=True)
    (row,) = csv.DictReader(io.StringIO(table.removeprefix("\ufeff")))
    assert row["Learner"].startswith("'=HYPERLINK")
    for path in ("/register", papers_of(learner.person)):
        assert "<b>x" not in here.browser(coordinator).get(path).text


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_is_in_every_language(here: Place, language: str) -> None:
    learner, coordinator = anna(here)
    made = issue(here, coordinator, learner)
    here.browser(learner).post(f"/record/papers/{made.number}/shows", {"shows": "full"})
    title = made.title[language]
    assert title in here.browser(learner, locale=language).text("/record/papers")
    assert title in here.browser(coordinator, locale=language).text(papers_of(learner.person))
    assert learner.name in here.browser(coordinator, locale=language).text("/register")
    assert title in here.browser(None).text(f"/check/{made.number}?lang={language}")
    assert "style=" not in here.browser(coordinator, locale=language).get("/register").text


def test_long_lists_are_turned_page_by_page(here: Place) -> None:
    learner, coordinator = anna(here)
    for number in range(52):
        issue(here, coordinator, learner, name=f"Anna {number}")
    first = here.browser(coordinator).get("/register?state=superseded")
    assert "51 papers" in text_of(first.text) and "from=50" in first.text and "state=superseded" in first.text
    second = here.browser(coordinator).text("/register?state=superseded&from=50")
    assert "Anna 0" in second and "Anna 1 " not in second
