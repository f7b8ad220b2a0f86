"""What administrators did that can't be seen from what is there now: merged, deleted, erased, switched. Rows stay.

A row names no learner: an erasure that is written down with the name of the erased person would be none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy import Connection

from lti_tool.db import JSONText, UTCDateTime, metadata

Kind = Literal[
    "platform_merged",
    "platform_merge_undone",
    "platform_deleted",
    "platform_names",  # the switch "learn no names"
    "platform_institution",  # where those begin who come new from it
    "role_granted",  # on a page; what the command line grants stands with the grant alone
    "role_withdrawn",
    "person_erased",
    "people_joined",
    "people_parted",
    "learners_placed",  # at an institution
]

admin_acts = sa.Table(
    "admin_acts",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("at", UTCDateTime, nullable=False),
    sa.Column("by", sa.String(255), nullable=False),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("subject", sa.String(255), nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("detail", JSONText, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Act:
    """Who did what, when and why. `subject` is a number or name of ours; `detail` what it came to, in figures."""

    id: int
    at: datetime
    by: str
    kind: Kind
    subject: str
    why: str
    detail: Mapping[str, Any]


def record(
    conn: Connection,
    kind: Kind,
    subject: str,
    by: str,
    why: str,
    now: datetime,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """The act is written down. It must be done in the same transaction."""
    conn.execute(
        admin_acts.insert().values(
            at=now, by=by[:255], kind=kind, subject=subject[:255], why=why[:2000], detail=dict(detail or {})
        )
    )


def acts(conn: Connection, limit: int = 200) -> list[Act]:
    """The newest acts, newest first."""
    rows = conn.execute(sa.select(admin_acts).order_by(admin_acts.c.id.desc()).limit(limit))
    return [Act(row.id, row.at, row.by, row.kind, row.subject, row.why, row.detail) for row in rows]
