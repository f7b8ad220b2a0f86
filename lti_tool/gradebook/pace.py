"""How fast each platform may be called, agreed between all workers through the database alone.

A platform has so many slots; whoever holds one may make one call at a time. A pause holds for the whole platform: what
it says to one call ("too many", or nothing at all) is meant for the others too.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy import Connection

from lti_tool.db import UTCDateTime, insert, metadata

platform_pace = sa.Table(
    "platform_pace",
    metadata,
    sa.Column("platform_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("pause_until", UTCDateTime),
    sa.Column("failures", sa.Integer, nullable=False, server_default="0"),  # since it last did what it was asked
    sa.Column("problem", sa.String),
    sa.Column("detail", sa.String),
    sa.Column("changed_at", UTCDateTime, nullable=False),
)
platform_slots = sa.Table(
    "platform_slots",
    metadata,
    sa.Column("platform_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("slot", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("leased_by", sa.String, nullable=False),
    sa.Column("leased_until", UTCDateTime, nullable=False),
)

ONE_AT_A_TIME: Final = frozenset({"canvas"})
"""Canvas counts the cost of calls that run side by side against the token, and throttles by it."""
LONGEST: Final = timedelta(minutes=5)
"""A platform that comes back gets its grades within that time; within SOON if it was away for an hour at most."""
SOON: Final = timedelta(minutes=1)
PATIENCE: Final = 60
"""Failures in a row for which no pause is longer than SOON: at least half an hour, an hour or more as a rule."""
LONGEST_SHUT: Final = timedelta(hours=1)
"""The longest pause where a person must first let us in again (no token)."""


@dataclass(frozen=True, slots=True)
class Pace:
    """A platform that did not do what it was asked. `until` None: it may be called."""

    until: datetime | None
    failures: int
    problem: str | None
    detail: str | None


def limit(product: str, failures: int, most: int) -> int:
    """Calls at once to a platform of this product. After a failure one alone finds out whether it works again."""
    return 1 if failures or product.lower() in ONE_AT_A_TIME else most


def length(failures: int, spread: float, code: str, wait: timedelta | None = None) -> timedelta:
    """The pause after so many failures in a row: from 5 s, doubled each time, half of it by chance.

    Most outages are short, an update or a restart: they are asked after each minute. One call a minute is no burden.

    `spread` in [0, 1) is drawn by the caller; `wait` is the platform's own wish, never undercut.
    """
    longest = LONGEST_SHUT if code == "GRADE-TOKEN" else SOON if failures < PATIENCE else LONGEST
    own = min(timedelta(seconds=5 * (1 << min(failures, 12))), longest) * (0.5 + 0.5 * spread)
    return own if wait is None else max(own, wait * (1 + 0.1 * spread))


def of(conn: Connection, platforms: Collection[int]) -> dict[int, Pace]:
    """The platforms among these that are in trouble."""
    rows = conn.execute(
        sa.select(platform_pace).where(platform_pace.c.platform_id.in_(platforms), platform_pace.c.failures > 0)
    )
    return {row.platform_id: Pace(row.pause_until, row.failures, row.problem, row.detail) for row in rows}


def pause(conn: Connection, platform: int, until: datetime, problem: str, detail: str, now: datetime) -> None:
    """No worker calls the platform before `until`, or before a later moment that was agreed already."""
    told = {"problem": problem, "detail": detail[:500], "changed_at": now}
    later = sa.case(
        (platform_pace.c.pause_until > sa.literal(until, UTCDateTime), platform_pace.c.pause_until),
        else_=sa.literal(until, UTCDateTime),
    )
    # Calls that were under way together fail together: that is one failure, not eight.
    again = sa.case((platform_pace.c.pause_until > sa.literal(now, UTCDateTime), 0), else_=1)
    conn.execute(
        insert(conn, platform_pace)
        .values(platform_id=platform, pause_until=until, failures=1, **told)
        .on_conflict_do_update(
            index_elements=["platform_id"],
            set_={"pause_until": later, "failures": platform_pace.c.failures + again, **told},
        )
    )


def works(conn: Connection, platform: int, now: datetime) -> None:
    """The platform did what it was asked: it may be called at full pace again, once an agreed pause is over."""
    conn.execute(
        platform_pace.update()
        .where(
            platform_pace.c.platform_id == platform,
            platform_pace.c.failures > 0,
            sa.or_(platform_pace.c.pause_until.is_(None), platform_pace.c.pause_until <= now),
        )
        .values(failures=0, pause_until=None, problem=None, detail=None, changed_at=now)
    )


def wake(conn: Connection, platforms: sa.Select[tuple[int]]) -> None:
    """Pauses that we took by ourselves are over; those that a platform asked for are kept to."""
    conn.execute(
        platform_pace.update()
        .where(platform_pace.c.platform_id.in_(platforms), platform_pace.c.problem != "GRADE-LIMIT")
        .values(pause_until=None)
    )


def take_slot(conn: Connection, platform: int, most: int, holder: str, now: datetime, lease: timedelta) -> int | None:
    """The number of a slot that `holder` has now, for `lease`; None where all are taken."""
    taken = set(
        conn.scalars(
            sa.select(platform_slots.c.slot).where(
                platform_slots.c.platform_id == platform, platform_slots.c.leased_until > now
            )
        )
    )
    if len(taken) >= most:
        return None
    mine = {"leased_by": holder, "leased_until": now + lease}
    for slot in range(most):
        if slot in taken:
            continue
        # Two workers may want the same one: the row decides.
        got = conn.execute(
            insert(conn, platform_slots)
            .values(platform_id=platform, slot=slot, **mine)
            .on_conflict_do_update(
                index_elements=["platform_id", "slot"], set_=mine, where=platform_slots.c.leased_until <= now
            )
            .returning(platform_slots.c.slot)
        ).one_or_none()
        if got is not None:
            return slot
    return None


def keep_slot(conn: Connection, platform: int, slot: int, holder: str, until: datetime) -> bool:
    """The slot is `holder`'s until then; False where it is another's by now."""
    kept = conn.execute(
        platform_slots.update()
        .where(
            platform_slots.c.platform_id == platform,
            platform_slots.c.slot == slot,
            platform_slots.c.leased_by == holder,
        )
        .values(leased_until=until)
    )
    return kept.rowcount == 1


def give_back(conn: Connection, platform: int, slot: int, holder: str) -> None:
    """The slot is free."""
    conn.execute(
        platform_slots.delete().where(
            platform_slots.c.platform_id == platform,
            platform_slots.c.slot == slot,
            platform_slots.c.leased_by == holder,
        )
    )
