"""What teachers have chosen for which course: marks what is there already."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from lti_tool import journal
from lti_tool.choose.items import Pick
from lti_tool.db import UTCDateTime, insert, metadata
from lti_tool.gradebook.store import line_items

chosen = sa.Table(
    "chosen",
    metadata,
    sa.Column("course_id", sa.Integer, primary_key=True),
    sa.Column("content", sa.String, primary_key=True),
    sa.Column("programme", sa.String, primary_key=True),
    sa.Column("chosen_at", UTCDateTime, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a course: `launched` are IRIs of activities with a gradebook column of ours, `chosen` the picks
    that were handed to the LMS. Whether it kept them is not told to the tool."""

    launched: frozenset[str]
    chosen: dict[Pick, datetime]


def remember(conn: Connection, course: int, picks: Iterable[Pick], now: datetime) -> None:
    """These picks were handed to the LMS for this course."""
    rows = [
        {"course_id": course, "content": pick.content, "programme": pick.programme, "chosen_at": now} for pick in picks
    ]
    if rows:
        statement = insert(conn, chosen).values(rows)
        conn.execute(
            statement.on_conflict_do_update(
                index_elements=["course_id", "content", "programme"], set_={"chosen_at": now}
            )
        )


def known(conn: Connection, course: int | None) -> Known:
    """What is in this course already, as far as the tool can know; nothing where the launch named no course."""
    if course is None:
        return Known(frozenset(), {})
    rows = conn.execute(sa.select(chosen).where(chosen.c.course_id == course))
    return Known(
        # A column that the LMS says is gone has lost its address.
        frozenset(
            conn.scalars(
                sa.select(line_items.c.activity).where(line_items.c.course_id == course, line_items.c.url.is_not(None))
            )
        ),
        {Pick(row.content, row.programme): row.chosen_at for row in rows},
    )


def carry(conn: Connection, book: str, courses: Mapping[int, int]) -> None:
    """What was chosen for these courses counts as chosen for those they are mapped to; written into the journal."""
    rows = [row for row in conn.execute(sa.select(chosen)) if row.course_id in courses]
    targets = set(courses.values())
    there = {
        (row.course_id, row.content, row.programme)
        for row in conn.execute(sa.select(chosen))
        if row.course_id in targets
    }
    wanted = [{**row._mapping, "course_id": courses[row.course_id]} for row in rows]
    journal.insert(
        conn,
        book,
        chosen,
        [row for row in wanted if (row["course_id"], row["content"], row["programme"]) not in there],
    )
