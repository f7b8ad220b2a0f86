"""The register of awards: rows that are only ever added. What happens to an award later is a row beside it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from lti_tool.db import JSONText, UTCDateTime, insert, metadata
from lti_tool.errors import N_, ToolError
from lti_tool.papers.award import DEFAULT_SHOWS, LIST_LENGTH, Award, AwardAct, Shows, digest

awards = sa.Table(
    "awards",
    metadata,
    sa.Column("number", sa.String(20), primary_key=True),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("actor_key", sa.String, nullable=False),
    sa.Column("learner_name", sa.String, nullable=False),
    sa.Column("sought_name", sa.String, nullable=False),  # in small letters: no database folds all alphabets alike
    sa.Column("programme", sa.String, nullable=False),
    sa.Column("version", sa.String, nullable=False),
    sa.Column("unit", sa.String),
    sa.Column("institution", sa.String, nullable=False),
    sa.Column("snapshot", JSONText, nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("issued_at", UTCDateTime, nullable=False),
    sa.Column("by_key", sa.String, nullable=False),
    sa.Column("by_name", sa.String, nullable=False),
    sa.Column("status_index", sa.Integer, nullable=False),
    sa.UniqueConstraint("status_index"),
    sa.Index("ix_awards_actor_key", "actor_key"),
    sa.Index("ix_awards_issued_at", "issued_at"),
)
acts = sa.Table(
    "award_acts",
    metadata,
    sa.Column("number", sa.ForeignKey("awards.number"), primary_key=True),
    sa.Column("kind", sa.String(16), primary_key=True),
    sa.Column("at", UTCDateTime, nullable=False),
    sa.Column("by_key", sa.String, nullable=False),
    sa.Column("by_name", sa.String, nullable=False),
    sa.Column("reason", sa.String, nullable=False, server_default=""),
    sa.Column("successor", sa.ForeignKey("awards.number")),
)
# The learner's choice, which may change; no row: the least.
shows = sa.Table(
    "award_shows",
    metadata,
    sa.Column("number", sa.ForeignKey("awards.number"), primary_key=True),
    sa.Column("shows", sa.String(16), nullable=False),
    sa.Column("chosen_at", UTCDateTime, nullable=False),
)

Reach = Collection[tuple[str | None, str | None]]


@dataclass(frozen=True, slots=True)
class Sought:
    """A question to the register. Empty fields ask for nothing. `text`: part of a name, or a number."""

    text: str = ""
    number: str | None = None
    kind: str = ""
    state: str = ""
    programme: str = ""
    institution: str = ""
    since: datetime | None = None
    until: datetime | None = None


def add(conn: Connection, award: Award, by_key: str) -> None:
    """The award stands in the register."""
    conn.execute(
        awards.insert().values(
            number=award.number,
            kind=award.kind,
            actor_key=award.learner_key,
            learner_name=award.learner_name,
            sought_name=award.learner_name.casefold(),
            programme=award.programme,
            version=award.version,
            unit=award.unit,
            institution=award.institution,
            snapshot=dict(award.snapshot),
            digest=award.digest,
            issued_at=award.issued_at,
            by_key=by_key,
            by_name=award.issued_by,
            status_index=award.status_index,
        )
    )


def add_act(conn: Connection, number: str, act: AwardAct, by_key: str) -> bool:
    """The act stands beside the award; False where one of its kind stood there already, which stays."""
    values = {"at": act.at, "by_key": by_key, "by_name": act.by, "reason": act.reason, "successor": act.successor}
    done = conn.execute(
        insert(conn, acts)
        .values(number=number, kind=act.kind, **values)
        .on_conflict_do_nothing(index_elements=["number", "kind"])
        .returning(acts.c.number)
    )
    return done.one_or_none() is not None


def choose_shows(conn: Connection, number: str, chosen: Shows, now: datetime) -> None:
    """The check page of this award shows so much from now on."""
    values = {"shows": chosen, "chosen_at": now}
    conn.execute(
        insert(conn, shows)
        .values(number=number, **values)
        .on_conflict_do_update(index_elements=["number"], set_=values)
    )


def free_index(conn: Connection, chance: Random) -> int:
    """A free place in a status list, at random, so that its number does not tell when it was given. A list that is
    half full is left for the next."""
    count = conn.scalar(sa.select(sa.func.count()).select_from(awards)) or 0
    first = count // (LIST_LENGTH // 2) * LIST_LENGTH
    while True:
        index = first + chance.randrange(LIST_LENGTH)
        if conn.scalar(sa.select(awards.c.number).where(awards.c.status_index == index)) is None:
            return index


def get(conn: Connection, number: str) -> Award | None:
    """The award with this number. Raises PAPERS-ALTERED where its row is not what was issued."""
    found = _read(conn, conn.execute(sa.select(awards).where(awards.c.number == number)))
    return found[0] if found else None


def of_learner(conn: Connection, keys: Collection[str], programme: str | None = None) -> list[Award]:
    """All awards of a person, the newest first."""
    query = sa.select(awards).where(awards.c.actor_key.in_(keys))
    if programme is not None:
        query = query.where(awards.c.programme == programme)
    return _read(conn, conn.execute(query.order_by(awards.c.issued_at.desc(), awards.c.number)))


def search(
    conn: Connection, sought: Sought, reach: Reach, first: int = 0, most: int | None = None
) -> tuple[list[Award], int]:
    """The awards that fit and lie in reach, the newest first, and how many there are in all. `reach`: (institution,
    programme) pairs, None for all."""
    fits = sa.and_(*_conditions(sought), _in_reach(reach))
    count = conn.scalar(sa.select(sa.func.count()).select_from(awards).where(fits)) or 0
    query = sa.select(awards).where(fits).order_by(awards.c.issued_at.desc(), awards.c.number).offset(first)
    return _read(conn, conn.execute(query.limit(most) if most is not None else query)), count


def revoked_in(conn: Connection, list_number: int) -> list[int]:
    """The places in a status list whose awards are withdrawn or superseded: of neither is a credential valid."""
    first = list_number * LIST_LENGTH
    rows = conn.scalars(
        sa.select(awards.c.status_index)
        .distinct()
        .join(acts, acts.c.number == awards.c.number)
        .where(
            acts.c.kind.in_(("withdraw", "supersede")),
            awards.c.status_index >= first,
            awards.c.status_index < first + LIST_LENGTH,
        )
        .order_by(awards.c.status_index)
    )
    return [index - first for index in rows]


def has_list(conn: Connection, list_number: int) -> bool:
    """Whether an award has a place in this list; the first is always there."""
    last = conn.scalar(sa.select(sa.func.max(awards.c.status_index)))
    return 0 <= list_number <= (last or 0) // LIST_LENGTH


def _conditions(sought: Sought) -> Iterable[sa.ColumnElement[bool]]:
    if sought.number:
        yield awards.c.number == sought.number
    elif sought.text:
        yield awards.c.sought_name.contains(sought.text.casefold(), autoescape=True)
    for column, value in (
        (awards.c.kind, sought.kind),
        (awards.c.programme, sought.programme),
        (awards.c.institution, sought.institution),
    ):
        if value:
            yield column == value
    if sought.since:
        yield awards.c.issued_at >= sought.since
    if sought.until:
        yield awards.c.issued_at < sought.until
    if sought.state:
        yield _is(sought.state)
    yield sa.true()


def _is(state: str) -> sa.ColumnElement[bool]:
    withdrawn, superseded = _has("withdraw"), _has("supersede")
    known: dict[str, sa.ColumnElement[bool]] = {
        "valid": ~withdrawn & ~superseded,
        "superseded": superseded & ~withdrawn,
        "withdrawn": withdrawn,
    }
    return known.get(state, sa.false())


def _has(kind: str) -> sa.ColumnElement[bool]:
    return sa.exists().where(acts.c.number == awards.c.number, acts.c.kind == kind)


def _in_reach(reach: Reach) -> sa.ColumnElement[bool]:
    pairs = [
        sa.and_(
            sa.true() if institution is None else awards.c.institution == institution,
            sa.true() if programme is None else awards.c.programme == programme,
        )
        for institution, programme in reach
    ]
    return sa.or_(*pairs) if pairs else sa.false()


def _read(conn: Connection, result: sa.CursorResult[Any]) -> list[Award]:
    rows = result.all()
    numbers = [row.number for row in rows]
    done: dict[str, list[AwardAct]] = defaultdict(list)
    chosen: dict[str, Shows] = {}
    for start in range(0, len(numbers), 500):  # a statement of SQLite has room for a limited number of values
        some = numbers[start : start + 500]
        for row in conn.execute(sa.select(acts).where(acts.c.number.in_(some)).order_by(acts.c.at, acts.c.kind)):
            done[row.number].append(AwardAct(row.kind, row.at, row.by_name, row.reason, row.successor))
        chosen |= {row.number: row.shows for row in conn.execute(sa.select(shows).where(shows.c.number.in_(some)))}
    return [_award(row, tuple(done[row.number]), chosen.get(row.number, DEFAULT_SHOWS)) for row in rows]


def _award(row: sa.Row[Any], happened: tuple[AwardAct, ...], chosen: Shows) -> Award:
    if digest(row.snapshot) != row.digest:
        raise ToolError(
            "PAPERS-ALTERED",
            N_("This paper was altered after it was issued."),
            N_("Do not rely on it. Tell the administrator the reference below."),
            status=500,
            whom="administrator",
            detail=row.number,
        )
    return Award(
        number=row.number,
        kind=row.kind,
        learner_key=row.actor_key,
        learner_name=row.learner_name,
        programme=row.programme,
        version=row.version,
        unit=row.unit,
        institution=row.institution,
        snapshot=row.snapshot,
        digest=row.digest,
        issued_at=row.issued_at,
        issued_by=row.by_name,
        status_index=row.status_index,
        shows=chosen,
        acts=happened,
    )
