"""Papers as PDF: read back in five languages, accessible, with number and QR code, and with nothing passed off as
official."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
import segno
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from lti_tool.db import writing
from lti_tool.i18n import LANGUAGES
from lti_tool.papers.award import Award
from lti_tool.papers.document import Document, Said, Section, Table, qr
from lti_tool.papers.numbers import show_number
from lti_tool.papers.snapshot import extract_of
from lti_tool.papers.supplement import supplement
from lti_tool.papers.transcript import extract, transcript
from lti_tool.papers.typeset import pdf
from lti_tool.papers.words import translator
from lti_tool.people import enrolments
from tests.ecvet.test_decisions import decide
from tests.learning import BASE, Place
from tests.papers.conftest import anna, award, issue, withdraw

NOW = datetime(2026, 11, 22, tzinfo=UTC)
FUNDING = "Co-funded by the Erasmus+ Programme, 612411-EPP-1-2019-1-IT-EPPKA2-SSA"


def words(made: bytes) -> str:
    """What stands on the paper, white space single."""
    return " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(made)).pages).split())


def close(text: str) -> str:
    """Without white space: where a line is broken, a reader of PDFs may set a space or none."""
    return re.sub(r"\s", "", text)


def made(place: Place, **changes: str) -> Award:
    learner, coordinator = anna(place)
    issue(place, coordinator, learner)
    return issue(place, coordinator, learner, "transcript", **changes)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_transcript_says_who_what_when_and_by_whom_in_each_language(here: Place, language: str) -> None:
    one = made(here)
    _ = translator(language)
    shown = close(words(pdf(transcript(one, language, BASE, FUNDING))))
    unit = one.snapshot["units"][0]
    for wanted in (
        "Anna Ķēniņa-Ščerba Άννα",
        one.snapshot["programme"]["title"]["text"][language],
        one.snapshot["institution"]["title"]["text"][language],
        unit["title"]["text"][language],
        *(outcome["text"]["text"][language] for outcome in unit["outcomes"]),
        *(other["title"]["text"][language] for other in one.snapshot["units"][1:]),
        _("Personal transcript"),
        _("Decisions"),
        "Inga Niedra",
        show_number(one.number),
        f"{BASE}/check/{one.number}",
        FUNDING,
    ):
        assert close(wanted) in shown, wanted


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_supplement_describes_the_programme_in_each_language(here: Place, language: str) -> None:
    one = made(here)
    shown = close(words(pdf(supplement(one, language, BASE, ""))))
    programme = one.snapshot["programme"]
    for wanted in (
        programme["profile"]["text"][language],
        *(outcome["text"]["text"][language] for unit in one.snapshot["units"] for outcome in unit["outcomes"]),
        {"en": "librarian", "lv": "bibliotekārs", "bg": "библиотекар", "el": "βιβλιοθηκονόμος", "it": "bibliotecario"}[
            language
        ],
        show_number(one.number),
    ):
        assert close(wanted) in shown, wanted


def test_a_supplement_of_an_award_of_before_names_the_occupation_in_english(here: Place) -> None:
    one = made(here)
    for job in one.snapshot["programme"]["occupations"]["value"]:
        del job["labels"]
    assert "librarian (http" in words(pdf(supplement(one, "lv", BASE, "")))


def test_papers_are_accessible_pdfs_with_their_language_and_embedded_fonts(here: Place) -> None:
    one = made(here)
    for language in LANGUAGES:
        for document in (transcript(one, language, BASE, ""), supplement(one, language, BASE, "")):
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


def test_every_letter_of_the_five_languages_is_in_the_font() -> None:
    letters = "āčēģīķļņōŗšūžĀČĒĢĪĶĻŅŠŪŽ αβγδεζηθικλμνξοπρσςτυφχψω άέήίόύώϊϋΐΰ бгджзийлпфцчшщъьюя ЪЬЮЯ àèéìòù ‡§†„“–·"
    shown = close(words(pdf(Document("lv", "Burti", "", (("Burti", letters),), (), NOW))))
    assert close(letters) in shown


def test_nothing_reconstructed_stands_without_its_sign(here: Place) -> None:
    one = made(here)
    shown = words(pdf(transcript(one, "en", BASE, "")))
    assert "† illustrative: not part of an official curriculum" in shown
    outcome = one.snapshot["units"][0]["outcomes"][0]["text"]["text"]["en"]
    assert close(f"{outcome}†") in close(shown)
    assert close("Community Engagement and Communication Officer†") not in close(shown)
    assert "aligned with EQF level 5" in shown and "qualification at" not in shown
    assert close("Culture Information Systems Centre (LV)†") in close(shown), "who may award is not published"
    latvian = words(pdf(transcript(one, "lv", BASE, "")))
    assert close("Kopienas iesaistes un komunikācijas speciālists§") in close(latvian)


def test_a_sign_that_is_not_known_counts_as_the_least_sure(here: Place) -> None:
    from lti_tool.papers.document import marked, said

    assert marked("5", "guessed").mark == "†"
    assert said({"text": {"en": "x"}, "status": {"en": "guessed"}}, "en").mark == "†"


def test_the_qr_code_is_of_the_check_address_of_this_award(here: Place) -> None:
    one = made(here)
    address = transcript(one, "en", BASE, "").check_url
    assert address == f"{BASE}/check/{one.number}"
    assert qr(address) == qr(address) != qr(address[:-1])
    assert segno.make(address, error="m", micro=False).version <= 6
    assert here.browser(None).get(address.removeprefix(BASE)).status_code == 200


def test_a_paper_that_does_not_stand_any_more_says_so(here: Place) -> None:
    learner, coordinator = anna(here)
    one = issue(here, coordinator, learner)
    assert "withdrawn" not in words(pdf(transcript(one, "en", BASE, "")))
    withdraw(here, coordinator, learner, one.number)
    assert "This paper was withdrawn." in words(pdf(transcript(award(here, one.number), "en", BASE, "")))


def test_a_decision_names_the_institution_it_was_made_for_wherever_the_learner_is_now(here: Place) -> None:
    learner = here.learner("Anna", "CECO", institution="EL-HOU")
    here.demonstrates_u1(learner)
    decide(here, here.holder("assessor", institution="EL-HOU", name="Eleni"), learner, "assess")
    with writing(here.engine) as conn:
        enrolments.place(conn, [learner.key], "CECO", "BG-GLBF")
    record = here.record(learner)
    assert record.institution == "BG-GLBF"
    shown = words(pdf(extract(extract_of(record, learner.name), record.at, "en", "")))
    assert "Eleni Hellenic Open University" in shown and "EL-HOU" not in shown


def test_before_any_decision_no_unit_is_called_another(here: Place) -> None:
    learner = here.learner("Anna", "CECO")
    record = here.record(learner)
    shown = words(pdf(extract(extract_of(record, learner.name), record.at, "en", "")))
    assert "Units Units without a decision yet" in shown and "Other units" not in shown


def test_hours_by_mode_say_which_are_recorded_and_which_planned(here: Place) -> None:
    shown = words(pdf(transcript(made(here), "en", BASE, "")))
    assert "2 h recorded of 31 h planned: Face to face 2/2, Online and self-study 0/27, Assessment 0/2" in shown


def test_an_extract_has_no_number_and_says_that_nobody_certified_it(here: Place) -> None:
    learner, _coordinator = anna(here)
    record = here.record(learner)
    shown = words(pdf(extract(extract_of(record, learner.name), record.at, "en", "")))
    assert "Not an issued paper: nobody has certified this extract." in shown
    assert "/check/" not in shown and "Institution that awards" not in shown


# What people write is data to the typesetter, never its code.

HOSTILE = (
    '#panic("x")',
    '#read("/etc/passwd")',
    "$ 1 / 0 $",
    '"; panic(); "',
    "= Heading *bold* _it_ `raw` <label> @ref \\ ~ -- // /* */ [x] #[y] {z}",
    '#import "@preview/x:1.0.0": *',
    '{"text": "x"}',
    "\\u{41}",
)


def hostile(text: str) -> Document:
    table = Table(text, (text, "b"), ((text, Said(text, "†")),), (1, 1))
    section = Section(f"A {text}", 1, (text,), ((text, text),), (table,), ((text,),))
    return Document("en", f"A {text}", text, ((text, text),), (section,), NOW, "0" * 20, BASE, text, text, (text,))


@pytest.mark.parametrize("text", HOSTILE)
def test_code_in_what_people_write_is_printed_and_not_run(text: str) -> None:
    shown = close(words(pdf(hostile(text))))
    assert shown.count(close(text)) >= 12


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40))
def test_whatever_is_written_is_set(text: str) -> None:
    assert pdf(hostile(text)).startswith(b"%PDF")


def test_signs_that_no_font_has_are_shown_as_missing_and_said_to_be() -> None:
    shown = words(pdf(Document("en", "Paper", "", (("Name", "Anna 王小明 \U0001f600 Bērza\x00\u202e"),), (), NOW)))
    assert "Anna ��� � Bērza" in shown
    assert "Some signs can't be printed and are shown as �." in shown


def test_the_same_paper_gives_the_same_bytes(here: Place) -> None:
    one = made(here)
    assert pdf(transcript(one, "el", BASE, "")) == pdf(transcript(one, "el", BASE, ""))


# Who gets them


def test_the_learner_and_who_issues_get_the_files_and_nobody_else(place: Place) -> None:
    learner, coordinator = anna(place)
    one = issue(place, coordinator, learner)
    mine, theirs = f"/record/papers/{one.number}", f"/programme/CECO/learner/{learner.person}/papers/{one.number}"
    for form in ("paper.pdf", "supplement.pdf"):
        for who, path in ((learner, mine), (coordinator, theirs)):
            answer = place.browser(who).get(f"{path}/{form}")
            assert answer.status_code == 200 and answer.data.startswith(b"%PDF")
            assert "no-store" in answer.headers["Cache-Control"]
            assert f'/{one.number}/{form}"' in place.browser(who).get(path.rpartition("/")[0]).text
        other = place.learner("Boris", "CECO")
        for stranger in (None, other, coordinator, place.holder("mentor"), place.holder("assessor")):
            assert place.browser(stranger).get(f"{mine}/{form}").status_code in {401, 403, 404}
        for stranger in (None, other, learner, place.holder("mentor"), place.holder("assessor")):
            assert place.browser(stranger).get(f"{theirs}/{form}").status_code in {401, 403, 404}
    assert place.browser(learner).get(f"{mine}/paper.exe").status_code == 404
    wrong = theirs.replace(learner.person, other.person)
    assert place.browser(coordinator).get(f"{wrong}/paper.pdf").status_code == 404


def test_a_file_is_in_the_language_of_the_page(here: Place) -> None:
    learner, coordinator = anna(here)
    one = issue(here, coordinator, learner)
    answer = here.browser(learner, locale="bg").get(f"/record/papers/{one.number}/paper.pdf")
    assert close(one.title["bg"]) in close(words(answer.data))


def test_a_learner_takes_an_extract_of_the_own_record_alone(here: Place) -> None:
    learner, _coordinator = anna(here)
    answer = here.browser(learner).get("/record/extract.pdf?programme=CECO")
    assert answer.status_code == 200 and close(learner.name) in close(words(answer.data))
    assert here.browser(learner).get("/record/extract.pdf?programme=DIGY").status_code == 404
    assert here.browser(None).get("/record/extract.pdf?programme=CECO").status_code == 401
    assert "/record/extract.pdf?programme=CECO" in here.browser(learner).get("/record/papers").text


def test_the_command_prints_a_record_as_pdf(here: Place, tmp_path: Path) -> None:
    learner, _coordinator = anna(here)
    address = here.engine.url.render_as_string(hide_password=False)
    environ = {"LTI_TOOL_DATABASE_URL": address, "LTI_TOOL_SECRET_KEY": "x" * 40, "LTI_TOOL_FUNDING_NOTE": FUNDING}
    code = "from lti_tool.cli import main; main()"
    command = [sys.executable, "-c", code, "record", learner.name, "--format", "pdf", "--lang", "it"]
    done = subprocess.run(command, env=environ, cwd=tmp_path, capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    shown = close(words(done.stdout))
    assert close(FUNDING) in shown and close("Responsabile del coinvolgimento") in shown
    refused = subprocess.run(
        [*command, "--programme", "DIGY"], env=environ, cwd=tmp_path, capture_output=True, timeout=120, check=False
    )
    assert refused.returncode == 2 and b"RECORD-PROGRAMME" in refused.stderr
