"""Every page in every language: nothing is left in English that does not say that it is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from lxml import etree
from lxml import html as parser

from lti_tool.i18n import LANGUAGES
from tests.conftest import Clock
from tests.furnished import Furnished, Seen, furnished, walk

ENGLISH = re.compile(
    r"\b(the|and|of|is|are|this|that|with|for|you|your|was|were|has|have|from|not|what|who|which|when)\b", re.IGNORECASE
)
"""Words that no sentence goes long without, and that the other four languages have not."""
NAMES = (
    "LTI Tool for ECVET",
    "University of Bari Aldo Moro",
    "Boosting Digital Skills and Competences for Librarians in Europe",
)
"""Called so in every language."""
TYPED = (
    "Ran a workshop on safe passwords",
    "Catalogued the local history collection",
    "Ran a workshop for ten readers",
    "Which workshop was it?",
    "First meeting of the group",
    "Issued by mistake.",
    "A calendar of the library's events, with colleagues",
    "A calendar of the library's events",
    "A website for the reading club",
    "One calendar of events for readers and colleagues. It is on our website since May.",
    "Well done. Ask for the photographs.",
    "Whose photographs are these?",
    "The assessor",
    "The trainer",
    "The mentor",
)
"""What people wrote (tests/evidence, tests/papers), in the language that they write; what they are called."""
# A title can't say of a part of it that it is in another language.
SILENT = ("script", "style", "code", "template", "title")


@pytest.fixture
def here(sqlite_engine: sa.Engine, clock: Clock, tmp_path: Path) -> Furnished:
    return furnished(sqlite_engine, str(sqlite_engine.url), clock, tmp_path)


def pages(here: Furnished, language: str) -> Iterator[Seen]:
    for who in ("guest", *here.sessions):
        yield from walk(here, who, language)


def said(page: str) -> Iterator[tuple[str, str]]:
    """Each text of a page with the language that it is marked as."""
    for element in parser.fromstring(page).iter(etree.Element):
        if element.tag in SILENT:
            continue
        marked = next(iter(element.xpath("ancestor-or-self::*[@lang][1]/@lang")), "")
        above = next(iter(element.xpath("parent::*/ancestor-or-self::*[@lang][1]/@lang")), "")
        for text, language in (
            (element.text, marked),
            (element.tail, above),
            *((element.get(name), marked) for name in ("title", "alt", "placeholder", "aria-label")),
        ):
            if text and text.strip():
                yield " ".join(text.split()), str(language)


def left_in_english(page: str, language: str) -> list[str]:
    found = []
    for text, marked in said(page):
        if marked != language:
            continue
        for allowed in (*NAMES, *TYPED):
            text = text.replace(allowed, "")
        if ENGLISH.search(text):
            found.append(text)
    return found


@pytest.mark.parametrize("language", sorted(set(LANGUAGES) - {"en"}))
def test_no_page_is_left_in_english(here: Furnished, language: str) -> None:
    seen = list(pages(here, language))
    assert len({one.endpoint for one in seen}) >= 50, sorted({one.endpoint for one in seen})
    assert [(one.who, one.path, one.status) for one in seen if one.status != 200] == []
    wrong = {f"{one.endpoint}: {text}" for one in seen for text in left_in_english(one.html, language)}
    assert sorted(wrong) == []


def test_what_is_left_in_english_is_found() -> None:
    page = '<html lang="lv"><p>Labi. <b lang="en">All of this</b> The end.</p><img alt="the cat"></html>'
    assert left_in_english(page, "lv") == ["The end.", "the cat"]
