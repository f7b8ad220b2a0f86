"""What the log page shows: service calls, refused launches, and the launches that were let in, newest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy import Connection

from lti_tool.calls import service_calls
from lti_tool.launch.store import launches

A_PAGE: Final = 100


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the log."""

    at: datetime
    platform: int | None
    kind: str
    what: str
    status: int | None
    code: str
    milliseconds: int | None
    """None for a launch that was let in: it is told by the table of launches, which keeps no durations."""
    course: int | None
    user: str | None
    ok: bool


def entries(conn: Connection, *, platform: int | None = None, kind: str | None = None, page: int = 0) -> list[Entry]:
    """The entries of a page (0 is the newest); one more than A_PAGE where there is a next page."""
    calls = sa.select(
        service_calls.c.id.label("number"),
        service_calls.c.at.label("at"),
        service_calls.c.platform_id.label("platform"),
        service_calls.c.kind.label("kind"),
        service_calls.c.what.label("what"),
        service_calls.c.status.label("status"),
        service_calls.c.code.label("code"),
        service_calls.c.milliseconds.label("milliseconds"),
        service_calls.c.course_id.label("course"),
        service_calls.c.user_id.label("user_id"),
    )
    let_in = sa.select(
        sa.literal(0).label("number"),
        launches.c.created_at.label("at"),
        launches.c.platform_id.label("platform"),
        sa.literal("launch").label("kind"),
        (launches.c.message + sa.literal(", ") + launches.c.role).label("what"),
        sa.literal(303).label("status"),
        sa.literal("").label("code"),
        sa.null().cast(sa.Integer).label("milliseconds"),
        sa.null().cast(sa.Integer).label("course"),
        launches.c.subject.label("user_id"),
    )
    if platform is not None:
        calls = calls.where(service_calls.c.platform_id == platform)
        let_in = let_in.where(launches.c.platform_id == platform)
    if kind is not None:
        calls = calls.where(service_calls.c.kind == kind)
    both = (calls if kind not in (None, "launch") else sa.union_all(calls, let_in)).subquery()
    query = sa.select(both).order_by(both.c.at.desc(), both.c.number.desc(), both.c.user_id)
    rows = conn.execute(query.limit(A_PAGE + 1).offset(page * A_PAGE))
    return [
        Entry(
            row.at,
            row.platform,
            row.kind,
            row.what,
            row.status,
            row.code,
            row.milliseconds,
            row.course,
            row.user_id,
            not row.code,
        )
        for row in rows
    ]
