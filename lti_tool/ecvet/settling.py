"""Summaries are made true again: those that may not be are judged anew, in bounded batches, by the worker and by pages.

The judge is the source of truth, and a summary only what it said last. Rows are claimed in a short transaction, judged
with no lock held, and written with the count that was read before the judging, so that what happened meanwhile leaves
them stale (`summary_rows`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy import Connection

from lti_tool.db import reading
from lti_tool.ecvet import enrolled, learners, summary_rows
from lti_tool.ecvet.record import many
from lti_tool.ecvet.summary import Summary, judge_version, summarise
from lti_tool.ecvet.summary_rows import Basis, summaries
from lti_tool.wiring import Wiring
from xapi.errors import Busy

log = logging.getLogger(__name__)

Pair = tuple[str, str]
"""Person and programme."""
BATCH: Final = 100
"""Learners that the worker judges between two writes."""
ON_READ: Final = 10
"""Learners at most that a page judges before it shows figures; the worker does the rest."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What the judge says of a pair, and on what basis."""

    pair: Pair
    summary: Summary
    basis: Basis


def settle(wiring: Wiring, most: int = BATCH) -> int:
    """At most `most` summaries that may not be true are judged again; how many, or how many statements of the log were
    read. 0: nothing is left to do, or others are at it."""
    now, base_url = wiring.clock(), wiring.settings.base_url
    judge = judge_version(base_url)

    def take(conn: Connection) -> tuple[int, list[Pair]]:
        read = summary_rows.follow(conn)
        pairs = _stale(conn, now, judge, most)
        # No statement tells others what the time alone changes. They are told before the judging, for to be told twice
        # does no harm, and before rows of ours are locked, as with a person's act.
        wiring.lapsed(conn, summary_rows.lapsed(conn, pairs, now))
        summary_rows.make(conn, pairs)
        summary_rows.claim(conn, pairs, now)
        return read, pairs

    read, pairs = wiring.writer.run(take)
    if not pairs:
        return read
    with reading(wiring.engine) as conn:
        found = judged(conn, pairs, now, base_url)

    def keep(conn: Connection) -> None:
        for one in sorted(found, key=lambda one: one.pair):
            summary_rows.save(conn, *one.pair, one.summary, one.basis)
        summary_rows.measure(conn)

    wiring.writer.run(keep)
    return len(pairs)


def settle_on_read(wiring: Wiring) -> None:
    """Before a page shows figures: what changed just now is judged, up to ON_READ learners. Where the database is busy,
    the page shows what is kept, and says how much of it is being judged again."""
    now, judge = wiring.clock(), judge_version(wiring.settings.base_url)
    with reading(wiring.engine) as conn:
        due = summary_rows.behind(conn) or _stale(conn, now, judge, 1)
    if due:
        try:
            settle(wiring, ON_READ)
        except Busy:
            log.info("the database is busy; a page shows summaries as they are")


def tidy(conn: Connection) -> int:
    """Nothing is kept about who is in no programme any more, or is joined with somebody else; how many rows went."""
    one = enrolled.enrolled()
    there = sa.exists().where(one.c.person == summaries.c.person, one.c.programme == summaries.c.programme)
    return conn.execute(summaries.delete().where(~there)).rowcount


def _stale(conn: Connection, now: datetime, judge: str, most: int) -> list[Pair]:
    one = enrolled.enrolled()
    free = sa.or_(summaries.c.claimed_until.is_(None), summaries.c.claimed_until <= now)
    query = (
        sa.select(one.c.person, one.c.programme)
        .select_from(enrolled.with_summaries(one))
        .where(enrolled.stale(one, now, judge), free)
        .limit(most)
    )
    return [(row.person, row.programme) for row in conn.execute(query)]


def judged(conn: Connection, pairs: Collection[Pair], now: datetime, base_url: str) -> list[Judged]:
    """What the judge says now. Pairs without a row, or of whom is not in the programme, are left out.

    `conn` must see one state of the database throughout (`reading`)."""
    found: list[Judged] = []
    judge = judge_version(base_url)
    for programme in sorted({programme for _person, programme in pairs}):
        persons = sorted({person for person, other in pairs if other == programme})
        one = enrolled.enrolled(programme)
        bases: dict[str, Basis] = {}
        for start in range(0, len(persons), summary_rows.SOME):
            query = sa.select(one.c.person, summaries.c.marked, one.c.changes, one.c.versions).join_from(
                one, summaries, sa.and_(summaries.c.person == one.c.person, summaries.c.programme == programme)
            )
            some = one.c.person.in_(persons[start : start + summary_rows.SOME])
            for row in conn.execute(query.where(some)):
                bases[row.person] = Basis(row.marked, row.changes, row.versions, judge)
        them = list(learners.by_person(conn, sorted(bases)).values())
        for person, records in many(conn, them, now, base_url, programme).items():
            found += [Judged((person, programme), summarise(one, base_url), bases[person]) for one in records]
    return found


@dataclass(frozen=True, slots=True)
class Difference:
    """A summary that claims to be true, and what the judge says."""

    pair: Pair
    kept: Summary | None
    judged: Summary


def verify(
    wiring: Wiring, sample: int | None, choose: Callable[[list[Pair], int], Collection[Pair]]
) -> Iterator[tuple[int, int, list[Difference]]]:
    """Compares what is kept and claims to be true with the judge, batch by batch, each batch at one moment: how many
    were compared and how many are waiting to be judged again (no difference: nobody relies on them), and what differs.

    `sample`: of so many only, which `choose` draws; None: of all.
    """
    with reading(wiring.engine) as conn:
        one = enrolled.enrolled()
        rows = conn.execute(sa.select(one.c.person, one.c.programme).order_by(one.c.programme, one.c.person))
        pairs = [(row.person, row.programme) for row in rows]
    wanted = sorted(pairs if sample is None or sample >= len(pairs) else choose(pairs, sample))
    for start in range(0, len(wanted), BATCH):
        yield _compare(wiring, wanted[start : start + BATCH])


def _compare(wiring: Wiring, pairs: Collection[Pair]) -> tuple[int, int, list[Difference]]:
    now, base_url = wiring.clock(), wiring.settings.base_url
    judge = judge_version(base_url)
    with reading(wiring.engine) as conn:
        ahead = summary_rows.ahead(conn)
        waiting = {pair for pair in pairs if pair[0] in ahead}
        kept: dict[Pair, Summary] = {}
        for programme in sorted({programme for _person, programme in pairs}):
            persons = [person for person, other in pairs if other == programme]
            one = enrolled.enrolled(programme)
            query = sa.select(one.c.person).select_from(enrolled.with_summaries(one))
            some = query.where(enrolled.stale(one, now, judge), one.c.person.in_(persons))
            waiting |= {(person, programme) for person in conn.scalars(some)}
            kept |= {(person, programme): it for person, it in summary_rows.kept(conn, programme, persons).items()}
        sure = [pair for pair in pairs if pair not in waiting]
        found = [
            Difference(one.pair, kept.get(one.pair), one.summary)
            for one in judged(conn, sure, now, base_url)
            if kept.get(one.pair) != one.summary
        ]
    return len(sure), len(waiting), found
