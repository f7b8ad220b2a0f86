"""What a learner does in a module, each in one transaction with the statements it leads to.

Every act first locks the learner's row of the module, so two tabs, a double click and a late draft come one after the
other. A repeat finds its statements there and adds nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from lti_tool.play import statements, store
from lti_tool.play.quiz import Answer
from lti_tool.play.statements import Study
from lti_tool.play.store import Attempt, Progress
from xapi.access import Principal
from xapi.actors import storage_key
from xapi.recording import OnStored
from xapi.store import add
from xapi.tables import statements as stored_statements

PAUSE = timedelta(minutes=5)
"""Of a pause between two acts, this much counts as time at work."""


@dataclass(frozen=True, slots=True)
class Desk:
    """In whose name the server's statements are written, and who is told of them."""

    principal: Principal
    on_stored: OnStored


@dataclass(frozen=True, slots=True)
class State:
    """Where a learner is, as pages show it."""

    progress: Progress
    attempts: tuple[Attempt, ...]

    @property
    def best(self) -> Attempt | None:
        return best_of(self.attempts)

    @property
    def passed(self) -> bool:
        return any(attempt.passed for attempt in self.attempts)


@dataclass(frozen=True, slots=True)
class HandedIn:
    """What became of answers: the attempt that counts under their number, None where that number may not be used.
    `new`: it was counted just now."""

    attempt: Attempt | None
    new: bool
    used: int


def best_of(attempts: Sequence[Attempt]) -> Attempt | None:
    """The attempt with the highest score, the first of equals."""
    return max(attempts, key=lambda attempt: (attempt.passed, attempt.scaled, -attempt.number), default=None)


def may_try(study: Study, attempts: Sequence[Attempt]) -> bool:
    """Whether there is another attempt at the quiz: none after it was passed, none above the limit."""
    quiz = study.edition.quiz
    return quiz is not None and not any(one.passed for one in attempts) and quiz.left(len(attempts)) != 0


def visit(conn: Connection, desk: Desk, study: Study, place: str, now: datetime) -> State:
    """The learner is at this place (a page's slug, "quiz", "finish"): seen, timed, and to be found there again."""
    before = _hold(conn, study, now)
    begun, values = _begin(study, before, now)
    values["place"] = place
    seen = before.seen
    if study.edition.number(place) is not None and place not in seen:
        seen = (*seen, place)
        values["seen"] = list(seen)
    if place == "quiz" and before.quiz_from is None:
        values["quiz_from"] = before.seconds
    progress = _keep(conn, study, before, now, values)
    return _settle(conn, desk, study, progress, begun, now)


def keep_draft(
    conn: Connection, desk: Desk, study: Study, number: int, answers: Mapping[str, Answer], now: datetime
) -> bool:
    """The answers are kept for when the learner comes back; False where that attempt was handed in meanwhile."""
    before = _hold(conn, study, now)
    attempts = store.attempts_of(conn, study.key, study.module.id)
    if number != len(attempts) + 1 or not may_try(study, attempts):
        return False
    begun, values = _begin(study, before, now)
    progress = _keep(conn, study, before, now, {**values, "draft": dict(answers), "place": "quiz"})
    _settle(conn, desk, study, progress, begun, now)
    return True


def hand_in(
    conn: Connection, desk: Desk, study: Study, number: int, answers: Mapping[str, Answer], now: datetime
) -> HandedIn:
    """Attempt `number` is scored and counts, once: who sends it again gets the one that counted."""
    before = _hold(conn, study, now)
    attempts = store.attempts_of(conn, study.key, study.module.id)
    quiz = study.edition.quiz
    if quiz is None or number != len(attempts) + 1 or not may_try(study, attempts):
        there = next((attempt for attempt in attempts if attempt.number == number), None)
        return HandedIn(there, False, len(attempts))
    begun, values = _begin(study, before, now)
    progress = _keep(conn, study, before, now, {**values, "draft": None, "quiz_from": None, "place": "quiz"})
    since = before.quiz_from if before.quiz_from is not None else before.seconds
    store.add_attempt(
        conn,
        study.key,
        study.module.id,
        number,
        allowed=quiz.attempts,
        version=study.content.version,
        language=study.edition.language,
        answers=answers,
        score=quiz.check(answers),
        seconds=max(progress.seconds - since, 0),
        now=now,
    )
    attempts = store.attempts_of(conn, study.key, study.module.id)
    done = is_complete(study, progress.seen, attempts)
    _settle(conn, desk, study, progress, [*begun, *statements.checked(study, attempts[-1], done)], now)
    return HandedIn(attempts[-1], True, len(attempts))


def is_complete(study: Study, seen: Sequence[str], attempts: Sequence[Attempt]) -> bool:
    """All pages of the edition were seen, and its quiz, if it has one, is passed or has no attempt left."""
    read = all(page.slug in seen for page in study.edition.pages)
    return read and (study.edition.quiz is None or not may_try(study, attempts))


def _hold(conn: Connection, study: Study, now: datetime) -> Progress:
    return store.hold(conn, study.key, study.module.id, study.registration, now)


def _begin(study: Study, before: Progress, now: datetime) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """What is said and noted where this session meets the module for the first time."""
    if before.session == study.session:
        return [], {}
    return [statements.initialized(study, now)], {"session": study.session, "session_from": before.seconds}


def _keep(conn: Connection, study: Study, before: Progress, now: datetime, values: Mapping[str, Any]) -> Progress:
    """The row with these values, the time at work counted on."""
    at_work = max(min(now - before.updated_at, PAUSE), timedelta(0))
    counted = {
        "seconds": before.seconds + round(at_work.total_seconds()),
        "language": study.edition.language,
        "updated_at": max(now, before.updated_at),
    }
    store.change(conn, study.key, study.module.id, {**counted, **values})
    kept = store.progress_of(conn, study.key, study.module.id)
    return kept or before  # the row is locked: it is there


def _settle(
    conn: Connection, desk: Desk, study: Study, progress: Progress, given: list[dict[str, Any]], now: datetime
) -> State:
    """The statements are stored, and `completed` with them where it is due."""
    attempts = store.attempts_of(conn, study.key, study.module.id)
    if progress.finished_at is None and is_complete(study, progress.seen, attempts):
        store.change(conn, study.key, study.module.id, {"finished_at": now})
        given = [*given, statements.completed(study, best_of(attempts), progress.seconds, now)]
        progress = store.progress_of(conn, study.key, study.module.id) or progress
    issue(conn, desk, given, now)
    return State(progress, attempts)


def issue(conn: Connection, desk: Desk, given: Sequence[Mapping[str, Any]], now: datetime) -> None:
    """Those of the statements that are not there yet are stored, and `on_stored` knows of them, in this transaction.

    One of ours with the same id is the same event told again, perhaps at another time: the first telling stays. Ids of
    ours can be foreseen: where another authority has used one, ours gets the next.
    """
    own, s = storage_key(desk.principal.authority_key), stored_statements.c
    new, left = [], list(given)
    while left:
        taken = conn.execute(sa.select(s.id, s.authority).where(s.id.in_([one["id"] for one in left])))
        there = {row.id: row.authority for row in taken}
        new += [one for one in left if one["id"] not in there]
        left = [{**one, "id": statements.next_id(one["id"])} for one in left if there.get(one["id"], own) != own]
    added = add(conn, desk.principal, new, now) if new else None
    if added and added.stored:
        desk.on_stored(conn, added.stored)
