"""Groups of a course as its platform names them, and who is in which.

Storage functions take a Connection and never commit. They are read together with the list of members
(`gradebook/groups.py`), and show teachers a part of their course.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from lti_tool.db import insert, metadata

group_services = sa.Table(
    "group_services",
    metadata,
    sa.Column("course_id", sa.ForeignKey("courses.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("groups_url", sa.String, nullable=False),
    sa.Column("sets_url", sa.String),
)
course_groups = sa.Table(
    "course_groups",
    metadata,
    sa.Column("course_id", sa.ForeignKey("courses.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("group_id", sa.String, primary_key=True),
    sa.Column("name", sa.String, nullable=False),
    sa.Column("set_name", sa.String, nullable=False, server_default=""),
)
group_members = sa.Table(
    "group_members",
    metadata,
    sa.Column("course_id", sa.ForeignKey("courses.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("user_id", sa.String, primary_key=True),  # the platform's own id, as in `members`
    sa.Column("group_id", sa.String, primary_key=True),
)
SOME = 500
"""Values in one statement."""


@dataclass(frozen=True, slots=True)
class Group:
    """A group of a course. `set_name` is the grouping that it belongs to; empty where it belongs to none."""

    id: str
    name: str
    set_name: str = ""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the groups of a course are read, and (if there are such) their sets."""

    groups: str
    sets: str | None


def offered(conn: Connection, course_id: int, addresses: Addresses | None) -> None:
    """A launch told where the groups of this course can be read; None: no longer. What was read before stays until
    the list is read anew."""
    if addresses is None:
        conn.execute(group_services.delete().where(group_services.c.course_id == course_id))
        return
    told = {"groups_url": addresses.groups, "sets_url": addresses.sets}
    conn.execute(
        insert(conn, group_services)
        .values(course_id=course_id, **told)
        .on_conflict_do_update(index_elements=["course_id"], set_=told)
    )


def addresses_of(conn: Connection, course_id: int) -> Addresses | None:
    """Where the groups of the course are read; None where the platform offers none."""
    row = conn.execute(sa.select(group_services).where(group_services.c.course_id == course_id)).one_or_none()
    return Addresses(row.groups_url, row.sets_url) if row else None


def keep(conn: Connection, course_id: int, told: Sequence[Group]) -> None:
    """The course has these groups and no others; of a group told twice the last word counts."""
    wanted = {one.id: one for one in told}
    known = set(conn.scalars(sa.select(course_groups.c.group_id).where(course_groups.c.course_id == course_id)))
    _drop(conn, course_groups, course_id, course_groups.c.group_id, sorted(known - set(wanted)))
    _drop(conn, group_members, course_id, group_members.c.group_id, sorted(known - set(wanted)))
    if not wanted:
        return
    statement = insert(conn, course_groups)
    conn.execute(
        statement.on_conflict_do_update(
            index_elements=["course_id", "group_id"],
            set_={"name": statement.excluded.name, "set_name": statement.excluded.set_name},
        ),
        [
            {"course_id": course_id, "group_id": one.id, "name": one.name, "set_name": one.set_name}
            for one in wanted.values()
        ],
    )


def join(conn: Connection, course_id: int, told: Mapping[str, Sequence[str]]) -> None:
    """Each of these users (by the platform's id) is in these groups (by id) of the course and in no others."""
    _drop(conn, group_members, course_id, group_members.c.user_id, sorted(told))
    rows = [
        {"course_id": course_id, "user_id": user, "group_id": group}
        for user, groups in told.items()
        for group in sorted(set(groups))
    ]
    if rows:
        conn.execute(group_members.insert(), rows)


def _drop(conn: Connection, table: sa.Table, course_id: int, column: sa.Column[Any], values: Sequence[str]) -> None:
    for start in range(0, len(values), SOME):
        conn.execute(table.delete().where(table.c.course_id == course_id, column.in_(values[start : start + SOME])))


def of_course(conn: Connection, course_id: int) -> list[Group]:
    """The groups of the course, by set and name."""
    rows = conn.execute(
        sa.select(course_groups)
        .where(course_groups.c.course_id == course_id)
        .order_by(course_groups.c.set_name, course_groups.c.name, course_groups.c.group_id)
    )
    return [Group(row.group_id, row.name, row.set_name) for row in rows]


def users_in(conn: Connection, course_id: int, group_id: str) -> frozenset[str]:
    """The platform's ids of those who are in the group, learners and others."""
    query = sa.select(group_members.c.user_id).where(
        group_members.c.course_id == course_id, group_members.c.group_id == group_id
    )
    return frozenset(conn.scalars(query))
