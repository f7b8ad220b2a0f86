"""Every page in every language: nothing is left in English that does not say that it is, and no page is forgotten."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from lxml import etree
from lxml import html as parser

from lti_tool import db
from lti_tool.i18n import LANGUAGES
from tests.conftest import Clock
from tests.furnished import Furnished, furnished, walk
from tests.moments import Moment, moments

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


WITHOUT_A_PAGE = {
    "answers machines": (
        "healthz",
        "lti.config",
        "lti.jwks",
        "papers.issuer",
        "papers.key",
        "papers.key_set",
        "papers.status",
        "play.draft",
        "readyz",
        "xapi.resource",
        "xapi_103.resource",
    ),
    "gives a file": (
        "agreements.file",
        "agreements.own_pdf",
        "assets",
        "ecvet.schema_file",
        "evidence.file",
        "insight.course_csv",
        "papers.as_zip",
        "papers.extract_file",
        "papers.learner_file",
        "papers.own_file",
        "papers.registered_csv",
        "play.media",
    ),
    "always leads on to a page that links lead to": (
        "admin.switch_names",
        "evidence.open_seminar",
        "evidence.save_attendance",
        "insight.send_again",
        "insight.unit",
        "insight.update_learners",
        "joins.show_code",
        "people.leave",
    ),
    "is another name of admin.index, which has the same address": ("admin.platforms",),
}
"""Endpoints at which nobody reads a page, by why."""


@pytest.fixture(scope="module")
def everything(
    tmp_path_factory: pytest.TempPathFactory, _sqlite_template: Path
) -> Iterator[tuple[Furnished, list[Moment]]]:
    """One furnished tool for all languages: furnishing takes long, and looking changes little."""
    folder = tmp_path_factory.mktemp("furnished")
    path = folder / "furnished.sqlite3"
    shutil.copy(_sqlite_template, path)
    engine = db.open_engine(f"sqlite:///{path}")
    here = furnished(engine, str(engine.url), Clock(datetime(2022, 10, 13, 9, 30, tzinfo=UTC)), folder)
    yield here, moments(here)
    engine.dispose()


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


@pytest.mark.xdist_group("furnished")
@pytest.mark.parametrize("language", sorted(set(LANGUAGES) - {"en"}))
def test_no_page_is_forgotten_or_left_in_english(everything: tuple[Furnished, list[Moment]], language: str) -> None:
    here, acts = everything
    walked = [one for who in ("guest", *here.sessions) for one in walk(here, who, language)]
    assert [(one.who, one.path, one.status) for one in walked if one.status != 200] == []
    seen = [*walked, *(moment.seen(here, language) for moment in acts)]
    without = {name for names in WITHOUT_A_PAGE.values() for name in names}
    every = {str(rule.endpoint) for rule in here.place.app.url_map.iter_rules()}
    reached = {one.endpoint for one in seen} & every
    assert sorted(every - reached - without) == [], "nobody looks at these: see tests/furnished.py, tests/moments.py"
    assert sorted(without - (every - reached)) == [], "these have a page after all, or are gone"
    wrong = {f"{one.endpoint}: {text}" for one in seen for text in left_in_english(one.html, language)}
    assert sorted(wrong) == []


def test_what_is_left_in_english_is_found() -> None:
    page = '<html lang="lv"><p>Labi. <b lang="en">All of this</b> The end.</p><img alt="the cat"></html>'
    assert left_in_english(page, "lv") == ["The end.", "the cat"]
