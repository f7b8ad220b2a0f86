"""Who is in which programme, as one question to the database: persons, not accounts, each once in a programme.

The same answer as `learners.enrolled`, for thousands: the accounts of a person are those joined at this moment, the
enrolment that counts is the oldest of them, and the version that is judged is that of the enrolment (or, where it was
never imported here, the current one).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Subquery

from lti_tool.ecvet.store import programmes
from lti_tool.ecvet.summary_rows import summaries
from lti_tool.people.enrolments import enrolments
from lti_tool.people.roles import Action, Grant, reach
from lti_tool.people.store import accounts, members
from xapi.database import stored_key
from xapi.tables import persona_actors, personas


def enrolled(programme: str | None = None) -> Subquery:
    """Columns: person, programme, institution, since, version (that is judged), versions (how many there are of the
    programme), changes (of the person)."""
    own, current, root = programmes.alias(), programmes.alias(), personas.alias()
    turn = sa.func.row_number().over(
        partition_by=(personas.c.root, enrolments.c.programme), order_by=(enrolments.c.since, enrolments.c.actor_key)
    )
    every = (
        sa.select(
            personas.c.root.label("person"),
            enrolments.c.programme,
            enrolments.c.institution,
            enrolments.c.since,
            enrolments.c.version,
            turn.label("turn"),
        )
        .join_from(enrolments, persona_actors, persona_actors.c.key == stored_key(enrolments.c.actor_key))
        .join(personas, personas.c.id == persona_actors.c.persona)
        .where(enrolments.c.left_at.is_(None))
    )
    if programme is not None:
        every = every.where(enrolments.c.programme == programme)
    one = every.subquery("every")
    version = sa.func.coalesce(own.c.version, current.c.version)
    versions = sa.select(programmes.c.id, sa.func.count().label("n")).group_by(programmes.c.id).subquery("versions")
    return (
        sa.select(
            one.c.person,
            one.c.programme,
            one.c.institution,
            one.c.since,
            version.label("version"),
            versions.c.n.label("versions"),
            root.c.changes,
        )
        .join_from(one, root, root.c.id == one.c.person)
        .join(versions, versions.c.id == one.c.programme)
        .join(own, sa.and_(own.c.id == one.c.programme, own.c.version == one.c.version), isouter=True)
        .join(current, sa.and_(current.c.id == one.c.programme, current.c.current), isouter=True)
        .where(one.c.turn == 1, version.is_not(None))
        .subquery("enrolled")
    )


def versions(conn: Connection) -> list[tuple[str, str]]:
    """Programmes and versions in which somebody is enrolled now, imported here or not."""
    query = sa.select(enrolments.c.programme, enrolments.c.version).where(enrolments.c.left_at.is_(None)).distinct()
    return [(row.programme, row.version) for row in conn.execute(query)]


def stale(one: Subquery, now: datetime, judge: str) -> ColumnElement[bool]:
    """Whether what is kept about a row of `enrolled`, outer-joined to `summaries`, may not be true (any more)."""
    kept = summaries.c
    return sa.or_(
        kept.person.is_(None),
        kept.judged < kept.marked,
        kept.changes != one.c.changes,
        kept.version != one.c.version,
        kept.versions != one.c.versions,
        kept.judge != judge,
        kept.until <= now,
    )


def with_summaries(one: Subquery) -> sa.Join:
    """`enrolled`, each with what is kept about it, if anything is."""
    its = sa.and_(summaries.c.person == one.c.person, summaries.c.programme == one.c.programme)
    return one.join(summaries, its, isouter=True)


def reached(one: Subquery, grants: Iterable[Grant], actions: Collection[Action]) -> ColumnElement[bool]:
    """Whether one of the grants allows one of the actions for a row of `enrolled`, as `roles.may` says."""
    held = tuple(grants)
    places = {place for action in actions for place in reach(held, action)}
    return sa.or_(
        sa.false(),
        *(
            sa.and_(
                sa.true() if institution is None else one.c.institution == institution,
                sa.true() if programme is None else one.c.programme == programme,
            )
            for institution, programme in sorted(places, key=str)
        ),
    )


def in_course(one: Subquery, course: int) -> ColumnElement[bool]:
    """Whether the person of a row of `enrolled` learns in this course now."""
    there = (
        sa.select(personas.c.root)
        .join_from(members, persona_actors, persona_actors.c.key == stored_key(members.c.actor_key))
        .join(personas, personas.c.id == persona_actors.c.persona)
        .where(members.c.course_id == course, members.c.role == "learner", members.c.left_at.is_(None))
    )
    return one.c.person.in_(there)


def named(conn: Connection, one: Subquery, where: ColumnElement[bool]) -> dict[str, tuple[str | None, str]]:
    """Name (None: no LMS tells it) and key of the account that gives it, by person, of these rows of `enrolled`."""
    query = (
        sa.select(one.c.person, accounts.c.name, accounts.c.actor_key)
        .join_from(with_summaries(one), personas, personas.c.root == one.c.person)
        .join(persona_actors, persona_actors.c.persona == personas.c.id)
        .join(accounts, stored_key(accounts.c.actor_key) == persona_actors.c.key)
        .where(where)
        .order_by(persona_actors.c.created, persona_actors.c.key)
    )
    found: dict[str, tuple[str | None, str]] = {}
    for row in conn.execute(query):
        known = found.get(row.person)
        if known is None or (row.name and not known[0]):
            found[row.person] = (row.name or None, row.actor_key)
    return found


def counted(conn: Connection, query: sa.Select[Any]) -> int:
    """How many rows the query gives."""
    return conn.scalar(sa.select(sa.func.count()).select_from(query.subquery())) or 0
