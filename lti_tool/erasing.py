"""A person is forgotten (GDPR, article 17): name, addresses, accounts, sessions, places, drafts, files, what the log
holds of them; and their statements, unless something was decided or awarded on them.

Where decisions or papers rest on it, the evidence stays under an account that nobody knows, so that what was certified
can still be confirmed: article 17(3)(b) and (e). The register of papers stays as it was issued. Who did it, when and
why is written down, without the name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy import Connection

from lti_tool import audit, forgetting, tables
from lti_tool.ecvet import summary_rows
from lti_tool.evidence import files, observations, prior, works
from lti_tool.people.accounts import accounts, accounts_of, keys_of
from xapi import erasure
from xapi.erasure import Erased
from xapi.statement import actor_key
from xapi.tables import persona_actors

RESTS: Final = ("decisions", "awards")
"""Tables whose rows say that something was decided on the person's evidence."""
KEPT: Final[Mapping[str, sa.ColumnElement[bool]]] = {
    **dict.fromkeys((*RESTS, "enrolments", "attendances"), sa.true()),
    "prior_claims": sa.exists().where(prior.acts.c.claim == prior.claims.c.id),
    "observation_links": observations.links.c.used_at.is_not(None),
    "project_works": sa.exists().where(works.acts.c.work == works.works.c.id),
}
"""Tables whose rows stay then, under the account that nobody knows, and which of them: a claim or project work on which
somebody acted, an invitation that was used. Whatever other table names a person is emptied of them, one that is made
some day as well."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """What was erased, or would be. `kept`: by table, the rows that stay because something was decided on them; `gone`:
    by table, those that go. `files`: SHA-256 of files that nobody else has handed in."""

    accounts: int
    statements: Erased
    kept: Mapping[str, int] = field(default_factory=dict)
    gone: Mapping[str, int] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    stand_in: str = ""

    @property
    def decided(self) -> bool:
        """Whether evidence stays, under an account that nobody knows."""
        return any(self.kept.get(name) for name in RESTS)


def plan(conn: Connection, person: str) -> Erasure:
    """What would be erased of this person (a persona id). Nothing is written."""
    keys = keys_of(conn, person)
    keep = any(_count(conn, tables.every().tables[name], keys) for name in RESTS)
    kept = {str(one.name): _count(conn, one, keys, KEPT[one.name]) for one in _tables() if keep and one.name in KEPT}
    gone = {str(one.name): _count(conn, one, keys) - kept.get(one.name, 0) for one in _tables()}
    return Erasure(
        accounts=len(accounts_of(conn, keys)),
        statements=erasure.count(conn, keys, keep=keep),
        kept={name: n for name, n in kept.items() if n},
        gone={name: n for name, n in gone.items() if n},
        files=_files(conn, keys),
    )


def erase(conn: Connection, person: str, by: str, why: str, now: datetime, base_url: str) -> Erasure:
    """The person is forgotten; what that came to. The files must be deleted from the disk after the commit."""
    keys = keys_of(conn, person)
    told = plan(conn, person)
    known = list(accounts_of(conn, keys).values())
    words = forgetting.words_of(known)
    stand_in = {"objectType": "Agent", "account": {"homePage": base_url, "name": f"erased-{uuid4()}"}}
    new = actor_key(stand_in)
    forgetting.forget_users(conn, known)
    forgetting.forget_addresses(conn, known)
    forgetting.forget_words(conn, keys, words)
    summary_rows.forget(conn, person)
    erased = erasure.erase(conn, keys, stand_in, keep=told.decided, words=words)
    if told.decided:
        conn.execute(accounts.insert().values(actor_key=new, actor=stand_in, created_at=now, seen_at=now))
        conn.execute(persona_actors.insert().values(key=new, persona=person, actor=stand_in, created=now))
    # What names others comes last: rows that rest on an account go with it.
    for table in reversed(list(_tables())):
        going = table.c.actor_key.in_(keys)
        if told.decided and table.name in KEPT:
            going = sa.and_(going, sa.not_(KEPT[table.name]))
        if table is prior.claims:
            forgetting.forget_claims(conn, going)
        conn.execute(table.delete().where(going))
        if told.decided and table.name in KEPT:
            _rekey(conn, table, keys, new)
    forgetting.replace_keys(conn, keys, new, stand_in)
    forgetting.forget_journal(conn, keys, new)
    conn.execute(accounts.delete().where(accounts.c.actor_key.in_(keys)))
    name = str(stand_in["account"]["name"])  # type: ignore[index]  # it is a mapping
    detail = {
        "accounts": told.accounts,
        "statements_removed": erased.removed,
        "statements_rewritten": erased.rewritten,
        "kept": dict(told.kept),
        "gone": dict(told.gone),
    }
    audit.record(conn, "person_erased", name, by, erasure.without_words(why, words), now, detail)
    return Erasure(told.accounts, erased, told.kept, told.gone, told.files, name)


def _tables() -> list[sa.Table]:
    return [table for table in tables.every().sorted_tables if "actor_key" in table.c and table is not accounts]


def _count(conn: Connection, table: sa.Table, keys: Sequence[str], which: sa.ColumnElement[bool] | None = None) -> int:
    where = table.c.actor_key.in_(keys) if which is None else sa.and_(table.c.actor_key.in_(keys), which)
    return conn.scalar(sa.select(sa.func.count()).select_from(table).where(where)) or 0


def _rekey(conn: Connection, table: sa.Table, keys: Sequence[str], new: str) -> None:
    """The rows are the new account's; of two that would be the same row then, the first stays."""
    own = [column for column in table.primary_key if column.name != "actor_key"]
    if len(own) < len(table.primary_key):
        rows = conn.execute(sa.select(table).where(table.c.actor_key.in_(keys)).order_by(*table.primary_key)).all()
        seen: set[tuple[Any, ...]] = set()
        for row in rows:
            place = tuple(getattr(row, column.name) for column in own)
            if place in seen:
                where = sa.and_(*(column == getattr(row, column.name) for column in table.primary_key))
                conn.execute(table.delete().where(where))
            seen.add(place)
    values: dict[str, Any] = {"actor_key": new, **forgetting.BLANK.get(table.name, {})}
    conn.execute(table.update().where(table.c.actor_key.in_(keys)).values(**values))


def _files(conn: Connection, keys: Sequence[str]) -> tuple[str, ...]:
    table = files.files
    mine = set(conn.scalars(sa.select(table.c.sha256).where(table.c.actor_key.in_(keys))))
    others = set(
        conn.scalars(sa.select(table.c.sha256).where(table.c.sha256.in_(mine), table.c.actor_key.not_in(keys)))
    )
    return tuple(sorted(mine - others))
