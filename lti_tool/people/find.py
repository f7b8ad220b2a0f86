"""Who is meant: by a person's id, an account, an e-mail address, or a name that only one person has."""

from __future__ import annotations

from contextlib import suppress
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from lti_tool.errors import BadInput
from lti_tool.people.accounts import accounts
from xapi import personas
from xapi.errors import NotFound


def find(conn: Connection, asked: str) -> str:
    """The one person meant (a persona id). Raises PEOPLE-WHO where there is none, or more than one."""
    asked = asked.strip()
    known = accounts.c
    keys = conn.scalars(
        sa.select(known.actor_key).where(sa.or_(known.actor_key == asked, known.email == asked, known.name == asked))
    ).all()
    found = set(personas.find_personas(conn, keys).values())
    with suppress(ValueError, NotFound):
        found.add(personas.root_of(conn, str(UUID(asked))))
    if len(found) != 1:
        what = "There is no such person." if not found else "Several people are called so."
        raise BadInput("PEOPLE-WHO", what, "Name the person's id, an account or an e-mail address.", whom="nobody")
    return found.pop()
