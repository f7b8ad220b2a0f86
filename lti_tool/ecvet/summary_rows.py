"""The rows in which summaries are kept, and how it is known that one of them may not be true any more.

Three ways, none of which rests on somebody remembering to say so:

* Statements (and the copies of decisions) are read off the record store's log: positions follow commits, so nothing
  below the cursor is ever missed, by whatever way it was stored (decision 7).
* Programme version, judge and the person's set of accounts are compared when a row is read (`enrolled.stale`).
* `until` is a moment, and has passed or not.

`marked` counts what happened; `judged` is the count that was read before what was judged. What happens in between
leaves `judged` behind `marked`, so the row stays stale. Storage functions take a Connection and never commit.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy import Connection

from lti_tool.db import UTCDateTime, insert, metadata
from lti_tool.ecvet.summary import Summary, Waiting
from xapi import personas as people
from xapi import tables as store

summaries = sa.Table(
    "summaries",
    metadata,
    sa.Column("person", sa.String(36), primary_key=True),  # the persona that stands for the person
    sa.Column("programme", sa.String, primary_key=True),
    sa.Column("marked", sa.Integer, nullable=False),
    sa.Column("judged", sa.Integer, nullable=False),  # 0: never
    sa.Column("claimed_until", UTCDateTime),
    # on what the judgement rests
    sa.Column("changes", sa.Integer, nullable=False),
    sa.Column("version", sa.String, nullable=False),
    sa.Column("versions", sa.Integer, nullable=False),  # of the programme, imported by then: awards name older ones
    sa.Column("judge", sa.String(16), nullable=False),
    sa.Column("until", UTCDateTime),
    # what was judged
    sa.Column("points", sa.Float, nullable=False),
    sa.Column("hours", sa.Float, nullable=False),
    sa.Column("last_at", UTCDateTime),
    sa.Column("complete", sa.Boolean, nullable=False),
    sa.Index("ix_summaries_programme", "programme"),
)
_OF_SUMMARY: Final = ("person", "programme")
summary_units = sa.Table(
    "summary_units",
    metadata,
    sa.Column("person", sa.String(36), primary_key=True),
    sa.Column("programme", sa.String, primary_key=True),
    sa.Column("unit", sa.String, primary_key=True),
    sa.Column("turn", sa.Integer, nullable=False),
    sa.Column("state", sa.String(20), nullable=False),
    sa.ForeignKeyConstraint(_OF_SUMMARY, ["summaries.person", "summaries.programme"], ondelete="CASCADE"),
    sa.Index("ix_summary_units_programme", "programme", "unit", "state"),
)
summary_waits = sa.Table(
    "summary_waits",
    metadata,
    sa.Column("person", sa.String(36), primary_key=True),
    sa.Column("programme", sa.String, primary_key=True),
    sa.Column("kind", sa.String(16), primary_key=True),
    sa.Column("unit", sa.String, primary_key=True),
    sa.Column("entry", sa.String(36), primary_key=True),
    sa.Column("mode", sa.String, primary_key=True),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("since", UTCDateTime),
    sa.Column("hours", sa.Float, nullable=False),
    sa.Column("text", sa.String, nullable=False),
    sa.ForeignKeyConstraint(_OF_SUMMARY, ["summaries.person", "summaries.programme"], ondelete="CASCADE"),
    sa.Index("ix_summary_waits_programme", "programme", "kind", "since"),
)
# One row: up to which statement of the record store everything is marked.
summary_cursor = sa.Table(
    "summary_cursor",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("position", store.Position, nullable=False),
)

LEASE: Final = timedelta(seconds=60)
"""How long somebody may take to judge what they claimed; then another may."""
FOLLOWED: Final = 5000
"""Statements that are read off the log at a time."""
SOME: Final = 400
FEW: Final = 200
"""Rows that any plan reads quickly."""


def behind(conn: Connection) -> bool:
    """Whether the record store has statements that nobody has looked at."""
    reached = conn.scalar(sa.select(summary_cursor.c.position)) or 0
    return (conn.scalar(sa.select(store.head.c.position)) or 0) > reached


def follow(conn: Connection, most: int = FOLLOWED) -> int:
    """The summaries of whom the next statements of the log are about are marked; how many statements were read.

    Whoever calls this holds the cursor until the commit: rows are made while it is held, so none is made behind it.
    """
    reached = conn.scalar(sa.select(summary_cursor.c.position).with_for_update())
    if reached is None:
        conn.execute(insert(conn, summary_cursor).values(id=1, position=0).on_conflict_do_nothing())
        reached = conn.execute(sa.select(summary_cursor.c.position).with_for_update()).scalar_one()
    newest = conn.scalar(sa.select(store.head.c.position)) or 0
    if newest <= reached:
        return 0
    if conn.scalar(sa.select(summaries.c.person).limit(1)) is None:
        conn.execute(summary_cursor.update().values(position=newest))  # nothing to mark
        return 0
    s, voided = store.statements, store.statements.alias("voided")
    rows = conn.execute(
        sa.select(s.c.position, s.c.actor, voided.c.actor.label("other"))
        .join_from(s, voided, voided.c.id == s.c.voids, isouter=True)
        .where(s.c.position > reached)
        .order_by(s.c.position)
        .limit(most)
    ).all()
    found = sorted(persons_of(conn, {key for row in rows for key in (row.actor, row.other) if key is not None}))
    for start in range(0, len(found), SOME):  # rows are locked in one order everywhere
        some = summaries.c.person.in_(found[start : start + SOME])
        conn.execute(summaries.update().where(some).values(marked=summaries.c.marked + 1))
    conn.execute(summary_cursor.update().values(position=rows[-1].position if rows else newest))
    return len(rows)


def ahead(conn: Connection) -> set[str]:
    """The persons whom statements beyond the cursor are about: what is kept of them is as good as marked."""
    s, voided = store.statements, store.statements.alias("voided")
    reached = conn.scalar(sa.select(summary_cursor.c.position)) or 0
    rows = conn.execute(
        sa.select(s.c.actor, voided.c.actor.label("other"))
        .join_from(s, voided, voided.c.id == s.c.voids, isouter=True)
        .where(s.c.position > reached)
        .distinct()
    )
    return persons_of(conn, {key for row in rows for key in (row.actor, row.other) if key is not None})


def persons_of(conn: Connection, keys: Collection[str]) -> set[str]:
    """The persons with these accounts (keys as the record store has them)."""
    wanted = sorted(keys)
    actors, personas = store.persona_actors, store.personas
    query = sa.select(personas.c.root).join(actors, actors.c.persona == personas.c.id)
    return {
        person
        for start in range(0, len(wanted), SOME)
        for person in conn.scalars(query.where(actors.c.key.in_(wanted[start : start + SOME])))
    }


def make(conn: Connection, pairs: Collection[tuple[str, str]]) -> None:
    """There is a row for each of these (person, programme), never judged where it is new. The cursor must be held."""
    if pairs:
        blank = {
            "marked": 1,
            "judged": 0,
            "changes": -1,
            "version": "",
            "versions": 0,
            "judge": "",
            "points": 0,
            "hours": 0,
        }
        rows = [{"person": one, "programme": other, "complete": False, **blank} for one, other in sorted(pairs)]
        conn.execute(insert(conn, summaries).on_conflict_do_nothing(index_elements=list(_OF_SUMMARY)), rows)


def lapsed(conn: Connection, pairs: Collection[tuple[str, str]], now: datetime) -> set[str]:
    """The persons of these pairs of whom the time alone may say something else than is kept."""
    persons = {person for person, _programme in pairs}
    query = sa.select(summaries.c.person, summaries.c.programme).where(summaries.c.until <= now)
    over = {(row.person, row.programme) for row in conn.execute(query.where(summaries.c.person.in_(persons)))}
    return {person for person, _programme in over.intersection(pairs)}


def claim(conn: Connection, pairs: Collection[tuple[str, str]], now: datetime) -> None:
    """Others leave these to us until LEASE is over."""
    _each(conn, pairs, claimed_until=now + LEASE)


def _each(conn: Connection, pairs: Collection[tuple[str, str]], **values: object) -> None:
    if pairs:
        where = sa.and_(summaries.c.person == sa.bindparam("b_one"), summaries.c.programme == sa.bindparam("b_other"))
        rows = [{"b_one": one, "b_other": other} for one, other in sorted(pairs)]
        conn.execute(summaries.update().where(where).values(**values), rows)


@dataclass(frozen=True, slots=True)
class Basis:
    """What was read before a learner was judged: the marks of the row, the changes of the person, how many versions of
    the programme there are; and who judges."""

    marked: int
    changes: int
    versions: int
    judge: str


def save(conn: Connection, person: str, programme: str, made: Summary, basis: Basis) -> bool:
    """This was judged on this basis; False where the row is gone, or somebody has judged later already."""
    mine = sa.and_(summaries.c.person == person, summaries.c.programme == programme)
    kept = conn.execute(
        summaries.update()
        .where(mine, summaries.c.judged <= basis.marked)
        .values(
            judged=basis.marked,
            changes=basis.changes,
            version=made.version,
            judge=basis.judge,
            versions=basis.versions,
            until=made.until,
            points=made.points,
            hours=made.hours,
            last_at=made.last,
            complete=made.complete,
            claimed_until=None,
        )
        .returning(summaries.c.person)
    )
    if kept.one_or_none() is None:
        return False
    its = {"person": person, "programme": programme}
    for table, rows in (
        (summary_units, [{"unit": u, "turn": n, "state": state} for n, (u, state) in enumerate(made.states)]),
        (summary_waits, [_row(one) for one in made.waiting]),
    ):
        conn.execute(table.delete().where(table.c.person == person, table.c.programme == programme))
        if rows:
            conn.execute(table.insert(), [{**its, **row} for row in rows])
    return True


def _row(one: Waiting) -> dict[str, object]:
    names = ("kind", "unit", "entry", "mode", "position", "since", "hours", "text")
    return {name: getattr(one, name) for name in names}


def measure(conn: Connection) -> bool:
    """The planner of PostgreSQL knows how large these tables are, give or take a fifth; True where it had to be told.

    Autovacuum tells it within a minute, where it is switched on. A planner that takes them for empty reads the list of
    what waits for a coordinator of 10,000 learners in minutes instead of a second.
    """
    if conn.dialect.name != "postgresql":
        return False
    known = conn.scalar(sa.text("SELECT reltuples FROM pg_class WHERE oid = to_regclass('summaries')"))
    count = conn.scalar(sa.select(sa.func.count()).select_from(summaries)) or 0
    if count <= FEW + 1.2 * max(known or 0, 0):
        return False
    for table in (summaries, summary_units, summary_waits):
        conn.execute(sa.text(f"ANALYZE {table.name}"))
    return True


def forget(conn: Connection, person: str) -> None:
    """Nothing is kept about this person; who is still in a programme is judged anew. For an erasure, which takes
    statements out without a word in the log."""
    conn.execute(summaries.delete().where(summaries.c.person.in_(people.personas_of(conn, person))))


def kept(conn: Connection, programme: str, persons: Collection[str]) -> dict[str, Summary]:
    """What is kept about these persons, fresh or not; who was never judged is left out."""
    wanted = sorted(persons)
    found: dict[str, Summary] = {}
    for start in range(0, len(wanted), SOME):
        found |= _kept(conn, programme, wanted[start : start + SOME])
    return found


def _kept(conn: Connection, programme: str, some: list[str]) -> dict[str, Summary]:
    def of(table: sa.Table) -> sa.Select[tuple[object, ...]]:
        return sa.select(table).where(table.c.programme == programme, table.c.person.in_(some))

    states: dict[str, list[tuple[str, str]]] = {}
    for row in conn.execute(of(summary_units).order_by(summary_units.c.turn)):
        states.setdefault(row.person, []).append((row.unit, row.state))
    waiting: dict[str, list[Waiting]] = {}
    for row in conn.execute(of(summary_waits)):
        one = Waiting(row.kind, row.unit, row.position, row.since, row.entry, row.mode, row.hours, row.text)
        waiting.setdefault(row.person, []).append(one)
    return {
        row.person: Summary(
            row.version,
            tuple(states.get(row.person, ())),
            row.points,
            row.hours,
            row.last_at,
            row.complete,
            tuple(sorted(waiting.get(row.person, ()), key=lambda one: one.key)),
            row.until,
        )
        for row in conn.execute(of(summaries).where(summaries.c.judged > 0))
    }
