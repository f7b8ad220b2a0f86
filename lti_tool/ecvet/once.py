"""Forms that do something once, however often their button is pressed.

A form carries a token that was made when it was shown. The first time it comes in, it does its work; the second time
with the same content, nothing is left to do; with other content it is told, so that no change is lost in silence.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

import sqlalchemy as sa
from markupsafe import Markup
from sqlalchemy import Connection

from lti_tool.db import UTCDateTime, insert, metadata
from lti_tool.errors import N_, Conflict

FIELD = "once"
"""The name of the field that holds the token."""
KEPT = timedelta(days=2)
"""Longer than any page session lives."""

form_tokens = sa.Table(
    "form_tokens",
    metadata,
    sa.Column("token", sa.String(64), primary_key=True),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("used_at", UTCDateTime, nullable=False),
    sa.Index("ix_form_tokens_used_at", "used_at"),
)


def field() -> Markup:
    """The field that makes a form one that does its work once."""
    return Markup('<input type="hidden" name="{}" value="{}">').format(FIELD, secrets.token_urlsafe(16))


def first_time(conn: Connection, fields: Iterable[tuple[str, str]], now: datetime) -> bool:
    """True where this form was never taken before; False where it was, just as it is now.

    `fields`: all that was sent. A form without a token is always new. To be called in the transaction that does the
    work: of two presses at once the second waits for the first, and sees that it came second.

    Raises Conflict (ECVET-SENT) where a form of this token was taken with other content.
    """
    sent = sorted(fields)
    token = next((value for name, value in sent if name == FIELD), "")[:64]
    if not token:
        return True
    digest = hashlib.sha256(repr([pair for pair in sent if pair[0] != FIELD]).encode()).hexdigest()
    done = conn.execute(
        insert(conn, form_tokens)
        .values(token=token, digest=digest, used_at=now)
        .on_conflict_do_nothing(index_elements=["token"])
        .returning(form_tokens.c.token)
    )
    if done.one_or_none() is not None:
        return True
    if conn.scalar(sa.select(form_tokens.c.digest).where(form_tokens.c.token == token)) != digest:
        raise Conflict(
            "ECVET-SENT",
            N_("This form was sent before, with other content. What was sent first is saved; this is not."),
            N_("Open the page anew and enter the rest there."),
        )
    return False


def purge(conn: Connection, now: datetime) -> None:
    """Tokens of forms that nobody can have open any more are forgotten."""
    conn.execute(form_tokens.delete().where(form_tokens.c.used_at < now - KEPT))
