"""A platform is taken out for good: what goes with it, and what stays because it belongs to the learners.

Statements, decisions, awards, enrolments and evidence stay, with the accounts that they name; so does the audit trail.
The connection, courses, lists of members, gradebook columns and grades go. Accounts that nothing rests on (people who
were on a list of members and did nothing) go too: there is no reason left to know their names.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Connection

from lti_tool import audit, journal, tables
from lti_tool.choose.store import chosen
from lti_tool.errors import N_, BadInput, Conflict
from lti_tool.gradebook import carry as grades
from lti_tool.gradebook.rows import line_items
from lti_tool.launch import merges, platforms
from lti_tool.launch.claims import Registration
from lti_tool.merging import book_of, hold
from lti_tool.people.accounts import accounts
from lti_tool.people.courses import courses, links, members
from lti_tool.people.roster import actor_of
from xapi.statement import actor_key
from xapi.tables import persona_actors, personas, statements

_OWN: Final = frozenset({"accounts", "members", "deliveries"})
"""Tables that name accounts and hold nothing of theirs that stays."""
_PLAIN_KEY: Final = 250
"""Longer keys are stored as digests in places; their accounts are left alone."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What goes with a platform. `waiting`: grades that changed and are not sent, or were not accepted. `accounts`: of
    people who did nothing; the others, `kept`, stay for their records."""

    platform: Registration
    courses: int
    columns: int
    waiting: int
    accounts: int
    kept: int


def plan(conn: Connection, platform: int) -> Plan:
    """What would go. Raises PLATFORM-UNKNOWN; nothing is written."""
    found = platforms.known(conn, platform)
    of_issuer = _of_issuer(found.issuer)
    idle = conn.scalar(_count(accounts, sa.and_(_idle(conn, found), of_issuer))) or 0
    return Plan(
        found,
        conn.scalar(_count(courses, courses.c.platform_id == platform)) or 0,
        conn.scalar(_count(line_items, line_items.c.platform_id == platform)) or 0,
        grades.waiting(conn, platform),
        idle,
        (conn.scalar(_count(accounts, of_issuer)) or 0) - idle,
    )


def delete(
    conn: Connection, platform: int, name: str, by: str, why: str, now: datetime, *, despite_waiting: bool = False
) -> Plan:
    """The platform is gone, its sessions have ended; what went.

    Raises PLATFORM-UNKNOWN; PLATFORM-NAME where `name` is another; PLATFORM-WAITING where grades wait, unless told.
    """
    hold(conn)
    gone = plan(conn, platform)
    if " ".join(name.split()) != " ".join(gone.platform.name.split()):
        raise BadInput(
            "PLATFORM-NAME", N_("This is not the name of the LMS."), N_("Type its name as it is shown."), whom="nobody"
        )
    if gone.waiting and not despite_waiting:
        raise Conflict(
            "PLATFORM-WAITING",
            N_("Grades for this LMS are still on their way (%(number)s)."),
            N_("Wait until they are sent, or say that they may be lost."),
            whom="nobody",
            params={"number": gone.waiting},
        )
    idle = sa.and_(_idle(conn, gone.platform), _of_issuer(gone.platform.issuer))
    conn.execute(line_items.delete().where(line_items.c.platform_id == platform))
    conn.execute(links.delete().where(links.c.platform_id == platform))
    ours = sa.select(courses.c.id).where(courses.c.platform_id == platform)
    conn.execute(chosen.delete().where(chosen.c.course_id.in_(ours)))
    conn.execute(courses.delete().where(courses.c.platform_id == platform))
    conn.execute(accounts.delete().where(idle))
    grades.cut(conn, platform)
    conn.execute(platforms.platforms.delete().where(platforms.platforms.c.id == platform))
    _forget_keys(conn, gone.platform.jwks_url)
    if (into := merges.standing(conn, platform)) is not None:
        journal.close(conn, book_of(into.id))
    told = {
        "issuer": gone.platform.issuer,
        "client_id": gone.platform.client_id,
        "courses": gone.courses,
        "columns": gone.columns,
        "waiting": gone.waiting,
        "accounts": gone.accounts,
    }
    audit.record(conn, "platform_deleted", f"{platform} {gone.platform.name}", by, why, now, told)
    return gone


def _forget_keys(conn: Connection, jwks_url: str) -> None:
    table = platforms.platforms
    shared = sa.exists().where(table.c.jwks_url == jwks_url)
    keys = platforms.platform_keys
    conn.execute(keys.delete().where(keys.c.jwks_url == jwks_url, ~shared))


def _count(table: sa.Table, where: sa.ColumnElement[bool]) -> sa.Select[Any]:
    return sa.select(sa.func.count()).select_from(table).where(where)


def _of_issuer(issuer: str) -> sa.ColumnElement[bool]:
    return accounts.c.actor_key.startswith(actor_key(actor_of(issuer, "")), autoescape=True)


def _idle(conn: Connection, platform: Registration) -> sa.ColumnElement[bool]:
    """Of an account: it is in no course of another platform, and nothing rests on it."""
    if len(platforms.issuer_known(conn, platform.issuer)) > 1:
        return sa.false()  # another registration of the same LMS knows the same people
    elsewhere = (
        sa.exists()
        .where(members.c.actor_key == accounts.c.actor_key, members.c.course_id == courses.c.id)
        .where(courses.c.platform_id != platform.id)
    )
    rests = [
        sa.exists().where(table.c.actor_key == accounts.c.actor_key)
        for table in tables.every().sorted_tables
        if "actor_key" in table.c and table.name not in _OWN
    ]
    own, others = personas.alias(), personas.alias()
    joined = (
        sa.exists()
        .where(persona_actors.c.key == accounts.c.actor_key, own.c.id == persona_actors.c.persona)
        .where(others.c.root == own.c.root, others.c.id != own.c.id)
    )
    said = sa.exists().where(statements.c.actor == accounts.c.actor_key)
    plain = sa.func.length(accounts.c.actor_key) <= _PLAIN_KEY // 4  # a letter has four bytes at most
    return sa.and_(plain, ~elsewhere, ~joined, ~said, *(~one for one in rests))
