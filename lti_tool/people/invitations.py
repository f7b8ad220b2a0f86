"""One-time sign-in links, for those who have no LMS. Only hashes of their tokens are kept.

Storage functions take a Connection and never commit.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import Connection

from lti_tool.db import UTCDateTime, metadata
from lti_tool.people.accounts import Account, account_from, accounts

invitations = sa.Table(
    "invitations",
    metadata,
    sa.Column("token_hash", sa.String, primary_key=True),
    sa.Column("actor_key", sa.ForeignKey("accounts.actor_key", ondelete="CASCADE"), nullable=False),
    sa.Column("created_at", UTCDateTime, nullable=False),
    sa.Column("expires_at", UTCDateTime, nullable=False),
    sa.Column("used_at", UTCDateTime),
)

INVITATION_LIFE = timedelta(days=7)
MAILED_LIFE = timedelta(hours=1)
MAIL_PAUSE = timedelta(minutes=5)
"""Between two sign-in mails to one person: nobody's mailbox is flooded through this page."""


def invite(conn: Connection, key: str, now: datetime, life: timedelta = INVITATION_LIFE) -> str:
    """A new one-time sign-in token for the account. Only its hash is kept, so a copy of the database opens no door."""
    token = secrets.token_urlsafe(24)
    conn.execute(
        invitations.insert().values(token_hash=_hash(token), actor_key=key, created_at=now, expires_at=now + life)
    )
    return token


def invited(conn: Connection, token: str, now: datetime) -> Account | None:
    """The account that an unused, unexpired token signs in; nothing is used up (mail scanners open links)."""
    row = conn.execute(
        sa.select(accounts)
        .join(invitations, invitations.c.actor_key == accounts.c.actor_key)
        .where(
            invitations.c.token_hash == _hash(token),
            invitations.c.used_at.is_(None),
            invitations.c.expires_at > now,
        )
    ).one_or_none()
    return None if row is None else account_from(row)


def use_invitation(conn: Connection, token: str, now: datetime) -> str | None:
    """Uses the token up and returns the actor key, or None where it was used, has expired or never was.

    One statement decides, so of two clicks at once one signs in.
    """
    return conn.execute(
        invitations.update()
        .where(
            invitations.c.token_hash == _hash(token),
            invitations.c.used_at.is_(None),
            invitations.c.expires_at > now,
        )
        .values(used_at=now)
        .returning(invitations.c.actor_key)
    ).scalar_one_or_none()


def withdraw(conn: Connection, token: str) -> None:
    """The token signs nobody in: it never reached its person."""
    conn.execute(invitations.delete().where(invitations.c.token_hash == _hash(token)))


def invited_lately(conn: Connection, key: str, now: datetime) -> bool:
    """True where a link was made for the account a moment ago."""
    return bool(
        conn.scalar(
            sa.select(sa.func.count())
            .select_from(invitations)
            .where(invitations.c.actor_key == key, invitations.c.created_at > now - MAIL_PAUSE)
        )
    )


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
