"""What an answer is worth."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_tool.play.quiz import Choice, Match, Multiple, Option, Pair, Question, Quiz, Short, Single, plain

ids = st.sampled_from(["a", "b", "c", "d", "e"])


def choices(flags: list[bool]) -> tuple[Choice, ...]:
    return tuple(Choice("abcde"[index], f"text {index}", flag) for index, flag in enumerate(flags))


@st.composite
def questions(draw: st.DrawFn, id: str) -> Question:
    points = draw(st.sampled_from([Decimal(1), Decimal("0.5"), Decimal(3)]))
    kind = draw(st.sampled_from(["single", "multiple", "match", "short"]))
    if kind == "single":
        right = draw(st.integers(0, 3))
        return Single(id, "?", choices([index == right for index in range(4)]), points)
    if kind == "multiple":
        flags = draw(st.lists(st.booleans(), min_size=2, max_size=5).filter(any))
        return Multiple(id, "?", choices(flags), points)
    if kind == "match":
        options = (Option("a", "1"), Option("b", "2"), Option("extra.1", "3"))
        chosen = draw(st.lists(st.sampled_from(["a", "b"]), min_size=2, max_size=3))
        pairs = tuple(Pair(f"p{index}", f"left {index}", option) for index, option in enumerate(chosen))
        return Match(id, "?", pairs, options, points)
    return Short(id, "?", ("Rīga", "the capital"), points)


@st.composite
def quizzes(draw: st.DrawFn) -> Quiz:
    made = [draw(questions(f"q{index}")) for index in range(draw(st.integers(1, 5)))]
    return Quiz(tuple(made), Decimal(draw(st.sampled_from(["0.01", "0.5", "0.7", "1"]))), 3)


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | ids,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3) | ids, inner, max_size=4),
    max_leaves=8,
)
answers = st.dictionaries(st.sampled_from(["q0", "q1", "q2", "q3", "q4", "x"]), json, max_size=6)


@given(quizzes(), answers | json)
def test_whatever_is_sent_the_score_is_from_0_to_1(quiz: Quiz, sent: Any) -> None:
    score = quiz.check(sent)
    assert 0 <= score.scaled <= 1
    assert 0 <= score.points <= score.maximum
    assert score.passed == (score.scaled >= quiz.pass_mark)
    assert set(score.marks) == {question.id for question in quiz.questions}


@given(quizzes())
def test_the_key_has_full_marks(quiz: Quiz) -> None:
    score = quiz.check({question.id: question.key for question in quiz.questions})
    assert (score.scaled, score.passed, score.points) == (1, True, score.maximum)
    assert all(mark.right for mark in score.marks.values())


@given(quizzes(), answers)
def test_what_is_kept_of_answers_is_worth_the_same_and_cleaning_again_changes_nothing(quiz: Quiz, sent: Any) -> None:
    kept = quiz.clean(sent)
    assert quiz.check(kept) == quiz.check(sent)
    assert quiz.clean(kept) == kept


@given(st.lists(ids, max_size=8), st.randoms(use_true_random=False))
def test_the_order_and_number_of_ticks_do_not_matter(ticks: list[str], random: Any) -> None:
    question = Multiple("q", "?", choices([True, False, True, True, False]))
    shuffled = [*ticks, *ticks]
    random.shuffle(shuffled)
    assert question.mark(ticks) == question.mark(shuffled)


@pytest.mark.parametrize(
    ("ticks", "share"),
    [("ac", "2/3"), ("acd", "1"), ("acde", "2/3"), ("abcde", "1/3"), ("b", "0"), ("", "0"), ("abe", "0")],
)
def test_each_wrong_tick_takes_a_right_one_away_but_never_more(ticks: str, share: str) -> None:
    question = Multiple("q", "?", choices([True, False, True, True, False]))
    assert str(question.mark(list(ticks)).share) == share


def test_ticking_everything_does_not_pass() -> None:
    quiz = Quiz((Multiple("q", "?", choices([True, True, False, False])),), Decimal("0.5"), 0)
    assert not quiz.check({"q": list("abcd")}).passed


def test_each_pair_counts_alike() -> None:
    pairs = (Pair("p1", "l", "a"), Pair("p2", "l", "b"), Pair("p3", "l", "a"))
    question = Match("q", "?", pairs, (Option("a", "1"), Option("b", "2")))
    mark = question.mark({"p1": "a", "p2": "a", "p3": "a", "p9": "a"})
    assert str(mark.share) == "2/3"
    assert mark.parts == {"p1": True, "p2": False, "p3": True}


@pytest.mark.parametrize(
    ("accepted", "given_"),
    [
        ("OR", " or. "),
        ("Rīga", "RĪGA"),
        ("Αθήνα", "αθηνα"),
        ("Οδυσσέας", "ΟΔΥΣΣΕΑΣ"),
        ("προΐσταμαι", "προϊσταμαι"),
        ("Ещё", "еще"),
        ("2025-03-07", "2025–03–07"),
        ("open  data", "“Open data”"),
        ("*", "*"),
        ("file", "\ufb01le"),
    ],
)
def test_a_short_answer_may_be_written_as_people_write(accepted: str, given_: str) -> None:
    assert Short("q", "?", (accepted,)).mark(given_).right


@pytest.mark.parametrize(
    ("accepted", "given_"), [("kase", "kāse"), ("мой", "мои"), ("OR", "or not"), ("C", "C++"), ("*", ""), ("*", "?")]
)
def test_what_is_another_word_is_not_accepted(accepted: str, given_: str) -> None:
    assert not Short("q", "?", (accepted,)).mark(given_).right


@given(st.text())
def test_a_compared_answer_is_its_own_comparison(text: str) -> None:
    assert plain(plain(text)) == plain(text)


@given(st.text(max_size=300))
def test_a_kept_short_answer_can_be_stored(text: str) -> None:
    kept = Short("q", "?", ("x",)).clean(text)
    assert kept is None or (isinstance(kept, str) and "\0" not in kept and kept.encode())


def test_attempts_that_are_left() -> None:
    question = Single("q", "?", choices([True, False]))
    assert [Quiz((question,), Decimal("0.5"), 2).left(used) for used in (0, 1, 2, 3)] == [2, 1, 0, 0]
    assert Quiz((question,), Decimal("0.5"), 0).left(99) is None


def test_a_score_just_below_the_pass_mark_is_not_shown_as_it() -> None:
    # 2 of 3 points is 66.66…%, and 67% would be the mark.
    pairs = tuple(Pair(f"p{n}", str(n), "a") for n in range(3))
    quiz = Quiz((Match("q", "?", pairs, (Option("a", "1"), Option("b", "2"))),), Decimal("0.67"), 0)
    score = quiz.check({"q": {"p0": "a", "p1": "a"}})
    assert (score.passed, score.scaled, score.percent) == (False, Decimal("0.6666"), Decimal("0.66"))


def test_a_matching_that_is_half_done_is_not_answered() -> None:
    pairs = (Pair("p1", "l", "a"), Pair("p2", "m", "b"))
    quiz = Quiz((Match("q", "?", pairs, (Option("a", "1"), Option("b", "2"))),), Decimal("0.5"), 0)
    assert quiz.unanswered({"q": {"p1": "a"}}) == ("q",)
    assert quiz.unanswered({"q": {"p1": "a", "p2": "a"}}) == ()
