"""Roles that were granted here: to whom, for which institution and programme, by whom, until when.

Storage functions take a Connection and never commit.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from lti_tool.db import UTCDateTime, metadata
from lti_tool.people.accounts import Account, account_from, accounts
from lti_tool.people.roles import Grant, Role

grants = sa.Table(
    "grants",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("actor_key", sa.ForeignKey("accounts.actor_key", ondelete="CASCADE"), nullable=False),
    sa.Column("role", sa.String, nullable=False),
    sa.Column("institution", sa.String),
    sa.Column("programme", sa.String),
    sa.Column("granted_at", UTCDateTime, nullable=False),
    sa.Column("granted_by", sa.String, nullable=False),
    sa.Column("revoked_at", UTCDateTime),
    sa.Index("ix_grants_actor_key", "actor_key"),
)


def grant(conn: Connection, key: str, given: Grant, by: str, now: datetime) -> None:
    """The account holds the role; granted twice is granted once."""
    already = conn.scalar(
        sa.select(grants.c.id).where(
            grants.c.actor_key == key,
            grants.c.role == given.role,
            grants.c.institution.is_not_distinct_from(given.institution),
            grants.c.programme.is_not_distinct_from(given.programme),
            grants.c.revoked_at.is_(None),
        )
    )
    if already is None:
        conn.execute(
            grants.insert().values(
                actor_key=key,
                role=given.role,
                institution=given.institution,
                programme=given.programme,
                granted_at=now,
                granted_by=by,
            )
        )


@dataclass(frozen=True, slots=True)
class Held:
    """A role that somebody holds or held: since when, given by whom, until when (None: still)."""

    grant: Grant
    since: datetime
    by: str
    until: datetime | None


def history(conn: Connection, keys: Collection[str]) -> list[Held]:
    """All roles of a person, withdrawn ones too, oldest first."""
    rows = conn.execute(sa.select(grants).where(grants.c.actor_key.in_(keys)).order_by(grants.c.id))
    return [
        Held(Grant(row.role, row.institution, row.programme), row.granted_at, row.granted_by, row.revoked_at)
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class Given:
    """A grant that stands: its number, who holds it, since when."""

    id: int
    account: Account
    grant: Grant
    since: datetime


def within(conn: Connection, institutions: Collection[str], roles: Collection[Role]) -> list[Given]:
    """Grants of these roles that stand and are bound to one of these institutions, by name."""
    rows = conn.execute(
        sa.select(accounts, grants.c.id, grants.c.role, grants.c.institution, grants.c.programme, grants.c.granted_at)
        .join(grants, grants.c.actor_key == accounts.c.actor_key)
        .where(
            grants.c.revoked_at.is_(None),
            grants.c.institution.in_(sorted(institutions)),
            grants.c.role.in_(sorted(roles)),
        )
        .order_by(accounts.c.name, grants.c.id)
    )
    return [
        Given(row.id, account_from(row), Grant(row.role, row.institution, row.programme), row.granted_at)
        for row in rows
    ]


def end(conn: Connection, id: int, now: datetime) -> bool:
    """The grant of this number stands no more; False where it did not."""
    mine = sa.and_(grants.c.id == id, grants.c.revoked_at.is_(None))
    return conn.execute(grants.update().where(mine).values(revoked_at=now)).rowcount == 1


def withdraw(
    conn: Connection,
    keys: Collection[str],
    role: Role,
    now: datetime,
    *,
    institution: str | None = None,
    programme: str | None = None,
) -> int:
    """The person holds the role no more: there, or (None) wherever it was given; how many grants ended."""
    where = [grants.c.actor_key.in_(keys), grants.c.role == role, grants.c.revoked_at.is_(None)]
    if institution is not None:
        where.append(grants.c.institution == institution)
    if programme is not None:
        where.append(grants.c.programme == programme)
    return conn.execute(grants.update().where(*where).values(revoked_at=now)).rowcount


def grants_of(conn: Connection, keys: Collection[str]) -> list[Grant]:
    """The roles that a person holds now, over all accounts."""
    rows = conn.execute(
        sa.select(grants).where(grants.c.actor_key.in_(keys), grants.c.revoked_at.is_(None)).order_by(grants.c.id)
    )
    return [Grant(row.role, row.institution, row.programme) for row in rows]


def holders(conn: Connection, role: Role | None = None) -> list[tuple[Account, Grant]]:
    """Everyone with a role, by name."""
    query = (
        sa.select(accounts, grants.c.role, grants.c.institution, grants.c.programme)
        .join(grants, grants.c.actor_key == accounts.c.actor_key)
        .where(grants.c.revoked_at.is_(None))
        .order_by(accounts.c.name, grants.c.id)
    )
    if role:
        query = query.where(grants.c.role == role)
    return [(account_from(row), Grant(row.role, row.institution, row.programme)) for row in conn.execute(query)]
