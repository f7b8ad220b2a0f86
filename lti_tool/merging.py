"""A platform goes on as another one: an LMS that got a new issuer, or was registered a second time; and back again.

People with the same user id are one person from then on, their courses, columns, places in modules and hand-chosen
content go on under the new platform, and the old one is switched off. Everything is one transaction and one book of the
journal, so all of it can be taken back (docs/decisions).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy import Connection

from lti_tool import audit, journal, tables
from lti_tool.choose import store as chosen
from lti_tool.db import insert
from lti_tool.errors import N_, BadInput, Conflict, NotFound
from lti_tool.gradebook import carry as grades
from lti_tool.launch import merges, platforms
from lti_tool.launch.claims import Registration
from lti_tool.launch.merges import Merge
from lti_tool.launch.store import launches, logins
from lti_tool.people import carry as people
from lti_tool.people.carry import User
from lti_tool.people.courses import courses, members
from lti_tool.people.joining import Joins, Twin, joins
from lti_tool.people.roster import actor_of, roster_syncs
from lti_tool.play import carry as places
from xapi import personas

# In the order in which launches and pages write them, so that waiting for one never locks out who has another.
_HELD: Final = ("module_progress", "quiz_attempts", "accounts", "courses")
_LATER: Final = ("links", "chosen", "line_items", "deliveries")


@dataclass(frozen=True, slots=True)
class Plan:
    """What a merge would do, in figures. `clashes`: user ids of people who would become one and were two; they are left
    as they are, for somebody who knows them."""

    people: int
    joined: int
    already: int
    clashes: tuple[tuple[str, ...], ...]
    courses: int
    shared_courses: int
    """Courses that the new platform knows already, because somebody opened them from there."""
    waiting: int
    """Grades that are on their way: they go to the new platform."""


def plan(conn: Connection, old: int, new: int) -> Plan:
    """What would happen. Raises as `merge` does; nothing is written."""
    before, after = _both(conn, old, new)
    known, told = _people(conn, before, after)
    ours = set(conn.scalars(sa.select(courses.c.context_id).where(courses.c.platform_id == old)))
    theirs = set(conn.scalars(sa.select(courses.c.context_id).where(courses.c.platform_id == new)))
    return Plan(
        people=len(known),
        joined=len(known) - len(told.already) - len(told.doubtful),
        already=len(told.already),
        clashes=tuple(sorted(tuple(sorted(some)) for some in told.clashes)),
        courses=len(ours),
        shared_courses=len(ours & theirs),
        waiting=grades.waiting(conn, old),
    )


def merge(conn: Connection, old: int, new: int, by: str, why: str, now: datetime) -> Merge:
    """The old platform goes on as the new one, and is switched off.

    Raises PLATFORM-UNKNOWN, PLATFORM-MERGED, PLATFORM-SAME or PLATFORM-NOT-APPROVED.
    """
    hold(conn)
    before, after = _both(conn, old, new)
    number: int = conn.execute(
        insert(conn, merges.platform_merges)
        .values(old_id=old, new_id=new, made_at=now, made_by=by[:255], why=why[:2000], counts={}, joins=[])
        .returning(merges.platform_merges.c.id)
    ).scalar_one()
    book = book_of(number)
    known, told = _people(conn, before, after, now)
    going = [user for user in known if user.id not in told.doubtful]
    made = personas.join_many(conn, told.pairs, f"merge {number} of platforms", now)
    carried = people.carry(conn, book, old, new, after.issuer, going, now, anonymous=after.anonymous)
    keys = {user.old_key: user.new_key for user in going}
    moved = grades.carry(conn, book, new, carried.courses, keys, now)
    chosen.carry(conn, book, carried.courses)
    begun = places.carry(conn, book, {key: other for key, other in keys.items() if key != other})
    grades.cut(conn, old)
    conn.execute(logins.delete().where(logins.c.platform_id == old))
    row = conn.execute(sa.select(platforms.platforms).where(platforms.platforms.c.id == old)).one()
    journal.update(conn, book, platforms.platforms, [(row, {"status": "disabled", "changed_at": now})])
    if before.institution and not after.institution:  # whoever comes new goes on to begin there
        row = conn.execute(sa.select(platforms.platforms).where(platforms.platforms.c.id == new)).one()
        journal.update(conn, book, platforms.platforms, [(row, {"institution": before.institution})])
    counts = {
        "people": len(known),
        "joined": len(made),
        "clashes": len(told.clashes),
        "courses": len(carried.courses),
        "new_courses": carried.new_courses,
        "members": carried.members,
        "links": carried.links,
        "columns": moved.columns,
        "grades": moved.grades,
        "waiting": moved.waiting,
        "places": begun,
    }
    table = merges.platform_merges
    conn.execute(table.update().where(table.c.id == number).values(counts=counts, joins=made))
    subject = f"{old} {before.name} → {new} {after.name}"
    audit.record(conn, "platform_merged", subject, by, why, now, {"merge": number, **counts})
    found = merges.get(conn, number)
    assert found is not None  # noqa: S101  # written above
    return found


def undo(conn: Connection, merge: int, by: str, why: str, now: datetime) -> journal.Undone:
    """The merge is taken back: what the old platform had it has again, people are two again, and what came of the new
    platform since stays there. How many rows went back, and how many stayed.

    Raises PLATFORM-MERGE (404), PLATFORM-MERGE-UNDONE or PLATFORM-MERGED (409).
    """
    hold(conn)
    found = merges.get(conn, merge)
    if found is None:
        raise NotFound(
            "PLATFORM-MERGE", N_("There is no such merge."), N_("See: lti-tool platform merges"), whom="nobody"
        )
    if found.undone_at is not None or platforms.get(conn, found.old) is None:
        raise Conflict(
            "PLATFORM-MERGE-UNDONE",
            N_("This merge can't be taken back (any more)."),
            N_("There is nothing to do."),
            whom="nobody",
        )
    merges.must_stand_alone(conn, found.new)
    tables.every()  # the journal asks all of them whether a row rests on another
    done = journal.undo(conn, book_of(merge))
    personas.undo_many(conn, found.joins, now, by)
    table = merges.platform_merges
    conn.execute(table.update().where(table.c.id == merge).values(undone_at=now, undone_by=by[:255]))
    # Who is in the courses of the new platform is asked anew.
    conn.execute(
        roster_syncs.update()
        .where(roster_syncs.c.course_id.in_(sa.select(courses.c.id).where(courses.c.platform_id == found.new)))
        .values(due_at=now, differences_url=None)
    )
    detail = {"merge": merge, "back": done.back, "stayed": done.stayed}
    audit.record(conn, "platform_merge_undone", f"{found.old} → {found.new}", by, why, now, detail)
    return done


def hold(conn: Connection) -> None:
    """Until the commit nobody else writes what a merge reads, or finds out who is in which course.

    A statement that is stored meanwhile waits a moment, and then marks the grades of the courses that are. On SQLite
    whoever writes is alone already.
    """
    if conn.dialect.name == "postgresql":
        conn.execute(sa.text(f"LOCK TABLE {', '.join(_HELD)} IN SHARE ROW EXCLUSIVE MODE"))
        conn.execute(sa.text(f"LOCK TABLE {members.name} IN ACCESS EXCLUSIVE MODE"))
        conn.execute(sa.text(f"LOCK TABLE {', '.join(_LATER)} IN SHARE ROW EXCLUSIVE MODE"))


def book_of(number: int) -> str:
    """The book of the journal in which the merge of this number is written."""
    return f"merge {number}"


def _both(conn: Connection, old: int, new: int) -> tuple[Registration, Registration]:
    if old == new:
        raise BadInput(
            "PLATFORM-SAME", N_("These are the same LMS."), N_("Name the old and the new one."), whom="nobody"
        )
    before, after = platforms.known(conn, old), platforms.known(conn, new)
    for number in (old, new):
        merges.must_stand_alone(conn, number)
    if after.status != "approved":
        raise Conflict(
            "PLATFORM-NOT-APPROVED",
            N_("The new LMS is not approved."),
            N_("Approve it, and open an activity from there once."),
            whom="nobody",
        )
    return before, after


def _people(
    conn: Connection, before: Registration, after: Registration, now: datetime | None = None
) -> tuple[list[User], Joins]:
    """The users, and who is to be joined. With `now`, every account is given a persona; without, nothing is written."""
    subjects = conn.scalars(sa.select(launches.c.subject).where(launches.c.platform_id == before.id).distinct())
    alone = len(platforms.issuer_known(conn, before.issuer)) == 1
    known = people.users(conn, before.id, before.issuer, after.issuer, alone=alone, subjects=subjects)
    if before.issuer == after.issuer:
        return known, Joins((), frozenset(user.id for user in known), ())
    if now is not None:
        both = [actor_of(issuer, user.id) for user in known for issuer in (before.issuer, after.issuer)]
        personas.personas_for(conn, both, now)
    found = personas.find_personas(conn, {key for user in known for key in (user.old_key, user.new_key)})
    twins = [Twin(u.id, found.get(u.old_key, u.old_key), found.get(u.new_key, u.new_key)) for u in known]
    return known, joins(twins)
