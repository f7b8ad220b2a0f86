"""How sure each fact is: said for every one of them, and nothing passes for surer than it is."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_tool.ecvet.facts import counted, least_sure, official, stated, status_of
from lti_tool.ecvet.facts_words import VALUES, value_words
from lti_tool.ecvet.programme import read
from lti_tool.ecvet.terms import LANGUAGES, STATUSES, Fact, Module, Programme, Text
from lti_tool.people.roles import Role
from tests.ecvet.builders import ceco, digy
from tests.ecvet.small import SMALL, texts
from tests.learning import Place

both = pytest.mark.parametrize("programme", [ceco(), digy()], ids=lambda one: one.id)
statuses = st.sampled_from(STATUSES)


class Thing:
    def __init__(self, status: str, facts: dict[str, str]) -> None:
        self.status = status
        self.facts = tuple(Fact(about, said) for about, said in facts.items())


@given(own=statuses, field=statuses, english=statuses, latvian=statuses, translations=statuses)
def test_the_nearest_word_counts_and_translations_are_no_surer_than_said(
    own: str, field: str, english: str, latvian: str, translations: str
) -> None:
    def asked(facts: dict[str, str], language: str) -> str:
        return status_of(Thing(own, facts), "title", language, translations)

    assert asked({}, "en") == own
    assert asked({"title": field}, "en") == field
    assert asked({"title": field, "title.en": english}, "en") == english
    assert asked({"title": field, "title.lv": latvian}, "lv") == latvian
    assert asked({"title": field}, "lv") == least_sure([field, translations])
    assert asked({"title.en": english}, "lv") == least_sure([english, translations])
    assert asked({}, "lv") == least_sure([own, translations])


@given(some=st.lists(statuses))
def test_the_least_sure_is_one_of_them_and_no_other_is_less_sure(some: str) -> None:
    found = least_sure(some)
    assert found in some or not some
    assert all(STATUSES.index(one) <= STATUSES.index(found) for one in some)


@both
def test_every_text_is_stated_in_every_language_it_has(programme: Programme) -> None:
    found = stated(programme)
    for unit in programme.units:
        for outcome in unit.outcomes:
            assert {one.language for one in found if (one.id, one.field) == (outcome.id, "text")} == set(LANGUAGES)
    assert sum(counted(found).values()) == len(found)


@both
def test_nothing_that_we_made_up_or_translated_is_official(programme: Programme) -> None:
    for one in stated(programme):
        # The Italian titles stand in an article (S13); institutions have names of their own.
        translated = one.language not in ("", "en") and "S13" not in one.sources and one.kind != "institution"
        if one.kind in ("unit", "outcome") or translated:
            assert one.status != "published", one
    assert official(programme, "title", "en") and official(programme, "title", "it") and official(programme, "hours")
    assert not official(programme, "title", "lv") and not official(programme, "credit.points")
    assert not any(official(unit, "title", language) for unit in programme.units for language in LANGUAGES)


@both
def test_what_is_published_names_its_source(programme: Programme) -> None:
    for one in stated(programme):
        if one.status == "published":
            assert one.sources or (one.kind == "framework" and one.note), one


def test_a_reference_is_stated_with_the_version_of_its_framework() -> None:
    lines = [one.value for one in stated(ceco()) if (one.id, one.field) == ("CECO-U5-K1", "references.ecf")]
    assert lines == ["e-CF 3.0: D.11 Needs Identification"]
    digcomp = [one.value for one in stated(ceco()) if (one.id, one.field) == ("BIB-U1-K1", "references.digcomp")]
    assert digcomp == ["DigComp 2.2: 1.1 Browsing, searching and filtering data, information and digital content (5)"]


def test_translations_are_drafts_where_the_file_says_nothing() -> None:
    module: Module = read(
        "small.yaml", texts(SMALL.replace("delivery: mooc", "delivery: mooc\n  status: published"))
    ).modules[0]
    assert status_of(module, "title", "en") == "published"
    assert status_of(module, "title", "lv") == "draft"
    assert isinstance(module.title, Text)


# The pages


@pytest.mark.parametrize("role", [*get_args(Role), "learner", None])
@pytest.mark.parametrize("page", ["/programme/all", "/programme/CECO"])
def test_coordinators_and_administrators_read_the_facts_and_nobody_else(
    here: Place, role: str | None, page: str
) -> None:
    if role == "learner":
        browser = here.browser(here.learner("Boris", "CECO"))
    else:
        browser = here.browser(here.holder(role, "CECO") if role else None)  # type: ignore[arg-type]  # a Role here
    expected = 401 if role is None else 200 if role in ("coordinator", "admin") else 403
    assert browser.get(page).status_code == expected


def test_a_coordinator_of_one_programme_does_not_read_another(here: Place) -> None:
    browser = here.browser(here.holder("coordinator", "DIGY"))
    assert browser.get("/programme/DIGY").status_code == 200
    assert browser.get("/programme/CECO").status_code == browser.get("/programme/NONE").status_code == 404
    assert "CECO" not in browser.text("/programme/all")


def test_the_page_shows_every_fact_with_its_status_and_source(here: Place) -> None:
    browser = here.browser(here.holder("admin", None))
    page = browser.text("/programme/CECO")
    assert "Title Community Engagement and Communication Officer published S8" in page
    assert "Points 16, ECVET points (2009 scheme) reconstructed" in page
    assert "Face to face 20, Online and self-study 160" in page
    assert "Another source says: 612411-EPP-1-2019-1-IT-EPPKA2-SSA" in page
    only = browser.text("/programme/CECO?status=published")
    assert "16, ECVET points" not in only and "Community Engagement and Communication Officer published" in only
    latvian = browser.text("/programme/CECO?lang=lv")
    assert "Kopienas iesaistes un komunikācijas speciālists" in latvian
    assert browser.get("/programme/CECO?version=000000000000").status_code == 404
    assert "CECO" in browser.text("/programme/all") and "DIGY" in browser.text("/programme/all")


def test_the_schema_is_served_to_everybody(here: Place) -> None:
    answer = here.browser(None).get("/programme/schema.json")
    assert answer.status_code == 200
    assert answer.mimetype == "application/schema+json"
    assert answer.json["$id"] == "http://localhost/programme/schema.json"
    assert "unit" in answer.json["$defs"]


@both
def test_the_name_of_an_institution_in_its_own_language_is_published_and_its_english_one_is_ours(
    programme: Programme,
) -> None:
    for one in programme.institutions:
        own = one.country.lower()
        found = {language: status_of(one, "title", language, programme.translations) for language in one.title}
        assert found == {"en": "draft", own: "published"}
        assert not official(one, "competent")


@pytest.mark.parametrize("programme", [ceco(), digy()], ids=lambda one: one.id)
def test_a_national_level_has_the_note_of_its_own_country(programme: Programme) -> None:
    notes = {one.value[:2]: one.note for one in stated(programme) if one.field == "nqf"}
    names = {level.country: level.framework.partition(" ")[0] for level in programme.levels}
    assert set(notes) == set(names) == {"LV", "BG", "EL", "IT"}
    for country, note in notes.items():
        assert [other for other, name in names.items() if name in note] == [country]


def test_a_national_level_without_a_fact_of_its_own_takes_that_of_all() -> None:
    only = replace(ceco(), facts=(Fact("nqf", "inferred", ("S1",), "all alike"),))
    assert {(one.status, one.note) for one in stated(only) if one.field == "nqf"} == {("inferred", "all alike")}


@both
def test_every_method_and_grading_of_the_programmes_has_words(programme: Programme) -> None:
    coded = [one for one in stated(programme) if one.field in ("assessment.methods", "assessment.grading")]
    assert {one.field for one in coded} == {"assessment.methods", "assessment.grading"}
    for one in coded:
        assert set(value_words(one.field, one.value)) <= set(VALUES.values()), one.value
