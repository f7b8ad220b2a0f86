"""Enrolments: which learner is in which programme, in the version in which it was begun.

Storage functions take a Connection and never commit.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from lti_tool.db import UTCDateTime, metadata
from xapi.prepared import Prepared, columns_of
from xapi.statement import actor_key

enrolments = sa.Table(
    "enrolments",
    metadata,
    sa.Column("actor_key", sa.ForeignKey("accounts.actor_key", ondelete="CASCADE"), primary_key=True),
    sa.Column("programme", sa.String, primary_key=True),
    sa.Column("version", sa.String, nullable=False),
    sa.Column("institution", sa.String),
    sa.Column("since", UTCDateTime, nullable=False),
    sa.Column("left_at", UTCDateTime),
    sa.Index("ix_enrolments_programme", "programme"),
)


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A learner in a programme, in the version in which it was begun or to which the learner was moved since."""

    actor_key: str
    programme: str
    version: str
    institution: str | None
    since: datetime


def enrol(
    conn: Connection,
    actor: Mapping[str, Any],
    programme: str,
    version: str,
    now: datetime,
    institution: str | None = None,
) -> bool:
    """The account is enrolled in the programme; True where it was not before. The version of the first time stays."""
    done = _ENROLLED.run(
        conn,
        actor_key=actor_key(actor),
        programme=programme,
        version=version,
        institution=institution,
        since=now,
    )
    return done == 1


_ENROLLED = Prepared(
    lambda insert: (
        insert(enrolments)
        .values(columns_of(enrolments, "actor_key programme version institution since"))
        .on_conflict_do_nothing(index_elements=["actor_key", "programme"])
    )
)


def move(conn: Connection, keys: Collection[str], programme: str, version: str) -> None:
    """All these accounts that are in the programme are on this version of it."""
    conn.execute(
        enrolments.update()
        .where(enrolments.c.actor_key.in_(keys), enrolments.c.programme == programme, enrolments.c.left_at.is_(None))
        .values(version=version)
    )


def place(conn: Connection, keys: Sequence[str], programme: str, institution: str) -> None:
    """All these accounts that are in the programme are in it at this institution."""
    for start in range(0, len(keys), 500):
        conn.execute(
            enrolments.update()
            .where(
                enrolments.c.actor_key.in_(keys[start : start + 500]),
                enrolments.c.programme == programme,
                enrolments.c.left_at.is_(None),
            )
            .values(institution=institution)
        )


def enrolments_of(conn: Connection, keys: Collection[str]) -> list[Enrolment]:
    """Programmes in which a person is, the earliest enrolment of each, oldest first."""
    rows = conn.execute(
        sa.select(enrolments)
        .where(enrolments.c.actor_key.in_(keys), enrolments.c.left_at.is_(None))
        .order_by(enrolments.c.since, enrolments.c.programme)
    )
    first: dict[str, Enrolment] = {}
    for row in rows:
        first.setdefault(
            row.programme, Enrolment(row.actor_key, row.programme, row.version, row.institution, row.since)
        )
    return list(first.values())


def enrolled_in(conn: Connection, programme: str) -> list[Enrolment]:
    """All accounts in a programme, oldest enrolment first."""
    rows = conn.execute(
        sa.select(enrolments)
        .where(enrolments.c.programme == programme, enrolments.c.left_at.is_(None))
        .order_by(enrolments.c.since, enrolments.c.actor_key)
    )
    return [Enrolment(row.actor_key, row.programme, row.version, row.institution, row.since) for row in rows]
