"""Accounts: who somebody is on an LMS, or here, and what they are called.

Every row of `people` names an *actor* (an account on one LMS, or one of this tool), by the actor key of xapi. Who is
one person with whom is known to `xapi.personas` alone: questions about a person take the keys of all actors joined
there, so that joining two accounts, or undoing it, rewrites nothing here. Storage functions take a Connection and never
commit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy import Connection

from lti_tool.db import JSONText, UTCDateTime, metadata
from xapi import personas
from xapi.prepared import Inserting, Prepared, Statement, columns_of
from xapi.statement import actor_key

accounts = sa.Table(
    "accounts",
    metadata,
    sa.Column("actor_key", sa.String, primary_key=True),
    sa.Column("actor", JSONText, nullable=False),
    sa.Column("name", sa.String),
    sa.Column("email", sa.String),
    sa.Column("locale", sa.String),
    sa.Column("created_at", UTCDateTime, nullable=False),
    sa.Column("seen_at", UTCDateTime, nullable=False),
)


def _arrived(insert: Inserting) -> Statement:
    new = insert(accounts).values(columns_of(accounts, "actor_key actor name email locale created_at seen_at"))
    known = {name: sa.func.coalesce(new.excluded[name], accounts.c[name]) for name in ("name", "email", "locale")}
    return new.on_conflict_do_update(index_elements=["actor_key"], set_={"seen_at": new.excluded.seen_at, **known})


_ARRIVED = Prepared(_arrived)


@dataclass(frozen=True, slots=True)
class Account:
    """One account of a person: on an LMS, or here. Name and e-mail are None where the LMS keeps them to itself."""

    key: str
    actor: Mapping[str, Any]
    name: str | None
    email: str | None
    locale: str | None
    seen_at: datetime


def arrive(
    conn: Connection,
    actor: Mapping[str, Any],
    now: datetime,
    *,
    name: str | None = None,
    email: str | None = None,
    locale: str | None = None,
) -> str:
    """The actor has an account, with what is newly known of it, and a persona; the persona's id is returned.

    What an LMS no longer tells is kept: a platform that stops releasing names must not make people anonymous.
    """
    _ARRIVED.run(
        conn,
        actor_key=actor_key(actor),
        actor=dict(actor),
        created_at=now,
        seen_at=now,
        name=name,
        email=email,
        locale=locale,
    )
    return personas.persona_of(conn, actor, now)


def person_here(conn: Connection, base_url: str, name: str, now: datetime, email: str | None = None) -> str:
    """A person without LMS has an account of this tool; its actor key is returned."""
    actor = {"objectType": "Agent", "account": {"homePage": base_url, "name": f"person-{uuid4()}"}}
    arrive(conn, actor, now, name=name, email=email)
    return actor_key(actor)


def keys_of(conn: Connection, person: str) -> list[str]:
    """Actor keys of all accounts of a person."""
    return [actor_key(actor) for actor in personas.actors_of(conn, person)]


def keys_here(conn: Connection, actor: Mapping[str, Any]) -> list[str]:
    """Actor keys of the person whom this account belongs to now: who was joined, or parted, since a session began."""
    person = personas.find_persona(conn, actor)
    return keys_of(conn, person) if person else [actor_key(actor)]


def same_person(conn: Connection, key: str) -> list[str]:
    """Actor keys of the person to whom the account with this key belongs, that key included."""
    account = accounts_of(conn, [key]).get(key)
    person = personas.find_persona(conn, account.actor) if account else None
    return keys_of(conn, person) if person else [key]


def accounts_of(conn: Connection, keys: Collection[str]) -> dict[str, Account]:
    """The accounts with these actor keys, by key."""
    wanted = sorted(keys)
    found: dict[str, Account] = {}
    for start in range(0, len(wanted), 500):  # a statement of SQLite has room for a limited number of values
        query = sa.select(accounts).where(accounts.c.actor_key.in_(wanted[start : start + 500]))
        found |= {row.actor_key: account_from(row) for row in conn.execute(query)}
    return found


def account_from(row: sa.Row[Any]) -> Account:
    return Account(row.actor_key, row.actor, row.name, row.email, row.locale, row.seen_at)


def blank(conn: Connection, keys: Collection[str]) -> int:
    """Name and e-mail address of these accounts are known no more; of how many there was something to blank."""
    wanted, blanked = sorted(keys), 0
    for start in range(0, len(wanted), 500):
        some = accounts.c.actor_key.in_(wanted[start : start + 500])
        told = sa.or_(accounts.c.name.is_not(None), accounts.c.email.is_not(None))
        blanked += conn.execute(accounts.update().where(some, told).values(name=None, email=None)).rowcount
    return blanked


def choose_locale(conn: Connection, keys: Collection[str], locale: str) -> None:
    """The person's pages are shown in this language from now on."""
    conn.execute(accounts.update().where(accounts.c.actor_key.in_(keys)).values(locale=locale))


def account_by_email(conn: Connection, email: str, base_url: str) -> Account | None:
    """The account of this tool (never one of an LMS) that belongs to the address, if just one does."""
    rows = [
        account_from(row)
        for row in conn.execute(sa.select(accounts).where(sa.func.lower(accounts.c.email) == email.lower()).limit(20))
        if row.actor["account"]["homePage"] == base_url
    ]
    return rows[0] if len(rows) == 1 else None


def short_tag(key: str) -> str:
    """Four characters to tell nameless learners apart: always the same for the same account."""
    return hashlib.sha256(key.encode()).hexdigest()[:4].upper()
