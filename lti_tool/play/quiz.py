"""Questions and their marks. Pure: answers in, marks out; nothing here raises over what a learner sent.

Answers are plain JSON values by question id: a choice id, a list of choice ids, a mapping of pair id to option id, or a
text. Whatever else comes (unknown ids, other shapes) is worth nothing and does no harm.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, Decimal
from fractions import Fraction
from typing import Literal

from lti_tool.shares import whole_percent

Answer = str | list[str] | dict[str, str]
Answers = Mapping[str, Answer]

MOST_TEXT = 200
"""Characters of a short answer that are read."""

_PLACES = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Mark:
    """What an answer is worth: a share from 0 to 1, and for each part that was chosen whether it is right."""

    share: Fraction = Fraction(0)
    parts: Mapping[str, bool] = field(default_factory=dict)

    @property
    def right(self) -> bool:
        return self.share == 1


@dataclass(frozen=True, slots=True)
class Choice:
    id: str
    text: str
    correct: bool
    feedback: str = ""


@dataclass(frozen=True, slots=True)
class Option:
    """What can be chosen for the left side of a pair. Two pairs with the same right side share one."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Pair:
    id: str
    left: str
    option: str
    """Id of the right option."""


@dataclass(frozen=True, slots=True)
class Single:
    """One choice is right."""

    id: str
    text: str
    choices: tuple[Choice, ...]
    points: Decimal = Decimal(1)
    feedback: str = ""

    @property
    def type(self) -> Literal["single"]:
        return "single"

    @property
    def key(self) -> Answer:
        return next(choice.id for choice in self.choices if choice.correct)

    def clean(self, given: object) -> Answer | None:
        """The answer without what this question does not know; None where nothing is left."""
        return given if isinstance(given, str) and any(choice.id == given for choice in self.choices) else None

    def mark(self, given: object) -> Mark:
        chosen = next((choice for choice in self.choices if choice.id == self.clean(given)), None)
        return Mark(Fraction(chosen.correct), {chosen.id: chosen.correct}) if chosen else Mark()


@dataclass(frozen=True, slots=True)
class Multiple:
    """Several choices may be right: each right tick counts, each wrong one takes away as much, never below 0."""

    id: str
    text: str
    choices: tuple[Choice, ...]
    points: Decimal = Decimal(1)
    feedback: str = ""

    @property
    def type(self) -> Literal["multiple"]:
        return "multiple"

    @property
    def key(self) -> Answer:
        return [choice.id for choice in self.choices if choice.correct]

    def clean(self, given: object) -> Answer | None:
        """The known ids in the order of the choices, each once."""
        if not isinstance(given, list | tuple | set | frozenset):
            return None
        ids = {id for id in given if isinstance(id, str)}
        return [choice.id for choice in self.choices if choice.id in ids] or None

    def mark(self, given: object) -> Mark:
        ticked = self.clean(given) or []
        chosen = [choice for choice in self.choices if choice.id in ticked]
        right = sum(choice.correct for choice in chosen)
        wrong = len(chosen) - right
        of = sum(choice.correct for choice in self.choices)
        return Mark(Fraction(max(right - wrong, 0), of), {choice.id: choice.correct for choice in chosen})


@dataclass(frozen=True, slots=True)
class Match:
    """To each left side an option; each right pair counts alike."""

    id: str
    text: str
    pairs: tuple[Pair, ...]
    options: tuple[Option, ...]
    points: Decimal = Decimal(1)
    feedback: str = ""

    @property
    def type(self) -> Literal["match"]:
        return "match"

    @property
    def key(self) -> Answer:
        return {pair.id: pair.option for pair in self.pairs}

    def clean(self, given: object) -> Answer | None:
        if not isinstance(given, Mapping):
            return None
        known = {option.id for option in self.options}
        found: dict[str, str] = {}
        for pair in self.pairs:
            option = given.get(pair.id)
            if isinstance(option, str) and option in known:
                found[pair.id] = option
        return found or None

    def mark(self, given: object) -> Mark:
        found = self.clean(given)
        chosen = found if isinstance(found, dict) else {}
        parts = {pair.id: chosen[pair.id] == pair.option for pair in self.pairs if pair.id in chosen}
        return Mark(Fraction(sum(parts.values()), len(self.pairs)), parts)


@dataclass(frozen=True, slots=True)
class Short:
    """A word or a few, compared as `plain` makes them."""

    id: str
    text: str
    accept: tuple[str, ...]
    points: Decimal = Decimal(1)
    feedback: str = ""

    @property
    def type(self) -> Literal["short"]:
        return "short"

    @property
    def key(self) -> Answer:
        return self.accept[0]

    def clean(self, given: object) -> Answer | None:
        if not isinstance(given, str):
            return None
        # NUL and lone surrogates can be stored in no database.
        kept = "".join(sign for sign in given[:MOST_TEXT] if sign != "\0" and not "\ud800" <= sign <= "\udfff")
        return kept.strip() or None

    def mark(self, given: object) -> Mark:
        text = self.clean(given)
        if not isinstance(text, str) or not plain(text):
            return Mark()
        return Mark(Fraction(plain(text) in {plain(one) for one in self.accept}))


Question = Single | Multiple | Match | Short


@dataclass(frozen=True, slots=True)
class Score:
    """A checked quiz. `scaled` is cut, not rounded, to four places: it reaches the pass mark exactly where `passed`."""

    marks: Mapping[str, Mark]
    points: Decimal
    maximum: Decimal
    scaled: Decimal
    passed: bool

    @property
    def percent(self) -> Decimal:
        """The scaled score cut to whole per cent."""
        return whole_percent(self.scaled)


@dataclass(frozen=True, slots=True)
class Quiz:
    """`pass_mark`: share of the points, at most two places; `attempts`: how many there are, 0 for no limit."""

    questions: tuple[Question, ...]
    pass_mark: Decimal
    attempts: int

    def clean(self, given: object) -> dict[str, Answer]:
        """Of what a learner sent, the part that answers questions of this quiz. Safe to store."""
        if not isinstance(given, Mapping):
            return {}
        kept = {question.id: question.clean(given.get(question.id)) for question in self.questions}
        return {id: answer for id, answer in kept.items() if answer is not None}

    def unanswered(self, given: Answers) -> tuple[str, ...]:
        """Ids of the questions that are not answered, or a matching only in part."""
        return tuple(question.id for question in self.questions if not _whole(question, given.get(question.id)))

    def check(self, given: object) -> Score:
        """The marks of these answers. Never raises; the key itself has full marks, nothing is worth less than 0."""
        answers: Mapping[str, object] = given if isinstance(given, Mapping) else {}
        marks = {question.id: question.mark(answers.get(question.id)) for question in self.questions}
        got = sum((marks[q.id].share * Fraction(q.points) for q in self.questions), Fraction(0))
        maximum = sum((question.points for question in self.questions), Decimal(0))
        share = got / Fraction(maximum)
        return Score(marks, _cut(got), maximum, _cut(share), share >= Fraction(self.pass_mark))

    def left(self, used: int) -> int | None:
        """Attempts that are left after `used`; None where there is no limit."""
        return max(self.attempts - used, 0) if self.attempts else None


def plain(text: str) -> str:
    """A short answer as it is compared.

    NFKC and casefold (so that final sigma is sigma), every dash a hyphen, white space single, punctuation at both ends
    gone (unless there is nothing else: "*" can be an answer), Greek without tonos, ё as е. Other accents stay: they
    tell Latvian words apart.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).replace("ё", "е")
    bare: list[str] = []
    for sign in unicodedata.normalize("NFD", folded):
        if sign == "\u0301" and any("\u0370" <= base <= "\u03ff" for base in bare[-2:]):
            continue
        bare.append("-" if unicodedata.category(sign) == "Pd" else sign)
    words = " ".join(unicodedata.normalize("NFC", "".join(bare)).split())
    first, last = 0, len(words)
    while first < last and _outer(words[first]):
        first += 1
    while last > first and _outer(words[last - 1]):
        last -= 1
    return words[first:last] or words


def _outer(sign: str) -> bool:
    return sign == " " or unicodedata.category(sign).startswith("P")


def _cut(share: Fraction) -> Decimal:
    return (Decimal(share.numerator) / Decimal(share.denominator)).quantize(_PLACES, ROUND_DOWN)


def _whole(question: Question, answer: object) -> bool:
    cleaned = question.clean(answer)
    if isinstance(question, Match):
        return isinstance(cleaned, dict) and len(cleaned) == len(question.pairs)
    return cleaned is not None
