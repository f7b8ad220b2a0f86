"""Agreements as PDF: read back in five languages, accessible, numbered, and with nothing passed off as official."""

from __future__ import annotations

import io

import pytest
from pypdf import PdfReader

from lti_tool.agreements.paper import paper
from lti_tool.agreements.terms import KIND_WORDS, Agreement
from lti_tool.i18n import LANGUAGES
from lti_tool.papers.numbers import show_number
from lti_tool.papers.typeset import pdf
from lti_tool.papers.words import day, translator
from tests.agreements.conftest import (
    FUNDING,
    KISC,
    NAME,
    again,
    agreement,
    all_sign,
    memorandum,
    sign,
)
from tests.learning import BASE, Place, Somebody
from tests.papers.test_pdf import HOSTILE, close, words


def both(place: Place) -> tuple[Agreement, Agreement, Somebody, Somebody]:
    learner, coordinator = (
        place.learner(NAME, "CECO", institution=KISC),
        place.holder("coordinator", name="Inga Niedra"),
    )
    under = memorandum(place, coordinator)
    return under, agreement(place, coordinator, learner, memorandum=under.series), learner, coordinator


def printed(place: Place, one: Agreement, language: str = "en") -> str:
    return words(pdf(paper(one, language, BASE, FUNDING, place.clock().date())))


@pytest.mark.parametrize("language", LANGUAGES)
def test_both_papers_say_in_each_language_what_the_recommendation_asks(here: Place, language: str) -> None:
    under, one, _learner, _coordinator = both(here)
    _ = translator(language)
    for each in (under, one):
        shown = close(printed(here, each, language))
        content = each.snapshot
        wanted = [
            _(KIND_WORDS[each.kind]),
            content["programme"]["title"]["text"][language],
            *(party["title"]["text"][language] for party in content["parties"]),
            *(unit["title"]["text"][language] for unit in content["units"]),
            *(said["text"]["text"][language] for unit in content["units"] for said in unit["outcomes"]),
            day(each.starts, language),
            day(each.ends, language),
            _("Assessment, validation and recognition"),
            _("Signatures"),
            show_number(each.number),
            f"{BASE}/check/{each.number}",
            FUNDING,
        ]
        if each is under:
            wanted += [
                _("They accept each other as competent institutions."),
                _("by the home institution, which awards units and points"),
                "Every September, by both parties.",
                "Спаска Тарандова",
                "inga@kisc.example",
            ]
        else:
            wanted += [
                NAME,
                _("Host institution"),
                "Children's department of the city library in Varna.",
                "Иван Петров",
                show_number(under.number),
                _(
                    "What the host institution assesses as achieved is validated and recognised as agreed here, "
                    "and not assessed again."
                ),
            ]
        for text in wanted:
            assert close(text) in shown, (each.kind, text)


def test_nothing_that_is_reconstructed_stands_without_its_sign(here: Place) -> None:
    for one in both(here)[:2]:
        shown = printed(here, one)
        assert "† illustrative: not part of an official curriculum" in shown
        for unit in one.snapshot["units"]:
            assert close(f"{unit['title']['text']['en']}†") in close(shown)
            for outcome in unit["outcomes"]:
                assert close(f"{outcome['text']['text']['en']}†") in close(shown)
        assert close("Culture Information Systems Centre (LV)†") in close(shown), "who may act is not published"
        assert "aligned with EQF level 5" in shown and "qualification at" not in shown
        assert close("Community Engagement and Communication Officer†") not in close(shown)
        latvian = close(printed(here, one, "lv"))
        assert close("Kopienas iesaistes un komunikācijas speciālists§") in latvian


def test_hours_that_were_agreed_bear_no_sign_and_planned_ones_do(here: Place) -> None:
    _under, one, *_people = both(here)
    shown = close(printed(here, one))
    assert close("Work-based§ 150.5") in shown and close("150.5†") not in shown
    assert close("Assessment§ 4†") in shown


def test_papers_are_accessible_pdfs_with_their_language_and_embedded_fonts(here: Place) -> None:
    for one in both(here)[:2]:
        for language in LANGUAGES:
            document = paper(one, language, BASE, "", here.clock().date())
            read = PdfReader(io.BytesIO(pdf(document)))
            root = read.root_object
            assert root["/MarkInfo"]["/Marked"] and root["/Lang"] == language and "/StructTreeRoot" in root
            assert "pdfuaid" in read.xmp_metadata.stream.get_data().decode()  # type: ignore[union-attr]  # there is one
            assert read.metadata is not None and read.metadata.title == document.title
            fonts = [
                font.get_object()["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object()
                for page in read.pages
                for font in page["/Resources"]["/Font"].values()
            ]
            assert fonts and all({"/FontFile2", "/FontFile3"} & set(font) for font in fonts)


def test_a_paper_has_a_place_for_whom_has_not_signed_and_says_who_has(here: Place) -> None:
    _under, one, learner, coordinator = both(here)
    shown = printed(here, one)
    assert "Not in force until all parties have signed." in shown
    assert shown.count("Name, position, place and date") == 3
    sign(here, coordinator, one, "1", how="paper", person="Спаска Тарандова", position="директор", day="2022-10-12")
    shown = printed(here, again(here, one))
    assert shown.count("Name, position, place and date") == 2
    assert "Спаска Тарандова, директор 12 October 2022 on paper" in shown
    sign(here, coordinator, one, "0")
    assert here.browser(learner).post(f"/record/agreements/{one.number}/agree").status_code == 303
    shown = printed(here, again(here, one))
    assert "Not in force" not in shown and "Name, position, place and date" not in shown
    assert f"{NAME} 13 October 2022 signed in" in shown


def test_a_paper_that_does_not_stand_any_more_says_so(here: Place) -> None:
    under, one, learner, coordinator = both(here)
    one = all_sign(here, coordinator, one, learner)
    reason = {"version": under.number, "reason": "Over."}
    here.browser(coordinator).submit(f"/agreements/{under.series}/withdraw", reason)
    assert "This paper was withdrawn." in printed(here, again(here, under))
    here.clock.forward(days=100)
    assert "This agreement has ended." in printed(here, one)


@pytest.mark.parametrize("text", HOSTILE)
def test_code_in_what_people_write_is_printed_and_not_run(here: Place, text: str) -> None:
    learner, coordinator = here.learner(NAME, "CECO", institution=KISC), here.holder("coordinator")
    fields = ("name", "activities", "notes", "assess_who", "assess_how", "host_contact", "host_address")
    one = agreement(here, coordinator, learner, **dict.fromkeys(fields, text))
    assert close(printed(here, one)).count(close(text)) >= len(fields)


def test_the_file_is_in_the_language_that_the_link_names_else_in_the_readers(here: Place) -> None:
    _under, one, learner, coordinator = both(here)
    title = one.snapshot["programme"]["title"]["text"]
    staff, own = here.browser(coordinator, locale="bg"), here.browser(learner, locale="bg")
    for browser, path in (
        (staff, f"/agreements/{one.series}/{one.number}.pdf"),
        (own, f"/record/agreements/{one.number}.pdf"),
    ):
        for asked, language in (("", "bg"), ("?in=el", "el"), ("?in=xx", "bg")):
            answer = browser.get(path + asked)
            assert answer.status_code == 200 and "no-store" in answer.headers["Cache-Control"]
            assert close(title[language]) in close(words(answer.data))
    page = staff.get(f"/agreements/{one.series}").text
    for language in LANGUAGES:
        assert f"{one.number}.pdf?in={language}" in page


def test_the_same_version_gives_the_same_bytes(here: Place) -> None:
    under, *_rest = both(here)
    today = here.clock().date()
    assert pdf(paper(under, "el", BASE, "", today)) == pdf(paper(under, "el", BASE, "", today))
