"""Rules of evidence in words: every kind, in the programme's own rules and in made ones."""

from __future__ import annotations

import pytest

from lti_tool.ecvet.rule_words import Way, in_words
from lti_tool.ecvet.rules import All, AtLeast, HoursOf, Matcher, Mean, Modules, Pattern, Rule, Statements
from tests.ecvet.builders import ceco

SEEN = Statements(Matcher(("v",), (Pattern("tag:x"),)), why="entry_left")
QUIZ = Statements(Matcher(("v",), (Pattern("https://m.example/quiz/1"),), min_scaled=0.6))


def said(rule: Rule) -> Way:
    return in_words(rule, ceco(), "en", str)


def flat(way: Way) -> list[str]:
    return [way.text, *(line for part in way.parts for line in flat(part))]


def outcome(id: str) -> Rule:
    return next(one.rule for unit in ceco().units for one in unit.outcomes if one.id == id)


def test_an_outcome_of_modules_names_every_way() -> None:
    way = said(outcome("BIB-U1-K2"))
    assert way.text == "One of these:"
    assert [one.text for one in way.parts] == [
        "Pass the quiz of module M02 (Evaluating information and media literacy).",
        "Your trainer or mentor has seen it, and enters so.",
        "Somebody who sees you at work rates a task that shows it, by a link from your mentor or trainer.",
    ]


def test_several_modules_are_needed_together() -> None:
    way = said(outcome("BIB-U1-K1"))
    assert way.parts[0].text == "All of these:"
    assert len(way.parts[0].parts) > 1


def test_an_outcome_of_work_counts_by_its_hours() -> None:
    assert said(outcome("CECO-U8-K1")).parts[0].text == ("165 h of work-based learning, confirmed by your mentor.")


def test_an_outcome_of_a_project_counts_by_its_rating_or_by_an_entry() -> None:
    assert [one.text for one in said(outcome("BIB-U7-S1")).parts[:2]] == [
        "An assessor rates the project work that you hand in with 60% or more.",
        "Your trainer or mentor enters your project as done.",
    ]


@pytest.mark.parametrize(
    ("rule", "lines"),
    [
        (All((SEEN, QUIZ)), ["All of these:", "Your trainer or mentor has seen it, and enters so.",
                             "A result of 60% or more for this activity: https://m.example/quiz/1"]),
        (AtLeast(2, (SEEN, SEEN, SEEN)), ["2 of these:", *["Your trainer or mentor has seen it, and enters so."] * 3]),
        (AtLeast(1, (SEEN,)), ["Your trainer or mentor has seen it, and enters so."]),
        (AtLeast(1, (SEEN, AtLeast(1, (QUIZ, HoursOf("face_to_face", 1.5))))), [
            "One of these:", "Your trainer or mentor has seen it, and enters so.",
            "A result of 60% or more for this activity: https://m.example/quiz/1",
            "1.5 h of seminars, entered by your trainer."]),
        (Mean(0.7, ((2, QUIZ), (1, Modules(("M01",))))), [
            "A mean result of 70% or more in these, each with its weight:",
            "weight 2: A result of 60% or more for this activity: https://m.example/quiz/1",
            "weight 1: Pass the quiz of module M01 (Browsing, searching and filtering information)."]),
        (Statements(Matcher(("v",), (Pattern("a:b"),), valid_months=24), times=3, min_hours=2),
         ["Complete this activity: a:b (3 times) (2 h in all) (it counts for 24 months)"]),
        (Statements(Matcher(("v",), types=("t:page",))), ["Complete this activity: t:page"]),
        (Statements(Matcher(("v:done",))), ["Complete this activity: v:done"]),
        (Modules(()), ["No evidence is named for this. Please tell your coordinator."]),
        (AtLeast(1, ()), ["No evidence is named for this. Please tell your coordinator."]),
        (Modules(("M99",)), ["Finish module M99."]),
    ],
)  # fmt: skip
def test_each_kind_of_rule(rule: Rule, lines: list[str]) -> None:
    assert flat(said(rule)) == lines


def test_every_rule_of_the_programmes_can_be_said_in_every_language() -> None:
    programme = ceco()
    rules = [one.rule for unit in programme.units for one in (unit, *unit.outcomes)]
    rules += [module.rule for module in programme.modules]
    for locale in ("en", "lv", "bg", "el", "it"):
        lines = [line for rule in rules for line in flat(in_words(rule, programme, locale, str))]
        assert all(lines)
        assert not [line for line in lines if "%(" in line or "tag:" in line]
