"""What waits for a person with a role: units to assess, validate, recognise; hours to confirm; claims of prior learning
to decide; project work to rate. The oldest first.

Units and hours are read from what is kept about the learners (`ecvet.summary_rows`); the page where one acts is judged
anew. Claims and project work are rows of their own, and read as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Subquery

from lti_tool.ecvet import enrolled, learners, store
from lti_tool.ecvet.acts import FORMER
from lti_tool.ecvet.decisions import KINDS
from lti_tool.ecvet.entries import MAY_ENTER, Author
from lti_tool.ecvet.learners import Learner
from lti_tool.ecvet.summary import judge_version
from lti_tool.ecvet.summary_rows import summary_waits
from lti_tool.ecvet.terms import Programme
from lti_tool.evidence import prior_waits, works
from lti_tool.evidence.prior import MAY_DECIDE
from lti_tool.people.roles import Action
from xapi import personas
from xapi.database import stored_key
from xapi.tables import persona_actors
from xapi.tables import personas as roots


@dataclass(frozen=True, slots=True)
class Unsigned:
    """Agreements that wait for somebody's signature: how many, and since when the first of them does."""

    count: int
    since: datetime


Unsigneds = Callable[[Connection, Author], Mapping[str, Unsigned]]
"""By kind ("learning", "memorandum"). Agreements are a part of their own, which hands a function here."""


def nothing_unsigned(conn: Connection, by: Author) -> dict[str, Unsigned]:
    """For installations (and tests) without agreements."""
    return {}


_COLUMNS: Final = ("person", "programme", "kind", "unit", "entry", "mode", "position", "since", "hours", "text")
ACTIONS: tuple[Action, ...] = ("assess", "validate", "recognise", "confirm_hours", "enter_attendance")


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to do: an act on a unit; ("hours") an entry to confirm: its id, mode, hours and what was done;
    ("prior") a claim to decide: its id, the hours that it is to prove and its title, in no unit; or ("work") project
    work to rate: its id and title.
    `since` when it waits. `unit` is named as the current version of the programme has it, else by its id."""

    kind: str
    programme: Programme
    learner: Learner
    unit: str
    since: datetime
    entry: str
    mode: str
    hours: float
    text: str


@dataclass(frozen=True, slots=True)
class Tasks:
    """Some of all `count` things to do. `pending`: learners who are being judged again; what they wait for may be
    missing, or done already."""

    shown: tuple[Task, ...]
    count: int
    pending: int


def tasks(conn: Connection, by: Author, now: datetime, base_url: str, first: int, most: int) -> Tasks:
    """What `by` may do now in any programme, oldest first, from the `first` on. Nothing about themselves."""
    offered = {one.id: one for one in store.current(conn)}
    one = enrolled.enrolled()
    selves = set(personas.find_personas(conn, by.keys).values())
    others = sa.and_(one.c.programme.in_(offered), one.c.person.not_in(selves))
    kinds = (_of_units(one, by, now, _two_persons(conn)), _claims(one, by), _works(one, by))
    every = sa.union_all(*(kind.where(others) for kind in kinds)).subquery("every")
    order = (every.c.since, every.c.person, every.c.position, every.c.kind, every.c.entry)
    rows = conn.execute(sa.select(every).order_by(*order).offset(first).limit(most)).all()
    them = learners.by_person(conn, {row.person for row in rows})
    pending = conn.scalar(
        sa.select(sa.func.count())
        .select_from(enrolled.with_summaries(one))
        .where(enrolled.stale(one, now, judge_version(base_url)), others, enrolled.reached(one, by.grants, ACTIONS))
    )
    shown = tuple(
        Task(
            row.kind,
            offered[row.programme],
            them[row.person],
            row.unit,
            row.since,
            row.entry,
            row.mode,
            row.hours,
            row.text,
        )
        for row in rows
        if row.person in them
    )
    return Tasks(shown, enrolled.counted(conn, sa.select(every)), pending or 0)


def _of_units(one: Subquery, by: Author, now: datetime, two: Mapping[str, _Where]) -> sa.Select[Any]:
    """Acts on units and entries of hours. What waits for as long as anybody asks waits since now. `two`: where an act
    is not offered to who did the one before."""
    waits = summary_waits.c
    since = sa.func.coalesce(waits.since, sa.literal(now, waits.since.type))
    columns = [since.label("since") if name == "since" else waits[name] for name in _COLUMNS]
    its = sa.and_(waits.person == one.c.person, waits.programme == one.c.programme)
    query = sa.select(*columns).join_from(one, summary_waits, its).where(_may(one, by))
    for kind, where in two.items():
        first = sa.tuple_(one.c.person, one.c.programme, waits.unit).in_(_did(FORMER[kind], by))
        query = query.where(sa.not_(sa.and_(waits.kind == kind, where(one), first)))
    return query


_Where = Callable[[Subquery], ColumnElement[bool]]


def _two_persons(conn: Connection) -> dict[str, _Where]:
    """By act: for which rows of `enrolled` the programme asks that somebody else does it than the act before."""
    known = [*store.current(conn), *(found for pair in enrolled.versions(conn) if (found := store.get(conn, *pair)))]
    asked: dict[str, set[tuple[str, str]]] = {}
    for programme in known:
        for kind in programme.two_persons:
            asked.setdefault(kind, set()).add((programme.id, programme.version))

    def among(pairs: set[tuple[str, str]]) -> _Where:
        return lambda one: sa.tuple_(one.c.programme, one.c.version).in_(sorted(pairs))

    return {kind: among(pairs) for kind, pairs in asked.items()}


def _did(kind: str, by: Author) -> sa.Select[Any]:
    """Person, programme and unit of the acts of this kind by `by` that were not withdrawn."""
    act, later = store.decisions, store.decisions.alias()
    return (
        sa.select(roots.c.root, act.c.programme, act.c.unit)
        .join_from(act, persona_actors, persona_actors.c.key == stored_key(act.c.actor_key))
        .join(roots, roots.c.id == persona_actors.c.persona)
        .where(act.c.kind == kind, act.c.by_key.in_(by.keys), ~sa.exists().where(later.c.supersedes == act.c.id))
    )


def _claims(one: Subquery, by: Author) -> sa.Select[Any]:
    """Claims of prior learning, under the same columns."""
    claims = prior_waits.waiting()
    own: dict[str, ColumnElement[Any]] = {
        "kind": sa.literal("prior"),
        "unit": sa.literal(""),
        "entry": claims.c.id,
        "mode": sa.literal(""),
        "position": sa.literal(0),
        "text": claims.c.title,
    }
    columns = [(own[name] if name in own else claims.c[name]).label(name) for name in _COLUMNS]
    its = sa.and_(claims.c.person == one.c.person, claims.c.programme == one.c.programme)
    return sa.select(*columns).join_from(one, claims, its).where(enrolled.reached(one, by.grants, MAY_DECIDE))


def _works(one: Subquery, by: Author) -> sa.Select[Any]:
    """Project work, under the same columns."""
    found = works.waiting()
    own: dict[str, ColumnElement[Any]] = {
        "kind": sa.literal("work"),
        "entry": found.c.id,
        "mode": sa.literal(""),
        "position": sa.literal(0),
        "hours": sa.literal(0.0),
        "text": found.c.title,
    }
    columns = [(own[name] if name in own else found.c[name]).label(name) for name in _COLUMNS]
    its = sa.and_(found.c.person == one.c.person, found.c.programme == one.c.programme)
    return sa.select(*columns).join_from(one, found, its).where(enrolled.reached(one, by.grants, works.MAY_RATE))


def _may(one: Subquery, by: Author) -> ColumnElement[bool]:
    kind, mode = summary_waits.c.kind, summary_waits.c.mode
    allowed = [sa.and_(kind == act, enrolled.reached(one, by.grants, [act])) for act in KINDS]
    allowed += [
        sa.and_(kind == "hours", mode == its, enrolled.reached(one, by.grants, actions))
        for its, actions in MAY_ENTER.items()
    ]
    return sa.or_(*allowed)
