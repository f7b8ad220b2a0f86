"""The page knows the questions and nothing of their answers."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from lti_tool.ecvet.problems import Log
from lti_tool.play.quiz import Choice, Quiz, Single
from lti_tool.play.quiz_text import read_quiz
from lti_tool.play.sheet import Sheet, lay_out
from tests.play.conftest import QUIZ, RIGHT, WRONG


def quiz() -> Quiz:
    found = read_quiz(QUIZ, "quiz.yaml", Log())
    assert found is not None
    return found


def sheet(learner: str = "anna", attempt: int = 1) -> Sheet:
    return lay_out(quiz(), "secret", learner, "M01", attempt)


def form_of(sheet: Sheet, answers: dict[str, object]) -> MultiDict[str, str]:
    """As a browser sends these answers."""
    form: MultiDict[str, str] = MultiDict()
    for name, shown in sheet.given(sheet.quiz.clean(answers)).items():
        if isinstance(shown, dict):
            form.update({f"{name}.{pair}": place for pair, place in shown.items()})
        else:
            form.setlist(name, shown if isinstance(shown, list) else [shown])
    return form


@given(st.text(max_size=8), st.integers(1, 20))
def test_what_is_ticked_is_what_is_read_whatever_the_order(learner: str, attempt: int) -> None:
    one = sheet(learner, attempt)
    for answers in (RIGHT, WRONG):
        assert one.read(form_of(one, answers)) == one.quiz.clean(answers)


def test_the_order_is_the_same_for_a_learner_and_attempt_and_differs_between_them() -> None:
    assert sheet() == sheet()
    orders = {sheet(learner, attempt).places["q3"] for learner in "abcdefgh" for attempt in (1, 2)}
    assert len(orders) > 2


def test_nobody_can_foresee_the_order_without_the_secret() -> None:
    orders = {lay_out(quiz(), f"secret {n}", "anna", "M01", 1).places["q3"] for n in range(20)}
    assert len(orders) > 2


def test_the_right_choice_has_no_place_of_its_own() -> None:
    choices = tuple(Choice(id, id, id == "a") for id in "abcd")
    one = Quiz((Single("q", "?", choices),), Decimal("0.5"), 0)
    places = {lay_out(one, "secret", str(n), "M01", 1).given({"q": "a"})["q"] for n in range(60)}
    assert places == {"1", "2", "3", "4"}


def test_the_page_gets_places_and_words_alone() -> None:
    shown = repr(sheet().questions)
    for hidden in ("SECRET", "correct", "extra.1", "True"):
        assert hidden not in shown
    for question in sheet().questions:
        assert [choice.id for choice in question.choices or question.rights] == [
            str(n + 1) for n in range(len(question.choices or question.rights))
        ]


@given(st.dictionaries(st.sampled_from(["q1", "q2", "q3.p1", "q3", "q4", "x"]), st.text(max_size=5), max_size=5))
def test_no_form_is_too_strange(form: dict[str, str]) -> None:
    one = sheet()
    read = one.read(MultiDict(form))
    assert one.quiz.clean(read) == read


def test_before_the_last_attempt_only_what_was_chosen_is_judged() -> None:
    one = sheet()
    results = one.results(one.quiz.clean({**WRONG, "q2": ["a"]}), final=False)
    assert {id: result.right for id, result in results.items()} == dict.fromkeys(results, False)
    assert [(result.feedback, result.answer) for result in results.values()] == [("", "")] * 4
    assert [part.feedback for part in results["q1"].parts.values()] == ["SECRET-B, no"]
    assert len(results["q2"].parts) == 1


def test_after_the_last_attempt_the_answers_are_told() -> None:
    one = sheet()
    results = one.results(one.quiz.clean(WRONG), final=True)
    assert [result.answer for result in results.values()] == [
        "The first",
        "One; Two",
        "Left one – Right one; Left two – Right two",
        "SECRETWORD",
    ]
    assert results["q1"].feedback == "SECRET-Q1 it is the first"


def test_what_was_right_is_explained_at_once() -> None:
    one = sheet()
    results = one.results(one.quiz.clean(RIGHT), final=False)
    assert [result.feedback[:9] for result in results.values()] == ["SECRET-Q1", "SECRET-Q2", "SECRET-Q3", "SECRET-Q4"]
    assert [result.answer for result in results.values()] == [""] * 4
