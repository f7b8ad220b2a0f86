"""A programme's learners as a list: found, filtered, paged by the database, with what is kept about each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Subquery

from lti_tool.ecvet import enrolled, learners, summary_rows
from lti_tool.ecvet.record import many
from lti_tool.ecvet.summary import Summary, judge_version, summarise
from lti_tool.ecvet.summary_rows import summary_units
from lti_tool.ecvet.terms import Programme
from lti_tool.people.roles import Grant
from lti_tool.people.store import Course, courses, members
from xapi.database import stored_key
from xapi.tables import persona_actors, personas


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whom the reader asked for; empty fields ask nothing. `state` speaks of `unit`, and nothing without it."""

    name: str = ""
    course: int | None = None
    country: str = ""
    institution: str = ""
    unit: str = ""
    state: str = ""

    @property
    def anything(self) -> bool:
        return self != Wanted()


@dataclass(frozen=True, slots=True)
class Line:
    """A learner of the list, as kept or (who was never judged before) as just judged."""

    person: str
    name: str
    institution: str | None
    summary: Summary


@dataclass(frozen=True, slots=True)
class Cohort:
    """One page of the learners that were asked for: `count` of all `of` who may be seen. `pending`: how many of those
    are being judged again, and are shown and filtered as they were."""

    lines: tuple[Line, ...]
    count: int
    of: int
    pending: int


def cohort(
    conn: Connection,
    programme: Programme,
    grants: tuple[Grant, ...],
    wanted: Wanted,
    called: Callable[[str | None, str], str],
    page: tuple[int, int],
    now: datetime,
    base_url: str,
) -> Cohort:
    """The learners whose records the grants reach, by name. `page`: from where, and how many; `called` names somebody
    by name and account key."""
    one = enrolled.enrolled(programme.id)
    judge = judge_version(base_url)
    mine = enrolled.reached(one, grants, ["see_record"])
    stale = enrolled.stale(one, now, judge)
    every = conn.execute(
        sa.select(sa.func.count(), sa.func.count().filter(stale)).select_from(enrolled.with_summaries(one)).where(mine)
    ).one()
    names = enrolled.named(conn, one, sa.and_(mine, *_asked(one, programme, wanted)))
    shown = {person: called(name, key) for person, (name, key) in names.items()}
    sought = wanted.name.casefold()
    found = [person for person in names if sought in shown[person].casefold()]
    found.sort(key=lambda person: (names[person][0] is None, shown[person].casefold(), person))
    start, size = page
    there = found[start : start + size]
    rows = conn.execute(sa.select(one.c.person, one.c.institution).where(one.c.person.in_(there))).all()
    kept = summary_rows.kept(conn, programme.id, there)
    kept |= _judged(conn, programme, [row.person for row in rows if row.person not in kept], now, base_url)
    of = {row.person: row.institution for row in rows}
    lines = tuple(Line(person, shown[person], of[person], kept[person]) for person in there if person in kept)
    return Cohort(lines, len(found), every[0], every[1])


def _asked(one: Subquery, programme: Programme, wanted: Wanted) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.course is not None:
        found.append(enrolled.in_course(one, wanted.course))
    if wanted.country:
        there = [it.id for it in programme.institutions if it.country == wanted.country]
        found.append(one.c.institution.in_(there))
    if wanted.institution:
        found.append(one.c.institution == wanted.institution)
    if wanted.unit and wanted.state:
        u = summary_units.c
        found.append(
            sa.exists().where(
                u.person == one.c.person, u.programme == one.c.programme, u.unit == wanted.unit, u.state == wanted.state
            )
        )
    return found


def _judged(
    conn: Connection, programme: Programme, persons: list[str], now: datetime, base_url: str
) -> dict[str, Summary]:
    them = list(learners.by_person(conn, persons).values())
    found = many(conn, them, now, base_url, programme.id)
    return {person: summarise(records[0], base_url) for person, records in found.items() if records}


def courses_in_reach(conn: Connection, grants: tuple[Grant, ...], programme: str | None = None) -> list[Course]:
    """The courses in which somebody of a programme learns whose record the grants reach, by title."""
    one = enrolled.enrolled(programme)
    there = (
        sa.select(members.c.course_id)
        .join_from(members, persona_actors, persona_actors.c.key == stored_key(members.c.actor_key))
        .join(personas, personas.c.id == persona_actors.c.persona)
        .join(one, one.c.person == personas.c.root)
        .where(members.c.role == "learner", members.c.left_at.is_(None), enrolled.reached(one, grants, ["see_record"]))
    )
    rows = conn.execute(sa.select(courses).where(courses.c.id.in_(there)))
    found = [Course(row.id, row.platform_id, row.context_id, row.title, row.label) for row in rows]
    return sorted(found, key=lambda course: (course.title.casefold(), course.id))


def institutions_in_reach(conn: Connection, grants: tuple[Grant, ...], programme: str) -> list[str]:
    """The institutions that learners of the programme belong to whom the grants reach."""
    one = enrolled.enrolled(programme)
    query = sa.select(one.c.institution).where(
        one.c.institution.is_not(None), enrolled.reached(one, grants, ["see_record"])
    )
    return sorted(conn.scalars(query.distinct()))
