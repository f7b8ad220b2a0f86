"""The members of a course as the platform's own list names them: when it is read, and what is kept of it.

Storage functions take a Connection and never commit. What changes is decided in `gradebook/membership.py`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Connection

from lti_tool.db import UTCDateTime, insert, metadata
from lti_tool.people.store import CourseRole, accounts, courses, members
from xapi import personas
from xapi.statement import actor_key

roster_syncs = sa.Table(
    "roster_syncs",
    metadata,
    sa.Column("course_id", sa.ForeignKey("courses.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("due_at", UTCDateTime, nullable=False),
    sa.Column("leased_until", UTCDateTime),
    sa.Column("leased_by", sa.String),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("synced_at", UTCDateTime),  # the last time that all went well
    sa.Column("whole_at", UTCDateTime),  # the same, of the whole list and not of its differences alone
    sa.Column("told", sa.Integer, nullable=False, server_default="0"),  # people on the last whole list
    sa.Column("differences_url", sa.String),
    sa.Column("problem", sa.String),  # code of what went wrong last
    sa.Column("detail", sa.String),
    sa.Index("ix_roster_syncs_due_at", "due_at"),
)

LEASE: Final = timedelta(minutes=3)
"""How long a worker may take for one page of the list; afterwards another may take over."""
RECENT: Final = timedelta(minutes=15)
"""A teacher's launch asks for the list again if what is known is older."""
DAILY: Final = timedelta(days=1)
SOME: Final = 500
"""Values of one statement."""


@dataclass(frozen=True, slots=True)
class Due:
    """A course whose list is to be read now, leased to one worker."""

    course: int
    platform: int
    url: str
    differences_url: str | None
    whole_at: datetime | None
    attempts: int
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Sync:
    """How it stands with the list of a course, for its teacher."""

    due_at: datetime
    synced_at: datetime | None
    told: int
    problem: str | None
    under_way: bool
    """True where a worker has it, or will take it at its next look."""


@dataclass(frozen=True, slots=True)
class Known:
    """A member as we know it."""

    user_id: str
    role: CourseRole
    launched_at: datetime | None = None
    left_at: datetime | None = None
    name: str | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """A member as it is to be from now on. Name and e-mail: None leaves what is known."""

    user_id: str
    role: CourseRole
    left: bool = False
    name: str | None = None
    email: str | None = None


def teacher_came(conn: Connection, course_id: int, now: datetime) -> None:
    """The list is due, unless it was read (or tried) a moment ago: a teacher looks at the course now."""
    statement = insert(conn, roster_syncs).values(course_id=course_id, due_at=now)
    old = sa.or_(roster_syncs.c.synced_at.is_(None), roster_syncs.c.synced_at < now - RECENT)
    # After a failure the pause holds: a class that opens the page must not hammer a platform that is down.
    calm = roster_syncs.c.problem.is_(None)
    conn.execute(
        statement.on_conflict_do_update(
            index_elements=["course_id"], set_={"due_at": now}, where=sa.and_(old, calm, roster_syncs.c.due_at > now)
        )
    )


def ask(conn: Connection, course_id: int, now: datetime) -> bool:
    """The whole list is due now, whatever happened before; False where the platform offers none for this course."""
    if conn.scalar(sa.select(courses.c.roster_url).where(courses.c.id == course_id)) is None:
        return False
    asked = {"due_at": now, "attempts": 0, "differences_url": None}
    statement = insert(conn, roster_syncs).values(course_id=course_id, **asked)
    conn.execute(statement.on_conflict_do_update(index_elements=["course_id"], set_=asked))
    return True


def state(conn: Connection, course_id: int, now: datetime) -> Sync | None:
    """How it stands; None where the platform offers no list."""
    row = conn.execute(
        sa.select(roster_syncs)
        .join(courses, courses.c.id == roster_syncs.c.course_id)
        .where(roster_syncs.c.course_id == course_id, courses.c.roster_url.is_not(None))
    ).one_or_none()
    if row is None:
        known = conn.scalar(sa.select(courses.c.roster_url).where(courses.c.id == course_id))
        return None if known is None else Sync(now, None, 0, None, under_way=False)
    leased = row.leased_until is not None and row.leased_until > now
    return Sync(row.due_at, row.synced_at, row.told, row.problem, leased or row.due_at <= now)


def claim(conn: Connection, worker: str, now: datetime) -> Due | None:
    """The course that waits longest, leased to `worker`; None where nothing is due."""
    free = sa.or_(roster_syncs.c.leased_until.is_(None), roster_syncs.c.leased_until <= now)
    row = conn.execute(
        sa.select(roster_syncs, courses.c.platform_id, courses.c.roster_url)
        .join(courses, courses.c.id == roster_syncs.c.course_id)
        .where(roster_syncs.c.due_at <= now, free, courses.c.roster_url.is_not(None))
        .order_by(roster_syncs.c.due_at, roster_syncs.c.course_id)
        .limit(1)
        .with_for_update(of=roster_syncs, skip_locked=True)  # said on PostgreSQL alone
    ).one_or_none()
    if row is None:
        return None
    conn.execute(_one(row.course_id).values(leased_until=now + LEASE, leased_by=worker))
    return Due(
        row.course_id, row.platform_id, row.roster_url, row.differences_url, row.whole_at, row.attempts, row.due_at
    )


def hold(conn: Connection, course_id: int, worker: str, now: datetime) -> bool:
    """The lease is renewed; False where it was lost, and nothing more may be written."""
    done = conn.execute(_one(course_id).where(roster_syncs.c.leased_by == worker).values(leased_until=now + LEASE))
    return done.rowcount == 1


def done(
    conn: Connection,
    due: Due,
    worker: str,
    now: datetime,
    *,
    next_at: datetime,
    told: int | None,
    differences_url: str | None,
) -> None:
    """The list was read. `told`: how many it named, None where only differences were asked for."""
    values: dict[str, Any] = {
        "synced_at": now,
        "attempts": 0,
        "problem": None,
        "detail": None,
        "differences_url": differences_url,
    }
    if told is not None:
        values |= {"told": told, "whole_at": now}
    _free(conn, due, worker, next_at, values)


def failed(
    conn: Connection, due: Due, worker: str, problem: str, detail: str, again_at: datetime, *, whole: bool = False
) -> None:
    """The list could not be read; the next try is at `again_at`, `whole` without differences."""
    values: dict[str, Any] = {"attempts": due.attempts + 1, "problem": problem, "detail": detail[:500]}
    if whole:
        values["differences_url"] = None
    _free(conn, due, worker, again_at, values)


def _free(conn: Connection, due: Due, worker: str, next_at: datetime, values: Mapping[str, Any]) -> None:
    # Who pressed the button meanwhile moved due_at: that wish stands.
    moved = roster_syncs.c.due_at != due.due_at
    conn.execute(
        _one(due.course)
        .where(roster_syncs.c.leased_by == worker)
        .values(
            leased_until=None, leased_by=None, due_at=sa.case((moved, roster_syncs.c.due_at), else_=next_at), **values
        )
    )


def _one(course_id: int) -> sa.Update:
    return roster_syncs.update().where(roster_syncs.c.course_id == course_id)


def actor_of(issuer: str, user_id: str) -> dict[str, Any]:
    """The xAPI actor of a platform's user."""
    return {"objectType": "Agent", "account": {"homePage": issuer, "name": user_id}}


def known(conn: Connection, course_id: int, keys: Collection[str]) -> dict[str, Known]:
    """Members of the course with these actor keys, by user id; those who left too."""
    wanted = sorted(keys)
    found: dict[str, Known] = {}
    for start in range(0, len(wanted), SOME):
        rows = conn.execute(
            sa.select(members, accounts.c.name, accounts.c.email)
            .join(accounts, accounts.c.actor_key == members.c.actor_key)
            .where(members.c.course_id == course_id, members.c.actor_key.in_(wanted[start : start + SOME]))
        )
        found |= {
            row.user_id: Known(row.user_id, row.role, row.launched_at, row.left_at, row.name, row.email) for row in rows
        }
    return found


def present(conn: Connection, course_id: int) -> dict[str, datetime | None]:
    """User ids of all who are in the course now, with their last launch."""
    rows = conn.execute(
        sa.select(members.c.user_id, members.c.launched_at).where(
            members.c.course_id == course_id, members.c.left_at.is_(None)
        )
    )
    return {row.user_id: row.launched_at for row in rows}


def never_launched(conn: Connection, course_id: int) -> set[str]:
    """User ids of who is in the course and has opened nothing in it yet."""
    query = sa.select(members.c.user_id).where(
        members.c.course_id == course_id, members.c.left_at.is_(None), members.c.launched_at.is_(None)
    )
    return set(conn.scalars(query))


def apply(conn: Connection, course_id: int, issuer: str, changes: Sequence[Change], now: datetime) -> None:
    """The members are as `changes` (one for each user) say. Who left keeps all rows, marked with the time."""
    for start in range(0, len(changes), SOME):
        some = changes[start : start + SOME]
        actors = [actor_of(issuer, one.user_id) for one in some]
        keys = [actor_key(actor) for actor in actors]
        fresh = insert(conn, accounts).values(created_at=now, seen_at=now)
        conn.execute(
            fresh.on_conflict_do_update(
                index_elements=["actor_key"],
                set_={name: sa.func.coalesce(fresh.excluded[name], accounts.c[name]) for name in ("name", "email")},
            ),
            [
                {"actor_key": key, "actor": actor, "name": one.name, "email": one.email}
                for key, actor, one in zip(keys, actors, some, strict=True)
            ],
        )
        personas.personas_for(conn, actors, now)
        member = insert(conn, members).values(course_id=course_id, joined_at=now, seen_at=now)
        conn.execute(
            member.on_conflict_do_update(
                index_elements=["course_id", "actor_key"],
                set_={
                    "user_id": member.excluded.user_id,
                    "role": member.excluded.role,
                    # Who left before left then, not now.
                    "left_at": sa.case(
                        (member.excluded.left_at.is_(None), None),
                        else_=sa.func.coalesce(members.c.left_at, member.excluded.left_at),
                    ),
                },
            ),
            [
                {"actor_key": key, "user_id": one.user_id, "role": one.role, "left_at": now if one.left else None}
                for key, one in zip(keys, some, strict=True)
            ],
        )


def leave(conn: Connection, course_id: int, user_ids: Collection[str], now: datetime) -> None:
    """These are in the course no more."""
    gone = sorted(user_ids)
    for start in range(0, len(gone), SOME):
        conn.execute(
            members.update()
            .where(
                members.c.course_id == course_id,
                members.c.user_id.in_(gone[start : start + SOME]),
                members.c.left_at.is_(None),
            )
            .values(left_at=now)
        )
