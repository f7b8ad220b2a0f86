"""Sign-in mails that wait to be sent. Who asks for one only leaves the address here: whether it is known is found out
by the worker, so the page takes the same steps, and the same time, for every address.

Storage functions take a Connection and never commit.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Connection

from lti_tool.db import UTCDateTime, metadata

mails = sa.Table(
    "mails",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("address", sa.String(254), nullable=False),
    sa.Column("locale", sa.String(8), nullable=False),
    sa.Column("asked_at", UTCDateTime, nullable=False),
    sa.Column("due_at", UTCDateTime, nullable=False),
    sa.Column("leased_until", UTCDateTime),
    sa.Column("leased_by", sa.String),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("detail", sa.String),  # what the mail server said last
    sa.Column("failed_at", UTCDateTime),  # given up
    sa.Index("ix_mails_due_at", "due_at"),
)

MOST_WAITING: Final = 1000
"""Requests that may wait at a time; anybody can make them, and what is asked beyond that is dropped."""
LEASE: Final = timedelta(minutes=2)
TRIES: Final = 5
"""Within the hour for which people wait for such a mail at all."""
KEEP_FAILED: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail that was asked for. `failed_at`: it was given up then, and an administrator may try again."""

    id: int
    address: str
    locale: str
    asked_at: datetime
    due_at: datetime
    attempts: int
    detail: str | None
    failed_at: datetime | None
    again: bool = False
    """True where somebody tried before, and it is not known to have been sent."""


def ask(conn: Connection, address: str, locale: str, now: datetime) -> None:
    """A sign-in link for whoever has this address is asked for, if anybody has it."""
    waiting = conn.scalar(sa.select(sa.func.count()).select_from(mails).where(mails.c.failed_at.is_(None)))
    if (waiting or 0) < MOST_WAITING:
        conn.execute(mails.insert().values(address=address, locale=locale, asked_at=now, due_at=now))


def claim(conn: Connection, worker: str, now: datetime) -> Mail | None:
    """The mail that waits longest, leased to `worker`; None where nothing is due."""
    free = sa.or_(mails.c.leased_until.is_(None), mails.c.leased_until <= now)
    row = conn.execute(
        sa.select(mails)
        .where(mails.c.failed_at.is_(None), mails.c.due_at <= now, free)
        .order_by(mails.c.due_at, mails.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)  # said on PostgreSQL alone
    ).one_or_none()
    if row is None:
        return None
    conn.execute(mails.update().where(mails.c.id == row.id).values(leased_until=now + LEASE, leased_by=worker))
    return _mail(row)


def done(conn: Connection, mail: int) -> None:
    """The mail was sent, or nobody has that address: nothing is kept of it."""
    conn.execute(mails.delete().where(mails.c.id == mail))


def failed(conn: Connection, mail: Mail, detail: str, now: datetime) -> None:
    """The mail server did not take it: the next try comes after 1, 2, 4, 8 minutes; after TRIES it is given up."""
    attempts = mail.attempts + 1
    conn.execute(
        mails.update()
        .where(mails.c.id == mail.id)
        .values(
            attempts=attempts,
            detail=detail[:500],
            leased_until=None,
            due_at=now + timedelta(minutes=1 << mail.attempts),
            failed_at=now if attempts >= TRIES else None,
        )
    )


def troubled(conn: Connection) -> list[Mail]:
    """Mails that failed at least once, newest first, for administrators."""
    rows = conn.execute(sa.select(mails).where(mails.c.attempts > 0).order_by(mails.c.id.desc()).limit(200))
    return [_mail(row) for row in rows]


def again(conn: Connection, mail: int, now: datetime) -> bool:
    """The mail is due now, with all its tries; False where there is none of this number."""
    values: dict[str, Any] = {"due_at": now, "attempts": 0, "failed_at": None, "detail": None}
    return conn.execute(mails.update().where(mails.c.id == mail).values(**values)).rowcount == 1


def purge(conn: Connection, now: datetime) -> int:
    """Mails given up 30 days ago are forgotten; how many those were."""
    return conn.execute(mails.delete().where(mails.c.failed_at < now - KEEP_FAILED)).rowcount


def _mail(row: sa.Row[Any]) -> Mail:
    return Mail(
        row.id,
        row.address,
        row.locale,
        row.asked_at,
        row.due_at,
        row.attempts,
        row.detail,
        row.failed_at,
        row.leased_by is not None or row.attempts > 0,
    )
