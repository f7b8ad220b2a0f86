"""/privacy: which data is kept, for whom and how long; and, by an LMS's data privacy message, what is kept of a user.

Data Privacy Launch of 1EdTech: an LMS opens the tool for its administrator (or for a user), who wants to know what the
tool holds. What is kept of somebody else is shown to administrators of that LMS alone, and of the account there alone:
accounts that the person has elsewhere are none of that LMS's business.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import sqlalchemy as sa
from flask import Blueprint, render_template
from flask_babel import gettext as _
from sqlalchemy import Connection

from lti_tool.db import metadata, reading
from lti_tool.launch import platforms
from lti_tool.launch import store as launches
from lti_tool.launch.claims import FOR_USER, ROLES
from lti_tool.launch.session import PageSession, current_session
from lti_tool.people.courses import members
from lti_tool.people.roster import actor_of
from lti_tool.people.store import accounts_of, enrolments_of
from lti_tool.wiring import Wiring
from xapi.actors import storage_key
from xapi.statement import actor_key
from xapi.tables import statements

ADMINISTRATORS: Final = frozenset(
    {
        "http://purl.imsglobal.org/vocab/lis/v2/institution/person#Administrator",
        "http://purl.imsglobal.org/vocab/lis/v2/system/person#Administrator",
        "http://purl.imsglobal.org/vocab/lis/v2/system/person#SysAdmin",
    }
)
_COUNTED: Final = ("module_progress", "quiz_attempts", "decisions", "awards", "agreements")


def blueprint(wiring: Wiring) -> Blueprint:
    """The page `/privacy`, for everybody; below a session of a data privacy message, with a user's data."""
    pages = Blueprint("privacy", __name__)

    @pages.get("/privacy")
    def show() -> str:
        session = current_session()
        subject, allowed, rows = None, True, None
        if session is not None and session.message == "privacy":
            with reading(wiring.engine) as conn:
                subject, allowed = _subject(conn, session)
                rows = _rows(conn, session, subject) if subject and allowed else None
        return render_template(
            "privacy.html", contact=wiring.settings.contact, rows=rows, subject=subject, allowed=allowed
        )

    return pages


def _subject(conn: Connection, session: PageSession) -> tuple[str | None, bool]:
    """The LMS's id of the user whom the message speaks of (None: of nobody); whether the visitor may see their data."""
    launch = launches.get_launch(conn, session.sid)
    if launch is None:
        return None, True
    named = launch.claims.get(FOR_USER)
    user = named.get("user_id") if isinstance(named, Mapping) else None
    roles = launch.claims.get(ROLES)
    administers = bool(ADMINISTRATORS & set(roles if isinstance(roles, list) else ()))
    if user is None:
        return (None if administers else launch.subject), True
    return str(user), administers or user == launch.subject


def _rows(conn: Connection, session: PageSession, user: str) -> list[tuple[str, str]]:
    """What is kept of this account, as (what, how much)."""
    platform = platforms.get(conn, session.platform) if session.platform is not None else None
    if platform is None:
        return []
    key = actor_key(actor_of(platform.issuer, user))
    account = accounts_of(conn, [key]).get(key)
    if account is None:
        return []
    counted: dict[str, int] = {
        name: _count(conn, metadata.tables[name], key) for name in _COUNTED if name in metadata.tables
    }
    said = conn.scalar(sa.select(sa.func.count()).select_from(statements).where(statements.c.actor == storage_key(key)))
    programmes = ", ".join(sorted(one.programme for one in enrolments_of(conn, [key])))
    none = str(_("not kept"))
    return [
        (_("Name"), account.name or none),
        (_("E-mail address"), account.email or none),
        (_("Language"), account.locale or none),
        (_("Courses"), str(_count(conn, members, key))),
        (_("Programmes"), programmes or none),
        (_("Modules begun"), str(counted.get("module_progress", 0))),
        (_("Quiz attempts"), str(counted.get("quiz_attempts", 0))),
        (_("Learning records (statements)"), str(said or 0)),
        (_("Decisions about units"), str(counted.get("decisions", 0))),
        (_("Papers issued"), str(counted.get("awards", 0))),
        (_("Learning agreements"), str(counted.get("agreements", 0))),
    ]


def _count(conn: Connection, table: sa.Table, key: str) -> int:
    return conn.scalar(sa.select(sa.func.count()).select_from(table).where(table.c.actor_key == key)) or 0
