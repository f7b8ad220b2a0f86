"""Accounts that are joined as one person, by the person themselves or by a coordinator: who, when, why, and back again.

`xapi.personas` alone knows who is one person. Here stand the codes by which a join comes about, and the reasons for
those that stand; of those that do not, the audit trail tells. A join never carries a role over: accounts with roles are
not joined here, or somebody could talk their way into the rights of another. Storage functions take a Connection and
never commit.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Connection

from lti_tool import audit
from lti_tool.db import UTCDateTime, metadata
from lti_tool.errors import N_, BadInput, Conflict, Forbidden, NotFound
from lti_tool.people.accounts import accounts_of, keys_of
from lti_tool.people.grants import grants_of
from lti_tool.people.join_code import digest
from xapi import personas

join_codes = sa.Table(
    "join_codes",
    metadata,
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("actor_key", sa.String, nullable=False),  # the account that shows it
    sa.Column("shown_at", UTCDateTime, nullable=False),
    sa.Column("asked_by", sa.String),  # the account into which it was typed
    sa.Column("asked_at", UTCDateTime),
    sa.Column("answered_at", UTCDateTime),
    sa.Index("ix_join_codes_actor_key", "actor_key"),
    sa.Index("ix_join_codes_asked_by", "asked_by"),
)
join_tries = sa.Table(
    "join_tries",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("actor_key", sa.String, nullable=False),
    sa.Column("at", UTCDateTime, nullable=False),
    sa.Index("ix_join_tries_actor_key", "actor_key", "at"),
)
person_joins = sa.Table(
    "person_joins",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),  # of the join in xapi.personas
    sa.Column("actor_key", sa.String, nullable=False),  # the account into whose person the other one's was joined
    sa.Column("other_key", sa.String, nullable=False),
    sa.Column("by_key", sa.String, nullable=False),
    sa.Column("by_name", sa.String, nullable=False),  # empty: the learner
    sa.Column("reason", sa.String, nullable=False),
    sa.Column("at", UTCDateTime, nullable=False),
    sa.Index("ix_person_joins_actor_key", "actor_key"),
    sa.Index("ix_person_joins_other_key", "other_key"),
)

LIFE: Final = timedelta(minutes=15)
"""How long a code can be typed in."""
ANSWER: Final = timedelta(hours=1)
"""How long the account that showed the code may take to confirm."""
MOST: Final = 10
"""Codes that an account may show, and wrong codes that it may type, within AN_HOUR."""
AN_HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Asked:
    """An account (`by`) asks to be joined with the one that showed the code (`key`)."""

    digest: str
    key: str
    by: str


@dataclass(frozen=True, slots=True)
class Joined:
    """A join that stands. `by_name` is empty where the learner did it."""

    id: str
    into_key: str
    other_key: str
    by_name: str
    reason: str
    at: datetime


def show(conn: Connection, key: str, code: str, now: datetime) -> None:
    """The account shows this code, and no other one. Raises PEOPLE-JOIN-TRIES where it showed too many."""
    mine = join_codes.c.actor_key == key
    many = conn.scalar(sa.select(sa.func.count()).where(mine, join_codes.c.shown_at > now - AN_HOUR)) or 0
    if many >= MOST:
        raise _too_many()
    # Earlier ones are used up, and still counted.
    conn.execute(join_codes.update().where(mine, join_codes.c.asked_by.is_(None)).values(answered_at=now))
    conn.execute(join_codes.insert().values(digest=digest(code), actor_key=key, shown_at=now))


def find(conn: Connection, code: str | None, by: str, now: datetime) -> Asked | None:
    """What this code, typed by the account `by`, asks for; None (and a try is counted) where it is not good (any more).

    Raises PEOPLE-JOIN-TRIES after MOST wrong ones within an hour.
    """
    mine = sa.and_(join_tries.c.actor_key == by, join_tries.c.at > now - AN_HOUR)
    if (conn.scalar(sa.select(sa.func.count()).where(mine)) or 0) >= MOST:
        raise _too_many()
    row = None
    if code is not None:
        good = (join_codes.c.asked_by.is_(None), join_codes.c.answered_at.is_(None), join_codes.c.shown_at > now - LIFE)
        row = conn.execute(sa.select(join_codes).where(join_codes.c.digest == digest(code), *good)).one_or_none()
    if row is None:
        conn.execute(join_tries.insert().values(actor_key=by, at=now))
        return None
    return Asked(row.digest, row.actor_key, by)


def ask(conn: Connection, asked: Asked, now: datetime) -> None:
    """The code is used up; the account that showed it is asked. Raises PEOPLE-JOIN-CODE, or as `must_fit`."""
    must_fit(conn, asked.key, asked.by)
    used = conn.execute(
        join_codes.update()
        .where(join_codes.c.digest == asked.digest, join_codes.c.asked_by.is_(None), join_codes.c.answered_at.is_(None))
        .values(asked_by=asked.by, asked_at=now)
    )
    if used.rowcount != 1:
        raise no_code()


def waiting(conn: Connection, keys: Collection[str], now: datetime) -> tuple[list[Asked], list[Asked]]:
    """Requests that these accounts have to answer, and those that they made and that wait for the other side."""
    open_ = (join_codes.c.asked_at > now - ANSWER, join_codes.c.answered_at.is_(None))
    rows = conn.execute(sa.select(join_codes).where(*open_).order_by(join_codes.c.asked_at)).all()
    found = [Asked(row.digest, row.actor_key, row.asked_by) for row in rows]
    return [one for one in found if one.key in keys], [one for one in found if one.by in keys]


def answer(conn: Connection, digest: str, keys: Collection[str], yes: bool, by: str, now: datetime) -> str | None:
    """The account that showed the code says yes (then the two are one person; the id of the join) or no.

    Raises PEOPLE-JOIN-CODE where nobody asks these accounts (any more), or as `must_fit`.
    """
    row = conn.execute(
        join_codes.update()
        .where(
            join_codes.c.digest == digest,
            join_codes.c.actor_key.in_(keys),
            join_codes.c.asked_at > now - ANSWER,
            join_codes.c.answered_at.is_(None),
        )
        .values(answered_at=now)
        .returning(join_codes.c.actor_key, join_codes.c.asked_by)
    ).one_or_none()
    if row is None:
        raise no_code()
    return join(conn, row.actor_key, row.asked_by, by, "", "", now) if yes else None


def join(conn: Connection, into: str, other: str, by: str, by_name: str, reason: str, now: datetime) -> str:
    """The persons of these accounts are one; the id of the join. Raises as `must_fit`."""
    one, two = must_fit(conn, into, other)
    made = personas.join(conn, one, two, by_name or "learner", now)
    row = {"id": made, "actor_key": into, "other_key": other, "by_key": by, "by_name": by_name, "reason": reason}
    conn.execute(person_joins.insert().values(**row, at=now))
    audit.record(conn, "people_joined", made, by_name or "learner", reason, now)
    return made


def undo(conn: Connection, id: str, keys: Collection[str], by_name: str, why: str, now: datetime) -> Joined:
    """The join holds no longer; it must be one of the person with these accounts. Raises PEOPLE-JOIN (404)."""
    found = next((one for one in of(conn, keys) if one.id == id), None)
    if found is None:
        raise NotFound("PEOPLE-JOIN", N_("There is no such join of accounts."), N_("There is nothing to do."))
    personas.undo(conn, id, now, by_name or "learner")
    conn.execute(person_joins.delete().where(person_joins.c.id == id))
    audit.record(conn, "people_parted", id, by_name or "learner", why, now)
    return found


def of(conn: Connection, keys: Collection[str]) -> list[Joined]:
    """The joins of a person with these accounts that stand, newest first; none that came of merging platforms."""
    j = person_joins
    mine = sa.or_(j.c.actor_key.in_(keys), j.c.other_key.in_(keys))
    rows: Any = conn.execute(sa.select(j).where(mine).order_by(j.c.at.desc(), j.c.id))
    return [Joined(row.id, row.actor_key, row.other_key, row.by_name, row.reason, row.at) for row in rows]


def must_fit(conn: Connection, into: str, other: str) -> tuple[str, str]:
    """The persons of two accounts that may be joined. Raises PEOPLE-JOIN-CODE where one of the accounts is gone,
    PEOPLE-JOIN-SAME where they are one person, PEOPLE-JOIN-ROLE where one holds a role."""
    known = accounts_of(conn, [into, other])
    persons = {key: personas.find_persona(conn, account.actor) for key, account in known.items()}
    one, two = persons.get(into), persons.get(other)
    if one is None or two is None:
        raise no_code()
    if one == two:
        raise Conflict("PEOPLE-JOIN-SAME", N_("These accounts are one person already."), N_("There is nothing to do."))
    if grants_of(conn, keys_of(conn, one)) or grants_of(conn, keys_of(conn, two)):
        raise Forbidden(
            "PEOPLE-JOIN-ROLE",
            N_("One of these accounts holds a role here, such as mentor or coordinator. Such accounts are not joined."),
            N_("Ask the administrator of the tool."),
            whom="administrator",
        )
    return one, two


def must_say(reason: str) -> str:
    """A reason, tidied. Raises PEOPLE-JOIN-REASON where there is none."""
    said = " ".join(reason.split())
    if not said or len(said) > 2000:
        raise BadInput("PEOPLE-JOIN-REASON", N_("Say why."), N_("Go back and say in a sentence or two why."))
    return said


def no_code() -> NotFound:
    return NotFound(
        "PEOPLE-JOIN-CODE",
        N_("This code is not good (any more)."),
        N_("A code works once, for 15 minutes. Show a new one in the other account, and type it as it stands there."),
    )


def _too_many() -> Conflict:
    return Conflict(
        "PEOPLE-JOIN-TRIES", N_("There were too many codes within an hour."), N_("Try again in an hour."), status=429
    )


def purge(conn: Connection, now: datetime) -> None:
    """What counts no more is gone."""
    conn.execute(join_tries.delete().where(join_tries.c.at <= now - AN_HOUR))
    conn.execute(join_codes.delete().where(join_codes.c.shown_at <= now - AN_HOUR - ANSWER - LIFE))
