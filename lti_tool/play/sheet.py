"""A quiz as the page shows it: shuffled, without its key, and with ids that say nothing.

In the files the right choice is often "a", and the right option of a pair has the id of the pair. The page gets places
instead ("1", "2", …) in an order that only the server can foresee; it is the same for a learner and an attempt whenever
the page is made again, on whatever device.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from lti_tool.play.quiz import Answer, Answers, Mark, Match, Multiple, Question, Quiz, Short, Single


@dataclass(frozen=True, slots=True)
class Shown:
    """A choice, or the right side of a pair, under the id that the page knows."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Left:
    id: str
    left: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as templates take it."""

    id: str
    type: str
    text: str
    choices: tuple[Shown, ...] = ()
    pairs: tuple[Left, ...] = ()
    rights: tuple[Shown, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    right: bool
    feedback: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """What is said of an answer. `answer`: the right one, where it may be shown."""

    right: bool
    feedback: str
    parts: Mapping[str, Part] = field(default_factory=dict)
    answer: str = ""


class Form(Protocol):
    """A submitted form."""

    def get(self, name: str, /) -> str | None: ...
    def getlist(self, name: str, /) -> list[str]: ...


@dataclass(frozen=True, slots=True)
class Sheet:
    """A quiz for one attempt of one learner. `places`: ids of the choices or options of each question, as shown."""

    quiz: Quiz
    places: Mapping[str, tuple[str, ...]]

    @property
    def questions(self) -> tuple[Asked, ...]:
        return tuple(self._ask(question) for question in self.quiz.questions)

    def given(self, answers: Answers) -> dict[str, Answer]:
        """Answers in the ids of the page, for its fields."""
        return {q.id: self._show(q, answers[q.id]) for q in self.quiz.questions if q.id in answers}

    def read(self, form: Form) -> dict[str, Answer]:
        """The answers of a submitted page in the ids of the quiz; what is no answer is left out."""
        found: dict[str, object] = {}
        for question in self.quiz.questions:
            if isinstance(question, Match):
                chosen = {pair.id: form.get(f"{question.id}.{pair.id}") for pair in question.pairs}
                found[question.id] = {
                    pair: id for pair, place in chosen.items() if (id := self._id(question, place)) is not None
                }
            elif isinstance(question, Multiple):
                found[question.id] = [self._id(question, place) for place in form.getlist(question.id)]
            elif isinstance(question, Single):
                found[question.id] = self._id(question, form.get(question.id))
            else:
                found[question.id] = form.get(question.id)
        return self.quiz.clean(found)

    def results(self, answers: Answers, final: bool) -> dict[str, Result]:
        """What is said of these answers. Before the last attempt only what was chosen is judged: the explanation of a
        question that was not right would give the answer away."""
        marks = self.quiz.check(answers).marks
        return {q.id: self._judge(q, answers.get(q.id), marks[q.id], final) for q in self.quiz.questions}

    def key(self) -> dict[str, Result]:
        """The right answers with all explanations: for teachers."""
        return self.results({question.id: question.key for question in self.quiz.questions}, final=True)

    def _place(self, question: Question, id: str) -> str:
        return str(self.places[question.id].index(id) + 1)

    def _id(self, question: Question, place: str | None) -> str | None:
        ids = self.places[question.id]
        if place is None or not place.isascii() or not place.isdigit() or len(place) > 3:
            return None
        return ids[int(place) - 1] if 1 <= int(place) <= len(ids) else None

    def _ask(self, question: Question) -> Asked:
        words = _words(question)
        shown = tuple(Shown(self._place(question, id), words[id]) for id in self.places[question.id])
        if isinstance(question, Match):
            lefts = tuple(Left(pair.id, pair.left) for pair in question.pairs)
            return Asked(question.id, question.type, question.text, pairs=lefts, rights=shown)
        return Asked(question.id, question.type, question.text, choices=shown)

    def _show(self, question: Question, answer: Answer) -> Answer:
        if isinstance(question, Short):
            return answer
        if isinstance(answer, Mapping):
            return {pair: self._place(question, id) for pair, id in answer.items()}
        if isinstance(answer, list):
            return [self._place(question, id) for id in answer]
        return self._place(question, answer)

    def _judge(self, question: Question, answer: Answer | None, mark: Mark, final: bool) -> Result:
        feedback = question.feedback if mark.right or final else ""
        parts: dict[str, Part] = {}
        told = ""
        if isinstance(question, Match):
            parts = {pair: Part(right) for pair, right in mark.parts.items()}
            if final and not mark.right:
                words = _words(question)
                told = "; ".join(f"{pair.left} – {words[pair.option]}" for pair in question.pairs)
        elif isinstance(question, Single | Multiple):
            said = {choice.id: choice for choice in question.choices}
            parts = {self._place(question, id): Part(right, said[id].feedback) for id, right in mark.parts.items()}
            if final and not mark.right:
                told = "; ".join(choice.text for choice in question.choices if choice.correct)
        elif final and not mark.right:
            told = question.accept[0]
        return Result(mark.right, feedback, parts, told)


def lay_out(quiz: Quiz, secret: str, learner: str, module: str, attempt: int) -> Sheet:
    """The sheet of this learner's attempt: the same whenever it is asked for, and not to be foreseen without the
    secret."""

    def order(question: str, ids: Sequence[str]) -> tuple[str, ...]:
        def drawn(id: str) -> bytes:
            text = "\n".join(("quiz order", learner, module, str(attempt), question, id))
            return hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()

        return tuple(sorted(ids, key=drawn))

    return Sheet(quiz, {q.id: order(q.id, list(_words(q))) for q in quiz.questions})


def _words(question: Question) -> dict[str, str]:
    """The texts of what can be chosen, by id."""
    if isinstance(question, Single | Multiple):
        return {choice.id: choice.text for choice in question.choices}
    if isinstance(question, Match):
        return {option.id: option.text for option in question.options}
    return {}
