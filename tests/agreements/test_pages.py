"""Pages of agreements: lists, forms filled in beforehand, the learner's own, the record, and the public check."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from lti_tool.agreements.terms import LEARNER
from lti_tool.i18n import LANGUAGES
from lti_tool.papers.award import SHOWS
from lti_tool.papers.numbers import show_number
from tests.agreements.conftest import (
    GLBF,
    KISC,
    LEARNING,
    MEMORANDUM,
    NAME,
    again,
    agreement,
    all_sign,
    changed,
    learning_of,
    memorandum,
    sent,
)
from tests.learning import Place, Somebody


def two(place: Place) -> tuple[Somebody, Somebody]:
    """A learner of KISC, and a coordinator of all institutions."""
    return place.learner(NAME, "CECO", institution=KISC), place.holder("coordinator", name="Inga Niedra")


def values(page: str) -> dict[str, str]:
    """What stands in the fields of a page: one line, many lines, what is chosen."""
    found = {
        m[1]: m[2] for m in re.finditer(r'<input class="input[^"]*" id="\w+" name="(\w+)"[^>]* value="([^"]*)"', page)
    }
    for name, options in re.findall(r'<select[^>]* name="(\w+)"[^>]*>(.*?)</select>', page, re.S):
        chosen = re.search(r'value="([^"]*)" selected', options)
        found[name] = chosen[1] if chosen else ""
    return found


def ticked(page: str) -> list[str]:
    return re.findall(r'name="unit" value="([^"]+)" checked', page)


def test_a_coordinator_goes_from_the_learner_to_an_agreement_that_is_filled_in(place: Place) -> None:
    learner, coordinator = two(place)
    under = memorandum(place, coordinator)
    browser = place.browser(coordinator)
    page = browser.get(f"/programme/CECO/learner/{learner.person}").text
    assert f'href="{browser.prefix}{learning_of(learner)}"' in page
    page = browser.get(learning_of(learner)).text
    assert "No agreement here" in page and under.series in page
    blank = browser.get(f"{learning_of(learner)}/new").text
    filled = values(blank)
    assert (filled["name"], filled["home_institution"], filled["host_institution"]) == (NAME, KISC, "")
    assert (filled["assess_side"], filled["validate_side"], filled["recognise_side"]) == ("host", "home", "home")
    assert filled["starts"] == place.clock().date().isoformat() and ticked(blank) == []
    page = browser.get(f"{learning_of(learner)}/new?memorandum={under.series}").text
    filled = values(page)
    assert (filled["home_institution"], filled["host_institution"]) == (KISC, GLBF)
    assert (filled["host_contact"], filled["host_phone"]) == ("Спаска Тарандова", "+359 2 000")
    assert (filled["starts"], filled["ends"], filled["memorandum"]) == ("2022-10-01", "2024-09-30", under.series)
    assert ticked(page) == ["BIB-U7", "CECO-U8"]


def test_a_memorandum_begins_with_ones_own_institution_and_all_units(here: Place) -> None:
    coordinator = here.holder("coordinator", "CECO", GLBF, "Спаска Тарандова")
    browser = here.browser(coordinator)
    assert "/agreements/new?programme=CECO" in browser.get("/agreements?kind=memorandum").text
    page = browser.get("/agreements/new?programme=CECO").text
    filled = values(page)
    assert (filled["p0_institution"], filled["p0_contact"]) == (GLBF, "Спаска Тарандова")
    assert len(ticked(page)) == 8


def test_the_next_version_begins_with_the_last_one(here: Place) -> None:
    learner, coordinator = two(here)
    for one, said in ((agreement(here, coordinator, learner), LEARNING), (memorandum(here, coordinator), MEMORANDUM)):
        page = here.browser(coordinator).get(f"/agreements/{one.series}/change").text
        filled = values(page)
        assert ticked(page) == said["unit"]
        wanted = {name: value for name, value in said.items() if name in filled}
        assert {name: filled[name] for name in wanted} == wanted and len(wanted) > 5


def test_the_page_says_what_the_paper_says_and_who_has_not_signed(place: Place) -> None:
    learner, coordinator = two(place)
    one = agreement(place, coordinator, learner)
    browser = place.browser(coordinator)
    page = browser.text(f"/agreements/{one.series}")
    unit = one.snapshot["units"][0]
    for wanted in (
        NAME,
        "Global Libraries – Bulgaria Foundation (BG) †",
        "Children's department of the city library in Varna.",
        "Иван Петров",
        unit["title"]["text"]["en"],
        *(outcome["text"]["text"]["en"] for outcome in unit["outcomes"]),
        "† illustrative: not part of an official curriculum",
        "Not signed yet:",
        show_number(one.number),
    ):
        assert wanted in page, wanted
    form = {"version": one.number, "party": "0", "how": "here"}
    shown = browser.submit(f"/agreements/{one.series}/sign", form)
    assert "Saved" in shown and "Inga Niedra" in shown
    form |= {"how": "paper", "party": LEARNER, "person": "", "position": "Kept words", "day": "2022-10-12"}
    wrong = browser.post(f"/agreements/{one.series}/sign", form)
    assert wrong.status_code == 400 and "AGREEMENT-SIGNER" in wrong.text and "Kept words" in wrong.text


def test_the_learner_finds_the_agreement_in_the_record_reads_it_and_agrees(place: Place) -> None:
    learner, coordinator = two(place)
    one = agreement(place, coordinator, learner)
    own = place.browser(learner)
    for path in ("/record?programme=CECO", "/record/unit/CECO-U8?programme=CECO", "/record/agreements"):
        page = own.get(path).text
        assert f'href="{own.prefix}/record/agreements/{one.number}"' in page, path
    assert "waits for you" in own.text("/record?programme=CECO")
    assert "Learning agreement" not in own.text("/record/unit/BIB-U1?programme=CECO"), "it is about another unit"
    assert "I agree" in own.text(f"/record/agreements/{one.number}")
    shown = own.submit(f"/record/agreements/{one.number}/agree", {})
    assert "Saved" in shown and "I agree" not in shown
    assert own.post(f"/record/agreements/{one.number}/agree").status_code == 409
    assert "waits for you" not in own.text("/record?programme=CECO")
    all_ = "Learning agreement with Global Libraries – Bulgaria Foundation, until 31 December 2022"
    staff = place.browser(coordinator)
    learner_page = f"/programme/CECO/learner/{learner.person}"
    for path in (learner_page, f"{learner_page}/unit/CECO-U8"):
        assert all_ in staff.text(path) and "not signed by all yet" in staff.text(path)
    for party in one.parties:
        staff.post(f"/agreements/{one.series}/sign", {"version": one.number, "party": party.place, "how": "here"})
    assert all_ in own.text("/record/unit/CECO-U8?programme=CECO")
    assert "not signed by all yet" not in own.text("/record/unit/CECO-U8?programme=CECO")


def test_an_agreement_that_is_over_is_not_named_in_the_record_and_stays_in_the_list(here: Place) -> None:
    learner, coordinator = two(here)
    one = all_sign(here, coordinator, agreement(here, coordinator, learner), learner)
    here.clock.now += timedelta(days=120)
    assert one.number not in here.browser(learner).get("/record?programme=CECO").text
    assert "ended" in here.browser(learner).text("/record/agreements")


def test_the_check_page_shows_the_least_until_the_learner_allows_more(place: Place) -> None:
    learner, coordinator = two(place)
    one = all_sign(place, coordinator, agreement(place, coordinator, learner), learner)
    unit = one.snapshot["units"][0]["title"]["text"]["en"]
    seen = {}
    for level in ("", *SHOWS):
        if level:
            place.browser(learner).submit(f"/record/agreements/{one.number}/shows", {"shows": level})
        page = place.browser(None).text(f"/check/{show_number(one.number)}")
        assert "This agreement is valid." in page and "Culture Information Systems Centre" in page
        assert "Inga" not in page and "Иван" not in page and "Varna" not in page and "anna@" not in page
        seen[level] = (NAME in page, unit in page, "31 December 2022" in page)
    assert seen == {"": (False,) * 3, "minimal": (False,) * 3, "named": (True, False, False), "full": (True,) * 3}
    assert place.browser(learner).post(f"/record/agreements/{one.number}/shows", {"shows": "x"}).status_code == 400


def test_a_check_tells_the_state_and_never_the_number_of_a_newer_version(here: Place) -> None:
    learner, coordinator = two(here)
    first = agreement(here, coordinator, learner)
    guest = here.browser(None)
    assert "This agreement is a draft." in guest.text(f"/check/{first.number}")
    all_sign(here, coordinator, first, learner)
    second = changed(here, coordinator, first, LEARNING, ends="2023-01-31")
    assert "This agreement is valid." in guest.text(f"/check/{first.number}")
    all_sign(here, coordinator, second, learner)
    page = guest.get(f"/check/{first.number}").text
    assert "replaced by a newer one" in page and second.number not in page and show_number(second.number) not in page
    reason = {"version": second.number, "reason": "The library closed."}
    here.browser(coordinator).submit(f"/agreements/{second.series}/withdraw", reason)
    page = guest.text(f"/check/{second.number}")
    assert "This paper was withdrawn." in page and "closed" not in page
    assert "The library closed." in here.browser(learner).text(f"/record/agreements/{second.number}")
    third = all_sign(here, coordinator, memorandum(here, coordinator))
    here.clock.now += timedelta(days=1000)
    page = guest.text(f"/check/{third.number}")
    assert "This agreement has ended." in page and "30 September 2024" in page and "Inga" not in page


def test_the_number_of_an_agreement_opens_no_form_of_an_award(here: Place) -> None:
    learner, coordinator = two(here)
    one = agreement(here, coordinator, learner)
    assert here.browser(learner).get(f"/record/papers/{one.number}/paper.pdf").status_code == 404
    papers = f"/programme/CECO/learner/{learner.person}/papers/{one.number}"
    assert here.browser(coordinator).get(f"{papers}/paper.pdf").status_code == 404
    assert here.browser(coordinator).post(f"{papers}/withdraw", {"reason": "x"}).status_code == 404


def test_lists_are_searched_and_turned_page_by_page(place: Place) -> None:
    coordinator = place.holder("coordinator", name="Inga Niedra")
    people = [place.learner(f"Learner {n:02}", "CECO", institution=KISC) for n in range(3)]
    made = [agreement(place, coordinator, who, name=f"Ķēniņa {n}") for n, who in enumerate(people)]
    all_sign(place, coordinator, made[1], people[1])
    under = memorandum(place, coordinator)
    browser = place.browser(coordinator)

    def found(**asked: str) -> set[int]:
        page = browser.get("/agreements", query_string=asked).text
        return {n for n, one in enumerate(made) if one.series in page}

    assert found() == {0, 1, 2} == found(programme="CECO") and found(programme="DIGY") == set()
    assert found(q="ķēniņa 2") == {2} and found(q="100%_") == set()
    assert found(state="agreed") == {1} and found(state="draft") == {0, 2} and found(state="odd") == set()
    assert found(kind="memorandum") == set()
    page = browser.get("/agreements?kind=memorandum").text
    assert under.series in page and "1 agreement" in page


def test_long_lists_have_pages(here: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    from lti_tool.agreements import views_list

    monkeypatch.setattr(views_list, "PAGE_OF", 2)
    learner, coordinator = two(here)
    made = [agreement(here, coordinator, learner, name=f"Anna {n}") for n in range(3)]
    first = here.browser(coordinator).get("/agreements?q=anna")
    assert "3 agreements" in first.text and "from=2" in first.text and "q=anna" in first.text
    assert made[0].series not in first.text and made[2].series in first.text
    second = here.browser(coordinator).get("/agreements?q=anna&from=2").text
    assert made[0].series in second and made[2].series not in second
    assert here.browser(coordinator).get("/agreements?from=-7").status_code == 200


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_is_in_every_language(here: Place, language: str) -> None:
    learner, coordinator = two(here)
    under = memorandum(here, coordinator)
    one = agreement(here, coordinator, learner, memorandum=under.series)
    title = one.snapshot["programme"]["title"]["text"][language]
    staff, own = here.browser(coordinator, locale=language), here.browser(learner, locale=language)
    for path in (
        "/agreements?kind=memorandum",
        f"/agreements/{under.series}",
        f"/agreements/{one.series}",
        f"/agreements/{one.series}/change",
        learning_of(learner),
        f"{learning_of(learner)}/new",
    ):
        assert title in staff.text(path), path
    assert title in own.text("/record/agreements") and title in own.text(f"/record/agreements/{one.number}")
    assert title in here.browser(None).text(f"/check/{one.number}?lang={language}")


def test_no_name_becomes_markup(here: Place) -> None:
    learner, coordinator = two(here)
    hostile = "<b>x</b>"
    one = agreement(
        here, coordinator, learner, name=hostile, host_institution=None, host_name=hostile, host_country="IT"
    )
    for path in ("/agreements", f"/agreements/{one.series}", f"/agreements/{one.series}/change", learning_of(learner)):
        assert "<b>x" not in here.browser(coordinator).get(path).text
    assert "<b>x" not in here.browser(learner).get(f"/record/agreements/{one.number}").text


def test_numbers_and_forms_that_are_none_get_an_answer(here: Place) -> None:
    learner, coordinator = two(here)
    one = agreement(here, coordinator, learner)
    browser = here.browser(coordinator)
    for path in (
        "/agreements/none",
        "/agreements/none/change",
        f"/agreements/{one.series}?version=00000-00000-00000-00000",
        f"/agreements/{one.series}/x.pdf",
        "/agreements/new?programme=NONE",
        "/programme/CECO/learner/none/agreements",
    ):
        assert browser.get(path).status_code == 404, path
    assert browser.post(f"/agreements/{one.series}/sign", sent({})).status_code == 404
    assert browser.post("/agreements/none/sign", {"version": one.number}).status_code == 404
    assert again(here, one).acts == ()
