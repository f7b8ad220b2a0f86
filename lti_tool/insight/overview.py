"""Figures over learners for coordinators: how many are in which state of which unit, and who has gone silent.

Counted from what is kept about the learners (`ecvet.summary_rows`), so that ten thousand cost no more than a table.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import Connection

from lti_tool.ecvet import enrolled, store
from lti_tool.ecvet.judge import STATES
from lti_tool.ecvet.summary import judge_version
from lti_tool.ecvet.summary_rows import summaries, summary_units
from lti_tool.ecvet.terms import Programme, Unit
from lti_tool.people.roles import Grant

SILENT = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Figures:
    """A programme in numbers. Persons, so that who is in two programmes counts once over both: `active` have a
    statement within SILENT, `begun` any at all, `done` every unit validated; `silent`: begun, not done, not active.
    `units`: how many learners are in each of STATES. `pending` are being judged again, and counted as they were."""

    programme: Programme
    everyone: frozenset[str]
    active: frozenset[str]
    begun: frozenset[str]
    done: frozenset[str]
    units: tuple[tuple[Unit, tuple[int, ...]], ...]
    pending: frozenset[str]

    @property
    def silent(self) -> frozenset[str]:
        return self.begun - self.done - self.active


def figures(conn: Connection, grants: Collection[Grant], now: datetime, base_url: str) -> list[Figures]:
    """Of every current programme with a learner who may be counted."""
    judge = judge_version(base_url)
    found = [_count(conn, programme, grants, now, judge) for programme in store.current(conn)]
    return [one for one in found if one.everyone]


def _count(conn: Connection, programme: Programme, grants: Collection[Grant], now: datetime, judge: str) -> Figures:
    one = enrolled.enrolled(programme.id)
    mine = enrolled.reached(one, grants, ["see_cohort"])
    rows = conn.execute(
        sa.select(
            one.c.person, summaries.c.last_at, summaries.c.complete, enrolled.stale(one, now, judge).label("stale")
        )
        .select_from(enrolled.with_summaries(one))
        .where(mine)
    ).all()
    u = summary_units.c
    states: dict[tuple[str, str], int] = defaultdict(int)
    for row in conn.execute(
        sa.select(u.unit, u.state, sa.func.count().label("n"))
        .join_from(one, summary_units, sa.and_(u.person == one.c.person, u.programme == one.c.programme))
        .where(mine)
        .group_by(u.unit, u.state)
    ):
        states[row.unit, row.state] = row.n  # a learner may be on an older version with another unit
    return Figures(
        programme,
        frozenset(row.person for row in rows),
        frozenset(row.person for row in rows if row.last_at and now - row.last_at <= SILENT),
        frozenset(row.person for row in rows if row.last_at),
        frozenset(row.person for row in rows if row.complete),
        tuple((unit, tuple(states[unit.id, state] for state in STATES)) for unit in programme.units),
        frozenset(row.person for row in rows if row.stale),
    )
