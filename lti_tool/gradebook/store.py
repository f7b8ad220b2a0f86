"""The outbox: what may have changed is marked, claimed by one worker at a time, and settled.

The tables and values are in `rows`, line items in `items`; who knows this module knows all three.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Connection

from lti_tool.db import UTCDateTime, insert
from lti_tool.gradebook import pace
from lti_tool.gradebook.items import MAXIMUM, claim_item, columns, items_for, learn, place, release_item, taken
from lti_tool.gradebook.rows import (
    Delivery,
    LineItem,
    Outcome,
    State,
    deliveries,
    done,
    later,
    line_items,
    refused,
    released,
    select,
)
from lti_tool.gradebook.score import Score
from xapi.prepared import Prepared, columns_of

__all__ = [
    "ATTEMPTS",
    "LEASE",
    "LONGEST_WAIT",
    "MAXIMUM",
    "MOVED",
    "MOVED_WAIT",
    "Delivery",
    "LineItem",
    "Outcome",
    "State",
    "claim",
    "claim_item",
    "columns",
    "counts",
    "deliveries",
    "done",
    "due",
    "hold",
    "items_for",
    "later",
    "learn",
    "line_items",
    "mark",
    "mark_new",
    "of_course",
    "of_learner",
    "pause",
    "place",
    "plan",
    "refused",
    "release_item",
    "released",
    "resend",
    "settle",
    "taken",
    "troubled",
]

LEASE: Final = timedelta(seconds=120)
"""How long a worker may take for what it claimed; afterwards another may claim it."""
ATTEMPTS: Final = 14
"""Tries until a person must look: with the waits below some two and a half days."""
LONGEST_WAIT: Final = timedelta(hours=6)
MOVED: Final = "GRADE-MOVED"
"""The problem of rows whose platform goes on as another one, from which their activity was not opened yet."""
MOVED_WAIT: Final = timedelta(hours=1)
"""Until such a row is looked at again; its learner's own launch wakes it at once."""


def mark(conn: Connection, line_item_id: int, user_id: str, actor_key: str, now: datetime) -> None:
    """The grade of this learner may have changed: a worker will look. Waits after failures start anew."""
    conn.execute(
        insert(conn, deliveries)
        .values(
            line_item_id=line_item_id,
            user_id=user_id,
            actor_key=actor_key,
            version=1,
            state="waiting",
            due_at=now,
            changed_at=now,
        )
        .on_conflict_do_update(
            index_elements=["line_item_id", "user_id"],
            set_={
                "version": deliveries.c.version + 1,
                "due_at": now,
                "attempts": 0,
                "actor_key": actor_key,
                "state": "waiting",
                "changed_at": now,
            },
        )
    )


def mark_new(conn: Connection, line_item_id: int, user_id: str, actor_key: str, now: datetime) -> bool:
    """As `mark`, where this learner has no row on this line item yet, or one that waits for just this launch (MOVED);
    True where there is something to do.

    For a launch: what the learner did elsewhere may already be worth a grade here.
    """
    done = _MARKED_NEW.rows(
        conn,
        line_item_id=line_item_id,
        user_id=user_id,
        actor_key=actor_key,
        version=1,
        state="waiting",
        due_at=now,
        changed_at=now,
    )
    return bool(done)


_MARKED_NEW = Prepared(
    lambda insert: (
        insert(deliveries)
        .values(columns_of(deliveries, "line_item_id user_id actor_key version state due_at changed_at"))
        .on_conflict_do_update(
            index_elements=["line_item_id", "user_id"],
            set_={"due_at": sa.bindparam("due_at", type_=UTCDateTime)},
            where=deliveries.c.problem == MOVED,
        )
        .returning(deliveries.c.id)  # the row count of an INSERT is not told on every database
    )
)


def claim(conn: Connection, worker: str, now: datetime, limit: int, platform: int | None = None) -> list[Delivery]:
    """At most `limit` due rows (of this platform), now leased to `worker`; no other gets them before LEASE is over."""
    where = sa.and_(*_due(now)) if platform is None else sa.and_(*_due(now), line_items.c.platform_id == platform)
    due = (
        sa.select(deliveries.c.id)
        .join(line_items, line_items.c.id == deliveries.c.line_item_id)
        .where(where)
        .order_by(deliveries.c.due_at, deliveries.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=deliveries)  # said on PostgreSQL alone; a SQLite writer is alone anyway
    )
    ids = list(conn.scalars(due))
    if not ids:
        return []
    conn.execute(deliveries.update().where(deliveries.c.id.in_(ids)).values(leased_until=now + LEASE, leased_by=worker))
    return select(conn, deliveries.c.id.in_(ids))


def _due(now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        deliveries.c.version > deliveries.c.done_version,
        deliveries.c.due_at <= now,
        sa.or_(deliveries.c.leased_until.is_(None), deliveries.c.leased_until <= now),
    )


def due(conn: Connection, now: datetime) -> dict[int, int]:
    """How many rows could be claimed now, by platform; those of platforms that must not be called yet are left out."""
    rows = conn.execute(
        sa.select(line_items.c.platform_id, sa.func.count().label("n"))
        .join(deliveries, deliveries.c.line_item_id == line_items.c.id)
        .join(pace.platform_pace, pace.platform_pace.c.platform_id == line_items.c.platform_id, isouter=True)
        .where(
            *_due(now),
            sa.or_(pace.platform_pace.c.pause_until.is_(None), pace.platform_pace.c.pause_until <= now),
        )
        .group_by(line_items.c.platform_id)
    )
    return {row.platform_id: row.n for row in rows}


def plan(conn: Connection, scores: Sequence[tuple[Delivery, Score]], worker: str, now: datetime) -> frozenset[int]:
    """These scores are about to be sent by `worker`; the ids of the rows of which that is true.

    Of the others the lease was lost, and nothing may be sent.
    """
    ids = hold(conn, [delivery.id for delivery, _score in scores], worker, now)
    planned = [
        {
            "b_id": delivery.id,
            "b_given": str(score.given),
            "b_maximum": str(score.maximum),
            "b_completed": score.completed,
            "b_at": score.timestamp,
        }
        for delivery, score in scores
        if delivery.id in ids
    ]
    if planned:
        conn.execute(_PLANNED, planned)
    return ids


_PLANNED = (
    deliveries.update()
    .where(deliveries.c.id == sa.bindparam("b_id"))
    .values(
        given=sa.bindparam("b_given"),
        given_maximum=sa.bindparam("b_maximum"),
        given_completed=sa.bindparam("b_completed"),
        given_at=sa.bindparam("b_at"),
        confirmed=sa.false(),
    )
)


def hold(conn: Connection, ids: Sequence[int], worker: str, now: datetime) -> frozenset[int]:
    """Those of the rows that are still leased to `worker`, now for another LEASE."""
    mine = conn.execute(
        deliveries.update()
        .where(deliveries.c.id.in_(ids), deliveries.c.leased_by == worker, deliveries.c.leased_until > now)
        .values(leased_until=now + LEASE)
        .returning(deliveries.c.id)
    )
    return frozenset(mine.scalars())


def settle(conn: Connection, outcomes: Sequence[Outcome], worker: str, now: datetime) -> None:
    """What came of these rows is known. A row whose lease `worker` lost is left to whoever has it now."""
    by_kind: dict[str, list[dict[str, Any]]] = {}
    for one in outcomes:
        values: dict[str, Any] = {"b_id": one.delivery.id, "b_worker": worker}
        if one.kind != "released":
            values |= {
                "b_now": now,
                "b_version": one.delivery.version,
                "b_problem": one.problem,
                "b_detail": one.detail[:500] if one.detail else None,
            }
        if one.kind in ("done", "refused"):
            values |= {"b_state": one.state, "b_attempts": one.delivery.attempts + 1 if one.kind == "refused" else 0}
        if one.kind == "later":
            values |= {"b_due": one.due_at, "b_more": int(one.blamed)}
        by_kind.setdefault("sent" if (one.kind, one.state) == ("done", "sent") else one.kind, []).append(values)
    for kind, rows in by_kind.items():
        conn.execute(_SETTLED[kind], rows)


_MINE = deliveries.update().where(
    deliveries.c.id == sa.bindparam("b_id"), deliveries.c.leased_by == sa.bindparam("b_worker")
)
_TRIED = _MINE.values(
    leased_until=None,
    leased_by=None,
    problem=sa.bindparam("b_problem"),
    detail=sa.bindparam("b_detail"),
    changed_at=sa.bindparam("b_now"),
    tried_at=sa.bindparam("b_now"),
)
# What changed since the row was claimed keeps it due.
_CHANGED = deliveries.c.version > sa.bindparam("b_version", type_=sa.Integer)
_DONE = _TRIED.values(
    done_version=sa.bindparam("b_version", type_=sa.Integer),
    attempts=sa.bindparam("b_attempts"),
    state=sa.case((_CHANGED, "waiting"), else_=sa.bindparam("b_state", type_=sa.String)),
)
_SETTLED: Final = {
    "done": _DONE,
    "sent": _DONE.values(confirmed=sa.true(), sent_at=sa.bindparam("b_now")),
    "refused": _DONE,
    "later": _TRIED.values(
        state="waiting",
        attempts=deliveries.c.attempts + sa.bindparam("b_more", type_=sa.Integer),
        due_at=sa.case((_CHANGED, deliveries.c.due_at), else_=sa.bindparam("b_due", type_=UTCDateTime)),
    ),
    "released": _MINE.values(leased_until=None, leased_by=None),
}


def pause(attempts: int, spread: float, *, wait: float | None = None) -> timedelta:
    """The pause before the next try after `attempts` failures: from 5 s, doubled each time, 6 h at most.

    `spread` in [0, 1) is drawn by the caller: half of the pause is random, so that a platform that comes back isn't met
    by all at once. `wait` is the platform's own wish in seconds; it is never undercut.
    """
    full = min(timedelta(seconds=5 * (1 << min(attempts, 20))), LONGEST_WAIT)
    own = full * (0.5 + 0.5 * spread)
    return own if wait is None else max(own, timedelta(seconds=wait) * (1 + 0.1 * spread))


def resend(conn: Connection, ids: Collection[int], now: datetime) -> int:
    """The rows are due now, whatever happened to them before; how many there are.

    A platform that could not be reached is called at once; one that asked to be left alone for a while is left alone.
    """
    pace.wake(
        conn,
        sa.select(line_items.c.platform_id)
        .join(deliveries, deliveries.c.line_item_id == line_items.c.id)
        .where(deliveries.c.id.in_(ids)),
    )
    again = conn.execute(
        deliveries.update()
        .where(deliveries.c.id.in_(ids))
        .values(
            version=deliveries.c.version + 1,
            due_at=now,
            attempts=0,
            state="waiting",
            problem=None,
            detail=None,
            confirmed=False,
            changed_at=now,
        )
    )
    return again.rowcount


def of_course(conn: Connection, course_id: int) -> list[Delivery]:
    """Every row of a course, for its teacher."""
    return select(conn, line_items.c.course_id == course_id)


def of_learner(conn: Connection, keys: Collection[str], activity: str | None = None) -> list[Delivery]:
    """Every row of a person's accounts, for the learner; on one activity where it is named."""
    where = deliveries.c.actor_key.in_(keys)
    return select(conn, where if activity is None else sa.and_(where, line_items.c.activity == activity))


def troubled(conn: Connection, limit: int = 200) -> list[Delivery]:
    """Rows that failed at least once and are not sent yet, oldest first."""
    waiting = sa.and_(deliveries.c.state == "waiting", deliveries.c.problem.is_not(None))
    return select(conn, sa.or_(deliveries.c.state == "refused", waiting), limit)


def counts(conn: Connection) -> dict[str, int]:
    """How many rows are in each state."""
    return {
        row.state: row.n
        for row in conn.execute(sa.select(deliveries.c.state, sa.func.count().label("n")).group_by(deliveries.c.state))
    }
