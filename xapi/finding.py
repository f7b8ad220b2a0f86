"""Statements out of the store: one, a page, or all of some actors."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, FromClause, Select, exists, func, or_, select

from xapi.access import Principal
from xapi.actors import actor_key, storage_key
from xapi.tables import statement_activities, statement_agents, statements

PAGE = 500
"""Most statements of one page."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a reader may see: only statements of this authority, actor, activity (or parts of it) and registration."""

    authority: str | None = None
    actor: str | None = None
    activity: str | None = None
    registration: str | None = None

    @classmethod
    def of(cls, principal: Principal) -> Bounds:
        """The bounds of a principal; raises Forbidden where it may read no statements."""
        principal.demand("all/read", "statements/read", "statements/read/mine")
        return cls(
            authority=principal.authority_key if principal.reads_mine_only else None,
            actor=None if principal.actor is None else actor_key(principal.actor),
            activity=principal.activity,
            registration=principal.registration,
        )


@dataclass(frozen=True, slots=True)
class Filter:
    """What is asked for (xAPI 1.0.3, communication part, 2.1.3). `limit` 0: PAGE; `cursor`: a page's more_cursor."""

    agent: Mapping[str, Any] | None = None
    verb: str | None = None
    activity: str | None = None
    registration: str | None = None
    related_agents: bool = False
    related_activities: bool = False
    since: datetime | None = None
    until: datetime | None = None
    limit: int = 0
    ascending: bool = False
    cursor: int | None = None
    bounds: Bounds = field(default_factory=Bounds)


@dataclass(frozen=True, slots=True)
class Page:
    """Statements in the order of `stored`, as JSON texts; `more_cursor` is None on the last page."""

    documents: tuple[str, ...]
    more_cursor: int | None

    @property
    def statements(self) -> list[dict[str, Any]]:
        return [orjson.loads(document) for document in self.documents]


def find(conn: Connection, wanted: Filter) -> Page:
    """The statements that match, newest first (or oldest, where `ascending`), the voided ones left out.

    A statement also matches where the statement that it refers to matches, voided or not, through any number of
    references; since, until and bounds are always its own. A page never changes by what is stored after it.
    """
    limit = min(wanted.limit or PAGE, PAGE)
    found = {row.position: row.document for row in conn.execute(_matching(wanted, limit + 1))}
    if _has_filter(wanted):
        found |= {row.position: row.document for row in conn.execute(_referring(wanted, limit + 1))}
    order = sorted(found, reverse=not wanted.ascending)
    more = order[limit - 1] if len(order) > limit else None
    return Page(tuple(found[position] for position in order[:limit]), more)


def get(conn: Connection, statement_id: str, bounds: Bounds | None = None) -> dict[str, Any] | None:
    """The statement of that id; None where there is none, it is voided, or out of bounds."""
    return _get(conn, statement_id, bounds, voided=False)


def get_voided(conn: Connection, statement_id: str, bounds: Bounds | None = None) -> dict[str, Any] | None:
    """The voided statement of that id; None where there is none, it is not voided, or out of bounds."""
    return _get(conn, statement_id, bounds, voided=True)


def live(conn: Connection, actor_keys: Collection[str]) -> list[Mapping[str, Any]]:
    """All statements of these actors (by `actor_key`) that are not voided, oldest stored first."""
    found: list[tuple[int, Mapping[str, Any]]] = []
    for keys in _chunks(actor_keys):
        rows = conn.execute(_live(keys, statements.c.position, statements.c.document))
        found.extend((row.position, orjson.loads(row.document)) for row in rows)
    return [statement for _, statement in sorted(found, key=lambda pair: pair[0])]


def live_many(conn: Connection, actor_keys: Collection[str]) -> dict[str, list[Mapping[str, Any]]]:
    """What `live` gives, by actor key; every key is there, perhaps with an empty list."""
    by_key: dict[str, list[Mapping[str, Any]]] = {key: [] for key in actor_keys}
    given = {storage_key(key): key for key in actor_keys}
    for keys in _chunks(actor_keys):
        for row in conn.execute(_live(keys, statements.c.actor, statements.c.document)):
            by_key[given[row.actor]].append(orjson.loads(row.document))
    return by_key


def _live(keys: list[str], *columns: ColumnElement[Any]) -> Select[Any]:
    s = statements
    return select(*columns).where(s.c.actor.in_(keys), ~s.c.voided).order_by(s.c.position)


def _chunks(keys: Collection[str], size: int = 500) -> list[list[str]]:
    stored = sorted({storage_key(key) for key in keys})
    return [stored[start : start + size] for start in range(0, len(stored), size)]


def _get(conn: Connection, statement_id: str, bounds: Bounds | None, *, voided: bool) -> dict[str, Any] | None:
    s = statements
    one = select(s.c.document).where(s.c.id == statement_id.lower(), s.c.voided == voided)
    document = conn.execute(one.where(*_within(s, bounds or Bounds()))).scalar()
    return None if document is None else orjson.loads(document)


def _has_filter(wanted: Filter) -> bool:
    given = (wanted.agent, wanted.verb, wanted.activity, wanted.registration)
    return any(one is not None for one in given)


def _matching(wanted: Filter, limit: int) -> Select[Any]:
    """The newest (oldest) that match by themselves: the side table with the filter's key, if any, leads the way."""
    s = statements
    tables: FromClause = s
    leader = s.c.position
    conditions = [~s.c.voided, *_within(s, wanted.bounds)]
    if wanted.agent is not None:
        a = statement_agents
        tables, leader = tables.join(a, a.c.position == s.c.position), a.c.position
        conditions.append(a.c.agent == storage_key(actor_key(wanted.agent)))
        if not wanted.related_agents:
            conditions.append(a.c.direct)
    if wanted.activity is not None:
        v = statement_activities
        tables, leader = tables.join(v, v.c.position == leader), v.c.position
        conditions.append(v.c.activity == storage_key(wanted.activity))
        if not wanted.related_activities:
            conditions.append(v.c.direct)
    conditions += _scalars(s, wanted)
    query = select(s.c.position, s.c.document).select_from(tables).where(*conditions, *_range(leader, wanted))
    return query.order_by(leader.asc() if wanted.ascending else leader.desc()).limit(limit)


def _referring(wanted: Filter, limit: int) -> Select[Any]:
    """The newest (oldest) that refer, through any number of statements, to one that matches."""
    s, target = statements.alias("s"), statements.alias("target")
    first = (
        select(s.c.position, s.c.id)
        .select_from(s.join(target, target.c.id == s.c.refers))
        .where(s.c.refers.is_not(None), *_scalars(target, wanted), *_sides(target, wanted))
    )
    chain = first.cte("chain", recursive=True)
    # UNION, not UNION ALL: references may go in a circle.
    chain = chain.union(select(s.c.position, s.c.id).select_from(s.join(chain, s.c.refers == chain.c.id)))
    found = statements.alias("found")
    query = select(found.c.position, found.c.document).select_from(
        found.join(chain, chain.c.position == found.c.position)
    )
    query = query.where(~found.c.voided, *_within(found, wanted.bounds), *_range(found.c.position, wanted))
    return query.order_by(found.c.position.asc() if wanted.ascending else found.c.position.desc()).limit(limit)


def _scalars(s: FromClause, wanted: Filter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.verb is not None:
        conditions.append(s.c.verb == storage_key(wanted.verb))
    if wanted.registration is not None:
        conditions.append(s.c.registration == wanted.registration.lower())
    return conditions


def _sides(s: FromClause, wanted: Filter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.agent is not None:
        a = statement_agents
        key = storage_key(actor_key(wanted.agent))
        direct = [] if wanted.related_agents else [a.c.direct]
        conditions.append(exists().where(a.c.agent == key, a.c.position == s.c.position, *direct))
    if wanted.activity is not None:
        v = statement_activities
        direct = [] if wanted.related_activities else [v.c.direct]
        key = storage_key(wanted.activity)
        conditions.append(exists().where(v.c.activity == key, v.c.position == s.c.position, *direct))
    return conditions


def _range(position: ColumnElement[int], wanted: Filter) -> list[ColumnElement[bool]]:
    # `stored` rises with the position and never repeats, so a moment is a position, which every index ends with.
    conditions: list[ColumnElement[bool]] = []
    if wanted.since is not None:
        conditions.append(position > func.coalesce(_last_at(wanted.since), 0))
    if wanted.until is not None:
        conditions.append(position <= func.coalesce(_last_at(wanted.until), 0))
    if wanted.cursor is not None:
        conditions.append(position > wanted.cursor if wanted.ascending else position < wanted.cursor)
    return conditions


def _last_at(moment: datetime) -> ColumnElement[int]:
    s = statements.alias("moment")
    return select(s.c.position).where(s.c.stored <= moment).order_by(s.c.stored.desc()).limit(1).scalar_subquery()


def _within(s: FromClause, bounds: Bounds) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if bounds.authority is not None:
        conditions.append(s.c.authority == storage_key(bounds.authority))
    if bounds.actor is not None:
        conditions.append(s.c.actor == storage_key(bounds.actor))
    if bounds.registration is not None:
        conditions.append(s.c.registration == bounds.registration.lower())
    if bounds.activity is not None:
        # Under a name of its own: the query may join the table already, and would lend its row to this question.
        v = statement_activities.alias("bound")
        about = exists().where(v.c.activity == storage_key(bounds.activity), v.c.position == s.c.position)
        parts = [
            func.substr(s.c.object, 1, len(bounds.activity) + 1) == bounds.activity + separator for separator in "/#"
        ]
        conditions.append(or_(about, *parts))
    return conditions
