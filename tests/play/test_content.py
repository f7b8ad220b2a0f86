"""An author hears everything that is wrong with a module at once: where, what, and what to write instead."""

from __future__ import annotations

import pytest

from lti_tool.play.content import ContentInvalid, read
from lti_tool.play.library import Library
from tests.play.conftest import HEAD, QUIZ, ROOT

PAGE = "---\ntitle: A title\nminutes: 3\nkind: page\n---\nText.\n"
FILES = {"module.yaml": HEAD.format(code="M01"), "en/01-first.md": PAGE, "en/02-second.md": PAGE, "en/quiz.yaml": QUIZ}


def latvian(old: str, new: str) -> dict[str, str | None]:
    """A Latvian edition with one thing changed in its quiz."""
    assert old in QUIZ
    return {"lv/01-first.md": PAGE, "lv/02-second.md": PAGE, "lv/quiz.yaml": QUIZ.replace(old, new, 1)}


def problems(changes: dict[str, str | None], media: tuple[str, ...] = ()) -> list[tuple[str, str, str]]:
    """What is said of the module with these files changed (None: taken away): place, code, words."""
    texts = {name: text for name, text in {**FILES, **changes}.items() if text is not None}
    with pytest.raises(ContentInvalid) as caught:
        read("M01", texts, media)
    assert all(problem.do for problem in caught.value.problems)
    return [(str(problem.where), problem.code, problem.what) for problem in caught.value.problems]


def test_a_good_module_is_read() -> None:
    content = read("M01", FILES, ())
    edition = content.edition("lv")
    assert (edition.language, [page.slug for page in edition.pages]) == ("en", ["first", "second"])
    assert (edition.minutes, edition.steps, edition.number("second"), edition.number("x")) == (6, 3, 2, None)
    assert edition.quiz is not None
    assert [question.id for question in edition.quiz.questions] == ["q1", "q2", "q3", "q4"]


def test_the_modules_that_ship_have_no_faults() -> None:
    library = Library(ROOT / "config" / "modules")
    assert [str(problem) for problem in library.check()] == []
    assert "M01" in library.codes()
    module = library.module("M01")
    assert module is not None
    assert {"en", "lv"} <= set(module.editions)


def test_all_faults_are_told_at_once_with_file_and_line() -> None:
    page = "---\ntitle: A title\nminutes: many\nkind: slide\n---\nText\n\n![x](media/none.svg)\n"
    found = problems({"en/01-first.md": page, "module.yaml": HEAD.format(code="M02"), "en/notes.md": PAGE})
    assert [(place, code) for place, code, _ in found] == [
        ("M01/en/01-first.md:3", "MODULE-FIELD"),
        ("M01/en/01-first.md:4", "MODULE-FIELD"),
        ("M01/en/01-first.md:8", "MODULE-PAGE"),
        ("M01/en/notes.md:1", "MODULE-PAGE"),
        ("M01/module.yaml:1", "MODULE-PAGE"),
    ]


@pytest.mark.parametrize(
    ("changes", "place", "words"),
    [
        ({"module.yaml": None}, "M01/module.yaml:1", "missing"),
        ({"en/01-first.md": "Text without a head"}, "M01/en/01-first.md:1", "front matter"),
        ({"en/01-first.md": "---\ntitle: x\nminutes: 1\nkind: page\n---\n\n"}, "M01/en/01-first.md:5", "no text"),
        ({"en/01-quiz.md": PAGE}, "M01/en/01-quiz.md:1", "neither a page nor the quiz"),
        ({"en/03-first.md": PAGE}, "M01/en/03-first.md:1", '"first" is taken'),
        ({"en/01-other.md": PAGE}, "M01/en/01-other.md:1", '"01" is taken'),
        ({"de/01-first.md": PAGE}, "M01/de:1", "no language of this tool"),
        ({"en/01-first.md": None, "en/02-second.md": None, "en/quiz.yaml": None}, "M01/module.yaml:1", "no English"),
        ({"lv/01-first.md": PAGE}, "M01/lv:1", "not those of en: second"),
        (latvian("attempts: 3", "attempts: 4"), "M01/lv/quiz.yaml:1", "attempts are not those of en"),
        (latvian(', correct: true, feedback: "SECRET-ONE', ', feedback: "'), "M01/lv/quiz.yaml:1", '"q2" is not as in'),
    ],
)  # fmt: skip
def test_each_fault_is_named(changes: dict[str, str | None], place: str, words: str) -> None:
    assert any(where == place and words in what for where, _, what in problems(changes)), problems(changes)


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("correct: true, feedback: \"SECRET-A", 'feedback: "SECRET-A', 8, "0 choices are correct"),
        ("pass_mark: 0.7", "pass_mark: 70", 1, "is 70"),
        ("pass_mark: 0.7", "pass_mark: 0.755", 1, "two decimals"),
        ("attempts: 3", "attempts: -1", 2, "is -1"),
        ("type: short", "type: essay", 28, 'is "essay"'),
        ("id: q2", "id: q1", 11, "is taken on line 4"),
        ("id: q2", 'id: "2q"', 11, "cannot be used"),
        ("id: b, text: \"Two\"", 'id: a, text: "Two"', 16, "is taken"),
        ('accept: ["SECRETWORD", "another"]', "accept: []", 30, "no accepted answer"),
        ('right: "Right two"', 'right: "Right one"', 0, ""),
        ("text: \"Match them.\"", "text: \"Match them.\"\n  shuffel: true", 22, "is not known here"),
        ('text: "Three"', 'text: "Two"', 15, "stands twice"),
        ("questions:", "questions: []\nold:", 3, "no question"),
    ],
)  # fmt: skip
def test_each_fault_of_a_quiz_is_named_with_its_line(old: str, new: str, line: int, words: str) -> None:
    assert old in QUIZ
    texts = {**FILES, "en/quiz.yaml": QUIZ.replace(old, new, 1)}
    if not line:
        assert read("M01", texts, ()).edition("en").quiz is not None
        return
    found = problems({"en/quiz.yaml": texts["en/quiz.yaml"]})
    assert any(where == f"M01/en/quiz.yaml:{line}" and words in what for where, _, what in found), found
