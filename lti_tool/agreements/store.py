"""Versions of agreements and what happened to them: rows that are only ever added.

Storage functions take a Connection and never commit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Connection

from lti_tool.agreements.terms import Act, Agreement, Kind, Party
from lti_tool.db import JSONText, UTCDateTime, insert, metadata
from lti_tool.errors import N_, ToolError
from lti_tool.papers.award import DEFAULT_SHOWS, Shows, digest

agreements = sa.Table(
    "agreements",
    metadata,
    sa.Column("number", sa.String(20), primary_key=True),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("series", sa.String(36), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("actor_key", sa.String),  # the learner's account; None: a memorandum
    sa.Column("learner_name", sa.String, nullable=False, server_default=""),
    sa.Column("sought_name", sa.String, nullable=False, server_default=""),  # in small letters, as in `awards`
    sa.Column("programme", sa.String, nullable=False),
    sa.Column("memorandum", sa.String(36), nullable=False, server_default=""),
    sa.Column("starts", sa.String(10), nullable=False),
    sa.Column("ends", sa.String(10), nullable=False),
    sa.Column("signers", sa.Integer, nullable=False),  # how many have to sign
    sa.Column("snapshot", JSONText, nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("made_at", UTCDateTime, nullable=False),
    sa.Column("by_key", sa.String, nullable=False),
    sa.Column("by_name", sa.String, nullable=False),
    sa.UniqueConstraint("series", "version"),
    sa.Index("ix_agreements_actor_key", "actor_key"),
    sa.Index("ix_agreements_made_at", "kind", "made_at"),
)
# All that belongs to a version goes with it: a person who is forgotten leaves none.
parties = sa.Table(
    "agreement_parties",
    metadata,
    sa.Column("number", sa.ForeignKey("agreements.number", ondelete="CASCADE"), primary_key=True),
    sa.Column("place", sa.String(8), primary_key=True),
    sa.Column("part", sa.String(8), nullable=False),
    sa.Column("institution", sa.String),
    sa.Index("ix_agreement_parties_institution", "institution"),
)
acts = sa.Table(
    "agreement_acts",
    metadata,
    sa.Column("number", sa.ForeignKey("agreements.number", ondelete="CASCADE"), primary_key=True),
    sa.Column("kind", sa.String(16), primary_key=True),
    sa.Column("party", sa.String(8), primary_key=True),
    sa.Column("person", sa.String, nullable=False, server_default=""),
    sa.Column("position", sa.String, nullable=False, server_default=""),
    sa.Column("day", sa.String(10), nullable=False, server_default=""),
    sa.Column("how", sa.String(8), nullable=False, server_default=""),
    sa.Column("reason", sa.String, nullable=False, server_default=""),
    sa.Column("successor", sa.String(20)),
    sa.Column("at", UTCDateTime, nullable=False),
    sa.Column("by_key", sa.String, nullable=False),
    sa.Column("by_name", sa.String, nullable=False),
)
# The learner's choice, which may change; no row: the least.
shows = sa.Table(
    "agreement_shows",
    metadata,
    sa.Column("number", sa.ForeignKey("agreements.number", ondelete="CASCADE"), primary_key=True),
    sa.Column("shows", sa.String(16), nullable=False),
    sa.Column("chosen_at", UTCDateTime, nullable=False),
)

Reach = Collection[tuple[str | None, str | None]]
UNSIGNED: Final = "unsigned"
"""No state of an agreement: what it is for whoever may sign it."""


@dataclass(frozen=True, slots=True)
class Sought:
    """A question to the list. Empty fields ask for nothing. `text`: part of a learner's name; `state`: one of STATES,
    or UNSIGNED: drafts that an institution in reach has not signed yet, none about who asks, whose accounts are `by`.
    """

    kind: str
    text: str = ""
    state: str = ""
    programme: str = ""
    by: Collection[str] = ()


def add(conn: Connection, one: Agreement, by_key: str) -> None:
    """The version stands in the list, with its parties."""
    conn.execute(
        agreements.insert().values(
            number=one.number,
            kind=one.kind,
            series=one.series,
            version=one.version,
            actor_key=one.learner_key,
            learner_name=one.learner_name,
            sought_name=one.learner_name.casefold(),
            programme=one.programme,
            memorandum=one.memorandum,
            starts=one.starts.isoformat(),
            ends=one.ends.isoformat(),
            signers=len(one.signers),
            snapshot=dict(one.snapshot),
            digest=one.digest,
            made_at=one.made_at,
            by_key=by_key,
            by_name=one.made_by,
        )
    )
    rows = [
        {"number": one.number, "place": party.place, "part": party.part, "institution": party.institution}
        for party in one.parties
    ]
    conn.execute(parties.insert(), rows)


def add_act(conn: Connection, number: str, act: Act, by_key: str) -> bool:
    """The act stands beside the version; False where one of its kind (and party) stood there already, which stays."""
    done = conn.execute(
        insert(conn, acts)
        .values(
            number=number,
            kind=act.kind,
            party=act.party,
            person=act.person,
            position=act.position,
            day=act.day,
            how=act.how,
            reason=act.reason,
            successor=act.successor,
            at=act.at,
            by_key=by_key,
            by_name=act.by,
        )
        .on_conflict_do_nothing(index_elements=["number", "kind", "party"])
        .returning(acts.c.number)
    )
    return done.one_or_none() is not None


def choose_shows(conn: Connection, number: str, chosen: Shows, now: datetime) -> None:
    """The check page of this version shows so much from now on."""
    values = {"shows": chosen, "chosen_at": now}
    conn.execute(
        insert(conn, shows)
        .values(number=number, **values)
        .on_conflict_do_update(index_elements=["number"], set_=values)
    )


def get(conn: Connection, number: str) -> Agreement | None:
    """The version with this number. Raises PAPERS-ALTERED where its row is not what was made."""
    found = _read(conn, agreements.c.number == number)
    return found[0] if found else None


def of_series(conn: Connection, series: str) -> list[Agreement]:
    """All versions of an agreement, the newest first."""
    return _read(conn, agreements.c.series == series)


def of_learner(conn: Connection, keys: Collection[str], programme: str | None = None) -> list[list[Agreement]]:
    """The learning agreements of a person, the newest first: of each, its versions, the newest first, without those
    that were superseded."""
    mine = sa.and_(agreements.c.actor_key.in_(sorted(keys)), _standing())
    return _grouped(_read(conn, mine if programme is None else sa.and_(mine, agreements.c.programme == programme)))


def memoranda(conn: Connection, programme: str, reach: Reach) -> list[list[Agreement]]:
    """All memoranda about a programme in reach, as `of_learner` gives agreements."""
    about = sa.and_(agreements.c.kind == "memorandum", agreements.c.programme == programme)
    return _grouped(_read(conn, sa.and_(about, _standing(), _in_reach(reach))))


def search(
    conn: Connection, sought: Sought, reach: Reach, today: date, first: int, most: int
) -> tuple[list[list[Agreement]], int]:
    """The agreements whose newest version fits and lies in reach, the newest first (each as `of_learner` gives it), and
    how many there are in all. `reach`: (institution, programme) pairs, None for all."""
    fits = sa.and_(*_conditions(sought, reach, today), _newest(), _in_reach(reach))
    count = conn.scalar(sa.select(sa.func.count()).select_from(agreements).where(fits)) or 0
    query = sa.select(agreements.c.series).where(fits).order_by(agreements.c.made_at.desc(), agreements.c.number)
    wanted = list(conn.scalars(query.offset(first).limit(most)))
    of_these = sa.and_(agreements.c.series.in_(wanted), _standing())
    found = {one[0].series: one for one in _grouped(_read(conn, of_these))}
    return [found[series] for series in wanted], count


def unsigned(conn: Connection, by: Collection[str], reach: Reach) -> dict[Kind, tuple[int, datetime]]:
    """How many drafts wait for the signature of an institution in reach, and since when the first of them does, by
    kind: those that `search` finds as UNSIGNED."""
    rows = conn.execute(
        sa.select(agreements.c.kind, sa.func.count(), sa.func.min(agreements.c.made_at))
        .where(_unsigned(by, reach), _newest())
        .group_by(agreements.c.kind)
    )
    return {kind: (count, since) for kind, count, since in rows}


def _newest() -> sa.ColumnElement[bool]:
    other = agreements.alias()
    return ~sa.exists().where(other.c.series == agreements.c.series, other.c.version > agreements.c.version)


def _standing() -> sa.ColumnElement[bool]:
    """Lists need no version that was superseded; a newest one never is."""
    return ~_has(acts.c.kind == "supersede")


def _conditions(sought: Sought, reach: Reach, today: date) -> Iterable[sa.ColumnElement[bool]]:
    yield agreements.c.kind == sought.kind
    if sought.text:
        yield agreements.c.sought_name.contains(sought.text.casefold(), autoescape=True)
    if sought.programme:
        yield agreements.c.programme == sought.programme
    if sought.state == UNSIGNED:
        yield _unsigned(sought.by, reach)
    elif sought.state:
        yield _is(sought.state, today)


def _is(state: str, today: date) -> sa.ColumnElement[bool]:
    """As `Agreement.state`, of a newest version: that is superseded by nothing."""
    signed = (
        sa.select(sa.func.count()).where(acts.c.number == agreements.c.number, acts.c.kind == "sign").scalar_subquery()
    )
    withdrawn, agreed = _has(acts.c.kind == "withdraw"), signed == agreements.c.signers
    over = sa.or_(agreements.c.ends < today.isoformat(), _has(acts.c.kind == "end", acts.c.day < today.isoformat()))
    known: dict[str, sa.ColumnElement[bool]] = {
        "draft": ~withdrawn & ~agreed,
        "agreed": ~withdrawn & agreed & ~over,
        "ended": ~withdrawn & agreed & over,
        "withdrawn": withdrawn,
    }
    return known.get(state, sa.false())


def _has(*conditions: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    return sa.exists().where(acts.c.number == agreements.c.number, *conditions)


def _unsigned(by: Collection[str], reach: Reach) -> sa.ColumnElement[bool]:
    """Whether an institution in reach has yet to sign it: as `acting.waits_for`, of a newest version."""
    signed = sa.exists().where(
        acts.c.number == parties.c.number, acts.c.kind == "sign", acts.c.party == parties.c.place
    )
    open_for = [
        sa.and_(
            sa.exists().where(
                parties.c.number == agreements.c.number,
                parties.c.institution.is_not(None) if institution is None else parties.c.institution == institution,
                ~signed,
            ),
            sa.true() if programme is None else agreements.c.programme == programme,
        )
        for institution, programme in sorted(reach, key=str)
    ]
    about = sa.func.coalesce(agreements.c.actor_key, "")
    return sa.and_(~_has(acts.c.kind == "withdraw"), about.not_in(sorted(by)), sa.or_(sa.false(), *open_for))


def _in_reach(reach: Reach) -> sa.ColumnElement[bool]:
    return sa.or_(
        sa.false(),
        *(
            sa.and_(
                sa.true()
                if institution is None
                else sa.exists().where(parties.c.number == agreements.c.number, parties.c.institution == institution),
                sa.true() if programme is None else agreements.c.programme == programme,
            )
            for institution, programme in sorted(reach, key=str)
        ),
    )


def _grouped(found: Iterable[Agreement]) -> list[list[Agreement]]:
    by_series: dict[str, list[Agreement]] = defaultdict(list)
    for one in found:
        by_series[one.series].append(one)
    return list(by_series.values())


def _read(conn: Connection, where: sa.ColumnElement[bool]) -> list[Agreement]:
    """Versions with all that belongs to them: series by their newest version, the newest first within each."""
    query = sa.select(agreements).where(where).order_by(agreements.c.made_at.desc(), agreements.c.version.desc())
    rows = conn.execute(query).all()
    numbers = [row.number for row in rows]
    sides: dict[str, list[Party]] = defaultdict(list)
    happened: dict[str, list[Act]] = defaultdict(list)
    chosen: dict[str, Shows] = {}
    for start in range(0, len(numbers), 500):  # a statement of SQLite has room for a limited number of values
        some = numbers[start : start + 500]
        for row in conn.execute(sa.select(parties).where(parties.c.number.in_(some)).order_by(parties.c.place)):
            sides[row.number].append(Party(row.place, row.part, row.institution))
        for row in conn.execute(sa.select(acts).where(acts.c.number.in_(some)).order_by(acts.c.at, acts.c.party)):
            happened[row.number].append(_act(row))
        chosen |= {row.number: row.shows for row in conn.execute(sa.select(shows).where(shows.c.number.in_(some)))}
    return [
        _agreement(row, tuple(sides[row.number]), tuple(happened[row.number]), chosen.get(row.number, DEFAULT_SHOWS))
        for row in rows
    ]


def _act(row: sa.Row[Any]) -> Act:
    return Act(
        row.kind,
        row.party,
        row.at,
        row.by_name,
        row.person,
        row.position,
        row.day,
        row.how,
        row.reason,
        row.successor,
    )


def _agreement(row: sa.Row[Any], sides: tuple[Party, ...], happened: tuple[Act, ...], chosen: Shows) -> Agreement:
    if digest(row.snapshot) != row.digest:
        raise ToolError(
            "PAPERS-ALTERED",
            N_("This paper was altered after it was issued."),
            N_("Do not rely on it. Tell the administrator the reference below."),
            status=500,
            whom="administrator",
            detail=row.number,
        )
    return Agreement(
        number=row.number,
        kind=row.kind,
        series=row.series,
        version=row.version,
        learner_key=row.actor_key,
        learner_name=row.learner_name,
        programme=row.programme,
        memorandum=row.memorandum,
        starts=date.fromisoformat(row.starts),
        ends=date.fromisoformat(row.ends),
        snapshot=row.snapshot,
        digest=row.digest,
        made_at=row.made_at,
        made_by=row.by_name,
        parties=sides,
        shows=chosen,
        acts=happened,
    )
