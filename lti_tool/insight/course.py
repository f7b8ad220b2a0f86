"""A course as its teacher sees it: learners by modules, units at the end, what waits. Read and judged when asked."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from lti_tool.ecvet import learners as people_who_learn
from lti_tool.ecvet import store as ecvet
from lti_tool.ecvet.decisions import Kind, waits
from lti_tool.ecvet.learners import Learner
from lti_tool.ecvet.record import Record, Statement, many, outside
from lti_tool.ecvet.terms import Module, Programme, Unit
from lti_tool.gradebook import store as gradebook
from lti_tool.gradebook.store import Delivery
from lti_tool.people import store as people
from xapi.vocabulary import VERBS

TROUBLE = ("waiting", "refused")


@dataclass(frozen=True, slots=True)
class Cell:
    """A learner in a module: the state judged, the best score (None: none), and where the grade is on its way."""

    module: str
    state: str
    scaled: float | None
    grade: str


@dataclass(frozen=True, slots=True)
class Line:
    """A learner's row: a cell for each module, and the states of units ("" where the learner is in no programme)."""

    learner: Learner
    records: tuple[Record, ...]
    cells: tuple[Cell, ...]
    units: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Learners by modules. `refused`: grades that failed and did not arrive yet, with whose they are."""

    modules: tuple[Module, ...]
    units: tuple[Unit, ...]
    lines: tuple[Line, ...]
    refused: tuple[tuple[Delivery, Learner], ...]

    @property
    def decisions(self) -> dict[Kind, list[tuple[Record, str]]]:
        """By act: the units (their ids, with whose they are) that wait for it."""
        found: dict[Kind, list[tuple[Record, str]]] = {}
        for record in self._records:
            for one in record.units:
                if kind := waits(one.judged.state):
                    found.setdefault(kind, []).append((record, one.unit.id))
        return found

    @property
    def hours(self) -> float:
        """How many hours wait for somebody who confirms them."""
        return sum(line.waiting for record in self._records for line in record.judgement.hours.values())

    @property
    def _records(self) -> Iterable[Record]:
        return (record for line in self.lines for record in line.records)


def learners_of(conn: Connection, course: int) -> dict[str, Learner]:
    """Who learns in the course now, by the platform's user id, by name."""
    members = [one for one in people.members_of(conn, course, "learner") if one.left_at is None]
    found = people_who_learn.by_key(conn, [one.account.key for one in members])
    pairs = [(one.user_id, found[one.account.key]) for one in members if one.account.key in found]
    return dict(sorted(pairs, key=lambda pair: pair[1].order))


def table(conn: Connection, course: int, learners: Sequence[Learner], now: datetime, base_url: str) -> Table:
    """The course with these learners: modules that are activities of it, and those that one of them has begun."""
    offered = ecvet.current(conn)
    placed = set(
        conn.scalars(sa.select(gradebook.line_items.c.activity).where(gradebook.line_items.c.course_id == course))
    )
    records = _records(conn, learners, placed, offered, now, base_url)
    modules = _columns(records.values(), placed, offered)
    units = _units(records.values(), {one.id for one in modules})
    deliveries = gradebook.of_course(conn, course)
    owner = {key: one for one in learners for key in one.keys}
    grades = {
        (owner[one.actor_key].person, one.item.activity): one.state for one in deliveries if one.actor_key in owner
    }
    return Table(
        modules,
        units,
        tuple(_line(one, records[one.person], modules, units, grades) for one in learners),
        tuple(
            (one, owner[one.actor_key])
            for one in deliveries
            if one.actor_key in owner and (one.state == "refused" or (one.problem and one.state == "waiting"))
        ),
    )


def _records(
    conn: Connection,
    learners: Sequence[Learner],
    placed: Collection[str],
    offered: Sequence[Programme],
    now: datetime,
    base_url: str,
) -> dict[str, tuple[Record, ...]]:
    """The records by person; of who is in no programme, what was shown of the programme that the course belongs to."""
    records = many(conn, learners, now, base_url)
    without = [one for one in learners if not records[one.person]]
    likely = max(offered, key=lambda one: sum(module.iri in placed for module in one.modules), default=None)
    if without and likely:
        found = outside(conn, without, likely, now, base_url)
        records |= {person: (record,) for person, record in found.items()}
    return records


def _columns(
    records: Iterable[tuple[Record, ...]], placed: Collection[str], offered: Sequence[Programme]
) -> tuple[Module, ...]:
    known = {module.id: module for programme in reversed(offered) for module in programme.modules}
    wanted = {id for id, module in known.items() if module.iri in placed}
    for some in records:
        for record in some:
            known |= {module.id: module for module in record.programme.modules if module.id not in known}
            wanted |= {one.id for one in record.judgement.modules if one.state != "not_started"}
    return tuple(known[id] for id in sorted(wanted))


def _units(records: Iterable[tuple[Record, ...]], modules: Collection[str]) -> tuple[Unit, ...]:
    found: dict[str, Unit] = {}
    for some in records:
        for record in some:
            if record.enrolment:
                found |= {one.id: one for one in record.programme.units if set(one.modules) & set(modules)}
    return tuple(sorted(found.values(), key=lambda one: (one.position, one.id)))


def _line(
    learner: Learner,
    records: tuple[Record, ...],
    modules: Sequence[Module],
    units: Sequence[Unit],
    grades: Mapping[tuple[str, str], str],
) -> Line:
    def cell(module: Module) -> Cell:
        judged = next((found for record in records if (found := record.judgement.module(module.id))), None)
        grade = grades.get((learner.person, module.iri), "")
        return Cell(
            module.id,
            judged.state if judged else "not_started",
            judged.scaled if judged else None,
            grade if grade in TROUBLE else "",
        )

    def unit(wanted: Unit) -> str:
        states = (one.judged.state for record in records if record.enrolment and (one := record.unit(wanted.id)))
        return next(states, "")

    return Line(learner, records, tuple(cell(one) for one in modules), tuple(unit(one) for one in units))


def on_module(record: Record, module: Module) -> list[Statement]:
    """Every statement of the learner on a module or a part of it."""
    found = []
    for one in record.statements:
        id = str(one["object"].get("id", ""))
        if id == module.iri or id.startswith((f"{module.iri}/", f"{module.iri}#", f"{module.iri}?")):
            found.append(one)
    return found


TRACES = frozenset(VERBS[name] for name in ("experienced", "initialized", "interacted", "progressed", "terminated"))
"""Verbs of going through a module: they tell where somebody was, not what somebody can do."""


def apart(statements: Iterable[Statement]) -> tuple[list[Statement], list[Statement]]:
    """Results and traces, each in the order they came in."""
    results: list[Statement] = []
    traces: list[Statement] = []
    for one in statements:
        (traces if one["verb"]["id"] in TRACES else results).append(one)
    return results, traces


def on_unit(record: Record, unit: Unit) -> list[Statement]:
    """Every statement of the learner on the unit itself, its modules and parts of them."""
    roots = [unit.iri, *(module.iri for code in unit.modules if (module := record.programme.module(code)))]
    found = []
    for one in record.statements:
        id = str(one["object"].get("id", ""))
        if id in roots or id.startswith(tuple(f"{root}{sign}" for root in roots for sign in "/#?")):
            found.append(one)
    return found
