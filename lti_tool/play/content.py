"""A module's content from the texts of its files: frozen values, or every fault at once. Pure.

A module is a folder: `module.yaml`, for each language a folder of numbered Markdown pages and perhaps a `quiz.yaml`,
and `media/`. Its title, hours and outcomes are not here: they come from the programme.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from lti_tool.ecvet.fields import Fields
from lti_tool.ecvet.marked import parse
from lti_tool.ecvet.problems import Log, Problem, Where
from lti_tool.ecvet.terms import LANGUAGES
from lti_tool.play.markup import CODE, render
from lti_tool.play.quiz import Match, Multiple, Question, Quiz, Single
from lti_tool.play.quiz_text import read_quiz

KINDS = ("page", "self-study")
STATUSES = ("draft", "reviewed", "published")
RESERVED = frozenset({"quiz", "finish", "media", "draft"})
MOST_PAGES = 60

_PAGE = re.compile(r"(?P<language>[a-z]{2})/(?P<number>[0-9]{2})-(?P<slug>[a-z0-9]+(?:-[a-z0-9]+)*)\.md\Z")


@dataclass(frozen=True, slots=True)
class Page:
    """`slug` names the page in every language and in every version that still has it."""

    slug: str
    title: str
    minutes: int
    kind: Literal["page", "self-study"]
    html: str


@dataclass(frozen=True, slots=True)
class Edition:
    """A module in one language."""

    language: str
    pages: tuple[Page, ...]
    quiz: Quiz | None

    @property
    def minutes(self) -> int:
        return sum(page.minutes for page in self.pages)

    @property
    def steps(self) -> int:
        """Pages, and the quiz as one more."""
        return len(self.pages) + (self.quiz is not None)

    def number(self, slug: str) -> int | None:
        """The number of a page, from 1."""
        return next((number for number, page in enumerate(self.pages, 1) if page.slug == slug), None)


@dataclass(frozen=True, slots=True)
class Content:
    """What is shown of a module. `version` is the author's number of this state of it."""

    code: str
    version: int
    licence: str
    authors: tuple[str, ...]
    status: str
    editions: Mapping[str, Edition]

    def edition(self, language: str) -> Edition:
        """In this language, else in English."""
        return self.editions.get(language) or self.editions["en"]


class ContentInvalid(Exception):
    """A module that cannot be shown. `problems` is never empty."""

    def __init__(self, problems: Collection[Problem]) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(str(problem) for problem in self.problems))


def read(code: str, texts: Mapping[str, str], media: Collection[str]) -> Content:
    """The content of the module. `texts`: its text files by path from its folder; `media`: names of its media files.
    Raises ContentInvalid with every fault found; lines are those of the files, paths begin with the code."""
    log = Log()
    head = _head(code, texts.get("module.yaml"), log)
    languages = sorted({path.split("/")[0] for path in texts if "/" in path})
    editions = {language: _edition(code, language, texts, media, log) for language in languages}
    for language in languages:
        if language not in LANGUAGES:
            do = "write one of " + ", ".join(LANGUAGES)
            log.error(Where(f"{code}/{language}", 1), CODE, f'"{language}" is no language of this tool', do)
    if "en" not in editions:
        log.error(Where(f"{code}/module.yaml", 1), CODE, "there are no English pages", "add en/01-….md")
    else:
        for language, edition in editions.items():
            _compare(code, editions["en"], edition, language, log)
    if log.problems or head is None:
        raise ContentInvalid([replace(one, code=_own(one.code)) for one in log.problems])
    return replace(head, editions=editions)


def _own(code: str) -> str:
    return code.replace("PROGRAMME-", "MODULE-")


def _head(code: str, text: str | None, log: Log) -> Content | None:
    file = f"{code}/module.yaml"
    if text is None:
        log.error(Where(file, 1), CODE, "the file is missing", f"write it, beginning with `id: {code}`")
        return None
    fields = Fields.of(parse(text, file, log), "module", log)
    if fields is None:
        return None
    id = fields.text("id")
    if id and id != code:
        log.error(fields.where_of("id"), CODE, f'the id "{id}" is not the name of the folder', f"write id: {code}")
    authors = fields.words("authors")
    if not authors:
        log.error(fields.where_of("authors"), CODE, "`authors` is empty", 'write authors: ["Name"]')
    version = fields.whole("version", least=1)
    content = Content(code, version, fields.text("licence"), authors, fields.choice("status", STATUSES, "draft"), {})
    fields.end()
    return content


def _edition(code: str, language: str, texts: Mapping[str, str], media: Collection[str], log: Log) -> Edition:
    pages: list[Page] = []
    numbers: dict[str, str] = {}
    quiz: Quiz | None = None
    for path in sorted(one for one in texts if one.startswith(f"{language}/")):
        file = f"{code}/{path}"
        if path == f"{language}/quiz.yaml":
            quiz = read_quiz(texts[path], file, log)
            continue
        named = _PAGE.match(path)
        if named is None or named["slug"] in RESERVED:
            do = "name pages 01-some-words.md (small letters, digits, hyphens), or quiz.yaml"
            log.error(Where(file, 1), CODE, "this is neither a page nor the quiz", do)
            continue
        for key in (named["number"], named["slug"]):
            if key in numbers:
                log.error(Where(file, 1), CODE, f'"{key}" is taken by {numbers[key]}', "choose another name")
            numbers[key] = path
        pages.append(_page(named["slug"], texts[path], file, media, log))
    if not 1 <= len(pages) <= MOST_PAGES:
        log.error(Where(f"{code}/{language}", 1), CODE, f"there are {len(pages)} pages", f"write 1 to {MOST_PAGES}")
    return Edition(language, tuple(pages), quiz)


def _page(slug: str, text: str, file: str, media: Collection[str], log: Log) -> Page:
    lines = text.removeprefix("\ufeff").splitlines()
    end = next((number for number, line in enumerate(lines[1:], 1) if line.rstrip() == "---"), None)
    if not lines or lines[0].rstrip() != "---" or end is None:
        do = "begin with ---, then title, minutes and kind, each on its line, then --- again"
        log.error(Where(file, 1), CODE, "the page has no front matter", do)
        return Page(slug, slug, 0, "page", "")
    # A blank line for the opening ---, so that faults have the line of the file.
    fields = Fields.of(parse("\n" + "\n".join(lines[1:end]), file, log), "front matter", log)
    title = fields.text("title") if fields else ""
    minutes = fields.whole("minutes", least=0, most=10_000) if fields else 0
    kind = fields.choice("kind", KINDS, "page") if fields else "page"
    if fields:
        fields.end()
    body = "\n".join(lines[end + 1 :])
    if not body.strip():
        log.error(Where(file, end + 1), CODE, "the page has no text", "write it below the second ---")
    html, faults = render(body, title, media)
    for fault in faults:
        log.error(Where(file, end + 1 + fault.line), CODE, fault.what, fault.do)
    return Page(slug, title, minutes, "self-study" if kind == "self-study" else "page", html)


def _compare(code: str, english: Edition, other: Edition, language: str, log: Log) -> None:
    """Progress and answers go over from one language to the other: pages, questions and keys must be the same."""
    where = Where(f"{code}/{language}", 1)
    mine, theirs = [page.slug for page in other.pages], [page.slug for page in english.pages]
    if mine != theirs:
        differing = ", ".join(sorted(set(mine) ^ set(theirs))) or "the order"
        log.error(where, CODE, f"the pages are not those of en: {differing}", "use the same names and numbers")
    quiz = Where(f"{code}/{language}/quiz.yaml", 1)
    if (other.quiz is None) != (english.quiz is None):
        # Where the text is there, it is faulty, and that has been said.
        return
    if other.quiz is None or english.quiz is None:
        return
    if (other.quiz.pass_mark, other.quiz.attempts) != (english.quiz.pass_mark, english.quiz.attempts):
        log.error(quiz, CODE, "pass mark or attempts are not those of en", "write the same numbers")
    ours = [_shape(question) for question in other.quiz.questions]
    for number, shape in enumerate(_shape(question) for question in english.quiz.questions):
        if number >= len(ours) or ours[number] != shape:
            do = "use the same ids, types, points and correct answers in the same order"
            log.error(quiz, CODE, f'question "{shape[0]}" is not as in en', do)
            return
    if len(ours) > len(english.quiz.questions):
        log.error(quiz, CODE, "there are more questions than in en", "use the same questions")


def _shape(question: Question) -> tuple[object, ...]:
    """What is the same in every language."""
    shape: tuple[object, ...] = (question.id, question.type, question.points)
    if isinstance(question, Single | Multiple):
        return (*shape, frozenset((choice.id, choice.correct) for choice in question.choices))
    if isinstance(question, Match):
        return (*shape, frozenset(pair.id for pair in question.pairs), len(question.options))
    return shape
