"""Gradebook columns and grades on their way, when a platform goes on as another one. Written into a journal.

A row is copied with the score that was sent last, so that nothing is sent again that the LMS has: it is the same LMS
under another name. A score that was being sent at that moment is repeated with its own time, and recognised.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from lti_tool import journal
from lti_tool.gradebook import pace, tokens
from lti_tool.gradebook.rows import deliveries, line_items


@dataclass(frozen=True, slots=True)
class Carried:
    """How many columns and grades the new platform took over; of the grades, how many still wait."""

    columns: int
    grades: int
    waiting: int


def waiting(conn: Connection, platform: int) -> int:
    """Grades of this platform that changed and are not sent yet, or were not accepted."""
    return (
        conn.scalar(
            sa.select(sa.func.count())
            .select_from(deliveries)
            .join(line_items, line_items.c.id == deliveries.c.line_item_id)
            .where(
                line_items.c.platform_id == platform,
                sa.or_(deliveries.c.version > deliveries.c.done_version, deliveries.c.state == "refused"),
            )
        )
        or 0
    )


def carry(
    conn: Connection, book: str, new: int, courses: Mapping[int, int], keys: Mapping[str, str], now: datetime
) -> Carried:
    """Columns and grades of these courses go on in those they are mapped to, for these accounts (old key: new key).

    No address and no scope of the old platform is taken over: the next launch of an activity tells the new ones, and
    until then its grades wait. Nothing is due on the old platform any more.
    """
    items, made = _columns(conn, book, new, courses, now)
    ours = _rows(conn, list(items))
    theirs = {(row.line_item_id, row.user_id): row for row in _rows(conn, list(items.values()))}
    fresh = [row for row in ours if row.actor_key in keys and (items[row.line_item_id], row.user_id) not in theirs]
    journal.insert(
        conn,
        book,
        deliveries,
        [
            {
                **{name: value for name, value in row._mapping.items() if name != "id"},
                "line_item_id": items[row.line_item_id],
                "actor_key": keys[row.actor_key],
                "leased_until": None,
                "leased_by": None,
                "attempts": 0,
                "changed_at": now,
            }
            for row in fresh
        ],
    )
    # What the person did under the old account counts here from now on: worth a look.
    again = [row for row in theirs.values() if row.actor_key in keys.values()]
    journal.update(
        conn,
        book,
        deliveries,
        [
            (row, {"version": row.version + 1, "state": "waiting", "due_at": now, "attempts": 0, "changed_at": now})
            for row in again
        ],
    )
    open_ = [row for row in ours if row.version > row.done_version or row.state == "refused" or row.leased_by]
    journal.update(
        conn,
        book,
        deliveries,
        [
            (
                row,
                {
                    "done_version": row.version,
                    "state": "none" if row.given is None else "sent",
                    "problem": None,
                    "detail": None,
                    "leased_until": None,
                    "leased_by": None,
                },
            )
            for row in open_
        ],
    )
    return Carried(made, len(fresh), sum(1 for row in fresh if row.version > row.done_version))


def cut(conn: Connection, platform: int) -> None:
    """What belongs to the connection with the platform alone is gone: access tokens, pace, slots."""
    for table in (tokens.access_tokens, pace.platform_pace, pace.platform_slots):
        conn.execute(table.delete().where(table.c.platform_id == platform))


def _columns(
    conn: Connection, book: str, new: int, courses: Mapping[int, int], now: datetime
) -> tuple[dict[int, int], int]:
    numbers = sorted(courses)
    ours: list[sa.Row[tuple[object, ...]]] = []
    theirs: dict[tuple[int, str, str], int] = {}
    for start in range(0, len(numbers), journal.SOME):
        some = numbers[start : start + journal.SOME]
        ours += conn.execute(
            sa.select(line_items).where(line_items.c.course_id.in_(some)).order_by(line_items.c.id)
        ).all()
        for row in conn.execute(sa.select(line_items).where(line_items.c.course_id.in_([courses[n] for n in some]))):
            theirs[(row.course_id, row.link_id, row.activity)] = row.id
    items = {
        row.id: theirs[place]
        for row in ours
        if (place := (courses[row.course_id], row.link_id, row.activity)) in theirs
    }
    missing = [row for row in ours if row.id not in items]
    made = journal.insert(
        conn,
        book,
        line_items,
        [
            {
                **{name: value for name, value in row._mapping.items() if name != "id"},
                "platform_id": new,
                "course_id": courses[row.course_id],
                "url": None,
                "items_url": None,
                "scopes": [],
                "created_at": now,
                "leased_until": None,
                "leased_by": None,
            }
            for row in missing
        ],
    )
    return items | {before.id: after.id for before, after in zip(missing, made, strict=True)}, len(made)


def _rows(conn: Connection, items: list[int]) -> list[sa.Row[tuple[object, ...]]]:
    found: list[sa.Row[tuple[object, ...]]] = []
    for start in range(0, len(items), journal.SOME):
        query = sa.select(deliveries).where(deliveries.c.line_item_id.in_(items[start : start + journal.SOME]))
        found += conn.execute(query.order_by(deliveries.c.id)).all()
    return found
