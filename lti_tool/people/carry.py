"""What goes on from an old platform to a new one: accounts, courses, members, links. Written into a journal.

Rows of the old platform are copied, not moved: they stay as they are for the day on which the merge is taken back. What
the new platform has of its own stays as well.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Connection

from lti_tool import journal
from lti_tool.people.accounts import accounts
from lti_tool.people.courses import courses, links, members
from lti_tool.people.roster import actor_of
from xapi.statement import actor_key

SOME: Final = 500


@dataclass(frozen=True, slots=True)
class User:
    """A user of both platforms: the id there, and the keys of the old and the new account."""

    id: str
    old_key: str
    new_key: str


@dataclass(frozen=True, slots=True)
class Carried:
    """Courses of the old platform by those they go on as (ids), and how many were new to the new platform."""

    courses: Mapping[int, int]
    new_courses: int
    members: int
    links: int


def users(conn: Connection, platform: int, old: str, new: str, *, alone: bool, subjects: Iterable[str]) -> list[User]:
    """Everybody who is known by the old platform; `old` and `new` are issuers.

    These are the members of its courses and the `subjects` of its launches; where no other platform has its issuer
    (`alone`), every account of that issuer.
    """
    ids = set(subjects)
    ids |= set(
        conn.scalars(
            sa.select(members.c.user_id)
            .join(courses, courses.c.id == members.c.course_id)
            .where(courses.c.platform_id == platform)
            .distinct()
        )
    )
    if alone:
        prefix = actor_key(actor_of(old, ""))
        rows = conn.scalars(sa.select(accounts.c.actor).where(accounts.c.actor_key.startswith(prefix, autoescape=True)))
        ids |= {actor["account"]["name"] for actor in rows}
    return [User(id, actor_key(actor_of(old, id)), actor_key(actor_of(new, id))) for id in sorted(ids)]


def carry(
    conn: Connection,
    book: str,
    old: int,
    new: int,
    issuer: str,
    known: Sequence[User],
    now: datetime,
    *,
    anonymous: bool = False,
) -> Carried:
    """What the old platform knows of these users, courses and links, the new one (of `issuer`) knows too.

    In the old courses nobody is any more. No address of the old platform is taken over.
    """
    by_old = {user.old_key: user for user in known}
    there = _known_keys(conn, [user.new_key for user in known])
    rows = _rows(conn, accounts, accounts.c.actor_key, [user.old_key for user in known if user.new_key not in there])
    journal.insert(
        conn,
        book,
        accounts,
        [
            {
                **row._mapping,
                "actor_key": by_old[row.actor_key].new_key,
                "actor": actor_of(issuer, by_old[row.actor_key].id),
                **({"name": None, "email": None} if anonymous else {}),
            }
            for row in rows
        ],
    )
    into, made = _courses(conn, book, old, new, now)
    return Carried(into, made, _members(conn, book, into, by_old, now), _links(conn, book, old, new, into))


def _courses(conn: Connection, book: str, old: int, new: int, now: datetime) -> tuple[dict[int, int], int]:
    ours = conn.execute(sa.select(courses).where(courses.c.platform_id == old).order_by(courses.c.id)).all()
    told = conn.execute(sa.select(courses.c.context_id, courses.c.id).where(courses.c.platform_id == new))
    theirs = {row.context_id: row.id for row in told}
    into = {row.id: theirs[row.context_id] for row in ours if row.context_id in theirs}
    missing = [row for row in ours if row.id not in into]
    made = journal.insert(
        conn,
        book,
        courses,
        [
            {
                "platform_id": new,
                "context_id": row.context_id,
                "title": row.title,
                "label": row.label,
                "history": row.history,
                "same_as": None,
                "created_at": now,
            }
            for row in missing
        ],
    )
    into |= {before.id: after.id for before, after in zip(missing, made, strict=True)}
    # Which course a copy goes by: the number is another one now.
    answered = [
        (after, before.same_as) for before, after in zip(missing, made, strict=True) if before.same_as is not None
    ]
    journal.update(conn, book, courses, [(row, {"same_as": into.get(told, told)}) for row, told in answered])
    return into, len(made)


def _members(conn: Connection, book: str, into: Mapping[int, int], by_old: Mapping[str, User], now: datetime) -> int:
    rows = _rows(conn, members, members.c.course_id, list(into))
    present = [row for row in rows if row.left_at is None]
    taken = {(row.course_id, row.actor_key) for row in _rows(conn, members, members.c.course_id, list(into.values()))}
    wanted = [
        {**row._mapping, "course_id": into[row.course_id], "actor_key": by_old[row.actor_key].new_key}
        for row in present
        if row.actor_key in by_old
    ]
    made = [row for row in wanted if (row["course_id"], row["actor_key"]) not in taken]
    journal.insert(conn, book, members, made)
    journal.update(conn, book, members, [(row, {"left_at": now}) for row in present])
    return len(made)


def _links(conn: Connection, book: str, old: int, new: int, into: Mapping[int, int]) -> int:
    taken = set(conn.scalars(sa.select(links.c.link_id).where(links.c.platform_id == new)))
    rows = conn.execute(sa.select(links).where(links.c.platform_id == old)).all()
    made = [
        {**row._mapping, "platform_id": new, "course_id": into.get(row.course_id) if row.course_id else None}
        for row in rows
        if row.link_id not in taken
    ]
    journal.insert(conn, book, links, made)
    return len(made)


def _known_keys(conn: Connection, keys: Collection[str]) -> set[str]:
    return {row.actor_key for row in _rows(conn, accounts, accounts.c.actor_key, keys)}


def _rows(
    conn: Connection, table: sa.Table, column: sa.ColumnElement[Any], values: Collection[Any]
) -> list[sa.Row[Any]]:
    wanted = sorted(values)
    found: list[sa.Row[Any]] = []
    for start in range(0, len(wanted), SOME):
        query = sa.select(table).where(column.in_(wanted[start : start + SOME]))
        found += conn.execute(query.order_by(*table.primary_key)).all()
    return found
