"""The switch "learn no names or e-mail addresses from this LMS"."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from lti_tool import audit
from lti_tool.launch import merges, platforms
from lti_tool.launch.claims import Registration
from lti_tool.launch.store import launches
from lti_tool.people import carry
from lti_tool.people.accounts import blank


def switch(conn: Connection, platform: int, anonymous: bool, by: str, why: str, now: datetime) -> int:
    """From now on names and addresses that this LMS sends are dropped before anything is kept (or kept again).

    Switched on, those that are known of its people are blanked, from LMSs that went on as this one too; how many.
    Papers that were issued keep their names. Raises PLATFORM-UNKNOWN.
    """
    found = platforms.known(conn, platform)
    table = platforms.platforms
    conn.execute(table.update().where(table.c.id == platform).values(anonymous=anonymous, changed_at=now))
    blanked = 0
    if anonymous:
        blanked = sum(_blank_users(conn, one) for one in platforms.get_all(conn, _with_former(conn, platform)))
    detail = {"anonymous": anonymous, "blanked": blanked}
    audit.record(conn, "platform_names", f"{platform} {found.name}", by, why, now, detail)
    return blanked


def _with_former(conn: Connection, platform: int) -> list[int]:
    """The platform, and all that went on as it: its people are known by their accounts there as well."""
    held = [merge for merge in merges.listed(conn) if merge.undone_at is None]
    found = [platform]
    for one in found:  # grows meanwhile
        found += [merge.old for merge in held if merge.new == one and merge.old not in found]
    return found


def _blank_users(conn: Connection, of: Registration) -> int:
    subjects = conn.scalars(sa.select(launches.c.subject).where(launches.c.platform_id == of.id).distinct())
    alone = len(platforms.issuer_known(conn, of.issuer)) == 1
    known = carry.users(conn, of.id, of.issuer, of.issuer, alone=alone, subjects=subjects)
    return blank(conn, [user.old_key for user in known])
