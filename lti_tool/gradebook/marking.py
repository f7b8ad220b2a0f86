"""What a stored statement means for the gradebook: at most that somebody's grade may have changed.

It marks and judges nothing, so no fault in a rule of ours can make the record store refuse a valid statement.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy import Connection

from lti_tool.gradebook import store
from lti_tool.people.store import keys_of, members
from xapi import personas
from xapi.statement import actor_key
from xapi.store import Stored
from xapi.vocabulary import VERBS

GRADING: Final = frozenset({VERBS["passed"], VERBS["failed"], VERBS["completed"]})
# What a page tells while one works, and voiding itself (what it voided is looked at): no outcome rests on these.
_PASSING: Final = frozenset(
    VERBS[verb]
    for verb in ("initialized", "experienced", "interacted", "answered", "progressed", "terminated", "voided")
)


def marker(clock: Callable[[], datetime]) -> Callable[[Connection, Iterable[Stored]], None]:
    """The function to be called with newly stored statements, inside their transaction."""

    def on_stored(conn: Connection, stored: Iterable[Stored]) -> None:
        now = clock()
        for new in stored:
            for one in (new, new.voided):
                if one is None or (verb := one.statement["verb"]["id"]) in _PASSING:
                    continue
                activity = one.statement["object"].get("id") if verb in GRADING else None
                # What a unit's outcomes rest on is the programme's business, and any evidence may be part of it.
                mark_for(conn, one.statement["actor"], activity, now, units=True)

    return on_stored


def regrade(clock: Callable[[], datetime]) -> Callable[[Connection, Collection[str]], None]:
    """The function to be called where accounts (by actor key) were joined or parted: what the person has shown is
    another now, so every column of a course where one of them learns may have changed."""

    def changed(conn: Connection, keys: Collection[str]) -> None:
        _mark(conn, keys, sa.true(), clock())

    return changed


def lapsed(clock: Callable[[], datetime]) -> Callable[[Connection, Collection[str]], None]:
    """The function to be called for persons whose evidence has run out, or begun to count, by the time alone: the
    columns of their units may have changed. Those of modules tell what was done, which stays done."""

    def changed(conn: Connection, persons: Collection[str]) -> None:
        keys = [key for person in sorted(persons) for key in keys_of(conn, person)]
        _mark(conn, keys, store.line_items.c.programme.is_not(None), clock())

    return changed


def mark_for(
    conn: Connection, actor: dict[str, object], activity: str | None, now: datetime, *, units: bool = False
) -> int:
    """Every column for `activity` in a course where this person is a learner may have changed, and with `units` every
    column of a unit there; how many these are."""
    if (activity is None and not units) or "member" in actor:
        return 0
    person = personas.find_persona(conn, actor)
    keys = keys_of(conn, person) if person else [actor_key(actor)]
    columns = store.line_items.c.activity == activity
    if units:
        columns = sa.or_(columns, store.line_items.c.programme.is_not(None))
    return _mark(conn, keys, columns, now)


def _mark(conn: Connection, keys: Collection[str], columns: sa.ColumnElement[bool], now: datetime) -> int:
    """These columns may have changed, wherever one of these actors is a learner of their course; how many."""
    rows = conn.execute(
        sa.select(store.line_items.c.id, members.c.user_id, members.c.actor_key)
        .join(members, members.c.course_id == store.line_items.c.course_id)
        .where(columns, members.c.actor_key.in_(keys), members.c.role == "learner", members.c.left_at.is_(None))
        .order_by(store.line_items.c.id)  # rows are locked in one order everywhere: no deadlock
    ).all()
    for item, user_id, key in rows:
        store.mark(conn, item, user_id, key, now)
    return len(rows)
