"""Line items: the gradebook columns that take this tool's scores, as far as launches and platforms told of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Connection

from lti_tool.db import UTCDateTime
from lti_tool.gradebook.rows import LineItem, line_items, read_item
from xapi.prepared import Inserting, Prepared, Statement, columns_of

MAXIMUM: Final = Decimal(100)
"""Of the columns that this tool asks for: Moodle takes from activities whole numbers up to 100 alone."""


def place(
    conn: Connection,
    *,
    platform_id: int,
    course_id: int,
    link_id: str,
    activity: str,
    label: str,
    url: str | None,
    items_url: str | None,
    scopes: Sequence[str],
    now: datetime,
    programme: str | None = None,
    resource_id: str = "",
    maximum: Decimal = MAXIMUM,
    several: bool = False,
) -> int:
    """The gradebook column of this resource link is known, with what its newest launch told; its number is returned.

    `programme` is named where `activity` is a unit of it.

    A launch that names no line item doesn't erase the one known before: a second column bound to the same link makes
    Moodle leave the claim out (moodle-facts B6).

    A link whose content was changed keeps its column, which is for the new content from now on. But where `several`
    contents may be opened by one link, each has a column of its own, and the line item that the launch names is that
    of the content for which it was made or first named.
    """
    told: dict[str, Any] = {
        "activity": activity,
        "programme": programme,
        "label": label,
        "scopes": sorted(scopes),
        "maximum": str(maximum),
    }
    there = _OF_LINK.rows(conn, course_id=course_id, link_id=link_id)
    row = next((one for one in there if one.activity == activity), None)
    if several:
        if any(one.url == url and one is not row for one in there):
            url = None
    elif there and row is None:
        conn.execute(line_items.update().where(line_items.c.id == there[-1].id).values(activity=activity))
    kept = {"resource_id": resource_id, "url": url or None, "items_url": items_url or None}
    # A class that comes at once shall not queue for the lock of the column's row to write what is there already.
    if (
        row is None
        or any(value != getattr(row, name) for name, value in told.items())
        or any(value and value != getattr(row, name) for name, value in kept.items())
    ):
        row = _PLACED.first(
            conn,
            platform_id=platform_id,
            course_id=course_id,
            link_id=link_id,
            created_at=now,
            known_at=now if url else None,
            told_maximum=str(maximum),
            **told,
            **kept,
        )
    return int(row.id)


_FROM_LAUNCHES: Final = (
    "platform_id course_id link_id activity programme resource_id label maximum told_maximum url items_url scopes "
    "created_at known_at"
)


def _placed(insert: Inserting) -> Statement:
    new = insert(line_items).values(columns_of(line_items, _FROM_LAUNCHES))
    told = {name: new.excluded[name] for name in ("programme", "label", "scopes", "maximum")}
    kept = {name: sa.func.coalesce(new.excluded[name], line_items.c[name]) for name in ("url", "items_url")}
    kept["resource_id"] = sa.func.coalesce(sa.func.nullif(new.excluded.resource_id, ""), line_items.c.resource_id)
    kept["known_at"] = sa.func.coalesce(line_items.c.known_at, new.excluded.known_at)
    return new.on_conflict_do_update(index_elements=["course_id", "link_id", "activity"], set_=told | kept).returning(
        line_items.c.id
    )


_PLACED = Prepared(_placed)
_OF_LINK = Prepared(
    sa.select(line_items)
    .where(line_items.c.course_id == sa.bindparam("course_id"), line_items.c.link_id == sa.bindparam("link_id"))
    .order_by(line_items.c.id)
)


def items_for(conn: Connection, activity: str, course_ids: Collection[int]) -> list[LineItem]:
    """The columns for an activity in these courses."""
    rows = conn.execute(
        sa.select(line_items).where(line_items.c.activity == activity, line_items.c.course_id.in_(course_ids))
    )
    return [read_item(row) for row in rows]


def of_this_course(conn: Connection, course_id: int) -> list[LineItem]:
    """The columns of a course, as far as they are known, oldest first."""
    query = sa.select(line_items).where(line_items.c.course_id == course_id).order_by(line_items.c.id)
    return [read_item(row) for row in conn.execute(query)]


def taken(conn: Connection, item: LineItem) -> frozenset[str]:
    """The addresses of columns that belong to other contents of the item's link."""
    query = sa.select(line_items.c.url).where(
        line_items.c.course_id == item.course_id,
        line_items.c.link_id == item.link_id,
        line_items.c.id != item.id,
        line_items.c.url.is_not(None),
    )
    return frozenset(conn.scalars(query))


def claim_item(conn: Connection, line_item_id: int, worker: str, now: datetime, lease: timedelta) -> LineItem | None:
    """The column as it is known now, for `worker` alone until the lease is over; None where another worker has it."""
    row = conn.execute(
        line_items.update()
        .where(
            line_items.c.id == line_item_id,
            sa.or_(
                line_items.c.leased_until.is_(None),
                line_items.c.leased_until <= now,
                line_items.c.leased_by == worker,
            ),
        )
        .values(leased_until=now + lease, leased_by=worker)
        .returning(line_items)
    ).one_or_none()
    return None if row is None else read_item(row)


def release_item(conn: Connection, line_item_id: int, worker: str) -> None:
    """The column is free for the next worker."""
    conn.execute(
        line_items.update()
        .where(line_items.c.id == line_item_id, line_items.c.leased_by == worker)
        .values(leased_until=None, leased_by=None)
    )


def learn(
    conn: Connection, line_item_id: int, now: datetime, *, url: str | None, label: str | None, maximum: Decimal | None
) -> None:
    """The platform has the column at this address (None: it has none), called and scaled so, as far as it said."""
    values: dict[str, Any] = {"url": url}
    if url is not None:
        values["known_at"] = sa.func.coalesce(line_items.c.known_at, sa.literal(now, UTCDateTime))
    if label is not None:
        values["told_label"] = label
    if maximum is not None:
        values["told_maximum"] = str(maximum)
    conn.execute(line_items.update().where(line_items.c.id == line_item_id).values(**values))


def columns(conn: Connection) -> list[LineItem]:
    """Every column that a platform has, as far as is known."""
    return [read_item(row) for row in conn.execute(sa.select(line_items).where(line_items.c.url.is_not(None)))]
