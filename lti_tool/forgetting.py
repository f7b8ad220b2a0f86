"""What names a person otherwise than by a column `actor_key`: user ids of an LMS, addresses, agents as JSON, journals
of merges, words that somebody wrote. For an erasure; every function takes a Connection and never commits.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import parse_qs

import sqlalchemy as sa
from sqlalchemy import Connection

from lti_tool import tables
from lti_tool.audit import admin_acts
from lti_tool.calls import service_calls
from lti_tool.evidence import observations, prior, works
from lti_tool.evidence.seminars import seminars
from lti_tool.journal import SOME, journal_entries
from lti_tool.launch import platforms
from lti_tool.launch.store import launches, logins
from lti_tool.people.accounts import Account
from lti_tool.people.courses import courses, links
from lti_tool.people.grants import grants
from lti_tool.people.groups import group_members
from lti_tool.people.joins import join_codes, person_joins
from lti_tool.people.post import mails
from xapi.erasure import without_words
from xapi.statement import actor_key

WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "decisions": ("reason",),
    "prior_claims": ("title", "issuer"),
    "observation_links": ("task",),
    "project_works": ("title",),
}
"""Columns with words of people, in tables whose rows may stay: a name in them is taken out."""
BLANK: Final[Mapping[str, Mapping[str, Any]]] = {
    "observation_links": {"learner_name": "", "email": None},
    "prior_claims": {"note": ""},
}
"""What rows that stay must not tell any more."""
_PART: Final = 1000


def words_of(known: Iterable[Account]) -> tuple[str, ...]:
    """What the person is called by: names and addresses of these accounts."""
    return tuple(sorted({word for one in known for word in (one.name, one.email) if word}))


def forget_users(conn: Connection, known: Iterable[Account]) -> None:
    """What LMSs know the accounts by (user ids) is gone from launches, logins, groups and the log of calls."""
    for account in known:
        told = account.actor.get("account", {})
        home, user = told.get("homePage"), told.get("name")
        numbers = [one.id for one in platforms.issuer_known(conn, str(home))]
        conn.execute(launches.delete().where(launches.c.platform_id.in_(numbers), launches.c.subject == user))
        begun = conn.execute(
            sa.select(logins.c.state_hash, logins.c.query).where(logins.c.platform_id.in_(numbers))
        ).all()
        theirs = [row.state_hash for row in begun if user in parse_qs(row.query).get("login_hint", ())]
        for start in range(0, len(theirs), SOME):
            conn.execute(logins.delete().where(logins.c.state_hash.in_(theirs[start : start + SOME])))
        conn.execute(
            service_calls.update()
            .where(service_calls.c.platform_id.in_(numbers), service_calls.c.user_id == user)
            .values(user_id=None)
        )
        ours = sa.select(courses.c.id).where(courses.c.platform_id.in_(numbers))
        conn.execute(group_members.delete().where(group_members.c.course_id.in_(ours), group_members.c.user_id == user))


def forget_addresses(conn: Connection, known: Iterable[Account]) -> None:
    """No mail waits for the person, and no invitation to rate somebody tells their address. The name of whoever rated
    stays with the rating, as the one who invited them gave it."""
    addresses = sorted({one.email.lower() for one in known if one.email})
    conn.execute(mails.delete().where(sa.func.lower(mails.c.address).in_(addresses)))
    asked = observations.links
    conn.execute(asked.update().where(sa.func.lower(asked.c.email).in_(addresses)).values(email=None))


def replace_keys(conn: Connection, keys: Sequence[str], new: str, stand_in: Mapping[str, Any]) -> None:
    """Where the person stands as somebody who did something to others, `new` (the key of `stand_in`) stands."""
    for table in tables.every().sorted_tables:
        # What they decided about others keeps the name of that day: the record must be readable.
        if "by_key" in table.c:
            conn.execute(table.update().where(table.c.by_key.in_(keys)).values(by_key=new))
    conn.execute(links.update().where(links.c.chosen_by.in_(keys)).values(chosen_by=new))
    conn.execute(grants.update().where(grants.c.granted_by.in_(keys)).values(granted_by=new))
    conn.execute(join_codes.delete().where(join_codes.c.asked_by.in_(keys)))
    conn.execute(person_joins.delete().where(person_joins.c.other_key.in_(keys)))
    for id, trainer in conn.execute(sa.select(seminars.c.id, seminars.c.trainer)).all():
        if actor_key(trainer) in keys:
            # Nobody vouches for whoever would type the code now.
            values = {"trainer": dict(stand_in), "open_until": None}
            conn.execute(seminars.update().where(seminars.c.id == id).values(**values))


def forget_journal(conn: Connection, keys: Collection[str], new: str) -> None:
    """The journal tells nothing of the person's own rows, and `new` where another row names them: a merge that is taken
    back brings nobody back."""
    mine = frozenset(keys)
    gone: list[int] = []
    changed: list[dict[str, Any]] = []
    for part in conn.execute(sa.select(journal_entries)).partitions(_PART):
        for row in part:
            told = (row.row_key, row.before, row.after)
            if any(one and one.get("actor_key") in mine for one in told):
                gone.append(row.id)
            elif any(value in mine for one in told if one for value in one.values() if isinstance(value, str)):
                key, before, after = (_replaced(one, mine, new) for one in told)
                changed.append({"b_id": row.id, "b_key": key, "b_before": before, "b_after": after})
    for start in range(0, len(gone), SOME):
        conn.execute(journal_entries.delete().where(journal_entries.c.id.in_(gone[start : start + SOME])))
    if changed:
        values: dict[str, Any] = {name: sa.bindparam(f"b_{name}") for name in ("before", "after")}
        conn.execute(
            journal_entries.update()
            .where(journal_entries.c.id == sa.bindparam("b_id"))
            .values(row_key=sa.bindparam("b_key"), **values),
            changed,
        )


def forget_words(conn: Connection, keys: Collection[str], words: Sequence[str]) -> None:
    """The words (names, addresses) are taken out of what was written about these accounts, and out of reasons in the
    audit trail, whomever those are about."""
    claimed = sa.select(prior.claims.c.id).where(prior.claims.c.actor_key.in_(keys))
    _blot(conn, prior.acts, "reason", prior.acts.c.claim.in_(claimed), words)
    _forget_works(conn, keys, words)
    for name, columns in WORDS.items():
        table = tables.every().tables[name]
        for column in columns:
            _blot(conn, table, column, table.c.actor_key.in_(keys), words)
    _blot(conn, admin_acts, "why", sa.true(), words)
    # What is said to all may name one of them.
    _blot(conn, tables.every().tables["announcements"], "text", sa.true(), words)


def _forget_works(conn: Connection, keys: Collection[str], words: Sequence[str]) -> None:
    """Of project work nothing stays but its titles and how it was rated: what it was, its files and its links tell of
    the person."""
    theirs = sa.select(works.works.c.id).where(works.works.c.actor_key.in_(keys))
    versions, acts = works.versions, works.acts
    _blot(conn, versions, "title", versions.c.work.in_(theirs), words)
    conn.execute(versions.update().where(versions.c.work.in_(theirs)).values(description="", links=[], files=[]))
    _blot(conn, acts, "reason", acts.c.work.in_(theirs), words)
    conn.execute(acts.update().where(acts.c.work.in_(theirs)).values(comments={}))


def forget_claims(conn: Connection, going: sa.ColumnElement[bool]) -> None:
    """Acts on claims that are going are gone; to be called before the claims go."""
    conn.execute(prior.acts.delete().where(prior.acts.c.claim.in_(sa.select(prior.claims.c.id).where(going))))


def _blot(conn: Connection, table: sa.Table, column: str, where: sa.ColumnElement[bool], words: Sequence[str]) -> None:
    own = list(table.primary_key)
    for row in conn.execute(sa.select(*own, table.c[column].label("said")).where(where)).all():
        said = without_words(row.said, words)
        if said != row.said:
            mine = sa.and_(*(one == getattr(row, one.name) for one in own))
            conn.execute(table.update().where(mine).values({column: said}))


def _replaced(values: Mapping[str, Any] | None, mine: Collection[str], new: str) -> dict[str, Any] | None:
    if values is None:
        return None
    return {name: new if isinstance(value, str) and value in mine else value for name, value in values.items()}
