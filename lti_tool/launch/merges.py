"""Platforms that went on as another one: an LMS that got a new issuer, or a second registration of the same LMS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from lti_tool.db import JSONText, UTCDateTime, metadata
from lti_tool.errors import N_, Conflict

platform_merges = sa.Table(
    "platform_merges",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("old_id", sa.Integer, nullable=False),
    sa.Column("new_id", sa.Integer, nullable=False),
    sa.Column("made_at", UTCDateTime, nullable=False),
    sa.Column("made_by", sa.String(255), nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("counts", JSONText, nullable=False),
    sa.Column("joins", JSONText, nullable=False),  # ids of the persona joins that it made
    sa.Column("undone_at", UTCDateTime),
    sa.Column("undone_by", sa.String(255)),
)


@dataclass(frozen=True, slots=True)
class Merge:
    """That `old` goes on as `new`: who said so, when and why, what it came to, and when it was taken back."""

    id: int
    old: int
    new: int
    made_at: datetime
    made_by: str
    why: str
    counts: Mapping[str, int]
    undone_at: datetime | None
    undone_by: str | None
    joins: tuple[str, ...] = ()


def get(conn: Connection, merge: int) -> Merge | None:
    """The merge of this number, undone or not."""
    row = conn.execute(sa.select(platform_merges).where(platform_merges.c.id == merge)).one_or_none()
    return None if row is None else _merge(row)


def listed(conn: Connection) -> list[Merge]:
    """All merges, undone ones too, newest first."""
    return [_merge(row) for row in conn.execute(sa.select(platform_merges).order_by(platform_merges.c.id.desc()))]


def standing(conn: Connection, old: int) -> Merge | None:
    """The merge by which this platform goes on as another one."""
    row = conn.execute(
        sa.select(platform_merges).where(platform_merges.c.old_id == old, platform_merges.c.undone_at.is_(None))
    ).first()
    return None if row is None else _merge(row)


def must_stand_alone(conn: Connection, platform: int) -> None:
    """Raises PLATFORM-MERGED (409) where the platform goes on as another one: that must be taken back first."""
    found = standing(conn, platform)
    if found is not None:
        raise Conflict(
            "PLATFORM-MERGED",
            N_("This LMS was merged into LMS %(number)s."),
            N_("Take the merge back first."),
            whom="nobody",
            params={"number": found.new},
        )


def _merge(row: sa.Row[Any]) -> Merge:
    return Merge(
        row.id,
        row.old_id,
        row.new_id,
        row.made_at,
        row.made_by,
        row.why,
        row.counts,
        row.undone_at,
        row.undone_by,
        tuple(row.joins),
    )
