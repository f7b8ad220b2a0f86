"""quiz.yaml as a Quiz, every fault logged with its line and what to write instead."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal

from lti_tool.ecvet.fields import Fields
from lti_tool.ecvet.marked import parse
from lti_tool.ecvet.problems import Log, Where
from lti_tool.play.quiz import Choice, Match, Multiple, Option, Pair, Question, Quiz, Short, Single, plain

CODE = "MODULE-QUIZ"
KINDS = ("single", "multiple", "match", "short")
MOST_QUESTIONS = 100

# Ids become names of form fields and parts of xAPI activity ids.
_ID = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,39}\Z")


def read_quiz(text: str, file: str, log: Log) -> Quiz | None:
    """The quiz that the text defines; None where anything is wrong, which is then in the log."""
    before = len(log.found)
    root = parse(text, file, log)
    fields = Fields.of(root, "quiz", log)
    if fields is None:
        return None
    pass_mark = Decimal(str(fields.number("pass_mark", 0.7, 0.01, 1)))
    if (places := pass_mark.as_tuple().exponent) and isinstance(places, int) and places < -2:
        log.error(fields.where_of("pass_mark"), CODE, "pass_mark has more than two decimals", "write for example 0.7")
    attempts = fields.whole("attempts", 0, 0, 100)
    rows = fields.rows("questions", required=True)
    if fields.has("questions") and not rows:
        log.error(fields.where_of("questions"), CODE, "there is no question", "add one, or take quiz.yaml away")
    if len(rows) > MOST_QUESTIONS:
        log.error(rows[MOST_QUESTIONS].where, CODE, f"over {MOST_QUESTIONS} questions", "split the module")
    questions: list[Question] = []
    seen: dict[str, Where] = {}
    for row in rows[:MOST_QUESTIONS]:
        part = Fields.of(row, "question", log)
        question = _question(part, seen, log) if part else None
        if question:
            questions.append(question)
    fields.end()
    return Quiz(tuple(questions), pass_mark, attempts) if len(log.found) == before else None


def _question(fields: Fields, seen: dict[str, Where], log: Log) -> Question | None:
    id = _id(fields, seen, log)
    kind = fields.choice("type", KINDS)
    if kind not in KINDS:
        return None
    fields.what = f"question {id}" if id else fields.what
    text = fields.text("text")
    feedback = fields.text("feedback", "")
    points = Decimal(str(fields.number("points", 1, 0.01, 1000)))
    question: Question
    if kind == "match":
        question = _match(fields, id, text, points, feedback, log)
    elif kind == "short":
        accept = fields.words("accept")
        if not any(plain(one) for one in accept):
            do = 'write `accept: ["the answer", "another way to write it"]`'
            log.error(fields.where_of("accept"), CODE, f"{fields.what}: no accepted answer", do)
        question = Short(id, text, accept, points, feedback)
    else:
        choices = _choices(fields, log)
        right = sum(choice.correct for choice in choices)
        if kind == "single" and right != 1:
            do = "put `correct: true` on exactly one choice, or write `type: multiple`"
            log.error(fields.where_of("choices"), CODE, f"{fields.what}: {right} choices are correct", do)
        if kind == "multiple" and not right:
            log.error(fields.where_of("choices"), CODE, f"{fields.what}: no choice is correct", "mark one at least")
        made = Single if kind == "single" else Multiple
        question = made(id, text, choices, points, feedback)
    fields.end()
    return question


def _choices(fields: Fields, log: Log) -> tuple[Choice, ...]:
    found: list[Choice] = []
    seen: dict[str, Where] = {}
    for row in fields.rows("choices", required=True):
        if part := Fields.of(row, f"{fields.what}: choice", log):
            id = _id(part, seen, log)
            found.append(Choice(id, part.text("text"), part.flag("correct", False), part.text("feedback", "")))
            part.end()
    _enough(found, fields, "choices", log)
    _twice((choice.text for choice in found), fields, "choices", log)
    return tuple(found)


def _match(fields: Fields, id: str, text: str, points: Decimal, feedback: str, log: Log) -> Match:
    pairs: list[Pair] = []
    options: dict[str, Option] = {}
    seen: dict[str, Where] = {}
    for row in fields.rows("pairs", required=True):
        if part := Fields.of(row, f"{fields.what}: pair", log):
            pair = _id(part, seen, log)
            left, right = part.text("left"), part.text("right")
            option = options.setdefault(right, Option(pair, right))
            pairs.append(Pair(pair, left, option.id))
            part.end()
    _enough(pairs, fields, "pairs", log)
    _twice((pair.left for pair in pairs), fields, "pairs", log)
    for number, extra in enumerate(fields.words("extra"), 1):
        # A full stop is in no id of an author.
        options.setdefault(extra, Option(f"extra.{number}", extra))
    if len(options) < 2:
        do = "write another right side, or more under `extra`"
        log.error(fields.where_of("pairs"), CODE, f"{fields.what}: there is nothing to choose between", do)
    return Match(id, text, tuple(pairs), tuple(options.values()), points, feedback)


def _id(fields: Fields, seen: dict[str, Where], log: Log) -> str:
    id = fields.text("id")
    where = fields.where_of("id")
    if id and not _ID.match(id):
        do = "begin with a letter; then letters, digits, hyphen and underscore, 40 at most"
        log.error(where, CODE, f'{fields.what}: the id "{id}" cannot be used', do)
    elif id in seen:
        log.error(where, CODE, f'{fields.what}: the id "{id}" is taken on line {seen[id].line}', "choose another")
    elif id:
        seen[id] = where
    return id


def _enough(found: list[Choice] | list[Pair], fields: Fields, key: str, log: Log) -> None:
    if fields.has(key) and not 2 <= len(found) <= 26:
        log.error(fields.where_of(key), CODE, f"{fields.what}: {len(found)} {key}", "write from 2 to 26")


def _twice(texts: Iterable[str], fields: Fields, key: str, log: Log) -> None:
    seen: set[str] = set()
    for text in texts:
        if text in seen:
            log.error(fields.where_of(key), CODE, f'{fields.what}: "{text}" stands twice', "change or drop one")
        seen.add(text)
