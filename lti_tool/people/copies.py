"""What copied courses take over: the content that a teacher chose, on our own page, for activities without content.

A copy has new ids. Where the platform tells from which link one was copied (ResourceLink.id.history), its content is
known at once. Where it tells of the course alone (Context.id.history), the teacher is asked once, and then activities
of the same name open the same content. Storage functions take a Connection and never commit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from lti_tool.people.courses import Course, choose_content, course_by_id, courses, links

COPIED = "copy of "
"""Begins `chosen_by` of what nobody chose anew; the link or course follows."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A copied course whose teacher was not asked yet. `titles`: names of activities with chosen content there."""

    ancestor: Course
    titles: tuple[str, ...]


def content_of(
    conn: Connection,
    platform: int,
    link: str,
    course: Course | None,
    now: datetime,
    *,
    title: str = "",
    ancestors: Sequence[str] = (),
) -> tuple[str, str] | None:
    """Content and programme (perhaps empty) that were chosen for this link, for a link among its `ancestors` (nearest
    first), or for the one of this title in the course that this one uses the content of; None where there is none.

    What is found once is the link's own from then on.
    """
    if not link:
        return None
    own = conn.execute(sa.select(links).where(links.c.platform_id == platform, links.c.link_id == link)).one_or_none()
    place = course.id if course else None
    if own is not None:
        if (own.course_id, own.title) != (place, title):
            where = sa.and_(links.c.platform_id == platform, links.c.link_id == link)
            conn.execute(links.update().where(where).values(course_id=place, title=title))
        return own.content, own.programme
    found = _of_ancestors(conn, platform, ancestors) or _of_title(conn, course, title)
    if found is None:
        return None
    content, programme, by = found
    choose_content(conn, platform, link, content, programme, by, now, course_id=place, title=title)
    return content, programme


def proposal(conn: Connection, course: Course) -> Proposal | None:
    """The nearest ancestor of this course with hand-chosen content, if its teacher was not asked about it yet."""
    if course.same_as is not None or not course.history:
        return None
    rows = conn.execute(
        sa.select(courses.c.id, courses.c.context_id).where(
            courses.c.platform_id == course.platform_id, courses.c.context_id.in_(course.history)
        )
    )
    known = {row.context_id: row.id for row in rows}
    for context in course.history:
        number = known.get(context)
        titles = _titles(conn, number) if number is not None and number != course.id else ()
        ancestor = course_by_id(conn, number) if titles and number is not None else None
        if ancestor is not None:
            return Proposal(ancestor, titles)
    return None


def answer(conn: Connection, course: Course, ancestor: int | None) -> None:
    """The teacher's word: the copy uses the content of this course (None: of none), and nobody is asked again."""
    conn.execute(courses.update().where(courses.c.id == course.id).values(same_as=ancestor or 0))


def _titles(conn: Connection, course: int) -> tuple[str, ...]:
    return tuple(
        conn.scalars(sa.select(links.c.title).where(links.c.course_id == course).distinct().order_by(links.c.title))
    )


def _of_ancestors(conn: Connection, platform: int, ancestors: Sequence[str]) -> tuple[str, str, str] | None:
    if not ancestors:
        return None
    rows = conn.execute(sa.select(links).where(links.c.platform_id == platform, links.c.link_id.in_(ancestors)))
    known = {row.link_id: row for row in rows}
    row = next((known[one] for one in ancestors if one in known), None)
    return None if row is None else (row.content, row.programme, f"{COPIED}link {row.link_id}")


def _of_title(conn: Connection, course: Course | None, title: str) -> tuple[str, str, str] | None:
    """Only where the title says it without doubt."""
    if course is None or not course.same_as or not title:
        return None
    found = {
        (row.content, row.programme)
        for row in conn.execute(sa.select(links).where(links.c.course_id == course.same_as, links.c.title == title))
    }
    if len(found) != 1:
        return None
    ((content, programme),) = found
    return content, programme, f"{COPIED}course {course.same_as}"
