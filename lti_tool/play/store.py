"""Where a learner is in a module, and the attempts at its quiz.

Kept in tables of our own and not in the store's State resource: a page's token may write State, and what a page says it
has read must not count; and the attempt, its limit and its statements have to stand or fall in one transaction.

The database referees: an attempt number exists once, never above the limit it was made under, and one attempt at most
is the passed one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from lti_tool.db import JSONText, UTCDateTime, insert, metadata
from lti_tool.play.quiz import Answer, Score
from lti_tool.shares import whole_percent

module_progress = sa.Table(
    "module_progress",
    metadata,
    sa.Column("actor_key", sa.String, primary_key=True),
    sa.Column("module", sa.String(40), primary_key=True),
    sa.Column("registration", sa.String(36), nullable=False),
    sa.Column("session", sa.String, nullable=False, server_default=""),
    sa.Column("place", sa.String, nullable=False, server_default=""),
    sa.Column("language", sa.String(8), nullable=False, server_default="en"),
    sa.Column("seen", JSONText, nullable=False),
    sa.Column("draft", JSONText),
    sa.Column("seconds", sa.Integer, nullable=False, server_default="0"),
    sa.Column("session_from", sa.Integer, nullable=False, server_default="0"),
    sa.Column("quiz_from", sa.Integer),
    sa.Column("started_at", UTCDateTime, nullable=False),
    sa.Column("updated_at", UTCDateTime, nullable=False),
    sa.Column("finished_at", UTCDateTime),
)
quiz_attempts = sa.Table(
    "quiz_attempts",
    metadata,
    sa.Column("actor_key", sa.String, primary_key=True),
    sa.Column("module", sa.String(40), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("allowed", sa.Integer, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("language", sa.String(8), nullable=False),
    sa.Column("answers", JSONText, nullable=False),
    sa.Column("points", sa.String, nullable=False),
    sa.Column("maximum", sa.String, nullable=False),
    sa.Column("scaled", sa.String, nullable=False),
    sa.Column("passed", sa.Boolean, nullable=False),
    sa.Column("seconds", sa.Integer, nullable=False),
    sa.Column("at", UTCDateTime, nullable=False),
    sa.ForeignKeyConstraint(
        ["actor_key", "module"], ["module_progress.actor_key", "module_progress.module"], ondelete="CASCADE"
    ),
    sa.CheckConstraint("number >= 1 AND (allowed = 0 OR number <= allowed)", name="allowed"),
)
sa.Index(
    "uq_quiz_attempts_passed",
    quiz_attempts.c.actor_key,
    quiz_attempts.c.module,
    unique=True,
    sqlite_where=sa.text("passed"),
    postgresql_where=sa.text("passed"),
)


@dataclass(frozen=True, slots=True)
class Progress:
    """`place` is a page's slug, "quiz" or "finish"; `seen` are slugs; `draft` the answers that are not handed in.

    `seconds` is time at work: of a pause, five minutes at most count. `session_from`, `quiz_from`: their number when
    the present session began, and when the present attempt was first shown.
    """

    actor_key: str
    module: str
    registration: str
    session: str
    place: str
    language: str
    seen: tuple[str, ...]
    draft: Mapping[str, Answer]
    seconds: int
    session_from: int
    quiz_from: int | None
    started_at: datetime
    updated_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Attempt:
    """A quiz that was handed in, with its marks as they were then."""

    number: int
    version: int
    language: str
    answers: Mapping[str, Answer]
    points: Decimal
    maximum: Decimal
    scaled: Decimal
    passed: bool
    seconds: int
    at: datetime

    @property
    def percent(self) -> Decimal:
        """The scaled score cut to whole per cent, so that nobody reads of a pass mark that was not reached."""
        return whole_percent(self.scaled)


def _mine(table: sa.Table, actor_key: str, module: str) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.actor_key == actor_key, table.c.module == module)


def progress_of(conn: Connection, actor_key: str, module: str) -> Progress | None:
    """Where this learner is, None where the module was never opened."""
    row = conn.execute(sa.select(module_progress).where(_mine(module_progress, actor_key, module))).one_or_none()
    return None if row is None else _progress(row)


def hold(conn: Connection, actor_key: str, module: str, registration: str, now: datetime) -> Progress:
    """The learner's row, made if missing, and locked: who else works for this learner in this module waits."""
    conn.execute(
        insert(conn, module_progress)
        .values(actor_key=actor_key, module=module, registration=registration, seen=[], started_at=now, updated_at=now)
        .on_conflict_do_nothing(index_elements=["actor_key", "module"])
    )
    query = sa.select(module_progress).where(_mine(module_progress, actor_key, module)).with_for_update()
    return _progress(conn.execute(query).one())


def change(conn: Connection, actor_key: str, module: str, values: Mapping[str, Any]) -> None:
    """The columns of the learner's row have these values."""
    conn.execute(module_progress.update().where(_mine(module_progress, actor_key, module)).values(**values))


def _progress(row: sa.Row[Any]) -> Progress:
    fields = dict(row._mapping)
    return Progress(**{**fields, "seen": tuple(row.seen), "draft": row.draft or {}})


def attempts_of(conn: Connection, actor_key: str, module: str) -> tuple[Attempt, ...]:
    """All attempts, the first one first."""
    rows = conn.execute(
        sa.select(quiz_attempts).where(_mine(quiz_attempts, actor_key, module)).order_by(quiz_attempts.c.number)
    )
    return tuple(
        Attempt(
            number=row.number,
            version=row.version,
            language=row.language,
            answers=row.answers,
            points=Decimal(row.points),
            maximum=Decimal(row.maximum),
            scaled=Decimal(row.scaled),
            passed=row.passed,
            seconds=row.seconds,
            at=row.at,
        )
        for row in rows
    )


def add_attempt(
    conn: Connection,
    actor_key: str,
    module: str,
    number: int,
    *,
    allowed: int,
    version: int,
    language: str,
    answers: Mapping[str, Answer],
    score: Score,
    seconds: int,
    now: datetime,
) -> bool:
    """The attempt counts; False where this number was handed in before, which stays as it was. Above the limit, or
    after a passed attempt, it raises IntegrityError."""
    done = conn.execute(
        insert(conn, quiz_attempts)
        .values(
            actor_key=actor_key,
            module=module,
            number=number,
            allowed=allowed,
            version=version,
            language=language,
            answers=dict(answers),
            points=str(score.points),
            maximum=str(score.maximum),
            scaled=str(score.scaled),
            passed=score.passed,
            seconds=seconds,
            at=now,
        )
        .on_conflict_do_nothing(index_elements=["actor_key", "module", "number"])
        .returning(quiz_attempts.c.number)
    )
    return done.scalar_one_or_none() is not None
