"""Self-study: hours that a learner declares for a module, and that nobody confirms.

They are shown apart from the time that was measured, and marked as declared wherever hours are told. A declaration is a
statement of the learner's own word (`performed-offline` on `{module}/self_study`); the judge counts it up to the
hours that are planned for the module, and no rule rests on it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Connection

from lti_tool.ecvet.entries import MOST_HOURS, PERFORMED, Spent, day_of, of_work, on_day, told, voiding, write
from lti_tool.ecvet.hours import about_module, in_hours, module_of
from lti_tool.ecvet.judge import time_online
from lti_tool.ecvet.live import Heard, Live, listen
from lti_tool.ecvet.offline import trusted
from lti_tool.ecvet.record import Record, Statement, authority
from lti_tool.ecvet.rules import PAGE
from lti_tool.ecvet.terms import Mode, Module
from lti_tool.errors import N_, BadInput, NotFound
from xapi.scalars import read_time
from xapi.store import Added
from xapi.vocabulary import ACTIVITY_TYPES

PART: Final = "self_study"
"""The part of a module that declared hours are about."""


@dataclass(frozen=True, slots=True)
class Declared:
    """Hours of one day that the learner has declared for a module."""

    id: str
    module: str
    hours: float
    at: datetime
    what: str


@dataclass(frozen=True, slots=True)
class Room:
    """How much of the hours planned for a module is left to declare."""

    module: Module
    hours: float


def declared(record: Record, base_url: str, modules: Collection[str]) -> tuple[Declared, ...]:
    """What the learner has declared for these modules and not taken back, newest first."""
    live = _live(record, base_url)
    by_id = {one["id"].lower(): one for one in record.statements}
    found = [
        Declared(by_id[one.id]["id"], id, in_hours(one.seconds), one.at, _response(by_id[one.id]))
        for id in modules
        for one in _of_module(record, id, live)
    ]
    found.sort(key=lambda one: (one.module, one.what, one.id))  # all of a day are of one moment
    return tuple(sorted(found, key=lambda one: one.at, reverse=True))


def rooms(record: Record, base_url: str, modules: Collection[str]) -> tuple[Room, ...]:
    """The modules among these that have hours, each with what is left to declare: what is planned, less the time that
    was measured there, was accepted as learnt before, or is declared already."""
    if _mode(record) is None:
        return ()
    live = _live(record, base_url)
    found = (record.programme.module(id) for id in modules)
    return tuple(Room(one, _left(record, one, live)) for one in found if one and one.hours)


def declare(conn: Connection, record: Record, module: str, spent: Spent, now: datetime, base_url: str) -> Added:
    """The learner declares hours of self-study for a module of the programme.

    Raises NotFound (ECVET-MODULE), BadInput where the hours would exceed what is planned (ECVET-PLANNED), or the day
    would have more than 24 (ECVET-DAY-FULL).
    """
    found, account = record.programme.module(module), record.learner.account
    if found is None or account is None or _mode(record) is None:
        raise NotFound("ECVET-MODULE", N_("There is no such module in your programme."), N_("Choose it from the list."))
    left = _left(record, found, _live(record, base_url))
    if spent.hours > left:
        raise BadInput(
            "ECVET-PLANNED",
            N_("Of the hours planned for module %(module)s, %(hours)s h are left to declare."),
            N_("Declare no more than these."),
            params={"module": found.id, "hours": f"{left:g}"},
        )
    if spent.hours + _entered(record, spent.day, base_url) > MOST_HOURS:
        raise BadInput(
            "ECVET-DAY-FULL",
            N_("With what you entered before, this day would have more than 24 hours."),
            N_("Correct the day or the hours, or take an entry of that day back."),
        )
    return write(conn, _statement(record, found, account.actor, spent, now), authority(base_url, PAGE), now)


def take_back(conn: Connection, record: Record, entry: str, now: datetime, base_url: str) -> Added:
    """What the learner declared is void. Raises NotFound (ECVET-ENTRY)."""
    every = [module.id for module in record.programme.modules]
    found = next((one for one in declared(record, base_url, every) if one.id == entry), None)
    statement, account = record.statement(entry), record.learner.account
    own = authority(base_url, PAGE)
    if found is None or account is None or statement is None or _account(statement) != own["account"]:
        raise NotFound("ECVET-ENTRY", N_("There is no such entry."), N_("It may have been taken back already."))
    return write(conn, voiding(account.actor, entry, now), own, now)


def _statement(record: Record, module: Module, actor: Any, spent: Spent, now: datetime) -> dict[str, Any]:
    definition = {"type": ACTIVITY_TYPES["performance"], "name": dict(module.title)}
    return {
        "actor": actor,
        "verb": {"id": PERFORMED},
        "object": {"objectType": "Activity", "id": f"{module.iri}/{PART}", "definition": definition},
        "result": told(spent),
        "context": {
            "contextActivities": {"parent": [{"id": module.iri}], "grouping": [{"id": record.programme.activity}]}
        },
        "timestamp": on_day(spent.day, now).isoformat(),
    }


def _mode(record: Record) -> Mode | None:
    """The mode whose hours are measured in modules, where it takes declarations too."""
    return next((mode for mode in record.programme.modes if mode.sessions and mode.declared), None)


def _live(record: Record, base_url: str) -> Live:
    return listen(record.statements, trusted(record.programme, base_url), record.at)


def _of_module(record: Record, id: str, live: Live) -> frozenset[Heard]:
    mode, module = _mode(record), record.programme.module(id)
    return about_module(mode, module, live) if mode and module else frozenset()


def _left(record: Record, module: Module, live: Live) -> float:
    events = [one for one in live.heard if module_of(record.programme, one.activity) == module.id]
    spent = time_online(record.programme, module, live, events)
    said = sum(one.seconds for one in _of_module(record, module.id, live))
    return max(0.0, round(module.hours - in_hours(spent.sessions + spent.excused + said), 2))


def _entered(record: Record, day: date, base_url: str) -> float:
    """Hours that the learner has entered for this day already, of every kind and in every programme."""
    own, total = authority(base_url, PAGE)["account"], 0.0
    live = {one.id: one for one in _live(record, base_url).heard}
    for statement in record.statements:
        one, moment = live.get(statement["id"].lower()), read_time(str(statement["timestamp"]))
        if not one or not moment or one.verb != PERFORMED or of_work(one.activity):
            continue  # what was spent on project work was spent on many days
        if _account(statement) == own and day_of(moment) == day:
            total += one.seconds
    return in_hours(total)


def _account(statement: Statement) -> object:
    return statement.get("authority", {}).get("account")


def _response(statement: Statement) -> str:
    return str(statement.get("result", {}).get("response", ""))
