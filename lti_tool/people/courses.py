"""Courses of platforms, their members, and what teachers chose for activities that came without content.

Storage functions take a Connection and never commit.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy import Connection

from lti_tool.db import JSONText, UTCDateTime, insert, metadata
from lti_tool.people.accounts import Account, accounts
from xapi.prepared import Inserting, Prepared, Statement, columns_of
from xapi.statement import actor_key

courses = sa.Table(
    "courses",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("platform_id", sa.Integer, nullable=False),
    sa.Column("context_id", sa.String, nullable=False),
    sa.Column("title", sa.String, nullable=False, server_default=""),
    sa.Column("label", sa.String, nullable=False, server_default=""),
    sa.Column("history", JSONText),
    # Of a copied course: the course whose hand-chosen content it uses; 0: its teacher said no; None: not asked yet.
    sa.Column("same_as", sa.Integer),
    sa.Column("roster_url", sa.String),
    sa.Column("created_at", UTCDateTime, nullable=False),
    sa.UniqueConstraint("platform_id", "context_id"),
)
members = sa.Table(
    "members",
    metadata,
    sa.Column("course_id", sa.ForeignKey("courses.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("actor_key", sa.ForeignKey("accounts.actor_key", ondelete="CASCADE"), primary_key=True),
    sa.Column("user_id", sa.String, nullable=False),  # the platform's own id (`sub`), for grades and roster
    sa.Column("role", sa.String, nullable=False),
    sa.Column("joined_at", UTCDateTime, nullable=False),
    sa.Column("seen_at", UTCDateTime, nullable=False),
    sa.Column("left_at", UTCDateTime),
    sa.Column("launched_at", UTCDateTime),  # None: known from the roster alone
    sa.Index("ix_members_actor_key", "actor_key"),
)
# What a teacher chose, on a page of ours, for an activity that was added without content.
links = sa.Table(
    "links",
    metadata,
    sa.Column("platform_id", sa.Integer, primary_key=True),
    sa.Column("link_id", sa.String, primary_key=True),
    sa.Column("content", sa.String, nullable=False),
    sa.Column("programme", sa.String, nullable=False, server_default=""),
    sa.Column("chosen_by", sa.String, nullable=False),
    sa.Column("chosen_at", UTCDateTime, nullable=False),
    sa.Column("course_id", sa.Integer),
    sa.Column("title", sa.String, nullable=False, server_default=""),  # of the activity, as the LMS calls it
)

CourseRole = Literal["learner", "instructor"]


@dataclass(frozen=True, slots=True)
class Course:
    """A context of a platform, as the platform names it."""

    id: int
    platform_id: int
    context_id: str
    title: str
    label: str
    history: tuple[str, ...] = ()
    """Context ids of the courses that it was copied from, nearest first, where the platform tells."""
    same_as: int | None = None
    """Of a copy: the course whose hand-chosen content it uses; 0: its teacher said no; None: not asked yet."""


@dataclass(frozen=True, slots=True)
class Member:
    """An account in a course, with the platform's id of the user."""

    course_id: int
    account: Account
    user_id: str
    role: CourseRole
    left_at: datetime | None
    launched_at: datetime | None
    """When the account last opened something in this course; None where only the platform's list names it."""


def course(
    conn: Connection,
    platform_id: int,
    context_id: str,
    now: datetime,
    *,
    title: str = "",
    label: str = "",
    history: Sequence[str] = (),
    roster_url: str | None = None,
) -> Course:
    """The course of this platform and context, made if new, with the newest title."""
    told = {"title": title, "label": label, "roster_url": roster_url or None, "history": list(history) or None}
    row = _COURSE.first(conn, platform_id=platform_id, context_id=context_id)
    # A class that comes at once shall not queue for the lock of the course's row to write what is there already.
    if row is None or any(value not in (None, getattr(row, name)) for name, value in told.items()):
        row = _TOLD.first(conn, platform_id=platform_id, context_id=context_id, created_at=now, **told)
    return _course(row)


def _told(insert: Inserting) -> Statement:
    new = insert(courses).values(
        columns_of(courses, "platform_id context_id title label history roster_url created_at")
    )
    kept = {name: sa.func.coalesce(new.excluded[name], courses.c[name]) for name in ("roster_url", "history")}
    changed = {"title": new.excluded.title, "label": new.excluded.label, **kept}
    return new.on_conflict_do_update(index_elements=["platform_id", "context_id"], set_=changed).returning(courses)


_TOLD = Prepared(_told)
_COURSE = Prepared(
    sa.select(courses).where(
        courses.c.platform_id == sa.bindparam("platform_id"), courses.c.context_id == sa.bindparam("context_id")
    )
)


def course_by_id(conn: Connection, course_id: int) -> Course | None:
    """The course with this number of ours."""
    row = conn.execute(sa.select(courses).where(courses.c.id == course_id)).one_or_none()
    return None if row is None else _course(row)


def _course(row: sa.Row[Any]) -> Course:
    return Course(row.id, row.platform_id, row.context_id, row.title, row.label, tuple(row.history or ()), row.same_as)


def join_course(
    conn: Connection, course_id: int, actor: Mapping[str, Any], user_id: str, role: CourseRole, now: datetime
) -> None:
    """The account is a member of the course in this role, as a launch said just now."""
    _JOINED.run(
        conn,
        course_id=course_id,
        actor_key=actor_key(actor),
        user_id=user_id,
        role=role,
        joined_at=now,
        seen_at=now,
        left_at=None,
        launched_at=now,
    )


def _joined(insert: Inserting) -> Statement:
    new = insert(members).values(
        columns_of(members, "course_id actor_key user_id role joined_at seen_at left_at launched_at")
    )
    seen = {name: new.excluded[name] for name in ("role", "seen_at", "launched_at", "left_at", "user_id")}
    return new.on_conflict_do_update(index_elements=["course_id", "actor_key"], set_=seen)


_JOINED = Prepared(_joined)


def members_of(conn: Connection, course_id: int, role: CourseRole | None = None) -> list[Member]:
    """Members of a course, those who left included (with `left_at`), by name."""
    query = (
        sa.select(members, accounts)
        .join(accounts, accounts.c.actor_key == members.c.actor_key)
        .where(members.c.course_id == course_id)
        .order_by(accounts.c.name, members.c.user_id)
    )
    if role:
        query = query.where(members.c.role == role)
    return [
        Member(
            row.course_id,
            Account(row.actor_key, row.actor, row.name, row.email, row.locale, row.seen_at),
            row.user_id,
            row.role,
            row.left_at,
            row.launched_at,
        )
        for row in conn.execute(query)
    ]


def memberships(conn: Connection, keys: Collection[str]) -> list[tuple[Course, str, CourseRole]]:
    """Courses in which one of these accounts is, with the platform's user id and the role."""
    rows = conn.execute(
        sa.select(courses, members.c.user_id, members.c.role)
        .join(members, members.c.course_id == courses.c.id)
        .where(members.c.actor_key.in_(keys), members.c.left_at.is_(None))
        .order_by(courses.c.id)
    )
    return [(_course(row), row.user_id, row.role) for row in rows]


def link_content(conn: Connection, platform_id: int, link_id: str) -> tuple[str, str] | None:
    """Content and programme (perhaps empty) that a teacher chose for this resource link; None where none was chosen."""
    row = _CHOSEN.first(conn, platform_id=platform_id, link_id=link_id)
    return None if row is None else (row.content, row.programme)


_CHOSEN = Prepared(
    sa.select(links.c.content, links.c.programme).where(
        links.c.platform_id == sa.bindparam("platform_id"), links.c.link_id == sa.bindparam("link_id")
    )
)


def choose_content(
    conn: Connection,
    platform_id: int,
    link_id: str,
    content: str,
    programme: str,
    by: str,
    now: datetime,
    *,
    course_id: int | None = None,
    title: str = "",
) -> None:
    """The resource link (called `title` in this course) opens this content from now on."""
    chosen = {
        "content": content,
        "programme": programme,
        "chosen_by": by,
        "chosen_at": now,
        "course_id": course_id,
        "title": title,
    }
    conn.execute(
        insert(conn, links)
        .values(platform_id=platform_id, link_id=link_id, **chosen)
        .on_conflict_do_update(index_elements=["platform_id", "link_id"], set_=chosen)
    )
