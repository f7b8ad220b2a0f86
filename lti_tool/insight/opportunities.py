"""What is open to a learner: units with outcomes still missing, the nearest first, and where their modules stand."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy import Connection

from lti_tool.ecvet.entries import LEARNERS_OWN
from lti_tool.ecvet.judge import OutcomeJudgement
from lti_tool.ecvet.reasons import Reason
from lti_tool.ecvet.record import Record, UnitRecord
from lti_tool.ecvet.terms import Module, Outcome
from lti_tool.evidence.seminars import Seminar, upcoming
from lti_tool.gradebook.rows import line_items
from lti_tool.launch import platforms
from lti_tool.people.courses import courses, links, members

MISSING: Final = ("not_started", "in_progress", "assessed_not_yet")
"""States of an outcome that is not shown."""
_OF_UNIT: Final = ("hours_left", "hours_wait")
"""Reasons that are the unit's own and no outcome's."""
MOST_PLACES: Final = 200
"""Activities that are looked up for one learner: several times the modules of a programme."""
AHEAD: Final = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Place:
    """A course of the learner in which a module is an activity. `title` "": the LMS tells none."""

    course: int
    title: str
    lms: str


@dataclass(frozen=True, slots=True)
class OpenModule:
    """A module that is not finished, and the courses of the learner in which it stands."""

    module: Module
    state: str
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class OpenOutcome:
    """An outcome that is not shown, and the modules that are left of those that cover it."""

    outcome: Outcome
    judged: OutcomeJudgement
    modules: tuple[OpenModule, ...]


@dataclass(frozen=True, slots=True)
class OpenUnit:
    """A unit in which something is left to show. `left`: what is left of its hours. `seminars`: those to come, the next
    one first. `log`: the learner has hours of work or of a project to enter."""

    unit: UnitRecord
    outcomes: tuple[OpenOutcome, ...]
    left: tuple[Reason, ...]
    seminars: tuple[Seminar, ...]
    log: bool

    @property
    def shown(self) -> int:
        return len(self.unit.outcomes) - len(self.outcomes)


def opportunities(conn: Connection, record: Record) -> tuple[OpenUnit, ...]:
    """The units in which something is left for the learner to show, the nearest first."""
    places = _places(conn, record)
    today = record.at.date()
    seminars = upcoming(conn, record.programme.id, record.institution, today, today + AHEAD)
    found = [_open(record, one, places, seminars) for one in record.units]
    return tuple(sorted((one for one in found if one.outcomes or one.left), key=_far))


def _open(record: Record, one: UnitRecord, places: dict[str, tuple[Place, ...]], seminars: list[Seminar]) -> OpenUnit:
    settled = one.awarded or one.judged.state == "assessed_achieved"
    outcomes = tuple(
        OpenOutcome(outcome, judged, _modules(record, outcome.modules, places))
        for outcome, judged in one.outcomes
        if judged.state in MISSING and not settled
    )
    left = () if settled else tuple(reason for reason in one.judged.why if reason.code in _OF_UNIT)
    log = any(one.unit.hours[mode] > one.judged.hours[mode].recorded for mode in LEARNERS_OWN)
    return OpenUnit(one, outcomes, left, tuple(each for each in seminars if each.unit == one.unit.id), log)


def _far(one: OpenUnit) -> tuple[float, bool, int, int]:
    """How far a unit is: by the share of outcomes that are missing, then by whether it is begun, then by how much is
    left in it, then by its place in the programme."""
    total = len(one.unit.outcomes) or 1
    begun = one.unit.judged.state != "not_started"
    return (len(one.outcomes) / total, not begun, len(one.unit.judged.why), one.unit.unit.position)


def _modules(record: Record, ids: Collection[str], places: dict[str, tuple[Place, ...]]) -> tuple[OpenModule, ...]:
    found = []
    for module in record.programme.modules:
        judged = record.judgement.module(module.id)
        if module.id in ids and judged is not None and judged.state != "demonstrated":
            found.append(OpenModule(module, judged.state, places.get(module.iri, ())))
    return tuple(sorted(found, key=lambda one: one.state == "not_started"))  # what is begun comes first


def _places(conn: Connection, record: Record) -> dict[str, tuple[Place, ...]]:
    """The courses that the learner is in now and that have a module as an activity, by the module's IRI: by a column of
    grades, or as a teacher chose it for an activity without content. (An activity that is neither is not known here
    before somebody opens it.)"""
    iris = {f"module/{one.id}": one.iri for one in record.programme.modules}
    mine = sa.and_(
        members.c.actor_key.in_(sorted(record.learner.keys)), members.c.role == "learner", members.c.left_at.is_(None)
    )
    columns = (courses.c.id, courses.c.platform_id, courses.c.title, courses.c.label)
    graded = (
        sa.select(*columns, line_items.c.activity.label("what"))
        .join_from(courses, members, members.c.course_id == courses.c.id)
        .join(line_items, line_items.c.course_id == courses.c.id)
        .where(mine, line_items.c.activity.in_(sorted(iris.values())))
    )
    chosen = (
        sa.select(*columns, links.c.content.label("what"))
        .join_from(courses, members, members.c.course_id == courses.c.id)
        .join(links, links.c.course_id == courses.c.id)
        .where(mine, links.c.content.in_(sorted(iris)))
    )
    rows = conn.execute(sa.union(graded, chosen).order_by("title", "id").limit(MOST_PLACES)).all()
    names = {one.id: one.name for one in platforms.get_all(conn, {row.platform_id for row in rows})} if rows else {}
    found: dict[str, dict[int, Place]] = {}
    for row in rows:
        place = Place(row.id, row.title or row.label, names.get(row.platform_id, ""))
        found.setdefault(iris.get(row.what, row.what), {})[row.id] = place
    return {iri: tuple(some.values()) for iri, some in found.items()}
